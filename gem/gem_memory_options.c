/* Memory options as text, for command lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_memory.h"

struct key {
	const char *name;
	size_t offset; /* of a uint64_t in the options */
};

static const struct key keys[] = {
	{"budget", offsetof(struct gem_memory_options, budget)},
	{"phys", offsetof(struct gem_memory_options, phys)},
	{"stolen", offsetof(struct gem_memory_options, stolen)},
	{"vram", offsetof(struct gem_memory_options, local)},
	{"swap", offsetof(struct gem_memory_options, swap_limit)},
};

/* Decimal with K, M, G or none behind it; whole pages, not 0. */
static int parse_size(const char *text, size_t len, uint64_t *size)
{
	static const char units[] = "KMG";
	uint64_t value = 0;
	unsigned shift = 0;

	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	if (unit) {
		shift = 10 * (unit - units + 1);
		len--;
	}
	if (len == 0 || len > 12)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (text[i] - '0');
	}
	if (value == 0 || value > UINT64_MAX >> 1 >> shift)
		return -EINVAL;
	value <<= shift;
	if (value & (GEM_PAGE_SIZE - 1))
		return -EINVAL;
	*size = value;
	return 0;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

static int parse_word(const char *text, size_t len, struct gem_memory_options *options)
{
	const char *equals = memchr(text, '=', len);

	if (is_word(text, len, "strict")) {
		options->strict = true;
		return 0;
	}
	if (is_word(text, len, "noswap")) {
		options->no_swap = true;
		return 0;
	}
	for (size_t i = 0; equals && i < GEM_ARRAY_SIZE(keys); i++) {
		if (is_word(text, equals - text, keys[i].name))
			return parse_size(equals + 1, len - (equals + 1 - text),
				(uint64_t *)((char *)options + keys[i].offset));
	}
	return -EINVAL;
}

int gem_memory_parse_options(const char *text, struct gem_memory_options *options)
{
	struct gem_memory_options parsed = {0};

	for (;;) {
		size_t len = strcspn(text, ",");
		int ret = parse_word(text, len, &parsed);
		if (ret)
			return ret;
		if (!text[len])
			break;
		text += len + 1;
	}
	*options = parsed;
	return 0;
}
