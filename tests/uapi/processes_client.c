/*
 * Names, magics and dma-bufs between processes that share nothing but the card: each
 * test forks an ordinary client. Runs under `testcard exec --cards 2 --render-node`.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "test.h"

enum { NOBODY = 65534, WIDTH = 1024, HEIGHT = 768, SIZE = WIDTH * HEIGHT * 4 };

/* The library's connection is a descriptor: it is made before tests count theirs. */
__attribute__((constructor))
static void connect_early(void)
{
	access("/dev/dri/card0", F_OK);
}

/* Two ends of a conversation: numbers, and descriptors with them. */
static int parent_end, child_end;

static void say(int end, uint32_t number, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec vec = {&number, sizeof(number)};
	struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1};

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	CHECK_INT(sendmsg(end, &msg, MSG_NOSIGNAL), sizeof(number));
}

static uint32_t hear(int end, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	uint32_t number;
	struct iovec vec = {&number, sizeof(number)};
	struct msghdr msg = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control)};

	CHECK_INT(recvmsg(end, &msg, 0), sizeof(number));
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	if (fd)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(int));
	CHECK(!fd == !cmsg);
	return number;
}

/* user: the child is not root, so that the card asks it for more. */
static pid_t start(void (*child)(void), bool user)
{
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	parent_end = pair[0];
	child_end = pair[1];
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(parent_end);
		if (user) {
			CHECK_INT(setgroups(0, NULL), 0);
			CHECK_INT(setresgid(NOBODY, NOBODY, NOBODY), 0);
			CHECK_INT(setresuid(NOBODY, NOBODY, NOBODY), 0);
		}
		child();
		_exit(0);
	}
	CHECK(pid > 0);
	close(child_end);
	return pid;
}

static void finish(pid_t pid)
{
	int status;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(parent_end);
}

/* The card's folder is private to its user; these tests let another one in. */
static void let_others_in(void)
{
	const char *dir = getenv("TESTCARD_DIR");

	if (geteuid() != 0)
		SKIP("needs root, to become another user");
	CHECK_INT(chmod(dir, 0755), 0);
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static uint32_t create(int fd)
{
	struct drm_mode_create_dumb dumb = {.width = WIDTH, .height = HEIGHT, .bpp = 32};

	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	CHECK_INT(dumb.size, SIZE);
	return dumb.handle;
}

static uint32_t *map(int fd, uint32_t handle)
{
	struct drm_mode_map_dumb arg = {.handle = handle};

	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &arg), 0);
	void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, arg.offset);
	CHECK(memory != MAP_FAILED);
	return memory;
}

static int open_name(int fd, uint32_t name, uint32_t *handle, uint64_t *size)
{
	struct drm_gem_open arg = {.name = name};

	int ret = drmIoctl(fd, DRM_IOCTL_GEM_OPEN, &arg);
	if (handle)
		*handle = arg.handle;
	if (size)
		*size = arg.size;
	return ret;
}

static uint32_t name_of(int fd, uint32_t handle)
{
	struct drm_gem_flink arg = {.handle = handle};

	CHECK_INT(drmIoctl(fd, DRM_IOCTL_GEM_FLINK, &arg), 0);
	return arg.name;
}

/* ---- magic, flink, open by name ---- */

