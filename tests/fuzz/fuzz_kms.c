/* Mode setting: framebuffers, atomic and legacy requests, blobs, vblanks, master. */
#include <string.h>

#include <drm_fourcc.h>
#include <drm_mode.h>
#include <i915_drm.h>

#include "fuzz_client.h"

static struct kms_device *kms_of(struct fuzz_client *client)
{
	return client->world->cards.cards[client->card]->kms;
}

static struct kms_crtc *some_crtc(struct fuzz_client *client)
{
	struct kms_device *kms = kms_of(client);

	return &kms->crtcs[fuzz_below(&client->rng, kms->crtc_count)];
}

static struct kms_plane *some_plane(struct fuzz_client *client)
{
	struct kms_device *kms = kms_of(client);

	return &kms->planes[fuzz_below(&client->rng, kms->plane_count)];
}

static struct kms_connector *some_connector(struct fuzz_client *client)
{
	struct kms_device *kms = kms_of(client);

	return &kms->connectors[fuzz_below(&client->rng, kms->connector_count)];
}

static uint32_t some_object(struct fuzz_client *client)
{
	if (fuzz_one_in(&client->rng, 40))
		return fuzz_odd(&client->rng);
	switch (fuzz_below(&client->rng, 4)) {
	case 0:
		return some_crtc(client)->base.id;
	case 1:
		return some_plane(client)->base.id;
	case 2:
		return some_connector(client)->base.id;
	default:
		return fuzz_below(&client->rng, 80);
	}
}

static uint32_t some_fb(struct fuzz_client *client)
{
	return fuzz_one_in(&client->rng, 8) ? 0 :
		fuzz_recall(client, client->world->fbs[client->card]);
}

static struct drm_mode_modeinfo some_mode(struct fuzz_client *client)
{
	const struct kms_connector_desc *desc = &kms_device_desc_default()->connectors[0];
	struct drm_mode_modeinfo mode =
		desc->modes[fuzz_one_in(&client->rng, 2) ? 0 : fuzz_below(&client->rng,
			desc->mode_count)];

	if (fuzz_one_in(&client->rng, 6))
		fuzz_mutate(&client->rng, &mode, sizeof(mode) - DRM_DISPLAY_MODE_LEN);
	/* At the edge of what is valid: very fast ones. */
	if (fuzz_one_in(&client->rng, 20))
		mode.clock = fuzz_odd(&client->rng);
	return mode;
}

/* A buffer that is large enough, mostly; the fb alone keeps it, mostly. */
static uint32_t fresh_buffer(struct fuzz_client *client)
{
	struct drm_mode_create_dumb dumb = {.width = 1024, .height = 768, .bpp = 32};
	struct drm_i915_gem_create create = {.size = 3 << 20};
	struct drm_i915_gem_set_tiling tiling = {.tiling_mode = I915_TILING_X, .stride = 4096};

	if (fuzz_one_in(&client->rng, 3))
		return fuzz_handle(client);
	if (fuzz_one_in(&client->rng, 2))
		return fuzz_ioctl(client, DRM_IOCTL_MODE_CREATE_DUMB, &dumb) ? 0 : dumb.handle;
	fuzz_ioctl(client, DRM_IOCTL_I915_GEM_CREATE, &create);
	tiling.handle = create.handle;
	if (fuzz_one_in(&client->rng, 3))
		fuzz_ioctl(client, DRM_IOCTL_I915_GEM_SET_TILING, &tiling);
	return create.handle;
}

static void close_fresh(struct fuzz_client *client, uint32_t handle)
{
	struct drm_gem_close args = {.handle = handle};

	if (!fuzz_one_in(&client->rng, 5))
		fuzz_ioctl(client, DRM_IOCTL_GEM_CLOSE, &args);
}

