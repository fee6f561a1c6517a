#include <stdlib.h>

#include "compositor_log.h"
#include "compositor_place.h"
#include "compositor_server.h"

struct compositor_layer_surface *compositor_layer_of(struct compositor_server *server,
	struct wlr_surface *surface)
{
	struct compositor_layer_surface *s;

	wl_list_for_each(s, &server->surfaces, link) {
		if (s->layer->surface == surface)
			return s;
	}
	return NULL;
}

static void arrange_surface(struct compositor_layer_surface *s, const struct wlr_box *full,
	struct wlr_box *usable)
{
	const struct wlr_layer_surface_v1_state *state = &s->layer->current;
	const struct compositor_layer_wish wish = {
		.anchor = state->anchor,
		.width = state->desired_width,
		.height = state->desired_height,
		.margin_top = state->margin.top,
		.margin_right = state->margin.right,
		.margin_bottom = state->margin.bottom,
		.margin_left = state->margin.left,
		.exclusive_zone = state->exclusive_zone,
	};
	struct wlr_box box;

	/* Margins may eat the whole screen: what is left is still a surface. */
	if (!compositor_place_layer(full, usable, &wish, &box)) {
		box.width = box.width > 0 ? box.width : 1;
		box.height = box.height > 0 ? box.height : 1;
	}
	s->box = box;
	wlr_scene_node_set_position(&s->tree->node, box.x, box.y);
	if (!s->layer->configured || (int)state->actual_width != box.width ||
	    (int)state->actual_height != box.height)
		wlr_layer_surface_v1_configure(s->layer, box.width, box.height);
}

/* Surfaces with a zone of their own first: the others take what these leave. */
static void arrange_pass(struct compositor_screen *screen, const struct wlr_box *full,
	bool exclusive)
{
	struct compositor_layer_surface *s;

	for (int layer = ZWLR_LAYER_SHELL_V1_LAYER_OVERLAY;
	     layer >= ZWLR_LAYER_SHELL_V1_LAYER_BACKGROUND; layer--) {
		wl_list_for_each(s, &screen->server->surfaces, link) {
			if (s->layer->output == screen->output &&
			    (int)s->layer->current.layer == layer &&
			    (s->layer->current.exclusive_zone > 0) == exclusive)
				arrange_surface(s, full, &screen->usable);
		}
	}
}

void compositor_layers_arrange(struct compositor_screen *screen)
{
	struct wlr_box full;

	compositor_screen_box(screen, &full);
	screen->usable = full;
	arrange_pass(screen, &full, true);
	arrange_pass(screen, &full, false);
}

void compositor_layers_close(struct compositor_screen *screen)
{
	struct compositor_layer_surface *s, *next;

	wl_list_for_each_safe(s, next, &screen->server->surfaces, link) {
		if (s->layer->output == screen->output) {
			s->layer->output = NULL;
			wlr_layer_surface_v1_destroy(s->layer);
		}
	}
}

/* After a change of s: its screen anew, and windows when the usable area changed. */
static void rearrange(struct compositor_layer_surface *s)
{
	struct compositor_server *server = s->server;
	struct compositor_screen *screen = compositor_screen_of(server, s->layer->output);

	if (!screen)
		return;
	struct wlr_box before = screen->usable;
	compositor_layers_arrange(screen);
	if (before.x != screen->usable.x || before.y != screen->usable.y ||
	    before.width != screen->usable.width || before.height != screen->usable.height)
		compositor_views_arrange(server);
}

static void handle_map(struct wl_listener *listener, void *data)
{
	struct compositor_layer_surface *s = wl_container_of(listener, s, map);

	s->mapped = true;
	wlr_scene_node_set_enabled(&s->tree->node, true);
	compositor_info("layer surface '%s' mapped %dx%d at %d,%d", s->layer->namespace,
		s->box.width, s->box.height, s->box.x, s->box.y);
	compositor_focus_update(s->server);
	compositor_pointer_update(s->server);
}

static void handle_unmap(struct wl_listener *listener, void *data)
{
	struct compositor_layer_surface *s = wl_container_of(listener, s, unmap);

	s->mapped = false;
	wlr_scene_node_set_enabled(&s->tree->node, false);
	compositor_info("layer surface '%s' unmapped", s->layer->namespace);
	compositor_focus_update(s->server);
	compositor_pointer_update(s->server);
}

static void handle_commit(struct wl_listener *listener, void *data)
{
	struct compositor_layer_surface *s = wl_container_of(listener, s, commit);
	struct wlr_layer_surface_v1 *layer = s->layer;

	if (!layer->output)
		return;
	uint32_t committed = layer->current.committed;
	if (committed & WLR_LAYER_SURFACE_V1_STATE_LAYER)
		wlr_scene_node_reparent(&s->tree->node,
			&s->server->layers[layer->current.layer]->node);
	if (committed || !layer->configured)
		rearrange(s);
	if (s->mapped && committed & (WLR_LAYER_SURFACE_V1_STATE_LAYER |
			WLR_LAYER_SURFACE_V1_STATE_KEYBOARD_INTERACTIVITY))
		compositor_focus_update(s->server);
}

static void handle_destroy(struct wl_listener *listener, void *data)
{
	struct compositor_layer_surface *s = wl_container_of(listener, s, destroy);

	wl_list_remove(&s->link);
	wl_list_remove(&s->map.link);
	wl_list_remove(&s->unmap.link);
	wl_list_remove(&s->destroy.link);
	wl_list_remove(&s->commit.link);
	s->layer->surface->data = NULL;
	wlr_scene_node_destroy(&s->tree->node);
	rearrange(s);
	compositor_focus_update(s->server);
	free(s);
}

static void handle_new_surface(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, new_layer_surface);
	struct wlr_layer_surface_v1 *layer = data;
	struct compositor_screen *screen =
		compositor_screen_at(server, server->cursor->x, server->cursor->y);
	struct compositor_layer_surface *s = calloc(1, sizeof(*s));

	if (!layer->output && screen)
		layer->output = screen->output;
	if (!s || !layer->output) {
		free(s);
		wlr_layer_surface_v1_destroy(layer);
		return;
	}
	s->server = server;
	s->layer = layer;
	s->tree = wlr_scene_tree_create(&server->layers[layer->pending.layer]->node);
	if (!s->tree || !wlr_scene_subsurface_tree_create(&s->tree->node, layer->surface)) {
		if (s->tree)
			wlr_scene_node_destroy(&s->tree->node);
		free(s);
		wlr_layer_surface_v1_destroy(layer);
		return;
	}
	wlr_scene_node_set_enabled(&s->tree->node, false);
	layer->surface->data = &s->tree->node;
	wl_list_insert(server->surfaces.prev, &s->link);
	compositor_listen(&layer->events.map, &s->map, handle_map);
	compositor_listen(&layer->events.unmap, &s->unmap, handle_unmap);
	compositor_listen(&layer->events.destroy, &s->destroy, handle_destroy);
	compositor_listen(&layer->surface->events.commit, &s->commit, handle_commit);
}

void compositor_layers_init(struct compositor_server *server)
{
	wl_list_init(&server->surfaces);
	server->layer_shell = wlr_layer_shell_v1_create(server->display);
	compositor_listen(&server->layer_shell->events.new_surface, &server->new_layer_surface,
		handle_new_surface);
}

void compositor_layers_finish(struct compositor_server *server)
{
	wl_list_remove(&server->new_layer_surface.link);
}
