#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xf86drm.h>

#include "compositor_backend.h"
#include "compositor_lift.h"
#include "compositor_log.h"
#include "gem_base.h"
#include "kms_mode.h"

/* Milliseconds that what is under way is waited for. */
#define BUSY_TRIES 200
#define NONBLOCK DRM_MODE_ATOMIC_NONBLOCK

/* What one atomic request sets, worked out from the pending wlr_output_state. */
struct request {
	bool active, modeset;
	drmModeModeInfo info; /* when active */
	struct compositor_mode *mode; /* NULL = as before */
	uint32_t mode_blob;
	struct compositor_framebuffer *picture, *cursor; /* NULL = off */
	bool composited;  /* picture is on a plane */
	bool new_picture; /* something is shown anew */
	bool gamma, vrr;  /* set it: to gamma_blob (0 = linear), to vrr_on */
	uint32_t gamma_blob;
	bool vrr_on;
};

static void add(drmModeAtomicReq *req, bool *ok, uint32_t object, uint32_t prop, uint64_t value)
{
	if (drmModeAtomicAddProperty(req, object, prop, value) < 0)
		*ok = false;
}

static void add_plane_off(drmModeAtomicReq *req, bool *ok, const struct compositor_plane *plane)
{
	add(req, ok, plane->id, plane->props.fb_id, 0);
	add(req, ok, plane->id, plane->props.crtc_id, 0);
}

static void add_all_off(drmModeAtomicReq *req, bool *ok, struct compositor_pipe *pipe)
{
	struct compositor_overlay *overlay;

	add_plane_off(req, ok, &pipe->primary);
	if (pipe->cursor.id)
		add_plane_off(req, ok, &pipe->cursor);
	wl_list_for_each(overlay, &pipe->backend->overlays, link) {
		if (overlay->pipe == pipe || !overlay->pipe)
			add_plane_off(req, ok, &overlay->plane);
	}
}

static int build(struct compositor_output *out, struct request *r, uint32_t flags,
	drmModeAtomicReq **out_req)
{
	struct compositor_pipe *pipe = out->pipe;
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	bool ok = req != NULL;
	int err = 0;

	if (ok && r->modeset) {
		add(req, &ok, pipe->connector_id, pipe->props.crtc_id,
			r->active ? pipe->crtc_id : 0);
		add(req, &ok, pipe->crtc_id, pipe->props.mode_id, r->mode_blob);
		add(req, &ok, pipe->crtc_id, pipe->props.active, r->active);
	}
	if (ok && r->gamma)
		add(req, &ok, pipe->crtc_id, pipe->props.gamma_lut, r->gamma_blob);
	if (ok && r->vrr)
		add(req, &ok, pipe->crtc_id, pipe->props.vrr_enabled, r->vrr_on);
	if (ok && !r->active)
		add_all_off(req, &ok, pipe);
	else if (ok && (r->modeset || r->new_picture))
		err = compositor_lift_apply(out, r->picture, r->cursor, req,
			flags & ~DRM_MODE_PAGE_FLIP_EVENT, &r->composited);
	if (!ok)
		err = -ENOMEM;
	if (err < 0)
		drmModeAtomicFree(req);
	else
		*out_req = req;
	return err;
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
	struct wlr_buffer *picture = out->composed;

	memset(r, 0, sizeof(*r));
	if (!backend->session->active)
		return false;
	r->gamma = pending->committed & WLR_OUTPUT_STATE_GAMMA_LUT;
	if (r->gamma && (!out->pipe->gamma_size ||
			(pending->gamma_lut_size && pending->gamma_lut_size != out->pipe->gamma_size)))
		return false;
	/* Only a hint: what cannot follow goes on at its steady rate. */
	r->vrr = pending->committed & WLR_OUTPUT_STATE_ADAPTIVE_SYNC_ENABLED &&
		out->pipe->props.vrr_enabled && out->vrr_capable;
	r->vrr_on = pending->adaptive_sync_enabled;
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
		return true; /* with no planes on, either */
	if (r->info.hdisplay == 0)
		return false;
	if (pending->committed & WLR_OUTPUT_STATE_BUFFER) {
		r->new_picture = true;
		picture = pending->buffer;
	}
	if (!picture)
		return false;
	r->picture = compositor_framebuffer_get(backend, picture);
	if (cursor_visible(out, &r->info))
		r->cursor = compositor_framebuffer_get(backend, out->cursor.buffer);
	return r->picture != NULL;
}

