/* Shared by kms_legacy.c and kms_cursor.c. */
#ifndef KMS_LEGACY_INTERNAL_H
#define KMS_LEGACY_INTERNAL_H

#include "kms_legacy.h"

/*
 * Builds a state with fill (modesets allowed, unless fill says otherwise) and
 * commits it; again from the start as often as another commit came between.
 * Under dev->lock, which a blocking commit drops while it waits.
 */
int kms_legacy_run_locked(struct kms_device *dev,
	int (*fill)(struct kms_atomic_state *state, const void *request), const void *request,
	unsigned flags);
/* kms_set_crtc with KMS_COMMIT_ flags. */
int kms_set_crtc_flags(const struct kms_mode_set *set, unsigned flags);

#endif
