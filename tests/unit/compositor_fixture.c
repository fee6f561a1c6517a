#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "compositor_door.h"
#include "compositor_fixture.h"
#include "compositor_log.h"

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

void compositor_bench_init(struct compositor_bench *bench, const struct gem_memory_options *memory)
{
	struct platform_options options = {0};

	if (memory)
		options.memory = *memory;
	compositor_log_init(GEM_LOG_WARN);
	require(platform_create(&options, &bench->platform) == 0, "platform_create");
	compositor_door_open(bench->platform);
	bench->fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	require(bench->fd >= 0, "open card0");
	require(compositor_render_init(&bench->gpu, bench->fd, COMPOSITOR_RENDER_GPU) == 0,
		"renderer gpu");
	require(compositor_render_init(&bench->pixman, bench->fd, COMPOSITOR_RENDER_PIXMAN) == 0,
		"renderer pixman");
}

void compositor_bench_finish(struct compositor_bench *bench)
{
	compositor_render_finish(&bench->gpu);
	compositor_render_finish(&bench->pixman);
	close(bench->fd);
	compositor_door_close();
	platform_destroy(bench->platform);
}

struct wlr_buffer *compositor_bench_buffer(struct compositor_bench *bench, uint32_t fourcc,
	int width, int height)
{
	struct {
		struct wlr_drm_format format;
		uint64_t modifier;
	} linear = {{.format = fourcc, .len = 1, .capacity = 1}, DRM_FORMAT_MOD_LINEAR};
	struct wlr_buffer *buffer =
		wlr_allocator_create_buffer(bench->gpu.allocator, width, height, &linear.format);

	require(buffer, "wlr_allocator_create_buffer");
	return buffer;
}