static void add_fb(struct fuzz_client *client)
{
	static const uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_XRGB8888,
		DRM_FORMAT_ARGB8888, DRM_FORMAT_RGB565, DRM_FORMAT_NV12, DRM_FORMAT_YUYV,
		DRM_FORMAT_XRGB2101010, DRM_FORMAT_C8};
	struct drm_mode_fb_cmd2 args = {.width = 1024, .height = 768,
		.pixel_format = formats[fuzz_below(&client->rng, GEM_ARRAY_SIZE(formats))],
		.handles = {fresh_buffer(client)}, .pitches = {4096}};

	if (fuzz_one_in(&client->rng, 2)) {
		args.width = 1 + fuzz_below(&client->rng, 300);
		args.height = 1 + fuzz_below(&client->rng, 300);
		args.pitches[0] = fuzz_one_in(&client->rng, 3) ? args.width * 4 :
			512u << fuzz_below(&client->rng, 4);
		args.offsets[0] = fuzz_one_in(&client->rng, 4) ?
			fuzz_below(&client->rng, 10000) : 0;
	}
	if (fuzz_one_in(&client->rng, 3))
		args.pixel_format = DRM_FORMAT_XRGB8888;
	if (args.pixel_format == DRM_FORMAT_NV12) {
		args.handles[1] = args.handles[0];
		args.pitches[1] = args.pitches[0];
		args.offsets[1] = args.pitches[0] * args.height;
	}
	if (fuzz_one_in(&client->rng, 3)) {
		args.flags = DRM_MODE_FB_MODIFIERS;
		args.modifier[0] = args.modifier[1] = fuzz_one_in(&client->rng, 2) ?
			I915_FORMAT_MOD_X_TILED : DRM_FORMAT_MOD_LINEAR;
		if (!args.handles[1])
			args.modifier[1] = 0;
	}
	if (fuzz_ioctl(client, DRM_IOCTL_MODE_ADDFB2, &args) == 0)
		fuzz_remember(client, client->world->fbs[client->card], args.fb_id);
	close_fresh(client, args.handles[0]);
}

static void add_fb_legacy(struct fuzz_client *client)
{
	struct drm_mode_fb_cmd args = {.width = 1 + fuzz_below(&client->rng, 1024), .height = 768,
		.pitch = 4096, .bpp = 32, .depth = 24, .handle = fuzz_handle(client)};

	if (fuzz_ioctl(client, DRM_IOCTL_MODE_ADDFB, &args) == 0)
		fuzz_remember(client, client->world->fbs[client->card], args.fb_id);
}

static void rm_fb(struct fuzz_client *client)
{
	unsigned id = some_fb(client);

	fuzz_ioctl(client, DRM_IOCTL_MODE_RMFB, &id);
}

static void get_fb(struct fuzz_client *client)
{
	struct drm_mode_fb_cmd args = {.fb_id = some_fb(client)};
	struct drm_mode_fb_cmd2 args2 = {.fb_id = args.fb_id};

	if (fuzz_one_in(&client->rng, 2))
		fuzz_ioctl(client, DRM_IOCTL_MODE_GETFB, &args);
	else
		fuzz_ioctl(client, DRM_IOCTL_MODE_GETFB2, &args2);
}

static void dirty_fb(struct fuzz_client *client)
{
	struct drm_clip_rect *clips = fuzz_array(client, 4 * sizeof(*clips));
	struct drm_mode_fb_dirty_cmd args = {.fb_id = some_fb(client), .num_clips = 4,
		.clips_ptr = (uintptr_t)clips};

	fuzz_ioctl(client, DRM_IOCTL_MODE_DIRTYFB, &args);
}

static void create_blob(struct fuzz_client *client)
{
	struct drm_mode_modeinfo mode = some_mode(client);
	size_t size = fuzz_one_in(&client->rng, 4) ? 1 + fuzz_below(&client->rng, 20000) :
		sizeof(mode);
	void *data = fuzz_array(client, size < sizeof(mode) ? sizeof(mode) : size);
	struct drm_mode_create_blob args = {.data = (uintptr_t)data, .length = size};

	memcpy(data, &mode, sizeof(mode));
	if (fuzz_ioctl(client, DRM_IOCTL_MODE_CREATEPROPBLOB, &args) == 0)
		fuzz_remember(client, client->world->blobs[client->card], args.blob_id);
}

static void destroy_blob(struct fuzz_client *client)
{
	struct drm_mode_destroy_blob args = {
		fuzz_recall(client, client->world->blobs[client->card])};

	fuzz_ioctl(client, DRM_IOCTL_MODE_DESTROYPROPBLOB, &args);
}

