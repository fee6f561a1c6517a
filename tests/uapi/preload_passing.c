/*
 * A device file in the hands of processes that did not open it: received in a
 * message, inherited over fork and exec; and what its last close takes away.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm.h>
#include <drm_mode.h>

#include "preload_test.h"
#include "test.h"

#define CARD "/dev/dri/card0"

union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static bool send_fd(int socket, int fd, uint32_t number)
{
	union control control = {.header = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	}};
	struct iovec vec = {&number, sizeof(number)};
	struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == sizeof(number);
}

static int receive_fd(int socket, uint32_t *number)
{
	union control control;
	struct iovec vec = {number, sizeof(*number)};
	struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};
	int fd;

	CHECK_INT(recvmsg(socket, &msg, MSG_CMSG_CLOEXEC), sizeof(*number));
	CHECK(CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static uint32_t *map_handle(int fd, uint32_t handle)
{
	struct drm_mode_map_dumb map = {.handle = handle};

	if (ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0)
		return NULL;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, map.offset);
}

static uint32_t create_buffer(int fd, struct drm_mode_create_dumb *dumb)
{
	*dumb = (struct drm_mode_create_dumb){.width = 64, .height = 64, .bpp = 32};
	return ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, dumb) < 0 ? 0 : dumb->handle;
}

/* The child opens and sends; it is gone when the parent begins. */
TEST(received_in_a_message)
{
	struct drm_mode_create_dumb dumb;
	struct stat st;
	uint32_t handle, *pixels;
	int sockets[2], fd, status;

	preload_test_begin();
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	if (fork() == 0) {
		fd = open(CARD, O_RDWR | O_CLOEXEC);
		handle = create_buffer(fd, &dumb);
		pixels = map_handle(fd, handle);
		pixels[3] = 0x1234567;
		_exit(!send_fd(sockets[1], fd, handle));
	}
	CHECK(wait(&status) > 0);
	CHECK_INT(status, 0);
	fd = receive_fd(sockets[0], &handle);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(st.st_rdev, makedev(226, 0));
	pixels = map_handle(fd, handle); /* the file's handle is still there */
	CHECK(pixels && pixels != MAP_FAILED);
	CHECK_INT(pixels[3], 0x1234567);
	munmap(pixels, 4096);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
	preload_test_end();
}

TEST(inherited_over_fork)
{
	struct drm_mode_create_dumb dumb;
	uint32_t handle, *pixels;
	int fd, status;

	preload_test_begin();
	fd = open(CARD, O_RDWR | O_CLOEXEC);
	handle = create_buffer(fd, &dumb);
	CHECK(handle);
	if (fork() == 0) {
		pixels = map_handle(fd, handle);
		if (!pixels || pixels == MAP_FAILED)
			_exit(1);
		pixels[7] = 77;
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	CHECK_INT(status, 0);
	pixels = map_handle(fd, handle);
	CHECK(pixels && pixels != MAP_FAILED);
	CHECK_INT(pixels[7], 77);
	munmap(pixels, 4096);
	close(fd);
	preload_test_end();
}

/* readlink(1), as unmodified as can be, with our descriptor as its number 9. */
TEST(inherited_over_exec)
{
	int fd, out[2], status;
	char text[64];
	ssize_t len;

	preload_test_begin();
	fd = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK_INT(pipe2(out, O_CLOEXEC), 0);
	if (fork() == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(fd, 9);
		execlp("readlink", "readlink", "/proc/self/fd/9", NULL);
		_exit(127);
	}
	close(out[1]);
	CHECK(wait(&status) > 0);
	CHECK_INT(status, 0);
	len = read(out[0], text, sizeof(text));
	CHECK_INT(len, strlen(CARD) + 1);
	CHECK(!memcmp(text, CARD, strlen(CARD)));
	close(out[0]);
	close(fd);
	preload_test_end();
}

static bool is_master(int fd)
{
	struct drm_auth auth = {.magic = 0};

	/* Magic 0 is nobody's: EINVAL for the master, EACCES for others. */
	CHECK_INT(ioctl(fd, DRM_IOCTL_AUTH_MAGIC, &auth), -1);
	return errno == EINVAL;
}

TEST(last_close)
{
	struct drm_mode_create_dumb dumb;
	struct drm_mode_fb_cmd fb = {.width = 64, .height = 64, .bpp = 32, .depth = 24};
	struct drm_mode_fb_cmd found = {0};
	int fd, other, status;
	pid_t child;

	preload_test_begin();
	fd = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK(is_master(fd));
	fb.handle = create_buffer(fd, &dumb);
	fb.pitch = dumb.pitch;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_ADDFB, &fb), 0);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	close(fd);
	/* The child has it: the file lives, with its framebuffer and its mastership. */
	other = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK(!is_master(other));
	found.fb_id = fb.fb_id;
	CHECK_INT(ioctl(other, DRM_IOCTL_MODE_GETFB, &found), 0);
	close(other);
	kill(child, SIGKILL);
	CHECK_INT(waitpid(child, &status, 0), child);
	other = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK(is_master(other));
	found = (struct drm_mode_fb_cmd){.fb_id = fb.fb_id};
	CHECK_ERRNO(ioctl(other, DRM_IOCTL_MODE_GETFB, &found), ENOENT);
	CHECK(!map_handle(other, fb.handle)); /* handles are the file's own */
	close(other);
	preload_test_end();
}
