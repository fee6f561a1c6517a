/* Dispatch and the requests about device and file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm_mode.h>

#include "uapi_fixture.h"
#include "wire.h"
#include "wire_layout.h"

#define IOCTL(fd, request, arg) fixture_ioctl(&fixture, fd, request, arg)

static struct uapi_fixture fixture;
static int card;

static void setup(void)
{
	fixture_init(&fixture);
	card = fixture_open_card(&fixture);
}

static void teardown(void)
{
	close(card);
	fixture_finish(&fixture);
}

/* ---- dispatch ---- */

struct refused_row {
	const char *name;
	unsigned long request;
	int want;
};

static const struct refused_row refused_rows[] = {
	{"number past the table", DRM_IOWR(0xff, struct drm_version), EINVAL},
	{"number without a row", DRM_IOWR(0x9f, struct drm_version), EINVAL},
	{"hole in the core numbers", DRM_IOWR(0x30, struct drm_version), EINVAL},
	{"first driver number, not authenticated", DRM_IO(DRM_COMMAND_BASE), EACCES},
	{"last driver number", DRM_IO(DRM_COMMAND_END - 1), EINVAL},
	{"removed legacy request", DRM_IOCTL_ADD_CTX, EINVAL},
	{"tcgets", 0x5401, ENOTTY},
	{"type of another driver", _IOWR('e', 0, struct drm_version), ENOTTY},
	{"zero", 0, ENOTTY},
	{"all ones", 0xffffffffu, ENOTTY},
};

TEST_ROWS(refused, struct refused_row, refused_rows)
{
	char room[16384] = {0};

	setup();
	CHECK_ERRNO(IOCTL(card, row->request, room), row->want);
	teardown();
}

/* Whom the server may ask more than came along: one rule in two tables. */
TEST(upcall_rows_are_the_layouts)
{
	for (unsigned nr = 0; nr < 256; nr++) {
		const struct uapi_ioctl *row = uapi_ioctl_find(nr);
		const struct wire_layout *layout = row ? wire_layout_find(row->cmd) : NULL;

		if (row)
			CHECK_INT(!!(row->flags & UAPI_UPCALL), layout && layout->upcalls);
	}
}

static void check_inside(const struct wire_layout *layout, uint32_t offset, uint32_t size)
{
	CHECK(offset + size <= _IOC_SIZE(layout->request));
}

/* What the client looks up is a row of the one table, by the same struct. */
TEST(layouts_are_of_the_table)
{
	const struct wire_layout *layout;
	unsigned found = 0;

	for (size_t i = 0; (layout = wire_layout_row(i)); i++) {
		if (_IOC_TYPE(layout->request) != DRM_IOCTL_BASE)
			continue;
		const struct uapi_ioctl *row = uapi_ioctl_find(_IOC_NR(layout->request));
		CHECK(row != NULL);
		CHECK_INT(row->cmd, layout->request);
		CHECK(wire_layout_find(row->cmd) == layout);
		for (unsigned k = 0; k < layout->array_count; k++) {
			const struct wire_array *array = &layout->arrays[k];

			check_inside(layout, array->pointer, array->pointer_size);
			check_inside(layout, array->count, array->count_size);
			CHECK(array->element > 0);
		}
		if (layout->fd_in != WIRE_NO_FIELD)
			check_inside(layout, layout->fd_in, sizeof(int));
		if (layout->fd_out != WIRE_NO_FIELD)
			check_inside(layout, layout->fd_out, sizeof(int));
		found++;
	}
	CHECK(found > 30);
}

/* An answer that is kept comes of the argument alone: nothing is read beside it, nothing made. */
TEST(kept_answers_are_answers_only)
{
	unsigned found = 0;

	for (unsigned nr = 0; nr < 256; nr++) {
		const struct uapi_ioctl *row = uapi_ioctl_find(nr);
		const struct wire_layout *layout = row ? wire_layout_find(row->cmd) : NULL;

		if (!row || !row->keeps)
			continue;
		found++;
		/* Who was allowed once is so again: no rule that changes with the master. */
		CHECK_INT(row->flags & (UAPI_AUTH | UAPI_MASTER | UAPI_ROOT_ONLY | UAPI_UPCALL), 0);
		CHECK((row->keeps & UAPI_KEEPS) == UAPI_KEEPS);
		if (!layout)
			continue;
		CHECK(!layout->value && !layout->maps && !layout->upcalls && !layout->chain);
		CHECK(layout->fd_in == WIRE_NO_FIELD && layout->fd_out == WIRE_NO_FIELD);
		for (unsigned k = 0; k < layout->array_count; k++)
			CHECK_INT(layout->arrays[k].direction, WIRE_SEG_OUT);
	}
	CHECK(found > 10);
}

