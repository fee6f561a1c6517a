/*
 * Many crtcs, each at a rate of its own: in one virtual time exact to the nanosecond; in real
 * time, whatever a loaded machine lets the thread miss, each number at its time.
 */
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "gem_file.h"
#include "kms_framebuffer.h"
#include "kms_legacy.h"
#include "kms_mode.h"
#include "kms_time.h"
#include "test.h"

#define SECOND 1000000000ull

struct counter {
	struct kms_crtc *crtc;
	struct drm_mode_modeinfo mode;
	uint64_t start_ns, start_count; /* where its grid begins */
	uint64_t next;                  /* sequence of the event that is to come */
	bool queued;
};

static struct gem_device gem;
static struct gem_file gem_file;
static struct kms_device *dev;
static struct kms_file file;
static struct counter counters[KMS_MAX_CRTCS];
static uint64_t last_ns, events;
static bool real;

static uint64_t expected_time(const struct counter *counter, uint64_t count)
{
	unsigned __int128 pixels = (unsigned __int128)counter->mode.htotal * counter->mode.vtotal;

	return counter->start_ns + (uint64_t)((count - counter->start_count) * pixels * 1000000 /
		counter->mode.clock);
}

/* Every event: its crtc's next number, at that number's time, and none before an earlier one. */
static void check_event(struct kms_file *unused, const void *data, size_t len)
{
	const struct drm_event_crtc_sequence *event = data;
	struct counter *counter = &counters[event->user_data];

	CHECK_INT(len, sizeof(*event));
	CHECK(event->sequence == counter->next || (real && event->sequence > counter->next));
	CHECK_INT(event->time_ns, expected_time(counter, event->sequence));
	CHECK(real || (uint64_t)event->time_ns >= last_ns);
	last_ns = event->time_ns;
	counter->next++;
	counter->queued = false;
	events++;
}

static size_t unread(struct kms_file *unused)
{
	return 0;
}

static const struct kms_event_ops event_ops = {.send = check_event, .unread = unread};

static void create(unsigned count)
{
	static const uint32_t formats[] = {DRM_FORMAT_XRGB8888};
	struct kms_plane_desc planes[KMS_MAX_CRTCS] = {0};
	struct kms_connector_desc connectors[KMS_MAX_CRTCS] = {0};

	for (unsigned i = 0; i < count; i++) {
		planes[i] = (struct kms_plane_desc) {
			.type = KMS_PLANE_PRIMARY, .possible_crtcs = 1u << i, .formats = formats,
			.format_count = 1,
		};
		connectors[i] = (struct kms_connector_desc) {
			.type = DRM_MODE_CONNECTOR_VIRTUAL, .possible_crtcs = 1u << i,
			.connected = true, .modes = &counters[i].mode, .mode_count = 1,
		};
	}
	const struct kms_device_desc desc = {
		.max_width = 4096, .max_height = 4096, .crtc_count = count, .planes = planes,
		.plane_count = count, .connectors = connectors, .connector_count = count,
	};
	CHECK_INT(gem_device_init(&gem, NULL), 0);
	CHECK_INT(gem_file_init(&gem_file, &gem), 0);
	CHECK_INT(kms_device_create(&desc, &dev), 0);
	kms_file_init(&file, dev, &event_ops);
	kms_time_start(dev, KMS_TIME_FAST);
}

static void light(struct counter *counter)
{
	const struct drm_mode_modeinfo *mode = &counter->mode;
	struct kms_connector *connector = &dev->connectors[counter->crtc->index];
	struct drm_mode_fb_cmd2 cmd = {.width = mode->hdisplay, .height = mode->vdisplay,
		.pixel_format = DRM_FORMAT_XRGB8888};
	struct kms_framebuffer *fb;
	uint64_t size;

	CHECK_INT(gem_dumb_create(&gem_file, mode->hdisplay, mode->vdisplay, 32, &cmd.pitches[0],
		&size, &cmd.handles[0]), 0);
	CHECK_INT(kms_framebuffer_create(&file, &gem_file, &cmd, &fb), 0);
	kms_object_put(&fb->base);
	CHECK_INT(kms_set_crtc(&(struct kms_mode_set) {.crtc = counter->crtc, .fb = fb,
		.mode = mode, .connectors = &connector, .connector_count = 1}), 0);
	counter->start_ns = counter->crtc->vblank->start_ns;
	counter->start_count = counter->crtc->vblank->start_count;
}

