#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testcard-share-v1-protocol.h"

#include "compositor_log.h"
#include "compositor_server.h"
#include "compositor_share.h"

#define VERSION 1

/* A buffer that is being described. */
struct params {
	struct compositor_shares *shares;
	struct compositor_peer *peer; /* counts among peer->params */
	struct compositor_layout layout;
	struct compositor_mention mentions[COMPOSITOR_LAYOUT_PLANES];
	uint32_t given; /* bit = plane */
	uint32_t transport;
	bool used;
};

static void handle_destroy(struct wl_client *client, struct wl_resource *resource)
{
	wl_resource_destroy(resource);
}

/* ---- params ---- */

static void close_descriptors(struct params *params)
{
	for (unsigned i = 0; i < COMPOSITOR_LAYOUT_PLANES; i++) {
		if (params->mentions[i].fd >= 0)
			close(params->mentions[i].fd);
		params->mentions[i].fd = -1;
	}
}

static void params_destroyed(struct wl_resource *resource)
{
	struct params *params = wl_resource_get_user_data(resource);

	close_descriptors(params);
	params->peer->params--;
	compositor_peer_put(params->peer);
	free(params);
}

/* False = the client has got an error. */
static bool add_plane(struct wl_resource *resource, uint32_t transport, uint32_t plane,
	uint32_t offset, uint32_t stride)
{
	struct params *params = wl_resource_get_user_data(resource);

	if (params->used) {
		compositor_peer_fail(resource, TESTCARD_SHARE_PARAMS_V1_ERROR_ALREADY_USED,
			"an offer was made of it");
	} else if (plane >= COMPOSITOR_LAYOUT_PLANES) {
		compositor_peer_fail(resource, TESTCARD_SHARE_PARAMS_V1_ERROR_PLANE_IDX,
			"plane %u", plane);
	} else if (params->given & 1u << plane) {
		compositor_peer_fail(resource, TESTCARD_SHARE_PARAMS_V1_ERROR_PLANE_SET,
			"plane %u twice", plane);
	} else if (params->given && params->transport != transport) {
		compositor_peer_fail(resource, TESTCARD_SHARE_PARAMS_V1_ERROR_MIXED_TRANSPORT,
			"plane %u goes another way", plane);
	} else {
		params->given |= 1u << plane;
		params->transport = transport;
		params->layout.planes[plane].offset = offset;
		params->layout.planes[plane].stride = stride;
		return true;
	}
	return false;
}

static void handle_add_fd(struct wl_client *client, struct wl_resource *resource, int32_t fd,
	uint32_t plane, uint32_t offset, uint32_t stride)
{
	struct params *params = wl_resource_get_user_data(resource);

	if (add_plane(resource, TESTCARD_SHARE_MANAGER_V1_TRANSPORT_DMABUF, plane, offset, stride))
		params->mentions[plane].fd = fd;
	else
		close(fd);
}

/* Who may not open names must not have us do it. */
static void handle_add_name(struct wl_client *client, struct wl_resource *resource,
	uint32_t name, uint32_t plane, uint32_t offset, uint32_t stride)
{
	struct params *params = wl_resource_get_user_data(resource);

	if (!params->peer->authenticated)
		compositor_peer_fail(resource, TESTCARD_SHARE_PARAMS_V1_ERROR_NOT_AUTHENTICATED,
			"flink name %u from a client that is not authenticated", name);
	else if (add_plane(resource, TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK, plane, offset, stride))
		params->mentions[plane].name = name;
}

static bool is_name(const char *name)
{
	size_t length = strlen(name);
	unsigned more = 0; /* bytes of the character that are still to come */

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = name[i];
		if (more > 0) {
			if ((byte & 0xc0) != 0x80)
				return false;
			more--;
		} else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && byte < 0xc2) ||
			   byte >= 0xf5) {
			return false;
		} else {
			more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0x80 ? 1 : 0;
		}
	}
	return length > 0 && length < COMPOSITOR_OFFER_NAME && more == 0;
}

static void fail(struct wl_resource *resource, enum compositor_fault fault)
{
	static const uint32_t codes[] = {
		[COMPOSITOR_FAULT_FORMAT] = TESTCARD_SHARE_PARAMS_V1_ERROR_INVALID_FORMAT,
		[COMPOSITOR_FAULT_PLANES] = TESTCARD_SHARE_PARAMS_V1_ERROR_INCOMPLETE,
		[COMPOSITOR_FAULT_SIZE] = TESTCARD_SHARE_PARAMS_V1_ERROR_INVALID_DIMENSIONS,
		[COMPOSITOR_FAULT_BOUNDS] = TESTCARD_SHARE_PARAMS_V1_ERROR_OUT_OF_BOUNDS,
		[COMPOSITOR_FAULT_OBJECT] = TESTCARD_SHARE_PARAMS_V1_ERROR_INVALID_BUFFER,
	};

	compositor_peer_fail(resource, codes[fault], "%s", compositor_fault_text(fault));
}

/* The planes are 0 to some number, all given. */
static bool is_complete(struct params *params)
{
	params->layout.plane_count = __builtin_popcount(params->given);
	return params->given && params->given == (1u << params->layout.plane_count) - 1;
}

