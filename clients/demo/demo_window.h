/*
 * What the demo clients need of Wayland: one window, dma-bufs and flink names as
 * its buffers, and a frame loop. Whatever goes wrong ends the program with a line
 * that says so.
 */
#ifndef DEMO_WINDOW_H
#define DEMO_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wayland-client.h>

struct testcard_share_manager_v1;
struct wl_drm;
struct wp_presentation;
struct xdg_surface;
struct xdg_toplevel;
struct xdg_wm_base;
struct zwp_linux_dmabuf_v1;

/* A picture in one GEM object, as another process must know it. */
struct demo_image {
	uint32_t width, height; /* pixels */
	uint32_t stride;        /* bytes */
	uint32_t format;        /* DRM_FORMAT_* */
	uint64_t modifier;      /* of drm_fourcc.h */
	uint32_t name;          /* by flink, or 0: then by fd */
	int fd;                 /* dma-buf, whoever has the image closes it; -1 = none */
	uint32_t chroma;        /* by fd: where a second plane of that stride begins; 0 = none */
};

struct demo_buffer {
	struct wl_buffer *wl;
	bool busy; /* the compositor has it */
};

struct demo_window {
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct wl_seat *seat;
	struct xdg_wm_base *wm_base;
	struct zwp_linux_dmabuf_v1 *dmabuf;       /* NULL: the compositor has none; so the next */
	struct wl_drm *drm;
	struct testcard_share_manager_v1 *share;
	struct wp_presentation *presentation;
	struct wl_surface *surface; /* NULL: no window is open */
	struct xdg_surface *xdg;
	struct xdg_toplevel *toplevel;
	bool configured, closed, fullscreen;
	int width, height; /* the compositor wants, once it is open; 0 = as we like */
	struct wl_callback *frame; /* it will say that it is time for the next; NULL: it is */
	bool authenticated; /* by demo_authenticate */
};

/* A line on stderr, and the end. */
__attribute__((noreturn, format(printf, 1, 2)))
void demo_die(const char *format, ...);

void demo_connect(struct demo_window *window);
void demo_disconnect(struct demo_window *window);
/* Lets the card in by its magic: it may use flink names then. */
void demo_authenticate(struct demo_window *window, int card);

void demo_open(struct demo_window *window, const char *title, bool fullscreen);
/* Fullscreen has a size, in multiples of step. True = it was another one, and is this now. */
bool demo_resize(const struct demo_window *window, int step, int *width, int *height);
/* Of a buffer that was made elsewhere. */
void demo_buffer_take(struct demo_buffer *buffer, struct wl_buffer *wl);
/* One buffer of an image, by whichever of name and fd it has. */
void demo_buffer_init(struct demo_window *window, struct demo_buffer *buffer,
	const struct demo_image *image);
void demo_buffer_finish(struct demo_buffer *buffer);
/* One that the compositor does not have, or NULL. */
struct demo_buffer *demo_buffer_free(struct demo_buffer *buffers, size_t count);
/* Shows it; demo_pace then waits for the next frame's time. */
void demo_show(struct demo_window *window, struct demo_buffer *buffer);

/* Waits for events, and handles them. False = the window is closed, or the compositor gone. */
bool demo_dispatch(struct demo_window *window);
/* Until it is time for the next frame: with no window open, 60 times a second. */
bool demo_pace(struct demo_window *window);

#endif
