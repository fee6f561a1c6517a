/*
 * testcard-pattern: a Wayland client that shows the test card (pattern.h) with
 * wl_shm, draws when the compositor asks for the next frame, and measures with
 * presentation-time when its frames reached the screen.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wayland-client.h>

#include "pattern.h"
#include "presentation-time-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#define BUFFER_COUNT 3
#define MAX_SIZE 8192

struct options {
	int width, height;
	bool still, solid, stats;
	uint32_t color, alpha; /* 0xFFRRGGBB; 0..255 */
	uint32_t frames;       /* 0 = until closed */
	const char *title;
};

struct buffer {
	struct wl_buffer *wl;
	uint32_t *pixels;
	size_t size;
	int width, height;
	bool busy;
};

/* What one second of presentation feedback says. */
struct stats {
	uint64_t period_start_ns, last_ns;
	uint32_t refresh_ns;
	unsigned presented, discarded, late;
	uint64_t worst_ns; /* longest time between two frames on the screen */
};

/* One frame on its way to the screen. */
struct feedback {
	struct client *client;
	struct wp_presentation_feedback *wp;
	struct wl_list link; /* client.feedbacks */
};

struct client {
	struct options options;
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *wm_base;
	struct wp_presentation *presentation;
	struct wl_callback *frame_callback;
	struct wl_list feedbacks; /* feedback.link */
	struct wl_surface *surface;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct buffer buffers[BUFFER_COUNT];
	uint32_t *still; /* the still picture of width x height */
	int width, height;
	uint32_t frame;
	bool configured, frame_due, resized, closed;
	struct stats stats;
};

/* ---- buffers ---- */

static void buffer_release(void *data, struct wl_buffer *wl)
{
	struct buffer *buffer = data;

	buffer->busy = false;
}

static const struct wl_buffer_listener buffer_listener = {.release = buffer_release};

static void buffer_finish(struct buffer *buffer)
{
	if (buffer->wl)
		wl_buffer_destroy(buffer->wl);
	if (buffer->pixels)
		munmap(buffer->pixels, buffer->size);
	memset(buffer, 0, sizeof(*buffer));
}