/* rate in Hz. No two start at the same time: each SETCRTC waits for its first vblank. */
static void start(const unsigned *rates, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		CHECK_INT(kms_mode_cvt(640, 480, rates[i], &counters[i].mode), 0);
	create(count);
	for (unsigned i = 0; i < count; i++) {
		counters[i].crtc = &dev->crtcs[i];
		light(&counters[i]);
	}
	kms_time_set(dev, KMS_TIME_FROZEN);
}

static void queue(struct counter *counter, unsigned index)
{
	struct kms_event *event;

	counter->next = counter->crtc->vblank->count + 1;
	CHECK_INT(kms_event_reserve_locked(&file, DRM_EVENT_CRTC_SEQUENCE, index, &event), 0);
	CHECK_INT(kms_vblank_queue_event_locked(counter->crtc, counter->next, event), 0);
	counter->queued = true;
}

/* To the next vblank of any crtc, with an event queued for each. */
static void run_to_next(unsigned count)
{
	uint64_t next = UINT64_MAX;

	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < count; i++) {
		uint64_t due = kms_vblank_next_ns_locked(counters[i].crtc);

		if (!counters[i].queued)
			queue(&counters[i], i);
		next = due < next ? due : next;
	}
	pthread_mutex_unlock(&dev->lock);
	CHECK_INT(kms_time_step_ns(dev, next - kms_time_now(dev)), 0);
}

static void run(unsigned count, uint64_t ns)
{
	uint64_t end = kms_time_now(dev) + ns, expected = 0, first[KMS_MAX_CRTCS];

	for (unsigned i = 0; i < count; i++)
		first[i] = counters[i].crtc->vblank->count;
	while (kms_time_now(dev) < end)
		run_to_next(count);
	for (unsigned i = 0; i < count; i++) {
		const struct kms_vblank *vblank = counters[i].crtc->vblank;

		CHECK_INT(vblank->late_count, 0);
		CHECK(expected_time(&counters[i], vblank->count) <= kms_time_now(dev));
		CHECK(expected_time(&counters[i], vblank->count + 1) > kms_time_now(dev));
		expected += vblank->count - first[i];
	}
	CHECK_INT(events, expected);
}

static void finish(void)
{
	kms_file_finish(&file);
	gem_file_finish(&gem_file);
	kms_device_destroy(dev);
	gem_device_finish(&gem);
}

TEST(four_rates_for_a_minute)
{
	static const unsigned rates[] = {60, 75, 144, 24};

	start(rates, 4);
	run(4, 60 * SECOND);
	CHECK(events > 60 * (60 + 75 + 144 + 24) - 100);
	finish();
}

TEST(thirty_two_rates_at_once)
{
	unsigned rates[KMS_MAX_CRTCS];

	for (unsigned i = 0; i < KMS_MAX_CRTCS; i++)
		rates[i] = 24 + 7 * i;
	start(rates, KMS_MAX_CRTCS);
	run(KMS_MAX_CRTCS, 2 * SECOND);
	CHECK(events > 2 * 32 * 130);
	finish();
}

/* Each crtc's events follow each other at once: no drift, nothing out of step. */
TEST(four_rates_in_real_time)
{
	static const unsigned rates[] = {60, 75, 144, 24};
	uint64_t end;

	real = true;
	start(rates, 4);
	kms_time_set(dev, KMS_TIME_REAL);
	pthread_mutex_lock(&dev->lock);
	/* The leap to real time moved the grids. */
	for (unsigned i = 0; i < 4; i++)
		counters[i].start_ns = counters[i].crtc->vblank->start_ns;
	for (end = kms_clock_now() + SECOND; kms_clock_now() < end;) {
		for (unsigned i = 0; i < 4; i++) {
			if (!counters[i].queued)
				queue(&counters[i], i);
		}
		kms_clock_wait_change_locked(dev, end);
	}
	pthread_mutex_unlock(&dev->lock);
	CHECK(events > 24);
	finish();
}
