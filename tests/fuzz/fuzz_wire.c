/*
 * Mad clients against the wire server: packets with right headers and wrong
 * bodies, and the other way round; clients that die in mid-request, that never
 * read, that pass the descriptors of device files, dma-bufs and what else; that
 * answer the server's questions with lies, or not at all.
 *
 *   fuzz_wire --seed 1 --calls 1000000 --threads 8     each thread has several channels
 *
 * Worth it for long in builds with -Db_sanitize=address,undefined and =thread.
 * Ends with 0, or by abort with what is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <drm_mode.h>
#include <i915_drm.h>

#include "fuzz_client.h"
#include "wire.h"
#include "wire_layout.h"
#include "wire_server.h"

enum { CHANNELS = 4, FDS = 8, ARG_ADDRESS = 0x10000, ARRAY_ADDRESS = 0x100000, DIR_SIZE = 64,
	ANSWER_SECONDS = 20, PATIENCE_MS = 100, LISTS = 30 };

struct packet {
	uint8_t data[WIRE_PACKET_MAX + 64] __attribute__((aligned(8)));
	size_t size;
	int fds[WIRE_FDS_MAX + 2];
	unsigned fd_count;
};

struct mad {
	pthread_t thread;
	struct fuzz_world *world;
	struct fuzz_rng rng;
	const char *dir;
	uint64_t calls, done, failed, ended, answered;
	int channels[CHANNELS]; /* -1 = none */
	uint32_t held[CHANNELS]; /* a file that the channel has proven, or 0 */
	unsigned current;       /* the channel of this step */
	int fds[FDS];           /* what it got or made, -1 = none */
	uint64_t offsets[FDS];
	struct packet packet, reply;
};

static int connect_to(const char *dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, WIRE_SOCKET_NAME);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fuzz_fail("connect: %s", strerror(errno));
	/* No request waits that long: a hang shows. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void begin(struct packet *packet, unsigned op, size_t size)
{
	struct wire_header *header = (struct wire_header *)packet->data;

	memset(packet->data, 0, size);
	packet->size = size;
	packet->fd_count = 0;
	header->magic = WIRE_MAGIC;
	header->op = op;
}

static void append(struct packet *packet, const void *data, size_t size)
{
	if (packet->size + size > sizeof(packet->data))
		return;
	memcpy(packet->data + packet->size, data, size);
	packet->size += size;
}

static void finish(struct packet *packet)
{
	struct wire_header *header = (struct wire_header *)packet->data;

	header->size = packet->size;
	header->fds = packet->fd_count;
}

/* False when the server hung up, which is its right. */
static bool transmit(int socket, const struct packet *packet)
{
	char space[CMSG_SPACE(sizeof(packet->fds))] __attribute__((aligned(8))) = {0};
	struct iovec vec = {(void *)packet->data, packet->size};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1};

	if (packet->fd_count) {
		struct cmsghdr *control = (struct cmsghdr *)space;
		message.msg_control = space;
		message.msg_controllen = CMSG_SPACE(packet->fd_count * sizeof(int));
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_RIGHTS;
		control->cmsg_len = CMSG_LEN(packet->fd_count * sizeof(int));
		memcpy(CMSG_DATA(control), packet->fds, packet->fd_count * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)packet->size;
}

