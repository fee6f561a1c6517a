/* Atomic commits: when they are shown, what they wait for, what is refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "kms_fixture.h"
#include "test.h"

static struct fixture fixture;
static struct kms_framebuffer *front, *back;

static void start(void)
{
	fixture_init(&fixture);
	front = fixture_screen(&fixture);
	back = fixture_screen(&fixture);
	CHECK_INT(fixture_on(&fixture, front), 0);
}

static void lock(void)
{
	pthread_mutex_lock(&fixture.dev->lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&fixture.dev->lock);
}

/* One flip of crtc 0; under the lock. */
static int flip_locked(struct kms_framebuffer *fb, unsigned flags, bool event)
{
	struct kms_atomic_state *state;
	int ret;

	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	kms_atomic_set_plane_fb(state, fixture.primary, fb);
	ret = event ? kms_atomic_reserve_events(state, &fixture.file, 42) : 0;
	if (!ret)
		ret = kms_atomic_commit(state, flags);
	kms_atomic_state_destroy(state);
	return ret;
}

static int flip(struct kms_framebuffer *fb, unsigned flags, bool event)
{
	lock();
	int ret = flip_locked(fb, flags, event);
	unlock();
	return ret;
}

TEST(flip_is_shown_at_its_vblank_and_not_before)
{
	start();
	for (int i = 0; i < 10; i++) {
		struct kms_framebuffer *old = i % 2 ? back : front, *new = i % 2 ? front : back;

		lock();
		uint64_t count = fixture.crtc->vblank->count, before = kms_clock_now();
		uint64_t serial = fixture.crtc->scanout_serial;
		CHECK_INT(flip_locked(new, KMS_COMMIT_NONBLOCK, true), 0);
		CHECK(fixture.primary->state.fb == new);
		CHECK(fixture.primary->scanout.fb == old);
		CHECK_INT(fixture.crtc->scanout_serial, serial);
		unlock();
		fixture_wait_events(&fixture, i + 1);
		const struct fixture_event *event = &fixture.events[i];
		CHECK_INT(event->type, DRM_EVENT_FLIP_COMPLETE);
		CHECK_INT(event->user_data, 42);
		CHECK_INT(event->crtc_id, fixture.crtc->base.id);
		CHECK(event->shown == new);
		CHECK(event->sequence > count);
		CHECK(event->time_ns + 1000 > before);
		CHECK(event->sent_ns >= event->time_ns);
		CHECK(i == 0 || event->time_ns > fixture.events[i - 1].time_ns);
		lock();
		CHECK(fixture.primary->scanout.fb == new);
		CHECK(fixture.crtc->scanout_serial != serial);
		unlock();
	}
	fixture_finish(&fixture);
}

/*
 * The thread comes late to a vblank, and a commit was made meanwhile: it is too
 * late for that vblank, though the thread sees it there.
 */
TEST(commit_after_the_grid_time_waits_for_the_next_vblank)
{
	start();
	lock();
	struct kms_vblank *vblank = fixture.crtc->vblank;
	uint64_t missed = kms_vblank_next_ns_locked(fixture.crtc), count = vblank->count + 1;
	uint64_t now = kms_clock_now();
	fixture_sleep(missed > now ? missed - now + 1000000 : 1);
	CHECK_INT(flip_locked(back, KMS_COMMIT_NONBLOCK, true), 0);
	CHECK_INT(vblank->count, count - 1);
	unlock();
	fixture_wait_events(&fixture, 1);
	CHECK(fixture.events[0].sequence > count);
	CHECK(fixture.events[0].time_ns > missed);
	fixture_finish(&fixture);
}

static void cursor_at(struct kms_framebuffer *image, int32_t x, bool async)
{
	struct kms_atomic_state *state;
	struct kms_plane_state *plane;

	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	state->async = async;
	kms_atomic_set_plane_crtc(state, fixture.cursor, fixture.crtc);
	kms_atomic_set_plane_fb(state, fixture.cursor, image);
	plane = kms_atomic_plane(state, fixture.cursor);
	plane->crtc_x = x;
	plane->crtc_w = plane->crtc_h = 64;
	plane->src_w = plane->src_h = 64 << 16;
	if (!async)
		CHECK_INT(kms_atomic_reserve_events(state, &fixture.file, 42), 0);
	CHECK_INT(kms_atomic_commit(state, KMS_COMMIT_NONBLOCK), 0);
	kms_atomic_state_destroy(state);
}

