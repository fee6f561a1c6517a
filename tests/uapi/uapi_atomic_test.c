/* MODE_ATOMIC and the property requests, as a client speaks them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "test.h"
#include "uapi_card.h"

static int fd;
static uint32_t front, back;

/* A request under construction: objects with the properties that follow them. */
struct builder {
	uint32_t objects[32], counts[32], properties[128];
	uint64_t values[128];
	uint32_t object_count, property_count;
};

static void object(struct builder *builder, uint32_t id)
{
	builder->objects[builder->object_count] = id;
	builder->counts[builder->object_count++] = 0;
}

static void set_id(struct builder *builder, uint32_t property, uint64_t value)
{
	builder->properties[builder->property_count] = property;
	builder->values[builder->property_count++] = value;
	builder->counts[builder->object_count - 1]++;
}

static void set(struct builder *builder, const struct kms_property *property, uint64_t value)
{
	set_id(builder, property->base.id, value);
}

static struct drm_mode_atomic request(const struct builder *builder, uint32_t flags)
{
	return (struct drm_mode_atomic) {
		.flags = flags,
		.count_objs = builder->object_count,
		.objs_ptr = (uintptr_t)builder->objects,
		.count_props_ptr = (uintptr_t)builder->counts,
		.props_ptr = (uintptr_t)builder->properties,
		.prop_values_ptr = (uintptr_t)builder->values,
		.user_data = 0x5eedull,
	};
}

static int atomic(const struct builder *builder, uint32_t flags)
{
	struct drm_mode_atomic args = request(builder, flags);

	return card_ioctl(fd, DRM_IOCTL_MODE_ATOMIC, &args);
}

static void start(void)
{
	struct drm_set_client_cap cap = {.capability = DRM_CLIENT_CAP_ATOMIC, .value = 1};

	card_start();
	fd = card_open();
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_SET_CLIENT_CAP, &cap), 0);
	front = card_light(fd);
	back = card_fb(fd, 1024, 768, DRM_FORMAT_XRGB8888);
}

static void finish(void)
{
	card_close(fd);
	card_stop();
}

static const struct kms_plane *plane(unsigned index)
{
	return &card->kms->planes[index];
}

static void flip_to(struct builder *builder, uint32_t fb)
{
	object(builder, plane(0)->base.id);
	set(builder, card->kms->props.fb_id, fb);
}

static uint64_t get(uint32_t id, uint32_t type, const struct kms_property *property)
{
	uint32_t ids[KMS_OBJECT_MAX_PROPERTIES];
	uint64_t values[KMS_OBJECT_MAX_PROPERTIES];
	struct drm_mode_obj_get_properties args = {
		.props_ptr = (uintptr_t)ids, .prop_values_ptr = (uintptr_t)values,
		.count_props = KMS_OBJECT_MAX_PROPERTIES, .obj_id = id, .obj_type = type,
	};

	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &args), 0);
	for (uint32_t i = 0; i < args.count_props; i++) {
		if (ids[i] == property->base.id)
			return values[i];
	}
	test_fail(__FILE__, __LINE__, "no property %s", property->name);
}

TEST(flip_with_event)
{
	struct drm_event_vblank event;
	struct builder flip = {0}, again = {0};

	start();
	flip_to(&flip, back);
	flip_to(&again, front);
	CHECK_INT(atomic(&flip, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT), 0);
	CHECK_ERRNO(atomic(&again, DRM_MODE_ATOMIC_NONBLOCK), EBUSY);
	CHECK_INT(get(plane(0)->base.id, DRM_MODE_OBJECT_PLANE, card->kms->props.fb_id), back);
	card_read_event(fd, &event);
	CHECK_INT(event.base.type, DRM_EVENT_FLIP_COMPLETE);
	CHECK_INT(event.user_data, 0x5eed);
	CHECK_INT(event.crtc_id, card->kms->crtcs[0].base.id);
	/* A blocking one leaves its event behind when it returns. */
	CHECK_INT(atomic(&again, DRM_MODE_PAGE_FLIP_EVENT), 0);
	CHECK(card_has_event(fd));
	uint32_t sequence = event.sequence;
	card_read_event(fd, &event);
	CHECK((int32_t)(event.sequence - sequence) > 0);
	finish();
}

