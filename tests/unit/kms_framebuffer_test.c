/* Formats and framebuffers: what ADDFB2 refuses, and what a framebuffer keeps alive. */
#include <errno.h>
#include <string.h>

#include "gem_domain.h"
#include "gem_file.h"
#include "kms_device.h"
#include "kms_framebuffer.h"
#include "test.h"

/* A device, an open file of it, and an object of exactly 64x64 XRGB8888. */
struct fixture {
	struct gem_device gem_dev;
	struct kms_device *dev;
	struct gem_file gem;
	struct kms_file file;
	uint32_t handle;
	struct gem_object *object;
};

enum { SIZE = 64, PITCH = SIZE * 4, BYTES = SIZE * PITCH };

static size_t no_unread(struct kms_file *file)
{
	return 0;
}

static void no_send(struct kms_file *file, const void *event, size_t len)
{
}

static const struct kms_event_ops event_ops = {.send = no_send, .unread = no_unread};

static void setup(struct fixture *f)
{
	struct kms_device_desc desc = *kms_device_desc_default();

	desc.min_width = desc.min_height = 2;
	CHECK_INT(gem_device_init(&f->gem_dev, NULL), 0);
	CHECK_INT(kms_device_create(&desc, &f->dev), 0);
	CHECK_INT(gem_file_init(&f->gem, &f->gem_dev), 0);
	kms_file_init(&f->file, f->dev, &event_ops);
	CHECK_INT(gem_shmem_create(&f->gem_dev, BYTES, &f->object), 0);
	CHECK_INT(gem_handle_create(&f->gem, f->object, &f->handle), 0);
}

static void teardown(struct fixture *f)
{
	kms_file_finish(&f->file);
	gem_file_finish(&f->gem);
	gem_object_put(f->object);
	kms_device_destroy(f->dev);
	CHECK_INT(f->gem_dev.object_count, 0);
	gem_device_finish(&f->gem_dev);
}

static struct drm_mode_fb_cmd2 good_request(const struct fixture *f)
{
	return (struct drm_mode_fb_cmd2){
		.width = SIZE, .height = SIZE, .pixel_format = DRM_FORMAT_XRGB8888,
		.flags = DRM_MODE_FB_MODIFIERS, .handles = {f->handle}, .pitches = {PITCH},
	};
}

#define FIELD(member) offsetof(struct drm_mode_fb_cmd2, member), \
	sizeof(((struct drm_mode_fb_cmd2 *)0)->member)
#define NO_FIELD 0, 0

/* The good request with up to two fields changed. */
static const struct fb_row {
	const char *name;
	int want;
	struct {
		size_t offset, size;
		uint64_t value;
	} change[2];
} fb_rows[] = {
	{"good", 0, {{NO_FIELD, 0}}},
	{"interlaced", 0, {{FIELD(flags), DRM_MODE_FB_MODIFIERS | DRM_MODE_FB_INTERLACED}}},
	{"unknown flag", -EINVAL, {{FIELD(flags), 1 << 2}}},
	{"width 0", -EINVAL, {{FIELD(width), 0}}},
	{"width below minimum", -EINVAL, {{FIELD(width), 1}}},
	{"width at minimum", 0, {{FIELD(width), 2}}},
	{"width beyond maximum", -EINVAL, {{FIELD(width), 8193}}},
	{"height 0", -EINVAL, {{FIELD(height), 0}}},
	{"height beyond maximum", -EINVAL, {{FIELD(height), 8193}}},
	{"unknown format", -EINVAL, {{FIELD(pixel_format), 0x31313131}}},
	{"format 0", -EINVAL, {{FIELD(pixel_format), 0}}},
	{"format no plane takes", -EINVAL, {{FIELD(pixel_format), DRM_FORMAT_BGRX8888}}},
	{"handle 0", -EINVAL, {{FIELD(handles[0]), 0}}},
	{"handle not in use", -ENOENT, {{FIELD(handles[0]), 1234}}},
	{"pitch one short", -EINVAL, {{FIELD(pitches[0]), PITCH - 1}}},
	{"pitch 0", -EINVAL, {{FIELD(pitches[0]), 0}}},
	{"odd pitch, smaller height", 0, {{FIELD(pitches[0]), PITCH + 1}, {FIELD(height), 60}}},
	{"pitch beyond the object", -EINVAL, {{FIELD(pitches[0]), PITCH + 4}}},
	{"one row too many", -EINVAL, {{FIELD(height), SIZE + 1}}},
	{"offset beyond the object", -EINVAL, {{FIELD(offsets[0]), 1}}},
	{"last row needs no whole pitch", 0, {{FIELD(offsets[0]), 4}, {FIELD(width), SIZE - 1}}},
	{"end beyond 32 bits", -ERANGE, {{FIELD(offsets[0]), 0xffffffff}}},
	{"rows beyond 32 bits", -ERANGE, {{FIELD(pitches[0]), 0x80000000}}},
	{"tiled modifier, narrow pitch", -EINVAL, {{FIELD(modifier[0]), I915_FORMAT_MOD_X_TILED}}},
	{"Y modifier", -EINVAL, {{FIELD(modifier[0]), I915_FORMAT_MOD_Y_TILED}}},
	{"modifier without flag", -EINVAL, {{FIELD(modifier[0]), 1}, {FIELD(flags), 0}}},
	{"invalid modifier", -EINVAL, {{FIELD(modifier[0]), DRM_FORMAT_MOD_INVALID}}},
	{"unused handle", -EINVAL, {{FIELD(handles[1]), 1}}},
	{"unused pitch", -EINVAL, {{FIELD(pitches[3]), 1}}},
	{"unused offset", -EINVAL, {{FIELD(offsets[2]), 1}}},
	{"unused modifier", -EINVAL, {{FIELD(modifier[1]), 1}}},
	{"unused handle of an old client", 0, {{FIELD(handles[1]), 1}, {FIELD(flags), 0}}},
	{"unused modifier of an old client", -EINVAL, {{FIELD(modifier[1]), 1}, {FIELD(flags), 0}}},
	{"RGB565, half a pitch", 0,
		{{FIELD(pixel_format), DRM_FORMAT_RGB565}, {FIELD(pitches[0]), PITCH / 2}}},
};

