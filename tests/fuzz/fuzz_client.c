#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <drm_mode.h>

#include "fuzz_client.h"
#include "gem_interrupt.h"
#include "kms_time.h"
#include "vfs_text.h"

enum { ARRAYS_AT = 4096, READ_SIZE = 4096, FRAME_MICROSECONDS = 17000 };
/* One in so many. */
enum { MUTATE_ONE_IN = 12, SIZE_ONE_IN = 60 };

static struct fuzz_client *client_of(struct vfs_caller *caller)
{
	return (struct fuzz_client *)caller;
}

static bool reachable(struct fuzz_client *client, uint64_t address, size_t len)
{
	uint64_t start = (uintptr_t)client->arena;

	return address >= start && address - start <= FUZZ_ARENA &&
		len <= FUZZ_ARENA - (address - start);
}

static int copy_from(struct vfs_caller *caller, void *dst, uint64_t src, size_t len)
{
	if (!reachable(client_of(caller), src, len))
		return -EFAULT;
	memcpy(dst, (void *)(uintptr_t)src, len);
	return 0;
}

static int copy_to(struct vfs_caller *caller, uint64_t dst, const void *src, size_t len)
{
	if (!reachable(client_of(caller), dst, len))
		return -EFAULT;
	memcpy((void *)(uintptr_t)dst, src, len);
	return 0;
}

static int install_fd(struct vfs_caller *caller, int fd, bool cloexec)
{
	struct fuzz_client *client = client_of(caller);

	if (fuzz_one_in(&client->rng, 50)) {
		close(fd);
		return -EMFILE;
	}
	fuzz_pass(client, fd);
	return fd;
}

/* Only what the client has: the server's own descriptors are out of its reach. */
static int fetch_fd(struct vfs_caller *caller, int fd)
{
	struct fuzz_world *world = client_of(caller)->world;
	int copy = -EBADF;

	pthread_mutex_lock(&world->passed_lock);
	for (unsigned i = 0; fd >= 0 && i < FUZZ_PASSED && copy < 0; i++) {
		if (world->passed[i] == fd)
			copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	pthread_mutex_unlock(&world->passed_lock);
	return copy;
}

static const struct vfs_caller_ops ops = {copy_from, copy_to, install_fd, fetch_fd};

void *fuzz_array(struct fuzz_client *client, size_t size)
{
	size_t at = client->arena_used;

	if (size > FUZZ_ARENA - at)
		fuzz_fail("arena");
	client->arena_used += (size + 7) & ~7ul;
	return client->arena + at;
}

static void trace(struct fuzz_client *client, unsigned long request, long ret)
{
	const struct uapi_ioctl *row = uapi_ioctl_find(_IOC_NR(request));

	client->calls++;
	client->failed += ret < 0;
	if (client->verbose)
		fprintf(stderr, "%u: %s = %ld\n", client->slot, row ? row->name : "?", ret);
}

struct vfs_file *fuzz_file(struct fuzz_client *client)
{
	struct fuzz_world *world = client->world;
	struct vfs_file *file = NULL;

	pthread_rwlock_rdlock(&world->files_lock);
	int fd = world->files[client->slot];
	if (fd >= 0 && vfs_file_from_fd(world->cards.vfs, fd, &file))
		fuzz_fail("a descriptor of ours is not known");
	pthread_rwlock_unlock(&world->files_lock);
	return file;
}

long fuzz_ioctl(struct fuzz_client *client, unsigned long request, void *arg)
{
	struct fuzz_rng *rng = &client->rng;
	size_t size = _IOC_SIZE(request);
	unsigned long asked = request;
	struct vfs_file *file = fuzz_file(client);
	long ret = -EBADF;

	memcpy(client->arena, arg, size);
	if (fuzz_one_in(rng, MUTATE_ONE_IN))
		fuzz_mutate(rng, client->arena, size);
	if (fuzz_one_in(rng, SIZE_ONE_IN))
		asked = _IOC(fuzz_below(rng, 4), _IOC_TYPE(request), _IOC_NR(request),
			fuzz_below(rng, size + 40));
	uint64_t address = (uintptr_t)client->arena;
	if (fuzz_one_in(rng, 500))
		address = fuzz_odd(rng);
	if (file) {
		ret = file->ops->ioctl(file, asked, address, &client->caller);
		vfs_file_put(file);
	}
	memcpy(arg, client->arena, size);
	trace(client, request, ret);
	return ret;
}

void fuzz_set_master(struct fuzz_client *client)
{
	char none;

	if (fuzz_ioctl(client, DRM_IOCTL_SET_MASTER, &none) == 0)
		client->world->master_of[client->card] = client->slot;
}

uint32_t fuzz_handle(struct fuzz_client *client)
{
	if (fuzz_one_in(&client->rng, 60))
		return fuzz_odd(&client->rng);
	return 1 + fuzz_below(&client->rng, fuzz_one_in(&client->rng, 4) ? 64 : 12);
}

void fuzz_remember(struct fuzz_client *client, atomic_uint *ids, uint32_t id)
{
	ids[fuzz_below(&client->rng, FUZZ_IDS)] = id;
}

uint32_t fuzz_recall(struct fuzz_client *client, atomic_uint *ids)
{
	if (fuzz_one_in(&client->rng, 80))
		return fuzz_odd(&client->rng);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t id = ids[fuzz_below(&client->rng, FUZZ_IDS)];
		if (id)
			return id;
	}
	return 0;
}