TEST(not_a_device)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};

	setup();
	CHECK_ERRNO(IOCTL(0, DRM_IOCTL_GET_CAP, &cap), EBADF);
	teardown();
}

TEST(bad_pointer)
{
	setup();
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_GET_CAP, NULL), EFAULT);
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_GET_CAP, (void *)8), EFAULT);
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_GET_CAP, (void *)-8), EFAULT);
	teardown();
}

/* An older header's struct: the rest reads as zero and stays untouched. */
TEST(short_struct)
{
	struct drm_mode_create_dumb args;
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER, .value = 77};

	setup();
	CHECK_INT(IOCTL(card, _IOWR('d', 0x0c, uint64_t), &cap), 0);
	CHECK_INT(cap.value, 77);
	/*
	 * Only height and width arrive: bpp is zero, and not what the call just
	 * before left on the stack (hence without look-ups in between).
	 */
	struct drm_mode_create_dumb whole = {.width = 16, .height = 16, .bpp = 32};
	unsigned request = _IOC(_IOC_READ | _IOC_WRITE, 'd', 0xb2, 8);
	struct vfs_file *file;
	memset(&args, 0xff, sizeof(args));
	args.height = args.width = 16;
	CHECK_INT(vfs_file_from_fd(fixture.vfs, card, &file), 0);
	long first = file->ops->ioctl(file, DRM_IOCTL_MODE_CREATE_DUMB, (uintptr_t)&whole,
		&fixture.caller);
	long second = file->ops->ioctl(file, request, (uintptr_t)&args, &fixture.caller);
	vfs_file_put(file);
	CHECK_INT(first, 0);
	CHECK_INT(second, -EINVAL);
	CHECK_INT(args.bpp, UINT32_MAX);
	CHECK_INT(args.handle, UINT32_MAX);
	/* no struct at all */
	CHECK_ERRNO(IOCTL(card, _IO('d', 0xb2), &args), EINVAL);
	teardown();
}

/* A newer header's struct: what we do not know goes back as it came. */
TEST(long_struct)
{
	struct { struct drm_get_cap cap; char more[1000]; } args;

	setup();
	memset(&args, 0x5a, sizeof(args));
	args.cap.capability = DRM_CAP_PRIME;
	CHECK_INT(IOCTL(card, _IOC(_IOC_READ | _IOC_WRITE, 'd', 0x0c, sizeof(args)), &args), 0);
	CHECK_INT(args.cap.value, 3);
	for (size_t i = 0; i < sizeof(args.more); i++)
		CHECK_INT(args.more[i], 0x5a);
	teardown();
}

/* Direction bits are the caller's promise: no write promised, nothing read. */
TEST(direction_bits)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_PRIME, .value = 77};

	setup();
	CHECK_ERRNO(IOCTL(card, _IOC(_IOC_READ, 'd', 0x0c, sizeof(cap)), &cap), EINVAL);
	cap = (struct drm_get_cap){.capability = DRM_CAP_PRIME, .value = 77};
	CHECK_INT(IOCTL(card, _IOC(_IOC_WRITE, 'd', 0x0c, sizeof(cap)), &cap), 0);
	CHECK_INT(cap.value, 77);
	teardown();
}

/* ---- VERSION, GET_UNIQUE, SET_VERSION ---- */

TEST(version)
{
	char name[32] = "", date[32] = "", desc[64] = "";
	struct drm_version version = {
		.name = name, .name_len = sizeof(name), .date = date, .date_len = sizeof(date),
		.desc = desc, .desc_len = sizeof(desc),
	};

	setup();
	CHECK_INT(IOCTL(card, DRM_IOCTL_VERSION, &version), 0);
	CHECK_INT(version.version_major, 1);
	CHECK_INT(version.version_minor, 0);
	CHECK(strcmp(name, "testcard") == 0);
	CHECK_INT(version.name_len, 8);
	CHECK_INT(version.date_len, strlen(date));
	CHECK_INT(version.date_len, 8);
	CHECK_INT(version.desc_len, strlen(desc));
	teardown();
}

