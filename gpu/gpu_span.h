/*
 * Rows of pixels of 8 bits a channel, untransformed, with vectors wider than
 * pixman's: what most draws of a compositor are. Pure; any thread. The results
 * are those of pixman, bit by bit; the unused byte of x8 targets is undefined.
 */
#ifndef GPU_SPAN_H
#define GPU_SPAN_H

#include <pixman.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpu_span {
	/*
	 * n pixels of from, which is not read for a solid source. They do not
	 * overlap. ahead: as many bytes behind from is what is wanted soon; 0 =
	 * nothing is.
	 */
	void (*row)(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
		size_t ahead);
	/*
	 * The same past the caches, for what nobody reads soon. NULL = there is
	 * none. gpu_span_settle before another thread is to see it.
	 */
	void (*stream)(const struct gpu_span *span, uint32_t *to, const uint32_t *from, size_t n,
		size_t ahead);
	uint32_t set;   /* bits that every pixel of the source has, whatever its memory says */
	bool swap;      /* red and blue change places */
	uint8_t alpha;
	uint32_t color; /* solid: in the target's order, times alpha */
};

/*
 * How to draw a source of format from (0 = solid: color, a8r8g8b8) with op, SRC
 * or OVER, and alpha, without a mask. False = leave it to pixman: there is no
 * such row, or the processor lacks the instructions.
 */
bool gpu_span_choose(struct gpu_span *span, pixman_op_t op, pixman_format_code_t from,
	pixman_format_code_t to, uint32_t color, uint8_t alpha);

void gpu_span_settle(void);

#endif