/* An async update of a plane does not show a part of a commit before its vblank. */
TEST(async_update_keeps_to_the_pending_commit)
{
	struct kms_framebuffer *image;
	struct kms_event *event;

	start();
	image = fixture_fb(&fixture, 64, 64, DRM_FORMAT_ARGB8888);
	lock();
	uint64_t missed = kms_vblank_next_ns_locked(fixture.crtc), now = kms_clock_now();
	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_VBLANK, 1, &event), 0);
	CHECK_INT(kms_vblank_queue_event_locked(fixture.crtc, fixture.crtc->vblank->count + 1,
		event), 0);
	fixture_sleep(missed > now ? missed - now + 1000000 : 1);
	cursor_at(image, 1, false);
	cursor_at(image, 2, true);
	unlock();
	fixture_wait_events(&fixture, 2);
	CHECK_INT(fixture.events[0].user_data, 1);
	CHECK_INT(fixture.events[0].cursor_x, 0);
	CHECK_INT(fixture.events[1].user_data, 42);
	CHECK_INT(fixture.events[1].cursor_x, 2);
	fixture_finish(&fixture);
}

TEST(plane_does_not_jump_between_crtcs)
{
	struct drm_mode_set_plane at = {.crtc_w = 64, .crtc_h = 64, .src_w = 64 << 16,
		.src_h = 64 << 16};

	start();
	CHECK_INT(kms_set_plane(fixture.shared, fixture.crtc, back, &at), 0);
	CHECK(fixture.shared->scanout.crtc == fixture.crtc);
	CHECK_INT(kms_set_plane(fixture.shared, fixture.crtc1, back, &at), -EINVAL);
	CHECK(fixture.shared->state.crtc == fixture.crtc);
	CHECK_INT(kms_set_plane(fixture.shared, NULL, NULL, &at), 0);
	CHECK(!fixture.shared->scanout.fb);
	CHECK_INT(kms_set_plane(fixture.shared, fixture.crtc1, back, &at), 0);
	CHECK(fixture.shared->state.crtc == fixture.crtc1);
	fixture_finish(&fixture);
}

TEST(vblank_event_finds_the_flip_shown)
{
	struct kms_event *event;

	start();
	lock();
	CHECK_INT(kms_event_reserve_locked(&fixture.file, DRM_EVENT_VBLANK, 1, &event), 0);
	CHECK_INT(kms_vblank_queue_event_locked(fixture.crtc, fixture.crtc->vblank->count + 1,
		event), 0);
	CHECK(kms_vblank_next_ns_locked(fixture.crtc) > kms_clock_now());
	CHECK_INT(flip_locked(back, KMS_COMMIT_NONBLOCK, false), 0);
	unlock();
	fixture_wait_events(&fixture, 1);
	CHECK(fixture.events[0].shown == back);
	fixture_finish(&fixture);
}

TEST(busy_while_a_flip_is_pending)
{
	start();
	lock();
	CHECK_INT(flip_locked(back, KMS_COMMIT_NONBLOCK, true), 0);
	CHECK_INT(flip_locked(front, KMS_COMMIT_NONBLOCK, true), -EBUSY);
	CHECK(fixture.primary->state.fb == back);
	CHECK_INT(fixture.file.event_reserved, 32);
	unlock();
	fixture_wait_events(&fixture, 1);
	CHECK_INT(flip(front, KMS_COMMIT_NONBLOCK, false), 0);
	fixture_finish(&fixture);
}

TEST(blocking_commit_returns_after_its_vblank)
{
	start();
	for (int i = 0; i < 5; i++) {
		struct kms_framebuffer *next = i % 2 ? front : back;

		lock();
		uint64_t before = kms_clock_now();
		CHECK_INT(flip_locked(next, 0, false), 0);
		CHECK(fixture.primary->scanout.fb == next);
		CHECK(fixture.crtc->vblank->time_ns > before);
		CHECK(kms_clock_now() >= fixture.crtc->vblank->time_ns);
		CHECK(!fixture.crtc->pending.active);
		unlock();
	}
	fixture_finish(&fixture);
}