TEST(sixty_flips_take_a_second)
{
	struct drm_event_vblank event, first = {0};
	uint64_t last = 0;

	start();
	for (int i = 0; i <= 60; i++) {
		struct builder flip = {0};

		flip_to(&flip, i % 2 ? front : back);
		CHECK_INT(atomic(&flip, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT), 0);
		card_read_event(fd, &event);
		uint64_t time = event.tv_sec * 1000000ull + event.tv_usec;
		CHECK(time > last);
		last = time;
		if (i == 0)
			first = event;
	}
	uint64_t took = last - (first.tv_sec * 1000000ull + first.tv_usec);
	uint32_t vblanks = event.sequence - first.sequence;
	CHECK(vblanks >= 60);
	/* At 16.6656 ms a vblank; a loaded machine may have lost some. */
	CHECK(took > vblanks * 16665ull && took < vblanks * 16667ull);
	finish();
}

TEST(whole_screen_from_nothing)
{
	const struct kms_device *kms;
	struct drm_mode_create_blob blob = {0};
	struct drm_mode_destroy_blob destroy = {0};
	struct builder on = {0}, off = {0};

	start();
	kms = card->kms;
	uint32_t crtc = kms->crtcs[0].base.id, connector = kms->connectors[0].base.id;
	object(&off, crtc);
	set(&off, kms->props.active, 0);
	set(&off, kms->props.mode_id, 0);
	object(&off, connector);
	set(&off, kms->props.connector_crtc_id, 0);
	object(&off, plane(0)->base.id);
	set(&off, kms->props.fb_id, 0);
	set(&off, kms->props.plane_crtc_id, 0);
	CHECK_ERRNO(atomic(&off, 0), EINVAL);
	CHECK_INT(atomic(&off, DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
	CHECK_INT(get(crtc, DRM_MODE_OBJECT_CRTC, kms->props.active), 0);

	blob.data = (uintptr_t)&kms->connectors[0].modes[1]; /* not the preferred one */
	blob.length = sizeof(struct drm_mode_modeinfo);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &blob), 0);
	uint32_t width = kms->connectors[0].modes[1].hdisplay;
	uint32_t height = kms->connectors[0].modes[1].vdisplay;
	object(&on, crtc);
	set(&on, kms->props.active, 1);
	set(&on, kms->props.mode_id, blob.blob_id);
	object(&on, connector);
	set(&on, kms->props.connector_crtc_id, crtc);
	object(&on, plane(0)->base.id);
	set(&on, kms->props.fb_id, card_fb(fd, width, height, DRM_FORMAT_XRGB8888));
	set(&on, kms->props.plane_crtc_id, crtc);
	set(&on, kms->props.crtc_w, width);
	set(&on, kms->props.crtc_h, height);
	set(&on, kms->props.src_w, (uint64_t)width << 16);
	set(&on, kms->props.src_h, (uint64_t)height << 16);
	CHECK_INT(atomic(&on, DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
	CHECK_INT(get(crtc, DRM_MODE_OBJECT_CRTC, kms->props.active), 0);
	CHECK_INT(atomic(&on, DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
	CHECK_INT(get(crtc, DRM_MODE_OBJECT_CRTC, kms->props.active), 1);
	CHECK_INT(get(crtc, DRM_MODE_OBJECT_CRTC, kms->props.mode_id), blob.blob_id);
	CHECK_INT(get(connector, DRM_MODE_OBJECT_CONNECTOR, kms->props.connector_crtc_id), crtc);
	/* The blob may go while its mode is used, and a twin of it is no modeset. */
	destroy.blob_id = blob.blob_id;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_DESTROYPROPBLOB, &destroy), 0);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &blob), 0);
	struct builder twin = {0};
	object(&twin, crtc);
	set(&twin, kms->props.mode_id, blob.blob_id);
	CHECK_INT(atomic(&twin, 0), 0);
	finish();
}

/* ---- refusals ---- */

struct refusal {
	const char *name;
	void (*build)(struct builder *builder, struct drm_mode_atomic *args);
	int want;
};

static void unknown_flag(struct builder *builder, struct drm_mode_atomic *args)
{
	args->flags = 0x1000;
}

static void reserved(struct builder *builder, struct drm_mode_atomic *args)
{
	args->reserved = 1;
}

static void test_with_event(struct builder *builder, struct drm_mode_atomic *args)
{
	args->flags = DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_PAGE_FLIP_EVENT;
}

static void event_without_crtc(struct builder *builder, struct drm_mode_atomic *args)
{
	builder->object_count = 0;
	args->flags = DRM_MODE_PAGE_FLIP_EVENT;
}

static void unknown_object(struct builder *builder, struct drm_mode_atomic *args)
{
	object(builder, 99999);
}

static void fb_as_object(struct builder *builder, struct drm_mode_atomic *args)
{
	object(builder, back);
}

