#include <errno.h>
#include <stdlib.h>

#include "kms_framebuffer.h"
#include "kms_writeback.h"

int kms_writeback_create(struct kms_crtc *crtc, const struct kms_connector_state *state,
	struct kms_writeback_job **out)
{
	struct kms_writeback_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->crtc = crtc;
	job->fb = state->writeback_fb;
	kms_object_get(&job->fb->base);
	if (state->writeback_fence)
		job->out_fence = gem_fence_get(state->writeback_fence);
	*out = job;
	return 0;
}

static void drop(struct kms_writeback_job *job)
{
	kms_object_put(&job->fb->base);
	gem_fence_put(job->out_fence);
	free(job);
}

void kms_writeback_discard(struct kms_writeback_job *jobs)
{
	while (jobs) {
		struct kms_writeback_job *next = jobs->next;

		drop(jobs);
		jobs = next;
	}
}

void kms_writeback_finish(struct kms_writeback_job *job, int error)
{
	if (job->out_fence)
		gem_fence_signal(job->out_fence, job->error ? job->error : error);
	drop(job);
}

void kms_writeback_due_locked(struct kms_crtc *crtc, struct kms_writeback_job *jobs)
{
	struct kms_writeback_job **end = &crtc->writebacks;

	while (*end)
		end = &(*end)->next;
	*end = jobs;
	crtc->pending.writebacks = NULL;
}

void kms_writeback_cancel_locked(struct kms_crtc *crtc)
{
	kms_writeback_due_locked(crtc, crtc->pending.writebacks);
	for (struct kms_writeback_job *job = crtc->writebacks; job; job = job->next)
		job->error = -ECANCELED;
}

void kms_writeback_finish_all(struct kms_crtc *crtc)
{
	while (crtc->writebacks) {
		struct kms_writeback_job *job = crtc->writebacks;

		crtc->writebacks = job->next;
		kms_writeback_finish(job, -ECANCELED);
	}
}
