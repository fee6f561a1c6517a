/* Nodes, open files, hang-up and events, with a driver that only counts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "vfs.h"

static atomic_int opened, released;

static long driver_ioctl(struct vfs_file *file, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	return request;
}

static void driver_release(struct vfs_file *file)
{
	atomic_fetch_add(&released, 1);
	vfs_file_finish(file);
	free(file);
}

static const struct vfs_file_ops driver_ops = {
	.ioctl = driver_ioctl,
	.release = driver_release,
};

static int driver_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	if (node->data)
		return -(int)(intptr_t)node->data;
	struct vfs_file *file = malloc(sizeof(*file));
	vfs_file_init(file, &driver_ops);
	atomic_fetch_add(&opened, 1);
	*out = file;
	return 0;
}

static int driver_refuses(struct vfs_file *file)
{
	CHECK(file->server_fd >= 0);
	return -EIO;
}

static const struct vfs_node plain_node = {
	.path = "/dev/test", .mode = 0666, .open = driver_open,
};

static struct vfs *vfs;
static struct vfs_caller self;

static void setup(const struct vfs_node *node)
{
	CHECK_INT(vfs_create(&vfs), 0);
	vfs_caller_init_self(&self);
	CHECK_INT(vfs_add_node(vfs, node), 0);
}

static void teardown(void)
{
	vfs_destroy(vfs);
	CHECK_INT(opened, released);
}

static int open_fd(int flags)
{
	int fd = -1;

	CHECK_INT(vfs_open(vfs, "/dev/test", flags, &self, &fd), 0);
	CHECK(fd >= 0);
	return fd;
}

static bool reap_is_due(void)
{
	struct pollfd poll_fd = {.fd = vfs_reap_fd(vfs), .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

TEST(nodes_are_found_by_path)
{
	struct vfs_node other = plain_node;

	setup(&plain_node);
	other.path = "/dev/other";
	CHECK_INT(vfs_add_node(vfs, &other), 0);
	CHECK(vfs_find_node(vfs, "/dev/test") == &plain_node);
	CHECK(vfs_find_node(vfs, "/dev/other") == &other);
	CHECK(vfs_find_node(vfs, "/dev/tes") == NULL);
	vfs_remove_node(vfs, &plain_node);
	CHECK(vfs_find_node(vfs, "/dev/test") == NULL);
	CHECK(vfs_find_node(vfs, "/dev/other") == &other);
	teardown();
}

/* What is looked at may be removed, and its memory gone, at any moment. */
static atomic_bool stat_ending;

static void *stat_on(void *unused)
{
	struct vfs_stat stat;

	while (!atomic_load(&stat_ending)) {
		int ret = vfs_stat(vfs, "/dev/goes", &stat);

		CHECK(ret == -ENOENT || (ret == 0 && stat.minor == 7 && stat.rights.mode == 0640));
	}
	return unused;
}

TEST(nodes_go_while_they_are_looked_at)
{
	enum { ROUNDS = 2000 };
	struct vfs_stat stat;
	pthread_t thread;

	setup(&plain_node);
	CHECK_INT(pthread_create(&thread, NULL, stat_on, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct vfs_node *node = malloc(sizeof(*node));

		*node = plain_node;
		node->path = "/dev/goes";
		node->minor = 7;
		node->mode = 0640;
		CHECK_INT(vfs_add_node(vfs, node), 0);
		CHECK_INT(vfs_stat(vfs, "/dev/goes", &stat), 0);
		vfs_remove_node(vfs, node);
		memset(node, 0x5a, sizeof(*node));
		free(node);
	}
	atomic_store(&stat_ending, true);
	pthread_join(thread, NULL);
	CHECK_INT(vfs_stat(vfs, "/dev/goes", &stat), -ENOENT);
	teardown();
}

TEST(open_flags)
{
	setup(&plain_node);
	int plain = open_fd(O_RDWR);
	int both = open_fd(O_RDWR | O_CLOEXEC | O_NONBLOCK);
	CHECK_INT(fcntl(plain, F_GETFD), 0);
	CHECK_INT(fcntl(plain, F_GETFL) & O_NONBLOCK, 0);
	CHECK_INT(fcntl(both, F_GETFD), FD_CLOEXEC);
	CHECK(fcntl(both, F_GETFL) & O_NONBLOCK);
	close(plain);
	close(both);
	teardown();
}

static struct vfs_file *anonymous_file(void)
{
	struct vfs_file *file = malloc(sizeof(*file));

	vfs_file_init(file, &driver_ops);
	atomic_fetch_add(&opened, 1);
	return file;
}

/* No node leads to it; otherwise it is a file as any other. */
TEST(anonymous_file)
{
	struct vfs_file *file, *found;
	struct pollfd poll_fd;
	int fd = -1, copy;

	setup(&plain_node);
	file = anonymous_file();
	CHECK_INT(vfs_open_anonymous(vfs, file, "anon_inode:test", &fd), 0);
	CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK(!file->node && strcmp(file->anonymous, "anon_inode:test") == 0);
	copy = dup(fd);
	CHECK_INT(vfs_file_from_fd(vfs, copy, &found), 0);
	CHECK(found == file && found->id == file->id);
	vfs_file_put(found);
	poll_fd = (struct pollfd){.fd = fd, .events = POLLIN};
	CHECK_INT(poll(&poll_fd, 1, 0), 0);
	CHECK_INT(vfs_file_send(file, "x", 1), 0);
	CHECK_INT(poll(&poll_fd, 1, 0), 1);
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 0);
	close(copy);
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	/* And those that are left go with the vfs. */
	CHECK_INT(vfs_open_anonymous(vfs, anonymous_file(), "anon_inode:test", &fd), 0);
	close(fd);
	teardown();
}

