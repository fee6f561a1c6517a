/*
 * testcard-blit: draws by libdrm_intel, on whatever card is there with an i915
 * driver of generation 3: relocations, blits from and to linear and tiled
 * pictures on both rings, waiting, more than the aperture holds, and many
 * processes at once over pictures that they share. Every pixel is compared with
 * what it should be; ends with 1 at the first that is not.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "demo_options.h"
#include "intel_paint.h"

enum { PROCESSES_MAX = 16, WIDTH = 300, HEIGHT = 200 };

static const char *path = "/dev/dri/card0";
static int processes = 8, rounds = 20;

/* ---- alone ---- */

static const uint32_t tilings[] = {I915_TILING_NONE, I915_TILING_X, I915_TILING_Y};
static const char *const tiling_names[] = {"linear", "X", "Y"};

/* Rectangles back and forth between two pictures, by one batch after the other. */
static void blit_between(drm_intel_bufmgr *manager, unsigned ring, uint32_t from_tiling,
	uint32_t to_tiling)
{
	struct picture *a = picture_create(manager, WIDTH, HEIGHT, from_tiling);
	struct picture *b = picture_create(manager, WIDTH, HEIGHT, to_tiling);
	struct brush brush;

	brush_init(&brush, manager, ring);
	picture_draw(a, 1);
	picture_draw(b, 2);
	for (unsigned i = 0; i < 30; i++) {
		brush_copy(&brush, b, i * 5, i * 3, 100, 90, a, 150 - i * 3, i * 2);
		brush_fill(&brush, b, 200 - i, 100 + i, 7, 5, 0x01020304 * i);
		brush_copy(&brush, a, i * 2, i, 120, 60, b, i, 140 - i * 4);
		if (i % 3 == 0)
			TRY(brush_run(&brush));
	}
	TRY(brush_run(&brush));
	picture_check(a, 0, WIDTH);
	picture_check(b, 0, WIDTH);
	brush_finish(&brush);
	picture_destroy(a);
	picture_destroy(b);
}

static void blit_all_ways(drm_intel_bufmgr *manager)
{
	static const unsigned rings[] = {I915_EXEC_RENDER, I915_EXEC_BLT};
	static const char *const ring_names[] = {"render", "blitter"};

	for (unsigned ring = 0; ring < 2; ring++) {
		for (unsigned i = 0; i < 9; i++) {
			blit_between(manager, rings[ring], tilings[i / 3], tilings[i % 3]);
			printf("%s ring: %s and %s, every pixel right\n", ring_names[ring],
				tiling_names[i / 3], tiling_names[i % 3]);
		}
	}
}

/* Many batches in a row keep a picture busy; waiting for it ends that. */
static void wait_for_it(drm_intel_bufmgr *manager)
{
	struct picture *picture = picture_create(manager, 2048, 2048, I915_TILING_X);
	unsigned busy = 0;
	struct brush brush;

	brush_init(&brush, manager, I915_EXEC_RENDER);
	for (unsigned i = 0; i < 20; i++) {
		brush_fill(&brush, picture, 0, 0, 2048, 2048, i);
		TRY(brush_run(&brush));
		busy += drm_intel_bo_busy(picture->bo) != 0;
	}
	REQUIRE(busy > 0);
	drm_intel_bo_wait_rendering(picture->bo);
	REQUIRE(!drm_intel_bo_busy(picture->bo));
	REQUIRE(!drm_intel_bo_busy(brush.last));
	brush_fill(&brush, picture, 0, 0, 2048, 2048, 99);
	TRY(brush_run(&brush));
	TRY(drm_intel_gem_bo_wait(picture->bo, 5000000000));
	REQUIRE(!drm_intel_bo_busy(picture->bo));
	picture_check(picture, 0, 2048);
	printf("busy after %u of 20 batches, idle after waiting\n", busy);
	brush_finish(&brush);
	picture_destroy(picture);
}

