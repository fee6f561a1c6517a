#include <stdlib.h>
#include <time.h>

#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_xcursor_manager.h>

#include "compositor_backend.h"
#include "compositor_frame.h"
#include "compositor_log.h"
#include "compositor_server.h"
#include "gem_base.h"

struct compositor_screen *compositor_screen_of(struct compositor_server *server,
	struct wlr_output *output)
{
	struct compositor_screen *screen;

	wl_list_for_each(screen, &server->screens, link) {
		if (screen->output == output)
			return screen;
	}
	return NULL;
}

struct compositor_screen *compositor_screen_at(struct compositor_server *server, double x, double y)
{
	struct wlr_output *output = wlr_output_layout_output_at(server->layout, x, y);

	if (!output)
		output = wlr_output_layout_get_center_output(server->layout);
	return output ? compositor_screen_of(server, output) : NULL;
}

void compositor_screen_box(struct compositor_screen *screen, struct wlr_box *box)
{
	struct wlr_box *found = wlr_output_layout_get_box(screen->server->layout, screen->output);

	*box = found ? *found : (struct wlr_box){0};
}

/*
 * wlroots 0.15 looks for a surface's outputs when its node moves, not when an output comes: who
 * has drawn while there was none would never hear that it was shown, and wait for ever.
 */
static void find_outputs(struct compositor_server *server)
{
	wlr_scene_node_set_position(&server->scene->node, 1, 0);
	wlr_scene_node_set_position(&server->scene->node, 0, 0);
}

/* Everything that depends on where screens are and how large. */
static void arrange(struct compositor_server *server)
{
	struct compositor_screen *screen;
	struct wlr_box *all = wlr_output_layout_get_box(server->layout, NULL);

	if (all) {
		wlr_scene_node_set_position(&server->backdrop->node, all->x, all->y);
		wlr_scene_rect_set_size(server->backdrop, all->width, all->height);
	}
	wl_list_for_each(screen, &server->screens, link)
		compositor_layers_arrange(screen);
	compositor_views_arrange(server);
}

static void handle_layout_change(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, layout_change);

	arrange(server);
	compositor_heads_tell(server);
}

/* ---- one screen ---- */

bool compositor_screen_attach_empty(struct compositor_server *server, struct wlr_output *output)
{
	static const float black[4] = {0, 0, 0, 1};
	struct wlr_renderer *renderer = server->render.renderer;
	const struct wlr_output_state *pending = &output->pending;

	if (!output->enabled || !(pending->committed & WLR_OUTPUT_STATE_MODE) ||
	    (pending->committed & WLR_OUTPUT_STATE_ENABLED && !pending->enabled))
		return true;
	if (!wlr_output_attach_render(output, NULL))
		return false;
	wlr_renderer_begin(renderer, pending->buffer->width, pending->buffer->height);
	wlr_renderer_clear(renderer, black);
	wlr_renderer_end(renderer);
	return true;
}

/* What is on the screen, of another output perhaps, waits for its vblank. */
static bool is_busy(struct wlr_output *output)
{
	return gem_container_of(output, struct compositor_output, base)->busy;
}

static bool set_preferred_mode(struct compositor_screen *screen)
{
	struct wlr_output *output = screen->output;
	struct wlr_output_mode *mode = wlr_output_preferred_mode(output);

	if (!mode || (output->enabled && mode == output->current_mode))
		return true;
	wlr_output_set_mode(output, mode);
	wlr_output_enable(output, true);
	wlr_output_enable_adaptive_sync(output, screen->server->adaptive_sync);
	if (!compositor_screen_attach_empty(screen->server, output) || !wlr_output_commit(output)) {
		wlr_output_rollback(output);
		if (is_busy(output)) {
			screen->new_modes = true;
			compositor_frame_retry(screen);
			return false;
		}
		compositor_error("output %s refuses mode %dx%d", output->name, mode->width,
			mode->height);
		return false;
	}
	return true;
}

/* The GPU hung: what it was to draw is missing somewhere. All of it anew. */
static void draw_anew(struct compositor_server *server)
{
	struct compositor_screen *screen;

	compositor_warn("the GPU lost a batch: every screen is drawn anew");
	wl_list_for_each(screen, &server->screens, link)
		wlr_output_damage_whole(screen->output);
	compositor_pointer_reset(server);
}

static void handle_frame(struct wl_listener *listener, void *data)
{
	struct compositor_screen *screen = wl_container_of(listener, screen, new_frame);
	struct wlr_scene_output *scene_output =
		wlr_scene_get_scene_output(screen->server->scene, screen->output);
	struct timespec now;

	/* Only here is it certain that no flip is under way. */
	if (screen->new_modes) {
		screen->new_modes = false;
		set_preferred_mode(screen);
		compositor_heads_tell(screen->server);
		if (screen->output->frame_pending)
			return;
	}
	if (!scene_output)
		return;
	/* The last frame's flip has waited for its fence: its fate is known. */
	if (compositor_render_lost(&screen->server->render))
		draw_anew(screen->server);
	compositor_frame_commit(screen);
	clock_gettime(CLOCK_MONOTONIC, &now);
	wlr_scene_output_send_frame_done(scene_output, &now);
}

