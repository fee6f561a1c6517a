#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xf86drm.h>

#include "compositor_backend.h"
#include "compositor_log.h"
#include "gem_base.h"
#include "kms_mode.h"

/* What one atomic request sets, worked out from the pending wlr_output_state. */
struct request {
	bool active, modeset;
	drmModeModeInfo info; /* when active */
	struct compositor_mode *mode; /* NULL = as before */
	uint32_t mode_blob;
	struct compositor_framebuffer *primary, *cursor; /* NULL = off */
	bool new_picture; /* primary is another buffer than before */
};

static void add(drmModeAtomicReq *req, bool *ok, uint32_t object, uint32_t prop, uint64_t value)
{
	if (drmModeAtomicAddProperty(req, object, prop, value) < 0)
		*ok = false;
}

static void add_plane(drmModeAtomicReq *req, bool *ok, const struct compositor_plane *plane,
	uint32_t crtc_id, const struct compositor_framebuffer *fb, int x, int y)
{
	const struct compositor_plane_props *p = &plane->props;

	if (!fb) {
		add(req, ok, plane->id, p->fb_id, 0);
		add(req, ok, plane->id, p->crtc_id, 0);
		return;
	}
	uint64_t width = fb->buffer->width, height = fb->buffer->height;
	add(req, ok, plane->id, p->fb_id, fb->id);
	add(req, ok, plane->id, p->crtc_id, crtc_id);
	add(req, ok, plane->id, p->src_x, 0);
	add(req, ok, plane->id, p->src_y, 0);
	add(req, ok, plane->id, p->src_w, width << 16);
	add(req, ok, plane->id, p->src_h, height << 16);
	add(req, ok, plane->id, p->crtc_x, (int64_t)x);
	add(req, ok, plane->id, p->crtc_y, (int64_t)y);
	add(req, ok, plane->id, p->crtc_w, width);
	add(req, ok, plane->id, p->crtc_h, height);
}

static drmModeAtomicReq *build(struct compositor_output *out, const struct request *r)
{
	struct compositor_pipe *pipe = out->pipe;
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	bool ok = req != NULL;

	if (!ok)
		return NULL;
	if (r->modeset) {
		add(req, &ok, pipe->connector_id, pipe->props.crtc_id,
			r->active ? pipe->crtc_id : 0);
		add(req, &ok, pipe->crtc_id, pipe->props.mode_id, r->mode_blob);
		add(req, &ok, pipe->crtc_id, pipe->props.active, r->active);
	}
	add_plane(req, &ok, &pipe->primary, pipe->crtc_id, r->primary, 0, 0);
	if (pipe->cursor.id)
		add_plane(req, &ok, &pipe->cursor, pipe->crtc_id, r->cursor,
			out->cursor.x - out->cursor.hotspot_x,
			out->cursor.y - out->cursor.hotspot_y);
	if (!ok) {
		drmModeAtomicFree(req);
		return NULL;
	}
	return req;
}

/* The mode a state asks for; a custom one gets CVT timings and joins the list. */
static struct compositor_mode *pending_mode(struct compositor_output *out)
{
	const struct wlr_output_state *pending = &out->base.pending;
	struct drm_mode_modeinfo cvt;
	drmModeModeInfo info;

	if (pending->mode_type == WLR_OUTPUT_STATE_MODE_FIXED)
		return gem_container_of(pending->mode, struct compositor_mode, base);
	uint32_t refresh = (pending->custom_mode.refresh + 500) / 1000;
	if (kms_mode_cvt(pending->custom_mode.width, pending->custom_mode.height,
			refresh ? refresh : 60, &cvt) < 0)
		return NULL;
	_Static_assert(sizeof(info) == sizeof(cvt), "libdrm's mode is the uAPI's");
	memcpy(&info, &cvt, sizeof(info));
	return compositor_output_mode(out, &info);
}

/* Whether any of the cursor is on a screen of this mode. */
static bool cursor_visible(const struct compositor_output *out, const drmModeModeInfo *info)
{
	int x = out->cursor.x - out->cursor.hotspot_x;
	int y = out->cursor.y - out->cursor.hotspot_y;

	return out->cursor.buffer && x < info->hdisplay && y < info->vdisplay &&
		x + out->cursor.buffer->width > 0 && y + out->cursor.buffer->height > 0;
}

static bool same_timings(const drmModeModeInfo *a, const drmModeModeInfo *b)
{
	return kms_mode_equal((const struct drm_mode_modeinfo *)a,
		(const struct drm_mode_modeinfo *)b);
}

