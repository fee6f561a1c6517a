#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "uapi_sync.h"

enum { SETTLE_TRIES = 1000, SETTLE_MICROSECONDS = 5000 };

void fuzz_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	/* A core, and a sanitizer's stack. */
	abort();
}

void fuzz_options_parse(struct fuzz_options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool number = i + 1 < argc;

		if (strcmp(argv[i], "--verbose") == 0)
			options->verbose = true;
		else if (number && strcmp(argv[i], "--seed") == 0)
			options->seed = strtoull(argv[++i], NULL, 0);
		else if (number && strcmp(argv[i], "--calls") == 0)
			options->calls = strtoull(argv[++i], NULL, 0);
		else if (number && strcmp(argv[i], "--threads") == 0)
			options->threads = strtoul(argv[++i], NULL, 0);
		else {
			fprintf(stderr, "%s [--seed N] [--calls N] [--threads N] [--verbose]\n",
				argv[0]);
			exit(2);
		}
	}
	if (!options->threads)
		options->threads = 1;
}

void fuzz_rng_init(struct fuzz_rng *rng, uint64_t seed)
{
	rng->state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	for (int i = 0; i < 8; i++)
		fuzz_next(rng);
}

/* xorshift64* */
uint64_t fuzz_next(struct fuzz_rng *rng)
{
	rng->state ^= rng->state >> 12;
	rng->state ^= rng->state << 25;
	rng->state ^= rng->state >> 27;
	return rng->state * 0x2545f4914f6cdd1dull;
}

uint32_t fuzz_below(struct fuzz_rng *rng, uint32_t below)
{
	return (fuzz_next(rng) >> 32) * below >> 32;
}

bool fuzz_one_in(struct fuzz_rng *rng, uint32_t n)
{
	return fuzz_below(rng, n) == 0;
}

uint64_t fuzz_odd(struct fuzz_rng *rng)
{
	static const uint64_t values[] = {0, 1, 2, 4095, 4096, 4097, 65535, 65536, 1u << 20,
		INT32_MAX, 0x80000000u, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX,
		UINT64_MAX - 4095};
	uint64_t value = values[fuzz_below(rng, GEM_ARRAY_SIZE(values))];

	switch (fuzz_below(rng, 4)) {
	case 0:
		return fuzz_next(rng);
	case 1:
		return value + fuzz_below(rng, 16) - 8;
	default:
		return value;
	}
}

void fuzz_mutate(struct fuzz_rng *rng, void *data, size_t size)
{
	if (!size)
		return;
	for (unsigned i = 1 + fuzz_below(rng, 3); i; i--) {
		uint64_t value = fuzz_odd(rng);
		size_t width = 1u << fuzz_below(rng, 4);

		if (width > size)
			width = 1;
		memcpy((uint8_t *)data + fuzz_below(rng, size / width) * width, &value, width);
	}
}

/* Two monitors and a writeback. */
enum { CONNECTORS = 3 };

static void describe(struct kms_device_desc *desc, struct kms_plane_desc *planes,
	struct kms_connector_desc *connectors, struct kms_crtc_desc *crtcs)
{
	*desc = *kms_device_desc_default();
	unsigned count = desc->plane_count;

	/* Two heads; the overlays go to either. */
	for (unsigned i = 0; i < 2 * count; i++) {
		planes[i] = desc->planes[i % count];
		planes[i].possible_crtcs = planes[i].type == KMS_PLANE_OVERLAY ? 3 : 1 << i / count;
	}
	for (unsigned i = 0; i < CONNECTORS; i++) {
		connectors[i] = desc->connectors[i / 2];
		connectors[i].possible_crtcs = 3;
		connectors[i].possible_clones = 7;
	}
	desc->planes = planes;
	desc->plane_count = 2 * count;
	desc->connectors = connectors;
	desc->connector_count = CONNECTORS;
	desc->crtc_count = 2;
	desc->crtcs = crtcs;
	crtcs[0] = crtcs[1] = kms_device_desc_default()->crtcs[0];
	crtcs[1].max_planes = 2;
	crtcs[1].max_scalers = 1;
}

