#include <errno.h>
#include <stdlib.h>

#include "gem_conduct.h"

int gem_conduct_create(struct gem_conduct **out)
{
	struct gem_conduct *conduct = calloc(1, sizeof(*conduct));

	if (!conduct)
		return -ENOMEM;
	atomic_init(&conduct->refcount, 1);
	*out = conduct;
	return 0;
}

struct gem_conduct *gem_conduct_get(struct gem_conduct *conduct)
{
	atomic_fetch_add_explicit(&conduct->refcount, 1, memory_order_relaxed);
	return conduct;
}

void gem_conduct_put(struct gem_conduct *conduct)
{
	if (conduct &&
	    atomic_fetch_sub_explicit(&conduct->refcount, 1, memory_order_acq_rel) == 1)
		free(conduct);
}

void gem_conduct_note_hang(struct gem_conduct *conduct, bool banned, int64_t now_ns)
{
	int64_t before = atomic_exchange(&conduct->hang_ns, now_ns);
	bool fast = before && now_ns - before < GEM_CONDUCT_FAST_HANG_NS;

	atomic_fetch_add(&conduct->score, (banned ? GEM_CONDUCT_BAN : 0) +
		(fast ? GEM_CONDUCT_FAST_HANG : 0));
}

bool gem_conduct_is_banned(const struct gem_conduct *conduct)
{
	return atomic_load(&conduct->score) >= GEM_CONDUCT_MAX;
}
