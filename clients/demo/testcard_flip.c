/*
 * testcard-flip: a KMS client on libdrm alone. Shows the test card (pattern.h)
 * in the preferred mode of the first connected output, two dumb buffers taking
 * turns at each vblank, and prints what the flip events say. Atomic where the
 * driver is, legacy otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "demo_options.h"
#include "pattern.h"

#define CURSOR_SIZE 64
#define OVERLAY_WIDTH 256
#define OVERLAY_HEIGHT 128
#define OVERLAY_COLOR 0xFF00C040u
/* For machines that are very busy, and for time that is stepped from outside. */
#define PATIENCE_SECONDS 60

struct options {
	const char *device;
	int frames;
	double still; /* seconds to hold the still picture; 0 = flip */
	int patience; /* seconds that a flip may take */
	bool overlay, cursor, legacy;
};

struct framebuffer {
	uint32_t handle, fb_id, width, height, pitch;
	uint32_t *pixels;
	size_t size;
};

/* Ids of one object's properties that an atomic request needs. */
struct plane_props {
	uint32_t fb_id, crtc_id, crtc_x, crtc_y, crtc_w, crtc_h, src_x, src_y, src_w, src_h;
};

struct flipper {
	int fd;
	struct options options;
	bool atomic;
	drmModeConnector *connector;
	drmModeModeInfo mode;
	uint32_t crtc_id, crtc_index, mode_blob;
	uint32_t planes[3]; /* by DRM_PLANE_TYPE_*; 0 = none */
	struct plane_props plane_props[3];
	uint32_t connector_crtc_id, crtc_mode_id, crtc_active;
	struct framebuffer buffers[2], overlay, cursor;
	drmModeCrtc *saved; /* what was on before */
	/* Measured */
	uint32_t flips, gaps, first_sequence, last_sequence;
	uint64_t first_ns, last_ns, shortest_ns, longest_ns;
	bool flip_done;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

static bool complain(const char *what)
{
	fprintf(stderr, "testcard-flip: %s: %s\n", what, strerror(errno));
	return false;
}

/* ---- framebuffers ---- */

static bool framebuffer_init(struct flipper *flipper, struct framebuffer *fb, uint32_t width,
	uint32_t height, uint32_t format)
{
	uint64_t offset;

	fb->width = width;
	fb->height = height;
	if (drmModeCreateDumbBuffer(flipper->fd, width, height, 32, 0, &fb->handle, &fb->pitch,
			&fb->size))
		return complain("create a dumb buffer");
	uint32_t handles[4] = {fb->handle}, pitches[4] = {fb->pitch}, offsets[4] = {0};
	if (drmModeAddFB2(flipper->fd, width, height, format, handles, pitches, offsets,
			&fb->fb_id, 0))
		return complain("add a framebuffer");
	if (drmModeMapDumbBuffer(flipper->fd, fb->handle, &offset))
		return complain("map a dumb buffer");
	fb->pixels = mmap(NULL, fb->size, PROT_READ | PROT_WRITE, MAP_SHARED, flipper->fd, offset);
	if (fb->pixels == MAP_FAILED) {
		fb->pixels = NULL;
		return complain("mmap a dumb buffer");
	}
	return true;
}

static void framebuffer_finish(struct flipper *flipper, struct framebuffer *fb)
{
	if (fb->pixels)
		munmap(fb->pixels, fb->size);
	if (fb->fb_id)
		drmModeRmFB(flipper->fd, fb->fb_id);
	if (fb->handle)
		drmModeDestroyDumbBuffer(flipper->fd, fb->handle);
	memset(fb, 0, sizeof(*fb));
}

/* A cross of two pixels' width on nothing. */
static void draw_cursor(struct framebuffer *fb)
{
	size_t stride = fb->pitch / 4;

	for (size_t y = 0; y < fb->height; y++) {
		for (size_t x = 0; x < fb->width; x++) {
			bool cross = x / 2 == fb->width / 4 || y / 2 == fb->height / 4;
			fb->pixels[y * stride + x] = cross ? 0xFFFF0000 : 0;
		}
	}
}

static bool make_framebuffers(struct flipper *flipper)
{
	uint32_t width = flipper->mode.hdisplay, height = flipper->mode.vdisplay;

	for (int i = 0; i < 2; i++) {
		struct framebuffer *fb = &flipper->buffers[i];
		if (!framebuffer_init(flipper, fb, width, height, DRM_FORMAT_XRGB8888))
			return false;
		pattern_draw_still(fb->pixels, fb->pitch / 4, width, height);
	}
	if (flipper->options.overlay) {
		struct framebuffer *fb = &flipper->overlay;
		if (!framebuffer_init(flipper, fb, OVERLAY_WIDTH, OVERLAY_HEIGHT, DRM_FORMAT_XRGB8888))
			return false;
		for (size_t i = 0; i < fb->size / 4; i++)
			fb->pixels[i] = OVERLAY_COLOR;
	}
	if (flipper->options.cursor) {
		if (!framebuffer_init(flipper, &flipper->cursor, CURSOR_SIZE, CURSOR_SIZE,
				DRM_FORMAT_ARGB8888))
			return false;
		draw_cursor(&flipper->cursor);
	}
	return true;
}

/* ---- finding the pipe ---- */

static drmModeConnector *find_connector(struct flipper *flipper, const drmModeRes *resources)
{
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *connector =
			drmModeGetConnector(flipper->fd, resources->connectors[i]);
		if (connector && connector->connection == DRM_MODE_CONNECTED &&
		    connector->count_modes > 0)
			return connector;
		drmModeFreeConnector(connector);
	}
	return NULL;
}

