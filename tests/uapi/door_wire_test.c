/*
 * What only a program of another process can suffer: memory that is not there,
 * signals, descriptors closed behind the library's back, forks, a server that
 * dies. Run under "testcard exec".
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm.h>
#include <drm_mode.h>

#include "test.h"

#define CARD "/dev/dri/card0"
#define PAGE 4096

static int open_card(void)
{
	int fd = open(CARD, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static int get_cap(int fd)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};

	return ioctl(fd, DRM_IOCTL_GET_CAP, &cap) < 0 ? -errno : (int)cap.value;
}

/* Two pages, of which the second cannot be touched. */
static uint8_t *edge(void)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);

	CHECK(pages != MAP_FAILED);
	CHECK_INT(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

TEST(argument_that_is_not_there)
{
	uint8_t *pages = edge();
	int fd = open_card();
	struct drm_get_cap *cap = (struct drm_get_cap *)pages;

	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, NULL), EFAULT);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, pages + PAGE), EFAULT);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, pages + PAGE - 8), EFAULT);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_VERSION, pages + PAGE - 8), EFAULT);
	/* Where no program has memory: the answer is taken, and not the next request's. */
	for (uintptr_t *at = (uintptr_t[]){-64l, 1ul << 47, (1ul << 47) - 4096,
			1ul << 63, 0}; *at; at++) {
		CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, *at), EFAULT);
		CHECK_INT(get_cap(fd), 1);
		CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_MAGIC, *at), EFAULT);
		CHECK_INT(get_cap(fd), 1);
	}
	/* Read-only: the answer cannot be written. */
	cap->capability = DRM_CAP_DUMB_BUFFER;
	CHECK_INT(mprotect(pages, PAGE, PROT_READ), 0);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, cap), EFAULT);
	CHECK_INT(get_cap(fd), 1);
	munmap(pages, 2 * PAGE);
	close(fd);
}

TEST(arrays_that_are_not_there)
{
	uint8_t *pages = edge();
	int fd = open_card();
	uint32_t *last = (uint32_t *)(pages + PAGE) - 1;
	struct drm_mode_card_res res = {.crtc_id_ptr = (uintptr_t)(last + 1), .count_crtcs = 1};

	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), EFAULT);
	res = (struct drm_mode_card_res){.crtc_id_ptr = 0, .count_crtcs = 1};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), EFAULT);
	/* There is one crtc: the place of the others is not looked at. */
	res = (struct drm_mode_card_res){.crtc_id_ptr = (uintptr_t)last, .count_crtcs = 100000};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	CHECK_INT(res.count_crtcs, 1);
	CHECK(*last != 0);

	struct drm_mode_create_blob blob = {.data = (uintptr_t)(pages + PAGE - 10), .length = 10};
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &blob), 0);
	blob.length = 11;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &blob), EFAULT);
	blob.length = 60000; /* by memfd */
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &blob), EFAULT);
	munmap(pages, 2 * PAGE);
	close(fd);
}

struct atomic_fault {
	const char *name;
	uint32_t objects, property_count;
	bool objects_bad, counts_bad, props_bad, values_bad;
	int want; /* 0: any error will do */
};
static const struct atomic_fault atomic_faults[] = {
	{"objects", 1, 1, true, false, false, false, EFAULT},
	{"counts", 1, 1, false, true, false, false, EFAULT},
	{"properties", 1, 1, false, false, true, false, EFAULT},
	{"values", 1, 1, false, false, false, true, EFAULT},
	{"object count out of all reason", UINT32_MAX, 1, false, false, false, false, 0},
	{"property count out of all reason", 1, UINT32_MAX, false, false, false, false, 0},
};

TEST_ROWS(atomic_fault, struct atomic_fault, atomic_faults)
{
	int fd = open_card();
	uint8_t *pages = edge();
	uint32_t counts[1] = {row->property_count}, props[1] = {1}, crtc;
	uint64_t values[1] = {0}, bad = (uintptr_t)(pages + PAGE);
	struct drm_set_client_cap cap = {DRM_CLIENT_CAP_ATOMIC, 1};
	struct drm_mode_card_res res = {.crtc_id_ptr = (uintptr_t)&crtc, .count_crtcs = 1};
	struct drm_mode_atomic atomic = {
		.flags = DRM_MODE_ATOMIC_TEST_ONLY, .count_objs = row->objects,
		.objs_ptr = row->objects_bad ? bad : (uintptr_t)&crtc,
		.count_props_ptr = row->counts_bad ? bad : (uintptr_t)counts,
		.props_ptr = row->props_bad ? bad : (uintptr_t)props,
		.prop_values_ptr = row->values_bad ? bad : (uintptr_t)values,
	};

	CHECK_INT(ioctl(fd, DRM_IOCTL_SET_CLIENT_CAP, &cap), 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	errno = 0;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_ATOMIC, &atomic), -1);
	CHECK_INT(errno, row->want ? row->want : errno);
	CHECK_INT(get_cap(fd), 1);
	munmap(pages, 2 * PAGE);
	close(fd);
}

