/*
 * Nested output: the connector as a window on a host Wayland compositor.
 *
 * A plain Wayland client with its own connection and thread. It is a kms_sink
 * on crtc 0: what the window shows is the scanout, cursor plane included, so
 * the host's cursor is hidden over it. Frames go out at the host's pace; when
 * the host is slow only the newest is kept.
 *
 * The window's size is the mode's size. When the host gives it another one, a
 * mode of exactly that size becomes the connector's preferred mode (hotplug),
 * and until frames of that size come the host scales the old ones (where it
 * has wp_viewporter).
 *
 * Host keys become EV_KEY of platform->keyboard; pointer positions become
 * absolute positions of platform->tablet, at pixel centres; wheels go to
 * platform->pointer. What is held is released when the focus leaves.
 */
#ifndef COMPOSITOR_NESTED_H
#define COMPOSITOR_NESTED_H

struct compositor_nested;
struct platform;

struct compositor_nested_options {
	const char *display; /* host socket; NULL = $WAYLAND_DISPLAY */
	/*
	 * The user closed the window or the host went away; at most once, on the
	 * window's thread: wake your own loop, which calls
	 * compositor_nested_destroy. Never during _create or after _destroy.
	 */
	void (*on_close)(void *data);
	void *data;
};

/*
 * Connects and opens the window (mapped with the first frame). When the host
 * gives a size at once, the connector already has that mode on return.
 * platform must outlive it. Negative errno of the connection; -EPROTONOSUPPORT
 * when the host lacks wl_compositor, wl_shm or xdg_wm_base.
 */
int compositor_nested_create(struct platform *platform,
	const struct compositor_nested_options *options, struct compositor_nested **out);
/* Closes the window. Not from on_close. */
void compositor_nested_destroy(struct compositor_nested *nested);

#endif
