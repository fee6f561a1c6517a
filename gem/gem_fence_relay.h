/*
 * Signalling a fence from a callback of another one: fences made of fences
 * (arrays, points of timelines). A client can nest these as deep as it likes;
 * a relay never does: within a callback it is queued, and signalled by the same
 * thread once the callbacks are done.
 */
#ifndef GEM_FENCE_RELAY_H
#define GEM_FENCE_RELAY_H

#include "gem_fence.h"

struct gem_fence_relay {
	struct gem_list link;    /* of one thread */
	struct gem_fence *fence; /* reference */
	int error;
};

/*
 * relay: in memory that lives as long as fence. Signals fence with error, now or
 * soon, and puts the caller's reference to it.
 */
void gem_fence_relay(struct gem_fence_relay *relay, struct gem_fence *fence, int error);

#endif
