/* What the first hang left behind: text, made at the time of the hang. */
#ifndef GPU_ERROR_H
#define GPU_ERROR_H

#include "gpu_private.h"

/*
 * Before the engine is reset; worker's thread. Nothing when there is a text
 * already, the context has asked for none, or memory is short.
 */
void gpu_error_capture(struct gpu_worker *worker, struct gpu_request *request, bool hung);

#endif