static bool receive(int socket, struct packet *reply)
{
	char space[CMSG_SPACE(sizeof(reply->fds))] __attribute__((aligned(8)));
	struct iovec vec = {reply->data, sizeof(reply->data)};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = space,
		.msg_controllen = sizeof(space)};
	ssize_t size;

	/* With a time limit it is interrupted where it would go on without one. */
	do {
		size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (size < 0 && errno == EINTR);
	const struct wire_header *header = (const struct wire_header *)reply->data;

	if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		fuzz_fail("no answer within %d s", ANSWER_SECONDS);
	if (size <= 0)
		return false;
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	reply->size = size;
	reply->fd_count = control ? (control->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	if (control)
		memcpy(reply->fds, CMSG_DATA(control), reply->fd_count * sizeof(int));
	if (header->magic != WIRE_MAGIC || header->size != size || header->fds != reply->fd_count)
		fuzz_fail("a reply that is none");
	return true;
}

static void keep_fd(struct mad *mad, int fd)
{
	int *slot = &mad->fds[fuzz_below(&mad->rng, FDS)];

	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

static int some_fd(struct mad *mad)
{
	for (unsigned i = 0; i < 4; i++) {
		int fd = mad->fds[fuzz_below(&mad->rng, FDS)];
		if (fd >= 0)
			return fd;
	}
	int fd = memfd_create("mad", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, 4096ll << fuzz_below(&mad->rng, 10)))
		fuzz_fail("memfd: %s", strerror(errno));
	keep_fd(mad, fd);
	return fd;
}

/* 0 when fd is no device file. */
static uint32_t file_id(int fd)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	char name[128] = "";
	unsigned long long instance;
	uint32_t id;

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
	    size <= offsetof(struct sockaddr_un, sun_path) + 1)
		return 0;
	memcpy(name, address.sun_path + 1, size - offsetof(struct sockaddr_un, sun_path) - 1);
	return sscanf(name, VFS_NAME_FORMAT, &instance, &id) == 2 ? id : 0;
}

static uint32_t some_file(struct mad *mad)
{
	if (mad->held[mad->current] && !fuzz_one_in(&mad->rng, 4))
		return mad->held[mad->current];
	for (unsigned i = 0; i < 6; i++) {
		int fd = mad->fds[fuzz_below(&mad->rng, FDS)];
		uint32_t id = fd >= 0 ? file_id(fd) : 0;
		if (id)
			return id;
	}
	return fuzz_one_in(&mad->rng, 2) ? fuzz_below(&mad->rng, 50) : fuzz_odd(&mad->rng);
}

static void make_hello(struct mad *mad)
{
	begin(&mad->packet, WIRE_HELLO, sizeof(struct wire_hello));
	((struct wire_hello *)mad->packet.data)->version = WIRE_VERSION;
}

static void make_path(struct mad *mad, enum wire_op op)
{
	static const char *const others[] = {"", "/", "/dev/dri/card77",
		"/sys/kernel/debug/dri/0/clients", "/sys/kernel/debug/dri/1/state"};
	struct wire_open *request = (struct wire_open *)mad->packet.data;

	begin(&mad->packet, op, sizeof(*request));
	request->flags = fuzz_one_in(&mad->rng, 10) ? (int32_t)fuzz_odd(&mad->rng) :
		O_RDWR | O_NONBLOCK;
	strcpy(request->path, fuzz_one_in(&mad->rng, 6) ?
		others[fuzz_below(&mad->rng, GEM_ARRAY_SIZE(others))] :
		mad->world->cards.nodes[fuzz_below(&mad->rng, FUZZ_NODES)].path);
}

static void make_attach(struct mad *mad)
{
	int fd = some_fd(mad);

	begin(&mad->packet, WIRE_ATTACH, sizeof(struct wire_attach));
	mad->packet.fds[mad->packet.fd_count++] = fd;
	((struct wire_attach *)mad->packet.data)->file_id =
		fuzz_one_in(&mad->rng, 10) ? some_file(mad) : file_id(fd);
}

static void make_by_id(struct mad *mad, enum wire_op op)
{
	begin(&mad->packet, op, sizeof(struct wire_attach));
	((struct wire_attach *)mad->packet.data)->file_id = some_file(mad);
}

static void make_mmap(struct mad *mad)
{
	struct wire_mmap *request = (struct wire_mmap *)mad->packet.data;

	begin(&mad->packet, WIRE_MMAP, sizeof(*request));
	request->file_id = some_file(mad);
	request->offset = mad->offsets[fuzz_below(&mad->rng, FDS)];
	request->length = 4096ull << fuzz_below(&mad->rng, 8);
	request->prot = 1 + fuzz_below(&mad->rng, 3);
}