TEST(blocking_commit_waits_for_the_pending_one_first)
{
	start();
	lock();
	CHECK_INT(flip_locked(back, KMS_COMMIT_NONBLOCK, true), 0);
	CHECK_INT(flip_locked(front, 0, true), 0);
	CHECK(fixture.primary->scanout.fb == front);
	CHECK_INT(fixture.event_count, 2);
	CHECK(fixture.events[0].shown == back);
	CHECK(fixture.events[1].shown == front);
	CHECK(fixture.events[1].sequence > fixture.events[0].sequence);
	unlock();
	fixture_finish(&fixture);
}

static void *flip_to_back(void *unused)
{
	lock();
	while (!fixture.crtc->pending.active)
		kms_clock_wait_change_locked(fixture.dev, kms_clock_now() + 1000000);
	int ret;
	do {
		ret = flip_locked(back, 0, false);
	} while (ret == -EAGAIN);
	unlock();
	CHECK_INT(ret, 0);
	return NULL;
}

/* Both wait for the same pending flip; who comes second must not undo the first. */
TEST(stale_copies_are_built_again)
{
	struct kms_framebuffer *small;
	struct kms_atomic_state *state;
	pthread_t thread;

	start();
	small = fixture_fb(&fixture, 64, 64, DRM_FORMAT_XRGB8888);
	CHECK_INT(pthread_create(&thread, NULL, flip_to_back, NULL), 0);
	fixture_sleep(5000000);
	lock();
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	CHECK_INT(flip_locked(front, KMS_COMMIT_NONBLOCK, false), 0);
	/* state was made before that flip: its copy of the primary must not come back. */
	kms_atomic_set_plane_crtc(state, fixture.overlay, fixture.crtc);
	kms_atomic_set_plane_fb(state, fixture.overlay, small);
	struct kms_plane_state *overlay = kms_atomic_plane(state, fixture.overlay);
	overlay->crtc_w = overlay->crtc_h = 64;
	overlay->src_w = overlay->src_h = 64 << 16;
	CHECK_INT(kms_atomic_commit(state, 0), -EAGAIN);
	CHECK(!fixture.overlay->state.fb);
	kms_atomic_state_destroy(state);
	unlock();
	pthread_join(thread, NULL);
	CHECK(fixture.primary->scanout.fb == back);
	fixture_finish(&fixture);
}

TEST(event_needs_a_crtc_that_is_on_before_or_after)
{
	struct kms_atomic_state *state;

	start();
	lock();
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	CHECK_INT(kms_atomic_reserve_events(state, &fixture.file, 0), -EINVAL);
	kms_atomic_crtc(state, fixture.crtc1);
	CHECK_INT(kms_atomic_reserve_events(state, &fixture.file, 0), 0);
	CHECK_INT(kms_atomic_check(state), -EINVAL);
	kms_atomic_state_destroy(state);
	CHECK_INT(fixture.file.event_reserved, 0);
	/* Turning off does have an event, sent at once. */
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	state->allow_modeset = true;
	kms_atomic_crtc(state, fixture.crtc)->active = false;
	CHECK_INT(kms_atomic_reserve_events(state, &fixture.file, 5), 0);
	CHECK_INT(kms_atomic_commit(state, KMS_COMMIT_NONBLOCK), 0);
	kms_atomic_state_destroy(state);
	CHECK_INT(fixture.event_count, 1);
	CHECK_INT(fixture.events[0].user_data, 5);
	CHECK(!fixture.primary->scanout.fb);
	unlock();
	fixture_finish(&fixture);
}

