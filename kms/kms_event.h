/*
 * Events to files (kernel: drm_file.c, drm_vblank.c). An event is reserved
 * when the request is made (-ENOMEM when the file's 4096 bytes of event space
 * are promised or unread), sent at its vblank, or cancelled.
 */
#ifndef KMS_EVENT_H
#define KMS_EVENT_H

#include "kms_device.h"

#define KMS_EVENT_SPACE 4096

struct kms_event {
	struct kms_file *file;     /* NULL once the file was closed */
	struct gem_list file_link; /* kms_file.events; dev->lock */
	/* While it waits for a vblank (kms_vblank_queue_event_locked). dev->lock. */
	struct gem_list vblank_link;
	uint64_t target;
	union {
		struct drm_event base;
		struct drm_event_vblank vblank;
		struct drm_event_crtc_sequence sequence;
	} u;
};

/* type DRM_EVENT_*. Under dev->lock. -ENOMEM. */
int kms_event_reserve_locked(struct kms_file *file, uint32_t type, uint64_t user_data,
	struct kms_event **out);
/* Fills in sequence, time (CLOCK_MONOTONIC ns) and crtc id, sends, frees. */
void kms_event_send_locked(struct kms_event *event, uint64_t sequence, uint64_t time_ns,
	uint32_t crtc_id);
void kms_event_cancel_locked(struct kms_event *event);
/*
 * file is being closed: events that wait for a vblank are gone; the event of a
 * commit stays the commit's, and sending or cancelling it then only frees it.
 */
void kms_events_cancel_file_locked(struct kms_file *file);

#endif
