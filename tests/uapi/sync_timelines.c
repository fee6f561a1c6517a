/* Points of timelines, transfers, event descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sync_client.h"

/* Puts fence at point; the descriptor is closed. */
static void add_point(int card, uint32_t handle, uint64_t point, int fence)
{
	uint32_t binary = sync_object_of(card, fence);

	CHECK_INT(drmSyncobjTransfer(card, handle, point, binary, 0, 0), 0);
	CHECK_INT(drmSyncobjDestroy(card, binary), 0);
}

TEST(points_are_signalled_in_order)
{
	int card = sync_begin(), a = sync_timeline(), b = sync_timeline();
	uint32_t handle = sync_object(card, false);

	add_point(card, handle, 5, sync_fence(a, 1));
	add_point(card, handle, 7, sync_fence(b, 1));
	CHECK_INT(sync_query(card, handle, 0), 0);
	CHECK_INT(sync_query(card, handle, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), 7);
	/* 7's own fence is done, 5's is not. */
	sync_inc(b, 1);
	CHECK_INT(sync_query(card, handle, 0), 0);
	CHECK_INT(sync_wait_point(card, handle, 7, 5 * MS, 0), -ETIME);
	CHECK_INT(sync_wait_point(card, handle, 6, 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE), 0);
	CHECK_INT(sync_wait_point(card, handle, 8, 0, 0), -EINVAL);
	CHECK_INT(sync_wait_point(card, handle, 8, 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE),
		-ETIME);
	sync_inc(a, 1);
	CHECK_INT(sync_query(card, handle, 0), 7);
	for (uint64_t point = 0; point <= 7; point++)
		CHECK_INT(sync_wait_point(card, handle, point, 0, 0), 0);
	close(a);
	close(b);
	sync_end(card);
}

