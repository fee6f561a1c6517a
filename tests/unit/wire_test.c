/* The server as an honest client sees it, and the layout table. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <drm.h>
#include <i915_drm.h>

#include "test.h"
#include "wire_fixture.h"
#include "wire_layout.h"

struct session {
	struct fixture fixture;
	int socket, fd;
	uint32_t id;
};

static struct packet packet, reply;

static void begin(struct session *session)
{
	fixture_begin(&session->fixture);
	session->socket = client_greeted(&session->fixture);
	session->fd = client_open(session->socket, &session->id);
}

static void end(struct session *session)
{
	close(session->fd);
	close(session->socket);
	fixture_end(&session->fixture);
}

static const struct wire_ioctl_reply *reply_head(void)
{
	return (const struct wire_ioctl_reply *)reply.data;
}

static const struct wire_extent *reply_extents(void)
{
	return (const struct wire_extent *)(reply_head() + 1);
}

static void check_condition(const struct wire_condition *when, unsigned size)
{
	CHECK(!when->mask || when->flags + sizeof(uint32_t) <= size);
}

static void check_array(const struct wire_array *array, unsigned size)
{
	check_condition(&array->when, size);
	CHECK(array->pointer_size == 4 || array->pointer_size == 8);
	CHECK(array->pointer + array->pointer_size <= size);
	CHECK(array->element > 0);
	CHECK(array->direction && !(array->direction & ~(WIRE_SEG_IN | WIRE_SEG_OUT)));
	CHECK(array->kind <= WIRE_COUNT_BULK);
	CHECK(array->kind != WIRE_COUNT_BULK || array->element == 1);
	if (array->inner) {
		/* What is looked at goes along; one level, so it ends. */
		CHECK(array->direction & WIRE_SEG_IN);
		CHECK(array->element <= 256);
		CHECK(!array->inner->inner);
		check_array(array->inner, array->element);
	}
	if (array->kind == WIRE_COUNT_ONE)
		return;
	CHECK(array->count_size == 4 || array->count_size == 8);
	CHECK(array->count + array->count_size <= size);
	CHECK(array->pointer != array->count);
	CHECK(array->kind != WIRE_COUNT_SUM || array->counts_pointer + 8u <= size);
}

static void check_chain(const struct wire_layout *row, unsigned size)
{
	CHECK(row->chain || row->extension_count == 0);
	CHECK(!row->chain || row->chain_head + 8u <= size);
	for (unsigned i = 0; i < row->extension_count; i++) {
		const struct wire_extension *extension = &row->extensions[i];

		CHECK(extension->size >= sizeof(struct i915_user_extension));
		CHECK(extension->size <= 256);
		CHECK(extension->array_count <= WIRE_EXTENSION_ARRAYS_MAX);
		for (unsigned k = 0; k < extension->array_count; k++)
			check_array(&extension->arrays[k], extension->size);
	}
}

TEST(layout_rows_are_inside_their_structs)
{
	const struct wire_layout *row;
	size_t i;

	for (i = 0; (row = wire_layout_row(i)); i++) {
		unsigned size = _IOC_SIZE(row->request);

		CHECK(wire_layout_find(row->request) == row);
		CHECK(row->array_count <= WIRE_ARRAYS_MAX);
		CHECK(row->fd_in == WIRE_NO_FIELD || row->fd_in + sizeof(int) <= size);
		CHECK(row->fd_out == WIRE_NO_FIELD || row->fd_out + sizeof(int) <= size);
		for (unsigned k = 0; k < row->array_count; k++) {
			check_array(&row->arrays[k], size);
			/* What is written to a copy of nothing is written nowhere. */
			CHECK(wire_layout_direction(row->request) & WIRE_SEG_IN);
		}
		check_chain(row, size);
		check_condition(&row->chain_when, size);
		check_condition(&row->fd_in_when, size);
		check_condition(&row->fd_out_when, size);
	}
	CHECK(i > 30);
}

/* Who maps what a handler answers: exactly the request that returns an address. */
TEST(layout_maps_one_request)
{
	const struct wire_layout *row;

	for (size_t i = 0; (row = wire_layout_row(i)); i++)
		CHECK(row->maps == (row->request == DRM_IOCTL_I915_GEM_MMAP));
	row = wire_layout_find(DRM_IOCTL_I915_GEM_MMAP_GTT);
	CHECK(row && row->chain); /* found by the newer struct's row: no chain in the old one */
}