int fuzz_passed(struct fuzz_client *client)
{
	struct fuzz_world *world = client->world;

	if (fuzz_one_in(&client->rng, 50))
		return fuzz_odd(&client->rng);
	pthread_mutex_lock(&world->passed_lock);
	int fd = world->passed[fuzz_below(&client->rng, FUZZ_PASSED)];
	pthread_mutex_unlock(&world->passed_lock);
	return fd;
}

void fuzz_pass(struct fuzz_client *client, int fd)
{
	struct fuzz_world *world = client->world;

	pthread_mutex_lock(&world->passed_lock);
	int *slot = &world->passed[fuzz_below(&client->rng, FUZZ_PASSED)];
	int old = *slot;
	*slot = fd;
	if (old >= 0)
		close(old);
	pthread_mutex_unlock(&world->passed_lock);
}

/* What most clients do first; without it little of what follows is allowed. */
static void greet(struct fuzz_client *client)
{
	struct drm_set_client_cap universal = {DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1};
	struct drm_set_client_cap atomic = {DRM_CLIENT_CAP_ATOMIC, 1};

	if (fuzz_one_in(&client->rng, 4))
		return;
	fuzz_ioctl(client, DRM_IOCTL_SET_CLIENT_CAP, &universal);
	fuzz_ioctl(client, DRM_IOCTL_SET_CLIENT_CAP, &atomic);
	fuzz_set_master(client);
}

static void replace_file(struct fuzz_world *world, unsigned slot, int fd)
{
	pthread_rwlock_wrlock(&world->files_lock);
	int old = atomic_exchange(&world->files[slot], fd);
	if (old >= 0)
		close(old);
	pthread_rwlock_unlock(&world->files_lock);
}

static void open_slot(struct fuzz_client *client, unsigned slot)
{
	static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR | O_EXCL};
	struct fuzz_world *world = client->world;
	unsigned node = fuzz_below(&client->rng, FUZZ_NODES);
	int fd;

	/* The primary nodes mostly. */
	if (node & 1 && !fuzz_one_in(&client->rng, 5))
		node--;
	int flags = O_CLOEXEC | O_NONBLOCK | (fuzz_one_in(&client->rng, 12) ?
		modes[fuzz_below(&client->rng, GEM_ARRAY_SIZE(modes))] : O_RDWR);
	if (vfs_open(world->cards.vfs, world->cards.nodes[node].path, flags, &client->caller, &fd))
		return;
	world->card_of[slot] = node / 2;
	replace_file(world, slot, fd);
}

static void close_slot(struct fuzz_client *client)
{
	replace_file(client->world, client->slot, -1);
	if (fuzz_one_in(&client->rng, 2))
		vfs_reap(client->world->cards.vfs);
}

