/* Built without Wayland (-Ddevice_only=true): no windows. */
#include <errno.h>

#include "window.h"

int window_screens_create(struct platform *platform, const struct window_options *options,
	struct window_screens **out)
{
	return -EPROTONOSUPPORT;
}

void window_screens_destroy(struct window_screens *screens)
{
}
