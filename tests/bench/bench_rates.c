/*
 * Four crtcs at rates of their own in real time, in process: how late the vblank thread
 * handles each, what it missed, and whether its grids kept to CLOCK_MONOTONIC. The rival,
 * at the same time: a thread of the same priority that sleeps to a grid of 60 Hz.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "bench.h"
#include "gem_file.h"
#include "kms_framebuffer.h"
#include "kms_legacy.h"
#include "kms_mode.h"
#include "kms_vblank.h"

enum { CRTCS = 4, SECONDS = 20 };

static const unsigned rates[CRTCS] = {60, 75, 144, 24};
static struct drm_mode_modeinfo modes[CRTCS];
static struct gem_device gem;
static struct gem_file gem_file;
static struct kms_device *dev;
static struct kms_file file;

static void send_nothing(struct kms_file *unused, const void *event, size_t len)
{
}

static size_t unread(struct kms_file *unused)
{
	return 0;
}

static void create(void)
{
	static const struct kms_event_ops ops = {.send = send_nothing, .unread = unread};
	static const uint32_t formats[] = {DRM_FORMAT_XRGB8888};
	struct kms_plane_desc planes[CRTCS] = {0};
	struct kms_connector_desc connectors[CRTCS] = {0};

	for (unsigned i = 0; i < CRTCS; i++) {
		bench_require(kms_mode_cvt(640, 480, rates[i], &modes[i]), "mode");
		planes[i] = (struct kms_plane_desc) {.type = KMS_PLANE_PRIMARY,
			.possible_crtcs = 1u << i, .formats = formats, .format_count = 1};
		connectors[i] = (struct kms_connector_desc) {.type = DRM_MODE_CONNECTOR_VIRTUAL,
			.possible_crtcs = 1u << i, .connected = true, .modes = &modes[i],
			.mode_count = 1};
	}
	const struct kms_device_desc desc = {.max_width = 4096, .max_height = 4096,
		.crtc_count = CRTCS, .planes = planes, .plane_count = CRTCS,
		.connectors = connectors, .connector_count = CRTCS};
	bench_require(gem_device_init(&gem, NULL), "memory");
	bench_require(gem_file_init(&gem_file, &gem), "file");
	bench_require(kms_device_create(&desc, &dev), "device");
	kms_file_init(&file, dev, &ops);
}

static void light(unsigned i)
{
	struct kms_connector *connector = &dev->connectors[i];
	struct drm_mode_fb_cmd2 cmd = {.width = 640, .height = 480,
		.pixel_format = DRM_FORMAT_XRGB8888};
	struct kms_framebuffer *fb;
	uint64_t size;

	bench_require(gem_dumb_create(&gem_file, 640, 480, 32, &cmd.pitches[0], &size,
		&cmd.handles[0]), "buffer");
	bench_require(kms_framebuffer_create(&file, &gem_file, &cmd, &fb), "framebuffer");
	kms_object_put(&fb->base);
	bench_require(kms_set_crtc(&(struct kms_mode_set) {.crtc = &dev->crtcs[i], .fb = fb,
		.mode = &modes[i], .connectors = &connector, .connector_count = 1}), "crtc");
}

/* Worst lateness, and how many were later than a period, as the vblank thread counts them. */
static void *sleep_on_a_grid(void *unused)
{
	const struct sched_param param = {.sched_priority = 1};
	const double period = 1e9 / 60;
	double start = bench_now_ns(), worst = 0;
	unsigned missed = 0;

	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	for (unsigned i = 1; i <= SECONDS * 60; i++) {
		double due = start + i * period;
		struct timespec until = {.tv_sec = due / 1e9};

		until.tv_nsec = due - until.tv_sec * 1e9;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		double late = bench_now_ns() - due;
		worst = late > worst ? late : worst;
		missed += late > period;
	}
	printf("    a thread that only sleeps, 60 Hz: at most %.0f us late, %u missed\n",
		worst / 1e3, missed);
	return NULL;
}

static void print_crtc(unsigned i)
{
	const struct kms_vblank *vblank = dev->crtcs[i].vblank;
	uint64_t now = kms_clock_now();
	double exact = (double)vblank->period_num / vblank->period_den;
	double elapsed = now - vblank->start_ns, counted = vblank->count - vblank->start_count;

	printf("    crtc %u, %.3f Hz: %.0f vblanks (%.2f periods passed), at most %.0f us late, "
		"%llu missed\n", i, 1e9 / exact, counted, elapsed / exact,
		vblank->late_max_ns / 1e3, (unsigned long long)vblank->late_count);
}

int main(void)
{
	pthread_t rival;

	create();
	for (unsigned i = 0; i < CRTCS; i++)
		light(i);
	printf("four rates for %d s\n", SECONDS);
	if (pthread_create(&rival, NULL, sleep_on_a_grid, NULL) != 0)
		return 1;
	pthread_join(rival, NULL);
	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < CRTCS; i++)
		print_crtc(i);
	pthread_mutex_unlock(&dev->lock);
	kms_file_finish(&file);
	gem_file_finish(&gem_file);
	kms_device_destroy(dev);
	gem_device_finish(&gem);
	return 0;
}