static bool buffer_init(struct buffer *buffer, struct client *client)
{
	int fd = memfd_create("testcard-pattern", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	buffer->width = client->width;
	buffer->height = client->height;
	buffer->size = (size_t)client->width * client->height * 4;
	if (fd < 0 || ftruncate(fd, buffer->size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		goto fail;
	buffer->pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (buffer->pixels == MAP_FAILED) {
		buffer->pixels = NULL;
		goto fail;
	}
	struct wl_shm_pool *pool = wl_shm_create_pool(client->shm, fd, buffer->size);
	buffer->wl = wl_shm_pool_create_buffer(pool, 0, client->width, client->height,
		client->width * 4, client->options.alpha == 255 ? WL_SHM_FORMAT_XRGB8888 :
		WL_SHM_FORMAT_ARGB8888);
	wl_shm_pool_destroy(pool);
	wl_buffer_add_listener(buffer->wl, &buffer_listener, buffer);
	close(fd);
	return true;

fail:
	fprintf(stderr, "testcard-pattern: buffer: %s\n", strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

/* A free buffer of the current size, NULL when the compositor has them all. */
static struct buffer *next_buffer(struct client *client)
{
	for (int i = 0; i < BUFFER_COUNT; i++) {
		struct buffer *buffer = &client->buffers[i];
		if (buffer->busy)
			continue;
		if (buffer->width == client->width && buffer->height == client->height)
			return buffer;
		buffer_finish(buffer);
		if (!buffer_init(buffer, client)) {
			client->closed = true;
			return NULL;
		}
		return buffer;
	}
	return NULL;
}

/* ---- measuring ---- */

static void print_stats(struct client *client, uint64_t now_ns)
{
	struct stats *stats = &client->stats;
	double seconds = (now_ns - stats->period_start_ns) / 1e9;

	printf("%.2f flips/s, refresh %.3f ms, longest gap %.3f ms, late %u, discarded %u, "
		"frame %u\n", stats->presented / seconds, stats->refresh_ns / 1e6,
		stats->worst_ns / 1e6, stats->late, stats->discarded, client->frame);
	fflush(stdout);
	stats->period_start_ns = now_ns;
	stats->worst_ns = 0;
	stats->presented = stats->discarded = stats->late = 0;
}

static void feedback_destroy(struct feedback *feedback)
{
	wl_list_remove(&feedback->link);
	wp_presentation_feedback_destroy(feedback->wp);
	free(feedback);
}

static void feedback_presented(void *data, struct wp_presentation_feedback *wp, uint32_t sec_hi,
	uint32_t sec_lo, uint32_t nsec, uint32_t refresh, uint32_t seq_hi, uint32_t seq_lo,
	uint32_t flags)
{
	struct feedback *feedback = data;
	struct client *client = feedback->client;
	struct stats *stats = &client->stats;
	uint64_t now = (((uint64_t)sec_hi << 32) + sec_lo) * 1000000000ull + nsec;

	feedback_destroy(feedback);
	stats->refresh_ns = refresh;
	if (stats->last_ns == 0) {
		stats->period_start_ns = stats->last_ns = now;
		return;
	}
	uint64_t gap = now - stats->last_ns;
	stats->last_ns = now;
	stats->presented++;
	if (gap > stats->worst_ns)
		stats->worst_ns = gap;
	if (refresh != 0 && gap > refresh + refresh / 2)
		stats->late++;
	if (now - stats->period_start_ns >= 1000000000ull)
		print_stats(client, now);
}

static void feedback_discarded(void *data, struct wp_presentation_feedback *wp)
{
	struct feedback *feedback = data;

	feedback->client->stats.discarded++;
	feedback_destroy(feedback);
}

static void feedback_sync_output(void *data, struct wp_presentation_feedback *wp,
	struct wl_output *output)
{
}

static const struct wp_presentation_feedback_listener feedback_listener = {
	.sync_output = feedback_sync_output,
	.presented = feedback_presented,
	.discarded = feedback_discarded,
};

static void ask_feedback(struct client *client)
{
	struct feedback *feedback;

	if (!client->presentation || !client->options.stats)
		return;
	feedback = calloc(1, sizeof(*feedback));
	if (!feedback)
		return;
	feedback->client = client;
	feedback->wp = wp_presentation_feedback(client->presentation, client->surface);
	wp_presentation_feedback_add_listener(feedback->wp, &feedback_listener, feedback);
	wl_list_insert(&client->feedbacks, &feedback->link);
}

/* ---- drawing ---- */

static bool make_still(struct client *client)
{
	size_t count = (size_t)client->width * client->height;
	const struct options *options = &client->options;

	free(client->still);
	client->still = malloc(count * 4);
	if (!client->still)
		return false;
	if (options->solid) {
		for (size_t i = 0; i < count; i++)
			client->still[i] = options->color;
	} else {
		pattern_draw_still(client->still, client->width, client->width, client->height);
	}
	for (size_t i = 0; options->alpha != 255 && i < count; i++)
		client->still[i] = pattern_premultiply(client->still[i], options->alpha);
	return true;
}

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
	struct client *client = data;

	wl_callback_destroy(callback);
	client->frame_callback = NULL;
	client->frame_due = true;
}

static const struct wl_callback_listener frame_listener = {.done = frame_done};

static void draw(struct client *client)
{
	struct buffer *buffer = next_buffer(client);
	struct pattern_rect rects[2];
	bool moving = !client->options.still && !client->options.solid;

	if (!buffer)
		return; /* a release wakes us */
	memcpy(buffer->pixels, client->still, buffer->size);
	if (moving)
		pattern_draw_frame(buffer->pixels, buffer->width, buffer->width, buffer->height,
			client->frame, rects);
	client->frame++;
	client->frame_due = client->resized = false;
	if ((moving || client->options.frames) && !client->frame_callback) {
		client->frame_callback = wl_surface_frame(client->surface);
		wl_callback_add_listener(client->frame_callback, &frame_listener, client);
	}
	ask_feedback(client);
	wl_surface_attach(client->surface, buffer->wl, 0, 0);
	wl_surface_damage_buffer(client->surface, 0, 0, buffer->width, buffer->height);
	wl_surface_commit(client->surface);
	buffer->busy = true;
}

/* ---- the window ---- */

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
	int32_t height, struct wl_array *states)
{
	struct client *client = data;

	if (width <= 0 || height <= 0 || width > MAX_SIZE || height > MAX_SIZE ||
	    (width == client->width && height == client->height))
		return;
	client->width = width;
	client->height = height;
	free(client->still);
	client->still = NULL;
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel)
{
	struct client *client = data;

	client->closed = true;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = toplevel_configure,
	.close = toplevel_close,
};

static void surface_configure(void *data, struct xdg_surface *surface, uint32_t serial)
{
	struct client *client = data;

	xdg_surface_ack_configure(surface, serial);
	/* Also when only the focus changed: an ack wants its commit. */
	client->resized = true;
	client->configured = true;
	if (!client->still && !make_still(client))
		client->closed = true;
}

static const struct xdg_surface_listener surface_listener = {.configure = surface_configure};

static void wm_base_ping(void *data, struct xdg_wm_base *wm_base, uint32_t serial)
{
	xdg_wm_base_pong(wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = {.ping = wm_base_ping};

static void registry_global(void *data, struct wl_registry *registry, uint32_t name,
	const char *interface, uint32_t version)
{
	struct client *client = data;

	if (strcmp(interface, wl_compositor_interface.name) == 0) {
		client->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (strcmp(interface, wl_shm_interface.name) == 0) {
		client->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0) {
		client->wm_base = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(client->wm_base, &wm_base_listener, client);
	} else if (strcmp(interface, wp_presentation_interface.name) == 0) {
		client->presentation = wl_registry_bind(registry, name, &wp_presentation_interface, 1);
	}
}

static void registry_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = {
	.global = registry_global,
	.global_remove = registry_global_remove,
};

static void window_create(struct client *client)
{
	client->width = client->options.width;
	client->height = client->options.height;
	wl_list_init(&client->feedbacks);
	client->surface = wl_compositor_create_surface(client->compositor);
	client->xdg_surface = xdg_wm_base_get_xdg_surface(client->wm_base, client->surface);
	xdg_surface_add_listener(client->xdg_surface, &surface_listener, client);
	client->toplevel = xdg_surface_get_toplevel(client->xdg_surface);
	xdg_toplevel_add_listener(client->toplevel, &toplevel_listener, client);
	xdg_toplevel_set_app_id(client->toplevel, "testcard-pattern");
	xdg_toplevel_set_title(client->toplevel, client->options.title);
	wl_surface_commit(client->surface);
}

static void window_destroy(struct client *client)
{
	struct feedback *feedback, *tmp;

	wl_list_for_each_safe(feedback, tmp, &client->feedbacks, link)
		feedback_destroy(feedback);
	if (client->frame_callback)
		wl_callback_destroy(client->frame_callback);
	for (int i = 0; i < BUFFER_COUNT; i++)
		buffer_finish(&client->buffers[i]);
	free(client->still);
	xdg_toplevel_destroy(client->toplevel);
	xdg_surface_destroy(client->xdg_surface);
	wl_surface_destroy(client->surface);
}

static bool finished(const struct client *client)
{
	uint32_t frames = client->options.frames;

	/* The last frame's callback says that it was shown. */
	return client->closed || (frames && client->frame >= frames && client->frame_due);
}

static int run(struct client *client)
{
	while (!finished(client)) {
		bool more = client->options.frames == 0 || client->frame < client->options.frames;
		if (client->configured && (client->resized || (client->frame_due && more)))
			draw(client);
		if (wl_display_dispatch(client->display) < 0) {
			fprintf(stderr, "testcard-pattern: the compositor is gone: %s\n", strerror(errno));
			return 1;
		}
	}
	if (client->stats.presented > 0)
		print_stats(client, client->stats.last_ns);
	if (client->options.stats)
		printf("%u frames drawn\n", client->frame);
	return 0;
}

static int open_and_run(struct client *client)
{
	client->display = wl_display_connect(NULL);
	if (!client->display) {
		fprintf(stderr, "testcard-pattern: no Wayland display: %s\n", strerror(errno));
		return 1;
	}
	struct wl_registry *registry = wl_display_get_registry(client->display);
	wl_registry_add_listener(registry, &registry_listener, client);
	wl_display_roundtrip(client->display);
	if (!client->compositor || !client->shm || !client->wm_base) {
		fprintf(stderr, "testcard-pattern: wl_compositor, wl_shm or xdg_wm_base is missing\n");
		return 1;
	}
	window_create(client);
	int status = run(client);
	window_destroy(client);
	if (client->presentation)
		wp_presentation_destroy(client->presentation);
	xdg_wm_base_destroy(client->wm_base);
	wl_shm_destroy(client->shm);
	wl_compositor_destroy(client->compositor);
	wl_registry_destroy(registry);
	wl_display_disconnect(client->display);
	return status;
}

static const char help[] =
	"usage: testcard-pattern [options]\n"
	"Shows a test card in a Wayland window.\n"
	"  --size WxH      window size, 640x480 by default; the compositor may want another\n"
	"  --still         the picture alone, without what moves\n"
	"  --color RRGGBB  one colour instead of the picture\n"
	"  --alpha N       opacity 0..255 (premultiplied), 255 by default\n"
	"  --frames N      end after N frames\n"
	"  --stats         print what presentation feedback says, once a second\n"
	"  --title TEXT    window title, \"testcard-pattern\" by default\n"
	"  --help\n";

static bool parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"size", required_argument, NULL, 's'}, {"still", no_argument, NULL, 'S'},
		{"color", required_argument, NULL, 'c'}, {"alpha", required_argument, NULL, 'a'},
		{"frames", required_argument, NULL, 'f'}, {"stats", no_argument, NULL, 't'},
		{"title", required_argument, NULL, 'T'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	char end = 0;
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "h", names, NULL)) >= 0) {
		switch (option) {
		case 's':
			good = sscanf(optarg, "%dx%d%c", &options->width, &options->height, &end) == 2 &&
				options->width > 0 && options->width <= MAX_SIZE &&
				options->height > 0 && options->height <= MAX_SIZE;
			break;
		case 'c':
			good = sscanf(optarg, "%x%c", &options->color, &end) == 1 &&
				strlen(optarg) == 6;
			options->color |= 0xFF000000;
			options->solid = true;
			break;
		case 'a':
			good = sscanf(optarg, "%u%c", &options->alpha, &end) == 1 && options->alpha <= 255;
			break;
		case 'f':
			good = sscanf(optarg, "%u%c", &options->frames, &end) == 1;
			break;
		case 'S':
			options->still = true;
			break;
		case 't':
			options->stats = true;
			break;
		case 'T':
			options->title = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			good = false;
		}
	}
	return good && optind == argc;
}

int main(int argc, char **argv)
{
	struct client client = {
		.options = {.width = 640, .height = 480, .alpha = 255, .title = "testcard-pattern"},
	};

	if (!parse_options(&client.options, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	return open_and_run(&client);
}