static void get_blob(struct fuzz_client *client)
{
	uint32_t size = fuzz_below(&client->rng, 300);
	struct drm_mode_get_blob args = {
		.blob_id = fuzz_recall(client, client->world->blobs[client->card]),
		.length = size, .data = (uintptr_t)fuzz_array(client, 300)};

	fuzz_ioctl(client, DRM_IOCTL_MODE_GETPROPBLOB, &args);
}

/* ---- atomic ---- */

struct change {
	uint32_t object, property;
	uint64_t value;
};

struct request {
	struct change changes[64];
	unsigned count;
};

static void change(struct request *request, uint32_t object, const struct kms_property *property,
	uint64_t value)
{
	if (request->count < GEM_ARRAY_SIZE(request->changes))
		request->changes[request->count++] =
			(struct change){object, property->base.id, value};
}

static void change_plane(struct fuzz_client *client, struct request *request,
	struct kms_plane *plane, struct kms_crtc *crtc, uint32_t fb)
{
	struct kms_device *kms = kms_of(client);
	uint32_t id = plane->base.id;
	bool whole = fuzz_one_in(&client->rng, 2);
	uint32_t w = whole ? 1024 : 1 + fuzz_below(&client->rng, 300);
	uint32_t h = whole ? 768 : 1 + fuzz_below(&client->rng, 300);

	change(request, id, kms->props.fb_id, fb);
	change(request, id, kms->props.plane_crtc_id, fb ? crtc->base.id : 0);
	change(request, id, kms->props.crtc_x, whole ? 0 : fuzz_below(&client->rng, 400) - 200);
	change(request, id, kms->props.crtc_y, whole ? 0 : fuzz_below(&client->rng, 400) - 200);
	change(request, id, kms->props.crtc_w, w);
	change(request, id, kms->props.crtc_h, h);
	change(request, id, kms->props.src_x, whole ? 0 : fuzz_below(&client->rng, 1 << 22));
	change(request, id, kms->props.src_y, 0);
	change(request, id, kms->props.src_w, (uint64_t)w << 16);
	change(request, id, kms->props.src_h, (uint64_t)h << 16);
}

static void change_crtc(struct fuzz_client *client, struct request *request, struct kms_crtc *crtc)
{
	struct kms_device *kms = kms_of(client);
	uint32_t blob = fuzz_one_in(&client->rng, 6) ? 0 :
		fuzz_recall(client, client->world->blobs[client->card]);

	change(request, crtc->base.id, kms->props.mode_id, blob);
	change(request, crtc->base.id, kms->props.active, blob && !fuzz_one_in(&client->rng, 6));
	change(request, some_connector(client)->base.id, kms->props.connector_crtc_id,
		blob ? crtc->base.id : 0);
}

/* Values that mean something to some property: small ones, ids, numbers of a rotation. */
static uint64_t some_value(struct fuzz_client *client)
{
	switch (fuzz_below(&client->rng, 5)) {
	case 0:
		return fuzz_odd(&client->rng);
	case 1:
		return some_object(client);
	case 2:
		return fuzz_recall(client, client->world->blobs[client->card]);
	case 3:
		return fuzz_recall(client, client->world->fbs[client->card]);
	default:
		return fuzz_below(&client->rng, 64);
	}
}

/* Any property that some object has, now and then one of another's. */
static void change_any(struct fuzz_client *client, struct request *request)
{
	const struct kms_object *objects[] = {&some_plane(client)->base, &some_plane(client)->base,
		&some_crtc(client)->base, &some_connector(client)->base};
	const struct kms_object *obj = objects[fuzz_below(&client->rng, 4)];

	change(request, fuzz_one_in(&client->rng, 10) ? some_object(client) : obj->id,
		obj->properties[fuzz_below(&client->rng, obj->property_count)],
		some_value(client));
}

