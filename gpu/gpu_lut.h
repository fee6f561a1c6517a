/* Number -> index in a list: a hash table that is filled once. */
#ifndef GPU_LUT_H
#define GPU_LUT_H

#include <stdbool.h>
#include <stdint.h>

struct gpu_lut_slot {
	uint64_t key;
	unsigned place; /* index + 1, 0 = free */
};

/* Stays where it was initialised. */
struct gpu_lut {
	struct gpu_lut_slot *slots;
	unsigned shift; /* 64 - log2 of their number */
	struct gpu_lut_slot few[16]; /* enough for most lists */
};

/* For up to count entries. -ENOMEM. */
int gpu_lut_init(struct gpu_lut *lut, unsigned count);
void gpu_lut_finish(struct gpu_lut *lut); /* zeroed is fine */
/* False: key is there already. */
bool gpu_lut_add(struct gpu_lut *lut, uint64_t key, unsigned index);
/* -1 = not there. */
int gpu_lut_find(const struct gpu_lut *lut, uint64_t key);

#endif
