/* Per file: object -> how many handles, and which one its dma-buf has. */
#include <errno.h>
#include <stdlib.h>

#include "gem_private.h"

enum { FIRST_CAPACITY = 16 };

/* Where obj's probe sequence starts. */
static uint32_t home(const struct gem_file_objects *objects, const struct gem_object *obj)
{
	uint64_t hash = (uintptr_t)obj * 0x9e3779b97f4a7c15ull;

	return (hash >> 32) & (objects->capacity - 1);
}

static struct gem_file_object *probe(const struct gem_file_objects *objects,
	const struct gem_object *obj)
{
	uint32_t at = home(objects, obj);

	while (objects->slots[at].obj && objects->slots[at].obj != obj)
		at = (at + 1) & (objects->capacity - 1);
	return &objects->slots[at];
}

struct gem_file_object *gem_file_objects_find(struct gem_file_objects *objects,
	const struct gem_object *obj)
{
	if (objects->count == 0)
		return NULL;
	struct gem_file_object *entry = probe(objects, obj);
	return entry->obj ? entry : NULL;
}

int gem_file_objects_reserve(struct gem_file_objects *objects)
{
	struct gem_file_objects grown = {.count = objects->count};

	if (objects->count + 1 <= objects->capacity / 4 * 3)
		return 0;
	grown.capacity = objects->capacity ? objects->capacity * 2 : FIRST_CAPACITY;
	grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < objects->capacity; i++) {
		if (objects->slots[i].obj)
			*probe(&grown, objects->slots[i].obj) = objects->slots[i];
	}
	free(objects->slots);
	*objects = grown;
	return 0;
}

struct gem_file_object *gem_file_objects_add(struct gem_file_objects *objects,
	struct gem_object *obj)
{
	struct gem_file_object *entry = probe(objects, obj);

	*entry = (struct gem_file_object){.obj = obj};
	objects->count++;
	return entry;
}

/* Closes the hole by moving back entries that probed across it. */
void gem_file_objects_remove(struct gem_file_objects *objects, struct gem_file_object *entry)
{
	uint32_t mask = objects->capacity - 1;
	uint32_t hole = entry - objects->slots;

	for (uint32_t at = (hole + 1) & mask; objects->slots[at].obj; at = (at + 1) & mask) {
		uint32_t from = home(objects, objects->slots[at].obj);
		if (((at - from) & mask) < ((at - hole) & mask))
			continue; /* its probe starts after the hole */
		objects->slots[hole] = objects->slots[at];
		hole = at;
	}
	objects->slots[hole] = (struct gem_file_object){0};
	objects->count--;
}
