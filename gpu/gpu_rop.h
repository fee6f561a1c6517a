/*
 * Raster operations on rows of bytes. Pure; any thread. A ROP is the truth
 * table of GDI: bit (P << 2 | S << 1 | D) is the result.
 */
#ifndef GPU_ROP_H
#define GPU_ROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GPU_ROP_BLACKNESS = 0x00, GPU_ROP_SRCCOPY = 0xcc, GPU_ROP_PATCOPY = 0xf0,
	GPU_ROP_WHITENESS = 0xff };

struct gpu_rop {
	uint8_t code;
	uint64_t pattern;    /* P, from a row's first byte on, repeated */
	uint64_t write_mask; /* bits of a row's 8 bytes that change, repeated */
};

bool gpu_rop_reads_source(const struct gpu_rop *rop);
/* Also true when the write mask leaves bits as they are. */
bool gpu_rop_reads_target(const struct gpu_rop *rop);

/*
 * size bytes of target become rop of the pattern, source and target. source
 * NULL = zeros. They may be the same row; other overlaps only with SRCCOPY.
 */
void gpu_rop_row(const struct gpu_rop *rop, uint8_t *target, const uint8_t *source, size_t size);

#endif
