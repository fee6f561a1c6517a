/*
 * testcard-intel: buffer objects by libdrm_intel, on whatever card is there with
 * an i915 driver: allocate, map, tile, copy in and out, name, open by name in a
 * second process, change domains, advise, ask for space. Says what it did; ends
 * with 1 at the first thing that is not as it should be.
 */
#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>

#include "demo_options.h"
#include "intel_paint.h"

enum { BO_SIZE = 256 << 10, WIDTH = 300, HEIGHT = 200, TEXT_SIZE = 32 };

static const char first_text[TEXT_SIZE] = "from the first process";
static const char second_text[TEXT_SIZE] = "from the second process";

static uint32_t pattern(uint32_t x, uint32_t y)
{
	return (x * 2654435761u) ^ (y * 40503u);
}

static void show_device(int fd, drm_intel_bufmgr *manager)
{
	size_t mappable = 0, total = 0;

	drmVersion *version = drmGetVersion(fd);
	REQUIRE(version);
	printf("driver %s %d.%d.%d, device 0x%04x\n", version->name, version->version_major,
		version->version_minor, version->version_patchlevel,
		drm_intel_bufmgr_gem_get_devid(manager));
	drmFreeVersion(version);
	/* By libpciaccess: a card of another bus has no answer. */
	if (drm_intel_get_aperture_sizes(fd, &mappable, &total) == 0)
		printf("aperture %zu MiB mappable, %zu MiB in all\n", mappable >> 20, total >> 20);
}

static void copy_in_and_out(drm_intel_bufmgr *manager)
{
	drm_intel_bo *bo = drm_intel_bo_alloc(manager, "copies", BO_SIZE, 4096);
	uint8_t *want = malloc(BO_SIZE), *got = malloc(BO_SIZE);

	REQUIRE(bo && want && got);
	REQUIRE(bo->size >= BO_SIZE);
	for (unsigned i = 0; i < BO_SIZE; i++)
		want[i] = i * 7 + (i >> 8);
	TRY(drm_intel_bo_subdata(bo, 0, BO_SIZE, want));
	TRY(drm_intel_bo_get_subdata(bo, 0, BO_SIZE, got));
	REQUIRE(memcmp(want, got, BO_SIZE) == 0);
	TRY(drm_intel_bo_subdata(bo, 12345, 3, "abc"));
	memcpy(want + 12345, "abc", 3);
	TRY(drm_intel_bo_map(bo, 0));
	REQUIRE(memcmp(bo->virtual, want, BO_SIZE) == 0);
	TRY(drm_intel_bo_unmap(bo));
	printf("%u KiB written and read back, by copies and by a map\n", BO_SIZE >> 10);
	drm_intel_bo_unreference(bo);
	free(want);
	free(got);
}

/* What one way of mapping writes, the other ways see. */
static void map_all_ways(drm_intel_bufmgr *manager)
{
	drm_intel_bo *bo = drm_intel_bo_alloc(manager, "maps", BO_SIZE, 4096);
	uint32_t value;

	REQUIRE(bo);
	TRY(drm_intel_bo_map(bo, 1));
	((uint32_t *)bo->virtual)[100] = 0x11223344;
	TRY(drm_intel_bo_unmap(bo));
	TRY(drm_intel_gem_bo_map_gtt(bo));
	REQUIRE(((uint32_t *)bo->virtual)[100] == 0x11223344);
	((uint32_t *)bo->virtual)[101] = 0x55667788;
	TRY(drm_intel_gem_bo_unmap_gtt(bo));
	drm_intel_gem_bo_start_gtt_access(bo, 1);
	drm_intel_bo_wait_rendering(bo);
	TRY(drm_intel_bo_get_subdata(bo, 101 * 4, 4, &value));
	REQUIRE(value == 0x55667788);
	REQUIRE(!drm_intel_bo_busy(bo));
	TRY(drm_intel_gem_bo_wait(bo, 1000000000));
	printf("mapped by the CPU and through the aperture\n");
	drm_intel_bo_unreference(bo);
}

