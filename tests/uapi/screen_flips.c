/* When new pixels come: flips of every kind, DPMS, framebuffers that go; CRCs as witnesses. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload_test.h"
#include "screen_card.h"

#define CRC_DATA "/sys/kernel/debug/dri/0/crtc-0/crc/data"

static struct screen_fb front, back;

static uint32_t back_color(int x, int y)
{
	return screen_noise(y, x + 4000);
}

static uint32_t black(int x, int y)
{
	(void)x, (void)y;
	return 0;
}

static void begin(void)
{
	screen_begin();
	front = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT, DRM_FORMAT_XRGB8888,
		DRM_FORMAT_MOD_LINEAR);
	back = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT, DRM_FORMAT_XRGB8888,
		DRM_FORMAT_MOD_LINEAR);
	screen_fb_fill(&front, screen_noise);
	screen_fb_fill(&back, back_color);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &front, 0, 0);
	screen_commit(req);
}

static void end(void)
{
	screen_fb_destroy(&back);
	screen_fb_destroy(&front);
	screen_end();
}

static struct drm_event_vblank read_flip(void)
{
	struct pollfd poller = {.fd = screen_fd(), .events = POLLIN};
	struct drm_event_vblank event;

	CHECK_INT(poll(&poller, 1, 5000), 1);
	CHECK_INT(read(screen_fd(), &event, sizeof(event)), sizeof(event));
	CHECK_INT(event.base.type, DRM_EVENT_FLIP_COMPLETE);
	return event;
}

/* ---- CRCs ---- */

/* CRC-32 of the screen's bytes, bit by bit. */
static uint32_t crc_of(uint32_t (*color)(int x, int y))
{
	uint32_t crc = 0xffffffff;

	for (int y = 0; y < SCREEN_HEIGHT; y++) {
		for (int x = 0; x < SCREEN_WIDTH; x++) {
			uint32_t pixel = color(x, y) | 0xff000000;
			for (int bit = 0; bit < 32; bit++, pixel >>= 1)
				crc = crc >> 1 ^ ((crc ^ pixel) & 1 ? 0xedb88320 : 0);
		}
	}
	return ~crc;
}

