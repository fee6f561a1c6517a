/*
 * Windows: what the cards' crtcs show, each as a window on a host Wayland compositor. Used by
 * the nested compositor and by testcard-device --display window.
 *
 * A window is a plain Wayland client with its own connection and thread, and a kms_sink on
 * its crtc: what it shows is the scanout, cursor plane included, so the host's cursor is
 * hidden over it. It is mapped with the crtc's first frame. Frames go out at the host's pace;
 * when the host is slow only the newest is kept.
 *
 * The window's size is the mode's size. When the host gives it another one, a mode of exactly
 * that size becomes the preferred mode of the connector that the crtc shows on (hotplug), and
 * until frames of that size come the host scales the old ones (where it has wp_viewporter).
 *
 * Host keys become EV_KEY of the first keyboard; pointer positions become absolute positions
 * of the first tablet, at pixel centres; wheels go to the first pointer; fingers to the first
 * touchscreen, which has them go up when the host takes them for its own. Their area is
 * that of all screens that are on, side by side in the order of cards and crtcs, top aligned:
 * a program that places its screens otherwise gets wrong positions from all windows of
 * several. What is held is released when the focus leaves.
 */
#ifndef WINDOW_H
#define WINDOW_H

struct kms_crtc;
struct platform;
struct window;
struct window_screens;

struct window_options {
	const char *display; /* host socket; NULL = $WAYLAND_DISPLAY */
	/*
	 * The user closed a window or the host went away; at most once, on a window's thread:
	 * wake your own loop, which calls _destroy. Never after _destroy; during _create only
	 * when there are several windows.
	 */
	void (*on_close)(void *data);
	void *data;
};

/*
 * A window for every crtc of every card. platform must outlive it. When the host gives a
 * size at once, the connector already has that mode on return. Negative errno of the
 * connection; -EPROTONOSUPPORT when the host lacks wl_compositor, wl_shm or xdg_wm_base.
 */
int window_screens_create(struct platform *platform, const struct window_options *options,
	struct window_screens **out);
/* Closes the windows. Not from on_close. */
void window_screens_destroy(struct window_screens *screens);

/* One of them; the same rules. */
int window_create(struct platform *platform, struct kms_crtc *crtc,
	const struct window_options *options, struct window **out);
void window_destroy(struct window *window);

#endif
