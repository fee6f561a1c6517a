/*
 * EXECBUFFER2 from another process: batches that do nothing, beside a bare
 * ping-pong of packets of the same size with a process. Rounds take turns, the
 * best counts. Run under "testcard exec --driver i915".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "bench_exec.h"
#include "wire.h"

enum { ROUNDS = 11, CALLS = 1000 };

int bench_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

/* What a nop's list is on the way there, and about what comes back. */
struct packet {
	struct wire_ioctl head;
	struct wire_segment segments[2];
	struct drm_i915_gem_execbuffer2 args;
	struct drm_i915_gem_exec_object2 object;
};

static void echo(int socket)
{
	struct packet packet;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (recv(socket, &packet, sizeof(packet), 0) > 0)
		send(socket, &packet, sizeof(struct wire_ioctl_reply) + sizeof(packet.object),
			MSG_NOSIGNAL);
	_exit(0);
}

static double ping_pong(int socket)
{
	struct packet packet = {0};
	double start = bench_now_ns();

	for (unsigned i = 0; i < CALLS; i++) {
		bench_require(send(socket, &packet, sizeof(packet), 0) > 0 ? 0 : -errno, "send");
		bench_require(recv(socket, &packet, sizeof(packet), 0) > 0 ? 0 : -errno, "recv");
	}
	return (bench_now_ns() - start) / CALLS;
}

static void keep_least(double *best, double value)
{
	if (*best == 0 || value < *best)
		*best = value;
}

int main(void)
{
	double rival = 0, trip = 0, row = 0;
	struct bench_batch batch;
	int pair[2], fd;

	bench_require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ? -errno : 0,
		"socketpair");
	if (fork() == 0)
		echo(pair[1]);
	close(pair[1]);
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	bench_require(fd < 0 ? -errno : 0, "card0");
	bench_batch_nop(&batch, fd, I915_EXEC_RENDER);
	for (unsigned i = 0; i < ROUNDS; i++) {
		keep_least(&rival, ping_pong(pair[0]));
		keep_least(&trip, bench_round_trip(&batch, CALLS));
		keep_least(&row, bench_throughput(&batch, CALLS));
	}
	printf("%-44s %8.2f us\n", "two processes, a packet there and back", rival / 1e3);
	printf("%-44s %8.2f us  %5.2f of two of that\n", "a nop, submitted and waited for",
		trip / 1e3, trip / rival / 2);
	printf("%-44s %8.2f us  %5.2f of that, %.0f a second\n", "nops in a row, each", row / 1e3,
		row / rival, 1e9 / row);
	close(fd);
	return 0;
}
