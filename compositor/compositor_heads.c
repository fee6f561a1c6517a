#include <stdlib.h>

#include <wlr/types/wlr_output_management_v1.h>
#include <wlr/types/wlr_xcursor_manager.h>

#include "compositor_log.h"
#include "compositor_server.h"

/* ---- telling clients ---- */

/*
 * A head's modes are sent only once, so after a change of the list every head
 * goes away and comes anew. Object ids that this frees must not be given out
 * at once: libwayland's client side makes the new objects when it reads the
 * messages, before the old ones were destroyed by the handlers, and takes a
 * doubled id for a protocol error. Objects that no one is told of hold them
 * meanwhile.
 */
#define HOLD_MS 10000

struct held_ids {
	struct wl_list resources; /* wl_resource_get_link */
	struct wl_list link;      /* compositor_server.held_ids */
	struct wl_event_source *timer;
};

static void unlink_resource(struct wl_resource *resource)
{
	wl_list_remove(wl_resource_get_link(resource));
}

static void release_ids(struct held_ids *held)
{
	struct wl_resource *resource, *next;

	wl_resource_for_each_safe(resource, next, &held->resources)
		wl_resource_destroy(resource);
	wl_event_source_remove(held->timer);
	wl_list_remove(&held->link);
	free(held);
}

static int handle_hold_end(void *data)
{
	release_ids(data);
	return 0;
}

/* How many objects of a list are the client's. */
static unsigned count_of(struct wl_list *resources, struct wl_client *client)
{
	struct wl_resource *resource;
	unsigned count = 0;

	wl_resource_for_each(resource, resources)
		count += wl_resource_get_client(resource) == client;
	return count;
}

static void hold_ids(struct held_ids *held, struct wl_client *client, unsigned count)
{
	while (count-- > 0) {
		struct wl_resource *resource =
			wl_resource_create(client, &wl_callback_interface, 1, 0);
		if (!resource)
			return;
		wl_resource_set_implementation(resource, NULL, NULL, unlink_resource);
		wl_list_insert(&held->resources, wl_resource_get_link(resource));
	}
}

/* Takes every head away from every client. */
static void remove_heads(struct compositor_server *server)
{
	struct wlr_output_manager_v1 *manager = server->output_manager;
	struct wlr_output_configuration_v1 *empty = wlr_output_configuration_v1_create();
	struct held_ids *held = calloc(1, sizeof(*held));
	struct {
		struct wl_client *client;
		unsigned ids;
	} *clients = calloc(wl_list_length(&manager->resources) + 1, sizeof(*clients));
	struct wlr_output_head_v1 *head;
	struct wl_resource *resource;
	unsigned count = 0;

	if (!empty || !held || !clients)
		abort(); /* out of memory between two halves of a change */
	wl_resource_for_each(resource, &manager->resources) {
		struct wl_client *client = wl_resource_get_client(resource);
		bool known = false;
		for (unsigned i = 0; i < count; i++)
			known |= clients[i].client == client;
		if (known)
			continue;
		clients[count].client = client;
		wl_list_for_each(head, &manager->heads, link)
			clients[count].ids += count_of(&head->resources, client) +
				count_of(&head->mode_resources, client);
		count++;
	}
	wlr_output_manager_v1_set_configuration(manager, empty);
	wl_list_init(&held->resources);
	wl_list_insert(&server->held_ids, &held->link);
	held->timer = wl_event_loop_add_timer(wl_display_get_event_loop(server->display),
		handle_hold_end, held);
	wl_event_source_timer_update(held->timer, HOLD_MS);
	for (unsigned i = 0; i < count; i++)
		hold_ids(held, clients[i].client, clients[i].ids);
	free(clients);
}

void compositor_heads_tell(struct compositor_server *server)
{
	struct compositor_screen *screen;

	if (server->heads_outdated)
		remove_heads(server);
	server->heads_outdated = false;
	struct wlr_output_configuration_v1 *config = wlr_output_configuration_v1_create();
	if (!config)
		return;
	wl_list_for_each(screen, &server->screens, link) {
		struct wlr_output_configuration_head_v1 *head =
			wlr_output_configuration_head_v1_create(config, screen->output);
		struct wlr_box box;
		if (!head)
			continue;
		compositor_screen_box(screen, &box);
		head->state.x = box.x;
		head->state.y = box.y;
	}
	wlr_output_manager_v1_set_configuration(server->output_manager, config);
}

/* ---- what clients ask for ---- */

static void apply_head_state(const struct wlr_output_head_v1_state *state)
{
	struct wlr_output *output = state->output;

	wlr_output_enable(output, state->enabled);
	if (!state->enabled)
		return;
	if (state->mode)
		wlr_output_set_mode(output, state->mode);
	else
		wlr_output_set_custom_mode(output, state->custom_mode.width,
			state->custom_mode.height, state->custom_mode.refresh);
	wlr_output_set_transform(output, state->transform);
	wlr_output_set_scale(output, state->scale);
}

static bool apply_head(struct compositor_server *server,
	const struct wlr_output_head_v1_state *state, bool test)
{
	struct wlr_output *output = state->output;

	apply_head_state(state);
	/* wlroots refuses a new mode's picture while a flip is under way; the device waits. */
	bool pending = output->frame_pending;
	if (output->pending.committed & (WLR_OUTPUT_STATE_MODE | WLR_OUTPUT_STATE_ENABLED))
		output->frame_pending = false;
	bool ok = compositor_screen_attach_empty(server, output) && wlr_output_test(output);
	if (test || !ok) {
		wlr_output_rollback(output);
		output->frame_pending = pending;
		return ok;
	}
	if (!wlr_output_commit(output))
		return false;
	if (output->enabled) {
		wlr_output_layout_add(server->layout, output, state->x, state->y);
		wlr_xcursor_manager_load(server->xcursors, output->scale);
		compositor_pointer_reset(server);
	} else {
		wlr_output_layout_remove(server->layout, output);
	}
	compositor_info("output %s configured by a client", output->name);
	return true;
}

static void handle_configuration(struct compositor_server *server,
	struct wlr_output_configuration_v1 *config, bool test)
{
	struct wlr_output_configuration_head_v1 *head;
	bool ok = true;

	wl_list_for_each(head, &config->heads, link)
		ok &= apply_head(server, &head->state, test);
	if (ok)
		wlr_output_configuration_v1_send_succeeded(config);
	else
		wlr_output_configuration_v1_send_failed(config);
	wlr_output_configuration_v1_destroy(config);
	if (!test) {
		compositor_heads_tell(server);
		compositor_pointer_update(server);
	}
}

static void handle_output_apply(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, output_apply);

	handle_configuration(server, data, false);
}

static void handle_output_test(struct wl_listener *listener, void *data)
{
	struct compositor_server *server = wl_container_of(listener, server, output_test);

	handle_configuration(server, data, true);
}

void compositor_heads_init(struct compositor_server *server)
{
	wl_list_init(&server->held_ids);
	server->output_manager = wlr_output_manager_v1_create(server->display);
	compositor_listen(&server->output_manager->events.apply, &server->output_apply, handle_output_apply);
	compositor_listen(&server->output_manager->events.test, &server->output_test, handle_output_test);
}

void compositor_heads_finish(struct compositor_server *server)
{
	struct held_ids *held, *next;

	wl_list_for_each_safe(held, next, &server->held_ids, link)
		release_ids(held);
	wl_list_remove(&server->output_apply.link);
	wl_list_remove(&server->output_test.link);
}
