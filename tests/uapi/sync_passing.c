/* Fences in the hands of other processes, and processes that die. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync_client.h"

union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static bool send_fd(int socket, int fd)
{
	union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec vec = {"x", 1};
	struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1;
}

static int receive_fd(int socket)
{
	union control control;
	char byte;
	struct iovec vec = {&byte, 1};
	struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};
	int fd;

	CHECK_INT(recvmsg(socket, &msg, MSG_CMSG_CLOEXEC), 1);
	CHECK(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* The child has the timeline: it signals the first fence, and dies with the second. */
static void own_a_timeline(int socket)
{
	int timeline = sync_timeline();
	char byte;

	if (!send_fd(socket, sync_fence(timeline, 1)) || !send_fd(socket, sync_fence(timeline, 2)) ||
	    read(socket, &byte, 1) != 1)
		_exit(1);
	sync_inc(timeline, 1);
	if (read(socket, &byte, 1) != 1)
		_exit(1);
	_exit(0);
}

TEST(fences_of_another_process)
{
	int sockets[2], status;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	pid_t child = fork();
	if (child == 0)
		own_a_timeline(sockets[1]);
	/* The first that this process has of the device is what it was given. */
	int one = receive_fd(sockets[0]), two = receive_fd(sockets[0]);
	CHECK_INT(sync_status(one), 0);
	int both = sync_merge("both", one, two);
	int card = sync_begin();
	uint32_t handle = sync_object_of(card, dup(one));
	CHECK_INT(sync_wait(card, handle, 0, 0), -ETIME);
	CHECK_INT(write(sockets[0], "x", 1), 1);
	CHECK(sync_readable(one, 2000));
	CHECK_INT(sync_wait(card, handle, 0, 0), 0);
	CHECK_INT(sync_status(two), 0);
	CHECK_INT(write(sockets[0], "x", 1), 1);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK(sync_readable(two, 2000) && sync_readable(both, 2000));
	CHECK_INT(sync_status(two), -ENOENT);
	for (int *fd = (int[]){one, two, both, sockets[0], sockets[1], -1}; *fd >= 0; fd++)
		close(*fd);
	sync_end(card);
}

/* ---- threads of the server ---- */

static int threads_of(pid_t pid)
{
	char path[64];
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *tasks = opendir(path);
	CHECK(tasks);
	while (readdir(tasks))
		count++;
	closedir(tasks);
	return count;
}

/* Once those of tests before this one are gone. */
static int settled_threads_of(pid_t pid)
{
	int count = threads_of(pid), same = 0;

	while (same < 20) {
		int now = threads_of(pid);

		same = now == count ? same + 1 : 0;
		count = now;
		usleep(10000);
	}
	return count;
}

/* Up to 5 s. */
static bool threads_become(pid_t pid, int count)
{
	for (int i = 0; i < 500 && threads_of(pid) != count; i++)
		usleep(10000);
	return threads_of(pid) == count;
}

/* Waits that nobody ends go with who made them. */
TEST(killed_while_it_waits)
{
	int card = sync_begin(), status;
	pid_t pid = test_device_process();
	uint32_t handle = sync_object(card, false);
	int before = settled_threads_of(pid);
	pid_t child = fork();

	if (child == 0) {
		drmSyncobjWait(card, &handle, 1, INT64_MAX, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
			NULL);
		_exit(1);
	}
	CHECK(threads_become(pid, before + 1));
	usleep(50000);
	kill(child, SIGKILL);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
	CHECK(threads_become(pid, before));
	sync_end(card);
}
