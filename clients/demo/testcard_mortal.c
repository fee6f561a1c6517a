/*
 * testcard-mortal: takes one of everything that a client can hold, step by step,
 * and kills itself (SIGKILL: no destructor runs, nothing is given back) after the
 * step it was told. That nothing of it stays is the others' business.
 */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "demo_intel.h"
#include "demo_options.h"
#include "demo_share.h"

enum { PICTURES = 8, SIDE = 256, BIG = 2048, BATCHES = 40 };

/* Never given back, that is the point. */
static struct life {
	int card;
	drm_intel_bufmgr *manager;
	struct demo_window window;
	struct picture *pictures[PICTURES];
	struct demo_image names[PICTURES], fds[PICTURES];
	uint32_t fbs[PICTURES];
	drm_intel_context *context;
	struct demo_buffer buffer;
	struct demo_offer offer;
} life;

static void take_handles(void)
{
	for (unsigned i = 0; i < PICTURES; i++)
		life.pictures[i] = demo_picture_create(life.manager, SIDE, SIDE,
			i & 1 ? I915_TILING_X : I915_TILING_NONE);
}

static void take_names(void)
{
	demo_authenticate(&life.window, life.card);
	for (unsigned i = 0; i < PICTURES; i++)
		life.names[i] = demo_image_of(life.pictures[i], false);
}

static void take_fds(void)
{
	for (unsigned i = 0; i < PICTURES; i++)
		life.fds[i] = demo_image_of(life.pictures[i], true);
}

/* By the aperture, and by the dma-buf. */
static void take_mappings(void)
{
	for (unsigned i = 0; i < PICTURES; i++) {
		TRY(drm_intel_gem_bo_map_gtt(life.pictures[i]->bo));
		memset(life.pictures[i]->bo->virtual, 0x40, SIDE * 4);
		REQUIRE(mmap(NULL, SIDE * SIDE * 4, PROT_READ | PROT_WRITE, MAP_SHARED,
			life.fds[i].fd, 0) != MAP_FAILED);
	}
}

static void take_framebuffers(void)
{
	for (unsigned i = 0; i < PICTURES; i++) {
		uint32_t handles[4] = {life.pictures[i]->bo->handle};
		uint32_t pitches[4] = {life.names[i].stride}, offsets[4] = {0};

		TRY(drmModeAddFB2(life.card, SIDE, SIDE, DRM_FORMAT_XRGB8888, handles, pitches,
			offsets, &life.fbs[i], 0));
	}
}

static void take_context(void)
{
	life.context = drm_intel_gem_context_create(life.manager);
	REQUIRE(life.context);
}

static void take_window(void)
{
	demo_open(&life.window, "testcard-mortal", false);
	demo_buffer_init(&life.window, &life.buffer, &life.names[1]);
	demo_show(&life.window, &life.buffer);
	REQUIRE(demo_pace(&life.window));
}

static void take_offer(void)
{
	demo_offer_init(&life.offer, &life.window, "last will", &life.fds[0]);
}

/* More than the GPU has done by the time we are dead, onto what is shown as well. */
static void take_batch(void)
{
	struct picture *big = demo_picture_create(life.manager, BIG, BIG, I915_TILING_X);
	struct brush brush;

	brush_init(&brush, life.manager, I915_EXEC_RENDER);
	for (unsigned i = 0; i < BATCHES; i++) {
		brush_fill(&brush, big, 0, 0, BIG, BIG, i);
		brush_copy(&brush, life.pictures[1], 0, 0, SIDE, SIDE, big, 0, 0);
		TRY(brush_run(&brush));
	}
}

static const struct {
	const char *name;
	void (*take)(void);
} steps[] = {
	{"handles", take_handles}, {"names", take_names}, {"fds", take_fds},
	{"mappings", take_mappings}, {"framebuffers", take_framebuffers},
	{"context", take_context}, {"window", take_window}, {"offer", take_offer},
	{"batch", take_batch},
};

enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static unsigned step_of(const char *name)
{
	for (unsigned i = 0; i < STEPS; i++) {
		if (strcmp(steps[i].name, name) == 0)
			return i;
	}
	fprintf(stderr, "testcard-mortal: --at: no step %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *at = "batch", *device = "/dev/dri/card0";
	const struct demo_option table[] = {
		{"at", "dies after handles, names, fds, mappings, framebuffers, context, window,\n"
			"                    offer or batch (default: batch, the last)", .text = &at},
		{"device", "the card (default: /dev/dri/card0)", .text = &device},
		{0},
	};

	demo_options(argc, argv,
		"Takes all there is to hold, one after the other, and dies holding it.",
		table);
	unsigned last = step_of(at);
	life.manager = paint_open(device, &life.card);
	demo_connect(&life.window);
	printf("process %d\n", getpid());
	for (unsigned i = 0; i <= last; i++) {
		steps[i].take();
		printf("holds %s\n", steps[i].name);
	}
	fflush(stdout);
	raise(SIGKILL);
	return EXIT_FAILURE;
}