/* A client that does not answer holds a handler up: few may ask. */
TEST(layout_asks_for_two_requests)
{
	const struct wire_layout *row;

	for (size_t i = 0; (row = wire_layout_row(i)); i++)
		CHECK(row->upcalls == (row->request == DRM_IOCTL_I915_GEM_EXECBUFFER2_WR ||
			row->request == DRM_IOCTL_MODE_ATOMIC));
	CHECK(wire_layout_find(DRM_IOCTL_I915_GEM_EXECBUFFER2)->upcalls);
}

TEST(layout_is_found_by_number_not_size)
{
	unsigned grown = _IOC(_IOC_READ | _IOC_WRITE, 'd', _IOC_NR(DRM_IOCTL_MODE_GETCONNECTOR), 400);

	CHECK(wire_layout_find(grown) == wire_layout_find(DRM_IOCTL_MODE_GETCONNECTOR));
	CHECK(!wire_layout_find(DRM_IOCTL_GET_CAP));
	CHECK(!wire_layout_find(0x5401)); /* TCGETS */
}

TEST(node_by_path_and_by_file)
{
	struct session session;
	struct wire_open *by_path = (struct wire_open *)packet.data;
	const struct wire_stat_reply *stat = (const struct wire_stat_reply *)reply.data;

	begin(&session);
	packet_begin(&packet, WIRE_STAT, sizeof(*by_path));
	strcpy(by_path->path, DRIVER_PATH);
	packet_finish(&packet);
	CHECK_INT(client_call(session.socket, &packet, &reply), 0);
	CHECK_INT(stat->major, 226);
	CHECK_INT(stat->minor, 7);
	CHECK_INT(stat->mode, 0640);
	CHECK_INT(stat->uid, 12);
	CHECK_INT(stat->gid, 34);
	strcpy(by_path->path, "/dev/none");
	CHECK_INT(client_call(session.socket, &packet, &reply), -ENOENT);
	by_path->header.op = WIRE_OPEN;
	CHECK_INT(client_call(session.socket, &packet, &reply), -ENXIO);

	packet_begin(&packet, WIRE_FSTAT, sizeof(struct wire_attach));
	((struct wire_attach *)packet.data)->file_id = session.id;
	packet_finish(&packet);
	CHECK_INT(client_call(session.socket, &packet, &reply), 0);
	CHECK_INT(stat->minor, 7);
	CHECK(!strcmp(stat->path, DRIVER_PATH));
	end(&session);
}

TEST(fdinfo_is_for_who_holds_the_file)
{
	struct session session;
	char got[32] = "", want[32];

	begin(&session);
	packet_begin(&packet, WIRE_FDINFO, sizeof(struct wire_attach));
	((struct wire_attach *)packet.data)->file_id = session.id;
	packet_finish(&packet);
	CHECK_INT(client_call(session.socket, &packet, &reply), 0);
	CHECK_INT(reply.fd_count, 1);
	snprintf(want, sizeof(want), "file:\t%u\n", session.id);
	CHECK_INT(read(reply.fds[0], got, sizeof(got)), strlen(want));
	CHECK(!strcmp(got, want));
	close(reply.fds[0]);
	((struct wire_attach *)packet.data)->file_id = session.id + 1;
	CHECK_INT(client_call(session.socket, &packet, &reply), WIRE_NOT_ATTACHED);
	end(&session);
}

TEST(memory_comes_and_goes)
{
	struct session session;
	char from[10] = "abcdefghi", to[10];
	struct driver_arg arg = {(uintptr_t)from, (uintptr_t)to, 10, 1, -1, 0};
	struct segment segments[] = {{from, 10, WIRE_SEG_IN}, {to, 10, WIRE_SEG_OUT}};

	begin(&session);
	client_ioctl_packet(&packet, session.id, &arg, segments, 2);
	CHECK_INT(client_call(session.socket, &packet, &reply), 0);
	CHECK_INT(reply_head()->extent_count, 2);
	CHECK_INT(reply_extents()[0].segment, 2);
	CHECK_INT(reply_extents()[0].offset, 0);
	CHECK_INT(reply_extents()[0].length, 10);
	CHECK_INT(reply_extents()[1].segment, 0);
	CHECK_INT(reply_extents()[1].length, sizeof(arg));
	CHECK_INT(reply.size, sizeof(struct wire_ioctl_reply) + 2 * sizeof(struct wire_extent) +
		10 + sizeof(arg));
	CHECK(!memcmp(reply_extents() + 2, "abcdefghi", 10));
	end(&session);
}