void fuzz_cards_start(struct fuzz_cards *cards, uint64_t seed)
{
	const struct gem_memory_options memory[FUZZ_CARDS] = {
		{.budget = seed % 3 ? 96 << 20 : 24 << 20, .phys = 4 << 20,
			.stolen = 2 << 20, .swap_limit = 32 << 20,
			.no_swap = seed % 4 == 3},
		{.budget = seed % 5 ? 128 << 20 : 32 << 20, .local = 16 << 20, .strict = seed & 1},
	};
	struct kms_plane_desc planes[KMS_MAX_PLANES];
	struct kms_connector_desc connectors[CONNECTORS];
	struct kms_crtc_desc crtcs[2];
	struct kms_device_desc desc;

	describe(&desc, planes, connectors, crtcs);
	if (vfs_create(&cards->vfs))
		fuzz_fail("vfs_create");
	uapi_sw_sync_node_init(&cards->sw_sync);
	if (vfs_add_node(cards->vfs, &cards->sw_sync))
		fuzz_fail("sw_sync");
	for (unsigned i = 0; i < FUZZ_CARDS; i++) {
		const struct uapi_options options = {.memory = memory[i], .gpu.hang_ms = 20};
		int ret = uapi_device_create(&desc, i ? "i915" : NULL, &options,
			&cards->cards[i]);
		if (ret)
			fuzz_fail("card %u: %s", i, strerror(-ret));
		for (unsigned kind = 0; kind < 2; kind++) {
			struct vfs_node *node = &cards->nodes[2 * i + kind];
			uapi_node_init(node, cards->cards[i], kind, i);
			if (vfs_add_node(cards->vfs, node))
				fuzz_fail("node");
		}
		if (uapi_debugfs_create(cards->cards[i], cards->vfs, i, &cards->debugfs[i]))
			fuzz_fail("debugfs");
		cards->mode_objects[i] = cards->cards[i]->kms->objects.count;
	}
}

static void check_number(const char *what, unsigned card, unsigned long long value)
{
	if (value)
		fuzz_fail("card %u: %llu %s left", card, value, what);
}

/* A request that is still on the GPU keeps its objects until it retires, as in a kernel: after its
 * file's close, that is a moment later.
 */
static void wait_for_requests(struct gem_device *gem)
{
	for (unsigned i = 0; i < SETTLE_TRIES && gem->object_count; i++)
		usleep(SETTLE_MICROSECONDS);
}

/* All files are closed: what they made must be gone. */
static void check_card(struct fuzz_cards *cards, unsigned i)
{
	struct uapi_device *dev = cards->cards[i];

	wait_for_requests(&dev->gem);
	check_number("mode objects", i, dev->kms->objects.count - cards->mode_objects[i]);
	check_number("files", i, dev->open_count);
	check_number("masters", i, dev->master != NULL);
	check_number("objects", i, dev->gem.object_count);
	check_number("bytes", i, dev->gem.object_bytes);
	check_number("names", i, dev->gem.name_idr.count);
	check_number("fake offsets", i, dev->gem.vma_manager.range.root != NULL);
	check_number("bytes resident", i, dev->gem.memory.resident);
	check_number("bytes in swap", i, dev->gem.memory.swap.places.used);
	for (unsigned r = 0; r < GEM_REGION_COUNT; r++)
		check_number("bytes in a region", i, dev->gem.memory.regions[r].used);
	for (unsigned c = 0; c < dev->kms->crtc_count; c++) {
		check_number("lit crtcs", i, dev->kms->crtcs[c].state.active);
		check_number("commits", i, dev->kms->crtcs[c].pending.active);
	}
	for (unsigned p = 0; p < dev->kms->plane_count; p++) {
		check_number("framebuffers", i, dev->kms->planes[p].state.fb != NULL);
		check_number("framebuffers shown", i, dev->kms->planes[p].scanout.fb != NULL);
	}
}

void fuzz_cards_stop(struct fuzz_cards *cards)
{
	const struct kms_connector_desc *desc = &kms_device_desc_default()->connectors[0];

	vfs_reap(cards->vfs);
	for (unsigned i = 0; i < FUZZ_CARDS; i++) {
		/* What is unplugged has no EDID. */
		if (kms_connector_set(&cards->cards[i]->kms->connectors[1], true, desc->modes,
			desc->mode_count))
			fuzz_fail("hotplug");
		check_card(cards, i);
	}
	for (unsigned i = 0; i < FUZZ_CARDS; i++)
		uapi_debugfs_destroy(cards->debugfs[i]);
	vfs_destroy(cards->vfs);
	for (unsigned i = 0; i < FUZZ_CARDS; i++)
		uapi_device_stop(cards->cards[i]);
	for (unsigned i = 0; i < FUZZ_CARDS; i++)
		uapi_device_destroy(cards->cards[i]);
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	if (!dir)
		fuzz_fail("%s: %s", path, strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

void fuzz_count(struct fuzz_counts *counts)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[512];

	counts->fds = count_entries("/proc/self/fd");
	counts->threads = count_entries("/proc/self/task");
	counts->maps = 0;
	while (fgets(line, sizeof(line), file))
		counts->maps += strstr(line, "/memfd:") != NULL;
	fclose(file);
}

void fuzz_check_counts(const char *when, const struct fuzz_counts *want)
{
	struct fuzz_counts now;

	for (unsigned i = 0; i < SETTLE_TRIES; i++) {
		fuzz_count(&now);
		if (memcmp(&now, want, sizeof(now)) == 0)
			return;
		usleep(SETTLE_MICROSECONDS);
	}
	fuzz_fail("%s: descriptors %d, were %d; threads %d, were %d; mappings %d, were %d", when,
		now.fds, want->fds, now.threads, want->threads, now.maps, want->maps);
}
