/* Packets that no honest client sends: each costs its channel and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gem_publish.h"
#include "test.h"
#include "wire_fixture.h"

struct hostile {
	const char *name;
	void (*build)(struct packet *packet, uint32_t file_id);
	bool before_hello;
};

static struct wire_header *header_of(struct packet *packet)
{
	return (struct wire_header *)packet->data;
}

static struct wire_ioctl *ping(struct packet *packet, uint32_t file_id)
{
	struct wire_ioctl *request =
		(struct wire_ioctl *)packet_begin(packet, WIRE_IOCTL, sizeof(*request));

	request->file_id = file_id;
	request->request = DRIVER_PING;
	packet_finish(packet);
	return request;
}

static void with_segment(struct packet *packet, uint32_t file_id, uint64_t address,
	uint32_t length, uint32_t flags)
{
	struct wire_segment segment = {address, length, flags};

	ping(packet, file_id)->segment_count = 1;
	packet_add(packet, &segment, sizeof(segment));
	packet_finish(packet);
}

static void empty(struct packet *packet, uint32_t id)
{
	packet->size = 0;
	packet->fd_count = 0;
}

static void one_byte(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	packet->size = 1;
}

static void short_header(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	header_of(packet)->size = packet->size = sizeof(struct wire_header) - 1;
}

static void wrong_magic(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	header_of(packet)->magic++;
}

static void size_too_large(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	header_of(packet)->size++;
}

static void size_too_small(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	header_of(packet)->size--;
}

static void largest(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	packet->size = sizeof(packet->data);
	packet_finish(packet);
}

static void op_zero(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	header_of(packet)->op = 0;
}

static void op_unknown(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	header_of(packet)->op = 0xffff;
}

static void second_hello(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_HELLO, sizeof(struct wire_hello));
	((struct wire_hello *)packet->data)->version = WIRE_VERSION;
	packet_finish(packet);
}

static void claims_fds(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	header_of(packet)->fds = 1;
}

static void hides_fds(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	packet->fds[0] = 0;
	packet->fd_count = 1;
}

static void too_many_fds(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	packet->fd_count = WIRE_FDS_MAX + 1;
	memset(packet->fds, 0, sizeof(packet->fds));
	packet_finish(packet);
}

static void endless_path(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_OPEN, sizeof(struct wire_open));
	memset(((struct wire_open *)packet->data)->path, 'a', WIRE_PATH_MAX);
	packet_finish(packet);
}

static void endless_stat_path(struct packet *packet, uint32_t id)
{
	endless_path(packet, id);
	header_of(packet)->op = WIRE_STAT;
}

static void short_open(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_OPEN, sizeof(struct wire_open) - 1);
	packet_finish(packet);
}

static void open_with_fd(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_OPEN, sizeof(struct wire_open));
	packet->fds[packet->fd_count++] = 0;
	packet_finish(packet);
}

static void attach_nothing(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_ATTACH, sizeof(struct wire_attach));
	packet_finish(packet);
}

static void attach_two(struct packet *packet, uint32_t id)
{
	attach_nothing(packet, id);
	packet->fds[0] = packet->fds[1] = 0;
	packet->fd_count = 2;
	packet_finish(packet);
}

static void long_mmap(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_MMAP, sizeof(struct wire_mmap) + 8);
	packet_finish(packet);
}

static void short_ioctl(struct packet *packet, uint32_t id)
{
	ping(packet, id);
	packet->size--;
	packet_finish(packet);
}

static void segments_over_limit(struct packet *packet, uint32_t id)
{
	struct wire_segment segment = {4096, 1, WIRE_SEG_OUT};

	ping(packet, id)->segment_count = WIRE_SEGMENTS_MAX + 1;
	for (unsigned i = 0; i <= WIRE_SEGMENTS_MAX; i++)
		packet_add(packet, &segment, sizeof(segment));
	packet_finish(packet);
}

static void segments_missing(struct packet *packet, uint32_t id)
{
	ping(packet, id)->segment_count = WIRE_SEGMENTS_MAX;
}

static void segment_count_wraps(struct packet *packet, uint32_t id)
{
	ping(packet, id)->segment_count = 0x10000000; /* times 16 = 0 in 32 bits */
}

static void fd_count_wraps(struct packet *packet, uint32_t id)
{
	ping(packet, id)->fd_count = 0x40000000;
}

static void fd_numbers_missing(struct packet *packet, uint32_t id)
{
	ping(packet, id)->fd_count = 1;
	packet->fds[packet->fd_count++] = 0;
	packet_finish(packet);
}