static bool find_crtc(struct flipper *flipper, const drmModeRes *resources)
{
	for (int i = 0; i < flipper->connector->count_encoders; i++) {
		drmModeEncoder *encoder =
			drmModeGetEncoder(flipper->fd, flipper->connector->encoders[i]);
		for (int crtc = 0; encoder && crtc < resources->count_crtcs; crtc++) {
			if (!(encoder->possible_crtcs >> crtc & 1))
				continue;
			flipper->crtc_index = crtc;
			flipper->crtc_id = resources->crtcs[crtc];
			drmModeFreeEncoder(encoder);
			return true;
		}
		drmModeFreeEncoder(encoder);
	}
	return false;
}

static uint32_t find_property(struct flipper *flipper, uint32_t object, uint32_t type,
	const char *name, uint64_t *value)
{
	drmModeObjectProperties *properties =
		drmModeObjectGetProperties(flipper->fd, object, type);
	uint32_t id = 0;

	for (uint32_t i = 0; properties && i < properties->count_props && !id; i++) {
		drmModePropertyRes *property = drmModeGetProperty(flipper->fd, properties->props[i]);
		if (property && strcmp(property->name, name) == 0) {
			id = property->prop_id;
			if (value)
				*value = properties->prop_values[i];
		}
		drmModeFreeProperty(property);
	}
	drmModeFreeObjectProperties(properties);
	return id;
}