TEST(open_refusals)
{
	struct vfs_node busy = plain_node, late = plain_node;
	int fd = -1;

	setup(&plain_node);
	busy.path = "/dev/busy";
	busy.data = (void *)(intptr_t)EBUSY;
	late.path = "/dev/late";
	late.opened = driver_refuses;
	CHECK_INT(vfs_add_node(vfs, &busy), 0);
	CHECK_INT(vfs_add_node(vfs, &late), 0);
	CHECK_INT(vfs_open(vfs, "/dev/none", O_RDWR, &self, &fd), -ENXIO);
	CHECK_INT(vfs_open(vfs, "/dev/busy", O_RDWR, &self, &fd), -EBUSY);
	CHECK_INT(vfs_open(vfs, "/dev/late", O_RDWR, &self, &fd), -EIO);
	CHECK_INT(fd, -1);
	CHECK_INT(opened, released);
	teardown();
}

struct permission_row {
	const char *name;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	int flags, want;
};

/* The node belongs to 1000:50. */
static const struct permission_row permission_rows[] = {
	{"owner", 0600, 1000, 50, O_RDWR, 0},
	{"owner has no write", 0466, 1000, 50, O_RDWR, -EACCES},
	{"owner reads only", 0466, 1000, 50, O_RDONLY, 0},
	{"group", 0660, 7, 50, O_RDWR, 0},
	{"group writes only", 0626, 7, 50, O_WRONLY, 0},
	{"group may not read", 0626, 7, 50, O_RDWR, -EACCES},
	{"other", 0666, 7, 7, O_RDWR, 0},
	{"other may not", 0660, 7, 7, O_RDONLY, -EACCES},
	{"root passes", 0000, 0, 0, O_RDWR, 0},
};

TEST_ROWS(open_permission, struct permission_row, permission_rows)
{
	struct vfs_node node = plain_node;
	int fd = -1;

	node.mode = row->mode;
	node.uid = 1000;
	node.gid = 50;
	setup(&node);
	self.uid = row->uid;
	self.gid = row->gid;
	CHECK_INT(vfs_open(vfs, "/dev/test", row->flags, &self, &fd), row->want);
	CHECK_INT(opened, row->want == 0);
	if (fd >= 0)
		close(fd);
	teardown();
}

TEST(fd_has_a_name)
{
	char want[128];
	struct sockaddr_un address = {0};
	socklen_t len = sizeof(address);
	struct vfs_file *file;

	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &file), 0);
	snprintf(want, sizeof(want), VFS_NAME_FORMAT, (unsigned long long)vfs_instance(vfs),
		file->id);
	vfs_file_put(file);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	CHECK_INT(address.sun_path[0], 0);
	CHECK_INT(len, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(want));
	CHECK(memcmp(address.sun_path + 1, want, strlen(want)) == 0);
	close(fd);
	teardown();
}

TEST(files_are_told_apart)
{
	struct vfs_file *one, *two, *again;

	setup(&plain_node);
	int first = open_fd(O_RDWR), second = open_fd(O_RDWR);
	int copy = dup(first);
	CHECK_INT(vfs_file_from_fd(vfs, first, &one), 0);
	CHECK_INT(vfs_file_from_fd(vfs, second, &two), 0);
	CHECK_INT(vfs_file_from_fd(vfs, copy, &again), 0);
	CHECK(one != two);
	CHECK(one == again);
	CHECK(one->id != two->id);
	CHECK_INT(one->pid, getpid());
	vfs_file_put(one);
	vfs_file_put(two);
	vfs_file_put(again);
	close(first);
	close(second);
	close(copy);
	teardown();
}

