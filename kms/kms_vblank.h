/*
 * Vblank: the device's heartbeat. A running crtc has an absolute grid of
 * vblank times: start + n * period of its mode, on CLOCK_MONOTONIC, without
 * drift. One thread per device sleeps until the next of them, and there, under
 * dev->lock: counts, latches the pending commit's planes into scanout, sends
 * flip and vblank events stamped with the grid's time, wakes waiters. Then it
 * composes for whoever watches (kms_sink.h), outside dev->lock.
 *
 * A commit made before a vblank's grid time is shown at that vblank; one made
 * after it waits for the next: nothing is shown before its vblank.
 */
#ifndef KMS_VBLANK_H
#define KMS_VBLANK_H

#include "kms_device.h"
#include "kms_event.h"

struct kms_vblank {
	bool running;         /* crtc active; dev->lock, as all below */
	uint64_t period_ns;
	uint64_t start_ns;    /* grid time of start_count */
	uint64_t start_count;
	uint64_t count;       /* vblanks so far; keeps its value while off */
	uint64_t time_ns;     /* grid time of the last one */
	struct gem_list events; /* waiting vblank/sequence events, by target */
	uint64_t late_max_ns; /* worst wake-up lateness seen, for the bench */
	uint64_t late_count;  /* vblanks handled after the next was due */
};

int kms_clock_create(struct kms_device *dev);  /* starts the thread; sets dev->clock */
void kms_clock_destroy(struct kms_device *dev);

/* Under dev->lock: crtc became active with its mode / was turned off. Turning
 * off sends the events that wait, stamped now, as drm_crtc_vblank_off does. */
void kms_vblank_on_locked(struct kms_crtc *crtc);
void kms_vblank_off_locked(struct kms_crtc *crtc);
/* The thread looks again at what is due. */
void kms_clock_kick(struct kms_device *dev);

/*
 * Waits until crtc's count >= target (wrap-safe) or it is turned off. dev->lock
 * is dropped while waiting. timeout_ns relative. 0, -EBUSY on timeout (the
 * kernel's errno of WAIT_VBLANK), -EINVAL when the crtc is off at entry.
 */
int kms_vblank_wait_locked(struct kms_crtc *crtc, uint64_t target, uint64_t timeout_ns);
/* Event at target; sent at once when that is past. Under dev->lock. */
int kms_vblank_queue_event_locked(struct kms_crtc *crtc, uint64_t target,
	struct kms_event *event);
/* Calls fn under dev->lock at every vblank or state change: wait for a commit. */
void kms_clock_wait_change_locked(struct kms_device *dev);

#endif