static void magic_child(void)
{
	struct drm_mode_create_dumb dumb = {.width = 64, .height = 64, .bpp = 32};
	uint32_t handle, again;
	uint64_t size;
	drm_magic_t magic;

	/* After the parent, which is master then. */
	uint32_t name = hear(child_end, NULL);
	int fd = open_node("/dev/dri/card0");
	/* Nobody's client: no names, neither made nor opened. */
	CHECK_ERRNO(open_name(fd, name, NULL, NULL), EACCES);
	CHECK_INT(drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	CHECK_ERRNO(drmIoctl(fd, DRM_IOCTL_GEM_FLINK,
		&(struct drm_gem_flink){.handle = dumb.handle}), EACCES);
	CHECK_INT(drmGetMagic(fd, &magic), 0);
	CHECK_INT(drmAuthMagic(fd, magic), -EACCES);
	say(child_end, magic, -1);
	CHECK_INT(hear(child_end, NULL), 0);
	/* Authenticated. */
	CHECK_INT(open_name(fd, name, &handle, &size), 0);
	CHECK_INT(size, SIZE);
	uint32_t *memory = map(fd, handle);
	CHECK_INT(memory[12345], 0x600df00d);
	memory[54321] = 0xcafe;
	CHECK_INT(name_of(fd, handle), name);
	CHECK_INT(open_name(fd, name, &again, NULL), 0);
	CHECK(again != handle); /* each open by name is a handle of its own */
	CHECK_ERRNO(open_name(fd, name + 1, NULL, NULL), ENOENT);
	CHECK_ERRNO(open_name(fd, 0, NULL, NULL), ENOENT);
	/* A render node has no names at all. */
	int render = open_node("/dev/dri/renderD128");
	CHECK_ERRNO(open_name(render, name, NULL, NULL), EACCES);
	CHECK_INT(drmGetMagic(render, &magic), -EACCES);
	say(child_end, 0, -1);
	/* The parent has closed its handle: ours hold the name. */
	CHECK_INT(hear(child_end, NULL), 0);
	CHECK_INT(open_name(fd, name, NULL, NULL), 0);
	CHECK_INT(close(fd), 0);
	say(child_end, 0, -1);
	CHECK_INT(hear(child_end, NULL), 0);
	munmap(memory, SIZE);
}

TEST(magic_and_names)
{
	let_others_in();
	pid_t pid = start(magic_child, true);
	int fd = open_node("/dev/dri/card0");
	uint32_t handle = create(fd), *memory = map(fd, handle);
	memory[12345] = 0x600df00d;
	uint32_t name = name_of(fd, handle);
	say(parent_end, name, -1);
	uint32_t magic = hear(parent_end, NULL);
	CHECK_INT(drmAuthMagic(fd, magic + 1), -EINVAL);
	CHECK_INT(drmAuthMagic(fd, magic), 0);
	CHECK_INT(drmAuthMagic(fd, magic), -EINVAL);
	say(parent_end, 0, -1);
	CHECK_INT(hear(parent_end, NULL), 0);
	CHECK_INT(memory[54321], 0xcafe);
	CHECK_INT(drmCloseBufferHandle(fd, handle), 0);
	say(parent_end, 0, -1);
	CHECK_INT(hear(parent_end, NULL), 0);
	/* The child's close took the last handles; its mapping and ours are no handles. */
	CHECK_ERRNO(open_name(fd, name, NULL, NULL), ENOENT);
	say(parent_end, 0, -1);
	munmap(memory, SIZE);
	close(fd);
	finish(pid);
}

/* ---- PRIME between processes and cards ---- */

static uint32_t colour_at(uint32_t x, uint32_t y)
{
	return (x * 7 + y * 1031) & 0xffffff;
}

/* Draws on card0, hands the dma-buf over and dies. */
static void draw_child(void)
{
	int fd = open_node("/dev/dri/card0"), dma_buf;
	uint32_t handle = create(fd), *memory = map(fd, handle);

	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++)
			memory[y * WIDTH + x] = colour_at(x, y);
	}
	CHECK_INT(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &dma_buf), 0);
	say(child_end, 0, dma_buf);
	CHECK_INT(hear(child_end, NULL), 0);
}

static void show(int fd, uint32_t handle)
{
	drmModeRes *resources = drmModeGetResources(fd);
	CHECK(resources != NULL);
	drmModeConnector *connector = drmModeGetConnector(fd, resources->connectors[0]);
	uint32_t handles[4] = {handle}, pitches[4] = {WIDTH * 4}, offsets[4] = {0}, fb;
	drmModeModeInfo *mode = NULL;

	for (int i = 0; i < connector->count_modes && !mode; i++) {
		if (connector->modes[i].hdisplay == WIDTH && connector->modes[i].vdisplay == HEIGHT)
			mode = &connector->modes[i];
	}
	CHECK(mode != NULL);
	CHECK_INT(drmModeAddFB2(fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
		&fb, 0), 0);
	CHECK_INT(drmModeSetCrtc(fd, resources->crtcs[0], fb, 0, 0, &connector->connector_id, 1,
		mode), 0);
	drmModeFreeConnector(connector);
	drmModeFreeResources(resources);
}