TEST_ROWS(addfb2, struct fb_row, fb_rows)
{
	struct fixture f;
	struct kms_framebuffer *fb;

	setup(&f);
	struct drm_mode_fb_cmd2 cmd = good_request(&f);
	for (int i = 0; i < 2; i++)
		memcpy((char *)&cmd + row->change[i].offset, &row->change[i].value,
			row->change[i].size);
	unsigned references = atomic_load(&f.object->refcount);
	uint32_t ids = f.dev->objects.count;
	CHECK_INT(kms_framebuffer_create(&f.file, &f.gem, &cmd, &fb), row->want);
	if (row->want == 0) {
		CHECK_INT(atomic_load(&f.object->refcount), references + 1);
		CHECK_INT(kms_framebuffer_remove(&f.file, fb->base.id), 0);
		kms_object_put(&fb->base);
	}
	/* Nothing stays behind, after success or refusal. */
	CHECK_INT(atomic_load(&f.object->refcount), references);
	CHECK_INT(f.object->mm.pages_pin_count, 0);
	CHECK_INT(f.dev->objects.count, ids);
	CHECK_INT(f.file.framebuffer_count, 0);
	teardown(&f);
}

/* An object's tiling, a request, and the modifier of the framebuffer. */
static const struct tiled_row {
	const char *name;
	enum gem_tiling tiling;
	uint32_t stride;
	bool modifiers;
	uint64_t modifier;
	uint32_t pitch, height, offset;
	int want;
	uint64_t got;
} tiled_rows[] = {
	{"legacy of X", GEM_TILING_X, 512, false, 0, 512, 32, 0, 0, I915_FORMAT_MOD_X_TILED},
	{"legacy of linear", GEM_TILING_NONE, 0, false, 0, 512, 32, 0, 0, DRM_FORMAT_MOD_LINEAR},
	{"legacy of Y", GEM_TILING_Y, 512, false, 0, 512, 32, 0, -EINVAL, 0},
	{"legacy of X, other pitch", GEM_TILING_X, 512, false, 0, 1024, 16, 0, -EINVAL, 0},
	{"X of X", GEM_TILING_X, 512, true, I915_FORMAT_MOD_X_TILED, 512, 32, 0, 0,
		I915_FORMAT_MOD_X_TILED},
	{"X of linear: tiled by hand", GEM_TILING_NONE, 0, true, I915_FORMAT_MOD_X_TILED, 512, 32, 0,
		0, I915_FORMAT_MOD_X_TILED},
	{"by hand, no power of two", GEM_TILING_NONE, 0, true, I915_FORMAT_MOD_X_TILED, 1536, 8, 0,
		0, I915_FORMAT_MOD_X_TILED},
	{"linear of X", GEM_TILING_X, 512, true, DRM_FORMAT_MOD_LINEAR, 512, 32, 0, -EINVAL, 0},
	{"X of Y", GEM_TILING_Y, 512, true, I915_FORMAT_MOD_X_TILED, 512, 32, 0, -EINVAL, 0},
	{"X, other pitch", GEM_TILING_X, 1024, true, I915_FORMAT_MOD_X_TILED, 512, 32, 0, -EINVAL, 0},
	{"X, tiles cut by pitch", GEM_TILING_NONE, 0, true, I915_FORMAT_MOD_X_TILED, 768, 8, 0,
		-EINVAL, 0},
	{"X, tiles cut by offset", GEM_TILING_X, 512, true, I915_FORMAT_MOD_X_TILED, 512, 8, 512,
		-EINVAL, 0},
	{"X, its last row of tiles not whole", GEM_TILING_NONE, 0, true, I915_FORMAT_MOD_X_TILED,
		1536, 10, 0, -EINVAL, 0}, /* 10 linear rows would fit */
};