static void segment_wraps_memory(struct packet *packet, uint32_t id)
{
	with_segment(packet, id, UINT64_MAX - 10, 100, WIRE_SEG_OUT);
}

static void segment_without_direction(struct packet *packet, uint32_t id)
{
	with_segment(packet, id, 4096, 1, 0);
}

static void segment_unknown_flag(struct packet *packet, uint32_t id)
{
	with_segment(packet, id, 4096, 1, WIRE_SEG_OUT | 8);
}

static void segments_too_large(struct packet *packet, uint32_t id)
{
	with_segment(packet, id, 4096, WIRE_INLINE_MAX + 1, WIRE_SEG_OUT);
}

static void segment_length_4g(struct packet *packet, uint32_t id)
{
	with_segment(packet, id, 4096, UINT32_MAX, WIRE_SEG_IN);
}

static void data_missing(struct packet *packet, uint32_t id)
{
	with_segment(packet, id, 4096, 100, WIRE_SEG_IN);
}

static void data_too_many(struct packet *packet, uint32_t id)
{
	with_segment(packet, id, 4096, 100, WIRE_SEG_IN);
	packet->size += 101;
	packet_finish(packet);
}

static void with_memfd(struct packet *packet, uint32_t id, int fd)
{
	with_segment(packet, id, 4096, 100, WIRE_SEG_IN);
	packet->fds[packet->fd_count++] = fd;
	packet_finish(packet);
}

static void memfd_is_pipe(struct packet *packet, uint32_t id)
{
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	close(ends[1]);
	with_memfd(packet, id, ends[0]);
}

static void memfd_is_file(struct packet *packet, uint32_t id)
{
	with_memfd(packet, id, open("/proc/self/comm", O_RDWR));
}

static void memfd_read_only(struct packet *packet, uint32_t id)
{
	char path[64];
	int fd = memfd_create("test", 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	with_memfd(packet, id, open(path, O_RDONLY));
	close(fd);
}

static void memfd_and_data(struct packet *packet, uint32_t id)
{
	with_memfd(packet, id, memfd_create("test", 0));
	packet->size += 100;
	packet_finish(packet);
}

/* count counters in the packet, that says claimed. */
static void kept(struct packet *packet, uint32_t count, uint32_t claimed)
{
	packet_begin(packet, WIRE_KEPT, sizeof(struct wire_kept) +
		count * sizeof(struct wire_kept_count));
	((struct wire_kept *)packet->data)->count = claimed;
	packet_finish(packet);
}

static void short_kept(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_KEPT, sizeof(struct wire_header));
	packet_finish(packet);
}

static void kept_counts_missing(struct packet *packet, uint32_t id)
{
	kept(packet, 1, 2);
}

static void kept_count_wraps(struct packet *packet, uint32_t id)
{
	kept(packet, 0, 1u << 29);
}

static void kept_number_too_large(struct packet *packet, uint32_t id)
{
	kept(packet, 1, 1);
	((struct wire_kept_count *)((struct wire_kept *)packet->data + 1))->number = WIRE_KEPT_MAX;
}

static void watch_with_more(struct packet *packet, uint32_t id)
{
	packet_begin(packet, WIRE_WATCH, sizeof(struct wire_header) + 4);
	packet_finish(packet);
}

static const struct hostile hostiles[] = {
	{"empty", empty}, {"one byte", one_byte}, {"short header", short_header},
	{"wrong magic", wrong_magic}, {"size too large", size_too_large},
	{"size too small", size_too_small}, {"over the largest packet", largest},
	{"op 0", op_zero}, {"unknown op", op_unknown}, {"second hello", second_hello},
	{"request before hello", short_open, true}, {"ioctl before hello", short_ioctl, true},
	{"claims descriptors", claims_fds}, {"hides descriptors", hides_fds},
	{"too many descriptors", too_many_fds}, {"path without end", endless_path},
	{"stat path without end", endless_stat_path}, {"short open", short_open},
	{"open with descriptor", open_with_fd}, {"attach without descriptor", attach_nothing},
	{"attach with two", attach_two}, {"long mmap", long_mmap}, {"short ioctl", short_ioctl},
	{"one segment too many", segments_over_limit}, {"segments missing", segments_missing},
	{"segment count wraps", segment_count_wraps}, {"descriptor count wraps", fd_count_wraps},
	{"descriptor numbers missing", fd_numbers_missing},
	{"segment wraps memory", segment_wraps_memory},
	{"segment without direction", segment_without_direction},
	{"segment with unknown flag", segment_unknown_flag},
	{"segments too large in line", segments_too_large},
	{"segment of 4 GiB", segment_length_4g}, {"data missing", data_missing},
	{"data too many", data_too_many}, {"memfd is a pipe", memfd_is_pipe},
	{"memfd is a file", memfd_is_file}, {"memfd read-only", memfd_read_only},
	{"memfd and data", memfd_and_data}, {"short kept", short_kept},
	{"kept counts missing", kept_counts_missing}, {"kept count wraps", kept_count_wraps},
	{"kept number too large", kept_number_too_large}, {"long watch", watch_with_more},
};