/* What a door's symbols do around a close(2). */
static void close_told(int fd)
{
	vfs_fds_closing(vfs, fd, fd);
	close(fd);
	vfs_fds_closed(vfs, fd, fd);
}

static struct vfs_file *own(int fd)
{
	struct vfs_file *file;

	if (vfs_file_from_own_fd(vfs, fd, &file))
		return NULL;
	vfs_file_put(file); /* open, so it stays */
	return file;
}

TEST(own_numbers_are_remembered_until_closed)
{
	int pair[2];

	setup(&plain_node);
	int fd = open_fd(O_RDWR), other = open_fd(O_RDWR);
	struct vfs_file *file = own(fd), *second = own(other);
	CHECK(file && second && file != second);
	CHECK(own(fd) == file); /* remembered */
	/* A copy keeps the file open while the number goes to another, to a socket, ... */
	int copy = dup(fd);
	CHECK(own(copy) == file);
	vfs_fds_closing(vfs, fd, fd);
	CHECK_INT(dup2(other, fd), fd);
	vfs_fds_closed(vfs, fd, fd);
	CHECK(own(fd) == second);
	close_told(fd);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_INT(pair[0], fd);
	CHECK(own(fd) == NULL);
	CHECK(own(copy) == file);
	/* ... to a new file (not by its own number: the server's end may get that). */
	close_told(fd);
	int fresh = open_fd(O_RDWR);
	CHECK_INT(dup2(fresh, fd), fd);
	CHECK(own(fd) == own(fresh));
	CHECK(own(fd) != file && own(fd) != second && own(fd));
	close_told(fresh);
	/* Ranges, all numbers among them. */
	vfs_fds_closing(vfs, copy, UINT_MAX);
	close(copy);
	vfs_fds_closed(vfs, copy, UINT_MAX);
	CHECK(own(copy) == NULL);
	CHECK(own(-1) == NULL);
	close_told(fd);
	close_told(other);
	close_told(pair[1]);
	teardown();
}

/* What was found while the close was under way is not believed afterwards. */
TEST(own_numbers_are_not_remembered_while_closing)
{
	int pair[2];

	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	vfs_fds_closing(vfs, fd, fd);
	CHECK(own(fd) != NULL);
	int copy = dup(fd);
	close(fd);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_INT(pair[0], fd);
	CHECK(own(fd) == NULL);
	vfs_fds_closed(vfs, fd, fd);
	CHECK(own(fd) == NULL);
	close_told(copy);
	close_told(pair[0]);
	close_told(pair[1]);
	teardown();
}

/* Even a close that nobody told of does not bring back a file that is released. */
TEST(own_numbers_of_released_files_are_forgotten)
{
	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	CHECK(own(fd) != NULL);
	close(fd);
	vfs_reap(vfs);
	CHECK(own(fd) == NULL);
	/* vfs_open reaps, and gives the number out anew. */
	CHECK_INT(open_fd(O_RDWR), fd);
	CHECK(own(fd) != NULL);
	uint32_t id = own(fd)->id;
	close(fd);
	CHECK_INT(open_fd(O_RDWR), fd);
	CHECK(own(fd) && own(fd)->id == id + 1);
	close_told(fd);
	teardown();
}

struct taker {
	atomic_int fd;
	atomic_bool stop;
};

/* Looks a number up that others close and give out anew all the time. */
static void *take(void *data)
{
	struct taker *taker = data;
	struct vfs_file *file;

	while (!atomic_load(&taker->stop)) {
		if (vfs_file_from_own_fd(vfs, taker->fd, &file))
			continue;
		CHECK(file->ops == &driver_ops);
		vfs_file_put(file);
	}
	return NULL;
}

TEST(own_numbers_are_reused_under_lookups)
{
	enum { TAKERS = 3, ROUNDS = 2000 };
	struct taker taker = {0};
	pthread_t threads[TAKERS];
	uint32_t id = 0;

	setup(&plain_node);
	taker.fd = open_fd(O_RDWR);
	for (int i = 0; i < TAKERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, take, &taker), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct vfs_file *file;
		CHECK_INT(vfs_file_from_own_fd(vfs, taker.fd, &file), 0);
		CHECK(file->id > id);
		id = file->id;
		vfs_file_put(file);
		close_told(taker.fd);
		taker.fd = open_fd(O_RDWR);
	}
	atomic_store(&taker.stop, true);
	for (int i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	close_told(taker.fd);
	teardown();
}

