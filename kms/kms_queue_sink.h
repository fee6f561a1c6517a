/*
 * Sinks that write frames to files: from a thread of their own, so that the vblank
 * thread does not wait for a disk. At most KMS_QUEUE_MAX frames wait; later ones are
 * dropped and counted (logged at destroy). Virtual time waits instead: fast time for
 * a place in the queue, a step of frozen time until the frame is written. Internal:
 * kms_png_sink.c, kms_video_sink.c.
 */
#ifndef KMS_QUEUE_SINK_H
#define KMS_QUEUE_SINK_H

#include "kms_sink.h"

enum { KMS_QUEUE_MAX = 32 };

struct kms_queued_frame {
	struct gem_list link;
	uint32_t width, height;
	uint64_t sequence;
	uint64_t period_num, period_den; /* kms_vblank's, nanoseconds; 0 = not known */
	uint8_t pixels[];                /* XRGB8888, width * 4 pitch */
};

/* On the queue's thread. */
struct kms_queue_ops {
	int (*write)(void *data, const struct kms_queued_frame *frame); /* 0 or -errno */
	int (*finish)(void *data); /* the last one is written; frees data; 0 or -errno */
};

/* name: for the log. data is the sink's on success only. -ENOMEM; -EAGAIN no thread. */
int kms_queue_sink_create(struct kms_crtc *crtc, const char *name,
	const struct kms_queue_ops *ops, void *data, struct kms_sink **out);

#endif
