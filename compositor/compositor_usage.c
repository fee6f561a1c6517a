#include <stdlib.h>

#include "compositor_frame.h"

struct addon {
	struct wlr_addon base;
	struct compositor_usage usage;
};

static void addon_destroy(struct wlr_addon *base)
{
	struct addon *addon = wl_container_of(base, addon, base);

	wlr_addon_finish(base);
	free(addon);
}

static const struct wlr_addon_interface addon_impl = {
	.name = "compositor_usage",
	.destroy = addon_destroy,
};

struct compositor_usage *compositor_usage_of(struct wlr_surface *surface, bool create)
{
	struct wlr_addon *base = wlr_addon_find(&surface->addons, &addon_impl, &addon_impl);
	struct addon *addon;

	if (base) {
		addon = wl_container_of(base, addon, base);
		return &addon->usage;
	}
	addon = create ? calloc(1, sizeof(*addon)) : NULL;
	if (!addon)
		return NULL;
	wlr_addon_init(&addon->base, &surface->addons, &addon_impl, &addon_impl);
	return &addon->usage;
}
