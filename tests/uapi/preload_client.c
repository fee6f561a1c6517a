/* An ordinary program under "testcard exec"; it speaks to the device's control socket. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload_test.h"
#include "test.h"

/*
 * The library's connection to the device is a descriptor, which each forked
 * test replaces by its own: make it before the first test counts descriptors.
 */
__attribute__((constructor))
static void connect_early(void)
{
	access("/dev/dri/card0", F_OK);
}

void preload_test_begin(void)
{
	CHECK(getenv("TESTCARD_DIR"));
}

void preload_test_end(void)
{
}

static void control(const char *line)
{
	char reply[4096];
	int fd = test_device_connect();

	CHECK_INT(write(fd, line, strlen(line)), strlen(line));
	CHECK(read(fd, reply, sizeof(reply)) > 10);
	if (strncmp(reply, "{\"ok\":true", 10))
		test_fail(__FILE__, __LINE__, "%s: %.60s", line, reply);
	close(fd);
}

void preload_test_stall(unsigned ms)
{
	pid_t pid = test_device_process();

	CHECK_INT(kill(pid, SIGSTOP), 0);
	usleep(ms * 1000);
	CHECK_INT(kill(pid, SIGCONT), 0);
}

void preload_test_key(uint16_t code, int value)
{
	char line[64];

	snprintf(line, sizeof(line), "key %u %s\n", code, value ? "down" : "up");
	control(line);
}

void preload_test_input(unsigned id, const int (*events)[3], unsigned count)
{
	char line[512];
	int used = snprintf(line, sizeof(line), "input event %u", id);

	for (unsigned i = 0; i < count; i++)
		used += snprintf(line + used, sizeof(line) - used, " %d %d %d", events[i][0],
			events[i][1], events[i][2]);
	snprintf(line + used, sizeof(line) - used, "\n");
	control(line);
}

void preload_test_time(const char *mode)
{
	char line[64];

	snprintf(line, sizeof(line), "time %s\n", strcmp(mode, "frozen") ? mode : "freeze");
	control(line);
}

void preload_test_step(unsigned vblanks)
{
	char line[64];

	snprintf(line, sizeof(line), "time step %u\n", vblanks);
	control(line);
}

void preload_test_step_ns(uint64_t ns)
{
	char line[64];

	snprintf(line, sizeof(line), "time step-ns %llu\n", (unsigned long long)ns);
	control(line);
}

void preload_test_hotplug(void)
{
	static unsigned width = 800;

	char line[64];

	/* Another one each time: the device is shared by all tests of this program. */
	width = width == 800 ? 640 : 800;
	snprintf(line, sizeof(line), "mode %ux%u\n", width, width * 3 / 4);
	control(line);
}