TEST(commit_of_two_crtcs_sends_one_event_each)
{
	struct kms_connector *connector;
	struct kms_atomic_state *state;

	start();
	connector = &fixture.dev->connectors[1];
	CHECK_INT(kms_set_crtc(&(struct kms_mode_set) {
		.crtc = fixture.crtc1, .fb = front, .mode = &fixture.mode,
		.connectors = &connector, .connector_count = 1,
	}), 0);
	lock();
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	kms_atomic_set_plane_fb(state, fixture.primary, back);
	kms_atomic_set_plane_fb(state, fixture.crtc1->primary, back);
	CHECK_INT(kms_atomic_reserve_events(state, &fixture.file, 9), 0);
	CHECK_INT(kms_atomic_commit(state, 0), 0);
	kms_atomic_state_destroy(state);
	CHECK_INT(fixture.event_count, 2);
	CHECK(fixture.events[0].crtc_id != fixture.events[1].crtc_id);
	CHECK(fixture.crtc1->primary->scanout.fb == back);
	unlock();
	fixture_finish(&fixture);
}

TEST(connector_moves_between_crtcs)
{
	struct kms_connector *connector = NULL;

	start();
	connector = &fixture.dev->connectors[0];
	CHECK_INT(kms_set_crtc(&(struct kms_mode_set) {
		.crtc = fixture.crtc1, .fb = back, .mode = &fixture.mode,
		.connectors = &connector, .connector_count = 1,
	}), 0);
	CHECK(connector->state.crtc == fixture.crtc1);
	CHECK(!fixture.crtc->state.active && !fixture.crtc->state.enable);
	CHECK(!fixture.crtc->state.mode_blob);
	CHECK(!fixture.primary->scanout.fb);
	CHECK(fixture.crtc1->primary->scanout.fb == back);
	CHECK_INT(connector->dpms, DRM_MODE_DPMS_ON);
	fixture_finish(&fixture);
}

TEST(closing_the_file_forgets_its_flip)
{
	start();
	CHECK_INT(flip(back, KMS_COMMIT_NONBLOCK, true), 0);
	kms_file_finish(&fixture.file);
	fixture_sleep(40000000);
	CHECK_INT(fixture.event_count, 0);
	/* Its framebuffers went with it, and with them the picture. */
	CHECK(!fixture.crtc->state.active);
	CHECK(!fixture.primary->scanout.fb && !fixture.primary->state.fb);
	CHECK_INT(fixture.gem.object_count, 0);
	kms_file_init(&fixture.file, fixture.dev, fixture.file.event_ops);
	fixture_finish(&fixture);
}

TEST(removing_the_shown_fb_leaves_the_crtc_on)
{
	start();
	CHECK_INT(flip(back, KMS_COMMIT_NONBLOCK, true), 0);
	CHECK_INT(kms_framebuffer_remove(&fixture.file, back->base.id), 0);
	CHECK(fixture.crtc->state.active && fixture.crtc->state.mode_blob);
	CHECK(!fixture.primary->state.fb);
	CHECK(fixture.dev->connectors[0].state.crtc);
	fixture_wait_events(&fixture, 1); /* the flip was pending */
	lock();
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, fixture.crtc->vblank->count + 2,
		1000000000), 0);
	CHECK(!fixture.primary->scanout.fb);
	unlock();
	CHECK_INT(fixture.gem.object_count, 1);
	CHECK_INT(kms_framebuffer_remove(&fixture.file, front->base.id), 0);
	CHECK_INT(fixture.gem.object_count, 0);
	fixture_finish(&fixture);
}

TEST(removing_an_overlays_fb_leaves_the_crtc_on)
{
	struct drm_mode_set_plane at = {.crtc_w = 64, .crtc_h = 64, .src_w = 64 << 16,
		.src_h = 64 << 16, .crtc_x = 10};
	struct kms_framebuffer *small;

	start();
	small = fixture_fb(&fixture, 64, 64, DRM_FORMAT_XRGB8888);
	CHECK_INT(kms_set_plane(fixture.overlay, fixture.crtc, small, &at), 0);
	CHECK(fixture.overlay->scanout.fb == small);
	CHECK_INT(fixture.overlay->scanout.crtc_x, 10);
	CHECK_INT(kms_framebuffer_remove(&fixture.file, small->base.id), 0);
	CHECK(!fixture.overlay->state.fb && !fixture.overlay->state.crtc);
	lock();
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, fixture.crtc->vblank->count + 2,
		1000000000), 0);
	CHECK(!fixture.overlay->scanout.fb);
	CHECK(fixture.crtc->state.active && fixture.primary->scanout.fb == front);
	unlock();
	CHECK_INT(fixture.gem.object_count, 2);
	fixture_finish(&fixture);
}