TEST(signal_from_the_cpu)
{
	int card = sync_begin();
	uint32_t handle = sync_object(card, false);
	uint64_t point = 3;

	CHECK_INT(drmSyncobjTimelineSignal(card, &handle, &point, 1), 0);
	CHECK_INT(sync_query(card, handle, 0), 3);
	CHECK_INT(sync_wait_point(card, handle, 2, 0, 0), 0);
	CHECK_INT(sync_wait_point(card, handle, 3, 0, 0), 0);
	CHECK_INT(sync_wait_point(card, handle, 4, 5 * MS,
		DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	/* Signalled as a binary one it has no points any more. */
	CHECK_INT(drmSyncobjSignal(card, &handle, 1), 0);
	CHECK_INT(sync_query(card, handle, 0), 0);
	CHECK_INT(sync_wait_point(card, handle, 3, 0, 0), -EINVAL);
	CHECK_INT(drmSyncobjReset(card, &handle, 1), 0);
	CHECK_INT(sync_wait(card, handle, 0, 0), -EINVAL);
	sync_end(card);
}

TEST(what_a_binary_object_held_comes_first)
{
	int card = sync_begin(), timeline = sync_timeline();
	uint32_t handle = sync_object_of(card, sync_fence(timeline, 1));
	uint64_t point = 1;

	CHECK_INT(drmSyncobjTimelineSignal(card, &handle, &point, 1), 0);
	CHECK_INT(sync_wait_point(card, handle, 1, 0, 0), -ETIME);
	CHECK_INT(sync_query(card, handle, 0), 0);
	sync_inc(timeline, 1);
	CHECK_INT(sync_wait_point(card, handle, 1, 0, 0), 0);
	CHECK_INT(sync_query(card, handle, 0), 1);
	close(timeline);
	sync_end(card);
}

/* A kernel warns, and goes on: earlier points can not be told apart any more. */
TEST(unordered_point)
{
	int card = sync_begin(), timeline = sync_timeline();
	uint32_t handle = sync_object(card, false);

	add_point(card, handle, 5, sync_fence(timeline, 2));
	add_point(card, handle, 2, sync_fence(timeline, 1));
	CHECK_INT(sync_query(card, handle, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), 5);
	CHECK_INT(sync_query(card, handle, 0), 0);
	sync_inc(timeline, 1);
	CHECK_INT(sync_wait_point(card, handle, 1, 0, 0), -ETIME);
	sync_inc(timeline, 1);
	CHECK_INT(sync_wait_point(card, handle, 5, 0, 0), 0);
	CHECK_INT(sync_query(card, handle, 0), 5);
	close(timeline);
	sync_end(card);
}

TEST(transfers)
{
	int card = sync_begin(), timeline = sync_timeline();
	uint32_t points = sync_object(card, false), binary = sync_object(card, false);
	uint32_t other = sync_object(card, false);

	add_point(card, points, 1, sync_fence(timeline, 1));
	add_point(card, points, 2, sync_fence(timeline, 2));
	CHECK_INT(drmSyncobjTransfer(card, binary, 0, points, 1, 0), 0);
	CHECK_INT(drmSyncobjTransfer(card, other, 10, points, 2, 0), 0);
	CHECK_ERRNO(drmSyncobjTransfer(card, binary, 0, points, 3, 0), EINVAL);
	CHECK_INT(sync_wait(card, binary, 0, 0), -ETIME);
	sync_inc(timeline, 1);
	CHECK_INT(sync_wait(card, binary, 0, 0), 0);
	CHECK_INT(sync_wait_point(card, other, 10, 0, 0), -ETIME);
	sync_inc(timeline, 1);
	CHECK_INT(sync_wait_point(card, other, 10, 0, 0), 0);
	/* A point of the past. */
	CHECK_INT(drmSyncobjTransfer(card, binary, 0, points, 1, 0), 0);
	CHECK_INT(sync_wait(card, binary, 0, 0), 0);
	close(timeline);
	sync_end(card);
}

/* However deep a client nests timelines in each other, the signal does not nest. */
TEST(nested_as_deep_as_you_like)
{
	enum { DEPTH = 20000 };
	int card = sync_begin(), timeline = sync_timeline();
	uint32_t handles[2] = {sync_object(card, false), sync_object(card, false)};

	add_point(card, handles[0], 1, sync_fence(timeline, 1));
	for (unsigned i = 1; i < DEPTH; i++)
		CHECK_INT(drmSyncobjTransfer(card, handles[i % 2], i + 1, handles[(i + 1) % 2], i,
			0), 0);
	CHECK_INT(sync_wait_point(card, handles[1], DEPTH, 0, 0), -ETIME);
	sync_inc(timeline, 1);
	CHECK_INT(sync_wait_point(card, handles[1], DEPTH, 2000 * (int64_t)MS, 0), 0);
	CHECK_INT(sync_query(card, handles[1], 0), DEPTH);
	close(timeline);
	sync_end(card);
}

static void add_eventfd(int card, uint32_t handle, uint64_t point, uint32_t flags, int fd)
{
	struct wire_syncobj_eventfd args = {.handle = handle, .flags = flags, .point = point,
		.fd = fd};

	CHECK_INT(ioctl(card, WIRE_IOCTL_SYNCOBJ_EVENTFD, &args), 0);
}

static uint64_t counted(int fd)
{
	struct pollfd poll_fd = {fd, POLLIN, 0};
	uint64_t count = 0;

	if (poll(&poll_fd, 1, 0) == 1)
		CHECK_INT(read(fd, &count, sizeof(count)), sizeof(count));
	return count;
}

TEST(event_descriptors)
{
	const uint32_t available = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
	int card = sync_begin(), timeline = sync_timeline(), fd = eventfd(0, EFD_CLOEXEC);
	uint32_t handle = sync_object(card, false);

	add_eventfd(card, handle, 1, available, fd);
	add_eventfd(card, handle, 1, 0, fd);
	CHECK_INT(counted(fd), 0);
	add_point(card, handle, 1, sync_fence(timeline, 1));
	CHECK_INT(counted(fd), 1); /* available */
	sync_inc(timeline, 1);
	CHECK_INT(counted(fd), 1);
	/* At once when it is so already. */
	add_eventfd(card, handle, 1, 0, fd);
	CHECK_INT(counted(fd), 1);
	/* An object that goes tells nobody. */
	add_eventfd(card, handle, 9, 0, fd);
	CHECK_INT(drmSyncobjDestroy(card, handle), 0);
	CHECK_INT(counted(fd), 0);
	close(fd);
	close(timeline);
	sync_end(card);
}

/* Its counter is full, and it blocks: nobody but its owner is held up. */
TEST(full_event_descriptor)
{
	int card = sync_begin(), fd = eventfd(0, EFD_CLOEXEC);
	uint64_t full = UINT64_MAX - 1, point = 1;
	uint32_t handle = sync_object(card, false);

	CHECK_INT(write(fd, &full, sizeof(full)), sizeof(full));
	add_eventfd(card, handle, 1, 0, fd);
	CHECK_INT(drmSyncobjTimelineSignal(card, &handle, &point, 1), 0);
	CHECK_INT(sync_query(card, handle, 0), 1);
	close(fd);
	sync_end(card);
}
