/* The requests from before atomic, below the ioctls. */
#include <errno.h>

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

static void wait_vblanks(unsigned count)
{
	pthread_mutex_lock(&fixture.dev->lock);
	CHECK_INT(kms_vblank_wait_locked(fixture.crtc, fixture.crtc->vblank->count + count,
		1000000000), 0);
	pthread_mutex_unlock(&fixture.dev->lock);
}

static uint32_t new_bo(uint32_t width, uint32_t height)
{
	uint32_t pitch, handle;
	uint64_t size;

	CHECK_INT(gem_dumb_create(&fixture.gem_file, width, height, 32, &pitch, &size, &handle), 0);
	return handle;
}

static int set_cursor(uint32_t flags, uint32_t handle, uint32_t size, int32_t x, int32_t y)
{
	return kms_set_cursor(&fixture.file, &fixture.gem_file, fixture.crtc,
		&(struct drm_mode_cursor2) {.flags = flags, .handle = handle, .width = size,
			.height = size, .x = x, .y = y, .hot_x = 3, .hot_y = 4});
}

TEST(set_crtc_shows_its_part_of_the_fb)
{
	struct kms_connector *connector;
	struct kms_framebuffer *big;
	struct kms_mode_set set;

	start();
	CHECK(fixture.primary->scanout.fb == front);
	CHECK(fixture.crtc->state.active && fixture.crtc->state.enable);
	CHECK_INT(fixture.dev->connectors[0].dpms, DRM_MODE_DPMS_ON);
	big = fixture_fb(&fixture, FIXTURE_WIDTH + 20, FIXTURE_HEIGHT + 20, DRM_FORMAT_XRGB8888);
	connector = &fixture.dev->connectors[0];
	set = (struct kms_mode_set) {.crtc = fixture.crtc, .fb = big, .x = 20, .y = 10,
		.mode = &fixture.mode, .connectors = &connector, .connector_count = 1};
	uint64_t grid = fixture.crtc->vblank->start_ns;
	CHECK_INT(kms_set_crtc(&set), 0);
	CHECK(fixture.primary->scanout.fb == big);
	CHECK_INT(fixture.primary->scanout.src_x, 20 << 16);
	CHECK_INT(fixture.primary->scanout.src_y, 10 << 16);
	CHECK_INT(fixture.crtc->vblank->start_ns, grid); /* the same mode is no modeset */
	set.x = 21;
	CHECK_INT(kms_set_crtc(&set), -ENOSPC);
	set.x = 0x10000;
	CHECK_INT(kms_set_crtc(&set), -ERANGE);
	CHECK_INT(fixture.primary->state.src_x, 20 << 16);
	fixture_finish(&fixture);
}

TEST(set_crtc_off_frees_what_it_showed)
{
	start();
	CHECK_INT(fixture_off(&fixture), 0);
	CHECK(!fixture.primary->scanout.fb && !fixture.primary->state.fb);
	CHECK(!fixture.dev->connectors[0].state.crtc);
	CHECK_INT(fixture.dev->connectors[0].dpms, DRM_MODE_DPMS_OFF);
	CHECK_INT(kms_framebuffer_remove(&fixture.file, front->base.id), 0);
	CHECK_INT(fixture.gem.object_count, 1);
	fixture_finish(&fixture);
}

TEST(page_flip_errors)
{
	struct kms_framebuffer *small, *other;

	start();
	small = fixture_fb(&fixture, FIXTURE_WIDTH - 1, FIXTURE_HEIGHT, DRM_FORMAT_XRGB8888);
	other = fixture_fb(&fixture, FIXTURE_WIDTH, FIXTURE_HEIGHT, DRM_FORMAT_RGB565);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, small, 0, 0, 0), -ENOSPC);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, other, 0, 0, 0), -EINVAL);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, NULL, 0, 0, 0), -ENOENT);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc1, NULL, 0, 0, 0), -EBUSY);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, back, DRM_MODE_PAGE_FLIP_ASYNC, 0, 0),
		-EINVAL);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, back, DRM_MODE_PAGE_FLIP_EVENT, 0, 8), 0);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, front, DRM_MODE_PAGE_FLIP_EVENT, 0, 9),
		-EBUSY);
	fixture_wait_events(&fixture, 1);
	CHECK_INT(fixture.events[0].user_data, 8);
	CHECK(fixture.events[0].shown == back);
	CHECK_INT(fixture.file.event_reserved, 0);
	CHECK_INT(kms_set_dpms(&fixture.dev->connectors[0], DRM_MODE_DPMS_OFF), 0);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, front, 0, 0, 0), -EINVAL);
	fixture_finish(&fixture);
}

