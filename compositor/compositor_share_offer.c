/* Offers that stand, and their end. */
#include <stdlib.h>
#include <string.h>

#include "testcard-share-v1-protocol.h"

#include "compositor_log.h"
#include "compositor_share.h"

struct compositor_offer *compositor_offer_find(struct compositor_shares *shares, const char *name)
{
	struct compositor_offer *offer;

	wl_list_for_each(offer, &shares->offers, link) {
		if (strcmp(offer->name, name) == 0)
			return offer;
	}
	return NULL;
}

static bool stands(const struct compositor_offer *offer)
{
	return offer->bos[0];
}

void compositor_offer_revoke(struct compositor_offer *offer, uint32_t reason)
{
	struct compositor_taker *taker, *next;

	if (!stands(offer))
		return;
	wl_list_remove(&offer->link);
	wl_list_init(&offer->link);
	for (unsigned i = 0; i < offer->layout.plane_count; i++) {
		compositor_bo_put(offer->bos[i]);
		offer->bos[i] = NULL;
	}
	offer->owner->offers--;
	compositor_info("share '%s' of client %d is revoked%s", offer->name,
		(int)offer->owner->pid, reason == TESTCARD_SHARE_OFFER_V1_REASON_COMPOSITOR ?
		" from outside" : "");
	compositor_watchers_withdraw(offer);
	wl_list_for_each_safe(taker, next, &offer->takers, link)
		compositor_taker_revoke(taker, reason);
	if (reason != TESTCARD_SHARE_OFFER_V1_REASON_OWNER_GONE)
		testcard_share_offer_v1_send_revoked(offer->resource, reason);
}

static void handle_destroy(struct wl_client *client, struct wl_resource *resource)
{
	wl_resource_destroy(resource);
}

/* No user data: it failed. */
static void handle_revoke(struct wl_client *client, struct wl_resource *resource)
{
	struct compositor_offer *offer = wl_resource_get_user_data(resource);

	if (offer)
		compositor_offer_revoke(offer, TESTCARD_SHARE_OFFER_V1_REASON_OWNER);
}

static const struct testcard_share_offer_v1_interface requests = {
	.destroy = handle_destroy,
	.revoke = handle_revoke,
};

static void destroyed(struct wl_resource *resource)
{
	struct compositor_offer *offer = wl_resource_get_user_data(resource);
	struct compositor_taker *taker, *next;

	if (!offer)
		return;
	compositor_offer_revoke(offer, TESTCARD_SHARE_OFFER_V1_REASON_OWNER_GONE);
	wl_list_for_each_safe(taker, next, &offer->takers, link) {
		wl_list_remove(&taker->link);
		wl_list_init(&taker->link);
		taker->offer = NULL;
	}
	compositor_peer_put(offer->owner);
	free(offer);
}

/* NULL: why says what the client is to be told. */
static struct compositor_offer *make(struct compositor_shares *shares,
	struct wl_resource *resource, const char *name, uint32_t *why)
{
	struct compositor_peer *owner = compositor_peer_of(wl_resource_get_client(resource));
	struct compositor_offer *offer = NULL;

	if (!owner)
		*why = TESTCARD_SHARE_OFFER_V1_FAILURE_NO_MEMORY;
	else if (compositor_share_verdict(shares, owner) == COMPOSITOR_DENY)
		*why = TESTCARD_SHARE_OFFER_V1_FAILURE_DENIED;
	else if (owner->offers >= COMPOSITOR_PEER_OFFERS)
		*why = TESTCARD_SHARE_OFFER_V1_FAILURE_TOO_MANY;
	else if (compositor_offer_find(shares, name))
		*why = TESTCARD_SHARE_OFFER_V1_FAILURE_NAME_TAKEN;
	else if (!(offer = calloc(1, sizeof(*offer))))
		*why = TESTCARD_SHARE_OFFER_V1_FAILURE_NO_MEMORY;
	if (!offer) {
		compositor_peer_put(owner);
		return NULL;
	}
	offer->shares = shares;
	offer->resource = resource;
	offer->owner = owner;
	strcpy(offer->name, name); /* its length has been checked */
	wl_list_init(&offer->takers);
	return offer;
}

void compositor_offer_create(struct compositor_shares *shares, struct wl_resource *resource,
	const char *name, uint32_t transport, const struct compositor_layout *layout,
	struct compositor_bo *const *bos)
{
	uint32_t why;
	struct compositor_offer *offer = make(shares, resource, name, &why);

	wl_resource_set_implementation(resource, &requests, offer, destroyed);
	if (!offer) {
		for (unsigned i = 0; i < layout->plane_count; i++)
			compositor_bo_put(bos[i]);
		compositor_info("no share '%s': failure %u", name, why);
		testcard_share_offer_v1_send_failed(resource, why);
		return;
	}
	offer->transport = transport;
	offer->layout = *layout;
	memcpy(offer->bos, bos, layout->plane_count * sizeof(*bos));
	offer->owner->offers++;
	wl_list_insert(shares->offers.prev, &offer->link);
	compositor_info("share '%s' of client %d: %ux%u %.4s", offer->name,
		(int)offer->owner->pid, layout->width, layout->height,
		(const char *)&layout->format);
	testcard_share_offer_v1_send_offered(resource);
	compositor_watchers_tell(offer);
}
