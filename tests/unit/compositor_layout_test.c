/* What a client may say of where its picture lies, and how many bytes that takes. */
#include <drm_fourcc.h>
#include <i915_drm.h>

#include "compositor_layout.h"
#include "test.h"

static const struct row {
	const char *label;
	struct compositor_layout layout;
	enum compositor_fault fault;
	uint64_t need[2]; /* of the planes, when there is no fault */
} rows[] = {
	{"linear", {100, 50, DRM_FORMAT_XRGB8888, 0, 1, {{0, 400}}}, COMPOSITOR_FAULT_NONE, {20000}},
	{"offset and pitch", {100, 50, DRM_FORMAT_XRGB8888, 0, 1, {{64, 512}}},
		COMPOSITOR_FAULT_NONE, {64 + 512 * 50}},
	{"16 bits", {100, 50, DRM_FORMAT_RGB565, 0, 1, {{0, 200}}}, COMPOSITOR_FAULT_NONE, {10000}},
	{"x-tiled: whole tiles", {100, 50, DRM_FORMAT_XRGB8888, I915_FORMAT_MOD_X_TILED, 1,
		{{4096, 512}}}, COMPOSITOR_FAULT_NONE, {4096 + 512 * 56}},
	{"y-tiled: whole tiles", {30, 33, DRM_FORMAT_XRGB8888, I915_FORMAT_MOD_Y_TILED, 1, {{0, 128}}},
		COMPOSITOR_FAULT_NONE, {128 * 64}},
	{"two planes", {64, 64, DRM_FORMAT_NV12, 0, 2, {{0, 64}, {4096, 64}}}, COMPOSITOR_FAULT_NONE,
		{4096, 4096 + 64 * 32}},
	{"odd size, chroma rounded up", {63, 63, DRM_FORMAT_NV12, 0, 2, {{0, 64}, {4096, 64}}},
		COMPOSITOR_FAULT_NONE, {64 * 63, 4096 + 64 * 32}},
	{"largest", {16384, 16384, DRM_FORMAT_XRGB8888, 0, 1, {{0, 65536}}}, COMPOSITOR_FAULT_NONE,
		{1ull << 30}},
	{"no format", {100, 50, 0, 0, 1, {{0, 400}}}, COMPOSITOR_FAULT_FORMAT, {0}},
	{"no modifier", {100, 50, DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_INVALID, 1, {{0, 400}}},
		COMPOSITOR_FAULT_FORMAT, {0}},
	{"a plane too few", {64, 64, DRM_FORMAT_NV12, 0, 1, {{0, 64}}}, COMPOSITOR_FAULT_PLANES, {0}},
	{"a plane too many", {64, 64, DRM_FORMAT_XRGB8888, 0, 2, {{0, 256}, {0, 256}}},
		COMPOSITOR_FAULT_PLANES, {0}},
	{"no plane", {64, 64, DRM_FORMAT_XRGB8888, 0, 0, {{0, 256}}}, COMPOSITOR_FAULT_PLANES, {0}},
	{"no width", {0, 50, DRM_FORMAT_XRGB8888, 0, 1, {{0, 400}}}, COMPOSITOR_FAULT_SIZE, {0}},
	{"too high", {1, 16385, DRM_FORMAT_XRGB8888, 0, 1, {{0, 400}}}, COMPOSITOR_FAULT_SIZE, {0}},
	{"a negative width", {-1, 50, DRM_FORMAT_XRGB8888, 0, 1, {{0, 400}}}, COMPOSITOR_FAULT_SIZE,
		{0}},
	{"rows overlap", {100, 50, DRM_FORMAT_XRGB8888, 0, 1, {{0, 396}}}, COMPOSITOR_FAULT_BOUNDS,
		{0}},
	{"pitch of no tile", {100, 50, DRM_FORMAT_XRGB8888, I915_FORMAT_MOD_X_TILED, 1, {{0, 400}}},
		COMPOSITOR_FAULT_BOUNDS, {0}},
	{"offset within a tile", {100, 50, DRM_FORMAT_XRGB8888, I915_FORMAT_MOD_X_TILED, 1,
		{{64, 512}}}, COMPOSITOR_FAULT_BOUNDS, {0}},
	{"odd offset", {100, 50, DRM_FORMAT_XRGB8888, 0, 1, {{2, 400}}}, COMPOSITOR_FAULT_BOUNDS, {0}},
	{"beyond 32 bits", {100, 50, DRM_FORMAT_XRGB8888, 0, 1, {{0xfffffffc, 400}}},
		COMPOSITOR_FAULT_BOUNDS, {0}},
	{"a pitch beyond all", {100, 50, DRM_FORMAT_XRGB8888, 0, 1, {{0, 0xfffffffc}}},
		COMPOSITOR_FAULT_BOUNDS, {0}},
	{"chroma too narrow", {64, 64, DRM_FORMAT_NV12, 0, 2, {{0, 64}, {4096, 62}}},
		COMPOSITOR_FAULT_BOUNDS, {0}},
};

TEST_ROWS(layouts, struct row, rows)
{
	CHECK_INT(compositor_layout_check(&row->layout), row->fault);
	for (unsigned i = 0; i < 2 && row->need[i]; i++)
		CHECK_INT(compositor_layout_need(&row->layout, i), row->need[i]);
}

TEST(tilings)
{
	CHECK_INT(compositor_tiling_of_mode(I915_TILING_X)->modifier, I915_FORMAT_MOD_X_TILED);
	CHECK_INT(compositor_tiling_find(I915_FORMAT_MOD_Y_TILED)->mode, I915_TILING_Y);
	CHECK(!compositor_tiling_of_mode(3));
	CHECK(!compositor_tiling_find(DRM_FORMAT_MOD_INVALID));
}