static void find_plane_props(struct flipper *flipper, uint32_t plane, struct plane_props *props)
{
	const struct {
		const char *name;
		uint32_t *id;
	} wanted[] = {
		{"FB_ID", &props->fb_id}, {"CRTC_ID", &props->crtc_id},
		{"CRTC_X", &props->crtc_x}, {"CRTC_Y", &props->crtc_y},
		{"CRTC_W", &props->crtc_w}, {"CRTC_H", &props->crtc_h},
		{"SRC_X", &props->src_x}, {"SRC_Y", &props->src_y},
		{"SRC_W", &props->src_w}, {"SRC_H", &props->src_h},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		*wanted[i].id = find_property(flipper, plane, DRM_MODE_OBJECT_PLANE, wanted[i].name,
			NULL);
}

/* One plane of each type that our crtc can use. */
static void find_planes(struct flipper *flipper)
{
	drmModePlaneRes *resources = drmModeGetPlaneResources(flipper->fd);

	for (uint32_t i = 0; resources && i < resources->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(flipper->fd, resources->planes[i]);
		uint64_t type = DRM_PLANE_TYPE_OVERLAY;
		if (plane && plane->possible_crtcs >> flipper->crtc_index & 1) {
			find_property(flipper, plane->plane_id, DRM_MODE_OBJECT_PLANE, "type", &type);
			if (type < 3 && !flipper->planes[type]) {
				flipper->planes[type] = plane->plane_id;
				find_plane_props(flipper, plane->plane_id, &flipper->plane_props[type]);
			}
		}
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(resources);
}

static void choose_mode(struct flipper *flipper)
{
	flipper->mode = flipper->connector->modes[0];
	for (int i = 0; i < flipper->connector->count_modes; i++) {
		if (flipper->connector->modes[i].type & DRM_MODE_TYPE_PREFERRED) {
			flipper->mode = flipper->connector->modes[i];
			return;
		}
	}
}

static bool find_pipe(struct flipper *flipper)
{
	drmModeRes *resources = drmModeGetResources(flipper->fd);

	if (!resources)
		return complain("get resources");
	flipper->connector = find_connector(flipper, resources);
	bool found = flipper->connector && find_crtc(flipper, resources);
	drmModeFreeResources(resources);
	if (!found) {
		fprintf(stderr, "testcard-flip: no connected output with modes\n");
		return false;
	}
	choose_mode(flipper);
	flipper->saved = drmModeGetCrtc(flipper->fd, flipper->crtc_id);
	drmSetClientCap(flipper->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	flipper->atomic = !flipper->options.legacy &&
		drmSetClientCap(flipper->fd, DRM_CLIENT_CAP_ATOMIC, 1) == 0;
	find_planes(flipper);
	flipper->connector_crtc_id = find_property(flipper, flipper->connector->connector_id,
		DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", NULL);
	flipper->crtc_mode_id = find_property(flipper, flipper->crtc_id, DRM_MODE_OBJECT_CRTC,
		"MODE_ID", NULL);
	flipper->crtc_active = find_property(flipper, flipper->crtc_id, DRM_MODE_OBJECT_CRTC,
		"ACTIVE", NULL);
	return true;
}

/* ---- showing ---- */

/* Where the overlay is at a frame: along a line, from the left edge to the right one. */
static int overlay_x(const struct flipper *flipper, uint32_t frame)
{
	int room = flipper->mode.hdisplay - OVERLAY_WIDTH;

	return room > 0 ? (int)(frame * 4 % (uint32_t)room) : 0;
}

static void add_plane(struct flipper *flipper, drmModeAtomicReq *request, uint32_t type,
	const struct framebuffer *fb, int x, int y)
{
	const struct plane_props *props = &flipper->plane_props[type];
	uint32_t plane = flipper->planes[type];

	drmModeAtomicAddProperty(request, plane, props->fb_id, fb->fb_id);
	drmModeAtomicAddProperty(request, plane, props->crtc_id, flipper->crtc_id);
	drmModeAtomicAddProperty(request, plane, props->crtc_x, x);
	drmModeAtomicAddProperty(request, plane, props->crtc_y, y);
	drmModeAtomicAddProperty(request, plane, props->crtc_w, fb->width);
	drmModeAtomicAddProperty(request, plane, props->crtc_h, fb->height);
	drmModeAtomicAddProperty(request, plane, props->src_x, 0);
	drmModeAtomicAddProperty(request, plane, props->src_y, 0);
	drmModeAtomicAddProperty(request, plane, props->src_w, (uint64_t)fb->width << 16);
	drmModeAtomicAddProperty(request, plane, props->src_h, (uint64_t)fb->height << 16);
}

static int commit(struct flipper *flipper, uint32_t frame, uint32_t flags)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	if (!request)
		return -ENOMEM;
	if (flags & DRM_MODE_ATOMIC_ALLOW_MODESET) {
		drmModeAtomicAddProperty(request, flipper->connector->connector_id,
			flipper->connector_crtc_id, flipper->crtc_id);
		drmModeAtomicAddProperty(request, flipper->crtc_id, flipper->crtc_mode_id,
			flipper->mode_blob);
		drmModeAtomicAddProperty(request, flipper->crtc_id, flipper->crtc_active, 1);
	}
	add_plane(flipper, request, DRM_PLANE_TYPE_PRIMARY, &flipper->buffers[frame % 2], 0, 0);
	if (flipper->options.overlay)
		add_plane(flipper, request, DRM_PLANE_TYPE_OVERLAY, &flipper->overlay,
			overlay_x(flipper, frame), 0);
	if (flipper->options.cursor)
		add_plane(flipper, request, DRM_PLANE_TYPE_CURSOR, &flipper->cursor,
			frame % flipper->mode.hdisplay, flipper->mode.vdisplay / 4);
	int ret = drmModeAtomicCommit(flipper->fd, request, flags, flipper);
	drmModeAtomicFree(request);
	return ret;
}

/* Overlay and cursor without atomic: calls of their own. */
static int legacy_planes(struct flipper *flipper, uint32_t frame)
{
	int ret = 0;

	if (flipper->options.overlay)
		ret = drmModeSetPlane(flipper->fd, flipper->planes[DRM_PLANE_TYPE_OVERLAY],
			flipper->crtc_id, flipper->overlay.fb_id, 0, overlay_x(flipper, frame), 0,
			OVERLAY_WIDTH, OVERLAY_HEIGHT, 0, 0, OVERLAY_WIDTH << 16,
			OVERLAY_HEIGHT << 16);
	if (ret == 0 && flipper->options.cursor)
		ret = drmModeMoveCursor(flipper->fd, flipper->crtc_id,
			frame % flipper->mode.hdisplay, flipper->mode.vdisplay / 4);
	return ret;
}

static bool set_mode(struct flipper *flipper)
{
	int ret;

	if (flipper->atomic) {
		if (drmModeCreatePropertyBlob(flipper->fd, &flipper->mode, sizeof(flipper->mode),
				&flipper->mode_blob))
			return complain("create the mode's blob");
		ret = commit(flipper, 0, DRM_MODE_ATOMIC_ALLOW_MODESET);
	} else {
		ret = drmModeSetCrtc(flipper->fd, flipper->crtc_id, flipper->buffers[0].fb_id, 0, 0,
			&flipper->connector->connector_id, 1, &flipper->mode);
		if (ret == 0 && flipper->options.cursor)
			ret = drmModeSetCursor(flipper->fd, flipper->crtc_id, flipper->cursor.handle,
				CURSOR_SIZE, CURSOR_SIZE);
		if (ret == 0)
			ret = legacy_planes(flipper, 0);
	}
	return ret == 0 || complain("set the mode");
}

static bool show_frame(struct flipper *flipper, uint32_t frame)
{
	struct framebuffer *fb = &flipper->buffers[frame % 2];
	struct pattern_rect rects[2];
	int ret;

	/* What the frame before last drew here is in the way: only the block's row moves. */
	for (uint32_t y = fb->height - fb->height / 8; y < fb->height; y++) {
		for (uint32_t x = 0; x < fb->width; x++)
			fb->pixels[(size_t)y * fb->pitch / 4 + x] =
				pattern_still(x, y, fb->width, fb->height);
	}
	pattern_draw_frame(fb->pixels, fb->pitch / 4, fb->width, fb->height, frame, rects);
	if (flipper->atomic) {
		ret = commit(flipper, frame, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT);
	} else {
		ret = legacy_planes(flipper, frame);
		if (ret == 0)
			ret = drmModePageFlip(flipper->fd, flipper->crtc_id, fb->fb_id,
				DRM_MODE_PAGE_FLIP_EVENT, flipper);
	}
	return ret == 0 || complain("flip");
}

/* ---- measuring ---- */

static void on_flip(int fd, unsigned sequence, unsigned seconds, unsigned microseconds,
	unsigned crtc_id, void *data)
{
	struct flipper *flipper = data;
	uint64_t now = seconds * 1000000000ull + microseconds * 1000ull;

	flipper->flip_done = true;
	if (flipper->flips++ == 0) {
		flipper->first_ns = now;
		flipper->first_sequence = sequence;
		flipper->shortest_ns = UINT64_MAX;
	} else {
		uint64_t interval = now - flipper->last_ns;
		if (interval < flipper->shortest_ns)
			flipper->shortest_ns = interval;
		if (interval > flipper->longest_ns)
			flipper->longest_ns = interval;
		flipper->gaps += sequence - flipper->last_sequence - 1;
	}
	flipper->last_ns = now;
	flipper->last_sequence = sequence;
}

static bool wait_flip(struct flipper *flipper)
{
	drmEventContext context = {.version = 3, .page_flip_handler2 = on_flip};

	while (!flipper->flip_done) {
		struct pollfd poll_fd = {.fd = flipper->fd, .events = POLLIN};
		int ret = poll(&poll_fd, 1, flipper->options.patience * 1000);
		if (ret < 0 && errno == EINTR && !interrupted)
			continue;
		if (ret < 0)
			return complain("poll");
		if (ret == 0) {
			fprintf(stderr, "testcard-flip: no flip event in %d s\n",
				flipper->options.patience);
			return false;
		}
		if (drmHandleEvent(flipper->fd, &context))
			return complain("read events");
	}
	flipper->flip_done = false;
	return true;
}

static void print_measured(const struct flipper *flipper)
{
	uint32_t intervals = flipper->flips - 1;

	printf("%s %s: %u flips", flipper->mode.name, flipper->atomic ? "atomic" : "legacy",
		flipper->flips);
	if (flipper->flips > 1)
		printf(", %.2f Hz, interval %.3f to %.3f ms, %u vblanks missed",
			intervals * 1e9 / (flipper->last_ns - flipper->first_ns),
			flipper->shortest_ns / 1e6, flipper->longest_ns / 1e6, flipper->gaps);
	printf("\n");
}

static bool hold_still(const struct flipper *flipper)
{
	double seconds = flipper->options.still;
	struct timespec time = {.tv_sec = seconds, .tv_nsec = (seconds - (long)seconds) * 1e9};
	drmVBlank next = {.request = {
		.type = DRM_VBLANK_RELATIVE |
			(flipper->crtc_index << DRM_VBLANK_HIGH_CRTC_SHIFT & DRM_VBLANK_HIGH_CRTC_MASK),
		.sequence = 1,
	}};

	while (!interrupted && nanosleep(&time, &time) < 0 && errno == EINTR)
		continue;
	/* A machine that was busy all the time has not shown yet what came last. */
	if (!interrupted && drmWaitVBlank(flipper->fd, &next))
		return complain("wait for a vblank");
	return true;
}

static bool show(struct flipper *flipper)
{
	const struct options *options = &flipper->options;

	if ((options->overlay && !flipper->planes[DRM_PLANE_TYPE_OVERLAY]) ||
	    (options->cursor && !flipper->planes[DRM_PLANE_TYPE_CURSOR])) {
		fprintf(stderr, "testcard-flip: the output has no such plane\n");
		return false;
	}
	if (!make_framebuffers(flipper) || !set_mode(flipper))
		return false;
	if (options->still > 0)
		return hold_still(flipper);
	for (uint32_t frame = 1; frame <= (uint32_t)options->frames && !interrupted; frame++) {
		if (!show_frame(flipper, frame) || !wait_flip(flipper))
			return false;
	}
	print_measured(flipper);
	return true;
}

/* What was there before comes back; nothing was: removing the framebuffers turns it off. */
static void restore(struct flipper *flipper)
{
	drmModeCrtc *saved = flipper->saved;

	if (flipper->options.cursor && !flipper->atomic)
		drmModeSetCursor(flipper->fd, flipper->crtc_id, 0, 0, 0);
	if (saved && saved->mode_valid && saved->buffer_id)
		drmModeSetCrtc(flipper->fd, saved->crtc_id, saved->buffer_id, saved->x, saved->y,
			&flipper->connector->connector_id, 1, &saved->mode);
	drmModeFreeCrtc(saved);
	framebuffer_finish(flipper, &flipper->cursor);
	framebuffer_finish(flipper, &flipper->overlay);
	framebuffer_finish(flipper, &flipper->buffers[0]);
	framebuffer_finish(flipper, &flipper->buffers[1]);
	if (flipper->mode_blob)
		drmModeDestroyPropertyBlob(flipper->fd, flipper->mode_blob);
	drmModeFreeConnector(flipper->connector);
}

static void parse_options(struct options *options, int argc, char **argv)
{
	const char *still = NULL;
	const struct demo_option table[] = {
		{"device", "the card (default: /dev/dri/card0)", .text = &options->device},
		{"frames", "flips (default: 120)", .number = &options->frames, .most = INT_MAX},
		{"still", "holds the still picture for X seconds instead", .text = &still},
		{"patience", "seconds that a flip may take (default: 60)",
			.number = &options->patience, .least = 1, .most = INT_MAX / 1000},
		{"overlay", "moves an overlay plane too", .flag = &options->overlay},
		{"cursor", "moves a cursor too", .flag = &options->cursor},
		{"legacy", "does not use atomic commits", .flag = &options->legacy},
		{0},
	};
	char end;

	demo_options(argc, argv, "Shows a test card on a KMS device, one flip a vblank.", table);
	if (still && (sscanf(still, "%lf%c", &options->still, &end) != 1 ||
			!(options->still > 0 && options->still < 1e6))) {
		fprintf(stderr, "testcard-flip: --still: seconds, more than 0\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct flipper flipper = {
		.options = {
			.device = "/dev/dri/card0", .frames = 120, .patience = PATIENCE_SECONDS,
		},
	};
	struct sigaction action = {.sa_handler = on_signal};

	parse_options(&flipper.options, argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	flipper.fd = open(flipper.options.device, O_RDWR | O_CLOEXEC);
	if (flipper.fd < 0) {
		complain(flipper.options.device);
		return 1;
	}
	bool good = find_pipe(&flipper) && show(&flipper);
	restore(&flipper);
	close(flipper.fd);
	return good ? 0 : 1;
}
