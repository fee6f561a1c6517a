/* The memfd that has an object's bytes: made late, taken away, and kept apart from clients. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gem_guard.h"
#include "gem_private.h"
#include "gem_view.h"

enum { SHARED_SEALS = F_SEAL_SHRINK | F_SEAL_GROW, NAME_SIZE = 64, DESCRIPTORS_AT_ONCE = 64 };

static void own_name(const struct gem_device *dev, char *name)
{
	snprintf(name, NAME_SIZE, "testcard-gem-%016" PRIx64, dev->instance);
}

/* A client that makes objects without end must not cost others their files. */
static bool descriptors_short(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		(rlim_t)fd + GEM_RESERVED_FDS >= limit.rlim_cur;
}

static int try_memfd(const struct gem_device *dev, uint64_t size)
{
	char name[NAME_SIZE];

	own_name(dev, name);
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -ENOMEM;
	/* 0600: who got it read-only cannot reopen it for writing as another user. */
	if (descriptors_short(fd) || fchmod(fd, 0600) < 0 || ftruncate(fd, size) < 0) {
		gem_debug("gem", "no memfd of %" PRIu64 " bytes (descriptor %d)", size, fd);
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

static int create_memfd(struct gem_device *dev, uint64_t size)
{
	int fd = try_memfd(dev, size);

	/* Descriptors are a resource that the shrinker wins back, too. */
	if (fd < 0 && gem_memory_shrink_objects(&dev->memory, DESCRIPTORS_AT_ONCE) > 0)
		fd = try_memfd(dev, size);
	return fd;
}

int gem_storage_make(struct gem_object *obj)
{
	struct gem_swap *swap = &obj->dev->memory.swap;

	if (obj->filp >= 0)
		return obj->mm.claimed ? gem_storage_replace(obj, NULL) : 0;
	int fd = create_memfd(obj->dev, obj->size);
	if (fd < 0)
		return fd;
	if (obj->mm.swap.placed) {
		int ret = gem_swap_read(swap, &obj->mm.swap, fd);
		if (ret) {
			close(fd);
			return ret;
		}
		gem_swap_release(swap, &obj->mm.swap);
		obj->dev->memory.stats.swapped_in++;
	}
	obj->filp = fd;
	return 0;
}

/* ---- the server's mapping ---- */

static void *map_whole(const struct gem_object *obj)
{
	return mmap(NULL, obj->size, PROT_READ | PROT_WRITE, MAP_SHARED, obj->filp, 0);
}

int gem_storage_map(struct gem_object *obj, void **ptr)
{
	void *pages = map_whole(obj);

	/* A process has a limited number of mappings; those of idle objects are kept too long. */
	if (pages == MAP_FAILED && errno == ENOMEM && gem_memory_unmap_idle(&obj->dev->memory))
		pages = map_whole(obj);
	if (pages == MAP_FAILED)
		return -ENOMEM;
	int ret = gem_guard_add(pages, obj->size, &obj->mm.faulted);
	if (ret) {
		munmap(pages, obj->size);
		return ret;
	}
	*ptr = pages;
	return 0;
}

void gem_storage_unmap(struct gem_object *obj, void *ptr)
{
	gem_guard_remove(ptr);
	munmap(ptr, obj->size);
}

void gem_storage_drop_pages(struct gem_object *obj)
{
	if (obj->mm.pages)
		obj->ops->put_pages(obj, obj->mm.pages);
	obj->mm.pages = NULL;
}

/* ---- moving ---- */

int gem_storage_claim(struct gem_object *obj)
{
	if (obj->mm.claimed)
		return 0;
	gem_storage_drop_pages(obj);
	/*
	 * The kernel refuses while anyone has it mapped shared and writable, and
	 * refuses such mappings from now on: whoever has a descriptor and is
	 * about to map it sees that, and asks again.
	 */
	if (fcntl(obj->filp, F_ADD_SEALS, F_SEAL_WRITE) < 0)
		return -EBUSY;
	obj->mm.claimed = true;
	obj->mapped_gtt = obj->mapped_memory = false;
	return 0;
}

/* Clients may still have descriptors of it: its memory goes in any case. */
static void close_memory(int filp)
{
	if (ftruncate(filp, 0) < 0)
		gem_debug("gem", "a memfd that went away could not be emptied");
	close(filp);
}

/* Maps both and copies. */
static int translate_memory(struct gem_object *obj, int to, gem_translate_fn *translate)
{
	int ret = -ENOMEM;
	uint8_t *from_map = mmap(NULL, obj->size, PROT_READ, MAP_SHARED, obj->filp, 0);
	uint8_t *to_map = mmap(NULL, obj->size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);

	/* A client that has the old descriptor can truncate it: zeros then. */
	if (from_map == MAP_FAILED || to_map == MAP_FAILED ||
	    gem_guard_add(from_map, obj->size, &obj->mm.faulted) < 0)
		goto unmap;
	if (translate)
		translate(obj, to_map, from_map);
	else
		memcpy(to_map, from_map, obj->size);
	gem_guard_remove(from_map);
	ret = 0;
unmap:
	if (from_map != MAP_FAILED)
		munmap(from_map, obj->size);
	if (to_map != MAP_FAILED)
		munmap(to_map, obj->size);
	return ret;
}

int gem_storage_replace(struct gem_object *obj, gem_translate_fn *translate)
{
	int fd = create_memfd(obj->dev, obj->size);

	if (fd < 0)
		return fd;
	int ret = translate_memory(obj, fd, translate);
	if (ret) {
		close(fd);
		return ret;
	}
	close_memory(obj->filp);
	obj->filp = fd;
	obj->mm.claimed = false;
	return 0;
}

int gem_storage_split(struct gem_object *obj, int *filp)
{
	if (obj->mm.pages_pin_count || obj->mm.shared || obj->mm.claimed || obj->filp < 0)
		return -EBUSY;
	int fd = create_memfd(obj->dev, obj->size);
	if (fd < 0)
		return fd;
	int ret = translate_memory(obj, fd, NULL);
	if (ret) {
		close(fd);
		return ret;
	}
	gem_storage_drop_pages(obj);
	*filp = obj->filp;
	obj->filp = fd;
	return 0;
}

int gem_storage_swap_out(struct gem_object *obj)
{
	struct gem_memory *memory = &obj->dev->memory;
	int ret = gem_swap_reserve(&memory->swap, &obj->mm.swap);

	if (ret)
		return ret;
	ret = gem_storage_claim(obj);
	/* A failed write leaves it claimed: the next need of pages copies it. */
	if (ret == 0)
		ret = gem_swap_write(&memory->swap, &obj->mm.swap, obj->filp);
	if (ret) {
		gem_swap_release(&memory->swap, &obj->mm.swap);
		return ret;
	}
	close_memory(obj->filp);
	obj->filp = -1;
	obj->mm.claimed = false;
	gem_region_leave(obj);
	memory->stats.swapped_out++;
	return 0;
}

int gem_storage_purge(struct gem_object *obj)
{
	if (obj->filp >= 0 && ftruncate(obj->filp, 0) < 0)
		return -EBUSY;
	gem_object_purge_views(obj);
	gem_storage_drop_pages(obj);
	if (obj->filp >= 0)
		close(obj->filp);
	obj->filp = -1;
	obj->mm.claimed = false;
	gem_swap_release(&obj->dev->memory.swap, &obj->mm.swap);
	gem_region_leave(obj);
	obj->mm.madv = GEM_MADV_PURGED;
	obj->dev->memory.stats.purged++;
	return 0;
}

void gem_storage_discard(struct gem_object *obj)
{
	gem_region_leave(obj);
	gem_swap_release(&obj->dev->memory.swap, &obj->mm.swap);
}

void gem_storage_free(struct gem_object *obj)
{
	gem_object_finish(obj);
	free(obj);
}

/* ---- sharing ---- */

static int share_locked(struct gem_object *obj)
{
	if (obj->mm.madv == GEM_MADV_PURGED)
		return -EFAULT;
	int ret = obj->ops->populate(obj);
	if (ret)
		return ret;
	/* Who sealed the seals before (a client) can have left it able to shrink. */
	if (fcntl(obj->filp, F_ADD_SEALS, SHARED_SEALS) < 0 &&
	    (fcntl(obj->filp, F_GET_SEALS) & SHARED_SEALS) != SHARED_SEALS)
		return -EINVAL;
	obj->mm.shared = true;
	gem_list_del(&obj->mm.link);
	return 0;
}

int gem_object_share(struct gem_object *obj)
{
	struct gem_memory *memory = &obj->dev->memory;

	pthread_mutex_lock(&memory->lock);
	pthread_mutex_lock(&obj->mm.lock);
	int ret = obj->mm.shared ? 0 : share_locked(obj);
	pthread_mutex_unlock(&obj->mm.lock);
	pthread_mutex_unlock(&memory->lock);
	return ret;
}

bool gem_storage_is_own(struct gem_device *dev, int fd)
{
	char name[NAME_SIZE], want[NAME_SIZE + 32], link[32], got[128];
	int seals = fcntl(fd, F_GET_SEALS);

	/*
	 * The name is no secret, so a client can make such a memfd. It gains
	 * nothing: ours is not trusted more than any other.
	 */
	if (seals < 0 || (seals & SHARED_SEALS) != SHARED_SEALS)
		return false;
	own_name(dev, name);
	snprintf(want, sizeof(want), "/memfd:%s (deleted)", name);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, got, sizeof(got));
	return len == (ssize_t)strlen(want) && memcmp(got, want, len) == 0;
}

/* ---- for clients ---- */

int gem_storage_open(struct gem_object *obj, bool gtt, int *fd)
{
	struct gem_memory *memory = &obj->dev->memory;
	int ret = 0;

	pthread_mutex_lock(&memory->lock);
	pthread_mutex_lock(&obj->mm.lock);
	if (obj->mm.madv == GEM_MADV_PURGED) {
		ret = *fd = try_memfd(obj->dev, 0);
	} else {
		gem_region_touch(obj);
		ret = obj->ops->populate(obj);
		if (ret == 0) {
			*fd = fcntl(obj->filp, F_DUPFD_CLOEXEC, 0);
			ret = *fd < 0 ? -errno : 0;
		}
	}
	if (ret >= 0) {
		obj->mapped_gtt |= gtt;
		obj->mapped_memory |= !gtt;
	}
	pthread_mutex_unlock(&obj->mm.lock);
	pthread_mutex_unlock(&memory->lock);
	return ret < 0 ? ret : 0;
}

int gem_object_open_memory(struct gem_object *obj, int *fd)
{
	return gem_storage_open(obj, false, fd);
}
