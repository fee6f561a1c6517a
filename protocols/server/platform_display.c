/* Control commands about the screen. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kms_mode.h"
#include "kms_sink.h"
#include "kms_vblank.h"
#include "platform_internal.h"

enum { WAIT_VBLANKS_MAX = 36000, WAIT_OFF_SECONDS = 10 };

bool platform_parse_int(const char *text, long min, long max, long *value)
{
	char *end;

	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno || end == text || *end != '\0' || number < min || number > max)
		return false;
	*value = number;
	return true;
}

static int screenshot(void *data, int argc, char **argv, FILE *out)
{
	struct platform_card *card = platform_take_card(data, &argc, argv, out);
	uint32_t width, height;
	uint64_t sequence;
	uint8_t *pixels;
	long index = 0;

	if (!card)
		return 0;
	struct kms_device *kms = card->dev->kms;
	if (argc != 2 && !(argc == 4 && strcmp(argv[2], "crtc") == 0))
		return control_refuse(out, "usage: screenshot PATH [crtc N] [card N]");
	if (argc == 4 && !platform_parse_int(argv[3], 0, kms->crtc_count - 1, &index))
		return control_refuse(out, "no crtc %s", argv[3]);
	int ret = kms_screenshot(&kms->crtcs[index], &pixels, &width, &height, &sequence);
	if (ret == -ENODATA)
		return control_refuse(out, "crtc %ld is off", index);
	if (ret < 0)
		return ret;
	ret = kms_png_write(argv[1], pixels, width, height, width * 4);
	free(pixels);
	if (ret < 0)
		return control_refuse(out, "%s: %s", argv[1], strerror(-ret));
	fputs("{\"ok\":true,\"path\":", out);
	control_json_string(out, argv[1]);
	fprintf(out, ",\"width\":%u,\"height\":%u,\"sequence\":%llu}", width, height,
		(unsigned long long)sequence);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/*
 * One vblank of crtc; -EAGAIN when it did not come within a slice of time, which
 * is short so that the server can end.
 */
static int wait_one(struct kms_crtc *crtc, uint64_t *count, uint64_t *time_ns)
{
	struct kms_device *dev = crtc->base.dev;
	uint64_t target = 0;
	int ret = -EAGAIN;

	pthread_mutex_lock(&dev->lock);
	bool running = crtc->vblank->running;
	if (running) {
		target = crtc->vblank->count + 1;
		kms_vblank_wait_locked(crtc, target, 200000000);
	}
	/* Turned off meanwhile: the count did not get there. */
	if (running && (int64_t)(crtc->vblank->count - target) >= 0) {
		*count = crtc->vblank->count;
		*time_ns = crtc->vblank->time_ns;
		ret = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	if (!running)
		usleep(10000);
	return ret;
}

/* A crtc that is off may be on its way: the command waits for it, within reason. */
static int wait_vblank(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	struct platform_card *card = platform_take_card(platform, &argc, argv, out);
	uint64_t count = 0, time_ns = 0, last = now_ns();
	long left = 1;

	if (!card)
		return 0;
	struct kms_crtc *crtc = &card->dev->kms->crtcs[0];
	if (argc > 2 || (argc == 2 && !platform_parse_int(argv[1], 1, WAIT_VBLANKS_MAX, &left)))
		return control_refuse(out, "usage: wait-vblank [N] [card N], N vblanks from 1 to %d",
			WAIT_VBLANKS_MAX);
	while (left > 0) {
		if (control_ending(platform->control))
			return -ECANCELED;
		if (wait_one(crtc, &count, &time_ns) == 0) {
			last = now_ns();
			left--;
		} else if (now_ns() - last > WAIT_OFF_SECONDS * 1000000000ull) {
			return control_refuse(out, "no vblank for %d s: %s", WAIT_OFF_SECONDS,
				kms_time_mode(crtc->base.dev) == KMS_TIME_FROZEN ?
				"time is frozen" : "crtc 0 is off");
		}
	}
	fprintf(out, "{\"ok\":true,\"count\":%llu,\"time_ns\":%llu}", (unsigned long long)count,
		(unsigned long long)time_ns);
	return 0;
}

int platform_add_display_commands(struct platform *platform)
{
	int ret = control_add(platform->control, "screenshot",
		"PATH [crtc N] [card N]: PNG of what the crtc shows now", screenshot, platform);

	if (ret < 0)
		return ret;
	return control_add_waiting(platform->control, "wait-vblank",
		"[N] [card N]: answers after N vblanks", wait_vblank, platform);
}