/* As a shell or sway's helpers do. The library's channel is among them. */
TEST(every_descriptor_closed_behind_our_back)
{
	int fd = open_card();
	int pids[2];

	CHECK_INT(get_cap(fd), 1);
	CHECK_INT(pipe2(pids, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		int other;

		CHECK_INT(get_cap(fd), 1);
		closefrom(fd + 1);
		CHECK_INT(get_cap(fd), 1);
		closefrom(fd + 1);
		/* Somebody else's file at the channel's number. */
		other = memfd_create("other", 0);
		CHECK_INT(dup2(other, 700), 700);
		CHECK_INT(get_cap(fd), 1);
		CHECK_INT(lseek(700, 0, SEEK_END), 0);
		CHECK_INT(write(700, "abc", 3), 3);
		CHECK_INT(lseek(other, 0, SEEK_END), 3);
		_exit(0);
	}
	int status;
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK_INT(get_cap(fd), 1);
	close(pids[0]);
	close(pids[1]);
	close(fd);
}

TEST(two_hundred_forks)
{
	int fd = open_card(), status;

	CHECK_INT(get_cap(fd), 1);
	int before = test_count_fds();
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0)
			_exit(get_cap(fd) == 1 && get_cap(fd) == 1 ? 7 : 1);
		if (i % 2)
			CHECK_INT(get_cap(fd), 1);
		CHECK_INT(waitpid(child, &status, 0), child);
		CHECK_INT(WEXITSTATUS(status), 7);
	}
	CHECK_INT(get_cap(fd), 1);
	CHECK_INT(test_count_fds(), before);
	close(fd);
}

static void *one_cap(void *data)
{
	return (void *)(intptr_t)get_cap(*(int *)data);
}

TEST(threads_take_their_channels_along)
{
	int fd = open_card();

	CHECK_INT(get_cap(fd), 1);
	int before = test_count_fds();
	for (int i = 0; i < 100; i++) {
		pthread_t thread;
		void *result;

		CHECK_INT(pthread_create(&thread, NULL, one_cap, &fd), 0);
		CHECK_INT(pthread_join(thread, &result), 0);
		CHECK_INT((intptr_t)result, 1);
	}
	CHECK_INT(test_count_fds(), before);
	close(fd);
}

static int signal_fd;
static volatile int signals, wrong;

static void on_alarm(int number)
{
	int saved = errno;

	signals++;
	/* A request inside a request of the same thread. */
	if (get_cap(signal_fd) != 1)
		wrong++;
	errno = saved;
}

/* No SA_RESTART: a request that was sent is waited for all the same. */
TEST(signals_inside_requests)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval often = {{0, 700}, {0, 700}}, never = {{0}};
	struct timeval start, now;

	signal_fd = open_card();
	CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
	gettimeofday(&start, NULL);
	do {
		CHECK_INT(get_cap(signal_fd), 1);
		gettimeofday(&now, NULL);
	} while (now.tv_sec - start.tv_sec < 2 && signals < 200);
	CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK(signals >= 20);
	CHECK_INT(wrong, 0);
	close(signal_fd);
}

TEST(foreign_requests_and_descriptors)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
	int fd = open_card(), ends[2];

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	CHECK_ERRNO(ioctl(ends[0], DRM_IOCTL_GET_CAP, &cap), ENOTTY);
	CHECK_ERRNO(ioctl(-1, DRM_IOCTL_GET_CAP, &cap), EBADF);
	CHECK_ERRNO(ioctl(fd, _IO('d', 0xff), 0), EINVAL);
	CHECK_ERRNO(ioctl(fd, _IO('d', 0x80), 0), EINVAL);
	CHECK(!isatty(fd));
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

static pid_t start_server(const char *dir)
{
	const char *device = getenv("TESTCARD_TEST_DEVICE");
	char number[16], line[256];
	int ready[2];

	if (!device)
		SKIP("TESTCARD_TEST_DEVICE does not name testcard-device");
	CHECK_INT(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		unsetenv("LD_PRELOAD");
		close(ready[0]);
		snprintf(number, sizeof(number), "%d", ready[1]);
		execl(device, device, "--dir", dir, "--ready-fd", number, NULL);
		_exit(127);
	}
	close(ready[1]);
	CHECK(read(ready[0], line, sizeof(line)) > 0);
	close(ready[0]);
	return pid;
}

static double seconds(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return now.tv_sec + now.tv_usec * 1e-6;
}

/* The program of the second half: a server of its own that dies under it. */
static int orphan(const char *dir)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
	pid_t server = start_server(dir);
	int fd = open(CARD, O_RDWR | O_CLOEXEC), status;

	CHECK(fd >= 0);
	CHECK_INT(get_cap(fd), 1);
	kill(server, SIGKILL);
	CHECK_INT(waitpid(server, &status, 0), server);
	double start = seconds();
	for (int i = 0; i < 3; i++)
		CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, &cap), ENODEV);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 1ll << 32) == MAP_FAILED);
	CHECK_ERRNO(open(CARD, O_RDWR), ENODEV);
	/* Another server in the same place serves new files, not the old one's. */
	server = start_server(dir);
	int second = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK(second >= 0);
	CHECK_INT(get_cap(second), 1);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_GET_CAP, &cap), ENODEV);
	CHECK(seconds() - start < 10);
	close(second);
	close(fd);
	kill(server, SIGTERM);
	CHECK_INT(waitpid(server, &status, 0), server);
	CHECK_INT(status, 0);
	return 0;
}

/* The library reads the folder's name once: so a process of its own from exec on. */
__attribute__((constructor)) static void before_tests(void)
{
	const char *dir = getenv("TESTCARD_TEST_ORPHAN");

	if (dir)
		_exit(orphan(dir));
	/* The runner counts descriptors: the main thread's channel is there before and after. */
	close(open(CARD, O_RDWR | O_CLOEXEC));
}

TEST(server_dies)
{
	char dir[] = "/tmp/door-wire-XXXXXX";
	int status;

	if (!getenv("TESTCARD_TEST_DEVICE"))
		SKIP("TESTCARD_TEST_DEVICE does not name testcard-device");
	CHECK(mkdtemp(dir));
	pid_t child = fork();
	if (child == 0) {
		setenv("TESTCARD_DIR", dir, 1);
		setenv("TESTCARD_TEST_ORPHAN", dir, 1);
		execl("/proc/self/exe", "door_wire_test", NULL);
		_exit(127);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK_INT(rmdir(dir), 0);
}