TEST_ROWS(tiled_framebuffers, struct tiled_row, tiled_rows)
{
	struct fixture f;
	struct kms_framebuffer *fb;

	setup(&f);
	CHECK_INT(gem_object_set_tiling(f.object, row->tiling, row->stride), 0);
	struct drm_mode_fb_cmd2 cmd = good_request(&f);
	cmd.flags = row->modifiers ? DRM_MODE_FB_MODIFIERS : 0;
	cmd.modifier[0] = row->modifier;
	cmd.pitches[0] = row->pitch;
	cmd.offsets[0] = row->offset;
	cmd.height = row->height;
	CHECK_INT(kms_framebuffer_create(&f.file, &f.gem, &cmd, &fb), row->want);
	CHECK_INT(f.object->framebuffers, row->want == 0);
	if (row->want == 0) {
		CHECK_INT(fb->modifier, row->got);
		CHECK_INT(gem_object_set_tiling(f.object, GEM_TILING_Y, 128), -EBUSY);
		CHECK(kms_plane_takes(f.dev->crtcs[0].primary, cmd.pixel_format, row->got));
		CHECK_INT(kms_plane_takes(f.dev->crtcs[0].cursor, DRM_FORMAT_ARGB8888, row->got),
			row->got == DRM_FORMAT_MOD_LINEAR);
		CHECK_INT(kms_framebuffer_remove(&f.file, fb->base.id), 0);
		kms_object_put(&fb->base);
	}
	CHECK_INT(gem_object_set_tiling(f.object, GEM_TILING_Y, 128), 0);
	teardown(&f);
}

TEST(framebuffer_keeps_pixels)
{
	struct fixture f;
	struct kms_framebuffer *fb;
	uint8_t *pages;

	setup(&f);
	struct drm_mode_fb_cmd2 cmd = good_request(&f);
	cmd.offsets[0] = PITCH;
	cmd.height--;
	CHECK_INT(gem_object_pin_pages(f.object, (void **)&pages), 0);
	pages[PITCH] = 0x5a;
	gem_object_unpin_pages(f.object);
	CHECK_INT(kms_framebuffer_create(&f.file, &f.gem, &cmd, &fb), 0);
	CHECK_INT(gem_handle_delete(&f.gem, f.handle), 0);
	CHECK_INT(fb->planes[0].pixels[0], 0x5a);
	CHECK_INT(fb->planes[0].pitch, PITCH);
	CHECK_INT(fb->planes[0].offset, PITCH);
	kms_object_put(&fb->base);
	teardown(&f); /* closes the file with the framebuffer in it */
}

TEST(removal)
{
	struct fixture f;
	struct kms_file other;
	struct kms_framebuffer *fb;

	setup(&f);
	kms_file_init(&other, f.dev, &event_ops);
	struct drm_mode_fb_cmd2 cmd = good_request(&f);
	CHECK_INT(kms_framebuffer_create(&f.file, &f.gem, &cmd, &fb), 0);
	uint32_t id = fb->base.id;
	CHECK_INT(kms_framebuffer_remove(&other, id), -ENOENT);
	CHECK_INT(kms_framebuffer_remove(&f.file, f.dev->planes[0].base.id), -ENOENT);
	CHECK_INT(kms_framebuffer_remove(&f.file, 0), -ENOENT);
	struct kms_framebuffer *found = kms_framebuffer_lookup(f.dev, id);
	CHECK(found == fb);
	kms_object_put(&found->base);
	CHECK_INT(kms_framebuffer_remove(&f.file, id), 0);
	CHECK_INT(kms_framebuffer_remove(&f.file, id), -ENOENT);
	CHECK(!kms_framebuffer_lookup(f.dev, id)); /* though we still hold it */
	CHECK_INT(fb->width, SIZE);
	kms_object_put(&fb->base);
	kms_file_finish(&other);
	teardown(&f);
}