/* ---- refusals: the errno, and nothing changed ---- */

struct refusal {
	const char *name;
	void (*change)(struct kms_atomic_state *state);
	int want;
	bool allow_modeset;
};

static struct kms_plane_state *overlay_at(struct kms_atomic_state *state, int32_t x, int32_t y)
{
	struct kms_plane_state *plane;

	kms_atomic_set_plane_crtc(state, fixture.overlay, fixture.crtc);
	kms_atomic_set_plane_fb(state, fixture.overlay, back);
	plane = kms_atomic_plane(state, fixture.overlay);
	plane->crtc_x = x;
	plane->crtc_y = y;
	plane->crtc_w = plane->crtc_h = 100;
	plane->src_w = plane->src_h = 100 << 16;
	return plane;
}

static void change_nothing(struct kms_atomic_state *state)
{
}

static void overlay_fits(struct kms_atomic_state *state)
{
	overlay_at(state, 10, 10);
}

static void overlay_partly_off(struct kms_atomic_state *state)
{
	overlay_at(state, -50, 450);
}

static void overlay_fully_off(struct kms_atomic_state *state)
{
	overlay_at(state, -5000, 10000);
}

static void overlay_without_fb(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0);
	kms_atomic_set_plane_fb(state, fixture.overlay, NULL);
}

static void overlay_without_crtc(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0);
	kms_atomic_set_plane_crtc(state, fixture.overlay, NULL);
}

static void overlay_on_wrong_crtc(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0);
	kms_atomic_set_plane_crtc(state, fixture.overlay, fixture.crtc1);
}

static void overlay_beyond_int(struct kms_atomic_state *state)
{
	overlay_at(state, INT32_MAX - 10, 0);
}

static void overlay_width_beyond_int(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0)->crtc_w = 0x80000000u;
}

static void overlay_source_outside(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0)->src_x = (FIXTURE_WIDTH - 99) << 16;
}

static void overlay_source_wraps(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0)->src_y = UINT32_MAX - (50 << 16);
}

static void overlay_scaled(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0)->crtc_w = 50;
}

static void overlay_scaled_a_little(struct kms_atomic_state *state)
{
	overlay_at(state, 0, 0)->src_w -= 1;
}

static void overlay_empty(struct kms_atomic_state *state)
{
	struct kms_plane_state *plane = overlay_at(state, 0, 0);

	plane->crtc_w = plane->src_w = 0;
}

static void primary_moved(struct kms_atomic_state *state)
{
	kms_atomic_plane(state, fixture.primary)->crtc_x = 1;
}

static void primary_too_small(struct kms_atomic_state *state)
{
	struct kms_plane_state *plane = kms_atomic_plane(state, fixture.primary);

	plane->crtc_h -= 1;
	plane->src_h -= 1 << 16;
}

static void primary_off(struct kms_atomic_state *state)
{
	kms_atomic_set_plane_fb(state, fixture.primary, NULL);
	kms_atomic_set_plane_crtc(state, fixture.primary, NULL);
}

static void cursor_format(struct kms_atomic_state *state)
{
	struct kms_plane_state *plane;

	kms_atomic_set_plane_crtc(state, fixture.cursor, fixture.crtc);
	kms_atomic_set_plane_fb(state, fixture.cursor, back); /* XRGB8888 */
	plane = kms_atomic_plane(state, fixture.cursor);
	plane->crtc_w = plane->crtc_h = 64;
	plane->src_w = plane->src_h = 64 << 16;
}

static void crtc_inactive(struct kms_atomic_state *state)
{
	kms_atomic_crtc(state, fixture.crtc)->active = false;
}

static void crtc_without_mode(struct kms_atomic_state *state)
{
	CHECK_INT(kms_atomic_set_mode_blob(state, fixture.crtc, NULL), 0);
}

static void crtc_off_with_connector(struct kms_atomic_state *state)
{
	crtc_without_mode(state);
	crtc_inactive(state);
}

