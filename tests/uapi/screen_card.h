/*
 * The default device's screen as a client sees it: planes are set by atomic commits,
 * and the picture is read back through the writeback connector. Tests give, for each
 * pixel of the screen, the value that it must have. Runs in process (preload_self.c)
 * and in another process (preload_client.c).
 */
#ifndef SCREEN_CARD_H
#define SCREEN_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "test.h"

enum { SCREEN_WIDTH = 640, SCREEN_HEIGHT = 480 };

enum screen_object {
	SCREEN_PRIMARY, SCREEN_OVERLAY, SCREEN_OVERLAY_2, SCREEN_CURSOR, SCREEN_CRTC,
	SCREEN_CONNECTOR, SCREEN_WRITEBACK, SCREEN_OBJECTS
};

/* Each plane is a dumb buffer of its own, mapped. */
struct screen_fb {
	uint32_t id, width, height;
	unsigned count; /* planes */
	uint32_t handles[4], pitches[4];
	uint8_t *planes[4];
	size_t sizes[4];
};

/* A crtc of 640x480 that is lit, with nothing on it; every property as a new device has it. */
void screen_begin(void);
void screen_end(void);

int screen_fd(void);
uint32_t screen_id(enum screen_object object);
uint32_t screen_property(enum screen_object object, const char *name, uint64_t *value);
uint64_t screen_get(enum screen_object object, const char *name);
uint32_t screen_blob(const void *data, size_t size);

/* Black; modifier DRM_FORMAT_MOD_LINEAR or I915_FORMAT_MOD_X_TILED. */
struct screen_fb screen_fb_create(uint32_t width, uint32_t height, uint32_t format,
	uint64_t modifier);
void screen_fb_destroy(struct screen_fb *fb);
uint8_t *screen_fb_row(const struct screen_fb *fb, unsigned plane, uint32_t y);
/* Of 32 bits a pixel, LINEAR. */
void screen_fb_fill(const struct screen_fb *fb, uint32_t (*color)(int x, int y));
/* No two neighbours alike, bits 31-24 too. */
uint32_t screen_noise(int x, int y);

drmModeAtomicReq *screen_request(void);
void screen_set(drmModeAtomicReq *req, enum screen_object object, const char *name,
	uint64_t value);
/* All of fb at x, y as large as it is; or as large as is said. fb NULL: the plane is off. */
void screen_put(drmModeAtomicReq *req, enum screen_object plane, const struct screen_fb *fb,
	int x, int y);
void screen_put_scaled(drmModeAtomicReq *req, enum screen_object plane,
	const struct screen_fb *fb, int x, int y, uint32_t width, uint32_t height);
/* Blocking; frees req. 0 or -errno; the other one must be 0. */
int screen_try(drmModeAtomicReq *req, uint32_t flags);
void screen_commit(drmModeAtomicReq *req);
/* A request with one property. */
void screen_change(enum screen_object object, const char *name, uint64_t value);

/* What the next vblank shows, into fb, which is as large as the screen. */
void screen_capture(const struct screen_fb *fb);
/* Each pixel is XRGB8888 of want (its X = 0xff). */
void screen_expect(uint32_t (*want)(int x, int y));

/* numerator / denominator to the nearest; halves up. */
uint32_t screen_divide(uint64_t numerator, uint64_t denominator);

#endif