TEST(flood_ends)
{
	struct fixture f;
	struct kms_framebuffer *fb;
	int ret = 0, count;

	setup(&f);
	struct drm_mode_fb_cmd2 cmd = good_request(&f);
	for (count = 0; count <= KMS_FILE_MAX_FRAMEBUFFERS; count++) {
		ret = kms_framebuffer_create(&f.file, &f.gem, &cmd, &fb);
		if (ret < 0)
			break;
		kms_object_put(&fb->base);
	}
	CHECK_INT(ret, -ENOMEM);
	CHECK_INT(count, KMS_FILE_MAX_FRAMEBUFFERS);
	teardown(&f);
}

/* ---- several threads of one file, each also at the others' ids ---- */

static void *hammer(void *data)
{
	struct fixture *f = data;
	struct drm_mode_fb_cmd2 cmd = good_request(f);
	struct kms_framebuffer *fb;
	struct kms_blob *blob;

	for (int i = 0; i < 300; i++) {
		CHECK_INT(kms_framebuffer_create(&f->file, &f->gem, &cmd, &fb), 0);
		CHECK_INT(kms_blob_create(f->dev, &f->file, &i, sizeof(i), &blob), 0);
		uint32_t id = fb->base.id, blob_id = blob->base.id;
		kms_object_put(&fb->base);
		kms_object_put(&blob->base);
		for (uint32_t guess = id - 4; guess < id + 4; guess++) {
			fb = kms_framebuffer_lookup(f->dev, guess);
			if (fb) {
				CHECK_INT(fb->width, SIZE);
				kms_object_put(&fb->base);
			}
		}
		/* Someone else may have been there first. */
		kms_framebuffer_remove(&f->file, id + 1);
		kms_framebuffer_remove(&f->file, id);
		kms_blob_destroy(&f->file, blob_id + 1);
		kms_blob_destroy(&f->file, blob_id);
	}
	return NULL;
}

TEST(threads)
{
	pthread_t threads[4];
	struct fixture f;

	setup(&f);
	uint32_t ids = f.dev->objects.count;
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, hammer, &f), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(f.file.framebuffer_count, 0);
	CHECK_INT(f.file.blob_bytes, 0);
	CHECK_INT(f.dev->objects.count, ids);
	CHECK_INT(f.object->mm.pages_pin_count, 0);
	teardown(&f);
}

/* Kernel: drm_mode_legacy_fb_format. */
static const struct legacy_row {
	const char *name;
	uint32_t bpp, depth, fourcc;
} legacy_rows[] = {
	{"32/24", 32, 24, DRM_FORMAT_XRGB8888},
	{"32/32", 32, 32, DRM_FORMAT_ARGB8888},
	{"32/30", 32, 30, DRM_FORMAT_XRGB2101010},
	{"24/24", 24, 24, DRM_FORMAT_RGB888},
	{"16/16", 16, 16, DRM_FORMAT_RGB565},
	{"16/15", 16, 15, DRM_FORMAT_XRGB1555},
	{"8/8", 8, 8, DRM_FORMAT_C8},
	{"32/0", 32, 0, 0},
	{"16/24", 16, 24, 0},
	{"0/0", 0, 0, 0},
};

TEST_ROWS(legacy_format, struct legacy_row, legacy_rows)
{
	CHECK_INT(kms_format_from_legacy(row->bpp, row->depth), row->fourcc);
}

TEST(format_table)
{
	const struct kms_format *format = kms_format_find(DRM_FORMAT_RGB565);

	CHECK(format && format->cpp[0] == 2 && format->planes == 1 && !format->has_alpha);
	CHECK(kms_format_find(DRM_FORMAT_ABGR8888)->has_alpha);
	CHECK(!kms_format_find(0));
	CHECK(!kms_format_find(DRM_FORMAT_XRGB8888 | DRM_FORMAT_BIG_ENDIAN));
}