TEST(other_descriptors_are_not_ours)
{
	struct vfs_file *file = (void *)1;
	int pair[2];

	setup(&plain_node);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_INT(vfs_file_from_fd(vfs, pair[0], &file), -EBADF);
	CHECK(file == NULL);
	CHECK_INT(vfs_file_from_fd(vfs, 0, &file), -EBADF);
	CHECK_INT(vfs_file_from_fd(vfs, -1, &file), -EBADF);
	CHECK_INT(vfs_file_from_fd(vfs, 5000, &file), -EBADF);
	close(pair[0]);
	close(pair[1]);
	teardown();
}

TEST(last_close_releases)
{
	setup(&plain_node);
	int fd = open_fd(O_RDWR), copy = dup(fd);
	close(fd);
	CHECK(!reap_is_due());
	vfs_reap(vfs);
	CHECK_INT(released, 0);
	close(copy);
	CHECK(reap_is_due());
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	CHECK(!reap_is_due());
	teardown();
}

TEST(open_reaps_first)
{
	setup(&plain_node);
	close(open_fd(O_RDWR));
	CHECK_INT(released, 0);
	int fd = open_fd(O_RDWR);
	CHECK_INT(released, 1);
	close(fd);
	teardown();
}

TEST(many_hang_up_at_once)
{
	enum { COUNT = 150 };
	int fds[COUNT];

	setup(&plain_node);
	for (int i = 0; i < COUNT; i++)
		fds[i] = open_fd(O_RDWR);
	for (int i = 0; i < COUNT; i++)
		close(fds[i]);
	vfs_reap(vfs);
	CHECK_INT(released, COUNT);
	teardown();
}

TEST(destroy_releases_open_files)
{
	setup(&plain_node);
	int one = open_fd(O_RDWR), two = open_fd(O_RDWR);
	teardown();
	CHECK_INT(released, 2);
	struct pollfd poll_fd = {.fd = one};
	CHECK_INT(poll(&poll_fd, 1, 0), 1);
	CHECK(poll_fd.revents & POLLHUP);
	close(one);
	close(two);
}

TEST(running_call_delays_release)
{
	struct vfs_file *file, *gone;

	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &file), 0);
	ino_t ino = file->client_ino;
	uint32_t id = file->id;
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 0);
	gone = vfs_file_lookup(vfs, ino, id);
	CHECK(gone == NULL);
	CHECK_INT(vfs_file_send(file, "x", 1), -EPIPE);
	vfs_file_put(file);
	CHECK_INT(released, 1);
	teardown();
}

TEST(forked_child_holds_the_file)
{
	int go[2];
	char byte;

	setup(&plain_node);
	CHECK_INT(pipe(go), 0);
	int fd = open_fd(O_RDWR);
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &byte, 1) == 0 ? 0 : 1); /* until the parent closes */
	}
	close(go[0]);
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 0);
	close(go[1]);
	waitpid(pid, NULL, 0);
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	teardown();
}

static void pass_fd(int socket, int fd)
{
	char byte = 0;
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};

	CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	CHECK_INT(sendmsg(socket, &msg, 0), 1);
}

static int receive_fd(int socket)
{
	char byte;
	int fd = -1;
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};

	CHECK_INT(recvmsg(socket, &msg, 0), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

TEST(passed_descriptor_is_the_same_file)
{
	struct vfs_file *one, *two;
	int pair[2];

	setup(&plain_node);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int fd = open_fd(O_RDWR);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &one), 0);
	vfs_file_put(one);
	pass_fd(pair[0], fd);
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 0); /* it is on its way, so it is open */
	fd = receive_fd(pair[1]);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &two), 0);
	CHECK(one == two);
	vfs_file_put(two);
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	close(pair[0]);
	close(pair[1]);
	teardown();
}

TEST(holder_cannot_write)
{
	setup(&plain_node);
	signal(SIGPIPE, SIG_DFL); /* and is not killed for trying */
	int fd = open_fd(O_RDWR);
	CHECK_ERRNO(write(fd, "x", 1), EPIPE);
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	teardown();
}

/* A file that was sent over itself would keep itself alive. */
TEST(holder_cannot_send_the_file_into_itself)
{
	char byte = 0;
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};

	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	CHECK_ERRNO(sendmsg(fd, &msg, MSG_NOSIGNAL), EPIPE);
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	teardown();
}

