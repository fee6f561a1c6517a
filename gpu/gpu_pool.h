/* The engines' names of gem_pool.h. */
#ifndef GPU_POOL_H
#define GPU_POOL_H

#include "gem_pool.h"

#define gpu_pool gem_pool
#define GPU_POOL_MAX GEM_POOL_MAX
#define gpu_pool_create(threads, out) gem_pool_create(threads, "gpu-tiles", out)
#define gpu_pool_destroy gem_pool_destroy
#define gpu_pool_run gem_pool_run

#endif