TEST(only_what_was_written_comes_back)
{
	struct session session;
	char from[64] = "0123456789abcdef", to[64];
	struct driver_arg arg = {(uintptr_t)from, (uintptr_t)to, 8, 4, -1, 0};
	struct segment segments[] = {{from, 64, WIRE_SEG_IN}, {to, 64, WIRE_SEG_OUT}};

	begin(&session);
	client_ioctl_packet(&packet, session.id, &arg, segments, 2);
	CHECK_INT(client_call(session.socket, &packet, &reply), 0);
	CHECK_INT(reply_head()->extent_count, 5);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(reply_extents()[i].segment, 2);
		CHECK_INT(reply_extents()[i].offset, 3 * i);
		CHECK_INT(reply_extents()[i].length, 2);
	}
	CHECK(!memcmp(reply_extents() + 5, "01" "34" "67" "9a", 8));
	end(&session);
}

struct fault {
	const char *name;
	int from, to; /* offsets into one block of 64 bytes */
	unsigned length;
	int want;
};
/* Segments: bytes 0-15 in, 16-31 in, 32-47 out, 48-55 both, 56-63 none. */
static const struct fault faults[] = {
	{"inside", 0, 32, 16, 0},
	{"to the end", 15, 47, 1, 0},
	{"across two", 8, 32, 16, -EFAULT},
	{"before", -1, 32, 2, -EFAULT},
	{"of what is only written", 32, 32, 4, -EFAULT},
	{"to what is only read", 0, 16, 4, -EFAULT},
	{"both ways", 48, 52, 4, 0},
	{"from outside", 56, 32, 4, -EFAULT},
	{"past the end", 0, 52, 8, -EFAULT},
};

TEST_ROWS(address, struct fault, faults)
{
	struct session session;
	char block[64];
	struct driver_arg arg = {(uintptr_t)block + row->from, (uintptr_t)block + row->to,
		row->length, 1, -1, 0};
	struct segment segments[] = {{block, 16, WIRE_SEG_IN}, {block + 16, 16, WIRE_SEG_IN},
		{block + 32, 16, WIRE_SEG_OUT}, {block + 48, 8, WIRE_SEG_IN | WIRE_SEG_OUT}};

	memset(block, 'x', sizeof(block));
	begin(&session);
	client_ioctl_packet(&packet, session.id, &arg, segments, 4);
	CHECK_INT(client_call(session.socket, &packet, &reply), row->want);
	end(&session);
}

static void add_number(int number, int fd)
{
	int32_t wide = number;
	struct wire_ioctl *request = (struct wire_ioctl *)packet.data;

	/* Numbers lie between the segments and the data. */
	size_t at = sizeof(*request) + request->segment_count * sizeof(struct wire_segment);
	memmove(packet.data + at + 4, packet.data + at, packet.size - at);
	memcpy(packet.data + at, &wide, 4);
	packet.size += 4;
	request->fd_count++;
	packet.fds[packet.fd_count++] = fd;
	packet_finish(&packet);
}

TEST(descriptors_both_ways)
{
	struct session session;
	struct driver_arg arg = {.fd = 1234, .pieces = 0}, back;
	struct stat sent, got;
	int ends[2];

	begin(&session);
	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	client_ioctl_packet(&packet, session.id, &arg, NULL, 0);
	add_number(1234, ends[0]);
	CHECK_INT(client_call(session.socket, &packet, &reply), 0);
	CHECK_INT(reply.fd_count, 1);
	CHECK_INT(reply_head()->cloexec_mask, 1);
	memcpy(&back, reply_extents() + 1, sizeof(back));
	CHECK_INT(back.fd, WIRE_FD_BASE);
	CHECK_INT(fstat(ends[0], &sent), 0);
	CHECK_INT(fstat(reply.fds[0], &got), 0);
	CHECK(sent.st_ino == got.st_ino && sent.st_dev == got.st_dev);
	close(reply.fds[0]);

	/* A number that did not come along. */
	arg.fd = 1235;
	client_ioctl_packet(&packet, session.id, &arg, NULL, 0);
	add_number(1234, ends[0]);
	CHECK_INT(client_call(session.socket, &packet, &reply), -EBADF);
	CHECK_INT(reply.fd_count, 0);
	close(ends[0]);
	close(ends[1]);
	end(&session);
}

TEST(mmap_brings_a_descriptor)
{
	struct session session;
	struct wire_mmap *request = (struct wire_mmap *)packet.data;

	begin(&session);
	packet_begin(&packet, WIRE_MMAP, sizeof(*request));
	request->file_id = session.id;
	request->offset = 4096;
	packet_finish(&packet);
	CHECK_INT(client_call(session.socket, &packet, &reply), 0);
	CHECK_INT(((struct wire_mmap_reply *)reply.data)->fd_offset, 8192);
	CHECK_INT(reply.fd_count, 1);
	close(reply.fds[0]);
	request->offset = 0;
	CHECK_INT(client_call(session.socket, &packet, &reply), -EINVAL);
	CHECK_INT(reply.fd_count, 0);
	end(&session);
}