TEST_ROWS(loses_its_channel, struct hostile, hostiles)
{
	static struct packet packet, reply;
	struct fixture fixture;
	uint32_t id = 0;
	int fd = -1;

	fixture_begin(&fixture);
	int other = client_greeted(&fixture);
	int socket = row->before_hello ? client_connect(&fixture) : client_greeted(&fixture);
	if (!row->before_hello)
		fd = client_open(socket, &id);
	row->build(&packet, id);
	client_send(socket, &packet);
	CHECK(!client_receive(socket, &reply));
	for (unsigned i = 0; i < packet.fd_count; i++) {
		if (packet.fds[i] > 2)
			close(packet.fds[i]);
	}
	close(socket);
	if (fd >= 0)
		close(fd);
	/* The one that behaved is served on. */
	packet_begin(&packet, WIRE_UEVENT, sizeof(struct wire_header));
	packet_finish(&packet);
	CHECK_INT(client_call(other, &packet, &reply), -ENODEV);
	close(other);
	check_fds(&fixture, fixture.socket_fds);
	check_alive(&fixture);
	fixture_end(&fixture);
}

TEST(another_version_is_told_so)
{
	static struct packet packet, reply;
	struct fixture fixture;

	fixture_begin(&fixture);
	int socket = client_connect(&fixture);
	second_hello(&packet, 0);
	((struct wire_hello *)packet.data)->version = WIRE_VERSION + 1;
	CHECK_INT(client_call(socket, &packet, &reply), -EPROTO);
	CHECK_INT(((struct wire_hello *)reply.data)->version, WIRE_VERSION);
	CHECK(!client_receive(socket, &reply));
	close(socket);
	fixture_end(&fixture);
}

TEST(descriptor_flood)
{
	static struct packet packet, reply;
	struct fixture fixture;

	fixture_begin(&fixture);
	for (int i = 0; i < 500; i++) {
		int socket = client_greeted(&fixture);

		ping(&packet, 1);
		packet.fd_count = WIRE_FDS_MAX;
		memset(packet.fds, 0, sizeof(packet.fds));
		packet_finish(&packet);
		client_send(socket, &packet);
		CHECK(!client_receive(socket, &reply));
		close(socket);
	}
	check_fds(&fixture, fixture.socket_fds);
	check_alive(&fixture);
	fixture_end(&fixture);
}

/* Descriptors that lie in unread replies would count against all of the user's programs. */
TEST(asks_without_reading)
{
	static struct packet packet, reply;
	struct fixture fixture;
	struct wire_open *request = (struct wire_open *)packet.data;
	int replies = 0;

	fixture_begin(&fixture);
	int socket = client_greeted(&fixture);
	packet_begin(&packet, WIRE_OPEN, sizeof(*request));
	request->flags = O_RDWR;
	strcpy(request->path, DRIVER_PATH);
	packet_finish(&packet);
	for (int i = 0; i < 20; i++) {
		if (send(socket, packet.data, packet.size, MSG_NOSIGNAL) < 0)
			break;
	}
	struct pollfd hung_up = {socket, 0, 0};
	CHECK_INT(poll(&hung_up, 1, 10000), 1);
	CHECK(hung_up.revents & POLLHUP);
	while (client_receive(socket, &reply)) {
		for (unsigned i = 0; i < reply.fd_count; i++)
			close(reply.fds[i]);
		replies++;
	}
	CHECK(replies <= 1);
	close(socket);
	check_fds(&fixture, fixture.socket_fds);
	fixture_end(&fixture);
}

TEST(a_thousand_connects)
{
	struct fixture fixture;

	fixture_begin(&fixture);
	for (int i = 0; i < 1000; i++)
		close(i % 3 ? client_greeted(&fixture) : client_connect(&fixture));
	check_fds(&fixture, fixture.socket_fds);
	check_alive(&fixture);
	fixture_end(&fixture);
}

