/*
 * testcard-share-v1: buffers that clients offer to each other by name, and what the
 * person at the controls has to say about it. The protocol's XML has the rules.
 *
 * Files: compositor_share.c the global and what is being offered;
 * compositor_share_offer.c offers that stand; compositor_share_watch.c watching
 * and accepting; compositor_share_policy.c who may; compositor_share_control.c
 * the "shares" command. Main thread.
 */
#ifndef COMPOSITOR_SHARE_H
#define COMPOSITOR_SHARE_H

#include <stdio.h>

#include "compositor_exchange.h"
#include "compositor_peer.h"

struct compositor_control;
struct compositor_server;
struct control_server;

enum { COMPOSITOR_OFFER_NAME = 64, COMPOSITOR_RULES_MAX = 64 };

enum compositor_verdict {
	COMPOSITOR_ALLOW,
	COMPOSITOR_ASK, /* the person: "shares allow" or "shares deny" */
	COMPOSITOR_DENY,
};

struct compositor_rule {
	char who[COMPOSITOR_PEER_NAME]; /* a pid in digits, or what a client calls itself */
	enum compositor_verdict verdict;
};

struct compositor_shares {
	struct compositor_server *server;
	struct compositor_exchange *exchange;
	struct wl_global *global;
	struct wl_list offers;   /* compositor_offer.link: those that stand, oldest first */
	struct wl_list watchers; /* wl_resource_get_link of testcard_share_watcher_v1 */
	uint32_t last_acceptance;
	enum compositor_verdict verdict; /* of whom no rule is about */
	struct compositor_rule rules[COMPOSITOR_RULES_MAX];
	unsigned rule_count;
};

struct compositor_offer {
	struct wl_list link; /* compositor_shares.offers, or itself once it is revoked */
	struct compositor_shares *shares;
	struct wl_resource *resource; /* testcard_share_offer_v1 */
	struct compositor_peer *owner;
	char name[COMPOSITOR_OFFER_NAME];
	uint32_t transport; /* that the owner used */
	struct compositor_layout layout;
	struct compositor_bo *bos[COMPOSITOR_LAYOUT_PLANES]; /* NULL once it is revoked */
	struct wl_list takers; /* compositor_taker.link */
};

/* Who has accepted an offer, or waits for the person's answer. */
struct compositor_taker {
	struct wl_list link; /* compositor_offer.takers, or itself */
	struct compositor_offer *offer; /* NULL: there was none, or it is no more */
	struct wl_resource *resource;   /* testcard_share_v1 */
	struct compositor_peer *peer;
	uint32_t acceptance, transport;
	bool waiting, over; /* over: revoked or failed, nothing more will be said */
};

/* What it is given must outlive it. Negative errno. */
int compositor_shares_create(struct compositor_server *server,
	struct compositor_exchange *exchange, struct compositor_shares **out);
/* The clients are gone. NULL is fine. */
void compositor_shares_destroy(struct compositor_shares *shares);

/* Every offer is revoked: the device that the buffers were on is gone. */
void compositor_shares_revoke(struct compositor_shares *shares);

/* ---- compositor_share_offer.c ---- */

/* The offer that stands under a name, or NULL. */
struct compositor_offer *compositor_offer_find(struct compositor_shares *shares,
	const char *name);
/*
 * Puts an offer up, told by resource; or tells resource why not. The objects are
 * the offer's on return, or put.
 */
void compositor_offer_create(struct compositor_shares *shares, struct wl_resource *resource,
	const char *name, uint32_t transport, const struct compositor_layout *layout,
	struct compositor_bo *const *bos);
/* reason: testcard_share_offer_v1.reason. */
void compositor_offer_revoke(struct compositor_offer *offer, uint32_t reason);

/* ---- compositor_share_watch.c ---- */

void compositor_watcher_create(struct compositor_shares *shares, struct wl_resource *resource);
/* Every watcher learns of it. */
void compositor_watchers_tell(struct compositor_offer *offer);
void compositor_watchers_withdraw(struct compositor_offer *offer);
/* The answer for one who waits. */
void compositor_taker_answer(struct compositor_taker *taker, bool allow);
void compositor_taker_revoke(struct compositor_taker *taker, uint32_t reason);

/* ---- compositor_share_policy.c ---- */

const char *compositor_verdict_name(enum compositor_verdict verdict);
/* False = no such word. */
bool compositor_verdict_parse(const char *word, enum compositor_verdict *verdict);
/* Rules by pid come before those by name. */
enum compositor_verdict compositor_share_verdict(const struct compositor_shares *shares,
	const struct compositor_peer *peer);
/* who: NULL = all of whom no rule is about. -ENOSPC, -ENAMETOOLONG. */
int compositor_share_set_verdict(struct compositor_shares *shares, const char *who,
	enum compositor_verdict verdict);

/* ---- compositor_share_control.c ---- */

/* Adds "shares"; control must outlive the server of commands. Negative errno. */
int compositor_share_control_add(struct compositor_control *control, struct control_server *to);

#endif
