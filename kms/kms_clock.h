/* Inside of the vblank thread; users of the clock see kms_vblank.h. */
#ifndef KMS_CLOCK_H
#define KMS_CLOCK_H

#include "kms_vblank.h"

struct kms_clock {
	struct kms_device *dev;
	pthread_t thread;
	pthread_cond_t wake;    /* the thread sleeps here, with dev->lock */
	pthread_cond_t changed; /* waiters for a vblank sleep here, with dev->lock */
	bool stop;              /* dev->lock */
	struct kms_vblank vblanks[KMS_MAX_CRTCS]; /* by crtc index; dev->lock */
};

#endif
