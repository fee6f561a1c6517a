/*
 * Writeback: the frame that a crtc shows, written into a framebuffer (kernel:
 * drm_writeback.c). A commit that sets WRITEBACK_FB_ID makes a job; it waits
 * with the commit, and becomes due at the vblank that shows it.
 *
 * From kms_atomic_latch_locked on, a due job is on kms_crtc.writebacks; the
 * vblank thread takes the list in kms_sinks_begin_locked, writes the frame
 * that kms_sinks_run composes into each job's fb, and finishes it. A job whose
 * crtc went off first is due as well, with its error set: it is only finished.
 */
#ifndef KMS_WRITEBACK_H
#define KMS_WRITEBACK_H

#include "gem_fence.h"
#include "kms_device.h"

struct kms_writeback_job {
	/* In kms_pending_commit.writebacks, then kms_crtc.writebacks (dev->lock), then the thread's. */
	struct kms_writeback_job *next;
	struct kms_crtc *crtc;
	struct kms_framebuffer *fb;  /* reference; as large as the crtc's mode */
	struct gem_fence *out_fence; /* reference; NULL = nobody asked */
	int error;                   /* negative errno: nothing is to be written */
};

/* What state asks crtc for, in references of the job's own. -ENOMEM. */
int kms_writeback_create(struct kms_crtc *crtc, const struct kms_connector_state *state,
	struct kms_writeback_job **out);
/* A commit that did not come to be: no fence is signalled, its maker knows. */
void kms_writeback_discard(struct kms_writeback_job *jobs);
/*
 * Signals out_fence with job->error or error (0 = written), drops the
 * references, frees job. Without dev->lock, as fences have callbacks.
 */
void kms_writeback_finish(struct kms_writeback_job *job, int error);
/* Under dev->lock: the pending commit's jobs (a list, or NULL) are due. */
void kms_writeback_due_locked(struct kms_crtc *crtc, struct kms_writeback_job *jobs);
/* Under dev->lock: crtc goes off. Its jobs are due, with error -ECANCELED. */
void kms_writeback_cancel_locked(struct kms_crtc *crtc);
/* Finishes what the thread did not take: after it ended, without dev->lock. */
void kms_writeback_finish_all(struct kms_crtc *crtc);

#endif
