/* A window for every crtc, which end together. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "platform.h"
#include "window.h"

struct window_screens {
	struct window *windows[PLATFORM_CARDS_MAX * KMS_MAX_CRTCS];
	unsigned count;
	void (*on_close)(void *data);
	void *data;
	atomic_flag closed; /* on_close was called */
};

/* On a window's thread; another one may be closed at the same time. */
static void handle_close(void *data)
{
	struct window_screens *screens = data;

	if (!atomic_flag_test_and_set(&screens->closed) && screens->on_close)
		screens->on_close(screens->data);
}

int window_screens_create(struct platform *platform, const struct window_options *options,
	struct window_screens **out)
{
	struct window_screens *screens = calloc(1, sizeof(*screens));
	int ret = 0;

	if (!screens)
		return -ENOMEM;
	const struct window_options each = {
		.display = options->display,
		.on_close = handle_close,
		.data = screens,
	};
	screens->on_close = options->on_close;
	screens->data = options->data;
	atomic_flag_clear(&screens->closed);
	for (unsigned i = 0; ret == 0 && i < platform->card_count; i++) {
		struct kms_device *kms = platform->cards[i].dev->kms;

		for (unsigned j = 0; ret == 0 && j < kms->crtc_count; j++) {
			ret = window_create(platform, &kms->crtcs[j], &each,
				&screens->windows[screens->count]);
			screens->count += ret == 0;
		}
	}
	if (ret < 0) {
		/* The caller hears of it by ret, not by a window that is closed meanwhile. */
		atomic_flag_test_and_set(&screens->closed);
		window_screens_destroy(screens);
		return ret;
	}
	*out = screens;
	return 0;
}

void window_screens_destroy(struct window_screens *screens)
{
	for (unsigned i = 0; i < screens->count; i++)
		window_destroy(screens->windows[i]);
	free(screens);
}
