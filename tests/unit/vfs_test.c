/* Nodes, open files, hang-up and events, with a driver that only counts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"
#include "vfs_fixture.h"

static int driver_refuses(struct vfs_file *file)
{
	CHECK(file->server_fd >= 0);
	return -EIO;
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
