/*
 * A display device with two crtcs and one open file whose events are kept, for
 * tests of the engine below the ioctls.
 *
 * Crtc 0 has primary, overlay and cursor, crtc 1 primary and cursor; another
 * overlay and each of the two connectors can be on either crtc.
 */
#ifndef KMS_FIXTURE_H
#define KMS_FIXTURE_H

#include "gem_file.h"
#include "kms_atomic.h"
#include "kms_legacy.h"
#include "kms_vblank.h"

enum { FIXTURE_EVENTS = 512, FIXTURE_WIDTH = 640, FIXTURE_HEIGHT = 480 };

struct fixture_event {
	uint32_t type, crtc_id;
	uint64_t user_data;
	uint64_t sequence;
	uint64_t time_ns;  /* as the event says: whole microseconds, or ns for sequence events */
	uint64_t sent_ns;  /* when it was sent */
	struct kms_framebuffer *shown; /* crtc 0's primary scanout at that moment, not a reference */
	int32_t cursor_x;              /* of crtc 0's cursor scanout at that moment */
};

struct fixture {
	struct gem_device gem;
	struct gem_file gem_file;
	struct kms_device *dev;
	struct kms_file file;
	struct kms_crtc *crtc, *crtc1;
	struct kms_plane *primary, *overlay, *cursor, *shared;
	struct drm_mode_modeinfo mode;
	unsigned event_count; /* dev->lock, as events */
	struct fixture_event events[FIXTURE_EVENTS];
	size_t unread;        /* what the unread op says */
};

void fixture_init(struct fixture *fixture);
/* The same, in memory of strict coherency (gem_view.h). */
void fixture_init_strict(struct fixture *fixture);
void fixture_finish(struct fixture *fixture);
/* A framebuffer on file's list, and no other reference. */
struct kms_framebuffer *fixture_fb(struct fixture *fixture, uint32_t width, uint32_t height,
	uint32_t fourcc);
/* 640x480 XRGB8888. */
struct kms_framebuffer *fixture_screen(struct fixture *fixture);
/* SETCRTC of crtc 0 with connector 0; a negative errno on failure. */
int fixture_on(struct fixture *fixture, struct kms_framebuffer *fb);
int fixture_off(struct fixture *fixture);
/* Waits until count events came; fails the test after 2 s. */
void fixture_wait_events(struct fixture *fixture, unsigned count);
void fixture_sleep(uint64_t ns);

#endif
