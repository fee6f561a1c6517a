/*
 * A platform's seat: who becomes active finds nothing of the one before on its way to the screens,
 * however slow these are; and does not wait for what may never come.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "platform_client.h"
#include "test.h"
#include "wire_uapi.h"

enum { FRAMES_A_SECOND = 2 };

static struct platform *platform;
static struct kms_device *kms;

static bool is_pending(void)
{
	pthread_mutex_lock(&kms->lock);
	bool pending = kms->crtcs[0].pending.active;
	pthread_mutex_unlock(&kms->lock);
	return pending;
}

struct holder {
	struct seat_session *session;
	unsigned enabled;
	bool pending; /* whether anything was, when it was enabled last */
};

static void note_enabled(void *data)
{
	struct holder *holder = data;

	holder->enabled++;
	holder->pending = is_pending();
}

static bool leave_at_once(void *data)
{
	return false;
}

static const struct seat_session_ops ops = {.enable = note_enabled, .disable = leave_at_once};

/* The screen's own mode, at FRAMES_A_SECOND, with a picture on it. Returns the picture. */
static uint32_t light(int fd)
{
	uint32_t connector = kms->connectors[0].base.id;
	struct drm_mode_modeinfo modes[KMS_MAX_MODES] = {0};
	struct drm_mode_get_connector get = {
		.connector_id = connector, .modes_ptr = (uintptr_t)modes,
		.count_modes = KMS_MAX_MODES,
	};

	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_GETCONNECTOR, &get), 0);
	CHECK(get.count_modes > 0);
	modes[0].clock = modes[0].htotal * modes[0].vtotal * FRAMES_A_SECOND / 1000;
	modes[0].vrefresh = FRAMES_A_SECOND;
	struct drm_mode_crtc set = {
		.crtc_id = kms->crtcs[0].base.id, .count_connectors = 1,
		.fb_id = client_add_fb(platform, fd, modes[0].hdisplay, modes[0].vdisplay).fb_id,
		.set_connectors_ptr = (uintptr_t)&connector, .mode_valid = 1, .mode = modes[0],
	};
	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_SETCRTC, &set), 0);
	return set.fb_id;
}

static void flip(int fd, uint32_t fb)
{
	struct drm_mode_crtc_page_flip page_flip = {
		.crtc_id = kms->crtcs[0].base.id, .fb_id = fb,
	};

	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_PAGE_FLIP, &page_flip), 0);
}

/* Two sessions, of which the first has the card, lit. Returns its file; *fb is shown. */
static int begin(struct holder holders[2], uint32_t *fb)
{
	const struct platform_options options = {.seat = true};
	int id, fd;

	CHECK_INT(platform_create(&options, &platform), 0);
	kms = platform->card->kms;
	CHECK_INT(control_server_start(platform->control, platform->dir), 0);
	for (unsigned i = 0; i < 2; i++)
		CHECK_INT(seat_session_open(platform->seat, &ops, &holders[i], getpid(), i + 1,
			&holders[i].session), 0);
	CHECK_INT(seat_device_open(holders[0].session, "/dev/dri/card0", &id, &fd), 0);
	*fb = light(fd);
	return fd;
}

static void end(struct holder holders[2])
{
	for (unsigned i = 0; i < 2; i++)
		seat_session_close(holders[i].session);
	platform_destroy(platform);
}

/* A vblank may be late, as it is here by the mode: half a second after the flip. */
TEST(a_flip_is_shown_before_the_next_session_begins)
{
	struct holder holders[2] = {0};
	uint32_t fb;
	int fd = begin(holders, &fb);

	for (unsigned i = 1; i <= 3; i++) {
		flip(fd, fb);
		CHECK_INT(seat_switch(platform->seat, 2, NULL), 0);
		CHECK_INT(holders[1].enabled, i);
		CHECK(!holders[1].pending);
		CHECK_INT(seat_switch(platform->seat, 1, NULL), 0);
	}
	end(holders);
}

/* Nobody waits for a vblank that a command has to bring. */
TEST(frozen_time_is_not_waited_for)
{
	struct holder holders[2] = {0};
	uint32_t fb;
	int fd = begin(holders, &fb);

	kms_time_set(kms, KMS_TIME_FROZEN);
	while (is_pending())
		usleep(1000);
	flip(fd, fb);
	CHECK_INT(seat_switch(platform->seat, 2, NULL), 0);
	CHECK_INT(holders[1].enabled, 1);
	CHECK(holders[1].pending);
	kms_time_set(kms, KMS_TIME_REAL);
	end(holders);
}
