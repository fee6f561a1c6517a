/* The inspector's labels: none on another, all on the screen, for any layout of windows. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <i915_drm.h>

#include "compositor_census.h"
#include "compositor_inspect.h"
#include "test.h"

enum { WIDTH = 1024, HEIGHT = 768, LABEL_WIDTH = 240, LABEL_HEIGHT = 70 };

static bool meet(const struct wlr_box *a, const struct wlr_box *b)
{
	return a->width > 0 && b->width > 0 && a->x < b->x + b->width && b->x < a->x + a->width &&
		a->y < b->y + b->height && b->y < a->y + a->height;
}

/* Returns how many have a place. */
static unsigned check_places(const struct compositor_inspect_spot *spots, unsigned count,
	const struct wlr_box *taken, int width, int height)
{
	unsigned placed = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct wlr_box *box = &spots[i].box;
		if (box->width == 0)
			continue;
		placed++;
		CHECK_INT(box->width, spots[i].width);
		CHECK_INT(box->height, spots[i].height);
		CHECK(box->x >= 0 && box->y >= 0 && box->x + box->width <= width &&
			box->y + box->height <= height);
		CHECK(!meet(box, taken));
		for (unsigned j = 0; j < i; j++)
			CHECK(!meet(box, &spots[j].box));
	}
	return placed;
}

static void random_layout(unsigned count, int width, int height)
{
	struct compositor_inspect_spot spots[16] = {0};
	const struct wlr_box taken = {50, height - 100, width - 100, 92};

	for (unsigned i = 0; i < count; i++) {
		/* Some stick out, some are smaller than their labels. */
		spots[i].about = (struct wlr_box){rand() % width - 60, rand() % height - 60,
			20 + rand() % 700, 20 + rand() % 500};
		spots[i].width = LABEL_WIDTH - rand() % 100;
		spots[i].height = LABEL_HEIGHT - rand() % 20;
	}
	unsigned missing = compositor_inspect_place(width, height, &taken, spots, count);
	CHECK_INT(check_places(spots, count, &taken, width, height), count - missing);
	/* As many have room on this screen however they were put. */
	CHECK_INT(missing, 0);
}

TEST(random_layouts)
{
	srand(7);
	for (unsigned round = 0; round < 100; round++) {
		random_layout(1 + round % 12, WIDTH, HEIGHT);
		random_layout(1 + round % 12, 1920, 1080);
	}
}

TEST(corner_of_its_window)
{
	struct compositor_inspect_spot spot = {{40, 30, WIDTH - 80, HEIGHT - 60}, LABEL_WIDTH,
		LABEL_HEIGHT, {0}};
	const struct wlr_box nothing = {0};

	CHECK_INT(compositor_inspect_place(WIDTH, HEIGHT, &nothing, &spot, 1), 0);
	CHECK(spot.box.x > 40 && spot.box.x < 60);
	CHECK(spot.box.y > 30 && spot.box.y < 50);
}

/* Below it, its label would be on the other window, and to its right nobody is. */
TEST(hides_no_neighbour)
{
	struct compositor_inspect_spot spots[2] = {
		{{10, 10, 400, 300}, LABEL_WIDTH, LABEL_HEIGHT, {0}},
		{{10, 320, 400, 300}, LABEL_WIDTH, LABEL_HEIGHT, {0}},
	};
	const struct wlr_box nothing = {0};

	CHECK_INT(compositor_inspect_place(WIDTH, HEIGHT, &nothing, spots, 2), 0);
	CHECK(spots[0].box.x > 410 && spots[0].box.y == 10);
	CHECK(spots[1].box.x == 10 && spots[1].box.y > 620);
}

TEST(beside_a_small_one)
{
	struct compositor_inspect_spot spot = {{500, 300, 64, 64}, LABEL_WIDTH, LABEL_HEIGHT, {0}};
	const struct wlr_box nothing = {0};

	CHECK_INT(compositor_inspect_place(WIDTH, HEIGHT, &nothing, &spot, 1), 0);
	CHECK(!meet(&spot.box, &spot.about));
}

TEST(full_screen_windows)
{
	struct compositor_inspect_spot spots[4];
	const struct wlr_box taken = {0, 668, WIDTH, 100};

	for (unsigned i = 0; i < 4; i++)
		spots[i] = (struct compositor_inspect_spot){{0, 0, WIDTH, HEIGHT}, LABEL_WIDTH,
			LABEL_HEIGHT, {0}};
	CHECK_INT(compositor_inspect_place(WIDTH, HEIGHT, &taken, spots, 4), 0);
	CHECK_INT(check_places(spots, 4, &taken, WIDTH, HEIGHT), 4);
}

TEST(no_room)
{
	struct compositor_inspect_spot spots[3];
	const struct wlr_box nothing = {0};

	for (unsigned i = 0; i < 3; i++)
		spots[i] = (struct compositor_inspect_spot){{0, 0, 300, 100}, LABEL_WIDTH,
			LABEL_HEIGHT, {0}};
	CHECK_INT(compositor_inspect_place(300, 100, &nothing, spots, 3), 2);
	CHECK_INT(check_places(spots, 3, &nothing, 300, 100), 1);
	spots[0].width = 400;
	CHECK_INT(compositor_inspect_place(300, 100, &nothing, spots, 1), 1);
	CHECK_INT(spots[0].box.width, 0);
}

