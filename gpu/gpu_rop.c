#include <string.h>

#include "gpu_rop.h"

bool gpu_rop_reads_source(const struct gpu_rop *rop)
{
	return ((rop->code >> 2) & 0x33) != (rop->code & 0x33);
}

bool gpu_rop_reads_target(const struct gpu_rop *rop)
{
	return ((rop->code >> 1) & 0x55) != (rop->code & 0x55) || ~rop->write_mask;
}

/* In blocks that the compiler turns into a few vector stores. */
static void fill(uint8_t *target, uint64_t pattern, size_t size)
{
	uint8_t block[64];

	for (unsigned i = 0; i < sizeof(block); i += sizeof(pattern))
		memcpy(block + i, &pattern, sizeof(pattern));
	for (; size >= sizeof(block); size -= sizeof(block), target += sizeof(block))
		memcpy(target, block, sizeof(block));
	memcpy(target, block, size);
}

static uint64_t evaluate(unsigned code, uint64_t p, uint64_t s, uint64_t d)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 8; i++)
		if (code >> i & 1)
			result |= (i & 4 ? p : ~p) & (i & 2 ? s : ~s) & (i & 1 ? d : ~d);
	return result;
}

static void evaluate_row(const struct gpu_rop *rop, uint8_t *target, const uint8_t *source,
	size_t size)
{
	for (size_t done = 0; done < size; done += 8) {
		size_t n = size - done < 8 ? size - done : 8;
		uint64_t s = 0, d = 0, result;

		memcpy(&d, target + done, n);
		if (source)
			memcpy(&s, source + done, n);
		result = (evaluate(rop->code, rop->pattern, s, d) & rop->write_mask) |
			(d & ~rop->write_mask);
		memcpy(target + done, &result, n);
	}
}

void gpu_rop_row(const struct gpu_rop *rop, uint8_t *target, const uint8_t *source, size_t size)
{
	if (!gpu_rop_reads_source(rop) && !gpu_rop_reads_target(rop))
		fill(target, evaluate(rop->code, rop->pattern, 0, 0), size);
	else if (source && rop->code == GPU_ROP_SRCCOPY && !~rop->write_mask)
		memmove(target, source, size);
	else
		evaluate_row(rop, target, source, size);
}
