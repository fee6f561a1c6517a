/* Watchers, and those who accept. */
#include <stdlib.h>
#include <unistd.h>

#include "testcard-share-v1-protocol.h"

#include "compositor_log.h"
#include "compositor_share.h"

static void handle_destroy(struct wl_client *client, struct wl_resource *resource)
{
	wl_resource_destroy(resource);
}

/* ---- takers ---- */

/* Nothing more will be said to it; it may not count any more, either. */
static void finish_taker(struct compositor_taker *taker)
{
	if (!taker->over)
		taker->peer->shares--;
	taker->over = true;
	taker->waiting = false;
}

static void fail_taker(struct compositor_taker *taker, uint32_t why)
{
	finish_taker(taker);
	wl_list_remove(&taker->link);
	wl_list_init(&taker->link);
	taker->offer = NULL;
	compositor_info("client %d gets no share: failure %u", (int)taker->peer->pid, why);
	testcard_share_v1_send_failed(taker->resource, why);
}

/* Descriptors or names of all planes: 0, or nothing was made. */
static int collect(const struct compositor_taker *taker, int *fds, uint32_t *names)
{
	const struct compositor_offer *offer = taker->offer;
	int err = 0;
	unsigned i;

	for (i = 0; i < offer->layout.plane_count && err >= 0; i++) {
		if (taker->transport == TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK)
			err = compositor_exchange_name(offer->bos[i], &names[i]);
		else
			err = fds[i] = compositor_exchange_export(offer->bos[i]);
	}
	for (unsigned j = 0; err < 0 && j < i; j++) {
		if (fds[j] >= 0)
			close(fds[j]);
	}
	return err < 0 ? err : 0;
}

static void send_planes(const struct compositor_taker *taker, const int *fds,
	const uint32_t *names)
{
	const struct compositor_layout *layout = &taker->offer->layout;

	testcard_share_v1_send_buffer(taker->resource, layout->width, layout->height,
		layout->format, layout->modifier >> 32, layout->modifier & UINT32_MAX,
		layout->plane_count);
	for (unsigned i = 0; i < layout->plane_count; i++) {
		uint32_t offset = layout->planes[i].offset, stride = layout->planes[i].stride;

		if (taker->transport == TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK) {
			testcard_share_v1_send_plane_name(taker->resource, i, names[i], offset, stride);
		} else {
			testcard_share_v1_send_plane_fd(taker->resource, i, fds[i], offset, stride);
			close(fds[i]);
		}
	}
	testcard_share_v1_send_done(taker->resource);
}

static void grant(struct compositor_taker *taker)
{
	struct compositor_offer *offer = taker->offer;
	int fds[COMPOSITOR_LAYOUT_PLANES] = {-1, -1, -1, -1};
	uint32_t names[COMPOSITOR_LAYOUT_PLANES];
	char name[COMPOSITOR_PEER_NAME];

	taker->waiting = false;
	if (collect(taker, fds, names) < 0) {
		fail_taker(taker, TESTCARD_SHARE_V1_FAILURE_NO_MEMORY);
		return;
	}
	send_planes(taker, fds, names);
	compositor_peer_name(offer->shares->server, taker->peer, name);
	compositor_info("share '%s' goes to client %d (%s)", offer->name, (int)taker->peer->pid,
		name);
	testcard_share_offer_v1_send_accepted(offer->resource, taker->acceptance,
		taker->peer->pid, name, taker->transport);
}

void compositor_taker_answer(struct compositor_taker *taker, bool allow)
{
	if (allow)
		grant(taker);
	else
		fail_taker(taker, TESTCARD_SHARE_V1_FAILURE_DENIED);
}

void compositor_taker_revoke(struct compositor_taker *taker, uint32_t reason)
{
	if (taker->waiting) {
		fail_taker(taker, TESTCARD_SHARE_V1_FAILURE_NO_SUCH_OFFER);
	} else if (!taker->over) {
		finish_taker(taker);
		testcard_share_v1_send_revoked(taker->resource, reason);
	}
}

static void taker_destroyed(struct wl_resource *resource)
{
	struct compositor_taker *taker = wl_resource_get_user_data(resource);

	if (!taker)
		return;
	if (taker->offer && !taker->waiting)
		testcard_share_offer_v1_send_released(taker->offer->resource, taker->acceptance);
	finish_taker(taker);
	wl_list_remove(&taker->link);
	compositor_peer_put(taker->peer);
	free(taker);
}

static const struct testcard_share_v1_interface share_requests = {.destroy = handle_destroy};

static struct compositor_taker *taker_create(struct wl_resource *resource, uint32_t transport)
{
	struct compositor_peer *peer = compositor_peer_of(wl_resource_get_client(resource));
	struct compositor_taker *taker = peer ? calloc(1, sizeof(*taker)) : NULL;

