/*
 * The first call of a program to each function that the preload library replaces, with a
 * malloc that itself opens, reads and asks, as tools that trace memory do: the library looks
 * the C library's functions up meanwhile, and none of them comes round to itself. Each in a
 * process of its own, under "testcard exec".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <drm.h>

#include "test.h"

#define CARD "/dev/dri/card0"
#define ROW_ENV "TESTCARD_TEST_FIRST_CALL"

/* ---- a malloc with eyes ---- */

static char heap[8 << 20] __attribute__((aligned(16)));
static size_t used;
static _Thread_local int depth;
static unsigned long looks;

static void look(void)
{
	struct stat st;
	char byte;

	/* One level: what it calls may want memory, too. */
	if (depth++ == 0) {
		int saved = errno;

		access("/", F_OK);
		stat("/", &st);
		fstat(0, &st);
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			looks += read(fd, &byte, 1) == 0;
			ioctl(fd, DRM_IOCTL_VERSION, &st);
			close(fd);
		}
		errno = saved;
	}
	depth--;
}

void *malloc(size_t size)
{
	look();
	size_t at = __atomic_fetch_add(&used, (size + 31) & ~(size_t)15, __ATOMIC_RELAXED);
	if (at + size + 16 > sizeof(heap))
		return NULL;
	*(size_t *)(heap + at) = size;
	return heap + at + 16;
}

void free(void *memory)
{
	look();
}

void *calloc(size_t count, size_t size)
{
	void *memory = malloc(count * size);

	return memory ? memset(memory, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
	void *memory = malloc(size);
	size_t had = old ? *(size_t *)((char *)old - 16) : 0;

	return memory && old ? memcpy(memory, old, had < size ? had : size) : memory;
}

/* ---- the calls ---- */

static int call_open(void) { return open(CARD, O_RDWR | O_CLOEXEC); }
static int call_openat(void) { return openat(AT_FDCWD, CARD, O_RDWR | O_CLOEXEC); }
static int call_fopen(void) { return fopen("/sys/class/drm/version", "r") ? 0 : -1; }
static int call_opendir(void) { return opendir("/sys/class/drm") ? 0 : -1; }
static int call_access(void) { return access(CARD, R_OK); }

static int call_scandir(void)
{
	struct dirent **list;

	return scandir("/dev/dri", &list, NULL, alphasort);
}

static int call_stat(void)
{
	struct stat st;

	return stat(CARD, &st) || !S_ISCHR(st.st_mode);
}

static int call_statx(void)
{
	struct statx st;

	return statx(AT_FDCWD, CARD, 0, STATX_TYPE, &st);
}

static int call_statfs(void)
{
	struct statfs st;

	return statfs("/sys", &st);
}

static int call_readlink(void)
{
	char link[256];

	return readlink("/sys/class/drm/card0", link, sizeof(link)) > 0 ? 0 : -1;
}

static int call_realpath(void)
{
	char path[4096];

	return realpath("/sys/class/drm/card0", path) ? 0 : -1;
}

static int call_getxattr(void)
{
	return getxattr(CARD, "user.none", NULL, 0) < 0 ? 0 : -1;
}

static int call_ioctl(void)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
	int fd = open(CARD, O_RDWR | O_CLOEXEC);

	return ioctl(fd, DRM_IOCTL_GET_CAP, &cap) || cap.value != 1;
}

static int call_mmap(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int call_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr name;
	socklen_t size = sizeof(name);

	return fd < 0 || getsockname(fd, &name, &size);
}

static int call_inotify(void)
{
	return inotify_add_watch(inotify_init1(IN_CLOEXEC), "/dev/dri", IN_CREATE) < 0;
}

static const struct first_row {
	const char *name;
	int (*call)(void);
} rows[] = {
	{"open", call_open}, {"openat", call_openat}, {"fopen", call_fopen},
	{"opendir", call_opendir}, {"scandir", call_scandir}, {"access", call_access},
	{"stat", call_stat}, {"statx", call_statx}, {"statfs", call_statfs},
	{"readlink", call_readlink}, {"realpath", call_realpath}, {"getxattr", call_getxattr},
	{"ioctl", call_ioctl}, {"mmap", call_mmap}, {"socket", call_socket},
	{"inotify_add_watch", call_inotify},
};

__attribute__((constructor))
static void before_tests(void)
{
	/* What never comes to an end does so soon. */
	const struct rlimit small = {1 << 20, 1 << 20};
	const char *row = getenv(ROW_ENV);

	if (!row)
		return;
	setrlimit(RLIMIT_STACK, &small);
	alarm(20);
	int ret = rows[atoi(row)].call();
	free(malloc(16));
	_exit(ret < 0 || ret == 1 ? 1 : looks ? 0 : 2);
}

TEST_ROWS(first_call, struct first_row, rows)
{
	char number[16];
	int status;
	pid_t child = fork();

	if (child == 0) {
		snprintf(number, sizeof(number), "%d", (int)(row - rows));
		setenv(ROW_ENV, number, 1);
		execl("/proc/self/exe", "first_call", NULL);
		_exit(127);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
}
