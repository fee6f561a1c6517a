/* The "shares" command: what is on offer, who has it, and the person's word in it. */
#include <stdlib.h>
#include <string.h>

#include "testcard-share-v1-protocol.h"

#include "compositor_control.h"
#include "compositor_share.h"
#include "control.h"
#include "gem_base.h"

/* On its way to the main thread. */
struct request {
	struct compositor_shares *shares;
	char **argv;
	FILE *out;
	int argc;
};

static const char *transport_name(uint32_t transport)
{
	return transport == TESTCARD_SHARE_MANAGER_V1_TRANSPORT_FLINK ? "flink" : "dma-buf";
}

static void print_peer(struct compositor_shares *shares, const struct compositor_peer *peer,
	FILE *out)
{
	char name[COMPOSITOR_PEER_NAME];

	compositor_peer_name(shares->server, peer, name);
	fprintf(out, "\"pid\":%d,\"app_id\":", (int)peer->pid);
	control_json_string(out, name);
}

static void print_takers(struct compositor_offer *offer, FILE *out)
{
	struct compositor_taker *taker;
	const char *separator = "";

	fputs(",\"takers\":[", out);
	wl_list_for_each(taker, &offer->takers, link) {
		fprintf(out, "%s{\"id\":%u,", separator, taker->acceptance);
		print_peer(offer->shares, taker->peer, out);
		fprintf(out, ",\"transport\":\"%s\",\"waiting\":%s}",
			transport_name(taker->transport), taker->waiting ? "true" : "false");
		separator = ",";
	}
	fputs("]", out);
}

static void print_offer(struct compositor_offer *offer, FILE *out)
{
	const struct compositor_layout *layout = &offer->layout;
	char format[5] = {0};

	/* The client's: any bytes. */
	memcpy(format, &layout->format, sizeof(layout->format));
	fputs("{\"name\":", out);
	control_json_string(out, offer->name);
	fputs(",", out);
	print_peer(offer->shares, offer->owner, out);
	fprintf(out, ",\"width\":%u,\"height\":%u,\"format\":", layout->width,
		layout->height);
	control_json_string(out, format);
	fprintf(out, ",\"modifier\":%llu,\"transport\":\"%s\"",
		(unsigned long long)layout->modifier, transport_name(offer->transport));
	print_takers(offer, out);
	fputs("}", out);
}

static void print_shares(struct compositor_shares *shares, FILE *out)
{
	struct compositor_offer *offer;
	const char *separator = "";

	fprintf(out, "{\"ok\":true,\"policy\":\"%s\",\"rules\":[",
		compositor_verdict_name(shares->verdict));
	for (unsigned i = 0; i < shares->rule_count; i++) {
		fprintf(out, "%s{\"who\":", i ? "," : "");
		control_json_string(out, shares->rules[i].who);
		fprintf(out, ",\"policy\":\"%s\"}",
			compositor_verdict_name(shares->rules[i].verdict));
	}
	fputs("],\"offers\":[", out);
	wl_list_for_each(offer, &shares->offers, link) {
		fputs(separator, out);
		print_offer(offer, out);
		separator = ",";
	}
	fputs("]}", out);
}

static struct compositor_taker *find_waiting(struct compositor_shares *shares, const char *id)
{
	char *end;
	unsigned long number = strtoul(id, &end, 10);
	struct compositor_offer *offer;
	struct compositor_taker *taker;

	if (end == id || *end != '\0')
		return NULL;
	wl_list_for_each(offer, &shares->offers, link) {
		wl_list_for_each(taker, &offer->takers, link) {
			if (taker->waiting && taker->acceptance == number)
				return taker;
		}
	}
	return NULL;
}

/* These return 1 when they did it, 0 when they refused and said why. */
static int set_policy(struct request *request)
{
	enum compositor_verdict verdict;
	const char *who = request->argc > 3 ? request->argv[3] : NULL;

	if (!compositor_verdict_parse(request->argv[2], &verdict))
		return control_refuse(request->out, "policy %s: allow, ask or deny",
			request->argv[2]);
	int err = compositor_share_set_verdict(request->shares, who, verdict);
	if (err < 0)
		return control_refuse(request->out, "policy for %s: %s", who, strerror(-err));
	return 1;
}

static int revoke(struct request *request)
{
	struct compositor_offer *offer = compositor_offer_find(request->shares, request->argv[2]);

	if (!offer)
		return control_refuse(request->out, "no share '%s'", request->argv[2]);
	compositor_offer_revoke(offer, TESTCARD_SHARE_OFFER_V1_REASON_COMPOSITOR);
	return 1;
}

static int answer(struct request *request)
{
	struct compositor_taker *taker = find_waiting(request->shares, request->argv[2]);

	if (!taker)
		return control_refuse(request->out, "nobody waits with number %s",
			request->argv[2]);
	compositor_taker_answer(taker, strcmp(request->argv[1], "allow") == 0);
	return 1;
}

static const struct {
	const char *word;
	int argc_max;
	int (*run)(struct request *request); /* with 3 words at least */
} changes[] = {
	{"revoke", 3, revoke},
	{"allow", 3, answer},
	{"deny", 3, answer},
	{"policy", 4, set_policy},
};

static int change(struct request *request)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(changes); i++) {
		if (strcmp(changes[i].word, request->argv[1]) == 0 && request->argc >= 3 &&
		    request->argc <= changes[i].argc_max)
			return changes[i].run(request);
	}
	return control_refuse(request->out, "usage: shares [revoke NAME | allow ID | deny ID | "
		"policy allow|ask|deny [WHO]]");
}

static int run(void *data)
{
	struct request *request = data;
	int done = request->argc > 1 ? change(request) : 1;

	if (done > 0)
		print_shares(request->shares, request->out);
	return done < 0 ? done : 0;
}

static int handle(void *data, int argc, char **argv, FILE *out)
{
	struct compositor_control *control = data;
	struct request request = {control->server->shares, argv, out, argc};

	return compositor_call(control->calls, run, &request);
}

int compositor_share_control_add(struct compositor_control *control, struct control_server *to)
{
	return control_add(to, "shares", "shares [revoke NAME | allow ID | deny ID | policy "
		"allow|ask|deny [WHO]]: buffers that clients offer each other (testcard-share-v1); WHO "
		"is a pid or an app_id", handle, control);
}
