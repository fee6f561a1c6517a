/* SETCRTC, PAGE_FLIP, SETPLANE and CURSOR, as a client speaks them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "kms_framebuffer.h"
#include "test.h"
#include "uapi_card.h"

static int fd;
static uint32_t front, crtc, connector;

static void start(void)
{
	card_start();
	fd = card_open();
	front = card_light(fd);
	crtc = card->kms->crtcs[0].base.id;
	connector = card->kms->connectors[0].base.id;
}

static void finish(void)
{
	card_close(fd);
	card_stop();
}

static void wait_vblanks(unsigned count)
{
	union drm_wait_vblank args = {.request = {.type = _DRM_VBLANK_RELATIVE, .sequence = count}};

	CHECK_INT(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), 0);
}

/* ---- SETCRTC ---- */

struct bad_set {
	const char *name;
	void (*change)(struct drm_mode_crtc *set);
	int want;
};

static void x_beyond_16_bits(struct drm_mode_crtc *set)
{
	set->x = 0x10000;
}

static void unknown_crtc(struct drm_mode_crtc *set)
{
	set->crtc_id = connector;
}

static void unknown_fb(struct drm_mode_crtc *set)
{
	set->fb_id = 99999;
}

static void no_fb(struct drm_mode_crtc *set)
{
	set->fb_id = 0;
}

static void bad_mode(struct drm_mode_crtc *set)
{
	set->mode.htotal = 10;
}

static void zero_clock(struct drm_mode_crtc *set)
{
	set->mode.clock = 0;
}

static void too_fast_mode(struct drm_mode_crtc *set)
{
	set->mode.clock = UINT32_MAX;
}

static void aspect_ratio_without_cap(struct drm_mode_crtc *set)
{
	set->mode.flags |= DRM_MODE_FLAG_PIC_AR_16_9;
}

static void wrong_format(struct drm_mode_crtc *set)
{
	set->fb_id = card_fb(fd, 1024, 768, DRM_FORMAT_XRGB8888);
	/* The primary of this device takes all formats that an fb can have: take one away. */
	card->kms->crtcs[0].primary->format_count = 0;
}

static void viewport(struct drm_mode_crtc *set)
{
	set->y = 1;
}

static void small_fb(struct drm_mode_crtc *set)
{
	set->fb_id = card_fb(fd, 1023, 768, DRM_FORMAT_XRGB8888);
}

static void no_connector(struct drm_mode_crtc *set)
{
	set->count_connectors = 0;
}

static void too_many_connectors(struct drm_mode_crtc *set)
{
	set->count_connectors = card->kms->connector_count + 1;
}

static void connectors_without_mode(struct drm_mode_crtc *set)
{
	set->mode_valid = 0;
}

static void bad_pointer(struct drm_mode_crtc *set)
{
	set->set_connectors_ptr = 8;
}

static void unknown_connector(struct drm_mode_crtc *set)
{
	set->set_connectors_ptr = (uintptr_t)&crtc;
}

static const struct bad_set bad_sets[] = {
	{"x beyond 16 bits", x_beyond_16_bits, ERANGE},
	{"unknown crtc", unknown_crtc, ENOENT},
	{"unknown fb", unknown_fb, ENOENT},
	{"no fb", no_fb, ENOENT},
	{"bad mode", bad_mode, EINVAL},
	{"mode without clock", zero_clock, EINVAL},
	{"mode that would spin the thread", too_fast_mode, EINVAL},
	{"aspect ratio without the cap", aspect_ratio_without_cap, EINVAL},
	{"wrong format", wrong_format, EINVAL},
	{"viewport beyond fb", viewport, ENOSPC},
	{"fb too small", small_fb, ENOSPC},
	{"no connector", no_connector, EINVAL},
	{"too many connectors", too_many_connectors, EINVAL},
	{"connectors without mode", connectors_without_mode, EINVAL},
	{"bad pointer", bad_pointer, EFAULT},
	{"unknown connector", unknown_connector, ENOENT},
};