/* wlroots has three ramps after each other, the device entries of three. */
static uint32_t create_gamma_blob(const struct compositor_output *out)
{
	const struct wlr_output_state *pending = &out->base.pending;
	size_t size = pending->gamma_lut_size;
	struct drm_color_lut *lut = calloc(size, sizeof(*lut));
	uint32_t blob = 0;

	for (size_t i = 0; lut && i < size; i++) {
		lut[i].red = pending->gamma_lut[i];
		lut[i].green = pending->gamma_lut[size + i];
		lut[i].blue = pending->gamma_lut[2 * size + i];
	}
	if (lut && drmModeCreatePropertyBlob(out->pipe->backend->fd, lut, size * sizeof(*lut),
			&blob) != 0)
		blob = 0;
	free(lut);
	return blob;
}

/* What the request refers to, as blobs. A failed or tested request's are destroyed again. */
static bool create_blobs(struct compositor_output *out, struct request *r)
{
	if (r->modeset && r->active && drmModeCreatePropertyBlob(out->pipe->backend->fd, &r->info,
			sizeof(r->info), &r->mode_blob) != 0)
		return false;
	if (r->gamma && out->base.pending.gamma_lut_size > 0) {
		r->gamma_blob = create_gamma_blob(out);
		return r->gamma_blob != 0;
	}
	return true;
}

static void destroy_blobs(struct compositor_output *out, struct request *r)
{
	if (r->mode_blob)
		drmModeDestroyPropertyBlob(out->pipe->backend->fd, r->mode_blob);
	if (r->gamma_blob)
		drmModeDestroyPropertyBlob(out->pipe->backend->fd, r->gamma_blob);
	r->mode_blob = r->gamma_blob = 0;
}

/*
 * Nothing here blocks: time may stand still for as long as the person at the controls likes.
 * But where a frame has not been waited for, the one under way is given some refreshes.
 */
static int commit(struct compositor_pipe *pipe, drmModeAtomicReq *req, uint32_t flags,
	bool patient)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	unsigned next = (pipe->ticket + 1) % COMPOSITOR_TICKETS;
	int err;

	for (unsigned i = 0; i <= BUSY_TRIES; i++) {
		err = drmModeAtomicCommit(pipe->backend->fd, req, flags, &pipe->tickets[next]);
		if (err != -EBUSY || !patient)
			break;
		nanosleep(&pause, NULL);
	}
	if (err == 0 && flags & DRM_MODE_PAGE_FLIP_EVENT && !(flags & DRM_MODE_ATOMIC_TEST_ONLY))
		pipe->ticket = next;
	return err;
}

static bool send(struct compositor_output *out, struct request *r, uint32_t flags)
{
	bool test = flags & DRM_MODE_ATOMIC_TEST_ONLY;

	drmModeAtomicReq *req = NULL;
	int err = create_blobs(out, r) ? build(out, r, flags, &req) : -ENOMEM;
	/* What libliftoff put together has been tested. */
	if (err == 0 && !(test && r->active && (r->modeset || r->new_picture)))
		err = commit(out->pipe, req, flags, !test && !out->busy &&
			(r->modeset || !r->new_picture));
	if (req)
		drmModeAtomicFree(req);
	if (err != 0 || test)
		destroy_blobs(out, r);
	out->busy = err == -EBUSY;
	if (err != 0)
		/* Not by its name: that is gone by the time an output is destroyed. */
		compositor_log(test || out->busy ? GEM_LOG_DEBUG : GEM_LOG_WARN, "crtc %u: %s refused: %s",
			out->pipe->crtc_id, r->modeset ? "mode" : "picture", strerror(-err));
	return err == 0;
}

static void hold(struct compositor_shown *shown, struct wlr_buffer *buffer)
{
	if (shown->count < COMPOSITOR_PLANES_MAX)
		shown->buffers[shown->count++] = wlr_buffer_lock(buffer);
}

void compositor_shown_release(struct compositor_shown *shown)
{
	for (unsigned i = 0; i < shown->count; i++)
		wlr_buffer_unlock(shown->buffers[i]);
	shown->count = 0;
}

/* What the request shows is locked before what it replaces is let go: often they are the same. */
static void hold_all(struct compositor_output *out, const struct request *r)
{
	/* Shown by now, but nobody has heard of it: there was one before a mode that is new. */
	bool unheard = out->flip_pending && out->queued.count > 0;
	struct compositor_shown before = unheard ? out->front : out->queued;

	if (unheard)
		out->front = out->queued;
	out->queued.count = 0;
	hold(&out->queued, r->picture->buffer);
	if (r->cursor)
		hold(&out->queued, r->cursor->buffer);
	for (unsigned i = 0; out->sheets && i < out->sheet_count; i++) {
		if (out->sheets[i].plane_id)
			hold(&out->queued, out->sheets[i].hold);
	}
	compositor_shown_release(&before);
	struct wlr_buffer *composed = wlr_buffer_lock(r->picture->buffer);
	if (out->composed)
		wlr_buffer_unlock(out->composed);
	out->composed = composed;
}

