/* A window's parts, shared by its files. */
#ifndef WINDOW_INTERNAL_H
#define WINDOW_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/input.h>
#include <wayland-client.h>

#include "window.h"
#include "evdev.h"
#include "gem_base.h"
#include "kms_device.h"
#include "kms_sink.h"

/* ---- window_buffers.c: frames on their way to the host ---- */

/* One wl_shm pool of one buffer: sizes change with the mode. */
struct window_memory {
	struct window_buffers *owner;
	struct window_memory *next; /* in owner->retired; owner->lock */
	uint8_t *pixels;            /* XRGB8888, pitch width * 4 */
	size_t size;
	int fd;
	uint32_t width, height;
	struct wl_buffer *buffer;   /* window thread; NULL until first shown */
	unsigned slot;
};

enum window_slot_state {
	WINDOW_FREE,
	WINDOW_FILLING, /* the vblank thread copies into it */
	WINDOW_READY,   /* newest frame, to be shown; at most one */
	WINDOW_HOST,    /* the host reads it until wl_buffer.release */
};

/* The host gets at most two, so the vblank thread always has one to write to. */
#define WINDOW_BUFFER_COUNT 3

struct window_buffers {
	pthread_mutex_t lock;
	struct {
		enum window_slot_state state; /* lock */
		struct window_memory *memory; /* lock; fixed while FILLING and HOST */
	} slots[WINDOW_BUFFER_COUNT];
	struct window_memory *retired; /* of an old size; lock */
	uint32_t width, height;        /* of the last frame; vblank thread */
};

void window_buffers_init(struct window_buffers *buffers);
/* Nobody fills; the window thread is gone, its connection not yet. */
void window_buffers_finish(struct window_buffers *buffers);
/*
 * Vblank thread: copies frame (black when the crtc is off) and makes it the
 * newest. false: dropped, no memory or no size known yet.
 */
bool window_buffers_push(struct window_buffers *buffers, const struct kms_frame *frame);
/*
 * Window thread: the newest frame, now the host's, with its wl_buffer; NULL
 * when there is none or the host has enough.
 */
struct window_memory *window_buffers_take(struct window_buffers *buffers, struct wl_shm *shm);

/* ---- window_input.c, window_touch.c: host seat to evdev ---- */

/* A host's finger. */
struct window_finger {
	bool down;    /* as the host sees it; until its going up is told */
	bool changed; /* since the last evdev frame, to evdev */
	int32_t id;   /* the host's */
	struct evdev_finger evdev; /* slot -1 = its coming down is not told yet */
};

struct window_seat {
	struct platform *platform;
	struct kms_crtc *crtc;
	uint32_t name; /* registry name; 0 = none */
	struct wl_seat *seat;
	struct wl_keyboard *keyboard;
	struct wl_pointer *pointer;
	struct wl_touch *touch;
	struct wl_surface *surface;              /* ours */
	uint32_t surface_width, surface_height;  /* as the host sees it; 0 = unmapped */
	bool pointer_inside;
	bool held[KEY_CNT];                      /* keys and buttons */
	struct {
		int32_t discrete120; /* 1/120 notch in this pointer frame */
		wl_fixed_t continuous;
		int32_t rest120;     /* hi-res not yet a whole notch */
	} axes[2];                               /* WL_POINTER_AXIS_* */
	bool tablet_dirty, wheel_dirty;          /* since the last evdev sync */
	struct evdev_device *touchscreen;        /* a reference; NULL = no finger is down */
	struct window_finger fingers[EVDEV_SLOTS];
};

void window_seat_init(struct window_seat *seat, struct platform *platform, struct kms_crtc *crtc);
void window_seat_bind(struct window_seat *seat, struct wl_registry *registry, uint32_t name,
	uint32_t version);
/* Releases what is held and the host's objects; name may come again. */
void window_seat_unbind(struct window_seat *seat);
/* Where dev (absolute axes) has what is at x, y of the window. False: the window shows nothing. */
bool window_seat_place(const struct window_seat *seat, const struct evdev_device *dev,
	wl_fixed_t x, wl_fixed_t y, int *dev_x, int *dev_y);
/* The host's seat has a touchscreen; and: it has none (any more), all fingers go up. */
void window_touch_take(struct window_seat *seat);
void window_touch_drop(struct window_seat *seat);

/* ---- window.c ---- */

struct window {
	struct platform *platform;
	struct kms_device *kms;
	struct kms_crtc *crtc;
	struct kms_connector *connector; /* window thread: the last one crtc showed on; NULL = none */
	void (*on_close)(void *data);
	void *data;

	struct kms_sink sink;
	struct window_buffers buffers;
	int wake_fd;          /* eventfd: new frame, or stop */
	atomic_bool stop;
	pthread_t thread;

	/* All below: the window thread (before it starts, the creator). */
	struct wl_display *display;
	struct wl_registry *registry;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *wm_base;
	struct wp_viewporter *viewporter;               /* NULL = host has none */
	struct zxdg_decoration_manager_v1 *decorations; /* NULL = host has none */
	struct wl_surface *surface;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct zxdg_toplevel_decoration_v1 *decoration;
	struct wp_viewport *viewport;
	struct wl_callback *frame_callback; /* the host still shows the last one */
	struct window_seat seat;

	int32_t pending_width, pending_height; /* of the configure sequence */
	bool pending_floating;
	bool configured, commit_needed;
	bool close_asked, closed;          /* by the host; on_close was called */
	bool floating;                     /* the host lets us choose the size */
	uint32_t asked_width, asked_height; /* the host's choice; 0 = ours */
	uint32_t shown_width, shown_height;   /* last attached frame; 0 = none */
	uint32_t offered_width, offered_height; /* mode we made last; 0 = none */
	bool resizing;                     /* frames of the new size are still to come */
	uint64_t resize_deadline;          /* monotonic ns when the mode is offered; 0 = none */
	struct drm_mode_modeinfo own_mode; /* what we offered */
};

#endif