/* False = the client has got an error. */
static bool check_offer(struct wl_resource *resource, struct params *params, const char *name)
{
	if (params->used)
		compositor_peer_fail(resource, TESTCARD_SHARE_PARAMS_V1_ERROR_ALREADY_USED,
			"an offer was made of it");
	else if (!is_name(name))
		compositor_peer_fail(resource, TESTCARD_SHARE_PARAMS_V1_ERROR_INVALID_NAME,
			"no name of an offer");
	else if (!is_complete(params))
		fail(resource, COMPOSITOR_FAULT_PLANES);
	else
		return true;
	return false;
}

static void handle_offer(struct wl_client *client, struct wl_resource *resource, uint32_t id,
	const char *name, uint32_t width, uint32_t height, uint32_t format, uint32_t modifier_hi,
	uint32_t modifier_lo)
{
	struct params *params = wl_resource_get_user_data(resource);
	struct compositor_bo *bos[COMPOSITOR_LAYOUT_PLANES];
	struct wl_resource *made;

	if (!check_offer(resource, params, name))
		return;
	params->used = true;
	params->layout.width = width;
	params->layout.height = height;
	params->layout.format = format;
	params->layout.modifier = (uint64_t)modifier_hi << 32 | modifier_lo;
	enum compositor_fault fault = compositor_exchange_take(params->shares->exchange,
		&params->layout, params->mentions, bos);
	close_descriptors(params);
	if (fault && fault != COMPOSITOR_FAULT_MEMORY) {
		fail(resource, fault);
		return;
	}
	made = wl_resource_create(client, &testcard_share_offer_v1_interface, VERSION, id);
	if (made && !fault) {
		compositor_offer_create(params->shares, made, name, params->transport,
			&params->layout, bos);
		return;
	}
	for (unsigned i = 0; i < params->layout.plane_count && !fault; i++)
		compositor_bo_put(bos[i]);
	wl_client_post_no_memory(client);
}

static const struct testcard_share_params_v1_interface params_requests = {
	.destroy = handle_destroy,
	.add_fd = handle_add_fd,
	.add_name = handle_add_name,
	.offer = handle_offer,
};

static struct params *params_create(struct compositor_shares *shares, struct wl_client *client)
{
	struct compositor_peer *peer = compositor_peer_of(client);
	struct params *params = peer && peer->params < COMPOSITOR_PEER_PARAMS ?
		calloc(1, sizeof(*params)) : NULL;

	if (!params) {
		compositor_peer_put(peer);
		return NULL;
	}
	params->shares = shares;
	params->peer = peer;
	peer->params++;
	for (unsigned i = 0; i < COMPOSITOR_LAYOUT_PLANES; i++)
		params->mentions[i].fd = -1;
	return params;
}

/* ---- the manager ---- */

static void handle_create_params(struct wl_client *client, struct wl_resource *resource,
	uint32_t id)
{
	struct wl_resource *made =
		wl_resource_create(client, &testcard_share_params_v1_interface, VERSION, id);
	struct params *params = made ?
		params_create(wl_resource_get_user_data(resource), client) : NULL;

	if (!params) {
		wl_client_post_no_memory(client);
		return;
	}
	wl_resource_set_implementation(made, &params_requests, params, params_destroyed);
}

static void handle_get_watcher(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
	struct wl_resource *made =
		wl_resource_create(client, &testcard_share_watcher_v1_interface, VERSION, id);

	if (made)
		compositor_watcher_create(wl_resource_get_user_data(resource), made);
	else
		wl_client_post_no_memory(client);
}

static const struct testcard_share_manager_v1_interface manager_requests = {
	.destroy = handle_destroy,
	.create_params = handle_create_params,
	.get_watcher = handle_get_watcher,
};

static void handle_bind(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	struct wl_resource *resource =
		wl_resource_create(client, &testcard_share_manager_v1_interface, version, id);

	if (resource)
		wl_resource_set_implementation(resource, &manager_requests, data, NULL);
	else
		wl_client_post_no_memory(client);
}

int compositor_shares_create(struct compositor_server *server,
	struct compositor_exchange *exchange, struct compositor_shares **out)
{
	struct compositor_shares *shares = calloc(1, sizeof(*shares));

	if (!shares)
		return -ENOMEM;
	shares->server = server;
	shares->exchange = exchange;
	wl_list_init(&shares->offers);
	wl_list_init(&shares->watchers);
	shares->global = wl_global_create(server->display, &testcard_share_manager_v1_interface,
		VERSION, shares, handle_bind);
	if (!shares->global) {
		free(shares);
		return -ENOMEM;
	}
	*out = shares;
	return 0;
}

void compositor_shares_revoke(struct compositor_shares *shares)
{
	struct compositor_offer *offer, *next;

	wl_list_for_each_safe(offer, next, &shares->offers, link)
		compositor_offer_revoke(offer, TESTCARD_SHARE_OFFER_V1_REASON_COMPOSITOR);
}

void compositor_shares_destroy(struct compositor_shares *shares)
{
	if (!shares)
		return;
	wl_global_destroy(shares->global);
	free(shares);
}