/* A scene of more bytes than the aperture has, one batch after the other. */
static void fill_more_than_the_aperture(drm_intel_bufmgr *manager)
{
	enum { PICTURES = 40, SIDE = 2048, PART = 128 }; /* 16 MiB each */
	struct picture *pictures[PICTURES];
	struct brush brush;

	brush_init(&brush, manager, I915_EXEC_RENDER);
	for (unsigned i = 0; i < PICTURES; i++) {
		pictures[i] = picture_create(manager, SIDE, SIDE, i % 4 ? I915_TILING_X :
			I915_TILING_NONE);
		brush_fill(&brush, pictures[i], 0, 0, SIDE, PART, i);
		TRY(brush_run(&brush));
	}
	for (unsigned i = 0; i < PICTURES * 2; i++) {
		struct picture *from = pictures[i * 7 % PICTURES], *to = pictures[i % PICTURES];

		if (from == to)
			continue;
		brush_copy(&brush, to, i * 8, 16, PART, PART / 2, from, i * 4, 0);
		TRY(brush_run(&brush));
	}
	for (unsigned i = 0; i < PICTURES; i++) {
		pictures[i]->height = PART;
		picture_check(pictures[i], 0, SIDE);
		picture_destroy(pictures[i]);
	}
	printf("%u pictures of 16 MiB drawn in turns\n", PICTURES);
	brush_finish(&brush);
}

/* One batch over more than the aperture. */
static void ask_too_much(drm_intel_bufmgr *manager)
{
	enum { PICTURES = 9, SIDE = 4096 }; /* 64 MiB each */
	struct picture *pictures[PICTURES];
	struct brush brush;

	brush_init(&brush, manager, I915_EXEC_RENDER);
	for (unsigned i = 0; i < PICTURES; i++) {
		pictures[i] = picture_create(manager, SIDE, SIDE, I915_TILING_NONE);
		brush_fill(&brush, pictures[i], 0, 0, 16, 1, i);
	}
	REQUIRE(brush_run(&brush) == -ENOSPC);
	printf("a batch over %u pictures of 64 MiB: no space\n", PICTURES);
	brush_fill(&brush, pictures[0], 0, 0, 16, 1, 77);
	TRY(brush_run(&brush));
	pictures[0]->height = 1;
	picture_check(pictures[0], 0, 16);
	for (unsigned i = 0; i < PICTURES; i++)
		picture_destroy(pictures[i]);
	brush_finish(&brush);
}

/* ---- together ---- */

enum { SHARED = 4, STRIPE = 40 };

struct shared {
	uint32_t name;
	unsigned long pitch;
};

static uint32_t stripe_width(void)
{
	return processes * STRIPE;
}

/*
 * Each process has a stripe of all shared pictures: what it does there does not
 * depend on the others, whose batches on the same pictures come in between.
 */
static void draw_stripe(const struct shared *shared, unsigned index)
{
	struct picture *pictures[SHARED], *own;
	uint32_t x = index * STRIPE;
	struct brush brush;
	int fd;

	drm_intel_bufmgr *manager = paint_open(path, &fd);
	brush_init(&brush, manager, index & 1 ? I915_EXEC_BLT : I915_EXEC_RENDER);
	own = picture_create(manager, STRIPE, HEIGHT, I915_TILING_NONE);
	picture_draw(own, index);
	for (unsigned i = 0; i < SHARED; i++) {
		pictures[i] = picture_open(manager, shared[i].name, stripe_width(), HEIGHT,
			shared[i].pitch);
		brush_copy(&brush, pictures[i], x, 0, STRIPE, HEIGHT, own, 0, 0);
	}
	for (unsigned round = 0; round < rounds; round++) {
		struct picture *from = pictures[round % SHARED];
		struct picture *to = pictures[(round + 1) % SHARED];

		brush_copy(&brush, to, x + 3, 5, STRIPE - 3, HEIGHT - 5, from, x, 0);
		brush_fill(&brush, to, x, round % HEIGHT, STRIPE, 1, round << 8 | index);
		brush_copy(&brush, own, 0, 0, STRIPE, HEIGHT, to, x, 0);
		TRY(brush_run(&brush));
	}
	picture_check(own, 0, STRIPE);
	for (unsigned i = 0; i < SHARED; i++) {
		picture_check(pictures[i], x, x + STRIPE);
		picture_destroy(pictures[i]);
	}
	picture_destroy(own);
	brush_finish(&brush);
	drm_intel_bufmgr_destroy(manager);
	close(fd);
}

/*
 * A picture goes round: each process moves it by one pixel when it is its turn,
 * and passes the turn on as soon as the batch is submitted. Nobody waits for the
 * GPU; that the batches wait for each other is the device's business.
 */
