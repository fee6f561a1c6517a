/*
 * testcard-share-v1 from a client's side: one image on offer, one image accepted.
 * Whatever goes wrong ends the program with a line that says so; what happens to
 * the offer is said on stdout.
 */
#ifndef DEMO_SHARE_H
#define DEMO_SHARE_H

#include "demo_window.h"

struct testcard_share_offer_v1;
struct testcard_share_v1;
struct testcard_share_watcher_v1;

struct demo_offer {
	struct testcard_share_offer_v1 *offer;
	bool offered, failed, revoked;
	uint32_t why; /* it failed */
	unsigned accepted, released; /* how often so far */
};

struct demo_share {
	struct testcard_share_watcher_v1 *watcher;
	struct testcard_share_v1 *share;
	const char *name;
	struct demo_image image;
	bool seen, done, failed;
	bool revoked; /* the owner, or the compositor, has taken it back */
	uint32_t why; /* it failed */
};

/* By the image's name if it has one, else by its fd; on offer when it returns. */
void demo_offer_init(struct demo_offer *offer, struct demo_window *window, const char *name,
	const struct demo_image *image);
void demo_offer_finish(struct demo_offer *offer);

/* Waits until there is an offer of that name, and accepts it; the image's fd is the caller's. */
void demo_share_init(struct demo_share *share, struct demo_window *window, const char *name,
	bool by_fd);
void demo_share_finish(struct demo_share *share);

#endif