static struct drm_mode_crtc good_set(void)
{
	return (struct drm_mode_crtc) {
		.crtc_id = crtc, .fb_id = front, .mode_valid = 1,
		.set_connectors_ptr = (uintptr_t)&connector, .count_connectors = 1,
		.mode = card->kms->connectors[0].modes[0],
	};
}

TEST_ROWS(set_crtc_refused, struct bad_set, bad_sets)
{
	struct kms_plane *primary;
	struct drm_mode_crtc args;

	start();
	primary = card->kms->crtcs[0].primary;
	struct kms_plane_state before = primary->state;
	args = good_set();
	row->change(&args);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &args), row->want);
	CHECK(memcmp(&before, &primary->state, sizeof(before)) == 0);
	CHECK(card->kms->crtcs[0].state.active);
	finish();
}

TEST(set_crtc_off_and_current_fb)
{
	struct drm_mode_crtc off, current;

	start();
	current = good_set();
	current.fb_id = UINT32_MAX;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &current), 0);
	CHECK_INT(card->kms->planes[0].state.fb->base.id, front);
	off = (struct drm_mode_crtc) {.crtc_id = crtc};
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &off), 0);
	CHECK(!card->kms->crtcs[0].state.active);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &current), EINVAL);
	finish();
}

TEST(set_crtc_with_another_mode)
{
	struct drm_mode_crtc args;

	start();
	args = good_set();
	args.mode = card->kms->connectors[0].modes[9]; /* 640x480: a part of front */
	args.x = 100;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &args), 0);
	CHECK_INT(card->kms->planes[0].scanout.crtc_w, args.mode.hdisplay);
	CHECK_INT(card->kms->planes[0].scanout.src_x, 100 << 16);
	finish();
}

/* ---- PAGE_FLIP ---- */

TEST(page_flip_events)
{
	struct drm_mode_crtc_page_flip flip = {.flags = DRM_MODE_PAGE_FLIP_EVENT};
	struct drm_event_vblank event;
	uint32_t back, last = 0;

	start();
	flip.crtc_id = crtc;
	back = card_fb(fd, 1024, 768, DRM_FORMAT_XRGB8888);
	for (int i = 0; i < 10; i++) {
		flip.fb_id = i % 2 ? front : back;
		flip.user_data = i;
		CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip), 0);
		CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip), EBUSY);
		card_read_event(fd, &event);
		CHECK_INT(event.user_data, i);
		CHECK_INT(card->kms->planes[0].scanout.fb->base.id, flip.fb_id);
		CHECK(i == 0 || (int32_t)(event.sequence - last) > 0);
		last = event.sequence;
	}
	finish();
}

TEST(page_flip_refused)
{
	struct drm_mode_crtc_page_flip flip = {0}, bad;
	struct drm_mode_crtc off = {0};

	start();
	flip.crtc_id = off.crtc_id = crtc;
	flip.fb_id = front;
	bad = flip;
	bad.flags = 0x10;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &bad), EINVAL);
	bad.flags = DRM_MODE_PAGE_FLIP_TARGET;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &bad), EINVAL);
	bad = flip;
	bad.reserved = 1;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &bad), EINVAL);
	bad = flip;
	bad.crtc_id = connector;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &bad), ENOENT);
	bad = flip;
	bad.fb_id = 99999;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &bad), ENOENT);
	bad.fb_id = card_fb(fd, 1024, 767, DRM_FORMAT_XRGB8888);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &bad), ENOSPC);
	bad.fb_id = card_fb(fd, 1024, 768, DRM_FORMAT_ARGB8888);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &bad), EINVAL);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &off), 0);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip), EBUSY);
	flip.fb_id = 99999;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip), EBUSY);
	finish();
}

/* ---- SETPLANE ---- */