TEST(version_truncates)
{
	char name[8] = "........";
	struct drm_version version = {.name = name, .name_len = 4};

	setup();
	CHECK_INT(IOCTL(card, DRM_IOCTL_VERSION, &version), 0);
	CHECK(memcmp(name, "test....", 8) == 0);
	CHECK_INT(version.name_len, 8);
	/* lengths only, as libdrm's first call */
	version = (struct drm_version){0};
	CHECK_INT(IOCTL(card, DRM_IOCTL_VERSION, &version), 0);
	CHECK_INT(version.name_len, 8);
	CHECK_INT(version.date_len, 8);
	version = (struct drm_version){.name = (char *)16, .name_len = 4};
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_VERSION, &version), EFAULT);
	teardown();
}

TEST(unique_after_set_version)
{
	char text[32] = "";
	struct drm_unique unique = {.unique = text, .unique_len = sizeof(text)};
	struct drm_set_version version = {1, 0, -1, -1};

	setup();
	CHECK_INT(IOCTL(card, DRM_IOCTL_GET_UNIQUE, &unique), 0);
	CHECK_INT(unique.unique_len, 0);
	CHECK_INT(IOCTL(card, DRM_IOCTL_SET_VERSION, &version), 0);
	CHECK_INT(version.drm_di_minor, 4);
	CHECK_INT(version.drm_dd_major, 1);
	CHECK_INT(IOCTL(card, DRM_IOCTL_GET_UNIQUE, &unique), 0);
	CHECK_INT(unique.unique_len, 0);
	version = (struct drm_set_version){1, 4, -1, -1};
	CHECK_INT(IOCTL(card, DRM_IOCTL_SET_VERSION, &version), 0);
	unique.unique_len = 7; /* one too short: nothing but the length */
	CHECK_INT(IOCTL(card, DRM_IOCTL_GET_UNIQUE, &unique), 0);
	CHECK_INT(unique.unique_len, 8);
	CHECK_INT(text[0], 0);
	CHECK_INT(IOCTL(card, DRM_IOCTL_GET_UNIQUE, &unique), 0);
	CHECK(memcmp(text, "testcard", 9) == 0);
	teardown();
}

struct version_row {
	const char *name;
	struct drm_set_version version;
};

static const struct version_row bad_version_rows[] = {
	{"interface 2.0", {2, 0, -1, -1}},
	{"interface 1.5", {1, 5, -1, -1}},
	{"interface 1.-1", {1, -1, -1, -1}},
	{"driver 2", {-1, 0, 2, 0}},
	{"driver 1.1", {-1, 0, 1, 1}},
	{"driver 1.-1", {-1, 0, 1, -1}},
};

TEST_ROWS(set_version_refuses, struct version_row, bad_version_rows)
{
	struct drm_set_version version = row->version;

	setup();
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_SET_VERSION, &version), EINVAL);
	CHECK_INT(version.drm_di_major, 1); /* what we have comes back nevertheless */
	CHECK_INT(version.drm_di_minor, 4);
	CHECK_INT(version.drm_dd_major, 1);
	CHECK_INT(version.drm_dd_minor, 0);
	teardown();
}

/* ---- caps ---- */

struct cap_row {
	const char *name;
	uint64_t cap;
	int want; /* value, or -errno */
};

static const struct cap_row cap_rows[] = {
	{"dumb buffer", DRM_CAP_DUMB_BUFFER, 1},
	{"vblank high crtc", DRM_CAP_VBLANK_HIGH_CRTC, 1},
	{"preferred depth", DRM_CAP_DUMB_PREFERRED_DEPTH, 24},
	{"prefer shadow", DRM_CAP_DUMB_PREFER_SHADOW, 0},
	{"prime", DRM_CAP_PRIME, 3},
	{"monotonic", DRM_CAP_TIMESTAMP_MONOTONIC, 1},
	{"async flip", DRM_CAP_ASYNC_PAGE_FLIP, 1},
	{"cursor width", DRM_CAP_CURSOR_WIDTH, 64},
	{"cursor height", DRM_CAP_CURSOR_HEIGHT, 64},
	{"modifiers", DRM_CAP_ADDFB2_MODIFIERS, 1},
	{"flip target", DRM_CAP_PAGE_FLIP_TARGET, 1},
	{"crtc in event", DRM_CAP_CRTC_IN_VBLANK_EVENT, 1},
	{"syncobj", DRM_CAP_SYNCOBJ, 1},
	{"timeline", DRM_CAP_SYNCOBJ_TIMELINE, 1},
	{"zero", 0, -EINVAL},
	{"unknown", 0x99, -EINVAL},
	{"huge", UINT64_MAX, -EINVAL},
};