/* Events, or nothing. */
static void read_events(struct fuzz_client *client)
{
	char events[READ_SIZE];

	pthread_rwlock_rdlock(&client->world->files_lock);
	int fd = client->world->files[client->slot];
	if (fd >= 0 && read(fd, events, sizeof(events)) < 0 && errno != EAGAIN)
		fuzz_fail("read: %s", strerror(errno));
	pthread_rwlock_unlock(&client->world->files_lock);
}

static void unmap(struct fuzz_map *map)
{
	if (map->start)
		munmap(map->start, map->length);
	map->start = NULL;
}

/* What a client can do to a descriptor that it was given: only it may have the damage. */
static void hurt_fd(struct fuzz_client *client, int fd)
{
	static const int seals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_SEAL,
		F_SEAL_FUTURE_WRITE, F_SEAL_SHRINK | F_SEAL_SEAL};
	int done = 0;

	switch (fuzz_below(&client->rng, 4)) {
	case 0:
		done = ftruncate(fd, 4096ull << fuzz_below(&client->rng, 12));
		break;
	case 1:
		done = ftruncate(fd, 0);
		break;
	case 2:
		done = fcntl(fd, F_ADD_SEALS, seals[fuzz_below(&client->rng,
			GEM_ARRAY_SIZE(seals))]);
		break;
	case 3:
		done = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8192);
		break;
	}
	client->failed += done < 0;
}

static void map_offset(struct fuzz_client *client)
{
	struct fuzz_map *map = &client->maps[fuzz_below(&client->rng, FUZZ_MAPS)];
	uint64_t offset = client->world->offsets[client->card][fuzz_below(&client->rng, FUZZ_IDS)];
	uint64_t length = 4096ull << fuzz_below(&client->rng, 10), fd_offset = 0;
	int prot = 1 + fuzz_below(&client->rng, 3), fd = -1;
	struct vfs_file *file = fuzz_file(client);

	if (fuzz_one_in(&client->rng, 20))
		fuzz_mutate(&client->rng, fuzz_one_in(&client->rng, 2) ? &offset : &length, 8);
	if (!file)
		return;
	int ret = file->ops->mmap(file, offset, length, prot, &fd, &fd_offset);
	vfs_file_put(file);
	client->calls++;
	client->failed += ret < 0;
	if (ret)
		return;
	unmap(map);
	map->start = mmap(NULL, length, prot, MAP_SHARED, fd, fd_offset);
	map->length = length;
	if (map->start == MAP_FAILED)
		map->start = NULL;
	if (fuzz_one_in(&client->rng, 8))
		hurt_fd(client, fd);
	close(fd);
}

/* By system calls, which say EFAULT where a touch would fault. */
static void touch_map(struct fuzz_client *client)
{
	struct fuzz_map *map = &client->maps[fuzz_below(&client->rng, FUZZ_MAPS)];
	int fd;

	if (!map->start)
		return;
	size_t at = fuzz_below(&client->rng, map->length > 4096 ? map->length - 4096 : 1);
	if (fuzz_one_in(&client->rng, 2))
		fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	else
		fd = memfd_create("out", MFD_CLOEXEC);
	ssize_t done = fuzz_one_in(&client->rng, 2) ?
		write(fd, (char *)map->start + at, 4096) :
		read(fd, (char *)map->start + at, 4096);
	client->failed += done < 0;
	close(fd);
	if (fuzz_one_in(&client->rng, 3))
		unmap(map);
}

/* Client memory to be imported, and what else may stand in its place. */
static void make_memfd(struct fuzz_client *client)
{
	int fd, pair[2];

	switch (fuzz_below(&client->rng, 8)) {
	case 0:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		break;
	case 1:
		if (pipe2(pair, O_CLOEXEC))
			return;
		close(pair[1]);
		fd = pair[0];
		break;
	case 2: /* a device's */
		pthread_rwlock_rdlock(&client->world->files_lock);
		fd = fcntl(client->world->files[client->slot], F_DUPFD_CLOEXEC, 0);
		pthread_rwlock_unlock(&client->world->files_lock);
		break;
	default:
		fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (ftruncate(fd, 4096ull << fuzz_below(&client->rng, 12)))
			fuzz_fail("ftruncate");
	}
	if (fd >= 0)
		fuzz_pass(client, fd);
}

