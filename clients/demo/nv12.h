/*
 * Pictures as video decoders give them: NV12, a plane of luma of one byte a pixel,
 * then one of chroma, a Cb and a Cr for each 2 by 2 pixels. BT.601, limited range:
 * what planes and GL take for granted when nobody says otherwise.
 */
#ifndef NV12_H
#define NV12_H

#include <stddef.h>
#include <stdint.h>

/* XRGB8888 without gaps; width and height are even. chroma has luma's pitch (bytes). */
void nv12_convert(const uint32_t *pixels, int width, int height, uint8_t *luma, uint8_t *chroma,
	size_t pitch);

#endif