TEST(holder_that_shuts_down_has_closed)
{
	struct vfs_file *file;

	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	CHECK_INT(shutdown(fd, SHUT_RDWR), 0);
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &file), -EBADF);
	close(fd);
	vfs_reap(vfs);
	CHECK_INT(released, 1);
	teardown();
}

TEST(events_are_packets_and_counted)
{
	char event[32] = "event", got[64];
	struct vfs_file *file;

	setup(&plain_node);
	int fd = open_fd(O_RDWR | O_NONBLOCK);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	CHECK_INT(vfs_file_from_fd(vfs, fd, &file), 0);
	CHECK_INT(poll(&poll_fd, 1, 0), 0);
	CHECK_INT(vfs_file_unread(file, sizeof(event)), 0);
	for (unsigned i = 1; i <= 128; i++) {
		event[31] = i;
		CHECK_INT(vfs_file_send(file, event, sizeof(event)), 0);
		CHECK_INT(vfs_file_unread(file, sizeof(event)), i);
	}
	CHECK_INT(poll(&poll_fd, 1, 0), 1);
	CHECK(poll_fd.revents & POLLIN);
	for (unsigned i = 1; i <= 128; i++) {
		CHECK_INT(read(fd, got, sizeof(got)), sizeof(event));
		CHECK_INT((uint8_t)got[31], i);
		CHECK_INT(vfs_file_unread(file, sizeof(event)), 128 - i);
	}
	CHECK_ERRNO(read(fd, got, sizeof(got)), EAGAIN);
	/* another size on another file, and back */
	CHECK_INT(vfs_file_send(file, got, 24), 0);
	CHECK_INT(vfs_file_unread(file, 24), 1);
	CHECK_INT(read(fd, got, sizeof(got)), 24);
	CHECK_INT(vfs_file_send(file, event, 32), 0);
	CHECK_INT(vfs_file_unread(file, 32), 1);
	vfs_file_put(file);
	close(fd);
	teardown();
}

TEST(full_socket_does_not_block)
{
	char event[32] = {0};
	struct vfs_file *file;
	int sent = 0, ret;

	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &file), 0);
	while ((ret = vfs_file_send(file, event, sizeof(event))) == 0)
		sent++;
	CHECK_INT(ret, -EAGAIN);
	CHECK(sent >= 128); /* the kernel's event space */
	close(fd);
	CHECK_INT(vfs_file_send(file, event, sizeof(event)), -EPIPE);
	vfs_file_put(file);
	teardown();
}

TEST(self_caller_memory)
{
	char from[] = "hello", to[sizeof(from)] = "";

	vfs_caller_init_self(&self);
	CHECK_INT(self.pid, getpid());
	CHECK_INT(self.uid, geteuid());
	CHECK_INT(vfs_copy_from(&self, to, (uintptr_t)from, sizeof(from)), 0);
	CHECK(strcmp(to, "hello") == 0);
	CHECK_INT(vfs_copy_from(&self, to, 0, sizeof(to)), -EFAULT);
	CHECK_INT(vfs_copy_to(&self, 0, from, sizeof(from)), -EFAULT);
	CHECK_INT(vfs_copy_from(&self, to, UINT64_MAX - 2, sizeof(to)), -EFAULT);
	CHECK_INT(vfs_copy_from(&self, to, 0, 0), 0);
	CHECK_INT(self.ops->fetch_fd(&self, 1000), -EBADF);
	int fd = self.ops->fetch_fd(&self, 0);
	CHECK_INT(self.ops->install_fd(&self, fd, false), fd);
	CHECK_INT(fcntl(fd, F_GETFD), 0);
	CHECK_INT(self.ops->install_fd(&self, fd, true), fd);
	CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

/* Threads open, look up and close at once; every file is released exactly once. */
static void *open_and_close(void *data)
{
	struct vfs_file *file;
	int fd;

	for (int i = 0; i < 500; i++) {
		CHECK_INT(vfs_open(vfs, "/dev/test", O_RDWR | O_CLOEXEC, &self, &fd), 0);
		CHECK_INT(vfs_file_from_fd(vfs, fd, &file), 0);
		CHECK_INT(vfs_file_send(file, "event", 5), 0);
		close(fd);
		if (i & 1)
			vfs_reap(vfs);
		vfs_file_put(file);
	}
	return NULL;
}

TEST(threads_open_and_close)
{
	pthread_t threads[4];

	setup(&plain_node);
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	vfs_reap(vfs);
	CHECK_INT(released, 2000);
	teardown();
}