TEST(three_hundred_at_once)
{
	struct fixture fixture;
	int sockets[300];

	fixture_begin(&fixture);
	for (int i = 0; i < 300; i++)
		sockets[i] = client_greeted(&fixture);
	check_alive(&fixture);
	for (int i = 0; i < 300; i++)
		close(sockets[i]);
	check_fds(&fixture, fixture.socket_fds);
	fixture_end(&fixture);
}

TEST(hangs_up_inside_a_request)
{
	static struct packet packet;
	struct fixture fixture;
	struct driver_arg arg = {.fd = -1, .waits = 1};
	uint32_t id;

	fixture_begin(&fixture);
	int socket = client_greeted(&fixture);
	int fd = client_open(socket, &id);
	client_ioctl_packet(&packet, id, &arg, NULL, 0);
	client_send(socket, &packet);
	CHECK_INT(sem_wait(&driver_inside), 0);
	close(socket);
	close(fd);
	check_alive(&fixture);
	/* The call still runs: the file is there for it. check_alive released its own. */
	for (int i = 0; i < 200 && atomic_load(&driver_released) < 1; i++)
		usleep(5000);
	CHECK_INT(atomic_load(&driver_released), 1);
	sem_post(&driver_go_on);
	check_fds(&fixture, fixture.socket_fds);
	CHECK_INT(atomic_load(&driver_released), 2);
	fixture_end(&fixture);
}

static int large_request(struct packet *packet, uint32_t id, struct driver_arg *arg,
	struct segment *segments)
{
	int memfd = memfd_create("test", MFD_CLOEXEC);

	CHECK_INT(pwrite(memfd, arg, sizeof(*arg), 0), sizeof(*arg));
	CHECK_INT(pwrite(memfd, segments[0].data, segments[0].length, sizeof(*arg)),
		segments[0].length);
	client_ioctl_packet(packet, id, arg, segments, 0);
	packet->size -= sizeof(*arg);
	((struct wire_ioctl *)packet->data)->segment_count = 3;
	for (int i = 0; i < 2; i++) {
		struct wire_segment segment = {(uintptr_t)segments[i].data, segments[i].length,
			segments[i].flags};
		packet_add(packet, &segment, sizeof(segment));
	}
	packet->fds[packet->fd_count++] = memfd;
	packet_finish(packet);
	return memfd;
}

enum { LARGE = 1 << 20 };

TEST(large_request_in_a_memfd)
{
	static struct packet packet, reply;
	static uint8_t from[LARGE], to[LARGE];
	struct fixture fixture;
	struct driver_arg arg = {(uintptr_t)from, (uintptr_t)to, LARGE, 1, -1, 0};
	struct segment segments[] = {{from, LARGE, WIRE_SEG_IN}, {to, LARGE, WIRE_SEG_OUT}};
	uint32_t id;

	fixture_begin(&fixture);
	for (int i = 0; i < LARGE; i++)
		from[i] = i * 7 + i / 256;
	int socket = client_greeted(&fixture);
	int fd = client_open(socket, &id);
	int memfd = large_request(&packet, id, &arg, segments);
	CHECK_INT(client_call(socket, &packet, &reply), 0);
	const struct wire_ioctl_reply *head = (const struct wire_ioctl_reply *)reply.data;
	const struct wire_extent *extents = (const struct wire_extent *)(head + 1);
	CHECK_INT(head->extent_count, 2);
	CHECK_INT(reply.size, sizeof(*head) + 2 * sizeof(*extents));
	CHECK_INT(extents[0].segment, 2);
	CHECK_INT(extents[0].length, LARGE);
	CHECK_INT(pread(memfd, to, LARGE, sizeof(arg) + LARGE), LARGE);
	CHECK(!memcmp(from, to, LARGE));
	close(memfd);
	close(fd);
	close(socket);
	fixture_end(&fixture);
}

TEST(memfd_truncated_inside_a_request)
{
	static struct packet packet, reply;
	static uint8_t from[LARGE], to[LARGE];
	struct fixture fixture;
	struct driver_arg arg = {(uintptr_t)from, (uintptr_t)to, LARGE, 1, -1, 1};
	struct segment segments[] = {{from, LARGE, WIRE_SEG_IN}, {to, LARGE, WIRE_SEG_OUT}};
	uint32_t id;

	fixture_begin(&fixture);
	int socket = client_greeted(&fixture);
	int fd = client_open(socket, &id);
	int memfd = large_request(&packet, id, &arg, segments);
	client_send(socket, &packet);
	CHECK_INT(sem_wait(&driver_inside), 0);
	CHECK_INT(ftruncate(memfd, 4096), 0);
	sem_post(&driver_go_on);
	CHECK(client_receive(socket, &reply));
	CHECK_INT(((struct wire_header *)reply.data)->result, -EFAULT);
	close(memfd);
	close(fd);
	close(socket);
	check_alive(&fixture);
	fixture_end(&fixture);
}

