/*
 * Finding room in a full address space. Bindings are taken out of the range
 * allocator one by one, least recently used first, until there is a hole that
 * is large enough. Then those that do not touch the hole go back, where they
 * were: only the others are evicted.
 */
#include <errno.h>

#include "gem_vm_private.h"

static uint64_t end_of(const struct gem_range_node *node)
{
	return node->start + node->size;
}

/* Was victim where vma is now? */
static bool in_place_of(const struct gem_vma *vma, const struct gem_vma *victim)
{
	return victim->victim_start < end_of(&vma->node) &&
		vma->node.start < victim->victim_start + victim->node.size;
}

static int insert(struct gem_vma *vma, const struct gem_placement *placement)
{
	struct gem_range *range = &vma->vm->range;

	if (placement->flags & GEM_PIN_FIXED)
		return gem_range_insert_at(range, &vma->node, placement->offset);
	/* What does not need the aperture leaves it to others. */
	if (vma->vm->global && !(placement->flags & GEM_PIN_MAPPABLE))
		return gem_range_insert_high(range, &vma->node, placement->align, placement->low,
			placement->high);
	return gem_range_insert(range, &vma->node, placement->align, placement->low,
		placement->high);
}

/* Does vma fit into the hole that victim's leaving has made? */
static bool insert_into_hole(struct gem_vma *vma, const struct gem_placement *placement,
	const struct gem_vma *victim)
{
	struct gem_range *range = &vma->vm->range;
	uint64_t from, to;

	gem_range_hole(range, victim->victim_start, &from, &to);
	from = from > placement->low ? from : placement->low;
	to = to < placement->high ? to : placement->high;
	return from < to &&
		gem_range_insert(range, &vma->node, placement->align, from, to) == 0;
}

/* Takes out victims until vma has a place. True: it has. */
static bool take_out(struct gem_vma *vma, const struct gem_placement *placement, bool busy_too,
	struct gem_vma **victims)
{
	struct gem_vma *victim;

	gem_list_for_each(victim, &vma->vm->bound, link) {
		if (victim->pin_count || !victim->node.placed)
			continue;
		if (end_of(&victim->node) <= placement->low ||
		    victim->node.start >= placement->high)
			continue;
		if (!busy_too && gem_object_busy(victim->obj, NULL, NULL))
			continue;
		victim->victim_start = victim->node.start;
		gem_range_remove(&vma->vm->range, &victim->node);
		victim->next_victim = *victims;
		*victims = victim;
		if (insert_into_hole(vma, placement, victim))
			return true;
	}
	return false;
}

static void put_back(struct gem_vma *victim)
{
	gem_range_insert_at(&victim->vm->range, &victim->node, victim->victim_start);
}

/* The pending work of the victims in vma's place; none is no error. */
static int pending_of(const struct gem_vma *vma, struct gem_vma *victims,
	struct gem_fence_set *waits)
{
	int ret = 0;

	for (struct gem_vma *victim = victims; victim && ret == 0; victim = victim->next_victim) {
		if (in_place_of(vma, victim))
			ret = gem_object_pending(victim->obj, true, waits);
	}
	return ret;
}

static void evict(struct gem_vma *victim)
{
	victim->vm->evictions++;
	gem_vma_unbind_locked(victim);
}

/* Room for vma anywhere in its range. */
static int evict_for_size(struct gem_vma *vma, const struct gem_placement *placement,
	struct gem_fence_set *waits)
{
	struct gem_vma *victims = NULL, *next;
	int ret = 0;

	bool found = take_out(vma, placement, false, &victims);
	if (!found && !(placement->flags & GEM_PIN_NONBLOCK))
		found = take_out(vma, placement, true, &victims);
	if (!found)
		ret = -ENOSPC;
	else
		ret = pending_of(vma, victims, waits);
	if (ret == 0 && waits->count)
		ret = placement->flags & GEM_PIN_NONBLOCK ? -ENOSPC : -EAGAIN;
	if (ret)
		gem_range_remove(&vma->vm->range, &vma->node);
	for (struct gem_vma *victim = victims; victim; victim = next) {
		next = victim->next_victim;
		if (ret == 0 && in_place_of(vma, victim))
			evict(victim);
		else
			put_back(victim);
	}
	return ret;
}

/* May all that is at vma's fixed place leave? */
static int check_place(const struct gem_vma *vma, const struct gem_placement *placement,
	struct gem_fence_set *waits)
{
	uint64_t address = placement->offset, end = placement->offset + placement->size;
	struct gem_range_node *node;

	while ((node = gem_range_next(&vma->vm->range, address)) && node->start < end) {
		struct gem_vma *victim = gem_container_of(node, struct gem_vma, node);

		if (victim->pin_count)
			return -ENOSPC;
		int ret = gem_object_pending(victim->obj, true, waits);
		if (ret)
			return ret;
		address = end_of(node);
	}
	if (waits->count)
		return placement->flags & GEM_PIN_NONBLOCK ? -ENOSPC : -EAGAIN;
	return 0;
}

static int evict_for_place(struct gem_vma *vma, const struct gem_placement *placement,
	struct gem_fence_set *waits)
{
	uint64_t end = placement->offset + placement->size;
	struct gem_range_node *node;

	int ret = check_place(vma, placement, waits);
	if (ret)
		return ret;
	while ((node = gem_range_next(&vma->vm->range, placement->offset)) && node->start < end)
		evict(gem_container_of(node, struct gem_vma, node));
	return insert(vma, placement);
}

int gem_vma_place_locked(struct gem_vma *vma, const struct gem_placement *placement,
	struct gem_fence_set *waits)
{
	int ret = insert(vma, placement);

	if (ret != -ENOSPC || placement->flags & GEM_PIN_NOEVICT)
		return ret;
	return placement->flags & GEM_PIN_FIXED ? evict_for_place(vma, placement, waits) :
		evict_for_size(vma, placement, waits);
}
