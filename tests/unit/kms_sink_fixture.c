#include <string.h>

#include "kms_clock.h"
#include "kms_sink_fixture.h"
#include "test.h"

struct kms_device device;
struct kms_vblank counter;
int freed_fbs;
static struct kms_clock real_time; /* without a thread */
static const struct kms_format xrgb = {.fourcc = DRM_FORMAT_XRGB8888, .planes = 1, .cpp = {4}};

void picture_free(struct kms_object *obj)
{
	freed_fbs++;
}

void picture_init(struct picture *picture, uint32_t color)
{
	memset(picture, 0, sizeof(*picture));
	picture->fb.base.dev = &device;
	CHECK_INT(kms_object_add(&device, &picture->fb.base, DRM_MODE_OBJECT_FB, picture_free), 0);
	picture->fb.width = WIDTH;
	picture->fb.height = HEIGHT;
	picture->fb.format = &xrgb;
	picture->fb.planes[0].pixels = (uint8_t *)picture->pixels;
	picture->fb.planes[0].pitch = WIDTH * 4;
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		picture->pixels[i] = color;
}

void run_vblank(uint64_t sequence, uint64_t time_ns)
{
	pthread_mutex_lock(&device.lock);
	bool due = kms_sinks_begin_locked(crtc, sequence, time_ns);
	pthread_mutex_unlock(&device.lock);
	if (due)
		kms_sinks_run(crtc);
}

/* What a latch does. fb NULL: the plane is off. */
void show(unsigned plane, struct picture *picture, int32_t x)
{
	struct kms_plane_state *scanout = &device.planes[plane].scanout;

	pthread_mutex_lock(&device.lock);
	uint32_t zpos = scanout->normalized_zpos;

	*scanout = (struct kms_plane_state) {.normalized_zpos = zpos};
	if (picture)
		*scanout = (struct kms_plane_state) {
			.normalized_zpos = zpos,
			.crtc = crtc, .fb = &picture->fb, .crtc_x = x,
			.crtc_w = WIDTH, .crtc_h = HEIGHT,
			.src_w = WIDTH << 16, .src_h = HEIGHT << 16, .alpha = 0xffff,
		};
	crtc->scanout_serial++;
	pthread_mutex_unlock(&device.lock);
}

void turn(bool on)
{
	pthread_mutex_lock(&device.lock);
	crtc->state.active = on;
	crtc->scanout_serial++;
	pthread_mutex_unlock(&device.lock);
}

void device_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&device.lock, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_mutex_init(&device.object_lock, NULL);
	gem_idr_init(&device.objects, 1);
	device.crtc_count = 1;
	device.plane_count = 3;
	/* Not in zpos order: the sink must sort. */
	device.planes[0].scanout.normalized_zpos = 1;
	device.planes[1].scanout.normalized_zpos = 0;
	device.planes[2].scanout.normalized_zpos = 2;
	crtc->base.id = 77;
	crtc->base.dev = &device;
	crtc->vblank = &counter;
	device.clock = &real_time;
	gem_list_init(&crtc->sinks);
	crtc->state.mode.hdisplay = WIDTH;
	crtc->state.mode.vdisplay = HEIGHT;
	turn(true);
}

static void watch(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct watcher *watcher = (struct watcher *)sink;

	/* frame() may use the device: the caller does not hold the lock (EDEADLK). */
	CHECK_INT(pthread_mutex_lock(&device.lock), 0);
	pthread_mutex_unlock(&device.lock);
	watcher->last = *frame;
	if (frame->width)
		memcpy(watcher->pixel, frame->pixels, sizeof(watcher->pixel));
	watcher->frames++;
	if (watcher->entered) {
		sem_post(watcher->entered);
		sem_wait(watcher->leave);
	}
}

void watcher_attach(struct watcher *watcher)
{
	watcher->sink.frame = watch;
	kms_sink_attach(&watcher->sink, crtc);
}