TEST(more_than_data_max)
{
	static struct packet packet, reply;
	struct fixture fixture;
	struct driver_arg arg = {.fd = -1};
	uint8_t byte = 0;
	struct segment segments[] = {{&byte, 1, WIRE_SEG_IN},
		{(void *)4096, WIRE_DATA_MAX, WIRE_SEG_OUT}};
	uint32_t id;

	fixture_begin(&fixture);
	int socket = client_greeted(&fixture);
	int fd = client_open(socket, &id);
	int memfd = large_request(&packet, id, &arg, segments);
	CHECK_INT(client_call(socket, &packet, &reply), -ENOMEM);
	close(memfd);
	close(fd);
	close(socket);
	fixture_end(&fixture);
}

static void *end_server(void *data)
{
	struct fixture *fixture = data;

	wire_server_destroy(fixture->server);
	return NULL;
}

/* destroy waits for the call that runs; everyone else is hung up on at once. */
TEST(ends_with_channels_open)
{
	static struct packet packet, reply;
	struct fixture fixture;
	struct driver_arg arg = {.fd = -1, .waits = 1};
	pthread_t thread;
	uint32_t id;

	fixture_begin(&fixture);
	int idle = client_greeted(&fixture), busy = client_greeted(&fixture);
	int fd = client_open(busy, &id);
	client_ioctl_packet(&packet, id, &arg, NULL, 0);
	client_send(busy, &packet);
	CHECK_INT(sem_wait(&driver_inside), 0);
	CHECK_INT(pthread_create(&thread, NULL, end_server, &fixture), 0);
	CHECK(!client_receive(idle, &reply));
	sem_post(&driver_go_on);
	CHECK_INT(pthread_join(thread, NULL), 0);
	/* The answer, if its call ended before its turn to be hung up on came; then the end. */
	if (client_receive(busy, &reply))
		CHECK(!client_receive(busy, &reply));
	close(idle);
	close(busy);
	close(fd);
	vfs_destroy(fixture.vfs);
	CHECK_INT(atomic_load(&driver_released), 1);
	CHECK_INT(rmdir(fixture.dir), 0);
}

/* ---- the counters' memory ---- */

static int watch(int socket)
{
	static struct packet packet, reply;

	packet_begin(&packet, WIRE_WATCH, sizeof(struct wire_header));
	packet_finish(&packet);
	int ret = client_call(socket, &packet, &reply);
	CHECK_INT(reply.fd_count, ret == 0);
	return ret ? ret : reply.fds[0];
}

/* A client can not change it, nor make it shorter, nor get a descriptor that can. */
TEST(counters_are_only_read)
{
	struct fixture fixture;
	char path[64];

	fixture_begin(&fixture);
	int socket = client_greeted(&fixture);
	CHECK_INT(watch(socket), -ENODEV); /* this driver has none */
	gem_counter *line = gem_publish_alloc();
	int fd = watch(socket);
	CHECK(fd >= 0);
	uint64_t *memory = mmap(NULL, WIRE_WATCH_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(memory != MAP_FAILED);
	const uint64_t *seen = memory + gem_publish_place(line) / sizeof(*memory);
	uint64_t before = *seen;
	gem_publish_move(line);
	CHECK_INT(*seen, before + 1);

	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
	CHECK_ERRNO(write(fd, "x", 1), EBADF);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(mprotect(memory, 4096, PROT_READ | PROT_WRITE) < 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_CLOEXEC);
	CHECK(again >= 0); /* the kernel lets who has the same user id; the seals do not */
	CHECK_ERRNO(ftruncate(again, 0), EPERM);
	CHECK_ERRNO(pwrite(again, "x", 1, 0), EPERM);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0) == MAP_FAILED);
	CHECK_ERRNO(fallocate(again, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
	gem_publish_move(line);
	CHECK_INT(*seen, before + 2);

	close(again);
	close(fd);
	munmap(memory, WIRE_WATCH_SIZE);
	gem_publish_free(line);
	close(socket);
	fixture_end(&fixture);
}