/* An object of the request may come several times: all of that is allowed. */
static void send_atomic(struct fuzz_client *client, const struct request *request)
{
	uint32_t *objects = fuzz_array(client, 256), *counts = fuzz_array(client, 256);
	uint32_t *properties = fuzz_array(client, 256);
	uint64_t *values = fuzz_array(client, 512);
	struct drm_mode_atomic args = {.objs_ptr = (uintptr_t)objects,
		.count_props_ptr = (uintptr_t)counts, .props_ptr = (uintptr_t)properties,
		.prop_values_ptr = (uintptr_t)values, .user_data = 77};

	for (unsigned i = 0; i < request->count; i++) {
		const struct change *one = &request->changes[i];

		if (!args.count_objs || objects[args.count_objs - 1] != one->object) {
			objects[args.count_objs] = one->object;
			counts[args.count_objs++] = 0;
		}
		counts[args.count_objs - 1]++;
		properties[i] = one->property;
		values[i] = one->value;
	}
	if (!fuzz_one_in(&client->rng, 30))
		args.flags |= DRM_MODE_ATOMIC_NONBLOCK;
	if (!fuzz_one_in(&client->rng, 3))
		args.flags |= DRM_MODE_ATOMIC_ALLOW_MODESET;
	if (fuzz_one_in(&client->rng, 2))
		args.flags |= DRM_MODE_PAGE_FLIP_EVENT;
	else if (fuzz_one_in(&client->rng, 3))
		args.flags |= DRM_MODE_ATOMIC_TEST_ONLY;
	if (fuzz_one_in(&client->rng, 20))
		fuzz_mutate(&client->rng, counts, 64);
	fuzz_ioctl(client, DRM_IOCTL_MODE_ATOMIC, &args);
}

static void atomic_request(struct fuzz_client *client)
{
	struct request request = {.count = 0};
	struct kms_crtc *crtc = some_crtc(client);

	if (fuzz_one_in(&client->rng, 3))
		change_crtc(client, &request, crtc);
	if (!fuzz_one_in(&client->rng, 3))
		change_plane(client, &request, crtc->primary, crtc, some_fb(client));
	if (fuzz_one_in(&client->rng, 3))
		change_plane(client, &request, some_plane(client), some_crtc(client),
			some_fb(client));
	while (fuzz_one_in(&client->rng, 3))
		change_any(client, &request);
	send_atomic(client, &request);
}

static void set_property(struct fuzz_client *client)
{
	struct request request = {.count = 0};

	change_any(client, &request);
	struct drm_mode_obj_set_property args = {.obj_id = request.changes[0].object,
		.prop_id = request.changes[0].property, .value = request.changes[0].value};
	struct drm_mode_connector_set_property legacy = {.value = fuzz_below(&client->rng, 4),
		.prop_id = kms_of(client)->props.dpms->base.id,
		.connector_id = some_connector(client)->base.id};
	if (fuzz_one_in(&client->rng, 3))
		fuzz_ioctl(client, DRM_IOCTL_MODE_SETPROPERTY, &legacy);
	else
		fuzz_ioctl(client, DRM_IOCTL_MODE_OBJ_SETPROPERTY, &args);
}

/* ---- legacy ---- */

static void set_crtc(struct fuzz_client *client)
{
	uint32_t *connectors = fuzz_array(client, 4 * sizeof(*connectors));
	struct drm_mode_crtc args = {.crtc_id = some_crtc(client)->base.id,
		.fb_id = some_fb(client), .set_connectors_ptr = (uintptr_t)connectors,
		.count_connectors = 1 + fuzz_one_in(&client->rng, 5), .mode_valid = 1,
		.mode = some_mode(client)};

	for (unsigned i = 0; i < 4; i++)
		connectors[i] = some_connector(client)->base.id;
	if (fuzz_one_in(&client->rng, 8))
		args.fb_id = args.mode_valid = args.count_connectors = 0;
	fuzz_ioctl(client, DRM_IOCTL_MODE_SETCRTC, &args);
}

static void page_flip(struct fuzz_client *client)
{
	struct drm_mode_crtc_page_flip args = {.crtc_id = some_crtc(client)->base.id,
		.fb_id = some_fb(client), .user_data = 5,
		.flags = fuzz_one_in(&client->rng, 3) ? 0 : DRM_MODE_PAGE_FLIP_EVENT};

	fuzz_ioctl(client, DRM_IOCTL_MODE_PAGE_FLIP, &args);
}