static void hurt_passed(struct fuzz_client *client)
{
	struct fuzz_world *world = client->world;

	pthread_mutex_lock(&world->passed_lock);
	int fd = world->passed[fuzz_below(&client->rng, FUZZ_PASSED)];
	if (fd >= 0)
		hurt_fd(client, fd);
	pthread_mutex_unlock(&world->passed_lock);
}

static void close_passed(struct fuzz_client *client)
{
	fuzz_pass(client, -1);
}

/* What the server's other doors do meanwhile: texts, pictures, hotplug. */
static void read_text(struct fuzz_client *client)
{
	struct uapi_debugfs *debugfs = client->world->cards.debugfs[client->card];
	const struct vfs_node *node;
	struct vfs_caller caller;
	unsigned count = 0;
	struct vfs_file *file;
	int fd = -1, ret;

	vfs_caller_init_self(&caller);

	if (fuzz_one_in(&client->rng, 2)) {
		file = fuzz_file(client);
		if (!file)
			return;
		ret = vfs_file_fdinfo(file, &fd);
		vfs_file_put(file);
	} else {
		while (uapi_debugfs_node(debugfs, count))
			count++;
		node = uapi_debugfs_node(debugfs, fuzz_below(&client->rng, count));
		if (node->open) /* a driver's file: CRCs of what is shown */
			ret = vfs_open(client->world->cards.vfs, node->path, O_CLOEXEC |
				(fuzz_one_in(&client->rng, 2) ? O_RDONLY : O_WRONLY), &caller, &fd);
		else
			ret = vfs_text_open_node(node, O_RDONLY | O_CLOEXEC, &fd);
	}
	if (ret == 0)
		close(fd);
}

static void take_picture(struct fuzz_client *client)
{
	struct kms_device *kms = client->world->cards.cards[client->card]->kms;
	struct kms_crtc *crtc = &kms->crtcs[fuzz_below(&client->rng, kms->crtc_count)];
	uint32_t width, height;
	uint64_t sequence;
	uint8_t *pixels;

	if (kms_screenshot(crtc, &pixels, &width, &height, &sequence) == 0)
		free(pixels);
}

static void hotplug(struct fuzz_client *client)
{
	struct kms_device *kms = client->world->cards.cards[client->card]->kms;
	struct kms_connector *connector = &kms->connectors[fuzz_below(&client->rng,
		kms->connector_count)];

	/* The second one only: check_alive lights the first. */
	if (connector->index == 1)
		kms_connector_set(connector, fuzz_one_in(&client->rng, 2),
			kms_device_desc_default()->connectors[0].modes,
			1 + fuzz_below(&client->rng, 3));
}

/* All of a frame must be there to be read. */
static void see_frame(struct kms_sink *sink, const struct kms_frame *frame)
{
	uint8_t seen = 0;

	for (uint32_t y = 0; y < frame->height; y++)
		seen |= frame->pixels[(uint64_t)y * frame->pitch + frame->width * 4 - 1];
	*(volatile uint8_t *)&seen = seen;
}

static void watch(struct fuzz_client *client)
{
	struct kms_device *kms = client->world->cards.cards[client->card]->kms;

	if (client->sink.crtc) {
		kms_sink_detach(&client->sink);
		client->sink.crtc = NULL;
		return;
	}
	client->sink = (struct kms_sink){.frame = see_frame,
		.every_vblank = fuzz_one_in(&client->rng, 2)};
	kms_sink_attach(&client->sink, &kms->crtcs[fuzz_below(&client->rng, kms->crtc_count)]);
}

/* Never frozen for long: a blocking commit of this very thread would wait for it. */
static void change_time(struct fuzz_client *client)
{
	struct kms_device *kms = client->world->cards.cards[client->card]->kms;

	kms_time_set(kms, KMS_TIME_FROZEN);
	if (fuzz_one_in(&client->rng, 2))
		kms_time_step_ns(kms, fuzz_below(&client->rng, 100000000));
	kms_time_set(kms, fuzz_one_in(&client->rng, 2) ? KMS_TIME_REAL : KMS_TIME_FAST);
	if (fuzz_one_in(&client->rng, 4))
		kms_flip_delay(&kms->crtcs[0], fuzz_below(&client->rng, 5));
	if (fuzz_one_in(&client->rng, 4))
		kms_flip_lose(&kms->crtcs[0]);
}