/* Plausible in the fields that most structs begin with: handles, ids, sizes, pointers. */
static void fill_arg(struct mad *mad, uint32_t request, uint8_t *arg, size_t size)
{
	const struct wire_layout *layout = wire_layout_find(request);

	memset(arg, 0, size);
	for (size_t i = 0; i + 4 <= size; i += 4) {
		uint32_t value = fuzz_one_in(&mad->rng, 3) ? 1 + fuzz_below(&mad->rng, 6) :
			fuzz_one_in(&mad->rng, 4) ? fuzz_odd(&mad->rng) :
			fuzz_one_in(&mad->rng, 2) ? 64u << fuzz_below(&mad->rng, 7) : 0;
		memcpy(arg + i, &value, 4);
	}
	for (unsigned i = 0; layout && i < layout->array_count; i++) {
		const struct wire_array *array = &layout->arrays[i];
		uint64_t address = ARRAY_ADDRESS + 4096 * i, count = fuzz_below(&mad->rng, 64);

		if (array->pointer + array->pointer_size <= size)
			memcpy(arg + array->pointer, &address, array->pointer_size);
		if (array->kind != WIRE_COUNT_ONE && array->count + array->count_size <= size)
			memcpy(arg + array->count, &count, array->count_size);
	}
	/* Its own number for the first descriptor that comes along. */
	int32_t number = 7;
	if (layout && layout->fd_in != WIRE_NO_FIELD && layout->fd_in + 4 <= size)
		memcpy(arg + layout->fd_in, &number, 4);
}

static uint32_t some_request(struct mad *mad)
{
	static const uint32_t often[] = {DRM_IOCTL_MODE_CREATE_DUMB, DRM_IOCTL_MODE_MAP_DUMB,
		DRM_IOCTL_PRIME_HANDLE_TO_FD, DRM_IOCTL_PRIME_FD_TO_HANDLE,
		DRM_IOCTL_I915_GEM_PWRITE, DRM_IOCTL_I915_GEM_PREAD, DRM_IOCTL_I915_GEM_CREATE,
		DRM_IOCTL_I915_GEM_CREATE_EXT, DRM_IOCTL_MODE_ATOMIC, DRM_IOCTL_MODE_GETRESOURCES,
		DRM_IOCTL_MODE_GETCONNECTOR, DRM_IOCTL_VERSION, DRM_IOCTL_MODE_ADDFB2,
		DRM_IOCTL_SET_CLIENT_CAP, DRM_IOCTL_I915_GEM_EXECBUFFER2,
		DRM_IOCTL_I915_GEM_EXECBUFFER2_WR};

	if (fuzz_one_in(&mad->rng, 2))
		return often[fuzz_below(&mad->rng, GEM_ARRAY_SIZE(often))];
	for (unsigned i = 0; i < 50; i++) {
		const struct uapi_ioctl *row = uapi_ioctl_find(fuzz_below(&mad->rng, 256));

		/* Not what is allowed to wait long. */
		if (row && row->cmd != DRM_IOCTL_WAIT_VBLANK)
			return row->cmd;
	}
	return fuzz_next(&mad->rng);
}

