#include <errno.h>
#include <stdlib.h>

#include "kms_event.h"

#define NS_PER_SECOND 1000000000ull
#define NS_PER_MICROSECOND 1000ull

static uint32_t event_length(uint32_t type)
{
	return type == DRM_EVENT_CRTC_SEQUENCE ? sizeof(struct drm_event_crtc_sequence)
					       : sizeof(struct drm_event_vblank);
}

int kms_event_reserve_locked(struct kms_file *file, uint32_t type, uint64_t user_data,
	struct kms_event **out)
{
	uint32_t length = event_length(type);
	struct kms_event *event;

	if (file->event_reserved + file->event_ops->unread(file) + length > KMS_EVENT_SPACE) {
		gem_debug("event", "refused: %zu bytes promised and as many unread as fit",
			file->event_reserved);
		return -ENOMEM;
	}
	event = calloc(1, sizeof(*event));
	if (!event)
		return -ENOMEM;
	event->u.base.type = type;
	event->u.base.length = length;
	if (type == DRM_EVENT_CRTC_SEQUENCE)
		event->u.sequence.user_data = user_data;
	else
		event->u.vblank.user_data = user_data;
	gem_list_init(&event->vblank_link);
	event->file = file;
	file->event_reserved += length;
	gem_list_add_tail(&file->events, &event->file_link);
	*out = event;
	return 0;
}

static void fill_in(struct kms_event *event, uint64_t sequence, uint64_t time_ns, uint32_t crtc_id)
{
	if (event->u.base.type == DRM_EVENT_CRTC_SEQUENCE) {
		event->u.sequence.sequence = sequence;
		event->u.sequence.time_ns = (int64_t)time_ns;
		return;
	}
	event->u.vblank.sequence = (uint32_t)sequence;
	event->u.vblank.tv_sec = (uint32_t)(time_ns / NS_PER_SECOND);
	event->u.vblank.tv_usec = (uint32_t)(time_ns % NS_PER_SECOND / NS_PER_MICROSECOND);
	event->u.vblank.crtc_id = crtc_id;
}

void kms_event_send_locked(struct kms_event *event, uint64_t sequence, uint64_t time_ns,
	uint32_t crtc_id)
{
	struct kms_file *file = event->file;

	if (file) {
		fill_in(event, sequence, time_ns, crtc_id);
		file->event_ops->send(file, &event->u, event->u.base.length);
	}
	kms_event_cancel_locked(event);
}

void kms_event_cancel_locked(struct kms_event *event)
{
	if (event->file) {
		event->file->event_reserved -= event->u.base.length;
		gem_list_del(&event->file_link);
	}
	gem_list_del(&event->vblank_link);
	free(event);
}

void kms_events_cancel_file_locked(struct kms_file *file)
{
	struct kms_event *event, *next;

	gem_list_for_each_safe(event, next, &file->events, file_link) {
		/* Its target may be a year away. */
		if (!gem_list_empty(&event->vblank_link)) {
			kms_event_cancel_locked(event);
			continue;
		}
		gem_list_del(&event->file_link);
		event->file = NULL;
	}
	file->event_reserved = 0;
}