/* argv-free: TESTCARDCTL names the program, TESTCARD_SHOT the picture (tests/e2e looks at it). */
static void screenshot(void)
{
	const char *ctl = getenv("TESTCARDCTL"), *picture = getenv("TESTCARD_SHOT");
	char command[1024];

	if (!ctl || !picture)
		return;
	snprintf(command, sizeof(command), "'%s' screenshot '%s' card 1 >/dev/null", ctl, picture);
	CHECK_INT(system(command), 0);
}

TEST(drawn_there_shown_here)
{
	pid_t pid = start(draw_child, false);
	int fd = open_node("/dev/dri/card1"), dma_buf;
	uint32_t handle, again;

	hear(parent_end, &dma_buf);
	CHECK_INT(drmPrimeFDToHandle(fd, dma_buf, &handle), 0);
	CHECK_INT(drmPrimeFDToHandle(fd, dma_buf, &again), 0);
	CHECK_INT(handle, again);
	say(parent_end, 0, -1);
	finish(pid);
	close(dma_buf);
	/* Exporter, its file and every descriptor are gone. */
	show(fd, handle);
	screenshot();
	close(fd);
}

/* ---- what a process says of its descriptors ---- */

static void fdinfo_child(void)
{
	char path[64], text[4096];
	int fd;

	/* A card that came from elsewhere has its client's lines here, too. */
	hear(child_end, &fd);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	int info = open(path, O_RDONLY);
	CHECK(info >= 0);
	ssize_t got = read(info, text, sizeof(text) - 1);
	CHECK(got > 0);
	text[got] = '\0';
	CHECK(strncmp(text, "pos:\t0\nflags:\t", 14) == 0);
	CHECK(strstr(text, "\ndrm-driver:\ttestcard\ndrm-client-id:\t"));
	CHECK(strstr(text, "\ndrm-total-memory:\t3 MiB\n"));
	CHECK(!strstr(text, "scm_fds"));
	CHECK_ERRNO(open(path, O_RDWR), EACCES);
	CHECK_ERRNO(write(info, "x", 1), EPERM);
}

TEST(fdinfo)
{
	char line[256], path[64];
	bool driver = false;

	pid_t pid = start(fdinfo_child, false);
	int fd = open_node("/dev/dri/card0");
	create(fd);
	say(parent_end, 0, fd);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)getpid(), fd);
	FILE *info = fopen(path, "r");
	CHECK(info != NULL);
	while (fgets(line, sizeof(line), info))
		driver |= strcmp(line, "drm-driver:\ttestcard\n") == 0;
	CHECK(driver);
	fclose(info);
	/* The way of tools: through the folder. */
	int folder = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%d", fd);
	int text = openat(folder, path, O_RDONLY | O_CLOEXEC);
	char buffer[4096] = "";
	CHECK(read(text, buffer, sizeof(buffer) - 1) > 0);
	CHECK(strstr(buffer, "drm-driver:"));
	close(text);
	/* Other files are the machine's. */
	snprintf(path, sizeof(path), "%d", folder);
	text = openat(folder, path, O_RDONLY | O_CLOEXEC);
	memset(buffer, 0, sizeof(buffer));
	CHECK(read(text, buffer, sizeof(buffer) - 1) > 0);
	CHECK(!strstr(buffer, "drm-"));
	close(text);
	close(folder);
	finish(pid);
	close(fd);
}

TEST(debugfs_through_a_folder)
{
	char text[256];

	int folder = open("/sys/kernel/debug/dri/129", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(folder >= 0);
	int fd = openat(folder, "name", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	CHECK(got > 0);
	text[got] = '\0';
	CHECK(strcmp(text, "testcard dev=testcard.1 unique=testcard.1\n") == 0);
	CHECK_ERRNO(openat(folder, "name", O_WRONLY), EACCES);
	CHECK_ERRNO(openat(folder, "nothing", O_RDONLY), ENOENT);
	close(fd);
	close(folder);
}
