/*
 * Packets: numbers only; what they mean is in SPEC.md. MI and 2D are those of
 * gen3 (PRM volume 1 of the 915/945/G33 family); COMPOSITE is our own, in the
 * 3D class.
 */
#ifndef GPU_PACKET_H
#define GPU_PACKET_H

#include <stdint.h>

/* Largest packet: length field of 8 bits. */
#define GPU_PACKET_MAX_DWORDS 257u

enum gpu_packet_class { GPU_CLASS_MI = 0, GPU_CLASS_2D = 2, GPU_CLASS_3D = 3 }; /* 31:29 */

/* MI: opcode in 28:23; length in 5:0 from opcode 0x10 on. */
#define GPU_MI(opcode) ((uint32_t)(opcode) << 23)
#define GPU_MI_NOOP GPU_MI(0x00)
#define GPU_MI_USER_INTERRUPT GPU_MI(0x02)
#define GPU_MI_FLUSH GPU_MI(0x04)
#define GPU_MI_ARB_CHECK GPU_MI(0x05)
#define GPU_MI_BATCH_BUFFER_END GPU_MI(0x0a)
#define GPU_MI_STORE_DWORD_IMM (GPU_MI(0x20) | 1) /* + 1: two dwords of data */
#define GPU_MI_STORE_DWORD_INDEX (GPU_MI(0x21) | 1)
#define GPU_MI_BATCH_BUFFER_START (GPU_MI(0x31) | 2 << 6) /* space: graphics memory */
#define GPU_MI_BATCH_NON_SECURE 1u                         /* of the address; ignored */

/* 2D: opcode in 28:22, length in 7:0. */
#define GPU_2D(opcode, dwords) (2u << 29 | (uint32_t)(opcode) << 22 | ((dwords) - 2))
#define GPU_XY_SETUP_CLIP_BLT GPU_2D(0x03, 3)
#define GPU_XY_COLOR_BLT GPU_2D(0x50, 6)
#define GPU_XY_SRC_COPY_BLT GPU_2D(0x53, 8)
#define GPU_BLT_WRITE_ALPHA (1u << 21)
#define GPU_BLT_WRITE_RGB (1u << 20)
/* BR13 */
#define GPU_BLT_CLIP (1u << 30)
#define GPU_BLT_DEPTH_8 (0u << 24)
#define GPU_BLT_DEPTH_565 (1u << 24)
#define GPU_BLT_DEPTH_1555 (2u << 24)
#define GPU_BLT_DEPTH_32 (3u << 24)
#define GPU_BLT_ROP(rop) ((uint32_t)(rop) << 16)

/* A point or the size of something: signed x in 15:0, y in 31:16. */
#define GPU_XY(x, y) ((uint32_t)(uint16_t)(x) | (uint32_t)(uint16_t)(y) << 16)

/* COMPOSITE: 31:24 = 0x7f, what in 23:16, 15:8 zero, length in 7:0. */
#define GPU_COMPOSITE(what, dwords) (0x7fu << 24 | (uint32_t)(what) << 16 | ((dwords) - 2))
#define GPU_COMPOSITE_TARGET GPU_COMPOSITE(1, 4)
#define GPU_COMPOSITE_SCISSOR(rects) GPU_COMPOSITE(2, 2 + 2 * (rects))
#define GPU_COMPOSITE_SOLID GPU_COMPOSITE(3, 2)
#define GPU_COMPOSITE_SURFACE GPU_COMPOSITE(4, 10)
#define GPU_COMPOSITE_MASK GPU_COMPOSITE(5, 4)
#define GPU_COMPOSITE_NO_MASK GPU_COMPOSITE(6, 2)
#define GPU_COMPOSITE_DRAW GPU_COMPOSITE(7, 6)

#define GPU_COMPOSITE_MAX_SCISSORS 127u
#define GPU_COMPOSITE_MAX_SIZE 16384u
/*
 * Format word: pitch in bytes in 17:0 (a multiple of 4), tiling in 19:18, format
 * in 23:20, bilinear in 24.
 */
#define GPU_COMPOSITE_LAYOUT(format, pitch) ((uint32_t)(format) << 20 | (uint32_t)(pitch))
#define GPU_COMPOSITE_TILED_X (1u << 18)
#define GPU_COMPOSITE_TILED_Y (2u << 18)
#define GPU_COMPOSITE_BILINEAR (1u << 24)
enum gpu_composite_format { /* by DRM's names: bits of a little-endian word, high to low */
	GPU_FORMAT_X8R8G8B8,
	GPU_FORMAT_A8R8G8B8,
	GPU_FORMAT_X8B8G8R8,
	GPU_FORMAT_A8B8G8R8,
	GPU_FORMAT_R5G6B5,
	GPU_FORMAT_A8,
	GPU_FORMAT_X2R10G10B10,
	GPU_FORMAT_A2R10G10B10,
	GPU_FORMAT_COUNT
};
/* First word of DRAW: operator in 9:8, alpha (255 = as it is) in 7:0. */
#define GPU_COMPOSITE_SRC (0u << 8)
#define GPU_COMPOSITE_OVER (1u << 8)

#endif
