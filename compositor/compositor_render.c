#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <wlr/render/allocator.h>
#include <wlr/render/pixman.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_linux_dmabuf_v1.h>

#include "compositor_allocator.h"
#include "compositor_log.h"
#include "compositor_render.h"
#include "compositor_renderer.h"

static const char *const names[] = {
	[COMPOSITOR_RENDER_GPU] = "gpu",
	[COMPOSITOR_RENDER_PIXMAN] = "pixman",
};

bool compositor_render_parse(const char *name, enum compositor_render_kind *kind)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*kind = i;
			return true;
		}
	}
	return false;
}

int compositor_render_init(struct compositor_render *render, int device_fd,
	enum compositor_render_kind kind)
{
	int err = 0;

	render->kind = kind;
	if (kind == COMPOSITOR_RENDER_GPU) {
		err = compositor_renderer_create(device_fd, &render->renderer);
	} else {
		render->renderer = wlr_pixman_renderer_create();
		err = render->renderer ? 0 : -ENOMEM;
	}
	if (err < 0) {
		compositor_error("no renderer %s: %s", names[kind], strerror(-err));
		return err;
	}
	render->allocator = compositor_allocator_create(device_fd);
	if (!render->allocator) {
		wlr_renderer_destroy(render->renderer);
		return -ENOMEM;
	}
	compositor_info("renderer %s", names[kind]);
	return 0;
}

void compositor_render_finish(struct compositor_render *render)
{
	wlr_allocator_destroy(render->allocator);
	wlr_renderer_destroy(render->renderer);
}

/* Not wlr_renderer_init_wl_display: that brings wlroots' wl_drm, and ours is another one. */
bool compositor_render_init_display(struct compositor_render *render, struct wl_display *display)
{
	if (!wlr_renderer_init_wl_shm(render->renderer, display))
		return false;
	if (!wlr_renderer_get_dmabuf_texture_formats(render->renderer))
		return true;
	render->dmabuf = wlr_linux_dmabuf_v1_create(display, render->renderer);
	return render->dmabuf;
}

void compositor_render_lose_device(struct compositor_render *render)
{
	if (render->kind == COMPOSITOR_RENDER_GPU)
		compositor_renderer_lose_device(compositor_renderer_from(render->renderer));
	compositor_allocator_set_device(render->allocator, -1);
}

int compositor_render_find_device(struct compositor_render *render, int device_fd)
{
	compositor_allocator_set_device(render->allocator, device_fd);
	return render->kind == COMPOSITOR_RENDER_GPU ? compositor_renderer_find_device(
		compositor_renderer_from(render->renderer), device_fd) : 0;
}

bool compositor_render_lost(struct compositor_render *render)
{
	return render->kind == COMPOSITOR_RENDER_GPU &&
		compositor_batch_lost(compositor_renderer_from(render->renderer)->batch);
}

void compositor_render_print(const struct compositor_render *render, FILE *out)
{
	fprintf(out, "\"renderer\":\"%s\"", names[render->kind]);
	if (render->kind != COMPOSITOR_RENDER_GPU)
		return;
	const struct compositor_batch_counts *counts =
		&compositor_renderer_from(render->renderer)->batch->counts;
	fprintf(out, ",\"batches\":%" PRIu64 ",\"draws\":%" PRIu64 ",\"software\":%" PRIu64
		",\"lost\":%" PRIu64, counts->batches, counts->draws,
		counts->software, counts->lost);
}