/* Written through the aperture, which detiles; the memory is in another order. */
static void use_tiling(drm_intel_bufmgr *manager, uint32_t tiling, const char *name)
{
	uint32_t got_tiling = tiling, swizzle, differ = 0;
	unsigned long pitch = 0;
	drm_intel_bo *bo = drm_intel_bo_alloc_tiled(manager, "tiled", WIDTH, HEIGHT, 4, &got_tiling,
		&pitch, 0);

	REQUIRE(bo && got_tiling == tiling && pitch >= WIDTH * 4);
	TRY(drm_intel_bo_get_tiling(bo, &got_tiling, &swizzle));
	REQUIRE(got_tiling == tiling);
	TRY(drm_intel_gem_bo_map_gtt(bo));
	for (uint32_t y = 0; y < HEIGHT; y++) {
		uint32_t *row = (uint32_t *)((char *)bo->virtual + y * pitch);
		for (uint32_t x = 0; x < WIDTH; x++)
			row[x] = pattern(x, y);
	}
	for (uint32_t y = 0; y < HEIGHT; y++) {
		uint32_t *row = (uint32_t *)((char *)bo->virtual + y * pitch);
		for (uint32_t x = 0; x < WIDTH; x++)
			REQUIRE(row[x] == pattern(x, y));
	}
	TRY(drm_intel_gem_bo_unmap_gtt(bo));
	TRY(drm_intel_bo_map(bo, 0));
	for (uint32_t y = 0; y < HEIGHT; y++) {
		uint32_t *row = (uint32_t *)((char *)bo->virtual + y * pitch);
		for (uint32_t x = 0; x < WIDTH; x++)
			differ += row[x] != pattern(x, y);
	}
	TRY(drm_intel_bo_unmap(bo));
	REQUIRE(differ > 0);
	printf("%s tiling, pitch %lu: linear through the aperture, %u of %u pixels elsewhere in "
		"memory\n", name, pitch, differ, WIDTH * HEIGHT);
	drm_intel_bo_unreference(bo);
}

static void set_tiling(drm_intel_bufmgr *manager)
{
	drm_intel_bo *bo = drm_intel_bo_alloc(manager, "to be tiled", BO_SIZE, 4096);
	uint32_t tiling = I915_TILING_X, swizzle;

	REQUIRE(bo);
	TRY(drm_intel_bo_set_tiling(bo, &tiling, 2048));
	REQUIRE(tiling == I915_TILING_X);
	TRY(drm_intel_bo_get_tiling(bo, &tiling, &swizzle));
	REQUIRE(tiling == I915_TILING_X);
	tiling = I915_TILING_NONE;
	TRY(drm_intel_bo_set_tiling(bo, &tiling, 0));
	printf("tiling set and taken back\n");
	drm_intel_bo_unreference(bo);
}

static void advise(drm_intel_bufmgr *manager)
{
	drm_intel_bo *bo = drm_intel_bo_alloc(manager, "not needed", BO_SIZE, 4096);
	int there;

	REQUIRE(bo);
	TRY(drm_intel_bo_subdata(bo, 0, TEXT_SIZE, first_text));
	there = drm_intel_bo_madvise(bo, I915_MADV_DONTNEED);
	printf("not needed: contents %s\n", there ? "still there" : "gone");
	there = drm_intel_bo_madvise(bo, I915_MADV_WILLNEED);
	printf("needed again: contents %s\n", there ? "still there" : "gone");
	if (there) {
		char text[TEXT_SIZE];
		TRY(drm_intel_bo_get_subdata(bo, 0, TEXT_SIZE, text));
		REQUIRE(memcmp(text, first_text, TEXT_SIZE) == 0);
	}
	drm_intel_bo_unreference(bo);
}

/* A batch over a few objects fits; one over more than the aperture does not. */
static void check_space(int fd, drm_intel_bufmgr *manager)
{
	struct drm_i915_gem_get_aperture aperture = {0};
	drm_intel_bo *bos[3];

	TRY(drmIoctl(fd, DRM_IOCTL_I915_GEM_GET_APERTURE, &aperture));
	for (unsigned i = 0; i < 3; i++) {
		bos[i] = drm_intel_bo_alloc(manager, "space", i == 2 ? aperture.aper_size : BO_SIZE,
			4096);
		REQUIRE(bos[i]);
	}
	REQUIRE(drm_intel_bufmgr_check_aperture_space(bos, 2) == 0);
	REQUIRE(drm_intel_bufmgr_check_aperture_space(bos, 3) != 0);
	printf("two objects fit the aperture of %" PRIu64 " MiB, one of its size beside them not\n",
		(uint64_t)aperture.aper_size >> 20);
	for (unsigned i = 0; i < 3; i++)
		drm_intel_bo_unreference(bos[i]);
}

static void use_context(drm_intel_bufmgr *manager)
{
	drm_intel_context *context = drm_intel_gem_context_create(manager);
	uint32_t id;

	if (!context) {
		printf("no contexts on this part\n");
		return;
	}
	TRY(drm_intel_gem_context_get_id(context, &id));
	printf("context %u made\n", id);
	drm_intel_gem_context_destroy(context);
}