/* What is all right to ask, so that there is something to spoil. */
static void set_sane(struct mad *mad, uint32_t request, void *arg)
{
	struct drm_mode_create_dumb dumb = {.width = 64, .height = 64, .bpp = 32};
	struct drm_prime_handle prime = {.handle = 1 + fuzz_below(&mad->rng, 6), .flags = O_RDWR};
	struct drm_mode_map_dumb map = {.handle = 1 + fuzz_below(&mad->rng, 6)};

	struct drm_set_client_cap cap = {DRM_CLIENT_CAP_ATOMIC, 1};
	/* Some arrays come along, some do not. */
	struct drm_mode_atomic atomic = {.flags = DRM_MODE_ATOMIC_TEST_ONLY,
		.count_objs = 1 + fuzz_below(&mad->rng, 3),
		.objs_ptr = ARRAY_ADDRESS + 4096 * fuzz_below(&mad->rng, 4),
		.count_props_ptr = ARRAY_ADDRESS + 4096 * fuzz_below(&mad->rng, 4),
		.props_ptr = ARRAY_ADDRESS + 4096, .prop_values_ptr = ARRAY_ADDRESS + 8192};
	struct drm_i915_gem_execbuffer2 exec = {
		.buffers_ptr = ARRAY_ADDRESS + 4096 * fuzz_below(&mad->rng, 4),
		.buffer_count = 1 + fuzz_below(&mad->rng, 40),
		.flags = (uint64_t)fuzz_below(&mad->rng, 4) |
			(uint64_t)fuzz_below(&mad->rng, 64) << 16, /* fences of every kind */
		.num_cliprects = fuzz_below(&mad->rng, 3), .cliprects_ptr = ARRAY_ADDRESS,
		.rsvd2 = 7};

	if (request == DRM_IOCTL_SET_CLIENT_CAP)
		memcpy(arg, &cap, sizeof(cap));
	else if (request == DRM_IOCTL_MODE_ATOMIC)
		memcpy(arg, &atomic, sizeof(atomic));
	else if (_IOC_NR(request) == _IOC_NR(DRM_IOCTL_I915_GEM_EXECBUFFER2))
		memcpy(arg, &exec, sizeof(exec));
	else if (request == DRM_IOCTL_MODE_CREATE_DUMB)
		memcpy(arg, &dumb, sizeof(dumb));
	else if (request == DRM_IOCTL_PRIME_HANDLE_TO_FD)
		memcpy(arg, &prime, sizeof(prime));
	else if (request == DRM_IOCTL_MODE_MAP_DUMB)
		memcpy(arg, &map, sizeof(map));
}

static void make_ioctl(struct mad *mad)
{
	struct wire_ioctl *request = (struct wire_ioctl *)mad->packet.data;
	uint32_t number = some_request(mad);
	size_t size = _IOC_SIZE(number);
	uint8_t arg[16384];
	struct wire_segment segments[4];
	unsigned count = 1 + fuzz_below(&mad->rng, 4), fds = fuzz_below(&mad->rng, 2);
	bool memfd = fuzz_one_in(&mad->rng, 6);
	int32_t numbers[2] = {7, 8};

	begin(&mad->packet, WIRE_IOCTL, sizeof(*request));
	request->file_id = some_file(mad);
	request->request = number;
	request->arg = ARG_ADDRESS;
	request->segment_count = count;
	request->fd_count = fds;
	fill_arg(mad, number, arg, size);
	if (fuzz_one_in(&mad->rng, 2))
		set_sane(mad, number, arg);
	segments[0] = (struct wire_segment){ARG_ADDRESS, size, WIRE_SEG_IN | WIRE_SEG_OUT};
	for (unsigned i = 1; i < count; i++)
		segments[i] = (struct wire_segment){ARRAY_ADDRESS + 4096 * (i - 1),
			fuzz_below(&mad->rng, 4096), 1 + fuzz_below(&mad->rng, 3)};
	if (fuzz_one_in(&mad->rng, 15))
		fuzz_mutate(&mad->rng, segments, sizeof(segments));
	append(&mad->packet, segments, count * sizeof(segments[0]));
	append(&mad->packet, numbers, fds * sizeof(numbers[0]));
	for (unsigned i = 0; i < fds; i++)
		mad->packet.fds[mad->packet.fd_count++] = some_fd(mad);
	for (unsigned i = 0; !memfd && i < count; i++) {
		static const uint8_t zeros[4096];
		if (segments[i].flags & WIRE_SEG_IN && segments[i].length <= 4096)
			append(&mad->packet, i ? zeros : arg, i ? segments[i].length : size);
	}
	if (memfd)
		mad->packet.fds[mad->packet.fd_count++] = some_fd(mad);
}