static bool says(const struct compositor_inspect_text *text, const char *part)
{
	for (unsigned i = 0; i < text->count; i++) {
		if (strstr(text->lines[i], part))
			return true;
	}
	return false;
}

static struct compositor_census_surface surface_of(enum compositor_buffer_kind kind)
{
	return (struct compositor_census_surface){.pid = 42, .process = "painter", .kind = kind,
		.width = 640, .height = 480, .format = DRM_FORMAT_XRGB8888,
		.modifier = I915_FORMAT_MOD_X_TILED, .box = {0, 0, 640, 480}};
}

TEST(words)
{
	const struct compositor_census_output output = {.picture_plane = 31};
	struct compositor_census_surface surface = surface_of(COMPOSITOR_BUFFER_FLINK);
	struct compositor_inspect_text text;

	surface.name = 7;
	surface.has_object = true;
	surface.object.object = (struct gem_census){.dma_buf_ino = 99, .refcount = 3,
		.handle_count = 2, .read_domains = I915_GEM_DOMAIN_RENDER | I915_GEM_DOMAIN_CPU};
	surface.object.holder_count = 2;
	surface.plane_id = 45;
	surface.plane_type = "overlay";
	compositor_inspect_describe(&output, &surface, 0, &text);
	CHECK(says(&text, "painter 42"));
	CHECK(says(&text, "flink name 7"));
	CHECK(says(&text, "640x480 XR24 X-tiled"));
	CHECK(says(&text, "CPU+render / none"));
	CHECK(says(&text, "3 refs, 2 handles in 2 files"));
	CHECK(says(&text, "on overlay plane 45, 0 B copied"));
	surface.plane_id = 0;
	surface.copied_bytes = 3 << 20;
	compositor_inspect_describe(&output, &surface, 0, &text);
	CHECK(says(&text, "composited into plane 31, 3.0 MiB copied"));
}

static bool pointer_is(const struct compositor_census_output *output, const char *words)
{
	char line[COMPOSITOR_INSPECT_LINE];

	compositor_inspect_describe_pointer(output, line);
	return strcmp(line, words) == 0;
}

TEST(words_about_the_pointer)
{
	struct compositor_census_surface surfaces[] = {surface_of(COMPOSITOR_BUFFER_DMABUF),
		surface_of(COMPOSITOR_BUFFER_SHM)};
	struct compositor_census_output output = {.surfaces = surfaces};

	CHECK(pointer_is(&output, "of no client"));
	output.count = 2;
	CHECK(pointer_is(&output, "of no client"));
	output.cursor_plane = 40;
	CHECK(pointer_is(&output, "the compositor's own, on plane 40"));
	surfaces[1].is_cursor = true;
	CHECK(pointer_is(&output, "painter 42, composited: shm 640x480 XR24"));
	surfaces[1].plane_id = 40;
	surfaces[1].plane_type = "cursor";
	CHECK(pointer_is(&output, "painter 42, on cursor plane 40: shm 640x480 XR24"));
}

/* Cut where a character begins. */
TEST(long_titles)
{
	const struct compositor_census_output output = {0};
	struct compositor_census_surface surface = surface_of(COMPOSITOR_BUFFER_SHM);
	struct compositor_inspect_text text;

	CHECK(setlocale(LC_CTYPE, "C.UTF-8"));
	for (unsigned shift = 0; shift < 3; shift++) {
		memset(surface.title, 'x', shift);
		for (unsigned i = shift; i + 3 < sizeof(surface.title); i += 3)
			memcpy(surface.title + i, "\xe2\x82\xac", 4);
		strcpy(surface.process, "a-long-name-it-");
		compositor_inspect_describe(&output, &surface, 3, &text);
		size_t length = strlen(text.lines[0]);
		CHECK(length < COMPOSITOR_INSPECT_LINE);
		CHECK(mbstowcs(NULL, text.lines[0], 0) != (size_t)-1);
		CHECK(says(&text, "and 3 more surfaces"));
	}
}

TEST(one_label_for_a_frame)
{
	struct compositor_census_surface window = surface_of(COMPOSITOR_BUFFER_SHM);
	struct compositor_census_surface edge = window, video = window;

	edge.box = (struct wlr_box){0, 0, 640, 5};
	CHECK(compositor_inspect_stands_for(&window, &edge));
	CHECK(!compositor_inspect_stands_for(&edge, &window));
	edge.is_cursor = true;
	CHECK(!compositor_inspect_stands_for(&window, &edge));
	edge.is_cursor = false;
	edge.pid = 43;
	CHECK(!compositor_inspect_stands_for(&window, &edge));
	video.box = (struct wlr_box){0, 0, 64, 48};
	video.kind = COMPOSITOR_BUFFER_DMABUF;
	CHECK(!compositor_inspect_stands_for(&window, &video));
}
