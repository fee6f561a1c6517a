/*
 * testcard-pattern: a Wayland client that shows the test card (pattern.h) with
 * wl_shm, draws when the compositor asks for the next frame, and measures with
 * presentation-time when its frames reached the screen.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "demo_options.h"
#include "demo_window.h"
#include "pattern.h"
#include "presentation-time-client-protocol.h"

enum { BUFFERS = 3, SIDE_MAX = 8192 };

struct options {
	bool still, solid, stats;
	uint32_t color; /* 0xFFRRGGBB */
	int alpha;      /* 0..255 */
	int frames;     /* 0 = until closed */
	const char *title;
};

struct buffer {
	struct demo_buffer shown;
	uint32_t *pixels; /* NULL = it is none yet */
	size_t size;
	int width, height;
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
	struct demo_window window;
	struct wl_list feedbacks; /* feedback.link */
	struct buffer buffers[BUFFERS];
	uint32_t *still; /* the still picture of width x height */
	int width, height, frame;
	struct stats stats;
};

/* ---- buffers ---- */

static void buffer_finish(struct buffer *buffer)
{
	if (!buffer->pixels)
		return;
	demo_buffer_finish(&buffer->shown);
	munmap(buffer->pixels, buffer->size);
	buffer->pixels = NULL;
}

static void buffer_init(struct buffer *buffer, struct client *client)
{
	int fd = memfd_create("testcard-pattern", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	buffer->width = client->width;
	buffer->height = client->height;
	buffer->size = (size_t)client->width * client->height * 4;
	if (fd < 0 || ftruncate(fd, buffer->size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		demo_die("no shared memory: %s", strerror(errno));
	buffer->pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (buffer->pixels == MAP_FAILED)
		demo_die("no shared memory: %s", strerror(errno));
	struct wl_shm_pool *pool = wl_shm_create_pool(client->window.shm, fd, buffer->size);
	demo_buffer_take(&buffer->shown, wl_shm_pool_create_buffer(pool, 0, client->width,
		client->height, client->width * 4, client->options.alpha == 255 ?
		WL_SHM_FORMAT_XRGB8888 : WL_SHM_FORMAT_ARGB8888));
	wl_shm_pool_destroy(pool);
	close(fd);
}

/* A free buffer of the current size, NULL when the compositor has them all. */
static struct buffer *next_buffer(struct client *client)
{
	for (int i = 0; i < BUFFERS; i++) {
		struct buffer *buffer = &client->buffers[i];

		if (buffer->shown.busy)
			continue;
		if (!buffer->pixels || buffer->width != client->width ||
				buffer->height != client->height) {
			buffer_finish(buffer);
			buffer_init(buffer, client);
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
		"frame %d\n", stats->presented / seconds, stats->refresh_ns / 1e6,
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

	if (!client->window.presentation || !client->options.stats)
		return;
	feedback = calloc(1, sizeof(*feedback));
	if (!feedback)
		return;
	feedback->client = client;
	feedback->wp = wp_presentation_feedback(client->window.presentation,
		client->window.surface);
	wp_presentation_feedback_add_listener(feedback->wp, &feedback_listener, feedback);
	wl_list_insert(&client->feedbacks, &feedback->link);
}

/* ---- drawing ---- */

static void make_still(struct client *client)
{
	size_t count = (size_t)client->width * client->height;
	const struct options *options = &client->options;

	free(client->still);
	client->still = malloc(count * 4);
	if (!client->still)
		demo_die("no memory");
	if (options->solid) {
		for (size_t i = 0; i < count; i++)
			client->still[i] = options->color;
	} else {
		pattern_draw_still(client->still, client->width, client->width, client->height);
	}
	for (size_t i = 0; options->alpha != 255 && i < count; i++)
		client->still[i] = pattern_premultiply(client->still[i], options->alpha);
}

/* The size the compositor wants is ours. */
static void resize(struct client *client)
{
	int width = client->window.width, height = client->window.height;

	if (width > 0 && height > 0 && width <= SIDE_MAX && height <= SIDE_MAX &&
	    (width != client->width || height != client->height)) {
		client->width = width;
		client->height = height;
		make_still(client);
	}
}

static void draw(struct client *client)
{
	struct buffer *buffer;
	struct pattern_rect rects[2];

	resize(client);
	buffer = next_buffer(client);
	if (!buffer)
		return; /* a release wakes us */
	memcpy(buffer->pixels, client->still, buffer->size);
	if (!client->options.still && !client->options.solid)
		pattern_draw_frame(buffer->pixels, buffer->width, buffer->width, buffer->height,
			client->frame, rects);
	client->frame++;
	client->window.configured = false;
	ask_feedback(client);
	demo_show(&client->window, &buffer->shown);
}

/* ---- the program ---- */

/* Also when only the focus changed: an ack wants its commit. */
static bool due(const struct client *client)
{
	const struct options *options = &client->options;
	bool more = options->frames ? client->frame < options->frames :
		!options->still && !options->solid;

	return client->window.configured || (more && !client->window.frame);
}

static bool finished(const struct client *client)
{
	int frames = client->options.frames;

	/* The last frame's callback says that it was shown. */
	return client->window.closed || (frames && client->frame >= frames && !client->window.frame);
}

static void run(struct client *client)
{
	struct feedback *feedback, *next;

	wl_list_init(&client->feedbacks);
	make_still(client);
	demo_connect(&client->window);
	demo_open(&client->window, client->options.title, false);
	while (!finished(client)) {
		if (due(client))
			draw(client);
		if (!demo_dispatch(&client->window) && !client->window.closed)
			demo_die("the compositor is gone: %s", strerror(errno));
	}
	if (client->stats.presented > 0)
		print_stats(client, client->stats.last_ns);
	if (client->options.stats)
		printf("%d frames drawn\n", client->frame);
	wl_list_for_each_safe(feedback, next, &client->feedbacks, link)
		feedback_destroy(feedback);
	for (int i = 0; i < BUFFERS; i++)
		buffer_finish(&client->buffers[i]);
	free(client->still);
	demo_disconnect(&client->window);
}

static bool parse_color(const char *text, uint32_t *color)
{
	char end;
	bool right = strlen(text) == 6 && sscanf(text, "%x%c", color, &end) == 1;

	*color |= 0xFF000000;
	return right;
}

int main(int argc, char **argv)
{
	struct client client = {.options = {.alpha = 255, .title = "testcard-pattern"}};
	struct options *options = &client.options;
	const char *size = "640x480", *color = NULL;
	const struct demo_option table[] = {
		{"size", "WxH, the window's (default: 640x480); the compositor may want another",
			.text = &size},
		{"still", "the picture alone, without what moves", .flag = &options->still},
		{"color", "RRGGBB, one colour instead of the picture", .text = &color},
		{"alpha", "opacity, premultiplied (0 to 255; default: 255)",
			.number = &options->alpha, .most = 255},
		{"frames", "ends after N", .number = &options->frames, .most = INT_MAX},
		{"stats", "prints what presentation feedback says, once a second",
			.flag = &options->stats},
		{"title", "the window's (default: testcard-pattern)", .text = &options->title},
		{0},
	};

	demo_options(argc, argv, "Shows a test card in a Wayland window.", table);
	options->solid = color != NULL;
	if (!demo_size(size, SIDE_MAX, &client.width, &client.height) ||
	    (color && !parse_color(color, &options->color))) {
		fprintf(stderr, "testcard-pattern: no such size or colour\n");
		return 2;
	}
	run(&client);
	return EXIT_SUCCESS;
}