static void make_packet(struct mad *mad)
{
	switch (fuzz_below(&mad->rng, 24)) {
	case 0:
		begin(&mad->packet, fuzz_odd(&mad->rng), sizeof(struct wire_header));
		break;
	case 1:
	case 2:
	case 3:
		make_path(mad, WIRE_OPEN);
		break;
	case 4:
		make_path(mad, WIRE_STAT);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		make_attach(mad);
		break;
	case 9:
		make_by_id(mad, WIRE_FSTAT);
		break;
	case 10:
		make_by_id(mad, WIRE_FDINFO);
		break;
	case 11:
		begin(&mad->packet, WIRE_UEVENT, sizeof(struct wire_header));
		break;
	case 12:
	case 13:
		make_mmap(mad);
		break;
	default:
		make_ioctl(mad);
	}
	if (fuzz_one_in(&mad->rng, 60))
		mad->packet.size = fuzz_below(&mad->rng, mad->packet.size + 40);
	finish(&mad->packet);
	if (fuzz_one_in(&mad->rng, 40))
		fuzz_mutate(&mad->rng, mad->packet.data, mad->packet.size);
}

static void take_reply(struct mad *mad)
{
	const struct wire_header *header = (const struct wire_header *)mad->reply.data;

	mad->failed += header->result < 0;
	if (header->op == WIRE_ATTACH && header->result == 0)
		mad->held[mad->current] = ((const struct wire_attach *)mad->packet.data)->file_id;
	if (mad->reply.size >= sizeof(struct wire_ioctl_reply) && header->op == WIRE_IOCTL) {
		/* An offset may be among the answer. */
		uint64_t value;
		memcpy(&value, mad->reply.data + mad->reply.size - 8, 8);
		mad->offsets[fuzz_below(&mad->rng, FDS)] = value;
	}
	for (unsigned i = 0; i < mad->reply.fd_count; i++)
		keep_fd(mad, mad->reply.fds[i]);
}

static void hang_up(struct mad *mad, int *channel)
{
	close(*channel);
	*channel = -1;
	mad->held[mad->current] = 0;
	mad->ended++;
}

/* As an honest client of a program whose memory is odd numbers. */
static void make_answer(struct mad *mad, const struct wire_upcall *question)
{
	struct wire_header *header = (struct wire_header *)mad->packet.data;
	uint8_t bytes[1024];

	begin(&mad->packet, WIRE_UPCALL, sizeof(*header));
	if (fuzz_one_in(&mad->rng, 8)) {
		header->result = question->kind == WIRE_UPCALL_FETCH ? -EBADF : -EFAULT;
		return;
	}
	for (uint32_t at = 0; question->kind == WIRE_UPCALL_READ && at < question->length;) {
		uint32_t now = question->length - at;

		now = now < sizeof(bytes) ? now : sizeof(bytes);
		fill_arg(mad, 0, bytes, sizeof(bytes));
		append(&mad->packet, bytes, now);
		at += now;
	}
	if (question->kind == WIRE_UPCALL_FETCH)
		mad->packet.fds[mad->packet.fd_count++] = some_fd(mad);
	if (question->kind == WIRE_UPCALL_INSTALL)
		header->result = 5;
}

