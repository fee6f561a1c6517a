/*
 * Presentation feedback of surfaces on planes. wlroots' own helper tells all
 * surfaces of an output the same flags; these here were shown without a copy,
 * while others in the same frame were composited.
 */
#include <stdlib.h>

#include <wlr/types/wlr_presentation_time.h>

#include "presentation-time-protocol.h"

#include "compositor_frame.h"

struct feedback {
	struct wl_list link; /* compositor_frame.feedbacks */
	struct wlr_presentation_feedback *wlr;
	uint32_t commit_seq; /* of the output */
};

static void feedback_destroy(struct feedback *feedback)
{
	wlr_presentation_feedback_destroy(feedback->wlr);
	wl_list_remove(&feedback->link);
	free(feedback);
}

void compositor_feedback_add(struct compositor_screen *screen, struct wlr_surface *surface)
{
	struct wlr_presentation *presentation = screen->server->scene->presentation;
	struct feedback *feedback = presentation ? calloc(1, sizeof(*feedback)) : NULL;

	if (!feedback)
		return;
	feedback->wlr = wlr_presentation_surface_sampled(presentation, surface);
	if (!feedback->wlr) {
		free(feedback);
		return;
	}
	feedback->commit_seq = screen->output->commit_seq;
	wl_list_insert(&screen->frame.feedbacks, &feedback->link);
}

static void handle_present(struct wl_listener *listener, void *data)
{
	struct compositor_frame *frame = wl_container_of(listener, frame, present);
	const struct wlr_output_event_present *event = data;
	struct wlr_presentation_event sent;
	struct feedback *feedback, *next;

	wlr_presentation_event_from_output(&sent, event);
	sent.flags |= WP_PRESENTATION_FEEDBACK_KIND_ZERO_COPY;
	wl_list_for_each_safe(feedback, next, &frame->feedbacks, link) {
		/* Both count up and may wrap; later ones wait for their own flip. */
		if ((int32_t)(event->commit_seq - feedback->commit_seq) < 0)
			continue;
		if (event->presented && event->commit_seq == feedback->commit_seq)
			wlr_presentation_feedback_send_presented(feedback->wlr, &sent);
		feedback_destroy(feedback);
	}
}

void compositor_feedback_init(struct compositor_screen *screen)
{
	wl_list_init(&screen->frame.feedbacks);
	compositor_listen(&screen->output->events.present, &screen->frame.present, handle_present);
}

void compositor_feedback_finish(struct compositor_screen *screen)
{
	struct feedback *feedback, *next;

	wl_list_for_each_safe(feedback, next, &screen->frame.feedbacks, link)
		feedback_destroy(feedback);
	wl_list_remove(&screen->frame.present.link);
}
