/* What a crtc shows at one moment, with references: composed without dev->lock. */
#ifndef KMS_SNAPSHOT_H
#define KMS_SNAPSHOT_H

#include "kms_compose.h"
#include "kms_device.h"

struct kms_snapshot {
	struct kms_device *dev;
	uint32_t width, height; /* 0x0 = off */
	uint64_t serial;        /* kms_crtc.scanout_serial */
	uint64_t since;         /* kms_crtc.scanout_since */
	unsigned count;
	struct kms_compose_plane planes[KMS_MAX_PLANES]; /* bottom first; references to fbs */
	struct kms_blob *degamma_lut, *ctm, *gamma_lut;  /* references or NULL */
};

void kms_snapshot_take_locked(struct kms_snapshot *shot, struct kms_crtc *crtc);
void kms_snapshot_drop(struct kms_snapshot *shot);
/*
 * Without dev->lock, into a target of the snapshot's size, by the device's threads. What
 * clients wrote through the GTT arrives in memory before. -ENOMEM.
 */
int kms_snapshot_compose(const struct kms_snapshot *shot,
	const struct kms_compose_target *target);

#endif
