/* Inside of the vblank thread; users of the clock see kms_vblank.h and kms_time.h. */
#ifndef KMS_CLOCK_H
#define KMS_CLOCK_H

#include "kms_time.h"

struct kms_clock {
	struct kms_device *dev;
	pthread_t thread;
	pthread_cond_t wake;    /* the thread sleeps here, with dev->lock */
	pthread_cond_t changed; /* waiters for a vblank sleep here, with dev->lock */
	bool stop;              /* dev->lock */
	struct kms_vblank vblanks[KMS_MAX_CRTCS]; /* by crtc index; dev->lock */
	/* kms_time.c: written under dev->lock, read without. */
	_Atomic enum kms_time_mode mode;
	_Atomic uint64_t virtual_ns; /* the time; 0 = real */
	_Atomic uint64_t ahead_ns;   /* real time is CLOCK_MONOTONIC plus this */
	/* dev->lock */
	uint64_t leapt_ns;      /* kms_clock_now when virtual time last went on */
	uint64_t step_until_ns; /* where the thread takes frozen time to; 0 = it is there */
	bool stepping;          /* somebody is */
};

/* For the thread, under dev->lock. */

/*
 * When the next vblank, of any crtc, is due at due: the time up to which vblanks
 * are to be handled now. Virtual time goes on by this.
 */
uint64_t kms_time_advance_locked(struct kms_clock *clock, uint64_t due);
/* There is nothing to do up to due: a step ends, or the thread sleeps. */
void kms_time_sleep_locked(struct kms_clock *clock, uint64_t due);

#endif