static void property_of_another(struct builder *builder, struct drm_mode_atomic *args)
{
	set(builder, card->kms->props.active, 1);
}

static void unknown_property(struct builder *builder, struct drm_mode_atomic *args)
{
	set_id(builder, 99999, 1);
}

static void immutable_property(struct builder *builder, struct drm_mode_atomic *args)
{
	set(builder, card->kms->props.plane_type, 1);
}

static void unknown_fb(struct builder *builder, struct drm_mode_atomic *args)
{
	set(builder, card->kms->props.fb_id, 99999);
}

static void crtc_as_fb(struct builder *builder, struct drm_mode_atomic *args)
{
	set(builder, card->kms->props.fb_id, card->kms->crtcs[0].base.id);
}

static void fb_beyond_32_bits(struct builder *builder, struct drm_mode_atomic *args)
{
	set(builder, card->kms->props.fb_id, back | 1ull << 32);
}

static void width_out_of_range(struct builder *builder, struct drm_mode_atomic *args)
{
	set(builder, card->kms->props.crtc_w, 1ull << 32);
}

static void x_out_of_range(struct builder *builder, struct drm_mode_atomic *args)
{
	set(builder, card->kms->props.crtc_x, 1ull << 31);
}

static void active_two(struct builder *builder, struct drm_mode_atomic *args)
{
	object(builder, card->kms->crtcs[0].base.id);
	set(builder, card->kms->props.active, 2);
}

static void fb_as_mode(struct builder *builder, struct drm_mode_atomic *args)
{
	object(builder, card->kms->crtcs[0].base.id);
	set(builder, card->kms->props.mode_id, back);
}

static void dpms(struct builder *builder, struct drm_mode_atomic *args)
{
	object(builder, card->kms->connectors[0].base.id);
	set(builder, card->kms->props.dpms, 0);
}

static void bad_pointer(struct builder *builder, struct drm_mode_atomic *args)
{
	args->props_ptr = 8;
}

static void bad_object_pointer(struct builder *builder, struct drm_mode_atomic *args)
{
	args->objs_ptr = 8;
}

static void too_many_objects(struct builder *builder, struct drm_mode_atomic *args)
{
	args->count_objs = UINT32_MAX;
}

static void too_many_properties(struct builder *builder, struct drm_mode_atomic *args)
{
	object(builder, plane(1)->base.id);
	builder->counts[0] = builder->counts[1] = UINT32_MAX;
}

static const struct refusal refusals[] = {
	{"unknown flag", unknown_flag, EINVAL},
	{"reserved field", reserved, EINVAL},
	{"event of a test", test_with_event, EINVAL},
	{"event without crtc", event_without_crtc, EINVAL},
	{"unknown object", unknown_object, ENOENT},
	{"object without properties", fb_as_object, ENOENT},
	{"property of another kind of object", property_of_another, ENOENT},
	{"unknown property", unknown_property, ENOENT},
	{"immutable property", immutable_property, EINVAL},
	{"unknown fb", unknown_fb, EINVAL},
	{"crtc as fb", crtc_as_fb, EINVAL},
	{"fb id beyond 32 bits", fb_beyond_32_bits, EINVAL},
	{"width out of range", width_out_of_range, EINVAL},
	{"x out of range", x_out_of_range, EINVAL},
	{"active = 2", active_two, EINVAL},
	{"fb as mode", fb_as_mode, EINVAL},
	{"DPMS", dpms, EINVAL},
	{"bad pointer to properties", bad_pointer, EFAULT},
	{"bad pointer to objects", bad_object_pointer, EFAULT},
	{"too many objects", too_many_objects, ENOMEM},
	{"too many properties", too_many_properties, ENOMEM},
};

/* Each request also has a flip that is all right by itself and must not happen. */
TEST_ROWS(refused, struct refusal, refusals)
{
	struct drm_mode_atomic built = {0}, args;
	struct builder builder = {0};

	start();
	flip_to(&builder, back);
	row->build(&builder, &built);
	args = request(&builder, built.flags);
	args.reserved = built.reserved;
	if (built.props_ptr)
		args.props_ptr = built.props_ptr;
	if (built.objs_ptr)
		args.objs_ptr = built.objs_ptr;
	if (built.count_objs)
		args.count_objs = built.count_objs;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_ATOMIC, &args), row->want);
	CHECK_INT(get(plane(0)->base.id, DRM_MODE_OBJECT_PLANE, card->kms->props.fb_id), front);
	CHECK_INT(card->kms->crtcs[0].state.active, 1);
	CHECK(!card_has_event(fd));
	/* And the device still works. */
	struct builder good = {0};
	flip_to(&good, back);
	CHECK_INT(atomic(&good, 0), 0);
	finish();
}