static void pass_round(const struct shared *shared, unsigned index, int in, int out)
{
	struct picture *pictures[2];
	struct brush brush;
	char turn;
	int fd;

	drm_intel_bufmgr *manager = paint_open(path, &fd);
	brush_init(&brush, manager, index & 1 ? I915_EXEC_BLT : I915_EXEC_RENDER);
	for (unsigned i = 0; i < 2; i++)
		pictures[i] = picture_open(manager, shared[i].name, stripe_width(), HEIGHT,
			shared[i].pitch);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned step = round * processes + index;
		struct picture *from = pictures[step % 2], *to = pictures[(step + 1) % 2];

		REQUIRE(read(in, &turn, 1) == 1);
		brush_copy(&brush, to, 1, 0, stripe_width() - 1, HEIGHT, from, 0, 0);
		brush_copy(&brush, to, 0, 0, 1, HEIGHT, from, stripe_width() - 1, 0);
		TRY(brush_run(&brush));
		REQUIRE(write(out, &turn, 1) == 1);
	}
	for (unsigned i = 0; i < 2; i++)
		picture_destroy(pictures[i]);
	brush_finish(&brush);
	drm_intel_bufmgr_destroy(manager);
	close(fd);
}

static void wait_for_children(void)
{
	for (unsigned i = 0; i < processes; i++) {
		int status;

		REQUIRE(wait(&status) > 0);
		REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	}
}

static void start_stripes(const struct shared *shared)
{
	fflush(stdout);
	for (unsigned i = 0; i < processes; i++) {
		pid_t pid = fork();

		REQUIRE(pid >= 0);
		if (pid == 0) {
			draw_stripe(shared, i);
			exit(EXIT_SUCCESS);
		}
	}
	wait_for_children();
}

static void start_round(const struct shared *shared)
{
	int ring[PROCESSES_MAX][2];

	fflush(stdout);
	for (unsigned i = 0; i < processes; i++)
		REQUIRE(pipe(ring[i]) == 0);
	for (unsigned i = 0; i < processes; i++) {
		pid_t pid = fork();

		REQUIRE(pid >= 0);
		if (pid == 0) {
			pass_round(shared, i, ring[i][0], ring[(i + 1) % processes][1]);
			exit(EXIT_SUCCESS);
		}
	}
	REQUIRE(write(ring[0][1], "", 1) == 1);
	wait_for_children();
	for (unsigned i = 0; i < processes; i++) {
		close(ring[i][0]);
		close(ring[i][1]);
	}
}

static void share(struct picture **pictures, struct shared *shared, drm_intel_bufmgr *manager)
{
	for (unsigned i = 0; i < SHARED; i++) {
		pictures[i] = picture_create(manager, stripe_width(), HEIGHT, i & 1 ?
			I915_TILING_X : I915_TILING_NONE);
		shared[i] = (struct shared){picture_name(pictures[i]), pictures[i]->pitch};
	}
}

static void draw_together(drm_intel_bufmgr *manager)
{
	struct picture *pictures[SHARED];
	struct shared shared[SHARED];

	share(pictures, shared, manager);
	start_stripes(shared);
	printf("%u processes, %u rounds in stripes of %u shared pictures, every pixel right\n",
		processes, rounds, SHARED);
	picture_draw(pictures[0], 5);
	start_round(shared);
	/* What it should be: moved once for each turn. */
	struct picture *last = pictures[rounds * processes % 2];
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < stripe_width(); x++)
			last->want[y * stripe_width() + (x + rounds * processes) % stripe_width()] =
				(x + 5 * 17) * 2654435761u ^ y * 40503u * 6;
	}
	picture_check(last, 0, stripe_width());
	printf("%u processes, %u turns of one picture, every pixel right\n", processes,
		rounds * processes);
	for (unsigned i = 0; i < SHARED; i++)
		picture_destroy(pictures[i]);
}

static void run(void)
{
	int fd;
	drm_intel_bufmgr *manager = paint_open(path, &fd);

	blit_all_ways(manager);
	wait_for_it(manager);
	fill_more_than_the_aperture(manager);
	ask_too_much(manager);
	draw_together(manager);
	drm_intel_bufmgr_destroy(manager);
	close(fd);
	printf("all is well\n");
}

int main(int argc, char **argv)
{
	static const struct demo_option table[] = {
		{"device", "the card (default: /dev/dri/card0)", .text = &path},
		{"processes", "that draw at once (1 to 16; default: 8)", .number = &processes,
			.least = 1, .most = PROCESSES_MAX},
		{"rounds", "of each (default: 20)", .number = &rounds, .least = 1,
			.most = 1000000},
		{0},
	};

	demo_options(argc, argv,
		"Draws with the GPU of a card by libdrm_intel, and checks every pixel. Needs the\n"
		"right to share names on the card.", table);
	run();
	return EXIT_SUCCESS;
}