TEST(cursor_is_never_busy_and_shown_at_the_next_vblank)
{
	uint32_t image;

	start();
	image = new_bo(64, 64);
	pthread_mutex_lock(&fixture.dev->lock);
	uint64_t count = fixture.crtc->vblank->count;
	pthread_mutex_unlock(&fixture.dev->lock);
	CHECK_INT(kms_page_flip(&fixture.file, fixture.crtc, back, 0, 0, 0), 0);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO | DRM_MODE_CURSOR_MOVE, image, 64, -10, 20), 0);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_MOVE, 0, 0, 30, 40), 0);
	CHECK_INT(fixture.crtc->cursor_hot_x, 3);
	wait_vblanks(2);
	pthread_mutex_lock(&fixture.dev->lock);
	CHECK(fixture.crtc->vblank->count > count);
	CHECK_INT(fixture.cursor->scanout.crtc_x, 30);
	CHECK_INT(fixture.cursor->scanout.crtc_y, 40);
	CHECK_INT(fixture.cursor->scanout.crtc_w, 64);
	CHECK(fixture.cursor->scanout.fb && fixture.primary->scanout.fb == back);
	pthread_mutex_unlock(&fixture.dev->lock);
	/* Hidden, moved while hidden, shown again at the new place. */
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, 0, 0, 0, 0), 0);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_MOVE, 0, 0, 50, 60), 0);
	wait_vblanks(2);
	CHECK(!fixture.cursor->scanout.fb);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, image, 64, 0, 0), 0);
	wait_vblanks(2);
	CHECK_INT(fixture.cursor->scanout.crtc_x, 50);
	/* The image outlives its handle, and goes with the plane. */
	CHECK_INT(gem_handle_delete(&fixture.gem_file, image), 0);
	CHECK_INT(fixture.gem.object_count, 3);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, 0, 0, 0, 0), 0);
	wait_vblanks(3);
	CHECK_INT(fixture.gem.object_count, 2);
	fixture_finish(&fixture);
}

TEST(cursor_errors)
{
	uint32_t image;

	start();
	image = new_bo(64, 64);
	CHECK_INT(set_cursor(0, image, 64, 0, 0), -EINVAL);
	CHECK_INT(set_cursor(4, image, 64, 0, 0), -EINVAL);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, 99, 64, 0, 0), -ENOENT);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, image, 65, 0, 0), -EINVAL);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, image, 0xffffffff, 0, 0), -EINVAL);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, new_bo(8, 8), 64, 0, 0), -EINVAL);
	CHECK(!fixture.cursor->state.fb);
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_MOVE, 0, 0, INT32_MAX, 0), 0); /* nothing to move */
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, image, 64, 0, 0), -ERANGE);
	fixture.crtc->cursor = NULL;
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_MOVE, 0, 0, 1, 1), -ENXIO);
	fixture.crtc->cursor = fixture.cursor;
	fixture_finish(&fixture);
}

/* It belongs to nobody's list: RMFB can not name it, closing the file leaves it shown. */
TEST(cursor_image_is_not_the_files)
{
	start();
	CHECK_INT(set_cursor(DRM_MODE_CURSOR_BO, new_bo(64, 64), 64, 0, 0), 0);
	uint32_t id = fixture.cursor->state.fb->base.id;
	CHECK_INT(kms_framebuffer_remove(&fixture.file, id), -ENOENT);
	CHECK_INT(fixture.file.framebuffer_count, 2);
	kms_file_finish(&fixture.file);
	CHECK(fixture.cursor->state.fb);
	kms_file_init(&fixture.file, fixture.dev, fixture.file.event_ops);
	gem_file_finish(&fixture.gem_file);
	CHECK_INT(fixture.gem.object_count, 1);
	CHECK_INT(gem_file_init(&fixture.gem_file, &fixture.gem), 0);
	/* The device's end drops it. */
	kms_file_finish(&fixture.file);
	gem_file_finish(&fixture.gem_file);
	kms_device_destroy(fixture.dev);
	CHECK_INT(fixture.gem.object_count, 0);
	gem_device_finish(&fixture.gem);
}

TEST(dpms_turns_the_crtc_off_and_on)
{
	struct kms_connector *connector;

	start();
	connector = &fixture.dev->connectors[0];
	CHECK_INT(kms_set_dpms(connector, 9), -EINVAL);
	CHECK_INT(kms_set_dpms(connector, DRM_MODE_DPMS_STANDBY), 0);
	CHECK_INT(connector->dpms, DRM_MODE_DPMS_OFF);
	CHECK(!fixture.crtc->state.active && fixture.crtc->state.enable);
	CHECK(!fixture.primary->scanout.fb && fixture.primary->state.fb == front);
	CHECK_INT(kms_set_dpms(connector, DRM_MODE_DPMS_ON), 0);
	CHECK(fixture.crtc->state.active && fixture.primary->scanout.fb == front);
	CHECK_INT(connector->dpms, DRM_MODE_DPMS_ON);
	/* The unused one just remembers. */
	CHECK_INT(kms_set_dpms(&fixture.dev->connectors[1], DRM_MODE_DPMS_OFF), 0);
	CHECK_INT(fixture.dev->connectors[1].dpms, DRM_MODE_DPMS_OFF);
	fixture_finish(&fixture);
}

TEST(set_property_reaches_atomic_state)
{
	struct kms_connector *connector;
	uint64_t value;

	start();
	connector = &fixture.dev->connectors[0];
	CHECK_INT(kms_set_property(&connector->base, fixture.dev->props.dpms->base.id,
		DRM_MODE_DPMS_OFF), 0);
	CHECK(!fixture.crtc->state.active);
	CHECK_INT(kms_set_property(&fixture.crtc->base, fixture.dev->props.active->base.id, 1), 0);
	CHECK(fixture.crtc->state.active);
	CHECK_INT(kms_object_get_property(&connector->base, fixture.dev->props.dpms, &value), 0);
	CHECK_INT(value, DRM_MODE_DPMS_ON);
	CHECK_INT(kms_set_property(&fixture.crtc->base, fixture.dev->props.active->base.id, 2),
		-EINVAL);
	CHECK_INT(kms_set_property(&fixture.crtc->base, fixture.dev->props.fb_id->base.id, 0),
		-ENOENT);
	CHECK_INT(kms_set_property(&fixture.primary->base,
		fixture.dev->props.plane_type->base.id, 0), -EINVAL);
	fixture_finish(&fixture);
}
