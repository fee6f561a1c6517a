#include <errno.h>
#include <string.h>
#include <time.h>

#include <drm_fourcc.h>

#include "kms_fixture.h"
#include "kms_mode.h"
#include "test.h"

static void keep_event(struct kms_file *file, const void *data, size_t len)
{
	struct fixture *fixture = gem_container_of(file, struct fixture, file);
	struct fixture_event *kept = &fixture->events[fixture->event_count];
	const struct drm_event *event = data;

	CHECK(fixture->event_count < FIXTURE_EVENTS);
	CHECK_INT(event->length, len);
	CHECK_INT(len, 32);
	*kept = (struct fixture_event) {.type = event->type, .sent_ns = kms_clock_now()};
	kept->shown = fixture->primary->scanout.fb;
	kept->cursor_x = fixture->cursor->scanout.crtc_x;
	if (event->type == DRM_EVENT_CRTC_SEQUENCE) {
		const struct drm_event_crtc_sequence *sequence = data;

		kept->user_data = sequence->user_data;
		kept->sequence = sequence->sequence;
		kept->time_ns = (uint64_t)sequence->time_ns;
	} else {
		const struct drm_event_vblank *vblank = data;

		kept->user_data = vblank->user_data;
		kept->sequence = vblank->sequence;
		kept->time_ns = vblank->tv_sec * 1000000000ull + vblank->tv_usec * 1000ull;
		kept->crtc_id = vblank->crtc_id;
	}
	fixture->event_count++;
}

static size_t unread(struct kms_file *file)
{
	return gem_container_of(file, struct fixture, file)->unread;
}

static const struct kms_event_ops event_ops = {.send = keep_event, .unread = unread};

static const uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_RGB565};
static const uint32_t cursor_formats[] = {DRM_FORMAT_ARGB8888};
static const struct kms_modifier_desc modifiers[] = {
	{DRM_FORMAT_MOD_LINEAR, 0}, {I915_FORMAT_MOD_X_TILED, 0},
};

#define PICTURES(type_, crtcs, zpos_)                                                         \
	{.type = type_, .possible_crtcs = crtcs, .formats = formats, .format_count = 3,       \
		.zpos = zpos_, .modifiers = modifiers, .modifier_count = 2}
#define CURSOR(crtcs)                                                                         \
	{.type = KMS_PLANE_CURSOR, .possible_crtcs = crtcs, .formats = cursor_formats,        \
		.format_count = 1, .zpos = 2}

static const struct kms_plane_desc planes[] = {
	PICTURES(KMS_PLANE_PRIMARY, 1, 0), PICTURES(KMS_PLANE_OVERLAY, 1, 1), CURSOR(1),
	PICTURES(KMS_PLANE_PRIMARY, 2, 0), CURSOR(2), PICTURES(KMS_PLANE_OVERLAY, 3, 1),
};

static void create_device(struct fixture *fixture)
{
	const struct kms_connector_desc connector = {
		.type = DRM_MODE_CONNECTOR_VIRTUAL, .possible_crtcs = 3, .connected = true,
		.monitor = "Test", .modes = &fixture->mode, .mode_count = 1,
	};
	const struct kms_connector_desc connectors[] = {connector, connector};
	const struct kms_device_desc desc = {
		.max_width = 4096, .max_height = 4096, .cursor_width = 64, .cursor_height = 64,
		.crtc_count = 2, .planes = planes, .plane_count = GEM_ARRAY_SIZE(planes),
		.connectors = connectors, .connector_count = 2,
	};

	CHECK_INT(kms_device_create(&desc, &fixture->dev), 0);
}

static void init(struct fixture *fixture, const struct gem_memory_options *memory)
{
	memset(fixture, 0, sizeof(*fixture));
	CHECK_INT(kms_mode_standard(FIXTURE_WIDTH, FIXTURE_HEIGHT, &fixture->mode), 0);
	CHECK_INT(gem_device_init(&fixture->gem, memory), 0);
	CHECK_INT(gem_file_init(&fixture->gem_file, &fixture->gem), 0);
	create_device(fixture);
	kms_file_init(&fixture->file, fixture->dev, &event_ops);
	fixture->crtc = &fixture->dev->crtcs[0];
	fixture->crtc1 = &fixture->dev->crtcs[1];
	fixture->primary = fixture->crtc->primary;
	fixture->overlay = &fixture->dev->planes[1];
	fixture->cursor = fixture->crtc->cursor;
	fixture->shared = &fixture->dev->planes[5];
}

void fixture_init(struct fixture *fixture)
{
	init(fixture, NULL);
}

void fixture_init_strict(struct fixture *fixture)
{
	init(fixture, &(struct gem_memory_options) {.strict = true});
}

void fixture_finish(struct fixture *fixture)
{
	kms_file_finish(&fixture->file);
	gem_file_finish(&fixture->gem_file);
	kms_device_destroy(fixture->dev);
	CHECK_INT(fixture->gem.object_count, 0);
	gem_device_finish(&fixture->gem);
}

struct kms_framebuffer *fixture_fb(struct fixture *fixture, uint32_t width, uint32_t height,
	uint32_t fourcc)
{
	uint32_t bpp = fourcc == DRM_FORMAT_RGB565 ? 16 : 32;
	struct drm_mode_fb_cmd2 cmd = {.width = width, .height = height, .pixel_format = fourcc};
	struct kms_framebuffer *fb;
	uint64_t size;

	CHECK_INT(gem_dumb_create(&fixture->gem_file, width, height, bpp, &cmd.pitches[0], &size,
		&cmd.handles[0]), 0);
	CHECK_INT(kms_framebuffer_create(&fixture->file, &fixture->gem_file, &cmd, &fb), 0);
	CHECK_INT(gem_handle_delete(&fixture->gem_file, cmd.handles[0]), 0);
	kms_object_put(&fb->base);
	return fb;
}

struct kms_framebuffer *fixture_screen(struct fixture *fixture)
{
	return fixture_fb(fixture, FIXTURE_WIDTH, FIXTURE_HEIGHT, DRM_FORMAT_XRGB8888);
}

int fixture_on(struct fixture *fixture, struct kms_framebuffer *fb)
{
	struct kms_connector *connector = &fixture->dev->connectors[0];

	return kms_set_crtc(&(struct kms_mode_set) {
		.crtc = fixture->crtc, .fb = fb, .mode = &fixture->mode,
		.connectors = &connector, .connector_count = 1,
	});
}

int fixture_off(struct fixture *fixture)
{
	return kms_set_crtc(&(struct kms_mode_set) {.crtc = fixture->crtc});
}

void fixture_wait_events(struct fixture *fixture, unsigned count)
{
	uint64_t deadline = kms_clock_now() + 2000000000ull;

	pthread_mutex_lock(&fixture->dev->lock);
	while (fixture->event_count < count) {
		if (kms_clock_wait_change_locked(fixture->dev, deadline))
			test_fail(__FILE__, __LINE__, "%u of %u events came",
				fixture->event_count, count);
	}
	pthread_mutex_unlock(&fixture->dev->lock);
}

void fixture_sleep(uint64_t ns)
{
	struct timespec time = {.tv_sec = ns / 1000000000ull, .tv_nsec = ns % 1000000000ull};

	while (nanosleep(&time, &time) != 0)
		;
}