TEST(set_plane)
{
	struct drm_mode_set_plane good, bad;
	const struct kms_plane *overlay;

	start();
	overlay = &card->kms->planes[1];
	good = (struct drm_mode_set_plane) {.plane_id = overlay->base.id, .crtc_id = crtc,
		.fb_id = card_fb(fd, 64, 32, DRM_FORMAT_ARGB8888), .crtc_x = -5, .crtc_y = 700,
		.crtc_w = 64, .crtc_h = 32, .src_w = 64 << 16, .src_h = 32 << 16};
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &good), 0);
	CHECK_INT(overlay->scanout.crtc_x, -5); /* it waited for its vblank */
	bad = good;
	bad.plane_id = crtc;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &bad), ENOENT);
	bad = good;
	bad.fb_id = 99999;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &bad), ENOENT);
	bad = good;
	bad.crtc_id = connector;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &bad), ENOENT);
	bad = good;
	bad.crtc_x = INT32_MAX;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &bad), ERANGE);
	bad = good;
	bad.src_w++;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &bad), ENOSPC);
	bad = good;
	bad.crtc_w = 15; /* a fifth would be smaller than it can */
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &bad), ERANGE);
	CHECK_INT(overlay->state.crtc_w, 64);
	good.fb_id = 0;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETPLANE, &good), 0);
	CHECK(!overlay->scanout.fb && !overlay->state.fb);
	finish();
}

/* ---- cursors ---- */

TEST(cursor)
{
	const struct kms_plane *plane;
	struct drm_mode_cursor args = {.flags = DRM_MODE_CURSOR_BO | DRM_MODE_CURSOR_MOVE,
		.x = 7, .y = 8, .width = 64, .height = 64};
	struct drm_mode_cursor2 with_hot_spot = {.flags = DRM_MODE_CURSOR_BO, .width = 64,
		.height = 64, .hot_x = 9, .hot_y = 10};

	start();
	plane = card->kms->crtcs[0].cursor;
	args.crtc_id = with_hot_spot.crtc_id = crtc;
	args.handle = with_hot_spot.handle = card_dumb(fd, 64, 64);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR, &args), 0);
	wait_vblanks(2);
	CHECK_INT(plane->scanout.crtc_x, 7);
	CHECK_INT(plane->scanout.fb->format->fourcc, DRM_FORMAT_ARGB8888);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR2, &with_hot_spot), 0);
	CHECK_INT(card->kms->crtcs[0].cursor_hot_y, 10);
	wait_vblanks(2);
	CHECK_INT(plane->scanout.crtc_y, 8);
	args.handle = 99;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR, &args), ENOENT);
	args.flags = 0;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR, &args), EINVAL);
	args.flags = 8;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR, &args), EINVAL);
	args.flags = DRM_MODE_CURSOR_MOVE;
	args.crtc_id = connector;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR, &args), ENOENT);
	args = (struct drm_mode_cursor) {.flags = DRM_MODE_CURSOR_BO, .crtc_id = crtc};
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR, &args), 0);
	wait_vblanks(2);
	CHECK(!plane->scanout.fb);
	finish();
}

/* While others are open the cursor stays, as in the kernel; nobody's picture is none. */
TEST(last_close_takes_the_cursor_away)
{
	struct drm_mode_cursor args = {.flags = DRM_MODE_CURSOR_BO, .width = 64, .height = 64};
	const struct kms_plane *plane;

	start();
	plane = card->kms->crtcs[0].cursor;
	int other = card_open();
	args.crtc_id = crtc;
	args.handle = card_dumb(fd, 64, 64);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CURSOR, &args), 0);
	card_close(fd);
	CHECK(plane->state.fb);
	CHECK_INT(card->gem.object_count, 1);
	card_close(other);
	CHECK(!plane->state.fb);
	CHECK_INT(card->gem.object_count, 0);
	card_stop();
}

TEST(removing_the_shown_fb)
{
	start();
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_RMFB, &front), 0);
	CHECK(card->kms->crtcs[0].state.active);
	CHECK(!card->kms->planes[0].state.fb);
	front = card_light(fd);
	finish();
}

TEST(others_may_not)
{
	struct drm_mode_crtc_page_flip flip = {0};
	struct drm_mode_crtc set;

	start();
	flip.crtc_id = crtc;
	flip.fb_id = front;
	set = good_set();
	int other = card_open();
	CHECK_ERRNO(card_ioctl(other, DRM_IOCTL_MODE_PAGE_FLIP, &flip), EACCES);
	CHECK_ERRNO(card_ioctl(other, DRM_IOCTL_MODE_SETCRTC, &set), EACCES);
	card_close(other);
	finish();
}
