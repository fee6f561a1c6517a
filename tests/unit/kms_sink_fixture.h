/* A device built by hand for what sinks are given: the test is its vblank thread. */
#ifndef KMS_SINK_FIXTURE_H
#define KMS_SINK_FIXTURE_H

#include <semaphore.h>

#include "kms_framebuffer.h"
#include "kms_sink.h"
#include "kms_vblank.h"

enum { WIDTH = 8, HEIGHT = 4 };
#define RED 0x00ff0000u
#define BLUE 0x000000ffu

extern struct kms_device device;
extern struct kms_vblank counter;
static struct kms_crtc *const crtc = &device.crtcs[0];
extern int freed_fbs; /* pictures that nobody holds any more */

/* On, with nothing on its planes. */
void device_init(void);
void turn(bool on);
void run_vblank(uint64_t sequence, uint64_t time_ns);

struct picture {
	struct kms_framebuffer fb;
	uint32_t pixels[WIDTH * HEIGHT];
};

/* Counts. */
void picture_free(struct kms_object *obj);
void picture_init(struct picture *picture, uint32_t color);
/* What a latch does. NULL: the plane is off. */
void show(unsigned plane, struct picture *picture, int32_t x);

/* A sink that keeps what it was given. */
struct watcher {
	struct kms_sink sink;
	int frames;
	struct kms_frame last;
	uint32_t pixel[WIDTH]; /* first row of the last frame */
	sem_t *entered, *leave; /* to hold a frame up */
};

void watcher_attach(struct watcher *watcher);

#endif
