/*
 * testcard-cursor: a window with a cursor of its own (wl_pointer.set_cursor), four
 * quarters of a square that take turns in being light. The compositor has it on
 * the cursor's plane: nothing is drawn anew when it moves.
 *
 * Frame n: quarter n % 4 (from the upper left, clockwise) is white, the others
 * are red; the hot spot is in the middle. The window is of one blue.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "demo_options.h"
#include "demo_window.h"

enum { WIDTH = 320, HEIGHT = 200, CURSOR = 32, PICTURES = 4, HOLD = 15 /* frames */ };

struct cursor {
	struct demo_window window;
	struct wl_pointer *pointer;
	struct wl_surface *surface;
	struct wl_buffer *background, *pictures[PICTURES];
	int frames, drawn, held; /* 0 = for ever; so many were; callbacks since the last */
	bool entered;
};

/* ---- buffers in shared memory: the background, then the cursor's ---- */

static void draw(uint32_t *pixels)
{
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		*pixels++ = 0xff203060;
	for (int n = 0; n < PICTURES; n++) {
		for (int i = 0; i < CURSOR * CURSOR; i++) {
			bool right = i % CURSOR >= CURSOR / 2, low = i / CURSOR >= CURSOR / 2;
			int quarter = low ? (right ? 2 : 3) : right;

			*pixels++ = quarter == n ? 0xffffffff : 0xffe02020;
		}
	}
}

static void make_buffers(struct cursor *cursor)
{
	const int window_bytes = WIDTH * HEIGHT * 4, cursor_bytes = CURSOR * CURSOR * 4;
	const int size = window_bytes + PICTURES * cursor_bytes;
	int fd = memfd_create("testcard-cursor", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		demo_die("no shared memory");
	void *pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pixels == MAP_FAILED)
		demo_die("no shared memory");
	draw(pixels);
	munmap(pixels, size);
	struct wl_shm_pool *pool = wl_shm_create_pool(cursor->window.shm, fd, size);
	cursor->background = wl_shm_pool_create_buffer(pool, 0, WIDTH, HEIGHT, WIDTH * 4,
		WL_SHM_FORMAT_XRGB8888);
	for (int i = 0; i < PICTURES; i++)
		cursor->pictures[i] = wl_shm_pool_create_buffer(pool,
			window_bytes + i * cursor_bytes, CURSOR, CURSOR, CURSOR * 4,
			WL_SHM_FORMAT_ARGB8888);
	wl_shm_pool_destroy(pool);
	close(fd);
}

/* ---- the cursor ---- */

static void frame_done(void *data, struct wl_callback *callback, uint32_t time);

static const struct wl_callback_listener frame_listener = {.done = frame_done};

/* The next picture when the last one was there long enough; asks to be called again. */
static void show(struct cursor *cursor, bool next)
{
	if (next) {
		cursor->held = 0;
		wl_surface_attach(cursor->surface, cursor->pictures[cursor->drawn % PICTURES], 0,
			0);
		wl_surface_damage_buffer(cursor->surface, 0, 0, CURSOR, CURSOR);
		cursor->drawn++;
	}
	if (!cursor->frames || cursor->drawn < cursor->frames)
		wl_callback_add_listener(wl_surface_frame(cursor->surface), &frame_listener,
			cursor);
	wl_surface_commit(cursor->surface);
}

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	struct cursor *cursor = data;

	wl_callback_destroy(callback);
	show(cursor, ++cursor->held >= HOLD);
}

static void pointer_enter(void *data, struct wl_pointer *pointer, uint32_t serial,
	struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y)
{
	struct cursor *cursor = data;

	wl_pointer_set_cursor(pointer, serial, cursor->surface, CURSOR / 2, CURSOR / 2);
	/* Once it is going, frame callbacks keep it so. */
	if (!cursor->entered)
		show(cursor, true);
	cursor->entered = true;
}

static void pointer_leave(void *data, struct wl_pointer *pointer, uint32_t serial,
	struct wl_surface *surface)
{
}

static void pointer_motion(void *data, struct wl_pointer *pointer, uint32_t time, wl_fixed_t x,
	wl_fixed_t y)
{
}

static void pointer_button(void *data, struct wl_pointer *pointer, uint32_t serial, uint32_t time,
	uint32_t button, uint32_t state)
{
}

static void pointer_axis(void *data, struct wl_pointer *pointer, uint32_t time, uint32_t axis,
	wl_fixed_t value)
{
}

static const struct wl_pointer_listener pointer_listener = {
	.enter = pointer_enter,
	.leave = pointer_leave,
	.motion = pointer_motion,
	.button = pointer_button,
	.axis = pointer_axis,
};

static void run(int frames)
{
	struct cursor cursor = {.frames = frames};
	struct demo_buffer buffer = {0};

	demo_connect(&cursor.window);
	if (!cursor.window.seat)
		demo_die("the compositor has no seat");
	make_buffers(&cursor);
	cursor.surface = wl_compositor_create_surface(cursor.window.compositor);
	cursor.pointer = wl_seat_get_pointer(cursor.window.seat);
	wl_pointer_add_listener(cursor.pointer, &pointer_listener, &cursor);
	demo_open(&cursor.window, "testcard-cursor", false);
	buffer.wl = cursor.background;
	demo_show(&cursor.window, &buffer);
	while (demo_dispatch(&cursor.window))
		;
	wl_pointer_destroy(cursor.pointer);
	wl_surface_destroy(cursor.surface);
	for (int i = 0; i < PICTURES; i++)
		wl_buffer_destroy(cursor.pictures[i]);
	wl_buffer_destroy(cursor.background);
	demo_disconnect(&cursor.window);
}

int main(int argc, char **argv)
{
	int frames = 0;
	const struct demo_option table[] = {
		{"frames", "of the cursor, then leaves the last one (default: for ever)",
			.number = &frames, .least = 1, .most = 1000000},
		{0},
	};

	demo_options(argc, argv,
		"A window with an animated cursor of its own.",
		table);
	run(frames);
	return EXIT_SUCCESS;
}