/* False when it is left to the server to end the channel, and when it has. */
static bool answer(struct mad *mad, int channel)
{
	struct wire_upcall question;

	memcpy(&question, mad->reply.data, sizeof(question));
	if (mad->reply.size < sizeof(question))
		fuzz_fail("a question that is none");
	for (unsigned i = 0; i < mad->reply.fd_count; i++)
		keep_fd(mad, mad->reply.fds[i]);
	mad->answered++;
	if (fuzz_one_in(&mad->rng, 100)) /* silence */
		return receive(channel, &mad->reply);
	make_answer(mad, &question);
	if (fuzz_one_in(&mad->rng, 20))
		mad->packet.size = fuzz_below(&mad->rng, mad->packet.size + 40);
	if (fuzz_one_in(&mad->rng, 30))
		mad->packet.fds[mad->packet.fd_count++] = some_fd(mad);
	finish(&mad->packet);
	if (fuzz_one_in(&mad->rng, 40))
		fuzz_mutate(&mad->rng, mad->packet.data, mad->packet.size);
	/* Twice: the second is the answer to nothing. */
	for (unsigned i = 0; i <= fuzz_one_in(&mad->rng, 40); i++) {
		if (!transmit(channel, &mad->packet))
			return false;
	}
	return receive(channel, &mad->reply);
}

/* The reply to what was sent; or false, as receive. */
static bool receive_reply(struct mad *mad, int channel)
{
	const struct wire_header *header = (const struct wire_header *)mad->reply.data;
	bool there = receive(channel, &mad->reply);

	while (there && header->op == WIRE_UPCALL)
		there = answer(mad, channel);
	return there;
}

/* A client in order but for its lists, whose memory mostly has to be asked for. */
static void ask_for_lists(struct mad *mad, int channel)
{
	static const uint32_t requests[] = {DRM_IOCTL_I915_GEM_EXECBUFFER2,
		DRM_IOCTL_I915_GEM_EXECBUFFER2_WR, DRM_IOCTL_MODE_ATOMIC};
	bool there = true;

	for (unsigned i = 0; i < LISTS && there; i++) {
		uint32_t number = requests[fuzz_below(&mad->rng, GEM_ARRAY_SIZE(requests))];
		struct wire_segment segment = {ARG_ADDRESS, _IOC_SIZE(number),
			WIRE_SEG_IN | WIRE_SEG_OUT};
		struct wire_ioctl *request = (struct wire_ioctl *)mad->packet.data;
		uint8_t arg[256];

		begin(&mad->packet, WIRE_IOCTL, sizeof(*request));
		request->file_id = mad->held[mad->current];
		request->request = number;
		request->arg = ARG_ADDRESS;
		request->segment_count = 1;
		fill_arg(mad, number, arg, _IOC_SIZE(number));
		set_sane(mad, number, arg);
		append(&mad->packet, &segment, sizeof(segment));
		append(&mad->packet, arg, _IOC_SIZE(number));
		finish(&mad->packet);
		mad->done++;
		there = transmit(channel, &mad->packet) && receive_reply(mad, channel);
		if (there)
			take_reply(mad);
	}
}

static void step(struct mad *mad)
{
	mad->current = fuzz_below(&mad->rng, CHANNELS);
	int *channel = &mad->channels[mad->current];

	if (*channel < 0) {
		*channel = connect_to(mad->dir);
		make_hello(mad);
		finish(&mad->packet);
		/* Some never say hello. */
		if (!fuzz_one_in(&mad->rng, 30) &&
		    (!transmit(*channel, &mad->packet) || !receive(*channel, &mad->reply)))
			fuzz_fail("no hello");
	}
	if (mad->held[mad->current] && fuzz_one_in(&mad->rng, 8)) {
		ask_for_lists(mad, *channel);
		hang_up(mad, channel);
		return;
	}
	make_packet(mad);
	mad->done++;
	if (!transmit(*channel, &mad->packet)) {
		hang_up(mad, channel);
		return;
	}
	switch (fuzz_below(&mad->rng, 150)) {
	case 0: /* dies in mid-request */
		hang_up(mad, channel);
		return;
	case 1: /* asks on without reading */
		for (unsigned i = 0; i < 10; i++) {
			make_packet(mad);
			if (!transmit(*channel, &mad->packet))
				break;
		}
		hang_up(mad, channel);
		return;
	case 2: { /* takes a file away that is in use */
		int *fd = &mad->fds[fuzz_below(&mad->rng, FDS)];
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		break;
	}
	case 3: { /* takes memory away that is in use */
		int fd = some_fd(mad);
		if (ftruncate(fd, 0) < 0)
			mad->failed++;
		break;
	}
	}
	if (receive_reply(mad, *channel))
		take_reply(mad);
	else
		hang_up(mad, channel);
}

