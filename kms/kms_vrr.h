/*
 * Variable refresh: where a crtc's VRR_ENABLED is set and a connector of it is
 * vrr_capable, the front porch stretches until there is something new to show. A
 * flip is shown as soon as it was committed and its framebuffers are finished, but
 * not before the mode's own period after the last vblank; with nothing to show, the
 * next vblank comes when the monitor must be refreshed (the lowest rate in the range
 * limits of an EDID that the connector was given, else 48 Hz).
 *
 * Each refresh counts one vblank, at the time when it is. What is not a flip
 * (cursor, vblank events) waits for the next vblank, however far that is.
 */
#ifndef KMS_VRR_H
#define KMS_VRR_H

#include "kms_device.h"

/* crtc's hardware state or period has changed; under dev->lock, as below. */
void kms_vrr_update_locked(struct kms_crtc *crtc);
/* The next vblank, where earliest is the mode's own period after the last one. */
uint64_t kms_vrr_next_ns_locked(const struct kms_crtc *crtc, uint64_t earliest);

#endif