/* False when the state cannot be shown. No device state changes. */
static bool request_init(struct request *r, struct compositor_output *out)
{
	const struct wlr_output_state *pending = &out->base.pending;
	struct compositor_backend *backend = out->pipe->backend;
	struct wlr_buffer *picture = out->queued ? out->queued : out->front;

	memset(r, 0, sizeof(*r));
	if (!backend->session->active || pending->committed & WLR_OUTPUT_STATE_GAMMA_LUT)
		return false;
	r->active = pending->committed & WLR_OUTPUT_STATE_ENABLED ? pending->enabled :
		out->base.enabled;
	r->info = out->info;
	if (pending->committed & WLR_OUTPUT_STATE_MODE) {
		r->mode = pending_mode(out);
		if (!r->mode)
			return false;
		r->info = r->mode->info;
	}
	r->modeset = r->active != out->active ||
		(r->active && !same_timings(&r->info, &out->info));
	if (!r->active)
		return true;
	if (r->info.hdisplay == 0)
		return false;
	if (pending->committed & WLR_OUTPUT_STATE_BUFFER) {
		r->new_picture = true;
		picture = pending->buffer;
	}
	if (!picture)
		return false;
	r->primary = compositor_framebuffer_get(backend, picture);
	if (cursor_visible(out, &r->info))
		r->cursor = compositor_framebuffer_get(backend, out->cursor.buffer);
	return r->primary != NULL;
}

static bool send(struct compositor_output *out, struct request *r, uint32_t flags)
{
	int fd = out->pipe->backend->fd;
	bool test = flags & DRM_MODE_ATOMIC_TEST_ONLY;

	if (r->modeset && r->active &&
	    drmModeCreatePropertyBlob(fd, &r->info, sizeof(r->info), &r->mode_blob) != 0)
		return false;
	drmModeAtomicReq *req = build(out, r);
	int err = req ? drmModeAtomicCommit(fd, req, flags, out->pipe->backend) : -ENOMEM;
	drmModeAtomicFree(req);
	if (r->mode_blob && (err != 0 || test))
		drmModeDestroyPropertyBlob(fd, r->mode_blob);
	if (err != 0)
		compositor_log(test ? GEM_LOG_DEBUG : GEM_LOG_WARN, "output %s: %s refused: %s",
			out->base.name, r->modeset ? "mode" : "picture", strerror(-err));
	return err == 0;
}

/* Moves a lock on buffer (may be NULL) into *slot. */
static void hold(struct wlr_buffer **slot, struct wlr_buffer *buffer)
{
	struct wlr_buffer *old = *slot;

	*slot = buffer ? wlr_buffer_lock(buffer) : NULL;
	if (old)
		wlr_buffer_unlock(old);
}

/* What the device now has becomes our state and wlroots'. */
static void applied(struct compositor_output *out, struct request *r)
{
	if (r->active && (r->modeset || r->new_picture)) {
		hold(&out->queued, r->primary->buffer);
		hold(&out->cursor_queued, r->cursor ? r->cursor->buffer : NULL);
	}
	if (r->modeset) {
		if (out->mode_blob)
			drmModeDestroyPropertyBlob(out->pipe->backend->fd, out->mode_blob);
		out->mode_blob = r->mode_blob;
		out->active = r->active;
		out->info = r->info;
		wlr_output_update_enabled(&out->base, r->active);
	}
	if (!r->active) {
		out->flip_pending = false;
		hold(&out->queued, NULL);
		hold(&out->front, NULL);
		hold(&out->cursor_queued, NULL);
		hold(&out->cursor_front, NULL);
	}
	if (r->mode)
		wlr_output_update_mode(&out->base, &r->mode->base);
}

bool compositor_commit_test(struct compositor_output *out)
{
	struct request r;

	if (!request_init(&r, out))
		return false;
	if (!r.modeset && !r.new_picture)
		return true;
	return send(out, &r, DRM_MODE_ATOMIC_TEST_ONLY |
		(r.modeset ? DRM_MODE_ATOMIC_ALLOW_MODESET : 0));
}

bool compositor_commit_run(struct compositor_output *out)
{
	struct request r;

	if (!request_init(&r, out))
		return false;
	if (r.modeset || r.new_picture) {
		uint32_t flags = r.modeset ? DRM_MODE_ATOMIC_ALLOW_MODESET :
			DRM_MODE_ATOMIC_NONBLOCK;
		if (r.active)
			flags |= DRM_MODE_PAGE_FLIP_EVENT;
		if (!send(out, &r, flags))
			return false;
		out->flip_pending = r.active;
		/* wlroots counts the commit after we return. */
		out->flip_commit_seq = out->base.commit_seq + 1;
	}
	applied(out, &r);
	return true;
}

void compositor_commit_off(struct compositor_output *out)
{
	struct request r = {.modeset = true};

	if (out->active && out->pipe->backend->session->active)
		send(out, &r, DRM_MODE_ATOMIC_ALLOW_MODESET);
	applied(out, &r);
}