static void set_plane(struct fuzz_client *client)
{
	struct drm_mode_set_plane args = {.plane_id = some_plane(client)->base.id,
		.crtc_id = some_crtc(client)->base.id, .fb_id = some_fb(client),
		.crtc_x = (int)fuzz_below(&client->rng, 400) - 200, .crtc_w = 64, .crtc_h = 64,
		.src_w = 64 << 16, .src_h = 64 << 16};

	fuzz_ioctl(client, DRM_IOCTL_MODE_SETPLANE, &args);
}

static void cursor(struct fuzz_client *client)
{
	struct drm_mode_cursor2 args = {.flags = 1 + fuzz_below(&client->rng, 3),
		.crtc_id = some_crtc(client)->base.id, .width = 64, .height = 64,
		.x = (int)fuzz_below(&client->rng, 1200) - 100, .y = 100,
		.handle = fuzz_one_in(&client->rng, 5) ? 0 : fuzz_handle(client), .hot_x = 3};

	if (fuzz_one_in(&client->rng, 2))
		fuzz_ioctl(client, DRM_IOCTL_MODE_CURSOR2, &args);
	else
		fuzz_ioctl(client, DRM_IOCTL_MODE_CURSOR, &args);
}

static void gamma_ramp(struct fuzz_client *client)
{
	uint16_t *ramp = fuzz_array(client, 256 * sizeof(*ramp));
	struct drm_mode_crtc_lut args = {.crtc_id = some_crtc(client)->base.id, .gamma_size = 256,
		.red = (uintptr_t)ramp, .green = (uintptr_t)ramp, .blue = (uintptr_t)ramp};

	fuzz_ioctl(client, fuzz_one_in(&client->rng, 2) ? DRM_IOCTL_MODE_GETGAMMA :
		DRM_IOCTL_MODE_SETGAMMA, &args);
}

/* ---- queries ---- */

static void query(struct fuzz_client *client)
{
	uint32_t *a = fuzz_array(client, 4096), *b = fuzz_array(client, 4096);
	uint32_t *c = fuzz_array(client, 4096);
	uint32_t count = fuzz_below(&client->rng, 40);
	struct drm_mode_card_res resources = {.fb_id_ptr = (uintptr_t)a,
		.crtc_id_ptr = (uintptr_t)b, .connector_id_ptr = (uintptr_t)c, .count_fbs = count,
		.count_crtcs = count, .count_connectors = count};
	struct drm_mode_get_connector connector = {.connector_id = some_connector(client)->base.id,
		.count_modes = count, .modes_ptr = (uintptr_t)a, .count_props = count,
		.props_ptr = (uintptr_t)b, .prop_values_ptr = (uintptr_t)c};
	struct drm_mode_get_plane plane = {.plane_id = some_object(client),
		.count_format_types = count, .format_type_ptr = (uintptr_t)a};
	struct drm_mode_obj_get_properties properties = {.obj_id = some_object(client),
		.count_props = count, .props_ptr = (uintptr_t)a, .prop_values_ptr = (uintptr_t)b};
	struct drm_mode_get_property property = {.prop_id = some_object(client),
		.count_values = count, .count_enum_blobs = count, .values_ptr = (uintptr_t)a,
		.enum_blob_ptr = (uintptr_t)b};
	struct drm_mode_crtc crtc = {.crtc_id = some_object(client)};

	switch (fuzz_below(&client->rng, 6)) {
	case 0:
		fuzz_ioctl(client, DRM_IOCTL_MODE_GETRESOURCES, &resources);
		break;
	case 1:
		fuzz_ioctl(client, DRM_IOCTL_MODE_GETCONNECTOR, &connector);
		break;
	case 2:
		fuzz_ioctl(client, DRM_IOCTL_MODE_GETPLANE, &plane);
		break;
	case 3:
		fuzz_ioctl(client, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &properties);
		break;
	case 4:
		fuzz_ioctl(client, DRM_IOCTL_MODE_GETPROPERTY, &property);
		break;
	default:
		fuzz_ioctl(client, DRM_IOCTL_MODE_GETCRTC, &crtc);
	}
}

/* ---- vblanks ---- */

