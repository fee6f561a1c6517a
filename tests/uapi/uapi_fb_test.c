/* Framebuffers through the ioctls. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "test.h"
#include "libdrm_fixture.h"

static struct uapi_fixture *fixture;
static int fd;

static void setup(void)
{
	fixture = libdrm_fixture_create();
	fd = fixture_open_card(fixture);
}

static void teardown(void)
{
	close(fd);
	libdrm_fixture_destroy();
}

TEST(addfb_by_depth)
{
	setup();
	uint32_t pitch, handle = libdrm_fixture_dumb(fd, 64, 64, 32, &pitch), id;
	CHECK_INT(drmModeAddFB(fd, 64, 64, 24, 32, pitch, handle, &id), 0);
	drmModeFB *fb = drmModeGetFB(fd, id);
	CHECK(fb && fb->depth == 24 && fb->bpp == 32 && fb->pitch == pitch && fb->width == 64);
	drmModeFreeFB(fb);
	CHECK_INT(drmModeAddFB(fd, 64, 64, 32, 32, pitch, handle, &id), 0);
	CHECK_INT(drmModeAddFB(fd, 64, 64, 16, 16, pitch, handle, &id), 0);
	CHECK_INT(drmModeAddFB(fd, 64, 64, 30, 32, pitch, handle, &id), 0);
	CHECK_INT(drmModeAddFB(fd, 64, 64, 15, 16, pitch, handle, &id), -EINVAL); /* no plane */
	CHECK_INT(drmModeAddFB(fd, 64, 64, 24, 31, pitch, handle, &id), -EINVAL);
	CHECK_INT(drmModeAddFB(fd, 64, 65, 24, 32, pitch, handle, &id), -EINVAL);
	CHECK_INT(drmModeAddFB(fd, 64, 64, 24, 32, pitch, 4444, &id), -ENOENT);
	CHECK_INT(drmModeAddFB(fd, 64, 64, 24, 32, pitch, 0, &id), -EINVAL);
	teardown();
}

/* Another file's handle is nobody's here. */
TEST(addfb_foreign_handle)
{
	setup();
	int other = fixture_open_card(fixture);
	uint32_t pitch, handle = libdrm_fixture_dumb(other, 64, 64, 32, &pitch), id;
	CHECK_INT(drmModeAddFB(fd, 64, 64, 24, 32, pitch, handle, &id), -ENOENT);
	close(other);
	teardown();
}

TEST(addfb_with_modifiers)
{
	setup();
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0}, id;
	uint64_t modifiers[4] = {DRM_FORMAT_MOD_LINEAR};
	handles[0] = libdrm_fixture_dumb(fd, 64, 64, 32, &pitches[0]);
	CHECK_INT(drmModeAddFB2WithModifiers(fd, 64, 64, DRM_FORMAT_ARGB8888, handles, pitches,
		offsets, modifiers, &id, DRM_MODE_FB_MODIFIERS), 0);
	drmModeFB2 *fb = drmModeGetFB2(fd, id);
	CHECK(fb && fb->pixel_format == DRM_FORMAT_ARGB8888 && fb->modifier == 0);
	CHECK(fb->flags == DRM_MODE_FB_MODIFIERS && fb->pitches[0] == pitches[0]);
	CHECK(fb->handles[0] != 0 && fb->handles[0] != handles[0] && fb->handles[1] == 0);
	CHECK_INT(drmCloseBufferHandle(fd, fb->handles[0]), 0);
	drmModeFreeFB2(fb);
	modifiers[0] = I915_FORMAT_MOD_X_TILED; /* half a tile wide */
	CHECK_INT(drmModeAddFB2WithModifiers(fd, 64, 64, DRM_FORMAT_ARGB8888, handles, pitches,
		offsets, modifiers, &id, DRM_MODE_FB_MODIFIERS), -EINVAL);
	pitches[0] = 512;
	CHECK_INT(drmModeAddFB2WithModifiers(fd, 64, 32, DRM_FORMAT_ARGB8888, handles, pitches,
		offsets, modifiers, &id, DRM_MODE_FB_MODIFIERS), 0);
	fb = drmModeGetFB2(fd, id);
	CHECK(fb && fb->modifier == I915_FORMAT_MOD_X_TILED && fb->pitches[0] == 512);
	CHECK_INT(drmCloseBufferHandle(fd, fb->handles[0]), 0);
	drmModeFreeFB2(fb);
	modifiers[0] = I915_FORMAT_MOD_Y_TILED;
	CHECK_INT(drmModeAddFB2WithModifiers(fd, 64, 32, DRM_FORMAT_ARGB8888, handles, pitches,
		offsets, modifiers, &id, DRM_MODE_FB_MODIFIERS), -EINVAL);
	teardown();
}

