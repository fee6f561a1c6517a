#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"
#include "wire_fixture.h"

atomic_int driver_released, driver_result;
sem_t driver_inside, driver_go_on;

static int copy_pieces(struct vfs_caller *caller, const struct driver_arg *arg)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < arg->pieces; i++) {
		uint32_t length = arg->length / arg->pieces;
		uint8_t *bytes = malloc(length + 1);
		int ret = vfs_copy_from(caller, bytes, arg->from + at, length);

		if (!ret)
			ret = vfs_copy_to(caller, arg->to + at, bytes, length);
		free(bytes);
		if (ret)
			return ret;
		at += length + 1;
	}
	return 0;
}

static int driver_copy(struct vfs_caller *caller, uint64_t address)
{
	struct driver_arg arg;
	int ret = vfs_copy_from(caller, &arg, address, sizeof(arg));

	if (ret)
		return ret;
	if (arg.waits) {
		sem_post(&driver_inside);
		while (sem_wait(&driver_go_on) < 0)
			;
	}
	ret = copy_pieces(caller, &arg);
	if (ret)
		return ret;
	if (arg.fd >= 0) {
		int fd = caller->ops->fetch_fd(caller, arg.fd);
		if (fd < 0)
			return fd;
		arg.fd = caller->ops->install_fd(caller, fd, true);
		if (arg.fd < 0)
			return arg.fd;
	}
	return vfs_copy_to(caller, address, &arg, sizeof(arg));
}

static long driver_ioctl(struct vfs_file *file, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	if (request == DRIVER_PING)
		return arg;
	if (request != DRIVER_COPY && request != DRIVER_ASK && request != DRIVER_ASK_IN_VAIN)
		return -ENOTTY;
	caller->may_ask = request != DRIVER_COPY;
	int ret = driver_copy(caller, arg);
	atomic_store(&driver_result, ret);
	return ret;
}

static int driver_mmap(struct vfs_file *file, uint64_t offset, uint64_t length, int prot, int *fd,
	uint64_t *fd_offset)
{
	if (offset != 4096)
		return -EINVAL;
	*fd = memfd_create("map", MFD_CLOEXEC);
	*fd_offset = 8192;
	return *fd < 0 ? -errno : 0;
}

static int driver_fdinfo(struct vfs_file *file, FILE *out)
{
	fprintf(out, "file:\t%u\n", file->id);
	return 0;
}

static void driver_release(struct vfs_file *file)
{
	atomic_fetch_add(&driver_released, 1);
	vfs_file_finish(file);
	free(file);
}

static const struct vfs_file_ops driver_ops = {
	.ioctl = driver_ioctl,
	.mmap = driver_mmap,
	.fdinfo = driver_fdinfo,
	.release = driver_release,
};

static int driver_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	*out = malloc(sizeof(**out));
	vfs_file_init(*out, &driver_ops);
	return 0;
}

static const struct vfs_node node = {.path = DRIVER_PATH, .major = 226, .minor = 7, .mode = 0640,
	.uid = 12, .gid = 34, .open = driver_open};

void fixture_begin(struct fixture *fixture)
{
	atomic_store(&driver_released, 0);
	atomic_store(&driver_result, 1);
	sem_init(&driver_inside, 0, 0);
	sem_init(&driver_go_on, 0, 0);
	strcpy(fixture->dir, "/tmp/wire-test-XXXXXX");
	CHECK(mkdtemp(fixture->dir));
	CHECK_INT(vfs_create(&fixture->vfs), 0);
	CHECK_INT(vfs_add_node(fixture->vfs, &node), 0);
	CHECK_INT(wire_server_create(fixture->vfs, fixture->dir, NULL, NULL, &fixture->server), 0);
	fixture->socket_fds = test_count_fds();
}

void fixture_end(struct fixture *fixture)
{
	wire_server_destroy(fixture->server);
	vfs_destroy(fixture->vfs);
	CHECK_INT(rmdir(fixture->dir), 0);
}

struct wire_header *packet_begin(struct packet *packet, enum wire_op op, size_t size)
{
	struct wire_header *header = (struct wire_header *)packet->data;

	memset(packet->data, 0, size);
	packet->size = size;
	packet->fd_count = 0;
	header->magic = WIRE_MAGIC;
	header->op = op;
	return header;
}

void *packet_add(struct packet *packet, const void *data, size_t size)
{
	void *at = packet->data + packet->size;

	CHECK(packet->size + size <= sizeof(packet->data));
	if (size)
		memcpy(at, data, size);
	packet->size += size;
	return at;
}

void packet_finish(struct packet *packet)
{
	struct wire_header *header = (struct wire_header *)packet->data;

	header->size = packet->size;
	header->fds = packet->fd_count;
}

int client_connect(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", fixture->dir,
		WIRE_SOCKET_NAME);
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