	wl_resource_set_implementation(resource, &share_requests, taker, taker_destroyed);
	if (!taker) {
		compositor_peer_put(peer);
		return NULL;
	}
	wl_list_init(&taker->link);
	taker->resource = resource;
	taker->peer = peer;
	taker->transport = transport;
	peer->shares++;
	return taker;
}

/* ---- watchers ---- */

static void accept_offer(struct compositor_shares *shares, struct compositor_taker *taker,
	const char *name)
{
	struct compositor_offer *offer = compositor_offer_find(shares, name);
	bool by_name = taker->transport == TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK;
	enum compositor_verdict verdict = compositor_share_verdict(shares, taker->peer);

	if (taker->peer->shares > COMPOSITOR_PEER_SHARES) {
		fail_taker(taker, TESTCARD_SHARE_V1_FAILURE_TOO_MANY);
	} else if (!offer) {
		fail_taker(taker, TESTCARD_SHARE_V1_FAILURE_NO_SUCH_OFFER);
	} else if (by_name && !taker->peer->authenticated) {
		fail_taker(taker, TESTCARD_SHARE_V1_FAILURE_NOT_AUTHENTICATED);
	} else if (verdict == COMPOSITOR_DENY) {
		fail_taker(taker, TESTCARD_SHARE_V1_FAILURE_DENIED);
	} else {
		taker->offer = offer;
		taker->acceptance = ++shares->last_acceptance;
		wl_list_insert(offer->takers.prev, &taker->link);
		taker->waiting = verdict == COMPOSITOR_ASK;
		if (taker->waiting)
			compositor_info("client %d asks for share '%s': \"shares allow %u\" or deny",
				(int)taker->peer->pid, offer->name, taker->acceptance);
		else
			grant(taker);
	}
}

static void handle_accept(struct wl_client *client, struct wl_resource *resource, uint32_t id,
	const char *name, uint32_t transport)
{
	struct compositor_shares *shares = wl_resource_get_user_data(resource);
	struct wl_resource *made;

	if (transport > TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK) {
		compositor_peer_fail(resource, TESTCARD_SHARE_WATCHER_V1_ERROR_INVALID_TRANSPORT,
			"transport %u", transport);
		return;
	}
	made = wl_resource_create(client, &testcard_share_v1_interface,
		wl_resource_get_version(resource), id);
	struct compositor_taker *taker = made ? taker_create(made, transport) : NULL;
	if (taker)
		accept_offer(shares, taker, name);
	else
		wl_client_post_no_memory(client);
}

static const struct testcard_share_watcher_v1_interface watcher_requests = {
	.destroy = handle_destroy,
	.accept = handle_accept,
};

static void tell(struct wl_resource *watcher, const struct compositor_offer *offer)
{
	const struct compositor_layout *layout = &offer->layout;
	char name[COMPOSITOR_PEER_NAME];

	compositor_peer_name(offer->shares->server, offer->owner, name);
	testcard_share_watcher_v1_send_offer(watcher, offer->name, offer->owner->pid, name,
		layout->width, layout->height, layout->format, layout->modifier >> 32,
		layout->modifier & UINT32_MAX, offer->transport);
}

void compositor_watchers_tell(struct compositor_offer *offer)
{
	struct wl_resource *watcher;

	wl_resource_for_each(watcher, &offer->shares->watchers) {
		tell(watcher, offer);
		testcard_share_watcher_v1_send_done(watcher);
	}
}

void compositor_watchers_withdraw(struct compositor_offer *offer)
{
	struct wl_resource *watcher;

	wl_resource_for_each(watcher, &offer->shares->watchers) {
		testcard_share_watcher_v1_send_withdrawn(watcher, offer->name);
		testcard_share_watcher_v1_send_done(watcher);
	}
}

static void watcher_destroyed(struct wl_resource *resource)
{
	wl_list_remove(wl_resource_get_link(resource));
}

static unsigned count_watchers(struct compositor_shares *shares, struct wl_client *client)
{
	struct wl_resource *watcher;
	unsigned count = 0;

	wl_resource_for_each(watcher, &shares->watchers)
		count += wl_resource_get_client(watcher) == client;
	return count;
}

void compositor_watcher_create(struct compositor_shares *shares, struct wl_resource *resource)
{
	struct wl_client *client = wl_resource_get_client(resource);
	struct compositor_offer *offer;
	bool many = count_watchers(shares, client) >= COMPOSITOR_PEER_WATCHERS;

	wl_resource_set_implementation(resource, &watcher_requests, shares, watcher_destroyed);
	wl_list_insert(&shares->watchers, wl_resource_get_link(resource));
	if (many) {
		wl_client_post_no_memory(client);
		return;
	}
	wl_list_for_each(offer, &shares->offers, link)
		tell(resource, offer);
	testcard_share_watcher_v1_send_done(resource);
}