/* Who is neither master nor root learns the layout, and gets no way to the pixels. */
TEST(getfb_gives_handles_to_the_privileged)
{
	setup();
	int other = fixture_open_card(fixture);
	uint32_t id = libdrm_fixture_framebuffer(fd, 64, 64, DRM_FORMAT_XRGB8888);
	struct drm_mode_fb_cmd cmd = {.fb_id = id};
	struct drm_mode_fb_cmd2 cmd2 = {.fb_id = id, .handles = {77, 77, 77, 77}};

	fixture->caller.uid = 1000;
	CHECK_INT(ioctl(other, DRM_IOCTL_MODE_GETFB, &cmd), 0);
	CHECK_INT(cmd.handle, 0);
	CHECK_INT(cmd.width, 64);
	CHECK_INT(ioctl(other, DRM_IOCTL_MODE_GETFB2, &cmd2), 0);
	CHECK_INT(cmd2.handles[0], 0);
	CHECK_INT(cmd2.handles[3], 0);
	CHECK_INT(cmd2.pixel_format, DRM_FORMAT_XRGB8888);
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETFB, &cmd), 0); /* the master */
	CHECK(cmd.handle != 0);
	fixture->caller.uid = 0;
	CHECK_INT(ioctl(other, DRM_IOCTL_MODE_GETFB2, &cmd2), 0);
	CHECK(cmd2.handles[0] != 0);
	cmd.fb_id = fixture->dev->kms->crtcs[0].base.id;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETFB, &cmd), ENOENT);
	cmd2.fb_id = 0;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETFB2, &cmd2), ENOENT);
	close(other);
	teardown();
}

TEST(rmfb)
{
	setup();
	int other = fixture_open_card(fixture);
	uint32_t id = libdrm_fixture_framebuffer(fd, 64, 64, DRM_FORMAT_XRGB8888);
	CHECK_INT(drmModeRmFB(other, id), -ENOENT);
	CHECK_INT(drmModeRmFB(fd, id), 0);
	CHECK_INT(drmModeRmFB(fd, id), -ENOENT);
	CHECK_INT(fixture->dev->gem.object_count, 0); /* it was the last to hold the object */
	close(other);
	teardown();
}

TEST(close_removes_framebuffers)
{
	setup();
	int other = fixture_open_card(fixture);
	uint32_t id = libdrm_fixture_framebuffer(other, 64, 64, DRM_FORMAT_XRGB8888);
	close(other);
	vfs_reap(fixture->vfs);
	CHECK(!drmModeGetFB(fd, id));
	CHECK_INT(errno, ENOENT);
	CHECK_INT(fixture->dev->gem.object_count, 0);
	teardown();
}

static const struct dirty_row {
	const char *name;
	uint32_t clips, flags;
	bool pointer;
	int want;
} dirty_rows[] = {
	{"all", 0, 0, false, 0},
	{"two clips", 2, 0, true, 0},
	{"copy of a pair", 2, DRM_MODE_FB_DIRTY_ANNOTATE_COPY, true, 0},
	{"copy without a pair", 3, DRM_MODE_FB_DIRTY_ANNOTATE_COPY, true, EINVAL},
	{"256 clips", 256, 0, true, 0},
	{"257 clips", 257, 0, true, EINVAL},
	{"count without clips", 1, 0, false, EINVAL},
	{"clips without count", 0, 0, true, EINVAL},
};

TEST_ROWS(dirtyfb, struct dirty_row, dirty_rows)
{
	struct drm_clip_rect clips[257] = {{0}};

	setup();
	struct drm_mode_fb_dirty_cmd cmd = {
		.fb_id = libdrm_fixture_framebuffer(fd, 64, 64, DRM_FORMAT_XRGB8888),
		.flags = row->flags, .num_clips = row->clips,
		.clips_ptr = row->pointer ? (uintptr_t)clips : 0,
	};
	if (row->want)
		CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_DIRTYFB, &cmd), row->want);
	else
		CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_DIRTYFB, &cmd), 0);
	teardown();
}

TEST(dirtyfb_refusals)
{
	setup();
	int other = fixture_open_card(fixture);
	struct drm_mode_fb_dirty_cmd cmd = {.fb_id = 9999};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_DIRTYFB, &cmd), ENOENT);
	CHECK_ERRNO(ioctl(other, DRM_IOCTL_MODE_DIRTYFB, &cmd), EACCES); /* not master */
	cmd.fb_id = libdrm_fixture_framebuffer(fd, 64, 64, DRM_FORMAT_XRGB8888);
	cmd.num_clips = 1;
	cmd.clips_ptr = 0x10;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_DIRTYFB, &cmd), EFAULT);
	close(other);
	teardown();
}

/* Drawing into what is shown reaches who watches. */
TEST(dirtyfb_of_scanout)
{
	setup();
	struct kms_device *kms = fixture->dev->kms;
	uint32_t connector = kms->connectors[0].base.id;
	uint32_t fb = libdrm_fixture_framebuffer(fd, 1024, 768, DRM_FORMAT_XRGB8888);
	CHECK_INT(drmModeSetCrtc(fd, kms->crtcs[0].base.id, fb, 0, 0, &connector, 1,
		(drmModeModeInfo *)&kms->connectors[0].modes[0]), 0);
	uint64_t serial = kms->crtcs[0].scanout_serial;
	CHECK_INT(drmModeDirtyFB(fd, fb, NULL, 0), 0);
	CHECK(kms->crtcs[0].scanout_serial != serial);
	uint32_t hidden = libdrm_fixture_framebuffer(fd, 64, 64, DRM_FORMAT_XRGB8888);
	serial = kms->crtcs[0].scanout_serial;
	CHECK_INT(drmModeDirtyFB(fd, hidden, NULL, 0), 0);
	CHECK_INT(kms->crtcs[0].scanout_serial, serial);
	teardown();
}
