/* Commits that wait for fences, and fences that say that they are shown. */
#include <errno.h>

#include <drm_fourcc.h>

#include "gem_fence.h"
#include "gem_resv.h"
#include "kms_fence.h"
#include "kms_fixture.h"
#include "test.h"

enum { MS = 1000000 };

static struct fixture fixture;
static struct kms_framebuffer *front, *back;

static void start(void)
{
	fixture_init(&fixture);
	front = fixture_screen(&fixture);
	back = fixture_screen(&fixture);
	CHECK_INT(fixture_on(&fixture, front), 0);
}

/* Work of a GPU on fb that lasts until signal(). */
static struct gem_fence *work_on(struct kms_framebuffer *fb, bool write)
{
	struct gem_fence *fence;

	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, 0, &fence), 0);
	CHECK_INT(gem_object_add_fence(fb->planes[0].object, fence, write), 0);
	return fence;
}

static uint64_t end_work(struct gem_fence *fence)
{
	uint64_t now = kms_clock_now();

	gem_fence_signal(fence, 0);
	gem_fence_put(fence);
	return now;
}

static void wait_vblanks(unsigned count)
{
	pthread_mutex_lock(&fixture.dev->lock);
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, fixture.crtc->vblank->count + count,
		1000000000), 0);
	pthread_mutex_unlock(&fixture.dev->lock);
}

static struct kms_framebuffer *shown_on(struct kms_plane *plane)
{
	pthread_mutex_lock(&fixture.dev->lock);
	struct kms_framebuffer *fb = plane->scanout.fb;
	pthread_mutex_unlock(&fixture.dev->lock);
	return fb;
}

static unsigned event_count(void)
{
	pthread_mutex_lock(&fixture.dev->lock);
	unsigned count = fixture.event_count;
	pthread_mutex_unlock(&fixture.dev->lock);
	return count;
}

static int flip(struct kms_framebuffer *fb, uint64_t user_data)
{
	return kms_page_flip(&fixture.file, fixture.crtc, fb, DRM_MODE_PAGE_FLIP_EVENT, 0,
		user_data);
}

TEST(flip_waits_for_who_writes)
{
	start();
	struct gem_fence *work = work_on(back, true);
	CHECK_INT(flip(back, 1), 0);
	wait_vblanks(3);
	CHECK(shown_on(fixture.primary) == front);
	CHECK_INT(event_count(), 0);
	CHECK_INT(flip(front, 2), -EBUSY);
	uint64_t done = end_work(work);
	fixture_wait_events(&fixture, 1);
	CHECK_INT(fixture.events[0].user_data, 1);
	CHECK(fixture.events[0].shown == back);
	CHECK(fixture.events[0].time_ns + 1000 > done); /* events have microseconds */
	CHECK_INT(flip(front, 2), 0);
	fixture_wait_events(&fixture, 2);
	fixture_finish(&fixture);
}

TEST(flip_does_not_wait_for_who_reads)
{
	start();
	struct gem_fence *work = work_on(back, false);
	CHECK_INT(flip(back, 1), 0);
	fixture_wait_events(&fixture, 1);
	CHECK(fixture.events[0].shown == back);
	end_work(work);
	fixture_finish(&fixture);
}

/* A program's fence may never be signalled; the screen does not stand still for that. */
TEST(patience_ends)
{
	struct gem_fence *nobodys;

	start();
	fixture.dev->fence_patience_ns = 100 * MS;
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, GEM_FENCE_NO_ENGINE, &nobodys), 0);
	CHECK_INT(gem_object_add_fence(back->planes[0].object, nobodys, true), 0);
	uint64_t begun = kms_clock_now();
	CHECK_INT(flip(back, 1), 0);
	wait_vblanks(2);
	CHECK_INT(event_count(), 0);
	fixture_wait_events(&fixture, 1);
	CHECK(fixture.events[0].shown == back);
	CHECK(fixture.events[0].time_ns + 1000 > begun + 100 * MS);
	/* An engine's work ends. */
	struct gem_fence *work = work_on(front, true);
	CHECK_INT(flip(front, 2), 0);
	wait_vblanks(12);
	CHECK_INT(event_count(), 1);
	end_work(work);
	fixture_wait_events(&fixture, 2);
	end_work(nobodys);
	fixture_finish(&fixture);
}

/* Failed work is over as well: a kernel shows what is there. */
TEST(flip_after_failed_work)
{
	start();
	struct gem_fence *work = work_on(back, true);
	CHECK_INT(flip(back, 1), 0);
	gem_fence_signal(work, -EIO);
	gem_fence_put(work);
	fixture_wait_events(&fixture, 1);
	CHECK(fixture.events[0].shown == back);
	fixture_finish(&fixture);
}

struct later {
	struct gem_fence *work;
	_Atomic uint64_t done;
};

