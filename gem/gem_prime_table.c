/*
 * Memory that is or was a dma-buf, by st_dev/st_ino: which object stands for
 * it on which device. Holds no references; objects leave it when they die.
 */
#include "gem_private.h"

/* For as many as descriptors can be had in one process; pages never used cost nothing. */
enum { BUCKETS = 1 << 16 };

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER; /* innermost */
static struct gem_object *buckets[BUCKETS];

static struct gem_object **bucket_of(uint64_t ino)
{
	return &buckets[ino % BUCKETS];
}

static bool same_memory(const struct gem_object *obj, const struct stat *st)
{
	return obj->identity.st_ino == st->st_ino && obj->identity.st_dev == st->st_dev;
}

/* dev NULL = of any. */
static struct gem_object *find_locked(struct gem_device *dev, const struct stat *st)
{
	for (struct gem_object *obj = *bucket_of(st->st_ino); obj; obj = obj->identity.next) {
		if ((!dev || obj->dev == dev) && same_memory(obj, st) && gem_object_try_get(obj))
			return obj;
	}
	return NULL;
}

struct gem_object *gem_prime_table_find(struct gem_device *dev, const struct stat *st)
{
	pthread_mutex_lock(&table_lock);
	struct gem_object *found = find_locked(dev, st);
	pthread_mutex_unlock(&table_lock);
	return found;
}

struct gem_object *gem_prime_table_find_exporter(const struct stat *st)
{
	struct gem_object *obj;

	pthread_mutex_lock(&table_lock);
	for (obj = *bucket_of(st->st_ino); obj; obj = obj->identity.next) {
		if (!obj->import_attach && same_memory(obj, st) && gem_object_try_get(obj))
			break;
	}
	pthread_mutex_unlock(&table_lock);
	return obj;
}

struct gem_object *gem_prime_table_add(struct gem_object *obj, const struct stat *st)
{
	pthread_mutex_lock(&table_lock);
	struct gem_object *other = find_locked(obj->dev, st);
	if (!other) {
		struct gem_object **bucket = bucket_of(st->st_ino);
		obj->identity.listed = true;
		obj->identity.st_dev = st->st_dev;
		obj->identity.st_ino = st->st_ino;
		obj->identity.next = *bucket;
		*bucket = obj;
	}
	pthread_mutex_unlock(&table_lock);
	return other;
}

void gem_prime_table_remove(struct gem_object *obj)
{
	pthread_mutex_lock(&table_lock);
	if (obj->identity.listed) {
		struct gem_object **at = bucket_of(obj->identity.st_ino);
		while (*at != obj)
			at = &(*at)->identity.next;
		*at = obj->identity.next;
		obj->identity.listed = false;
	}
	pthread_mutex_unlock(&table_lock);
}

bool gem_prime_table_identify(struct gem_object *obj, uint64_t *st_dev, uint64_t *st_ino,
	unsigned *others)
{
	*others = 0;
	pthread_mutex_lock(&table_lock);
	bool listed = obj->identity.listed;
	if (listed) {
		*st_dev = obj->identity.st_dev;
		*st_ino = obj->identity.st_ino;
		for (struct gem_object *at = *bucket_of(*st_ino); at; at = at->identity.next)
			*others += at != obj && at->identity.st_ino == *st_ino &&
				at->identity.st_dev == *st_dev;
	}
	pthread_mutex_unlock(&table_lock);
	return listed;
}
