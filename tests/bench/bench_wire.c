/*
 * Cost of a trivial ioctl over the wire: one whose answer the client keeps, beside a kernel
 * ioctl, and one that is asked each time, beside a raw SEQPACKET ping-pong of the same
 * packet sizes between two processes; in one run, where rounds alternate and the median
 * counts (and the least: what it is on an idle machine). bench_ioctl has the third kind, in
 * process. Run under "testcard exec". Prints JSON, one line.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <drm.h>

#include "wire.h"

enum { ROUNDS = 15, CALLS = 2000 };

struct request { /* as GET_CLIENT travels */
	struct wire_ioctl head;
	struct wire_segment segment;
	struct drm_client client;
};

struct reply {
	struct wire_ioctl_reply head;
	struct wire_extent extent;
	struct drm_client client;
} __attribute__((packed));

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void require(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

/* Kept by the client after the first. */
static double kept_round(int fd)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};
	double start = now_ns();

	for (int i = 0; i < CALLS; i++)
		require(ioctl(fd, DRM_IOCTL_GET_CAP, &cap) == 0, "GET_CAP");
	return (now_ns() - start) / CALLS;
}

/* Never kept. */
static double asked_round(int fd)
{
	struct drm_client client = {0};
	double start = now_ns();

	for (int i = 0; i < CALLS; i++) {
		client.idx = 0;
		require(ioctl(fd, DRM_IOCTL_GET_CLIENT, &client) == 0, "GET_CLIENT");
	}
	return (now_ns() - start) / CALLS;
}

static void echo(int socket)
{
	struct request request;
	struct reply reply = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (recv(socket, &request, sizeof(request), 0) > 0)
		send(socket, &reply, sizeof(reply), MSG_NOSIGNAL);
	_exit(0);
}

static double raw_round(int socket)
{
	struct request request = {0};
	struct reply reply;
	double start = now_ns();

	for (int i = 0; i < CALLS; i++) {
		require(send(socket, &request, sizeof(request), 0) == sizeof(request), "send");
		require(recv(socket, &reply, sizeof(reply), 0) == sizeof(reply), "recv");
	}
	return (now_ns() - start) / CALLS;
}

static double kernel_round(int fd)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_PRIME};
	double start = now_ns();

	for (int i = 0; i < CALLS; i++)
		syscall(SYS_ioctl, (long)fd, DRM_IOCTL_GET_CAP, &cap);
	return (now_ns() - start) / CALLS;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_value);
	return values[ROUNDS / 2];
}

int main(void)
{
	double kept[ROUNDS], asked[ROUNDS], raw[ROUNDS], kernel[ROUNDS];
	int pair[2], event = eventfd(0, EFD_CLOEXEC);
	int fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);

	require(fd >= 0, "/dev/dri/card0 (run under testcard exec)");
	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	pid_t child = fork();
	if (child == 0) {
		close(pair[0]);
		echo(pair[1]);
	}
	close(pair[1]);
	for (int i = 0; i < ROUNDS; i++) {
		kept[i] = kept_round(fd);
		asked[i] = asked_round(fd);
		raw[i] = raw_round(pair[0]);
		kernel[i] = kernel_round(event);
	}
	double kept_ns = median(kept), asked_ns = median(asked), raw_ns = median(raw),
	       kernel_ns = median(kernel);
	printf("{\"bench\":\"wire\",\"kept_ns\":%.0f,\"kernel_ioctl_ns\":%.0f,\"asked_ns\":%.0f,"
		"\"ping_pong_ns\":%.0f,\"kept_to_kernel\":%.2f,\"asked_to_ping_pong\":%.2f,"
		"\"least_kept_to_kernel\":%.2f,\"least_asked_to_ping_pong\":%.2f}\n",
		kept_ns, kernel_ns, asked_ns, raw_ns, kept_ns / kernel_ns, asked_ns / raw_ns,
		kept[0] / kernel[0], asked[0] / raw[0]);
	return 0;
}