static void *end_later(void *data)
{
	struct later *later = data;

	fixture_sleep(60 * MS);
	atomic_store(&later->done, kms_clock_now());
	end_work(later->work);
	return NULL;
}

/* Other commits go on meanwhile: dev->lock is free. */
TEST(blocking_commit_waits_without_the_lock)
{
	struct drm_mode_set_plane args = {.crtc_w = 64, .crtc_h = 64, .src_w = 64 << 16,
		.src_h = 64 << 16};
	struct kms_framebuffer *small;
	pthread_t thread;

	start();
	small = fixture_fb(&fixture, 64, 64, DRM_FORMAT_XRGB8888);
	struct later later = {work_on(small, true), 0};
	CHECK_INT(pthread_create(&thread, NULL, end_later, &later), 0);
	CHECK_INT(kms_set_plane(fixture.overlay, fixture.crtc, small, &args), 0);
	CHECK(atomic_load(&later.done) != 0);
	CHECK(shown_on(fixture.overlay) == small);
	pthread_join(thread, NULL);
	fixture_finish(&fixture);
}

TEST(blocking_modeset_waits)
{
	pthread_t thread;

	fixture_init(&fixture);
	front = fixture_screen(&fixture);
	struct later later = {work_on(front, true), 0};
	CHECK_INT(pthread_create(&thread, NULL, end_later, &later), 0);
	CHECK_INT(fixture_on(&fixture, front), 0);
	CHECK(atomic_load(&later.done) != 0);
	CHECK(shown_on(fixture.primary) == front);
	pthread_join(thread, NULL);
	fixture_finish(&fixture);
}

static void put_on(struct kms_atomic_state *state, struct kms_plane *plane,
	struct kms_framebuffer *fb)
{
	kms_atomic_set_plane_crtc(state, plane, fixture.crtc);
	kms_atomic_set_plane_fb(state, plane, fb);
	struct kms_plane_state *want = kms_atomic_plane(state, plane);
	want->crtc_w = fb->width;
	want->crtc_h = fb->height;
	want->src_w = fb->width << 16;
	want->src_h = fb->height << 16;
}

static struct kms_atomic_state *new_state(void)
{
	struct kms_atomic_state *state;

	CHECK_INT(kms_atomic_state_create(fixture.dev, &state), 0);
	state->allow_modeset = true;
	return state;
}

/* DPMS off and on again by a commit that does not wait; fb's work is not over. */
TEST(what_is_turned_on_is_dark_until_then)
{
	start();
	CHECK_INT(kms_set_dpms(&fixture.dev->connectors[0], DRM_MODE_DPMS_OFF), 0);
	struct gem_fence *work = work_on(front, true);
	pthread_mutex_lock(&fixture.dev->lock);
	struct kms_atomic_state *state = new_state();
	kms_atomic_crtc(state, fixture.crtc)->active = true;
	CHECK_INT(kms_atomic_reserve_events(state, &fixture.file, 5), 0);
	CHECK_INT(kms_atomic_commit(state, KMS_COMMIT_NONBLOCK), 0);
	kms_atomic_state_destroy(state);
	pthread_mutex_unlock(&fixture.dev->lock);
	wait_vblanks(2);
	CHECK(!shown_on(fixture.primary));
	CHECK_INT(event_count(), 0);
	end_work(work);
	fixture_wait_events(&fixture, 1);
	CHECK(fixture.events[0].shown == front);
	fixture_finish(&fixture);
}

/* Two planes of one commit: none of it before all of it. */
TEST(a_commit_waits_for_all_its_planes)
{
	struct kms_framebuffer *small;

	start();
	small = fixture_fb(&fixture, 64, 64, DRM_FORMAT_XRGB8888);
	struct gem_fence *one = work_on(back, true), *other = work_on(small, true);
	pthread_mutex_lock(&fixture.dev->lock);
	struct kms_atomic_state *state = new_state();
	put_on(state, fixture.primary, back);
	put_on(state, fixture.overlay, small);
	CHECK_INT(kms_atomic_commit(state, KMS_COMMIT_NONBLOCK), 0);
	kms_atomic_state_destroy(state);
	pthread_mutex_unlock(&fixture.dev->lock);
	end_work(one);
	wait_vblanks(2);
	CHECK(shown_on(fixture.primary) == front && !shown_on(fixture.overlay));
	end_work(other);
	wait_vblanks(2);
	CHECK(shown_on(fixture.primary) == back && shown_on(fixture.overlay) == small);
	fixture_finish(&fixture);
}

