/*
 * Forks, threads and both at once in the middle of ioctls: no answer lost, none of another's
 * question, no descriptor left, here or in the server. An ordinary program under "testcard
 * exec". TESTCARD_STORM=N makes all of it N times as much (5: 1000 forks).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "test.h"

#define CARD "/dev/dri/card0"
#define EXEC_ENV "TESTCARD_TEST_STORM_CHILD"

enum { FORKS = 200, AT_ONCE = 20, THREADS = 64, ROUNDS = 20, EXECS = 40, PATIENCE_S = 25 };

static int card = -1;

static unsigned times(unsigned count)
{
	const char *storm = getenv("TESTCARD_STORM");

	return storm ? count * (unsigned)atoi(storm) : count;
}

/*
 * Questions whose answers are this asker's alone. 0, or the number of the one that went
 * wrong: in a child, which can not say more.
 */
static int ask(int fd, uint32_t mine)
{
	struct drm_mode_create_dumb dumb = {.width = 16 * (1 + mine % 1000), .height = 1,
		.bpp = 32};
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
	uint32_t content[64], blob = 0;

	for (unsigned i = 0; i < 64; i++)
		content[i] = mine + i;
	if (ioctl(fd, DRM_IOCTL_GET_CAP, &cap) || cap.value != 1)
		return 1;
	if (drmModeCreatePropertyBlob(fd, content, sizeof(content), &blob))
		return 2;
	if (ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb) ||
	    dumb.pitch != 64 * (1 + mine % 1000) || dumb.size % 4096)
		return 3;
	struct drm_mode_map_dumb map = {.handle = dumb.handle};
	if (ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map) || !map.offset)
		return 4;
	uint64_t offset = map.offset;
	map.offset = 0;
	if (ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map) || map.offset != offset)
		return 5;
	drmModePropertyBlobPtr got = drmModeGetPropertyBlob(fd, blob);
	if (!got || got->length != sizeof(content) || memcmp(got->data, content, sizeof(content)))
		return 6;
	drmModeFreePropertyBlob(got);
	struct drm_mode_destroy_dumb destroy = {.handle = dumb.handle};
	if (ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy))
		return 7;
	if (drmModeDestroyPropertyBlob(fd, blob))
		return 8;
	return 0;
}

/* Those that an exec leaves open. */
static int count_inherited(void)
{
	enum { NUMBERS = 1024 };
	int count = 0;

	for (int fd = 0; fd < NUMBERS; fd++) {
		int flags = fcntl(fd, F_GETFD);

		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

/* After exec: none of the library's came along; then a channel of its own. */
static int after_exec(void)
{
	if (count_inherited() != atoi(getenv(EXEC_ENV)))
		return 20;
	int fd = open(CARD, O_RDWR | O_CLOEXEC);
	return fd < 0 ? 21 : ask(fd, (uint32_t)getpid());
}

__attribute__((constructor))
static void before_tests(void)
{
	if (getenv(EXEC_ENV))
		_exit(after_exec());
	/* The library's connection to the device is made before tests count descriptors. */
	access(CARD, F_OK);
}

static void begin(void)
{
	card = open(CARD, O_RDWR | O_CLOEXEC);
	CHECK(card >= 0);
}

static void reap_one(void)
{
	int status;

	CHECK(waitpid(-1, &status, 0) > 0);
	CHECK_INT(status, 0);
}

/* ---- the server's side of it ---- */

static int server_fds(pid_t pid)
{
	char command[64];
	int count = 0;

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l", (int)pid);
	FILE *out = popen(command, "r");
	CHECK(out && fscanf(out, "%d", &count) == 1);
	pclose(out);
	return count;
}

/* Its threads take a moment to end. One that asks is one more while it asks. */
static void check_server(pid_t pid, int before)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (server_fds(pid) > before && time(NULL) < end)
		poll(NULL, 0, 20);
	CHECK(server_fds(pid) <= before);
}

/* ---- storms ---- */

TEST(forks)
{
	pid_t pid = test_device_process();
	unsigned count = times(FORKS), running = 0;

	begin();
	CHECK_INT(ask(card, 1), 0);
	int before = server_fds(pid);
	for (unsigned i = 0; i < count; i++) {
		if (running == AT_ONCE) {
			reap_one();
			running--;
		}
		pid_t child = fork();
		if (child == 0)
			_exit(ask(card, 1000 + i));
		CHECK(child > 0);
		running++;
		CHECK_INT(ask(card, i), 0);
	}
	while (running--)
		reap_one();
	CHECK_INT(ask(card, 2), 0);
	check_server(pid, before);
	close(card);
}

struct asker {
	pthread_t thread;
	uint32_t mine;
	unsigned rounds; /* 0 = until stop */
	int wrong;
};

static atomic_bool stop;

static void *ask_on(void *data)
{
	struct asker *asker = data;

	for (unsigned i = 0; !asker->wrong && (asker->rounds ? i < asker->rounds : !stop); i++)
		asker->wrong = ask(card, asker->mine + i * 7);
	return NULL;
}

static void start_askers(struct asker *askers, unsigned count, unsigned rounds)
{
	for (unsigned i = 0; i < count; i++) {
		askers[i] = (struct asker){.mine = i * 1000003u, .rounds = rounds};
		CHECK_INT(pthread_create(&askers[i].thread, NULL, ask_on, &askers[i]), 0);
	}
}

static void join_askers(struct asker *askers, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		pthread_join(askers[i].thread, NULL);
		CHECK_INT(askers[i].wrong, 0);
	}
}

TEST(threads)
{
	struct asker askers[THREADS];
	pid_t pid = test_device_process();

	begin();
	CHECK_INT(ask(card, 1), 0);
	int before = server_fds(pid), own = test_count_fds();
	start_askers(askers, THREADS, times(ROUNDS));
	join_askers(askers, THREADS);
	CHECK_INT(test_count_fds(), own);
	check_server(pid, before);
	close(card);
}

TEST(forks_and_execs_while_threads_ask)
{
	enum { FEW = 8 };
	struct asker askers[FEW];
	char number[16];
	pid_t pid = test_device_process();
	unsigned count = times(EXECS);

	begin();
	CHECK_INT(ask(card, 1), 0);
	snprintf(number, sizeof(number), "%d", count_inherited());
	CHECK_INT(setenv(EXEC_ENV, number, 1), 0);
	int before = server_fds(pid), own = test_count_fds();
	atomic_store(&stop, false);
	start_askers(askers, FEW, 0);
	for (unsigned i = 0; i < count; i++) {
		pid_t child = fork();

		if (child == 0 && i % 2)
			_exit(ask(card, i));
		if (child == 0) {
			execl("/proc/self/exe", "storm_client", NULL);
			_exit(127);
		}
		CHECK(child > 0);
		reap_one();
	}
	atomic_store(&stop, true);
	join_askers(askers, FEW);
	CHECK_INT(test_count_fds(), own);
	check_server(pid, before);
	close(card);
}