static void crtc_without_connector(struct kms_atomic_state *state)
{
	kms_atomic_set_connector_crtc(state, &fixture.dev->connectors[0], NULL);
}

static void second_crtc_active_only(struct kms_atomic_state *state)
{
	kms_atomic_crtc(state, fixture.crtc1)->active = true;
}

static void all_off(struct kms_atomic_state *state)
{
	crtc_off_with_connector(state);
	crtc_without_connector(state);
	primary_off(state);
}

static void other_mode(struct kms_atomic_state *state)
{
	struct drm_mode_modeinfo mode = fixture.mode;
	struct kms_blob *blob;

	mode.vsync_start++;
	CHECK_INT(kms_blob_create(fixture.dev, NULL, &mode, sizeof(mode), &blob), 0);
	CHECK_INT(kms_atomic_set_mode_blob(state, fixture.crtc, blob), 0);
	kms_object_put(&blob->base);
}

static void same_mode_in_a_new_blob(struct kms_atomic_state *state)
{
	struct kms_blob *blob;

	CHECK_INT(kms_blob_create(fixture.dev, NULL, &fixture.mode, sizeof(fixture.mode), &blob), 0);
	CHECK_INT(kms_atomic_set_mode_blob(state, fixture.crtc, blob), 0);
	kms_object_put(&blob->base);
}

static void bigger_mode_than_primary(struct kms_atomic_state *state)
{
	struct drm_mode_modeinfo mode = fixture.mode;
	struct kms_blob *blob;

	mode.hdisplay += 8;
	CHECK_INT(kms_blob_create(fixture.dev, NULL, &mode, sizeof(mode), &blob), 0);
	CHECK_INT(kms_atomic_set_mode_blob(state, fixture.crtc, blob), 0);
	kms_object_put(&blob->base);
}

static const struct refusal refusals[] = {
	{"nothing", change_nothing, 0, false},
	{"overlay", overlay_fits, 0, false},
	{"overlay partly off", overlay_partly_off, 0, false},
	{"overlay fully off", overlay_fully_off, 0, false},
	{"overlay without fb", overlay_without_fb, -EINVAL, false},
	{"overlay without crtc", overlay_without_crtc, -EINVAL, false},
	{"overlay on a crtc it can not reach", overlay_on_wrong_crtc, -EINVAL, false},
	{"x + w beyond int", overlay_beyond_int, -ERANGE, false},
	{"w beyond int", overlay_width_beyond_int, -ERANGE, false},
	{"source outside of fb", overlay_source_outside, -ENOSPC, false},
	{"source wraps around", overlay_source_wraps, -ENOSPC, false},
	{"scaling", overlay_scaled, -ERANGE, false},
	{"scaling by 1/65536", overlay_scaled_a_little, -ERANGE, false},
	{"zero width", overlay_empty, -ERANGE, false},
	{"primary moved", primary_moved, -EINVAL, false},
	{"primary too small", primary_too_small, -EINVAL, false},
	{"primary off", primary_off, 0, false},
	{"cursor format", cursor_format, -EINVAL, false},
	{"inactive without ALLOW_MODESET", crtc_inactive, -EINVAL, false},
	{"inactive", crtc_inactive, 0, true},
	{"active without mode", crtc_without_mode, -EINVAL, true},
	{"no mode but connector", crtc_off_with_connector, -EINVAL, true},
	{"mode but no connector", crtc_without_connector, -EINVAL, true},
	{"second crtc active without mode", second_crtc_active_only, -EINVAL, true},
	{"all off", all_off, 0, true},
	{"other mode without ALLOW_MODESET", other_mode, -EINVAL, false},
	{"other mode", other_mode, 0, true},
	{"same mode in a new blob", same_mode_in_a_new_blob, 0, false},
	{"mode that the primary does not cover", bigger_mode_than_primary, -EINVAL, true},
};

