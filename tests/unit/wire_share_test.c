/*
 * What one process and one user can have of the wire's channels: who takes all there are
 * gets no more than a share, and others still get in.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "wire_fixture.h"

/* Of 16: 6 for a process, 1 of the last 4, 14 for a user. */
static const struct vfs_share small = {16, 6, 1};

/* A process that takes channels until it gets none, and keeps them. */
struct hog {
	pid_t pid;
	int count, error; /* taken; the refusal's */
};

/* 0 or the refusal. *socket: a channel that is greeted. */
static int try_channel(const struct fixture *fixture, int *socket)
{
	struct packet *packet = malloc(sizeof(*packet)), *reply = malloc(sizeof(*reply));

	*socket = client_connect(fixture);
	packet_begin(packet, WIRE_HELLO, sizeof(struct wire_hello));
	((struct wire_hello *)packet->data)->version = WIRE_VERSION;
	packet_finish(packet);
	client_try_send(*socket, packet);
	/* A hello that was lost is all that the first one may say. */
	CHECK(client_receive(*socket, reply) || client_receive(*socket, reply));
	const struct wire_header *header = (const struct wire_header *)reply->data;
	int result = header->result;
	CHECK_INT(header->op, WIRE_HELLO);
	CHECK_INT(reply->size, result ? sizeof(*header) : sizeof(struct wire_hello));
	if (result) {
		CHECK(!client_receive(*socket, reply));
		close(*socket);
	}
	free(packet);
	free(reply);
	return result;
}

static void take_all(const struct fixture *fixture, uid_t uid, int out)
{
	struct hog hog = {0};
	int socket;

	if (uid && setuid(uid))
		_exit(1);
	/* A test that fails leaves nobody behind; a new user's signal would be none. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((hog.error = try_channel(fixture, &socket)) == 0)
		hog.count++;
	if (write(out, &hog, sizeof(hog)) != sizeof(hog))
		_exit(1);
	for (;;)
		pause();
}

/* uid: 0 = the test's own. */
static struct hog hog_start(const struct fixture *fixture, uid_t uid)
{
	struct hog hog;
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		take_all(fixture, uid, ends[1]);
	close(ends[1]);
	CHECK_INT(read(ends[0], &hog, sizeof(hog)), sizeof(hog));
	close(ends[0]);
	hog.pid = pid;
	return hog;
}

static void hog_end(const struct hog *hog)
{
	CHECK_INT(kill(hog->pid, SIGKILL), 0);
	CHECK_INT(waitpid(hog->pid, NULL, 0), hog->pid);
}

static void check_hog(const struct hog *hog, int count, int error)
{
	CHECK_INT(hog->count, count);
	CHECK_INT(hog->error, error);
}

TEST(of_a_process)
{
	struct fixture fixture;

	fixture_begin(&fixture);
	wire_server_set_share(fixture.server, &small);
	struct hog first = hog_start(&fixture, 0), second = hog_start(&fixture, 0);
	check_hog(&first, 6, -EMFILE);
	check_hog(&second, 6, -EMFILE);
	/* Little is left: one for each. */
	struct hog third = hog_start(&fixture, 0);
	check_hog(&third, 1, -EMFILE);
	check_alive(&fixture);
	/* What one leaves another one gets: 6 and 1 are left of 16, and that is not little. */
	hog_end(&first);
	check_fds(&fixture, fixture.socket_fds + 7);
	struct hog fourth = hog_start(&fixture, 0);
	check_hog(&fourth, 5, -EMFILE);
	hog_end(&second);
	hog_end(&third);
	hog_end(&fourth);
	check_fds(&fixture, fixture.socket_fds);
	check_alive(&fixture);
	fixture_end(&fixture);
}

TEST(of_a_user)
{
	struct fixture fixture;
	struct hog hogs[4], other;
	int socket;

	fixture_begin(&fixture);
	wire_server_set_share(fixture.server, &small);
	for (int i = 0; i < 4; i++)
		hogs[i] = hog_start(&fixture, 0);
	check_hog(&hogs[2], 1, -EMFILE);
	check_hog(&hogs[3], 1, -ENFILE);
	CHECK_INT(try_channel(&fixture, &socket), -ENFILE);
	/* The last eighth is not that user's. */
	if (getuid() == 0) {
		CHECK_INT(chmod(fixture.dir, 0755), 0);
		other = hog_start(&fixture, 4711);
		check_hog(&other, 1, -EMFILE);
		hog_end(&other);
	}
	for (int i = 0; i < 4; i++)
		hog_end(&hogs[i]);
	check_fds(&fixture, fixture.socket_fds);
	CHECK_INT(try_channel(&fixture, &socket), 0);
	close(socket);
	check_fds(&fixture, fixture.socket_fds);
	fixture_end(&fixture);
}

TEST(of_all)
{
	struct fixture fixture;
	int sockets[4], refused;

	fixture_begin(&fixture);
	wire_server_set_share(fixture.server, &(struct vfs_share){4, 100, 100});
	for (int i = 0; i < 4; i++)
		CHECK_INT(try_channel(&fixture, &sockets[i]), 0);
	for (int i = 0; i < 100; i++)
		CHECK_INT(try_channel(&fixture, &refused), -ENFILE);
	for (int i = 0; i < 4; i++)
		close(sockets[i]);
	check_fds(&fixture, fixture.socket_fds);
	fixture_end(&fixture);
}
