/*
 * Vblank: the device's heartbeat. A running crtc has an absolute grid of
 * vblank times: start + n * period of its mode, in the device's time (kms_time.h),
 * without drift. One thread per device sleeps until the next of them, and there, under
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
	uint64_t period_ns;   /* rounded down; the grid itself uses the fraction below */
	uint64_t period_num;  /* one period is period_num / period_den nanoseconds, exactly */
	uint64_t period_den;
	uint64_t start_ns;    /* grid time of start_count */
	uint64_t start_count;
	uint64_t count;       /* vblanks so far; keeps its value while off */
	uint64_t time_ns;     /* grid time of the last one */
	struct gem_list events; /* kms_event.vblank_link, in the order they were asked for */
	bool report_off;      /* turned off, and the sinks have not been told yet */
	uint64_t late_max_ns; /* worst lateness of a handled vblank, for the bench */
	uint64_t late_count;  /* vblanks handled after the next was due */
	unsigned waiters;     /* in kms_vblank_wait_locked */
	uint64_t wait_until;  /* count that the most patient of them waits for */
	unsigned flip_delay;  /* vblanks that the next flip is put off (kms_flip_delay) */
	bool flip_lose;       /* the next event of a flip does not come (kms_flip_lose) */
	uint64_t vrr_max_ns;  /* longest frame; 0 = no variable refresh (kms_vrr.h) */
};

/* Starts the thread; sets dev->clock and every crtc's vblank. -ENOMEM, -EAGAIN. */
int kms_clock_create(struct kms_device *dev);
void kms_clock_destroy(struct kms_device *dev);
/* CLOCK_MONOTONIC in nanoseconds: of time limits; all else goes by kms_time_now. */
uint64_t kms_clock_now(void);

/*
 * Under dev->lock: crtc became active with its committed mode / was turned off.
 * Turning on counts one vblank, now, from which the grid starts. Turning off
 * sends the events that wait, stamped now, as drm_crtc_vblank_off does.
 */
void kms_vblank_on_locked(struct kms_crtc *crtc);
void kms_vblank_off_locked(struct kms_crtc *crtc);
/* The thread looks again at what is due. */
void kms_clock_kick(struct kms_device *dev);
/* The same where crtc got something to do: nothing at a real, fixed rate. */
void kms_clock_attend_locked(struct kms_crtc *crtc);
/* A fence that a commit waits for was signalled. Any thread, with any lock. */
void kms_clock_signalled(struct kms_device *dev);

/* Whether count has reached target, as the kernel compares (drm_vblank_passed). */
bool kms_vblank_passed(uint64_t count, uint64_t target);
/*
 * Waits until crtc's count has passed target or it is turned off. dev->lock
 * is dropped while waiting. timeout_ns relative, real time. 0, -EBUSY on timeout
 * (the kernel's errno of WAIT_VBLANK), -EINTR (gem_interrupt.h), -EINVAL when the crtc
 * is off at entry.
 */
int kms_vblank_wait_locked(struct kms_crtc *crtc, uint64_t target, uint64_t timeout_ns);
/*
 * Event at target; sent at once when that has passed. Takes event, on error
 * too: -EINVAL crtc is off. Under dev->lock.
 */
int kms_vblank_queue_event_locked(struct kms_crtc *crtc, uint64_t target,
	struct kms_event *event);
/*
 * Waits, dropping dev->lock, for the next vblank or turning off of any crtc;
 * may also return for nothing. -ETIMEDOUT at deadline_ns (CLOCK_MONOTONIC), -EINTR.
 */
int kms_clock_wait_change_locked(struct kms_device *dev, uint64_t deadline_ns);

/* The steps of the thread, under dev->lock. */

/* Time of the next one, by what is known now (kms_vrr.h); UINT64_MAX while off. */
uint64_t kms_vblank_next_ns_locked(const struct kms_crtc *crtc);
/* Counts up to now_ns; says how late the newest vblank is handled. */
void kms_vblank_advance_locked(struct kms_crtc *crtc, uint64_t now_ns);
/* Sends the waiting events that are due. */
void kms_vblank_send_events_locked(struct kms_crtc *crtc);

#endif
