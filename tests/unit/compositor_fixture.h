/*
 * The compositor's renderer on a device in this very process, through the same
 * door as the compositor's, and wlroots' pixman renderer beside it.
 */
#ifndef COMPOSITOR_FIXTURE_H
#define COMPOSITOR_FIXTURE_H

#include <wlr/render/allocator.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/render/wlr_texture.h>
#include <wlr/types/wlr_buffer.h>

#include "compositor_render.h"
#include "compositor_renderer.h"
#include "platform.h"

struct compositor_bench {
	struct platform *platform;
	int fd;
	struct compositor_render gpu, pixman;
};

/* memory NULL = defaults. Exits with a message when something is missing. */
void compositor_bench_init(struct compositor_bench *bench, const struct gem_memory_options *memory);
void compositor_bench_finish(struct compositor_bench *bench);
/* A linear buffer that both renderers can bind. */
struct wlr_buffer *compositor_bench_buffer(struct compositor_bench *bench, uint32_t fourcc,
	int width, int height);

#endif
