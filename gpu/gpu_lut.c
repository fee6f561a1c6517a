#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_base.h"
#include "gpu_lut.h"

int gpu_lut_init(struct gpu_lut *lut, unsigned count)
{
	unsigned bits = 4;

	/* At most half full. */
	while (1ull << bits < 2ull * count)
		bits++;
	lut->shift = 64 - bits;
	if (1ull << bits <= GEM_ARRAY_SIZE(lut->few)) {
		memset(lut->few, 0, sizeof(lut->few));
		lut->slots = lut->few;
	} else {
		lut->slots = calloc(1ull << bits, sizeof(*lut->slots));
	}
	return lut->slots ? 0 : -ENOMEM;
}

void gpu_lut_finish(struct gpu_lut *lut)
{
	if (lut->slots != lut->few)
		free(lut->slots);
	lut->slots = NULL;
}

/* key's slot, or the free one where it would be. */
static struct gpu_lut_slot *find(const struct gpu_lut *lut, uint64_t key)
{
	uint64_t mask = UINT64_MAX >> lut->shift, at = key * 0x9e3779b97f4a7c15ull >> lut->shift;

	while (lut->slots[at].place && lut->slots[at].key != key)
		at = (at + 1) & mask;
	return &lut->slots[at];
}

bool gpu_lut_add(struct gpu_lut *lut, uint64_t key, unsigned index)
{
	struct gpu_lut_slot *slot = find(lut, key);

	if (slot->place)
		return false;
	*slot = (struct gpu_lut_slot){key, index + 1};
	return true;
}

int gpu_lut_find(const struct gpu_lut *lut, uint64_t key)
{
	return (int)find(lut, key)->place - 1;
}
