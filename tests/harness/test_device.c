/* The device of a test program that runs under "testcard exec". */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

int test_device_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *dir = getenv("TESTCARD_DIR");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && dir);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/control.sock", dir);
	CHECK_INT(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

pid_t test_device_process(void)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd = test_device_connect();

	CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
	close(fd);
	return peer.pid;
}