TEST_ROWS(check_refuses, struct refusal, refusals)
{
	struct kms_plane_state planes[3];
	struct kms_atomic_state *state;
	struct kms_crtc_state crtc;

	start();
	lock();
	for (int i = 0; i < 3; i++)
		planes[i] = fixture.dev->planes[i].state;
	crtc = fixture.crtc->state;
	uint64_t serial = fixture.dev->commit_serial;

	/* TEST_ONLY says the same as the commit. */
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	state->allow_modeset = row->allow_modeset;
	row->change(state);
	CHECK_INT(kms_atomic_check(state), row->want);
	for (int i = 0; i < 3; i++)
		CHECK(memcmp(&planes[i], &fixture.dev->planes[i].state, sizeof(planes[i])) == 0);
	CHECK(memcmp(&crtc, &fixture.crtc->state, sizeof(crtc)) == 0);
	CHECK(fixture.dev->connectors[0].state.crtc == fixture.crtc);
	CHECK_INT(fixture.dev->commit_serial, serial);
	CHECK_INT(kms_atomic_commit(state, 0), row->want);
	kms_atomic_state_destroy(state);
	if (row->want) {
		for (int i = 0; i < 3; i++)
			CHECK(memcmp(&planes[i], &fixture.dev->planes[i].state,
				sizeof(planes[i])) == 0);
		CHECK(memcmp(&crtc, &fixture.crtc->state, sizeof(crtc)) == 0);
	}
	unlock();
	fixture_finish(&fixture);
}

TEST(mode_blob_of_wrong_size_or_content)
{
	struct drm_mode_modeinfo mode;
	struct kms_atomic_state *state;
	struct kms_blob *blob;

	start();
	mode = fixture.mode;
	mode.htotal = 1;
	lock();
	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	CHECK_INT(kms_blob_create(fixture.dev, NULL, &mode, sizeof(mode), &blob), 0);
	CHECK_INT(kms_atomic_set_mode_blob(state, fixture.crtc, blob), -EINVAL);
	kms_object_put(&blob->base);
	CHECK_INT(kms_blob_create(fixture.dev, NULL, &mode, sizeof(mode) - 1, &blob), 0);
	CHECK_INT(kms_atomic_set_mode_blob(state, fixture.crtc, blob), -EINVAL);
	kms_object_put(&blob->base);
	kms_atomic_state_destroy(state);
	unlock();
	fixture_finish(&fixture);
}

/* ---- threads against each other ---- */

static atomic_bool stop;

static void *flip_until_stopped(void *unused)
{
	for (unsigned i = 0; !atomic_load(&stop); i++) {
		int ret = flip(i % 2 ? front : back, i % 3 ? 0 : KMS_COMMIT_NONBLOCK, false);

		CHECK(ret == 0 || ret == -EBUSY || ret == -EAGAIN);
	}
	return NULL;
}

static void *move_cursor_until_stopped(void *unused)
{
	for (int i = 0; !atomic_load(&stop); i++) {
		struct drm_mode_cursor2 move = {.flags = DRM_MODE_CURSOR_MOVE, .x = i % 600, .y = 5};

		CHECK_INT(kms_set_cursor(&fixture.file, &fixture.gem_file, fixture.crtc, &move), 0);
		fixture_sleep(300000);
	}
	return NULL;
}

static void *remove_fbs_until_stopped(void *unused)
{
	struct drm_mode_set_plane at = {.crtc_w = 64, .crtc_h = 64, .src_w = 64 << 16,
		.src_h = 64 << 16};

	while (!atomic_load(&stop)) {
		struct kms_framebuffer *small = fixture_fb(&fixture, 64, 64, DRM_FORMAT_XRGB8888);

		CHECK_INT(kms_set_plane(fixture.overlay, fixture.crtc, small, &at), 0);
		CHECK_INT(kms_framebuffer_remove(&fixture.file, small->base.id), 0);
	}
	return NULL;
}

TEST(threads_commit_at_once)
{
	void *(*const work[])(void *) = {flip_until_stopped, flip_until_stopped,
		move_cursor_until_stopped, remove_fbs_until_stopped};
	pthread_t threads[GEM_ARRAY_SIZE(work)];

	start();
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(work); i++)
		CHECK_INT(pthread_create(&threads[i], NULL, work[i], NULL), 0);
	fixture_sleep(700000000);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(work); i++)
		pthread_join(threads[i], NULL);
	CHECK(fixture.crtc->state.active);
	fixture_finish(&fixture);
}