static int ping(int socket, uint32_t id)
{
	struct wire_ioctl *request = (struct wire_ioctl *)packet.data;

	packet_begin(&packet, WIRE_IOCTL, sizeof(*request));
	request->file_id = id;
	request->request = DRIVER_PING;
	request->arg = 5;
	packet_finish(&packet);
	return client_call(socket, &packet, &reply);
}

TEST(a_file_must_be_held)
{
	struct session session;
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	uint32_t id2;

	begin(&session);
	int other = client_greeted(&session.fixture);
	int fd2 = client_open(other, &id2);
	/* Knowing the number, or another file, or a socket of one's own, is not enough. */
	CHECK_INT(ping(other, session.id), WIRE_NOT_ATTACHED);
	CHECK_INT(ping(other, 0), WIRE_NOT_ATTACHED);
	CHECK_INT(client_attach(other, fd2, session.id), -EBADF);
	CHECK_INT(client_attach(other, other, session.id), -EBADF);
	CHECK_INT(client_attach(other, 0, session.id), -EBADF);
	CHECK_INT(ping(other, session.id), WIRE_NOT_ATTACHED);
	/* The name alone cannot be taken while its holder lives. */
	int fake = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK_INT(getsockname(session.fd, (struct sockaddr *)&address, &size), 0);
	CHECK_ERRNO(bind(fake, (struct sockaddr *)&address, size), EADDRINUSE);
	CHECK_INT(client_attach(other, session.fd, session.id), 0);
	CHECK_INT(ping(other, session.id), 5);
	close(fake);
	close(fd2);
	close(other);
	end(&session);
}

TEST(an_attached_channel_does_not_hold_the_file)
{
	struct session session;

	begin(&session);
	CHECK_INT(ping(session.socket, session.id), 5);
	close(session.fd);
	for (int i = 0; i < 400 && !atomic_load(&driver_released); i++)
		usleep(5000);
	CHECK_INT(atomic_load(&driver_released), 1);
	CHECK_INT(ping(session.socket, session.id), -ENODEV);
	session.fd = client_open(session.socket, &session.id);
	CHECK_INT(ping(session.socket, session.id), 5);
	end(&session);
}

TEST(many_files_on_one_channel)
{
	enum { FILES = 300 };
	struct session session;
	int fds[FILES];
	uint32_t ids[FILES];

	begin(&session);
	for (int i = 0; i < FILES; i++)
		fds[i] = client_open(session.socket, &ids[i]);
	for (int i = 0; i < FILES; i++) {
		int ret = ping(session.socket, ids[i]);
		CHECK(ret == 5 || ret == WIRE_NOT_ATTACHED);
		if (ret != 5)
			CHECK_INT(client_attach(session.socket, fds[i], ids[i]), 0);
		CHECK_INT(ping(session.socket, ids[i]), 5);
		close(fds[i]);
	}
	end(&session);
}

TEST(one_server_a_folder)
{
	struct session session;
	struct wire_server *second;

	begin(&session);
	CHECK_INT(wire_server_create(session.fixture.vfs, session.fixture.dir, NULL, NULL, &second),
		-EADDRINUSE);
	CHECK_INT(ping(session.socket, session.id), 5);
	end(&session);
}

TEST(a_dead_servers_socket_is_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fixture fixture;

	fixture_begin(&fixture);
	wire_server_destroy(fixture.server);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", fixture.dir, WIRE_SOCKET_NAME);
	int dead = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	close(dead);
	CHECK_INT(wire_server_create(fixture.vfs, fixture.dir, NULL, NULL, &fixture.server), 0);
	check_alive(&fixture);
	fixture_end(&fixture);
}

TEST(refuses_a_folder_that_is_not_there)
{
	struct vfs *vfs;
	struct wire_server *server;
	char path[200] = "/tmp/";

	CHECK_INT(vfs_create(&vfs), 0);
	CHECK_INT(wire_server_create(vfs, "/nonexistent/folder", NULL, NULL, &server), -ENOENT);
	memset(path + 5, 'a', 150);
	CHECK_INT(wire_server_create(vfs, path, NULL, NULL, &server), -ENAMETOOLONG);
	vfs_destroy(vfs);
}