static void handle_mode(struct wl_listener *listener, void *data)
{
	struct compositor_screen *screen = wl_container_of(listener, screen, mode);
	struct wlr_output *output = screen->output;

	compositor_info("output %s %dx%d@%.1f", output->name, output->width, output->height,
		output->refresh / 1000.0);
}

static void handle_destroy(struct wl_listener *listener, void *data)
{
	struct compositor_screen *screen = wl_container_of(listener, screen, destroy);
	struct compositor_server *server = screen->server;

	compositor_layers_close(screen);
	wl_list_remove(&screen->link);
	compositor_frame_finish(screen);
	wl_list_remove(&screen->new_frame.link);
	wl_list_remove(&screen->mode.link);
	wl_list_remove(&screen->destroy.link);
	free(screen);
	compositor_heads_tell(server);
}

/*
 * wlroots 0.15 leaves the output that is gone as primary_output of the scene's surfaces, and
 * looks at it when one of them is committed. An addon's end comes after all who have heard of
 * the output's end have placed windows anew, and before any client is heard.
 */
struct primary_guard {
	struct wlr_addon addon;
	struct compositor_server *server;
	struct wlr_output *output;
};

static void forget_primary(struct wlr_scene_node *node, const struct wlr_output *output)
{
	struct wlr_scene_node *child;

	if (node->type == WLR_SCENE_NODE_SURFACE &&
	    wlr_scene_surface_from_node(node)->primary_output == output)
		wlr_scene_surface_from_node(node)->primary_output = NULL;
	wl_list_for_each(child, &node->state.children, state.link)
		forget_primary(child, output);
}

static void primary_guard_destroy(struct wlr_addon *addon)
{
	struct primary_guard *guard = wl_container_of(addon, guard, addon);

	forget_primary(&guard->server->scene->node, guard->output);
	wlr_addon_finish(addon);
	free(guard);
}

static const struct wlr_addon_interface primary_guard_impl = {
	.name = "compositor_primary_guard",
	.destroy = primary_guard_destroy,
};

static void handle_new_output(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, new_output);
	struct wlr_output *output = data;
	struct compositor_screen *screen = calloc(1, sizeof(*screen));
	struct primary_guard *guard = calloc(1, sizeof(*guard));

	if (!screen || !guard || !wlr_output_init_render(output, server->render.allocator,
			server->render.renderer)) {
		compositor_error("output %s cannot be used", output->name);
		free(screen);
		free(guard);
		return;
	}
	guard->server = server;
	guard->output = output;
	wlr_addon_init(&guard->addon, &output->addons, guard, &primary_guard_impl);
	screen->server = server;
	screen->output = output;
	wl_list_insert(server->screens.prev, &screen->link);
	compositor_frame_init(screen);
	compositor_listen(&output->events.frame, &screen->new_frame, handle_frame);
	compositor_listen(&output->events.mode, &screen->mode, handle_mode);
	compositor_listen(&output->events.destroy, &screen->destroy, handle_destroy);
	wlr_xcursor_manager_load(server->xcursors, output->scale);
	set_preferred_mode(screen);
	/* The layout's change signal arranges, and it puts the output into the scene. */
	wlr_output_layout_add_auto(server->layout, output);
	find_outputs(server);
	if (wl_list_length(&server->screens) == 1)
		wlr_cursor_warp(server->cursor, NULL, output->width / 2.0, output->height / 2.0);
	compositor_pointer_reset(server);
}

static void handle_modes_changed(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, modes_changed);
	struct compositor_screen *screen = compositor_screen_of(server, data);

	if (!screen)
		return;
	screen->new_modes = true;
	server->heads_outdated = true;
	if (screen->output->enabled)
		wlr_output_schedule_frame(screen->output);
	else
		compositor_heads_tell(server);
}

static void handle_mode_added(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, mode_added);

	server->heads_outdated = true;
}

void compositor_screens_init(struct compositor_server *server)
{
	wl_list_init(&server->screens);
	server->layout = wlr_output_layout_create();
	wlr_scene_attach_output_layout(server->scene, server->layout);
	compositor_listen(&server->layout->events.change, &server->layout_change, handle_layout_change);
	compositor_listen(&server->wlr_backend->events.new_output, &server->new_output, handle_new_output);
	compositor_listen(&server->backend->modes_changed, &server->modes_changed, handle_modes_changed);
	compositor_listen(&server->backend->mode_added, &server->mode_added, handle_mode_added);
	compositor_heads_init(server);
}

void compositor_screens_finish(struct compositor_server *server)
{
	wl_list_remove(&server->layout_change.link);
	wl_list_remove(&server->new_output.link);
	wl_list_remove(&server->modes_changed.link);
	wl_list_remove(&server->mode_added.link);
}
