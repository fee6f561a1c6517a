/* Who may offer and accept. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compositor_share.h"
#include "gem_base.h"

static const char *const names[] = {
	[COMPOSITOR_ALLOW] = "allow",
	[COMPOSITOR_ASK] = "ask",
	[COMPOSITOR_DENY] = "deny",
};

const char *compositor_verdict_name(enum compositor_verdict verdict)
{
	return names[verdict];
}

bool compositor_verdict_parse(const char *word, enum compositor_verdict *verdict)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], word) == 0) {
			*verdict = i;
			return true;
		}
	}
	return false;
}

static const struct compositor_rule *find(const struct compositor_shares *shares, const char *who)
{
	for (unsigned i = 0; i < shares->rule_count; i++) {
		if (strcmp(shares->rules[i].who, who) == 0)
			return &shares->rules[i];
	}
	return NULL;
}

enum compositor_verdict compositor_share_verdict(const struct compositor_shares *shares,
	const struct compositor_peer *peer)
{
	char pid[16], name[COMPOSITOR_PEER_NAME];

	snprintf(pid, sizeof(pid), "%d", (int)peer->pid);
	const struct compositor_rule *rule = find(shares, pid);
	if (!rule) {
		compositor_peer_name(shares->server, peer, name);
		rule = find(shares, name);
	}
	return rule ? rule->verdict : shares->verdict;
}

int compositor_share_set_verdict(struct compositor_shares *shares, const char *who,
	enum compositor_verdict verdict)
{
	struct compositor_rule *rule = who ? (struct compositor_rule *)find(shares, who) : NULL;

	if (!who) {
		shares->verdict = verdict;
		return 0;
	}
	if (!rule) {
		if (strlen(who) >= sizeof(rule->who))
			return -ENAMETOOLONG;
		if (shares->rule_count == COMPOSITOR_RULES_MAX)
			return -ENOSPC;
		rule = &shares->rules[shares->rule_count++];
		strcpy(rule->who, who);
	}
	rule->verdict = verdict;
	return 0;
}
