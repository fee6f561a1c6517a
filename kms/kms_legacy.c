#include <errno.h>
#include <limits.h>

#include "kms_atomic_internal.h"
#include "kms_legacy_internal.h"
#include "kms_mode.h"
#include "kms_vblank.h"

#define refuse(errno_, ...)                     \
	({                                      \
		gem_debug("legacy", "refused: " __VA_ARGS__); \
		-(errno_);                      \
	})

static int try_once(struct kms_device *dev,
	int (*fill)(struct kms_atomic_state *state, const void *request), const void *request,
	unsigned flags)
{
	struct kms_atomic_state *state;
	int ret = kms_atomic_state_create(dev, &state);

	if (ret)
		return ret;
	state->allow_modeset = true;
	ret = fill(state, request);
	if (!ret)
		ret = kms_atomic_commit(state, flags);
	kms_atomic_state_destroy(state);
	return ret;
}

int kms_legacy_run_locked(struct kms_device *dev,
	int (*fill)(struct kms_atomic_state *state, const void *request), const void *request,
	unsigned flags)
{
	int ret;

	do {
		ret = try_once(dev, fill, request, flags);
	} while (ret == -EAGAIN);
	return ret;
}

static int run(struct kms_device *dev,
	int (*fill)(struct kms_atomic_state *state, const void *request), const void *request)
{
	pthread_mutex_lock(&dev->lock);
	int ret = kms_legacy_run_locked(dev, fill, request, 0);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static void plane_off(struct kms_atomic_state *state, struct kms_plane *plane)
{
	kms_atomic_set_plane_crtc(state, plane, NULL);
	kms_atomic_set_plane_fb(state, plane, NULL);
}

/* x, y, w, h in 16.16. */
static bool outside_fb(const struct kms_framebuffer *fb, uint32_t x, uint32_t y, uint32_t w,
	uint32_t h)
{
	return (uint64_t)x + w > (uint64_t)fb->width << 16 ||
	       (uint64_t)y + h > (uint64_t)fb->height << 16;
}

/* ---- SETCRTC ---- */

struct set_crtc_request {
	const struct kms_mode_set *set;
	struct kms_blob *mode; /* NULL = turn off */
};

static void fill_primary(struct kms_atomic_state *state, const struct kms_mode_set *set)
{
	struct kms_plane *primary = set->crtc->primary;
	struct kms_plane_state *plane;

	kms_atomic_set_plane_crtc(state, primary, set->crtc);
	kms_atomic_set_plane_fb(state, primary, set->fb);
	plane = kms_atomic_plane(state, primary);
	plane->crtc_x = plane->crtc_y = 0;
	plane->crtc_w = set->mode->hdisplay;
	plane->crtc_h = set->mode->vdisplay;
	plane->src_x = set->x << 16;
	plane->src_y = set->y << 16;
	plane->src_w = plane->crtc_w << 16;
	plane->src_h = plane->crtc_h << 16;
}

/* The request's connectors, and no others, are on crtc; crtcs left without one go off. */
static int fill_connectors(struct kms_atomic_state *state, const struct kms_mode_set *set)
{
	struct kms_device *dev = state->dev;
	int ret = 0;

	for (unsigned i = 0; i < dev->connector_count; i++) {
		if (dev->connectors[i].state.crtc == set->crtc)
			kms_atomic_set_connector_crtc(state, &dev->connectors[i], NULL);
	}
	for (unsigned i = 0; i < set->connector_count; i++) {
		kms_atomic_set_connector_crtc(state, set->connectors[i], set->crtc);
		/* A client of SETCRTC knows no other way to train a bad link anew. */
		kms_atomic_connector(state, set->connectors[i])->link_status =
			DRM_MODE_LINK_STATUS_GOOD;
	}
	for (unsigned i = 0; i < dev->crtc_count && !ret; i++) {
		struct kms_crtc *crtc = &dev->crtcs[i];

		if (crtc == set->crtc || !(state->crtc_mask >> i & 1) || kms_atomic_has_connector(state, crtc))
			continue;
		ret = kms_atomic_set_mode_blob(state, crtc, NULL);
		kms_atomic_crtc(state, crtc)->active = false;
	}
	return ret;
}

static int fill_set_crtc(struct kms_atomic_state *state, const void *data)
{
	const struct set_crtc_request *request = data;
	const struct kms_mode_set *set = request->set;
	int ret = kms_atomic_set_mode_blob(state, set->crtc, request->mode);

	if (ret)
		return ret;
	kms_atomic_crtc(state, set->crtc)->active = request->mode != NULL;
	if (request->mode)
		fill_primary(state, set);
	else
		plane_off(state, set->crtc->primary);
	return fill_connectors(state, set);
}

static bool takes_format(const struct kms_plane *plane, const struct kms_framebuffer *fb)
{
	for (unsigned i = 0; i < plane->format_count; i++) {
		if (plane->formats[i] == fb->format->fourcc)
			return true;
	}
	return false;
}

static int check_set_crtc(const struct kms_mode_set *set)
{
	if (set->x > UINT16_MAX || set->y > UINT16_MAX)
		return refuse(ERANGE, "crtc position %u,%u", set->x, set->y);
	if (set->mode && set->fb) {
		if (kms_mode_check(set->mode))
			return refuse(EINVAL, "bad mode");
		if (!takes_format(set->crtc->primary, set->fb))
			return refuse(EINVAL, "format of fb %u", set->fb->base.id);
		if (outside_fb(set->fb, set->x << 16, set->y << 16,
			    (uint32_t)set->mode->hdisplay << 16,
			    (uint32_t)set->mode->vdisplay << 16))
			return refuse(ENOSPC, "fb %u is too small for the mode", set->fb->base.id);
	}
	if (!set->mode != !set->fb || !set->mode != !set->connector_count)
		return refuse(EINVAL, "mode, fb and connectors go together");
	return 0;
}

int kms_set_crtc_flags(const struct kms_mode_set *set, unsigned flags)
{
	struct kms_device *dev = set->crtc->base.dev;
	struct set_crtc_request request = {.set = set};
	int ret = check_set_crtc(set);

	if (!ret && set->mode)
		ret = kms_blob_create(dev, NULL, set->mode, sizeof(*set->mode), &request.mode);
	if (ret)
		return ret;
	pthread_mutex_lock(&dev->lock);
	ret = kms_legacy_run_locked(dev, fill_set_crtc, &request, flags);
	pthread_mutex_unlock(&dev->lock);
	if (request.mode)
		kms_object_put(&request.mode->base);
	return ret;
}

int kms_set_crtc(const struct kms_mode_set *set)
{
	return kms_set_crtc_flags(set, 0);
}

/* ---- PAGE_FLIP ---- */

struct page_flip_request {
	struct kms_file *file;
	struct kms_crtc *crtc;
	struct kms_framebuffer *fb;
	bool event, async;
	uint64_t user_data;
};

static int fill_page_flip(struct kms_atomic_state *state, const void *data)
{
	const struct page_flip_request *request = data;

	state->allow_modeset = false;
	state->async_flip = request->async;
	kms_atomic_set_plane_crtc(state, request->crtc->primary, request->crtc);
	kms_atomic_set_plane_fb(state, request->crtc->primary, request->fb);
	if (!request->event)
		return 0;
	return kms_atomic_reserve_events(state, request->file, request->user_data);
}

static int check_page_flip_locked(const struct page_flip_request *request)
{
	const struct kms_plane_state *now = &request->crtc->primary->state;
	const struct kms_framebuffer *fb = request->fb;

	if (!now->fb)
		return refuse(EBUSY, "crtc %u shows no fb to flip from", request->crtc->base.id);
	if (!fb)
		return refuse(ENOENT, "no such fb");
	if (outside_fb(fb, now->src_x, now->src_y, now->src_w, now->src_h))
		return refuse(ENOSPC, "fb %u is smaller than what is shown", fb->base.id);
	if (fb->format != now->fb->format)
		return refuse(EINVAL, "fb %u has another format than the one shown", fb->base.id);
	if (!request->crtc->state.active)
		return refuse(EINVAL, "crtc %u is off", request->crtc->base.id);
	if (request->async && !request->crtc->primary->desc.async_flip)
		return refuse(EINVAL, "plane %u has no async flips",
			request->crtc->primary->base.id);
	return 0;
}

int kms_page_flip_check(const struct kms_device *dev, uint32_t flags, uint32_t sequence)
{
	uint32_t target = flags & DRM_MODE_PAGE_FLIP_TARGET;

	if (flags & ~(uint32_t)DRM_MODE_PAGE_FLIP_FLAGS)
		return refuse(EINVAL, "page flip flags 0x%x", flags);
	if (sequence && !target)
		return refuse(EINVAL, "page flip with a sequence, but no target flag");
	if (target == DRM_MODE_PAGE_FLIP_TARGET)
		return refuse(EINVAL, "page flip target absolute and relative");
	if (flags & DRM_MODE_PAGE_FLIP_ASYNC && !dev->async_page_flip)
		return refuse(EINVAL, "the device has no async page flips");
	return 0;
}

/* *next: the target is the next vblank (and not one that has passed). */
static int check_target_locked(struct kms_crtc *crtc, uint32_t flags, uint32_t sequence,
	bool *next)
{
	uint32_t count = (uint32_t)crtc->vblank->count;

	*next = false;
	if (!(flags & DRM_MODE_PAGE_FLIP_TARGET))
		return 0;
	if (!crtc->vblank->running)
		return refuse(EINVAL, "flip target of crtc %u, which is off", crtc->base.id);
	if (flags & DRM_MODE_PAGE_FLIP_TARGET_RELATIVE) {
		if (sequence > 1)
			return refuse(EINVAL, "relative flip target %u", sequence);
		*next = sequence == 1;
		return 0;
	}
	if ((int32_t)(sequence - count) > 1)
		return refuse(EINVAL, "flip target %u, at vblank %u", sequence, count);
	*next = sequence == count + 1;
	return 0;
}

int kms_page_flip(struct kms_file *file, struct kms_crtc *crtc, struct kms_framebuffer *fb,
	uint32_t flags, uint32_t sequence, uint64_t user_data)
{
	struct kms_device *dev = crtc->base.dev;
	struct page_flip_request request = {
		.file = file, .crtc = crtc, .fb = fb, .user_data = user_data,
		.event = flags & DRM_MODE_PAGE_FLIP_EVENT,
	};
	bool next;
	int ret;

	pthread_mutex_lock(&dev->lock);
	ret = check_target_locked(crtc, flags, sequence, &next);
	request.async = flags & DRM_MODE_PAGE_FLIP_ASYNC && !next;
	if (!ret)
		ret = check_page_flip_locked(&request);
	if (!ret)
		ret = kms_legacy_run_locked(dev, fill_page_flip, &request, KMS_COMMIT_NONBLOCK);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

/* ---- SETPLANE ---- */

struct set_plane_request {
	struct kms_plane *plane;
	struct kms_crtc *crtc;
	struct kms_framebuffer *fb;
	const struct drm_mode_set_plane *args;
};

static int fill_set_plane(struct kms_atomic_state *state, const void *data)
{
	const struct set_plane_request *request = data;
	const struct drm_mode_set_plane *args = request->args;
	struct kms_crtc *crtc = request->fb ? request->crtc : request->plane->state.crtc;
	struct kms_plane_state *plane;

	state->async = crtc && crtc->cursor == request->plane;
	if (!request->fb) {
		plane_off(state, request->plane);
		return 0;
	}
	kms_atomic_set_plane_crtc(state, request->plane, crtc);
	kms_atomic_set_plane_fb(state, request->plane, request->fb);
	plane = kms_atomic_plane(state, request->plane);
	plane->crtc_x = args->crtc_x;
	plane->crtc_y = args->crtc_y;
	plane->crtc_w = args->crtc_w;
	plane->crtc_h = args->crtc_h;
	plane->src_x = args->src_x;
	plane->src_y = args->src_y;
	plane->src_w = args->src_w;
	plane->src_h = args->src_h;
	return 0;
}

int kms_set_plane(struct kms_plane *plane, struct kms_crtc *crtc, struct kms_framebuffer *fb,
	const struct drm_mode_set_plane *req)
{
	struct set_plane_request request = {.plane = plane, .crtc = crtc, .fb = fb, .args = req};

	return run(plane->base.dev, fill_set_plane, &request);
}

/* ---- properties, DPMS ---- */

struct property_request {
	struct kms_object *obj;
	uint32_t property_id;
	uint64_t value;
};

static int fill_property(struct kms_atomic_state *state, const void *data)
{
	const struct property_request *request = data;

	return kms_atomic_set_property(state, request->obj, request->property_id, request->value);
}

int kms_set_property(struct kms_object *obj, uint32_t property_id, uint64_t value)
{
	struct property_request request = {obj, property_id, value};
	struct kms_property *dpms = obj->dev->props.dpms;

	if (property_id == dpms->base.id && kms_object_property_index(obj, dpms) >= 0)
		return kms_set_dpms(gem_container_of(obj, struct kms_connector, base), value);
	return run(obj->dev, fill_property, &request);
}

/* A crtc scans out while one of its connectors wants it on. */
static int fill_dpms(struct kms_atomic_state *state, const void *data)
{
	struct kms_crtc *crtc = (struct kms_crtc *)data;
	bool active = false;

	for (unsigned i = 0; i < state->dev->connector_count; i++) {
		const struct kms_connector *connector = &state->dev->connectors[i];

		if (connector->state.crtc == crtc && connector->dpms == DRM_MODE_DPMS_ON)
			active = true;
	}
	kms_atomic_crtc(state, crtc)->active = active;
	return 0;
}

int kms_set_dpms(struct kms_connector *connector, uint64_t value)
{
	struct kms_device *dev = connector->base.dev;
	uint32_t old, wanted = value == DRM_MODE_DPMS_ON ? DRM_MODE_DPMS_ON : DRM_MODE_DPMS_OFF;
	int ret = 0;

	if (value > DRM_MODE_DPMS_OFF)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	gem_publish_move(dev->state_changes);
	old = connector->dpms;
	connector->dpms = wanted;
	if (old != wanted && connector->state.crtc)
		ret = kms_legacy_run_locked(dev, fill_dpms, connector->state.crtc, 0);
	if (ret) {
		/* Others may have looked meanwhile: the run lets go of the lock. */
		gem_publish_move(dev->state_changes);
		connector->dpms = old;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

/* ---- framebuffers that go away ---- */

static int fill_crtc_off(struct kms_atomic_state *state, struct kms_crtc *crtc)
{
	struct kms_device *dev = state->dev;

	kms_atomic_crtc(state, crtc)->active = false;
	for (unsigned i = 0; i < dev->connector_count; i++) {
		if (dev->connectors[i].state.crtc == crtc)
			kms_atomic_set_connector_crtc(state, &dev->connectors[i], NULL);
	}
	return kms_atomic_set_mode_blob(state, crtc, NULL);
}

struct unuse {
	const struct kms_framebuffer *fb;
	bool crtcs; /* those whose primary plane shows it go off, too */
};

static int fill_unuse(struct kms_atomic_state *state, const void *data)
{
	const struct unuse *unuse = data;
	struct kms_device *dev = state->dev;
	int ret = 0;

	state->async = true;
	for (unsigned i = 0; i < dev->plane_count && !ret; i++) {
		struct kms_plane *plane = &dev->planes[i];
		struct kms_crtc *crtc = plane->state.crtc;

		if (plane->state.fb != unuse->fb)
			continue;
		plane_off(state, plane);
		if (unuse->crtcs && crtc->primary == plane)
			ret = fill_crtc_off(state, crtc);
	}
	return ret;
}

static bool is_used(const struct kms_device *dev, const struct kms_framebuffer *fb)
{
	for (unsigned i = 0; i < dev->plane_count; i++) {
		if (dev->planes[i].state.fb == fb)
			return true;
	}
	return false;
}

void kms_framebuffer_unuse_locked(struct kms_device *dev, struct kms_framebuffer *fb,
	bool crtcs)
{
	struct unuse unuse = {.fb = fb, .crtcs = crtcs};

	if (!is_used(dev, fb))
		return;
	int ret = kms_legacy_run_locked(dev, fill_unuse, &unuse, 0);
	if (ret == -EINVAL && !crtcs) { /* a crtc that cannot do without its primary plane */
		unuse.crtcs = true;
		ret = kms_legacy_run_locked(dev, fill_unuse, &unuse, 0);
	}
	if (ret)
		gem_error("legacy", "fb %u stays on its planes: error %d", fb->base.id, ret);
}