/* Vblanks come, and what waits for them happens. */
static void sleep_a_frame(struct fuzz_client *client)
{
	usleep(FRAME_MICROSECONDS);
}

static const struct fuzz_generator own_generators[] = {
	{close_slot, 1},
	{read_events, 10},
	{map_offset, 30},
	{touch_map, 40},
	{make_memfd, 12},
	{hurt_passed, 8},
	{close_passed, 10},
	{read_text, 4},
	{take_picture, 1},
	{hotplug, 1},
	{watch, 2},
	{change_time, 2},
	{sleep_a_frame, 2},
	{NULL, 0},
};

static const struct fuzz_generator *const all_generators[] = {
	own_generators, fuzz_gem_generators, fuzz_kms_generators, fuzz_exec_generators,
	fuzz_sync_generators,
};

static const struct fuzz_generator *pick(struct fuzz_rng *rng)
{
	unsigned total = 0, at;

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(all_generators); i++) {
		for (const struct fuzz_generator *one = all_generators[i]; one->run; one++)
			total += one->weight;
	}
	at = fuzz_below(rng, total);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(all_generators); i++) {
		for (const struct fuzz_generator *one = all_generators[i]; one->run; one++) {
			if (at < one->weight)
				return one;
			at -= one->weight;
		}
	}
	fuzz_fail("pick");
}

/* As of a client that was killed: waits that nobody ends must end. */
static bool gone(void *data)
{
	return true;
}

void fuzz_client_step(struct fuzz_client *client)
{
	struct fuzz_world *world = client->world;

	gem_interrupt_set(gone, NULL);
	client->slot = fuzz_one_in(&client->rng, 2) ? fuzz_below(&client->rng, FUZZ_FILES) :
		world->master_of[fuzz_below(&client->rng, FUZZ_CARDS)];
	client->arena_used = ARRAYS_AT;
	client->caller.uid = fuzz_one_in(&client->rng, 4) ? 1000 : 0;
	bool opened = world->files[client->slot] < 0;
	if (opened)
		open_slot(client, client->slot);
	client->card = world->card_of[client->slot];
	if (opened)
		greet(client);
	pick(&client->rng)->run(client);
}

void fuzz_world_start(struct fuzz_world *world, uint64_t seed)
{
	fuzz_cards_start(&world->cards, seed);
	pthread_mutex_init(&world->passed_lock, NULL);
	pthread_rwlock_init(&world->files_lock, NULL);
	for (unsigned i = 0; i < FUZZ_FILES; i++)
		world->files[i] = -1;
	for (unsigned i = 0; i < FUZZ_PASSED; i++)
		world->passed[i] = -1;
}

void fuzz_world_stop(struct fuzz_world *world)
{
	for (unsigned i = 0; i < FUZZ_FILES; i++) {
		if (world->files[i] >= 0)
			close(world->files[i]);
	}
	for (unsigned i = 0; i < FUZZ_PASSED; i++) {
		if (world->passed[i] >= 0)
			close(world->passed[i]);
	}
	vfs_reap(world->cards.vfs);
	fuzz_world_check_alive(world);
	fuzz_cards_stop(&world->cards);
	pthread_mutex_destroy(&world->passed_lock);
	pthread_rwlock_destroy(&world->files_lock);
}

void fuzz_client_init(struct fuzz_client *client, struct fuzz_world *world, uint64_t seed)
{
	memset(client, 0, sizeof(*client));
	client->caller = (struct vfs_caller){.ops = &ops, .pid = getpid()};
	client->world = world;
	fuzz_rng_init(&client->rng, seed);
	client->arena = malloc(FUZZ_ARENA);
	memset(client->arena, 0x5a, FUZZ_ARENA);
}

void fuzz_client_finish(struct fuzz_client *client)
{
	for (unsigned i = 0; i < FUZZ_MAPS; i++)
		unmap(&client->maps[i]);
	if (client->sink.crtc)
		kms_sink_detach(&client->sink);
	free(client->arena);
}
