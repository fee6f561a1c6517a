#include <errno.h>

#include <wlr/render/allocator.h>
#include <wlr/render/pixman.h>
#include <wlr/render/wlr_renderer.h>

#include "compositor_allocator.h"
#include "compositor_render.h"

int compositor_render_init(struct compositor_render *render, int device_fd)
{
	render->renderer = wlr_pixman_renderer_create();
	if (!render->renderer)
		return -ENOMEM;
	render->allocator = compositor_allocator_create(device_fd);
	if (!render->allocator) {
		wlr_renderer_destroy(render->renderer);
		return -ENOMEM;
	}
	return 0;
}

void compositor_render_finish(struct compositor_render *render)
{
	wlr_allocator_destroy(render->allocator);
	wlr_renderer_destroy(render->renderer);
}
