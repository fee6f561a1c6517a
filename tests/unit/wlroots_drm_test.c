/*
 * wlroots' own DRM backend and session, as Debian builds them, in a process that carries the device:
 * its requests reach the engine by function calls. Each frame is one colour, and its pixels are on
 * the screen when wlroots is told of the flip.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wayland-server-core.h>
#include <wlr/backend.h>
#include <wlr/backend/drm.h>
#include <wlr/backend/session.h>
#include <wlr/render/allocator.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_output.h>
#include <wlr/util/log.h>

#include "compositor_door.h"
#include "kms_sink.h"
#include "platform.h"
#include "test.h"

enum { FRAMES = 120 };

struct program {
	struct platform *platform;
	struct wl_display *display;
	struct wlr_session *session;
	struct wlr_backend *backend;
	struct wlr_renderer *renderer;
	struct wlr_allocator *allocator;
	struct wlr_output *output;
	struct wl_listener new_output, frame, present;
	int drawn, presented, wrong;
};

/* Another one for each frame; 8 bits of each channel, exactly. */
static uint32_t colour(int frame)
{
	return (frame * 7 & 255) << 16 | (frame * 31 & 255) << 8 | (frame * 101 & 255);
}

static void draw(struct program *program)
{
	uint32_t now = colour(program->drawn++);

	CHECK(wlr_output_attach_render(program->output, NULL));
	wlr_renderer_begin(program->renderer, program->output->width, program->output->height);
	wlr_renderer_clear(program->renderer, (const float[4]){(now >> 16 & 255) / 255.0f,
		(now >> 8 & 255) / 255.0f, (now & 255) / 255.0f, 1.0f});
	wlr_renderer_end(program->renderer);
	CHECK(wlr_output_commit(program->output));
}

/* Pixels of the screen that are not the last frame's. */
static int count_wrong(struct program *program)
{
	uint8_t *pixels;
	uint32_t width, height;
	uint64_t sequence;
	int wrong = 0;

	CHECK_INT(kms_screenshot(&program->platform->card->kms->crtcs[0], &pixels, &width, &height,
		&sequence), 0);
	CHECK_INT(width, program->output->width);
	CHECK_INT(height, program->output->height);
	for (size_t i = 0; i < (size_t)width * height; i++)
		wrong += (((uint32_t *)pixels)[i] & 0xffffff) != colour(program->drawn - 1);
	free(pixels);
	return wrong;
}

static void handle_present(struct wl_listener *listener, void *data)
{
	struct program *program = wl_container_of(listener, program, present);
	const struct wlr_output_event_present *event = data;

	if (!event->presented)
		return;
	program->presented++;
	program->wrong += count_wrong(program);
}

static void handle_frame(struct wl_listener *listener, void *data)
{
	struct program *program = wl_container_of(listener, program, frame);

	if (program->presented >= FRAMES)
		wl_display_terminate(program->display);
	else
		draw(program);
}

static void handle_output(struct wl_listener *listener, void *data)
{
	struct program *program = wl_container_of(listener, program, new_output);

	program->output = data;
	CHECK(wlr_output_init_render(program->output, program->allocator, program->renderer));
	wlr_output_set_mode(program->output, wlr_output_preferred_mode(program->output));
	wlr_output_enable(program->output, true);
	program->frame.notify = handle_frame;
	wl_signal_add(&program->output->events.frame, &program->frame);
	program->present.notify = handle_present;
	wl_signal_add(&program->output->events.present, &program->present);
	draw(program);
}

static void start_device(struct program *program)
{
	struct platform_options options = {0};

	CHECK_INT(platform_create(&options, &program->platform), 0);
	compositor_door_open(program->platform);
	/* The seat server that libseat forks reaches the device as other processes do. */
	setenv("TESTCARD_DIR", program->platform->dir, 1);
	setenv("LIBSEAT_BACKEND", "builtin", 1);
	setenv("SEATD_VTBOUND", "0", 1);
}

static void start_wlroots(struct program *program)
{
	struct wlr_device *gpu;

	setenv("WLR_RENDERER", "pixman", 1);
	wlr_log_init(WLR_ERROR, NULL);
	program->display = wl_display_create();
	program->session = wlr_session_create(program->display);
	CHECK(program->session != NULL);
	CHECK_INT(wlr_session_find_gpus(program->session, 1, &gpu), 1);
	program->backend = wlr_drm_backend_create(program->display, program->session, gpu, NULL);
	CHECK(program->backend != NULL);
	program->renderer = wlr_renderer_autocreate(program->backend);
	CHECK(program->renderer != NULL);
	program->allocator = wlr_allocator_autocreate(program->backend, program->renderer);
	CHECK(program->allocator != NULL);
	program->new_output.notify = handle_output;
	wl_signal_add(&program->backend->events.new_output, &program->new_output);
	CHECK(wlr_backend_start(program->backend));
}

static void run(void)
{
	struct program program = {0};
	char base[64];

	snprintf(base, sizeof(base), "%s/wlroots-drm-XXXXXX", P_tmpdir);
	CHECK(mkdtemp(base) != NULL);
	setenv("XDG_RUNTIME_DIR", base, 1);
	start_device(&program);
	start_wlroots(&program);
	wl_display_run(program.display);

	CHECK_INT(program.wrong, 0);
	CHECK_INT(program.presented, FRAMES);
	wlr_backend_destroy(program.backend);
	wlr_allocator_destroy(program.allocator);
	wlr_renderer_destroy(program.renderer);
	wlr_session_destroy(program.session);
	wl_display_destroy(program.display);
	compositor_door_close();
	platform_destroy(program.platform);
	CHECK_INT(rmdir(base), 0);
}

TEST(a_hundred_and_twenty_frames_of_atomic_commits)
{
	unsetenv("WLR_DRM_NO_ATOMIC");
	run();
}

TEST(a_hundred_and_twenty_frames_of_page_flips)
{
	setenv("WLR_DRM_NO_ATOMIC", "1", 1);
	run();
}
