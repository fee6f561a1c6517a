#include "gem_fence_relay.h"

static _Thread_local struct gem_list *queue; /* NULL: this thread is in no relay */

static void run(struct gem_fence *fence, int error)
{
	gem_fence_signal(fence, error);
	gem_fence_put(fence);
}

void gem_fence_relay(struct gem_fence_relay *relay, struct gem_fence *fence, int error)
{
	struct gem_list own;

	if (queue) {
		relay->fence = fence;
		relay->error = error;
		gem_list_add_tail(queue, &relay->link);
		return;
	}
	gem_list_init(&own);
	queue = &own;
	run(fence, error);
	while (!gem_list_empty(&own)) {
		relay = gem_list_entry(own.next, struct gem_fence_relay, link);
		gem_list_del(&relay->link);
		run(relay->fence, relay->error); /* may free relay */
	}
	queue = NULL;
}