/* What the device now has becomes our state and wlroots'. */
static void applied(struct compositor_output *out, struct request *r)
{
	if (r->active && (r->modeset || r->new_picture))
		hold_all(out, r);
	compositor_lift_applied(out, r->active);
	if (r->gamma) {
		if (out->gamma_blob)
			drmModeDestroyPropertyBlob(out->pipe->backend->fd, out->gamma_blob);
		out->gamma_blob = r->gamma_blob;
	}
	if (r->vrr)
		out->base.adaptive_sync_status = r->vrr_on ? WLR_OUTPUT_ADAPTIVE_SYNC_ENABLED :
			WLR_OUTPUT_ADAPTIVE_SYNC_DISABLED;
	if (r->modeset) {
		if (out->mode_blob)
			drmModeDestroyPropertyBlob(out->pipe->backend->fd, out->mode_blob);
		out->mode_blob = r->mode_blob;
		out->pipe->off_wanted = false;
		out->active = r->active;
		out->info = r->info;
		wlr_output_update_enabled(&out->base, r->active);
	}
	if (!r->active) {
		out->flip_pending = false;
		compositor_shown_release(&out->queued);
		compositor_shown_release(&out->front);
		if (out->composed)
			wlr_buffer_unlock(out->composed);
		out->composed = NULL;
		compositor_lift_forget(out);
	}
	if (r->mode)
		wlr_output_update_mode(&out->base, &r->mode->base);
}

bool compositor_commit_test(struct compositor_output *out)
{
	struct request r;

	if (!request_init(&r, out))
		return false;
	if (!r.modeset && !r.new_picture && !r.gamma && !r.vrr)
		return true;
	return send(out, &r, DRM_MODE_ATOMIC_TEST_ONLY |
		(r.modeset ? DRM_MODE_ATOMIC_ALLOW_MODESET : 0));
}

bool compositor_commit_plan(struct compositor_output *out, bool *composite)
{
	struct request r;

	if (!out->active || !out->composed || !request_init(&r, out) || r.modeset)
		return false;
	r.new_picture = true;
	if (!send(out, &r, DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_NONBLOCK))
		return false;
	*composite = r.composited;
	return true;
}

bool compositor_commit_run(struct compositor_output *out)
{
	struct request r;

	if (!request_init(&r, out))
		return false;
	if (!r.modeset && !r.new_picture && (r.gamma || r.vrr)) {
		/* wlroots expects no frame of it, but until it is shown none can be committed. */
		if (!send(out, &r, NONBLOCK | (r.active ? DRM_MODE_PAGE_FLIP_EVENT : 0)))
			return false;
		applied(out, &r);
		out->base.frame_pending = out->flip_pending = r.active;
		out->flip_commit_seq = out->base.commit_seq + 1;
		return true;
	}
	if (r.modeset || r.new_picture) {
		if (!send(out, &r, NONBLOCK | (r.active ? DRM_MODE_PAGE_FLIP_EVENT : 0) |
				(r.modeset ? DRM_MODE_ATOMIC_ALLOW_MODESET : 0)))
			return false;
		applied(out, &r);
		out->flip_pending = r.active;
		/* wlroots counts the commit after we return. */
		out->flip_commit_seq = out->base.commit_seq + 1;
		return true;
	}
	applied(out, &r);
	return true;
}

void compositor_commit_pipe_off(struct compositor_pipe *pipe)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	bool ok = req;

	pipe->off_wanted = false;
	if (ok) {
		add(req, &ok, pipe->connector_id, pipe->props.crtc_id, 0);
		add(req, &ok, pipe->crtc_id, pipe->props.mode_id, 0);
		add(req, &ok, pipe->crtc_id, pipe->props.active, 0);
		add_all_off(req, &ok, pipe);
	}
	int err = ok ? commit(pipe, req, NONBLOCK | DRM_MODE_ATOMIC_ALLOW_MODESET, false) : -ENOMEM;
	if (err < 0)
		compositor_warn("crtc %u stays on: %s", pipe->crtc_id, strerror(-err));
	drmModeAtomicFree(req);
}

void compositor_commit_off(struct compositor_output *out)
{
	struct request r = {.modeset = true};

	bool wanted = out->active && out->pipe->backend->session->active &&
		!out->pipe->backend->gone;
	bool kept = wanted && !send(out, &r, NONBLOCK | DRM_MODE_ATOMIC_ALLOW_MODESET) && out->busy;
	applied(out, &r);
	out->pipe->off_wanted = kept;
}
