#include <errno.h>
#include <stdlib.h>

#include "gem_context.h"
#include "gpu_private.h"
#include "gpu_space.h"

enum { FEW_RANGES = 16 };
_Static_assert(_Alignof(struct gpu_request) >= _Alignof(struct gpu_range), "ranges lie behind");

int gpu_request_create(struct gpu_device *gpu, struct gem_context *context, enum gpu_class class,
	unsigned range_count, struct gpu_request **out)
{
	/* A fence can stay long after its request: no long lists with it. */
	bool apart = range_count > FEW_RANGES;
	struct gpu_request *request = calloc(1, sizeof(*request) +
		(apart ? 0 : range_count * sizeof(*request->ranges)));

	if (!request)
		return -ENOMEM;
	request->ranges_apart = apart;
	request->ranges = apart ? calloc(range_count, sizeof(*request->ranges)) :
		(struct gpu_range *)(request + 1);
	if (!request->ranges) {
		free(request);
		return -ENOMEM;
	}
	request->gpu = gpu;
	request->context = gem_context_get(context);
	request->class = class;
	request->priority = context->priority;
	request->range_count = range_count;
	gem_list_init(&request->link);
	gpu_space_init(request);
	*out = request;
	return 0;
}

void gpu_request_retire(struct gpu_request *request)
{
	for (unsigned i = 0; i < request->range_count; i++) {
		struct gpu_range *range = &request->ranges[i];

		if (range->pages)
			gem_object_unpin_pages(range->obj);
		if (range->obj)
			gem_object_put(range->obj);
	}
	if (request->ranges_apart)
		free(request->ranges);
	request->ranges = NULL;
	request->range_count = 0;
	gem_fence_set_finish(&request->waits);
	gem_context_put(request->context);
	request->context = NULL;
}

void gpu_request_destroy(struct gpu_request *request)
{
	gpu_request_retire(request);
	free(request);
}

static void release(struct gem_fence *fence)
{
	free(gem_container_of(fence, struct gpu_request, fence));
}

void gpu_request_init_fence(struct gpu_request *request, uint64_t timeline, uint64_t seqno)
{
	gem_fence_init(&request->fence, timeline, seqno, request->class, release);
}

int gpu_request_prepare(struct gpu_request *request)
{
	return gpu_space_sort(request);
}
