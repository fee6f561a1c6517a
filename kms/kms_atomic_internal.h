/* Shared by the rooms of kms_atomic*.c. All under dev->lock. */
#ifndef KMS_ATOMIC_INTERNAL_H
#define KMS_ATOMIC_INTERNAL_H

#include "kms_atomic.h"

/* for (bits of mask, lowest first) with the bit's number in index; consumes mask. */
#define kms_for_each_bit(index, mask) \
	for (; (mask) && ((index) = (unsigned)__builtin_ctzll(mask), true); (mask) &= (mask) - 1)

/* What state would make of an object: its copy, or what is committed. */
static inline const struct kms_plane_state *kms_atomic_new_plane(
	const struct kms_atomic_state *state, const struct kms_plane *plane)
{
	return state->plane_mask >> plane->index & 1 ? &state->planes[plane->index]
						     : &plane->state;
}

static inline const struct kms_crtc_state *kms_atomic_new_crtc(
	const struct kms_atomic_state *state, const struct kms_crtc *crtc)
{
	return state->crtc_mask >> crtc->index & 1 ? &state->crtcs[crtc->index] : &crtc->state;
}

static inline const struct kms_connector_state *kms_atomic_new_connector(
	const struct kms_atomic_state *state, const struct kms_connector *connector)
{
	return state->connector_mask >> connector->index & 1
		       ? &state->connectors[connector->index] : &connector->state;
}

/* The one line that answers "why EINVAL?"; the value is the errno. */
#define kms_refuse(errno_, ...)                       \
	({                                            \
		gem_debug("atomic", "refused: " __VA_ARGS__); \
		-(errno_);                            \
	})

/* Whether crtc would have one. */
static inline bool kms_atomic_has_connector(const struct kms_atomic_state *state,
	const struct kms_crtc *crtc)
{
	const struct kms_device *dev = state->dev;

	for (unsigned i = 0; i < dev->connector_count; i++) {
		if (kms_atomic_new_connector(state, &dev->connectors[i])->crtc == crtc)
			return true;
	}
	return false;
}

/*
 * Which crtcs must go off and on: sets state->modeset_mask. Connectors that fit
 * their crtc and each other. -EINVAL.
 */
int kms_atomic_check_modeset(struct kms_atomic_state *state);
/*
 * Gives the planes of crtcs whose stack changes their normalized_zpos, for
 * which they join state (kernel: drm_atomic_normalize_zpos).
 */
void kms_atomic_normalize_zpos(struct kms_atomic_state *state);
/*
 * What the hardware can: place, scaling and size of each plane, how many of them
 * a crtc takes. -EINVAL, -ERANGE, -ENOSPC.
 */
int kms_atomic_check_hardware(const struct kms_atomic_state *state);

/* crtc's pending commit has come to be shown: says so to the trace. */
void kms_trace_flip_locked(struct kms_crtc *crtc, uint64_t time_ns);

#endif
