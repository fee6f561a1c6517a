/*
 * Sinks: who watches a crtc's pixels. While a crtc has sinks, the vblank
 * thread composes each frame that changed and hands it to them.
 */
#ifndef KMS_SINK_H
#define KMS_SINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms_device.h"

struct kms_frame {
	const uint8_t *pixels; /* XRGB8888, valid during the call only */
	uint32_t width, height, pitch; /* pixels, pixels, bytes; 0x0 = crtc is off */
	uint64_t sequence;     /* vblank count at which it is shown */
	uint64_t time_ns;      /* that vblank's grid time */
	uint32_t crtc_id;
	uint64_t scanout_serial; /* kms_crtc.scanout_serial */
	/*
	 * The first vblank that showed this state: those between the last frame and this one
	 * that the vblank thread was late for showed the last frame before it, this one from it.
	 */
	uint64_t since;
	uint32_t crc;          /* CRC-32 of the pixels; for sinks with wants_crc, not when off */
};

struct kms_sink {
	struct gem_list link; /* crtc->sinks; dev->lock */
	struct kms_crtc *crtc;
	/* also frames in which no plane changed (front-buffer drawing shows) */
	bool every_vblank;
	bool wants_crc;
	/* Kept by kms_sink.c; dev->lock. */
	bool due, busy;        /* waits for this run's frame; frame() is running */
	bool served;           /* last_serial is valid */
	uint64_t last_serial;  /* scanout_serial of the last frame given */
	pthread_cond_t idle;   /* busy became false */
	/*
	 * On the vblank thread, without dev->lock: be quick, hand slow work to
	 * a thread of your own. Not called again before it returns.
	 */
	void (*frame)(struct kms_sink *sink, const struct kms_frame *frame);
};

/* The next vblank gives sink a first frame. */
void kms_sink_attach(struct kms_sink *sink, struct kms_crtc *crtc);
/*
 * After return, frame is not running and will not be called. Not from frame(),
 * nor holding dev->lock or anything that frame() takes.
 */
void kms_sink_detach(struct kms_sink *sink);

/*
 * The vblank thread calls begin under dev->lock with each vblank's latch, and
 * once after crtc was turned off (its sinks then get one 0x0 frame): what was
 * latched is what is composed, whatever is committed next. True when at least
 * one sink is due (scanout_serial differs from the last one it was given, or it
 * wants every vblank) or a writeback job (kms_writeback.h): run must follow, without
 * dev->lock; it composes once, serves jobs and sinks. sequence and time_ns are those of
 * the vblank. One caller at a time per crtc.
 */
bool kms_sinks_begin_locked(struct kms_crtc *crtc, uint64_t sequence, uint64_t time_ns);
void kms_sinks_run(struct kms_crtc *crtc);

/*
 * One picture of what crtc shows now, composed by the caller's thread: malloc'd
 * XRGB8888 pixels of width*4 pitch. -ENODATA when the crtc is off.
 */
int kms_screenshot(struct kms_crtc *crtc, uint8_t **pixels, uint32_t *width, uint32_t *height,
	uint64_t *sequence);

/* PNG (RGB, 8 bit) through libpng. -errno of the file. */
int kms_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
	uint32_t pitch);

/*
 * Sinks that write files, from a thread of their own; at most 32 frames wait, later
 * ones are dropped and counted (logged at destroy). Destroy writes what waits.
 */

/* Every changed frame as dir/<prefix>crtc<index>-<sequence, 8 digits>.png. */
int kms_png_sink_create(struct kms_crtc *crtc, const char *dir, const char *prefix,
	struct kms_sink **out);
/*
 * A video of one frame a vblank, from the first picture to the last change: what did not
 * change is repeated. path ends in
 *   .y4m   YUV4MPEG2, C444, BT.601 limited range (what players take when nothing says
 *          otherwise), the mode's exact rate
 *   .raw   XRGB8888 with X = 0xff, frame after frame, nothing else
 * A file has frames of one size; after a mode set follow path-1.y4m and so on.
 * -EINVAL another ending; errors of fopen.
 */
int kms_video_sink_create(struct kms_crtc *crtc, const char *path, struct kms_sink **out);
void kms_queue_sink_destroy(struct kms_sink *sink);

#endif