TEST(needs_the_client_cap_and_master)
{
	struct builder flip = {0};

	start();
	flip_to(&flip, back);
	int other = card_open();
	struct drm_mode_atomic args = request(&flip, 0);
	CHECK_ERRNO(card_ioctl(other, DRM_IOCTL_MODE_ATOMIC, &args), EACCES);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_DROP_MASTER, NULL), 0);
	CHECK_ERRNO(atomic(&flip, 0), EACCES);
	CHECK_INT(card_ioctl(other, DRM_IOCTL_SET_MASTER, NULL), 0);
	CHECK_ERRNO(card_ioctl(other, DRM_IOCTL_MODE_ATOMIC, &args), EINVAL);
	card_close(other);
	finish();
}

TEST(empty_request_is_fine)
{
	struct builder empty = {0};

	start();
	CHECK_INT(atomic(&empty, 0), 0);
	CHECK_INT(atomic(&empty, DRM_MODE_ATOMIC_TEST_ONLY), 0);
	CHECK_INT(atomic(&empty, DRM_MODE_ATOMIC_NONBLOCK), 0);
	finish();
}

TEST(no_event_space_no_flip)
{
	struct drm_event_vblank event;
	struct builder flip = {0};

	start();
	for (int i = 0; i < 128; i++) {
		union drm_wait_vblank args = {.request = {
			.type = _DRM_VBLANK_RELATIVE | _DRM_VBLANK_EVENT, .sequence = 0}};
		CHECK_INT(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), 0);
	}
	flip_to(&flip, back);
	CHECK_ERRNO(atomic(&flip, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT), ENOMEM);
	CHECK_INT(get(plane(0)->base.id, DRM_MODE_OBJECT_PLANE, card->kms->props.fb_id), front);
	card_read_event(fd, &event);
	CHECK_INT(atomic(&flip, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT), 0);
	finish();
}

TEST(close_with_a_flip_pending_frees_all)
{
	struct builder flip = {0};

	start();
	flip_to(&flip, back);
	CHECK_INT(atomic(&flip, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT), 0);
	card_close(fd);
	CHECK(!card->kms->crtcs[0].state.active);
	CHECK_INT(card->gem.object_count, 0);
	fd = card_open();
	card_light(fd);
	finish();
}

/* ---- OBJ_SETPROPERTY, SETPROPERTY ---- */

static int set_property(uint32_t id, uint32_t type, uint32_t property, uint64_t value)
{
	struct drm_mode_obj_set_property args = {.value = value, .prop_id = property,
		.obj_id = id, .obj_type = type};

	return card_ioctl(fd, DRM_IOCTL_MODE_OBJ_SETPROPERTY, &args);
}

TEST(set_property_requests)
{
	const struct kms_device *kms;
	struct drm_mode_connector_set_property legacy;

	start();
	kms = card->kms;
	uint32_t crtc = kms->crtcs[0].base.id, connector = kms->connectors[0].base.id;
	legacy = (struct drm_mode_connector_set_property) {.value = DRM_MODE_DPMS_OFF,
		.prop_id = kms->props.dpms->base.id, .connector_id = connector};
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_MODE_SETPROPERTY, &legacy), 0);
	CHECK_INT(get(crtc, DRM_MODE_OBJECT_CRTC, kms->props.active), 0);
	CHECK_INT(get(connector, DRM_MODE_OBJECT_CONNECTOR, kms->props.dpms), DRM_MODE_DPMS_OFF);
	CHECK_INT(set_property(crtc, DRM_MODE_OBJECT_CRTC, kms->props.active->base.id, 1), 0);
	CHECK_INT(get(connector, DRM_MODE_OBJECT_CONNECTOR, kms->props.dpms), DRM_MODE_DPMS_ON);
	CHECK_ERRNO(set_property(99999, DRM_MODE_OBJECT_ANY, 1, 0), ENOENT);
	CHECK_ERRNO(set_property(crtc, DRM_MODE_OBJECT_PLANE, 1, 0), ENOENT);
	CHECK_ERRNO(set_property(crtc, DRM_MODE_OBJECT_CRTC, 99999, 0), EINVAL);
	CHECK_ERRNO(set_property(back, DRM_MODE_OBJECT_FB, 1, 0), EINVAL);
	legacy.connector_id = crtc;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_MODE_SETPROPERTY, &legacy), ENOENT);
	finish();
}