TEST_ROWS(get_cap, struct cap_row, cap_rows)
{
	struct drm_get_cap cap = {.capability = row->cap, .value = 99};

	setup();
	int want = row->want;
	if (row->cap == DRM_CAP_CURSOR_WIDTH)
		want = fixture.dev->kms->cursor_width;
	if (row->cap == DRM_CAP_CURSOR_HEIGHT)
		want = fixture.dev->kms->cursor_height;
	if (want < 0)
		CHECK_ERRNO(IOCTL(card, DRM_IOCTL_GET_CAP, &cap), -want);
	else
		CHECK_INT(IOCTL(card, DRM_IOCTL_GET_CAP, &cap), 0);
	CHECK_INT(cap.value, want < 0 ? 0 : want);
	teardown();
}

static int set_client_cap(uint64_t capability, uint64_t value)
{
	struct drm_set_client_cap cap = {capability, value};

	return IOCTL(card, DRM_IOCTL_SET_CLIENT_CAP, &cap);
}

TEST(client_caps)
{
	setup();
	CHECK_ERRNO(set_client_cap(0, 1), EINVAL);
	CHECK_ERRNO(set_client_cap(99, 1), EINVAL);
	CHECK_ERRNO(set_client_cap(DRM_CLIENT_CAP_STEREO_3D, 2), EINVAL);
	CHECK_ERRNO(set_client_cap(DRM_CLIENT_CAP_UNIVERSAL_PLANES, 2), EINVAL);
	CHECK_ERRNO(set_client_cap(DRM_CLIENT_CAP_ASPECT_RATIO, 2), EINVAL);
	CHECK_ERRNO(set_client_cap(DRM_CLIENT_CAP_ATOMIC, 3), EINVAL);
	CHECK_ERRNO(set_client_cap(DRM_CLIENT_CAP_ATOMIC, UINT64_MAX), EINVAL);
	CHECK_ERRNO(set_client_cap(DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1), EINVAL);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_STEREO_3D, 1), 0);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_ASPECT_RATIO, 1), 0);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_ATOMIC, 1), 0);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_ATOMIC, 2), 0);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1), 0);
	CHECK_ERRNO(set_client_cap(DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 2), EINVAL);
	teardown();
}

static unsigned visible_planes(void)
{
	struct drm_mode_get_plane_res res = {0};

	CHECK_INT(IOCTL(card, DRM_IOCTL_MODE_GETPLANERESOURCES, &res), 0);
	return res.count_planes;
}

/* Atomic implies universal planes, and giving it up takes them away. */
TEST(atomic_implies_universal_planes)
{
	setup();
	CHECK_INT(visible_planes(), 2); /* overlays only */
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_ATOMIC, 1), 0);
	CHECK_INT(visible_planes(), 4);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_ATOMIC, 0), 0);
	CHECK_INT(visible_planes(), 2);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	CHECK_INT(visible_planes(), 4);
	teardown();
}

TEST(get_client_and_stats)
{
	struct drm_client client = {.idx = 0};
	struct drm_stats stats;

	setup();
	CHECK_INT(IOCTL(card, DRM_IOCTL_GET_CLIENT, &client), 0);
	CHECK_INT(client.auth, 1); /* first opener */
	CHECK_INT(client.pid, getpid());
	int other = fixture_open_card(&fixture);
	CHECK_INT(IOCTL(other, DRM_IOCTL_GET_CLIENT, &client), 0);
	CHECK_INT(client.auth, 0);
	client.idx = 1;
	CHECK_ERRNO(IOCTL(card, DRM_IOCTL_GET_CLIENT, &client), EINVAL);
	memset(&stats, 0xff, sizeof(stats));
	CHECK_INT(IOCTL(card, DRM_IOCTL_GET_STATS, &stats), 0);
	CHECK_INT(stats.count, 0);
	close(other);
	teardown();
}

/* ---- events ---- */

TEST(events_reach_the_holder)
{
	struct drm_event_vblank event = {
		.base = {.type = DRM_EVENT_VBLANK, .length = sizeof(event)}, .user_data = 42,
	}, got;
	struct vfs_file *base;

	setup();
	CHECK_INT(vfs_file_from_fd(fixture.vfs, card, &base), 0);
	struct kms_file *kms = &gem_container_of(base, struct uapi_file, base)->kms;
	CHECK_ERRNO(read(card, &got, sizeof(got)), EAGAIN);
	for (unsigned i = 1; i <= 128; i++) {
		CHECK_INT(kms->event_ops->unread(kms), (i - 1) * sizeof(event));
		kms->event_ops->send(kms, &event, sizeof(event));
	}
	CHECK_INT(kms->event_ops->unread(kms), 4096);
	CHECK_INT(read(card, &got, sizeof(got)), sizeof(got));
	CHECK_INT(got.user_data, 42);
	CHECK_INT(kms->event_ops->unread(kms), 4096 - sizeof(event));
	/* a holder that is gone hurts nobody */
	close(card);
	kms->event_ops->send(kms, &event, sizeof(event));
	vfs_file_put(base);
	card = fixture_open_card(&fixture);
	teardown();
}