static int open_crcs(void)
{
	int fd = open(CRC_DATA, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void read_crc(int fd, uint32_t *frame, uint32_t *crc)
{
	char line[64] = "";

	CHECK(read(fd, line, sizeof(line)) > 0);
	CHECK_INT(sscanf(line, "0x%8x 0x%8x\n", frame, crc), 2);
}

/* Frames before first have the one picture, first and later ones the other. */
static void check_change(int fd, uint32_t first, uint32_t before, uint32_t after)
{
	uint32_t frame, crc;

	do {
		read_crc(fd, &frame, &crc);
		if (crc != ((int32_t)(frame - first) < 0 ? before : after))
			test_fail(__FILE__, __LINE__, "frame %u, flip at %u: crc %08x", frame, first,
				crc);
	} while ((int32_t)(frame - first) < 2);
}

/* The first frame with the new picture is that of the event; the CRC is that of the pixels. */
TEST(flip_event_tells_the_frame)
{
	uint32_t frame, crc, crcs[2];

	begin();
	crcs[0] = crc_of(screen_noise);
	crcs[1] = crc_of(back_color);
	int fd = open_crcs();
	read_crc(fd, &frame, &crc);
	CHECK_INT(crc, crcs[0]);
	for (unsigned i = 0; i < 6; i++) {
		CHECK_INT(drmModePageFlip(screen_fd(), screen_id(SCREEN_CRTC),
			i % 2 ? front.id : back.id, DRM_MODE_PAGE_FLIP_EVENT, NULL), 0);
		check_change(fd, read_flip().sequence, crcs[i % 2], crcs[1 - i % 2]);
	}
	close(fd);
	end();
}

/* Vblanks that the device was late for have lines, too: of what they showed. */
TEST(late_flip_tells_the_frame)
{
	uint32_t crcs[2] = {crc_of(screen_noise), crc_of(back_color)}, frame, crc;
	bool late = false;

	begin();
	for (unsigned i = 0; i < 100 && !late; i++) {
		int fd = open_crcs();
		read_crc(fd, &frame, &crc);
		CHECK_INT(drmModePageFlip(screen_fd(), screen_id(SCREEN_CRTC),
			i % 2 ? front.id : back.id, DRM_MODE_PAGE_FLIP_EVENT, NULL), 0);
		preload_test_stall(60);
		uint32_t shown = read_flip().sequence;
		check_change(fd, shown, crcs[i % 2], crcs[1 - i % 2]);
		late = shown - frame > 2;
		close(fd);
	}
	CHECK(late);
	end();
}

TEST(flip_target_is_the_frame)
{
	uint32_t frame, crc;

	begin();
	int fd = open_crcs();
	read_crc(fd, &frame, &crc);
	CHECK_INT(drmModePageFlipTarget(screen_fd(), screen_id(SCREEN_CRTC), back.id,
		DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_PAGE_FLIP_TARGET_RELATIVE, NULL, 1), 0);
	check_change(fd, read_flip().sequence, crc_of(screen_noise), crc_of(back_color));
	close(fd);
	screen_expect(back_color);
	end();
}

TEST(async_flip_shows_at_once)
{
	drmVBlank vblank = {.request.type = DRM_VBLANK_RELATIVE};
	uint32_t frame, crc, will;

	begin();
	will = crc_of(back_color);
	int fd = open_crcs();
	CHECK_INT(drmModePageFlip(screen_fd(), screen_id(SCREEN_CRTC), back.id,
		DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_PAGE_FLIP_ASYNC, NULL), 0);
	CHECK_INT(drmWaitVBlank(screen_fd(), &vblank), 0);
	read_flip();
	/* Whatever frame comes after the call has the new picture. */
	do {
		read_crc(fd, &frame, &crc);
	} while ((int32_t)(frame - vblank.reply.sequence) <= 0);
	CHECK_INT(crc, will);
	close(fd);
	screen_expect(back_color);
	drmModeAtomicReq *req = screen_request();
	screen_set(req, SCREEN_PRIMARY, "FB_ID", front.id);
	CHECK_INT(screen_try(req, DRM_MODE_PAGE_FLIP_ASYNC | DRM_MODE_ATOMIC_NONBLOCK), 0);
	screen_expect(screen_noise);
	end();
}

/* ---- off and on ---- */

static void set_dpms(uint64_t value)
{
	/* A crtc is on as long as one of its connectors wants it. */
	for (enum screen_object i = SCREEN_CONNECTOR; i <= SCREEN_WRITEBACK; i++) {
		CHECK_INT(screen_get(SCREEN_CRTC, "ACTIVE"), i == SCREEN_CONNECTOR ?
			value != DRM_MODE_DPMS_ON : 1);
		CHECK_INT(drmModeConnectorSetProperty(screen_fd(), screen_id(i),
			screen_property(i, "DPMS", NULL), value), 0);
	}
}

TEST(dpms)
{
	char line[64];
	uint32_t frame, crc, was;

	begin();
	was = crc_of(screen_noise);
	int fd = open_crcs();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	set_dpms(DRM_MODE_DPMS_OFF);
	CHECK_INT(screen_get(SCREEN_CRTC, "ACTIVE"), 0);
	/* A frame may have been on its way. */
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	for (unsigned i = 0; i < 3 && poll(&poller, 1, 100) == 1; i++) {
		while (read(fd, line, sizeof(line)) > 0)
			;
	}
	CHECK_INT(poll(&poller, 1, 100), 0);
	/* A picture that is made while it is dark is the one that it shows. */
	screen_fb_fill(&back, back_color);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_PRIMARY, &back, 0, 0);
	screen_commit(req);
	CHECK_INT(poll(&poller, 1, 50), 0);
	set_dpms(DRM_MODE_DPMS_ON);
	CHECK_INT(poll(&poller, 1, 5000), 1);
	read_crc(fd, &frame, &crc);
	CHECK(crc != was);
	CHECK_INT(crc, crc_of(back_color));
	close(fd);
	screen_expect(back_color);
	end();
}

/* A framebuffer that is shown and goes takes its plane along; the crtc stays lit. */
TEST(rmfb_of_what_is_shown)
{
	begin();
	struct screen_fb whole = screen_fb_create(SCREEN_WIDTH, SCREEN_HEIGHT,
		DRM_FORMAT_ARGB8888, DRM_FORMAT_MOD_LINEAR);
	drmModeAtomicReq *req = screen_request();
	screen_put(req, SCREEN_OVERLAY, &whole, 0, 0);
	screen_set(req, SCREEN_OVERLAY, "pixel blend mode", 2);
	screen_commit(req);
	screen_expect(black);
	screen_fb_destroy(&whole);
	CHECK_INT(screen_get(SCREEN_OVERLAY, "FB_ID"), 0);
	CHECK_INT(screen_get(SCREEN_OVERLAY, "CRTC_ID"), 0);
	screen_expect(screen_noise);
	CHECK_INT(drmModeRmFB(screen_fd(), front.id), 0);
	CHECK_INT(screen_get(SCREEN_PRIMARY, "FB_ID"), 0);
	CHECK_INT(screen_get(SCREEN_CRTC, "ACTIVE"), 1);
	screen_expect(black);
	CHECK_ERRNO(drmModeRmFB(screen_fd(), front.id) < 0 ? -1 : 0, ENOENT);
	for (unsigned i = 0; i < front.count; i++) {
		munmap(front.planes[i], front.sizes[i]);
		drmCloseBufferHandle(screen_fd(), front.handles[i]);
	}
	screen_fb_destroy(&back);
	screen_end();
}

/* ---- what a client says of its framebuffers ---- */

static uint32_t want_corner(int x, int y)
{
	return x < 10 && y < 10 ? 0x00ff00 : screen_noise(x, y);
}

/* Damage is a hint: all of the new framebuffer is shown, damaged or not. */
TEST(damage_clips)
{
	struct drm_mode_rect rects[2] = {{0, 0, 10, 10}, {600, 400, 640, 480}};

	begin();
	screen_fb_fill(&back, want_corner);
	drmModeAtomicReq *req = screen_request();
	screen_set(req, SCREEN_PRIMARY, "FB_ID", back.id);
	screen_set(req, SCREEN_PRIMARY, "FB_DAMAGE_CLIPS", screen_blob(rects, sizeof(rects)));
	screen_commit(req);
	screen_expect(want_corner);
	screen_fb_fill(&front, back_color);
	req = screen_request();
	screen_set(req, SCREEN_PRIMARY, "FB_ID", front.id);
	screen_set(req, SCREEN_PRIMARY, "FB_DAMAGE_CLIPS", screen_blob(rects, sizeof(rects[0])));
	screen_commit(req);
	screen_expect(back_color);
	end();
}

/* GETFB2's handle is one to the very pixels that are shown. */
TEST(getfb2_of_what_is_shown)
{
	uint64_t offset;

	begin();
	drmModeFB2 *fb = drmModeGetFB2(screen_fd(), (uint32_t)screen_get(SCREEN_PRIMARY, "FB_ID"));
	CHECK(fb && fb->width == SCREEN_WIDTH && fb->pixel_format == DRM_FORMAT_XRGB8888);
	CHECK(fb->handles[0] && fb->pitches[0] == front.pitches[0]);
	CHECK_INT(drmModeMapDumbBuffer(screen_fd(), fb->handles[0], &offset), 0);
	uint32_t *pixels = mmap(NULL, front.sizes[0], PROT_READ | PROT_WRITE, MAP_SHARED,
		screen_fd(), (off_t)offset);
	CHECK(pixels != MAP_FAILED);
	for (int y = 0; y < 10; y++) {
		for (int x = 0; x < 10; x++)
			pixels[(unsigned)y * fb->pitches[0] / 4 + (unsigned)x] = 0x00ff00;
	}
	screen_expect(want_corner);
	munmap(pixels, front.sizes[0]);
	/* It may be the very handle that made it, then there is but one to close. */
	if (fb->handles[0] != front.handles[0])
		CHECK_INT(drmCloseBufferHandle(screen_fd(), fb->handles[0]), 0);
	drmModeFreeFB2(fb);
	end();
}
