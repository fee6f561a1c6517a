#include <wlr/types/wlr_output_power_management_v1.h>

#include "compositor_log.h"
#include "compositor_server.h"

static void set_power(struct compositor_server *server, struct wlr_output *output, bool on)
{
	bool pending = output->frame_pending;

	if (output->enabled == on || !compositor_screen_of(server, output))
		return;
	/* The device waits for the flip under way. */
	output->frame_pending = false;
	wlr_output_enable(output, on);
	if (!wlr_output_commit(output)) {
		output->frame_pending = pending;
		compositor_warn("output %s cannot be turned %s", output->name, on ? "on" : "off");
		return;
	}
	compositor_info("output %s turned %s", output->name, on ? "on" : "off");
	if (on)
		compositor_pointer_reset(server);
}

static void handle_set_power(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, set_power);
	const struct wlr_output_power_v1_set_mode_event *event = data;

	set_power(server, event->output, event->mode == ZWLR_OUTPUT_POWER_V1_MODE_ON);
}

void compositor_power_init(struct compositor_server *server)
{
	struct wlr_output_power_manager_v1 *manager =
		wlr_output_power_manager_v1_create(server->display);

	compositor_listen(&manager->events.set_mode, &server->set_power, handle_set_power);
}

void compositor_power_finish(struct compositor_server *server)
{
	wl_list_remove(&server->set_power.link);
}

void compositor_set_adaptive_sync(struct compositor_server *server, bool on)
{
	struct compositor_screen *screen;

	server->adaptive_sync = on;
	wl_list_for_each(screen, &server->screens, link) {
		if (!screen->output->enabled)
			continue;
		wlr_output_enable_adaptive_sync(screen->output, on);
		if (!wlr_output_commit(screen->output))
			compositor_warn("output %s: no adaptive sync", screen->output->name);
	}
}
