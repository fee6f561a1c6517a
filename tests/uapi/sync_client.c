#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "sync_client.h"

int sync_begin(void)
{
	preload_test_begin();
	int card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(card >= 0);
	return card;
}

void sync_end(int card)
{
	close(card);
	preload_test_end();
}

int sync_timeline(void)
{
	int fd = open("/sys/kernel/debug/sync/sw_sync", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

void sync_close_timeline(int timeline)
{
	close(timeline);
	/* The door in process has no thread that looks for closed files; open does. */
	close(open("/dev/dri/card0", O_RDWR | O_CLOEXEC));
}

int sync_fence(int timeline, uint32_t value)
{
	struct wire_sw_sync_create_fence args = {.value = value, .fence = -1};

	CHECK_INT(ioctl(timeline, WIRE_SW_SYNC_CREATE_FENCE, &args), 0);
	CHECK(args.fence >= 0);
	CHECK_INT(fcntl(args.fence, F_GETFD), FD_CLOEXEC);
	return args.fence;
}

void sync_inc(int timeline, uint32_t steps)
{
	CHECK_INT(ioctl(timeline, WIRE_SW_SYNC_INC, &steps), 0);
}

unsigned sync_info(int fd, struct sync_file_info *info, struct sync_fence_info *parts)
{
	memset(info, 0, sizeof(*info));
	info->num_fences = 8;
	info->sync_fence_info = (uintptr_t)parts;
	CHECK_INT(ioctl(fd, SYNC_IOC_FILE_INFO, info), 0);
	return info->num_fences;
}

int sync_status(int fd)
{
	struct sync_file_info info = {0};

	CHECK_INT(ioctl(fd, SYNC_IOC_FILE_INFO, &info), 0);
	CHECK(info.num_fences > 0);
	return info.status;
}

bool sync_readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {fd, POLLIN, 0};

	return poll(&poll_fd, 1, timeout_ms) == 1 && poll_fd.revents & POLLIN;
}

int sync_merge(const char *name, int a, int b)
{
	struct sync_merge_data args = {.fd2 = b, .fence = -1};

	strncpy(args.name, name, sizeof(args.name) - 1);
	CHECK_INT(ioctl(a, SYNC_IOC_MERGE, &args), 0);
	CHECK(args.fence >= 0);
	return args.fence;
}

uint32_t sync_object(int card, bool signalled)
{
	uint32_t handle = 0;

	CHECK_INT(drmSyncobjCreate(card, signalled ? DRM_SYNCOBJ_CREATE_SIGNALED : 0, &handle), 0);
	CHECK(handle > 0);
	return handle;
}

uint32_t sync_object_of(int card, int fence)
{
	uint32_t handle = sync_object(card, false);

	CHECK_INT(drmSyncobjImportSyncFile(card, handle, fence), 0);
	close(fence);
	return handle;
}

int64_t sync_after(int64_t ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec + ns;
}

int sync_wait(int card, uint32_t handle, int64_t after_ns, uint32_t flags)
{
	uint32_t first = 77;
	int ret = drmSyncobjWait(card, &handle, 1, sync_after(after_ns), flags, &first);

	if (ret == 0)
		CHECK_INT(first, 0);
	return ret;
}

int sync_wait_point(int card, uint32_t handle, uint64_t point, int64_t after_ns, uint32_t flags)
{
	return drmSyncobjTimelineWait(card, &handle, &point, 1, sync_after(after_ns), flags, NULL);
}

uint64_t sync_query(int card, uint32_t handle, uint32_t flags)
{
	uint64_t point = 999;

	CHECK_INT(drmSyncobjQuery2(card, &handle, &point, 1, flags), 0);
	return point;
}
