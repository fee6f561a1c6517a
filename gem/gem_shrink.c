/* Who has to go when there is no room: purgeable objects, then the least recently used. */
#include <errno.h>
#include <sched.h>

#include "gem_private.h"
#include "gem_resv.h"
#include "gem_vma.h"

enum { PATIENCE = 50 };

static struct gem_object *first_of(struct gem_list *list)
{
	return gem_list_entry(list->next, struct gem_object, mm.link);
}

static void to_tail(struct gem_list *list, struct gem_object *obj)
{
	gem_list_del(&obj->mm.link);
	gem_list_add_tail(list, &obj->mm.link);
}

/* Used since it was put at its place in the list: then that is the wrong one. */
static bool used_since(struct gem_object *obj)
{
	uint64_t last_use = atomic_load_explicit(&obj->mm.last_use, memory_order_relaxed);
	bool used = obj->mm.lru_stamp != last_use;

	obj->mm.lru_stamp = last_use;
	return used;
}

static bool can_leave(struct gem_object *obj)
{
	return obj->mm.pages_pin_count == 0 && !obj->mm.shared && !gem_object_busy(obj, NULL, NULL);
}

/*
 * Bytes that went. patient: others may have the object for a moment, no reason
 * to say that there is no memory. It may also be the caller's own, so there is
 * an end to it.
 */
static uint64_t try_object(struct gem_object *obj, bool patient)
{
	for (int tries = 0; pthread_mutex_trylock(&obj->mm.lock) != 0; tries++) {
		if (!patient || tries == PATIENCE)
			return 0;
		sched_yield();
	}
	int ret = can_leave(obj) ? obj->ops->shrink(obj) : -EBUSY;
	if (ret == 0)
		gem_object_unbind_all(obj); /* idle, and pins of a binding pin the pages */
	pthread_mutex_unlock(&obj->mm.lock);
	return ret == 0 ? obj->size : 0;
}

/*
 * Up to twice around the list: the first time spares what was used since, the
 * second does not.
 */
static uint64_t evict_from(struct gem_list *list)
{
	struct gem_list *last = list->prev;

	for (int round = 0; round < 2; round++) {
		bool end = gem_list_empty(list);
		while (!end) {
			struct gem_object *obj = first_of(list);
			end = &obj->mm.link == last;
			to_tail(list, obj);
			if (used_since(obj) && round == 0)
				continue;
			uint64_t bytes = try_object(obj, round > 0);
			if (bytes)
				return bytes;
		}
	}
	return 0;
}

uint64_t gem_region_evict_one(struct gem_region *region)
{
	uint64_t bytes = evict_from(&region->purgeable);

	return bytes ? bytes : evict_from(&region->lru);
}

/* ---- system memory ---- */

static uint64_t shrink_locked(struct gem_memory *memory, uint64_t target)
{
	uint64_t done = 0, bytes = 1;

	while (done < target && bytes) {
		bytes = gem_region_evict_one(&memory->regions[GEM_REGION_SYSTEM]);
		done += bytes;
	}
	return done;
}

int gem_memory_make_room(struct gem_memory *memory, uint64_t bytes)
{
	if (bytes > memory->budget)
		return -ENOMEM;
	uint64_t most = memory->budget - bytes;
	if (memory->resident > most)
		shrink_locked(memory, memory->resident - most);
	return memory->resident > most ? -ENOMEM : 0;
}

unsigned gem_memory_shrink_objects(struct gem_memory *memory, unsigned count)
{
	unsigned done = 0;

	while (done < count && gem_region_evict_one(&memory->regions[GEM_REGION_SYSTEM]))
		done++;
	return done;
}

uint64_t gem_memory_shrink(struct gem_device *dev, uint64_t target)
{
	struct gem_memory *memory = &dev->memory;

	pthread_mutex_lock(&memory->lock);
	uint64_t done = shrink_locked(memory, target);
	pthread_mutex_unlock(&memory->lock);
	return done;
}

/* ---- mappings of the server ---- */

static bool unmap_idle_of(struct gem_list *list)
{
	struct gem_object *obj;
	bool any = false;

	gem_list_for_each(obj, list, mm.link) {
		if (pthread_mutex_trylock(&obj->mm.lock) != 0)
			continue;
		if (obj->mm.pages && obj->mm.pages_pin_count == 0) {
			gem_storage_drop_pages(obj);
			any = true;
		}
		pthread_mutex_unlock(&obj->mm.lock);
	}
	return any;
}

bool gem_memory_unmap_idle(struct gem_memory *memory)
{
	bool any = false;

	for (int i = 0; i < GEM_REGION_COUNT; i++) {
		any |= unmap_idle_of(&memory->regions[i].purgeable);
		any |= unmap_idle_of(&memory->regions[i].lru);
	}
	return any;
}