/* Second process: opens the object by its name, reads, answers. */
static int run_second(const char *path, uint32_t name)
{
	int fd;
	drm_intel_bufmgr *manager = paint_open(path, &fd);
	char text[TEXT_SIZE];

	drm_intel_bo *bo = drm_intel_bo_gem_create_from_name(manager, "named", name);
	REQUIRE(bo);
	REQUIRE(bo->size == BO_SIZE);
	TRY(drm_intel_bo_get_subdata(bo, 0, TEXT_SIZE, text));
	REQUIRE(memcmp(text, first_text, TEXT_SIZE) == 0);
	printf("second process: object %u opened by name, it says \"%s\"\n", name, text);
	fflush(stdout);
	TRY(drm_intel_bo_map(bo, 1));
	memcpy((char *)bo->virtual + 4096, second_text, TEXT_SIZE);
	TRY(drm_intel_bo_unmap(bo));
	drm_intel_bo_unreference(bo);
	drm_intel_bufmgr_destroy(manager);
	close(fd);
	return EXIT_SUCCESS;
}

static void share_name(drm_intel_bufmgr *manager, const char *path)
{
	drm_intel_bo *bo = drm_intel_bo_alloc(manager, "named", BO_SIZE, 4096);
	char text[TEXT_SIZE], number[16];
	uint32_t name;
	int status;

	REQUIRE(bo);
	TRY(drm_intel_bo_subdata(bo, 0, TEXT_SIZE, first_text));
	TRY(drm_intel_bo_flink(bo, &name));
	printf("object named %u\n", name);
	fflush(stdout);
	snprintf(number, sizeof(number), "%u", name);
	pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		execl("/proc/self/exe", "testcard-intel", "--device", path, "--second", number,
			(char *)NULL);
		_exit(EXIT_FAILURE);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	TRY(drm_intel_bo_get_subdata(bo, 4096, TEXT_SIZE, text));
	REQUIRE(memcmp(text, second_text, TEXT_SIZE) == 0);
	printf("first process: the object now says \"%s\"\n", text);
	drm_intel_bo_unreference(bo);
}

static void share_prime(drm_intel_bufmgr *manager, const char *path)
{
	drm_intel_bo *bo = drm_intel_bo_alloc(manager, "exported", BO_SIZE, 4096);
	int dma_buf, other_fd;
	drm_intel_bufmgr *other = paint_open(path, &other_fd);
	char text[TEXT_SIZE];

	REQUIRE(bo);
	TRY(drm_intel_bo_subdata(bo, 0, TEXT_SIZE, first_text));
	TRY(drm_intel_bo_gem_export_to_prime(bo, &dma_buf));
	drm_intel_bo *imported = drm_intel_bo_gem_create_from_prime(other, dma_buf, BO_SIZE);
	REQUIRE(imported);
	TRY(drm_intel_bo_get_subdata(imported, 0, TEXT_SIZE, text));
	REQUIRE(memcmp(text, first_text, TEXT_SIZE) == 0);
	printf("exported as a dma-buf and imported by another file\n");
	drm_intel_bo_unreference(imported);
	drm_intel_bo_unreference(bo);
	drm_intel_bufmgr_destroy(other);
	close(dma_buf);
	close(other_fd);
}

static int run_first(const char *path)
{
	int fd;
	drm_intel_bufmgr *manager = paint_open(path, &fd);

	show_device(fd, manager);
	copy_in_and_out(manager);
	map_all_ways(manager);
	use_tiling(manager, I915_TILING_X, "X");
	use_tiling(manager, I915_TILING_Y, "Y");
	set_tiling(manager);
	advise(manager);
	check_space(fd, manager);
	use_context(manager);
	share_name(manager, path);
	share_prime(manager, path);
	drm_intel_bufmgr_destroy(manager);
	close(fd);
	printf("all is well\n");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *path = "/dev/dri/card0";
	int name = 0;
	const struct demo_option table[] = {
		{"device", "the card (default: /dev/dri/card0)", .text = &path},
		{"second", NULL, .number = &name, .least = 1, .most = INT32_MAX},
		{0},
	};

	demo_options(argc, argv,
		"Uses buffer objects of a card by libdrm_intel, and says what it did. Needs a card\n"
		"with i915's requests, and the right to share names on it.", table);
	return name ? run_second(path, name) : run_first(path);
}
