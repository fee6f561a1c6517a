#include "demo_share.h"

#include <stdio.h>
#include <string.h>

#include "testcard-share-v1-client-protocol.h"

/* ---- an offer ---- */

static void offer_offered(void *data, struct testcard_share_offer_v1 *resource)
{
	struct demo_offer *offer = data;

	offer->offered = true;
}

static void offer_failed(void *data, struct testcard_share_offer_v1 *resource, uint32_t reason)
{
	struct demo_offer *offer = data;

	offer->failed = true;
	offer->why = reason;
}

static void offer_accepted(void *data, struct testcard_share_offer_v1 *resource,
	uint32_t acceptance, int32_t pid, const char *app_id, uint32_t transport)
{
	struct demo_offer *offer = data;

	offer->accepted++;
	printf("accepted by %s (%d) as a %s\n", app_id, pid,
		transport == TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK ? "flink name" : "dma-buf");
	fflush(stdout);
}

static void offer_released(void *data, struct testcard_share_offer_v1 *resource,
	uint32_t acceptance)
{
	struct demo_offer *offer = data;

	offer->released++;
}

static void offer_revoked(void *data, struct testcard_share_offer_v1 *resource, uint32_t reason)
{
	struct demo_offer *offer = data;

	offer->revoked = true;
}

static const struct testcard_share_offer_v1_listener offer_listener = {
	.offered = offer_offered,
	.failed = offer_failed,
	.accepted = offer_accepted,
	.released = offer_released,
	.revoked = offer_revoked,
};

void demo_offer_init(struct demo_offer *offer, struct demo_window *window, const char *name,
	const struct demo_image *image)
{
	static const char *const failures[] = {"the name is taken", "we have too many offers",
		"the compositor denies it", "the compositor could not keep it"};

	if (!window->share)
		demo_die("the compositor has no testcard-share");
	*offer = (struct demo_offer){0};
	struct testcard_share_params_v1 *params =
		testcard_share_manager_v1_create_params(window->share);
	if (image->name)
		testcard_share_params_v1_add_name(params, image->name, 0, 0, image->stride);
	else
		testcard_share_params_v1_add_fd(params, image->fd, 0, 0, image->stride);
	offer->offer = testcard_share_params_v1_offer(params, name, image->width, image->height,
		image->format, image->modifier >> 32, image->modifier & 0xffffffff);
	testcard_share_offer_v1_add_listener(offer->offer, &offer_listener, offer);
	testcard_share_params_v1_destroy(params);
	while (!offer->offered && !offer->failed) {
		if (!demo_dispatch(window))
			demo_die("the compositor refuses the offer of %s", name);
	}
	if (offer->failed)
		demo_die("can not offer %s: %s", name, offer->why < 4 ? failures[offer->why] : "?");
}

void demo_offer_finish(struct demo_offer *offer)
{
	testcard_share_offer_v1_destroy(offer->offer);
}

/* ---- what was accepted ---- */

static void share_buffer(void *data, struct testcard_share_v1 *resource, uint32_t width,
	uint32_t height, uint32_t format, uint32_t modifier_hi, uint32_t modifier_lo,
	uint32_t plane_count)
{
	struct demo_share *share = data;

	if (plane_count != 1)
		demo_die("%s has %u planes, not 1", share->name, plane_count);
	share->image.width = width;
	share->image.height = height;
	share->image.format = format;
	share->image.modifier = (uint64_t)modifier_hi << 32 | modifier_lo;
}

static void share_plane_fd(void *data, struct testcard_share_v1 *resource, uint32_t plane,
	int32_t fd, uint32_t offset, uint32_t stride)
{
	struct demo_share *share = data;

	share->image.fd = fd;
	share->image.stride = stride;
}

static void share_plane_name(void *data, struct testcard_share_v1 *resource, uint32_t plane,
	uint32_t name, uint32_t offset, uint32_t stride)
{
	struct demo_share *share = data;

	share->image.name = name;
	share->image.stride = stride;
}

static void share_done(void *data, struct testcard_share_v1 *resource)
{
	struct demo_share *share = data;

	share->done = true;
}

static void share_failed(void *data, struct testcard_share_v1 *resource, uint32_t reason)
{
	struct demo_share *share = data;

	share->failed = true;
	share->why = reason;
}

static void share_revoked(void *data, struct testcard_share_v1 *resource, uint32_t reason)
{
	struct demo_share *share = data;

	share->revoked = true;
}

static const struct testcard_share_v1_listener share_listener = {
	.buffer = share_buffer,
	.plane_fd = share_plane_fd,
	.plane_name = share_plane_name,
	.done = share_done,
	.failed = share_failed,
	.revoked = share_revoked,
};

/* ---- watching for it ---- */

static void watcher_offer(void *data, struct testcard_share_watcher_v1 *watcher, const char *name,
	int32_t pid, const char *app_id, uint32_t width, uint32_t height, uint32_t format,
	uint32_t modifier_hi, uint32_t modifier_lo, uint32_t transport)
{
	struct demo_share *share = data;

	share->seen = share->seen || strcmp(name, share->name) == 0;
}

static void watcher_withdrawn(void *data, struct testcard_share_watcher_v1 *watcher,
	const char *name)
{
	struct demo_share *share = data;

	share->seen = share->seen && strcmp(name, share->name) != 0;
}

static void watcher_done(void *data, struct testcard_share_watcher_v1 *watcher)
{
}

static const struct testcard_share_watcher_v1_listener watcher_listener = {
	.offer = watcher_offer,
	.withdrawn = watcher_withdrawn,
	.done = watcher_done,
};

/* False = it was withdrawn meanwhile. */
static bool accept_offer(struct demo_share *share, struct demo_window *window, bool by_fd)
{
	static const char *const failures[] = {"there is no such offer", "it is denied",
		"we are not authenticated", "we have accepted too much", "no memory"};

	while (!share->seen) {
		if (!demo_dispatch(window))
			demo_die("nobody offers %s", share->name);
	}
	share->seen = share->done = share->failed = false;
	share->share = testcard_share_watcher_v1_accept(share->watcher, share->name, by_fd ?
		TESTCARD_SHARE_MANAGER_V1_TRANSPORT_DMABUF :
		TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK);
	testcard_share_v1_add_listener(share->share, &share_listener, share);
	while (!share->done && !share->failed) {
		if (!demo_dispatch(window))
			demo_die("the compositor is gone");
	}
	if (share->done)
		return true;
	if (share->why != TESTCARD_SHARE_V1_FAILURE_NO_SUCH_OFFER)
		demo_die("can not accept %s: %s", share->name,
			share->why < 5 ? failures[share->why] : "?");
	testcard_share_v1_destroy(share->share);
	return false;
}

void demo_share_init(struct demo_share *share, struct demo_window *window, const char *name,
	bool by_fd)
{
	if (!window->share)
		demo_die("the compositor has no testcard-share");
	*share = (struct demo_share){.name = name, .image.fd = -1};
	share->watcher = testcard_share_manager_v1_get_watcher(window->share);
	testcard_share_watcher_v1_add_listener(share->watcher, &watcher_listener, share);
	while (!accept_offer(share, window, by_fd))
		;
}

void demo_share_finish(struct demo_share *share)
{
	testcard_share_v1_destroy(share->share);
	testcard_share_watcher_v1_destroy(share->watcher);
}
