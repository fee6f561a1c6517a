/*
 * Flips of a client in real time: how many vblanks are missed, by whose fault, and
 * how late events arrive. The rival, in the same run: a thread of this program that
 * sleeps to the same times. Run under "testcard exec". --once N: N flips of 1024x768 at
 * 60 Hz after a line on stdin, counted as JSON, for instances.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "bench.h"

enum { FLIPS_MAX = 20000 };

static int fd;
static uint32_t crtc, connector;
static uint64_t late[FLIPS_MAX];

struct result {
	unsigned flips, vblanks;
	unsigned device_missed, client_missed;
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_lateness(const char *who, unsigned count)
{
	qsort(late, count, sizeof(late[0]), compare);
	printf("    %-28s p50 %5.0f us, p99 %5.0f us, p99.9 %6.0f us, max %6.0f us\n", who,
		late[count / 2] / 1e3, late[count * 99ull / 100] / 1e3,
		late[count * 999ull / 1000] / 1e3, late[count - 1] / 1e3);
}

static uint32_t create_fb(uint32_t width, uint32_t height)
{
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0}, id;
	uint64_t size;

	bench_require(-drmModeCreateDumbBuffer(fd, width, height, 32, 0, handles, pitches, &size),
		"buffer");
	bench_require(drmModeAddFB2(fd, width, height, DRM_FORMAT_XRGB8888, handles, pitches,
		offsets, &id, 0), "framebuffer");
	return id;
}

/* No blanking to speak of: only the rate counts. */
static drmModeModeInfo make_mode(unsigned width, unsigned height, unsigned rate)
{
	drmModeModeInfo mode = {
		.hdisplay = width, .hsync_start = width + 8, .hsync_end = width + 16,
		.htotal = width + 64, .vdisplay = height, .vsync_start = height + 1,
		.vsync_end = height + 2, .vtotal = height + 16, .vrefresh = rate, .name = "bench",
	};

	mode.clock = (uint64_t)mode.htotal * mode.vtotal * rate / 1000;
	return mode;
}

static struct drm_event_vblank read_event(void)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	struct drm_event_vblank event;

	if (poll(&poll_fd, 1, 5000) != 1 || read(fd, &event, sizeof(event)) != sizeof(event))
		bench_require(-ETIME, "no event");
	return event;
}

static uint64_t time_of(const struct drm_event_vblank *event)
{
	return event->tv_sec * 1000000000ull + event->tv_usec * 1000ull;
}

/* A flip is shown at the first vblank after it; each one that passes is somebody's fault. */
static void run_flips(const uint32_t fbs[2], double period, unsigned count, struct result *result)
{
	struct drm_event_vblank last = {0}, event;
	double committed;

	*result = (struct result) {.flips = count};
	for (unsigned i = 0; i <= count; i++) {
		bench_require(drmModePageFlip(fd, crtc, fbs[i % 2], DRM_MODE_PAGE_FLIP_EVENT, NULL),
			"flip");
		committed = bench_now_ns();
		event = read_event();
		if (i > 0) {
			uint64_t arrived = bench_now_ns();
			unsigned passed = event.sequence - last.sequence - 1;
			double until = committed - time_of(&last);
			unsigned own = until > 0 ? until / period : 0;

			late[i - 1] = arrived > time_of(&event) ? arrived - time_of(&event) : 0;
			result->vblanks += passed + 1;
			result->client_missed += own < passed ? own : passed;
			result->device_missed += own < passed ? passed - own : 0;
		}
		last = event;
	}
}

static void run_sleeps(double period, unsigned count)
{
	double start = bench_now_ns();

	for (unsigned i = 0; i < count; i++) {
		double due = start + (i + 1) * period;
		struct timespec until = {.tv_sec = due / 1e9};

		until.tv_nsec = due - until.tv_sec * 1e9;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		double now = bench_now_ns();
		late[i] = now > due ? now - due : 0;
	}
}

static void bench(unsigned width, unsigned height, unsigned rate, unsigned count)
{
	drmModeModeInfo mode = make_mode(width, height, rate);
	const uint32_t fbs[2] = {create_fb(width, height), create_fb(width, height)};
	double period = (double)mode.htotal * mode.vtotal * 1e6 / mode.clock;
	struct result result;

	bench_require(drmModeSetCrtc(fd, crtc, fbs[0], 0, 0, &connector, 1, &mode), "mode");
	double start = bench_now_ns();
	run_flips(fbs, period, count, &result);
	double seconds = (bench_now_ns() - start) / 1e9;
	printf("%ux%u at %u Hz: %.1f flips/s, %.3f %% of %u vblanks missed by the device, "
		"%.3f %% by the client\n", width, height, rate, (count + 1) / seconds,
		100.0 * result.device_missed / result.vblanks, result.vblanks,
		100.0 * result.client_missed / result.vblanks);
	print_lateness("event after its vblank:", count);
	run_sleeps(period, count);
	print_lateness("sleeping to the same times:", count);
	fflush(stdout);
}

/* One of many: begins when it is told, all of them at once. */
static void bench_once(unsigned count)
{
	drmModeModeInfo mode = make_mode(1024, 768, 60);
	const uint32_t fbs[2] = {create_fb(1024, 768), create_fb(1024, 768)};
	double period = (double)mode.htotal * mode.vtotal * 1e6 / mode.clock;
	struct result result;
	unsigned sleeps_late = 0;

	bench_require(drmModeSetCrtc(fd, crtc, fbs[0], 0, 0, &connector, 1, &mode), "mode");
	puts("ready");
	fflush(stdout);
	getchar();
	run_flips(fbs, period, count, &result);
	run_sleeps(period, count);
	for (unsigned i = 0; i < count; i++)
		sleeps_late += late[i] > period;
	printf("{\"flips\":%u,\"vblanks\":%u,\"device_missed\":%u,\"client_missed\":%u,"
		"\"sleeps\":%u,\"sleeps_late\":%u}\n", result.flips, result.vblanks,
		result.device_missed, result.client_missed, count, sleeps_late);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	drmModeRes *res = fd < 0 ? NULL : drmModeGetResources(fd);
	if (!res)
		bench_require(-ENODEV, "card0");
	crtc = res->crtcs[0];
	connector = res->connectors[0];
	drmModeFreeResources(res);
	if (argc == 3 && strcmp(argv[1], "--once") == 0) {
		unsigned count = atoi(argv[2]);

		bench_once(count < FLIPS_MAX ? count : FLIPS_MAX);
		return 0;
	}
	bench(1024, 768, 60, 600);
	bench(1024, 768, 1000, 5000);
	bench(64, 64, 10000, FLIPS_MAX);
	return 0;
}
