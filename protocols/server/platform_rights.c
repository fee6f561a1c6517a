/* Who may open the nodes, as a person says it. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform_internal.h"

static const struct {
	const char *name, *prefix;
} kinds[] = {
	{"card", "/dev/dri/card"},
	{"render", "/dev/dri/renderD"},
	{"input", "/dev/input/"},
	{"fb", "/dev/fb"},
	{"tty", "/dev/tty"},
};
_Static_assert(GEM_ARRAY_SIZE(kinds) == PLATFORM_RIGHTS_MAX, "one rule a kind");

static const char udev_rules[] = "card=0660:root:video,render=0660:root:render,"
	"input=0660:root:input,fb=0660:root:video,tty=0620:root:tty";

static bool parse_user(const char *name, uid_t *uid)
{
	struct passwd *user = getpwnam(name);
	long number;

	if (user)
		*uid = user->pw_uid;
	else if (platform_parse_int(name, 0, INT32_MAX, &number))
		*uid = number;
	else
		return false;
	return true;
}

static bool parse_group(const char *name, gid_t *gid)
{
	struct group *group = getgrnam(name);
	long number;

	if (group)
		*gid = group->gr_gid;
	else if (platform_parse_int(name, 0, INT32_MAX, &number))
		*gid = number;
	else
		return false;
	return true;
}

static bool parse_mode(const char *text, mode_t *mode)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || value > 0777)
		return false;
	*mode = value;
	return true;
}

/* word is changed. NULL, or what is wrong. */
static const char *parse_word(char *word, struct platform_rights *rights)
{
	struct vfs_rule rule = {.rights = {.uid = geteuid(), .gid = getegid()}};
	char *mode = strchr(word, '=');

	if (!mode)
		return "neither udev nor KIND=MODE";
	*mode++ = '\0';
	char *user = strchr(mode, ':'), *group = NULL;
	if (user) {
		*user++ = '\0';
		group = strchr(user, ':');
		if (group)
			*group++ = '\0';
	}
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, word) == 0)
			rule.prefix = kinds[i].prefix;
	}
	if (!rule.prefix)
		return "it is card, render, input, fb or tty";
	for (unsigned i = 0; i < rights->count; i++) {
		if (rights->rules[i].prefix == rule.prefix)
			return "said twice";
	}
	if (!parse_mode(mode, &rule.rights.mode))
		return "no octal mode";
	if (user && !parse_user(user, &rule.rights.uid))
		return "no such user";
	if (group && !parse_group(group, &rule.rights.gid))
		return "no such group";
	rights->rules[rights->count++] = rule;
	return NULL;
}

bool platform_parse_rights(const char *text, struct platform_rights *rights, const char **why)
{
	char *words = strdup(strcmp(text, "udev") == 0 ? udev_rules : text), *rest = words, *word;

	rights->count = 0;
	*why = words ? NULL : "no memory";
	while (!*why && (word = strsep(&rest, ",")))
		*why = parse_word(word, rights);
	free(words);
	return !*why;
}
