#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kms_atomic_internal.h"
#include "kms_fence.h"
#include "kms_mode.h"
#include "kms_state.h"
#include "kms_writeback.h"

int kms_atomic_state_create(struct kms_device *dev, struct kms_atomic_state **out)
{
	struct kms_atomic_state *state = malloc(sizeof(*state));

	if (!state)
		return -ENOMEM;
	/* The arrays are some kilobytes: only masks are cleared, for TEST_ONLY's speed. */
	state->dev = dev;
	state->allow_modeset = false;
	state->async = state->async_flip = false;
	state->serial = dev->commit_serial;
	state->plane_mask = 0;
	state->writebacks = NULL;
	state->waits = NULL;
	state->crtc_mask = state->connector_mask = state->modeset_mask = 0;
	*out = state;
	return 0;
}

static void discard_waits(struct kms_fence_wait *waits)
{
	while (waits) {
		struct kms_fence_wait *next = waits->next;

		kms_fence_wait_destroy(waits);
		waits = next;
	}
}

void kms_atomic_state_destroy(struct kms_atomic_state *state)
{
	uint64_t planes = state->plane_mask;
	uint32_t crtcs = state->crtc_mask, connectors = state->connector_mask;
	unsigned i;

	kms_for_each_bit(i, planes)
		kms_plane_state_put(&state->planes[i]);
	kms_for_each_bit(i, connectors)
		kms_connector_state_put(&state->connectors[i]);
	kms_for_each_bit(i, crtcs) {
		kms_crtc_state_put(&state->crtcs[i]);
		if (state->events[i])
			kms_event_cancel_locked(state->events[i]);
		gem_fence_put(state->out_fences[i]);
	}
	kms_writeback_discard(state->writebacks);
	discard_waits(state->waits);
	free(state);
}

struct kms_crtc_state *kms_atomic_crtc(struct kms_atomic_state *state, struct kms_crtc *crtc)
{
	struct kms_crtc_state *copy = &state->crtcs[crtc->index];
	uint32_t bit = 1u << crtc->index;

	if (state->crtc_mask & bit)
		return copy;
	*copy = crtc->state;
	kms_crtc_state_get(copy);
	state->events[crtc->index] = NULL;
	state->out_fences[crtc->index] = NULL;
	state->crtc_mask |= bit;
	return copy;
}

struct kms_plane_state *kms_atomic_plane(struct kms_atomic_state *state, struct kms_plane *plane)
{
	struct kms_plane_state *copy = &state->planes[plane->index];
	uint64_t bit = 1ull << plane->index;

	if (state->plane_mask & bit)
		return copy;
	*copy = plane->state;
	copy->damage = NULL;
	copy->in_fence = NULL;
	kms_plane_state_get(copy);
	state->plane_mask |= bit;
	if (copy->crtc)
		kms_atomic_crtc(state, copy->crtc);
	return copy;
}

struct kms_connector_state *kms_atomic_connector(struct kms_atomic_state *state,
	struct kms_connector *connector)
{
	struct kms_connector_state *copy = &state->connectors[connector->index];
	uint32_t bit = 1u << connector->index;

	if (state->connector_mask & bit)
		return copy;
	*copy = connector->state;
	copy->writeback_fb = NULL;
	copy->writeback_fence = NULL;
	kms_connector_state_get(copy);
	state->connector_mask |= bit;
	if (copy->crtc)
		kms_atomic_crtc(state, copy->crtc);
	return copy;
}

void kms_atomic_set_plane_crtc(struct kms_atomic_state *state, struct kms_plane *plane,
	struct kms_crtc *crtc)
{
	kms_atomic_plane(state, plane)->crtc = crtc;
	if (crtc)
		kms_atomic_crtc(state, crtc);
}

void kms_atomic_set_plane_fb(struct kms_atomic_state *state, struct kms_plane *plane,
	struct kms_framebuffer *fb)
{
	struct kms_plane_state *copy = kms_atomic_plane(state, plane);
	struct kms_framebuffer *old = copy->fb;

	if (fb)
		kms_object_get(&fb->base);
	copy->fb = fb;
	if (old)
		kms_object_put(&old->base);
}

void kms_atomic_set_connector_crtc(struct kms_atomic_state *state,
	struct kms_connector *connector, struct kms_crtc *crtc)
{
	kms_atomic_connector(state, connector)->crtc = crtc;
	if (crtc)
		kms_atomic_crtc(state, crtc);
}

int kms_atomic_set_mode_blob(struct kms_atomic_state *state, struct kms_crtc *crtc,
	struct kms_blob *blob)
{
	struct kms_crtc_state *copy = kms_atomic_crtc(state, crtc);
	struct kms_blob *old = copy->mode_blob;
	struct drm_mode_modeinfo mode = {0};

	if (blob == old)
		return 0;
	if (blob) {
		if (blob->length != sizeof(mode)) {
			gem_debug("atomic", "refused: mode blob of %zu bytes", blob->length);
			return -EINVAL;
		}
		memcpy(&mode, blob->data, sizeof(mode));
		if (kms_mode_check(&mode)) {
			gem_debug("atomic", "refused: bad mode in blob %u", blob->base.id);
			return -EINVAL;
		}
		kms_object_get(&blob->base);
	}
	copy->mode = mode;
	copy->mode_blob = blob;
	copy->enable = blob != NULL;
	if (old)
		kms_object_put(&old->base);
	return 0;
}

int kms_atomic_set_out_fence(struct kms_atomic_state *state, struct kms_crtc *crtc,
	struct gem_fence *fence)
{
	kms_atomic_crtc(state, crtc);
	if (state->out_fences[crtc->index])
		return -EINVAL;
	state->out_fences[crtc->index] = gem_fence_get(fence);
	return 0;
}

int kms_atomic_set_in_fence(struct kms_atomic_state *state, struct kms_plane *plane,
	struct gem_fence *fence)
{
	struct kms_plane_state *copy = kms_atomic_plane(state, plane);

	if (copy->in_fence)
		return -EINVAL;
	copy->in_fence = gem_fence_get(fence);
	return 0;
}

int kms_atomic_set_writeback_fence(struct kms_atomic_state *state,
	struct kms_connector *connector, struct gem_fence *fence)
{
	struct kms_connector_state *copy = kms_atomic_connector(state, connector);

	if (copy->writeback_fence)
		return -EINVAL;
	copy->writeback_fence = gem_fence_get(fence);
	return 0;
}

int kms_atomic_reserve_events(struct kms_atomic_state *state, struct kms_file *file,
	uint64_t user_data)
{
	uint32_t crtcs = state->crtc_mask;
	unsigned i;

	if (!crtcs) {
		gem_debug("atomic", "refused: event asked for, but no crtc would send it");
		return -EINVAL;
	}
	kms_for_each_bit(i, crtcs) {
		int ret = kms_event_reserve_locked(file, DRM_EVENT_FLIP_COMPLETE, user_data,
			&state->events[i]);

		if (ret) {
			state->events[i] = NULL;
			return ret;
		}
	}
	return 0;
}
