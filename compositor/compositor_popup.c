#include <stdlib.h>

#include <wlr/types/wlr_scene.h>
#include <wlr/types/wlr_xdg_shell.h>

#include "compositor_server.h"

/* The scene node ends with the popup; the wl_surface may live on. */
struct popup {
	struct wlr_xdg_surface *xdg;
	struct wl_listener destroy;
};

static void handle_destroy(struct wl_listener *listener, void *data)
{
	struct popup *popup = wl_container_of(listener, popup, destroy);

	popup->xdg->surface->data = NULL;
	wl_list_remove(&popup->destroy.link);
	free(popup);
}

/* The surface at the bottom of a stack of popups. */
static struct wlr_surface *root_of(struct wlr_xdg_popup *popup)
{
	struct wlr_surface *surface = popup->parent;

	while (surface && wlr_surface_is_xdg_surface(surface)) {
		struct wlr_xdg_surface *xdg = wlr_xdg_surface_from_wlr_surface(surface);
		if (xdg->role != WLR_XDG_SURFACE_ROLE_POPUP)
			break;
		surface = xdg->popup->parent;
	}
	return surface;
}

/* Keeps the popup on its screen by the positioner's own rules. */
static void keep_on_screen(struct compositor_server *server, struct wlr_xdg_popup *popup)
{
	struct wlr_surface *root = root_of(popup);
	struct wlr_box box, geometry = {0};
	int x, y;

	if (!root || !root->data)
		return;
	wlr_scene_node_coords(root->data, &x, &y);
	struct compositor_screen *screen = compositor_screen_at(server, x, y);
	if (!screen)
		return;
	compositor_screen_box(screen, &box);
	/* The node is at the window geometry's corner, the box counts from the surface's. */
	if (wlr_surface_is_xdg_surface(root))
		wlr_xdg_surface_get_geometry(wlr_xdg_surface_from_wlr_surface(root), &geometry);
	box.x -= x - geometry.x;
	box.y -= y - geometry.y;
	wlr_xdg_popup_unconstrain_from_box(popup, &box);
}

void compositor_popup_create(struct compositor_server *server, struct wlr_xdg_surface *xdg)
{
	struct wlr_surface *parent = xdg->popup->parent;

	/* A parent that is already gone shows no popups; the client hears of it by itself. */
	if (!parent || !parent->data)
		return;
	struct popup *popup = calloc(1, sizeof(*popup));
	if (popup)
		xdg->surface->data = wlr_scene_xdg_surface_create(parent->data, xdg);
	if (!popup || !xdg->surface->data) {
		wl_resource_post_no_memory(xdg->resource);
		free(popup);
		return;
	}
	popup->xdg = xdg;
	popup->destroy.notify = handle_destroy;
	wl_signal_add(&xdg->events.destroy, &popup->destroy);
	keep_on_screen(server, xdg->popup);
}