/* ---- nodes ---- */

TEST(nodes)
{
	setup();
	CHECK(strcmp(fixture.card.path, "/dev/dri/card0") == 0);
	CHECK_INT(fixture.card.major, 226);
	CHECK_INT(fixture.card.minor, 0);
	CHECK(strcmp(fixture.render.path, "/dev/dri/renderD128") == 0);
	CHECK_INT(fixture.render.minor, 128);
	CHECK_ERRNO(fixture_open(&fixture, "/dev/dri/card0", O_RDWR | O_EXCL), EBUSY);
	CHECK_ERRNO(fixture_open(&fixture, "/dev/dri/card1", O_RDWR), ENXIO);
	teardown();
}

/* ---- random requests: nothing crashes, nothing leaks (run under ASan) ---- */

/* Only this arena is the caller's memory. */
static uint8_t arena[1 << 16];

static bool in_arena(uint64_t address, size_t len)
{
	return address >= (uintptr_t)arena && len <= sizeof(arena) &&
		address - (uintptr_t)arena <= sizeof(arena) - len;
}

static int arena_copy_from(struct vfs_caller *caller, void *dst, uint64_t src, size_t len)
{
	if (!in_arena(src, len))
		return -EFAULT;
	memcpy(dst, (void *)(uintptr_t)src, len);
	return 0;
}

static int arena_copy_to(struct vfs_caller *caller, uint64_t dst, const void *src, size_t len)
{
	if (!in_arena(dst, len))
		return -EFAULT;
	memcpy((void *)(uintptr_t)dst, src, len);
	return 0;
}

static int arena_install_fd(struct vfs_caller *caller, int fd, bool cloexec)
{
	close(fd);
	return 5;
}

static int arena_fetch_fd(struct vfs_caller *caller, int fd)
{
	return fd & 1 ? open("/dev/null", O_RDWR) : -EBADF;
}

static const struct vfs_caller_ops arena_ops = {
	arena_copy_from, arena_copy_to, arena_install_fd, arena_fetch_fd,
};

/* Words that are likely to mean something: small numbers, pointers, extremes. */
static uint64_t random_word(void)
{
	switch (rand() % 8) {
	case 0:
	case 1:
	case 2:
		return rand() % 64;
	case 3:
	case 4:
		return (uintptr_t)arena + rand() % sizeof(arena);
	case 5:
		return (uint64_t)(rand() % 64) << 32 | rand() % 64;
	case 6:
		return UINT64_MAX - rand() % 3;
	default:
		return (uint64_t)rand() << 32 ^ (uint64_t)rand() << 8;
	}
}

static bool blocks(unsigned nr)
{
	/* waits for a vblank; may sleep its whole timeout */
	return nr == _IOC_NR(DRM_IOCTL_WAIT_VBLANK);
}

TEST(random_requests)
{
	enum { ROUNDS = 40000, ARGS = 256 };
	struct vfs_file *file;
	int fds[3];

	const char *seed = getenv("TEST_SEED"); /* other sequences, by hand */
	srand(seed ? atoi(seed) : 11);
	setup();
	fds[0] = card;
	fds[1] = fixture_open_card(&fixture);
	fds[2] = fixture_open_render(&fixture);
	CHECK_INT(set_client_cap(DRM_CLIENT_CAP_ATOMIC, 1), 0);
	fixture.caller.ops = &arena_ops;
	for (int round = 0; round < ROUNDS; round++) {
		unsigned nr = rand() % 256;
		const struct uapi_ioctl *row = uapi_ioctl_find(nr);
		unsigned request = row && rand() % 8 ? row->cmd :
			_IOC(rand() % 4u, 'd', nr, rand() % 200u);
		if (blocks(nr))
			continue;
		for (size_t i = 0; i < sizeof(arena) / 64; i += 8) {
			uint64_t word = random_word();
			memcpy(arena + i, &word, sizeof(word));
		}
		CHECK_INT(vfs_file_from_fd(fixture.vfs, fds[rand() % 3], &file), 0);
		long ret = file->ops->ioctl(file, request, (uintptr_t)arena, &fixture.caller);
		CHECK(ret <= 0 && ret > -200);
		vfs_file_put(file);
	}
	close(fds[1]);
	close(fds[2]);
	teardown();
}