static void *mad_main(void *data)
{
	struct mad *mad = data;

	for (uint64_t i = 0; i < mad->calls; i++)
		step(mad);
	return NULL;
}

static void mad_init(struct mad *mad, struct fuzz_world *world, const char *dir, uint64_t seed,
	uint64_t calls)
{
	mad->world = world;
	mad->dir = dir;
	mad->calls = calls;
	fuzz_rng_init(&mad->rng, seed);
	for (unsigned i = 0; i < CHANNELS; i++)
		mad->channels[i] = -1;
	for (unsigned i = 0; i < FDS; i++)
		mad->fds[i] = -1;
}

static void mad_finish(struct mad *mad)
{
	for (unsigned i = 0; i < CHANNELS; i++) {
		if (mad->channels[i] >= 0)
			close(mad->channels[i]);
	}
	for (unsigned i = 0; i < FDS; i++) {
		if (mad->fds[i] >= 0)
			close(mad->fds[i]);
	}
}

/* Each uevent subscriber gets one end of a pair that nothing is sent to. */
static int subscribe(void *data, int *fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	close(pair[0]);
	*fd = pair[1];
	return 0;
}

static void *nothing(void *data)
{
	return data;
}

static void run(struct fuzz_world *world, const char *dir, struct mad *mads,
	const struct fuzz_options *options)
{
	struct fuzz_counts before;
	uint64_t done = 0, failed = 0, ended = 0, answered = 0;

	fuzz_count(&before);
	for (unsigned i = 0; i < options->threads; i++) {
		mad_init(&mads[i], world, dir, options->seed * 64 + i,
			options->calls / options->threads);
		if (pthread_create(&mads[i].thread, NULL, mad_main, &mads[i]))
			fuzz_fail("pthread_create");
	}
	for (unsigned i = 0; i < options->threads; i++) {
		pthread_join(mads[i].thread, NULL);
		mad_finish(&mads[i]);
		done += mads[i].done;
		failed += mads[i].failed;
		ended += mads[i].ended;
		answered += mads[i].answered;
	}
	fuzz_check_counts("channels", &before);
	printf("seed %llu: %llu packets, %llu refused, %llu channels ended, %llu questions\n",
		(unsigned long long)options->seed, (unsigned long long)done,
		(unsigned long long)failed, (unsigned long long)ended,
		(unsigned long long)answered);
}

int main(int argc, char **argv)
{
	struct fuzz_options options = {.seed = 1, .calls = 5000, .threads = 4};
	static struct fuzz_world world;
	char dir[DIR_SIZE] = "/tmp/fuzz-wire-XXXXXX";
	struct wire_server *server;
	struct fuzz_counts before;

	fuzz_options_parse(&options, argc, argv);
	struct mad *mads = calloc(options.threads, sizeof(*mads));
	pthread_create(&mads[0].thread, NULL, nothing, NULL);
	pthread_join(mads[0].thread, NULL);
	fuzz_count(&before);
	fuzz_world_start(&world, options.seed);
	if (!mkdtemp(dir) ||
	    wire_server_create(world.cards.vfs, dir, subscribe, NULL, &server))
		fuzz_fail("server");
	wire_server_set_patience(server, PATIENCE_MS);
	run(&world, dir, mads, &options);
	wire_server_destroy(server);
	rmdir(dir);
	fuzz_world_stop(&world);
	fuzz_check_counts("at the end", &before);
	free(mads);
	return 0;
}