static void wait_vblank(struct fuzz_client *client)
{
	union drm_wait_vblank args = {.request = {.type = _DRM_VBLANK_RELATIVE,
		.sequence = fuzz_below(&client->rng, 3), .signal = 9}};

	/* To wait costs time: rare. */
	if (!fuzz_one_in(&client->rng, 40))
		args.request.type |= _DRM_VBLANK_EVENT;
	if (fuzz_one_in(&client->rng, 10))
		args.request.sequence = fuzz_one_in(&client->rng, 2) ? fuzz_odd(&client->rng) : 100;
	if (!(args.request.type & _DRM_VBLANK_EVENT))
		args.request.sequence = fuzz_below(&client->rng, 2);
	if (fuzz_one_in(&client->rng, 3))
		args.request.type |= _DRM_VBLANK_SECONDARY;
	fuzz_ioctl(client, DRM_IOCTL_WAIT_VBLANK, &args);
}

static void sequence(struct fuzz_client *client)
{
	struct drm_crtc_get_sequence get = {.crtc_id = some_crtc(client)->base.id};
	struct drm_crtc_queue_sequence queue = {.crtc_id = some_crtc(client)->base.id,
		.flags = DRM_CRTC_SEQUENCE_RELATIVE, .sequence = fuzz_below(&client->rng, 100)};

	if (fuzz_one_in(&client->rng, 2))
		fuzz_ioctl(client, DRM_IOCTL_CRTC_GET_SEQUENCE, &get);
	else
		fuzz_ioctl(client, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, &queue);
}

/* ---- the file ---- */

static void master(struct fuzz_client *client)
{
	struct drm_auth auth = {0};

	switch (fuzz_below(&client->rng, 8)) {
	case 0:
		fuzz_ioctl(client, DRM_IOCTL_DROP_MASTER, &auth);
		break;
	case 1:
		if (fuzz_ioctl(client, DRM_IOCTL_GET_MAGIC, &auth) == 0)
			fuzz_remember(client, client->world->magics, auth.magic);
		break;
	case 2:
		auth.magic = fuzz_recall(client, client->world->magics);
		fuzz_ioctl(client, DRM_IOCTL_AUTH_MAGIC, &auth);
		break;
	default:
		fuzz_set_master(client);
	}
}

static void core(struct fuzz_client *client)
{
	struct drm_set_client_cap cap = {.capability = 1 + fuzz_below(&client->rng, 5),
		.value = 1};
	struct drm_version version = {.name_len = 8, .name = fuzz_array(client, 64)};
	struct drm_unique unique = {.unique_len = 20, .unique = fuzz_array(client, 64)};
	struct drm_set_version set = {.drm_di_major = 1, .drm_di_minor = 4, .drm_dd_major = -1,
		.drm_dd_minor = -1};
	struct drm_get_cap get = {.capability = fuzz_below(&client->rng, 24)};
	struct drm_client clients = {.idx = 0};

	switch (fuzz_below(&client->rng, 8)) {
	case 0:
		fuzz_ioctl(client, DRM_IOCTL_VERSION, &version);
		break;
	case 1:
		fuzz_ioctl(client, DRM_IOCTL_GET_UNIQUE, &unique);
		break;
	case 2:
		fuzz_ioctl(client, DRM_IOCTL_SET_VERSION, &set);
		break;
	case 3:
		fuzz_ioctl(client, DRM_IOCTL_GET_CAP, &get);
		break;
	case 4:
		fuzz_ioctl(client, DRM_IOCTL_GET_CLIENT, &clients);
		break;
	default:
		fuzz_ioctl(client, DRM_IOCTL_SET_CLIENT_CAP, &cap);
	}
}

const struct fuzz_generator fuzz_kms_generators[] = {
	{add_fb, 40},
	{add_fb_legacy, 6},
	{rm_fb, 10},
	{get_fb, 6},
	{dirty_fb, 4},
	{create_blob, 10},
	{destroy_blob, 4},
	{get_blob, 4},
	{atomic_request, 80},
	{set_property, 8},
	{set_crtc, 16},
	{page_flip, 12},
	{set_plane, 8},
	{cursor, 8},
	{gamma_ramp, 2},
	{query, 12},
	{wait_vblank, 12},
	{sequence, 4},
	{master, 30},
	{core, 16},
	{NULL, 0},
};
