/* The seat, and the control command that switches sessions. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "platform_internal.h"

enum { SETTLE_TRIES = 10000, SETTLE_MICROSECONDS = 1000 };

static int answer(struct platform *platform, bool late, FILE *out)
{
	fputs("{\"ok\":true,", out);
	seat_print(platform->seat, out);
	/* A session that left, and did not say that it had. */
	fprintf(out, ",\"late\":%s}", late ? "true" : "false");
	return 0;
}

static int session(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	bool late = false;
	long number;

	if (argc == 1)
		return answer(platform, false, out);
	if (argc != 2)
		return control_refuse(out, "usage: session [N | disable | enable]");
	if (strcmp(argv[1], "disable") == 0) {
		seat_disable(platform->seat, &late);
		return answer(platform, late, out);
	}
	if (strcmp(argv[1], "enable") == 0) {
		if (seat_enable(platform->seat) < 0)
			return control_refuse(out, "there is no session");
		return answer(platform, false, out);
	}
	if (!platform_parse_int(argv[1], 1, SEAT_SESSION_MAX, &number) ||
	    seat_switch(platform->seat, number, &late) < 0)
		return control_refuse(out, "no session '%s'", argv[1]);
	return answer(platform, late, out);
}

int platform_add_seat_command(struct platform *platform)
{
	if (!platform->seat)
		return 0;
	return control_add_waiting(platform->control, "session", "[N | disable | enable]: who has "
		"the seat; switches to session N, to nobody, back; answers when it is done",
		session, platform);
}

static int add_terminals(struct platform *platform)
{
	int ret = seat_vts_create(platform->seat, platform->vfs, &platform->vts);

	for (unsigned i = 0; ret == 0 && i < SEAT_VT_COUNT; i++)
		ret = tree_add_text(platform->tree, seat_vts_node(platform->vts, i));
	return ret;
}

/*
 * Its crtc's next vblanks will show it. Told by the screen's own time: on a machine that stalls a
 * vblank is late, by any clock. Who waits for more than two frames waits for a fence, or was
 * delayed or lost by command; frozen time has no next vblank.
 */
static bool is_due_locked(const struct kms_crtc *crtc)
{
	const struct kms_vblank *vblank = crtc->vblank;

	return crtc->pending.active && vblank->running &&
		kms_time_mode(crtc->base.dev) != KMS_TIME_FROZEN &&
		vblank->time_ns < crtc->pending.time_ns + 2 * vblank->period_ns;
}

static bool commits_due(struct platform *platform)
{
	bool due = false;

	for (unsigned i = 0; i < platform->card_count; i++) {
		struct kms_device *kms = platform->cards[i].dev->kms;

		pthread_mutex_lock(&kms->lock);
		for (unsigned j = 0; j < kms->crtc_count; j++)
			due |= is_due_locked(&kms->crtcs[j]);
		pthread_mutex_unlock(&kms->lock);
	}
	return due;
}

/* struct seat_options.settle */
static void settle(void *data)
{
	struct platform *platform = data;

	for (unsigned tries = 0; tries < SETTLE_TRIES && commits_due(platform); tries++)
		usleep(SETTLE_MICROSECONDS);
}

int platform_start_seat(struct platform *platform)
{
	const struct seat_options options = {.settle = settle, .data = platform};
	int ret = seat_create(platform->vfs, &options, &platform->seat);

	if (ret < 0)
		return ret;
	ret = add_terminals(platform);
	if (ret == 0)
		ret = seat_server_create(platform->seat, platform->dir, &platform->seat_server);
	if (ret < 0)
		platform_stop_seat(platform);
	return ret;
}

void platform_stop_seat(struct platform *platform)
{
	if (!platform->seat)
		return;
	if (platform->vts)
		seat_vts_remove(platform->vts, platform->vfs);
	if (platform->seat_server)
		seat_server_destroy(platform->seat_server);
	seat_destroy(platform->seat);
	platform->seat = NULL;
}

void platform_destroy_terminals(struct platform *platform)
{
	if (platform->vts)
		seat_vts_destroy(platform->vts);
}
