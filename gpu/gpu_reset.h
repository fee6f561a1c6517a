/* What becomes of a request that did not end by itself, and of its engine. */
#ifndef GPU_RESET_H
#define GPU_RESET_H

#include "gpu_private.h"

enum gpu_verdict {
	GPU_DONE,
	GPU_FAULTED,     /* the engine stopped, or came to its end without the breadcrumb */
	GPU_HUNG,        /* ran for too long */
	GPU_CANCELLED,
	GPU_INTERRUPTED, /* by a reset of the device: to be run anew */
};

/*
 * FAULTED, HUNG, CANCELLED: keeps the error state, blames the context, resets
 * the engine. What the request's fence is to be signalled with. worker's thread.
 */
int gpu_reset_after(struct gpu_worker *worker, struct gpu_request *request,
	enum gpu_verdict verdict);

#endif
