/* Processes that hold a file: by fork, by a descriptor that was passed to them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "vfs_fixture.h"

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