/* The client's own fence counts, and the buffer's work does not. */
TEST(named_fence_instead)
{
	struct gem_fence *named;

	start();
	struct gem_fence *work = work_on(back, true);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, 0, &named), 0);
	pthread_mutex_lock(&fixture.dev->lock);
	struct kms_atomic_state *state = new_state();
	put_on(state, fixture.primary, back);
	kms_atomic_plane(state, fixture.primary)->in_fence = gem_fence_get(named);
	CHECK_INT(kms_atomic_commit(state, KMS_COMMIT_NONBLOCK), 0);
	kms_atomic_state_destroy(state);
	pthread_mutex_unlock(&fixture.dev->lock);
	wait_vblanks(2);
	CHECK(shown_on(fixture.primary) == front);
	end_work(named);
	wait_vblanks(2);
	CHECK(shown_on(fixture.primary) == back);
	end_work(work);
	fixture_finish(&fixture);
}

TEST(out_fence_is_signalled_when_shown)
{
	struct gem_fence *out;

	start();
	struct gem_fence *work = work_on(back, true);
	CHECK_INT(kms_out_fence_create(fixture.crtc, &out), 0);
	pthread_mutex_lock(&fixture.dev->lock);
	struct kms_atomic_state *state = new_state();
	put_on(state, fixture.primary, back);
	CHECK_INT(kms_atomic_set_out_fence(state, fixture.crtc, out), 0);
	CHECK_INT(kms_atomic_set_out_fence(state, fixture.crtc, out), -EINVAL);
	CHECK_INT(kms_atomic_commit(state, KMS_COMMIT_NONBLOCK), 0);
	kms_atomic_state_destroy(state);
	pthread_mutex_unlock(&fixture.dev->lock);
	CHECK_INT(gem_fence_wait(out, 40 * MS, NULL), -ETIME);
	end_work(work);
	CHECK_INT(gem_fence_wait(out, 2000ll * MS, NULL), 0);
	CHECK_INT(gem_fence_status(out), 1);
	CHECK(shown_on(fixture.primary) == back);
	gem_fence_put(out);
	fixture_finish(&fixture);
}

/* ---- cursors ---- */

static int set_cursor(uint32_t flags, uint32_t handle, int32_t x)
{
	return kms_set_cursor(&fixture.file, &fixture.gem_file, fixture.crtc,
		&(struct drm_mode_cursor2) {.flags = flags, .handle = handle, .width = 64,
			.height = 64, .x = x});
}

TEST(cursor_waits_and_flips_go_on)
{
	struct gem_object *obj;
	struct gem_fence *work;
	uint32_t pitch, handle;
	uint64_t size;

	start();
	CHECK_INT(gem_dumb_create(&fixture.gem_file, 64, 64, 32, &pitch, &size, &handle), 0);
	CHECK_INT(gem_object_lookup(&fixture.gem_file, handle, &obj), 0);
	/* Once shown it is where cursors are. */
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, handle, 0), 0);
	wait_vblanks(2);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, 0, 0), 0);
	wait_vblanks(2);
	CHECK(!shown_on(fixture.cursor));
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, 0, &work), 0);
	CHECK_INT(gem_object_add_fence(obj, work, true), 0);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, handle, 0), 0);
	CHECK_INT(flip(back, 1), 0);
	fixture_wait_events(&fixture, 1);
	CHECK(!shown_on(fixture.cursor));
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_MOVE, 0, 7), 0);
	wait_vblanks(2);
	CHECK(!shown_on(fixture.cursor));
	end_work(work);
	wait_vblanks(2);
	CHECK(shown_on(fixture.cursor));
	CHECK_INT(fixture.cursor->scanout.crtc_x, 7);
	gem_object_put(obj);
	fixture_finish(&fixture);
}

/* ---- what ends a flip that waits ---- */

TEST(removed_fb_of_a_waiting_flip)
{
	start();
	struct gem_fence *work = work_on(back, true);
	CHECK_INT(flip(back, 1), 0);
	CHECK_INT(kms_framebuffer_remove(&fixture.file, back->base.id), 0);
	/* The flip is not complete before the work, though its picture is never seen. */
	CHECK(fixture.crtc->state.active && !fixture.primary->state.fb);
	end_work(work);
	fixture_wait_events(&fixture, 1);
	CHECK(shown_on(fixture.primary) != back);
	CHECK_INT(fixture_on(&fixture, front), 0);
	fixture_finish(&fixture);
}

TEST(closed_file_of_a_waiting_flip)
{
	start();
	struct gem_fence *work = work_on(back, true);
	CHECK_INT(flip(back, 1), 0);
	fixture_finish(&fixture);
	CHECK_INT(fixture.event_count, 0);
	end_work(work);
}

TEST(turned_off_while_a_flip_waits)
{
	pthread_t thread;

	start();
	struct later later = {work_on(back, true), 0};
	CHECK_INT(flip(back, 1), 0);
	CHECK_INT(pthread_create(&thread, NULL, end_later, &later), 0);
	/* As any blocking commit it lets the flip have its turn. */
	CHECK_INT(fixture_off(&fixture), 0);
	CHECK(atomic_load(&later.done) != 0);
	CHECK_INT(event_count(), 1);
	CHECK(fixture.events[0].shown == back);
	pthread_join(thread, NULL);
	fixture_finish(&fixture);
}