int client_greeted(const struct fixture *fixture)
{
	struct packet *packet = malloc(sizeof(*packet)), *reply = malloc(sizeof(*reply));
	int fd = client_connect(fixture);

	packet_begin(packet, WIRE_HELLO, sizeof(struct wire_hello));
	((struct wire_hello *)packet->data)->version = WIRE_VERSION;
	packet_finish(packet);
	CHECK_INT(client_call(fd, packet, reply), 0);
	CHECK_INT(reply->size, sizeof(struct wire_hello));
	const struct wire_hello *hello = (const struct wire_hello *)reply->data;
	CHECK_INT(hello->version, WIRE_VERSION);
	CHECK_INT(hello->pid, getpid());
	CHECK(hello->instance == vfs_instance(fixture->vfs));
	free(packet);
	free(reply);
	return fd;
}

bool client_try_send(int socket, const struct packet *packet)
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

void client_send(int socket, const struct packet *packet)
{
	CHECK(client_try_send(socket, packet));
}

bool client_receive(int socket, struct packet *reply)
{
	char space[CMSG_SPACE(sizeof(reply->fds))] __attribute__((aligned(8)));
	struct iovec vec = {reply->data, sizeof(reply->data)};
	struct msghdr message = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = space,
		.msg_controllen = sizeof(space)};
	ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

	if (size <= 0) {
		CHECK(size == 0 || errno == ECONNRESET);
		return false;
	}
	const struct wire_header *header = (const struct wire_header *)reply->data;
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	reply->size = size;
	reply->fd_count = control ? (control->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	if (control)
		memcpy(reply->fds, CMSG_DATA(control), reply->fd_count * sizeof(int));
	CHECK(header->magic == WIRE_MAGIC);
	CHECK_INT(header->size, size);
	CHECK_INT(header->fds, reply->fd_count);
	return true;
}

int client_call(int socket, const struct packet *packet, struct packet *reply)
{
	client_send(socket, packet);
	CHECK(client_receive(socket, reply));
	const struct wire_header *header = (const struct wire_header *)reply->data;
	CHECK_INT(header->op, ((const struct wire_header *)packet->data)->op);
	return header->result;
}

uint32_t client_file_id(int fd)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	char name[128] = "";
	unsigned long long instance;
	uint32_t id;

	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	memcpy(name, address.sun_path + 1, size - offsetof(struct sockaddr_un, sun_path) - 1);
	CHECK_INT(sscanf(name, VFS_NAME_FORMAT, &instance, &id), 2);
	return id;
}

int client_attach(int socket, int fd, uint32_t file_id)
{
	static struct packet packet, reply;

	packet_begin(&packet, WIRE_ATTACH, sizeof(struct wire_attach));
	((struct wire_attach *)packet.data)->file_id = file_id;
	packet.fds[packet.fd_count++] = fd;
	packet_finish(&packet);
	return client_call(socket, &packet, &reply);
}

int client_open(int socket, uint32_t *file_id)
{
	static struct packet packet, reply;
	struct wire_open *request = (struct wire_open *)packet.data;

	packet_begin(&packet, WIRE_OPEN, sizeof(*request));
	request->flags = O_RDWR;
	strcpy(request->path, DRIVER_PATH);
	packet_finish(&packet);
	CHECK_INT(client_call(socket, &packet, &reply), 0);
	CHECK_INT(reply.fd_count, 1);
	int fd = reply.fds[0];
	*file_id = client_file_id(fd);
	CHECK_INT(client_attach(socket, fd, *file_id), 0);
	return fd;
}

void client_ioctl_packet(struct packet *packet, uint32_t file_id, struct driver_arg *arg,
	const struct segment *segments, unsigned count)
{
	struct wire_ioctl *request =
		(struct wire_ioctl *)packet_begin(packet, WIRE_IOCTL, sizeof(*request));
	struct wire_segment first = {(uintptr_t)arg, sizeof(*arg), WIRE_SEG_IN | WIRE_SEG_OUT};

	request->file_id = file_id;
	request->request = DRIVER_COPY;
	request->arg = (uintptr_t)arg;
	request->segment_count = 1 + count;
	packet_add(packet, &first, sizeof(first));
	for (unsigned i = 0; i < count; i++) {
		struct wire_segment segment = {(uintptr_t)segments[i].data, segments[i].length,
			segments[i].flags};
		packet_add(packet, &segment, sizeof(segment));
	}
	packet_add(packet, arg, sizeof(*arg));
	for (unsigned i = 0; i < count; i++) {
		if (segments[i].flags & WIRE_SEG_IN)
			packet_add(packet, segments[i].data, segments[i].length);
	}
	packet_finish(packet);
}

void check_alive(const struct fixture *fixture)
{
	static struct packet packet, reply;
	struct wire_ioctl *request = (struct wire_ioctl *)packet.data;
	int socket = client_greeted(fixture);
	uint32_t id;
	int fd = client_open(socket, &id);

	packet_begin(&packet, WIRE_IOCTL, sizeof(*request));
	request->file_id = id;
	request->request = DRIVER_PING;
	request->arg = 77;
	packet_finish(&packet);
	CHECK_INT(client_call(socket, &packet, &reply), 77);
	close(fd);
	close(socket);
}

void check_fds(const struct fixture *fixture, int expected)
{
	int now = -1;

	for (int i = 0; i < 4000; i++) {
		now = test_count_fds();
		if (now == expected)
			return;
		usleep(5000);
	}
	CHECK_INT(now, expected);
}
