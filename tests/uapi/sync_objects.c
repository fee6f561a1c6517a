/* Binary sync objects: content, waits, descriptors, every refusal. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync_client.h"

TEST(caps_say_so)
{
	int card = sync_begin();
	uint64_t value = 0;

	CHECK_INT(drmGetCap(card, DRM_CAP_SYNCOBJ, &value), 0);
	CHECK_INT(value, 1);
	value = 0;
	CHECK_INT(drmGetCap(card, DRM_CAP_SYNCOBJ_TIMELINE, &value), 0);
	CHECK_INT(value, 1);
	sync_end(card);
}

TEST(content_of_a_binary_object)
{
	int card = sync_begin();
	uint32_t empty = sync_object(card, false), done = sync_object(card, true);

	CHECK_INT(sync_wait(card, empty, 0, 0), -EINVAL);
	CHECK_INT(sync_wait(card, empty, 5 * MS, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), -ETIME);
	CHECK_INT(sync_wait(card, done, 0, 0), 0);
	CHECK_INT(drmSyncobjSignal(card, &empty, 1), 0);
	CHECK_INT(sync_wait(card, empty, 0, 0), 0);
	CHECK_INT(drmSyncobjReset(card, &done, 1), 0);
	CHECK_INT(sync_wait(card, done, 0, 0), -EINVAL);
	/* It has no points. */
	CHECK_INT(sync_query(card, empty, 0), 0);
	CHECK_INT(sync_wait_point(card, empty, 1, 0, 0), -EINVAL);
	CHECK_INT(sync_wait_point(card, empty, 0, 0, 0), 0);
	CHECK_INT(drmSyncobjDestroy(card, empty), 0);
	CHECK_INT(drmSyncobjDestroy(card, done), 0);
	sync_end(card);
}

TEST(fence_of_a_sync_file_and_back)
{
	int card = sync_begin(), timeline = sync_timeline(), fd = -1;
	uint32_t handle = sync_object_of(card, sync_fence(timeline, 1));

	CHECK_INT(sync_wait(card, handle, 5 * MS, 0), -ETIME);
	CHECK_INT(sync_wait_point(card, handle, 0, 0, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE), 0);
	CHECK_INT(drmSyncobjExportSyncFile(card, handle, &fd), 0);
	CHECK(!sync_readable(fd, 0));
	sync_inc(timeline, 1);
	CHECK(sync_readable(fd, 2000));
	CHECK_INT(sync_status(fd), 1);
	CHECK_INT(sync_wait(card, handle, 0, 0), 0);
	close(fd);
	close(timeline);
	sync_end(card);
}

TEST(wait_for_one_and_for_all)
{
	int card = sync_begin(), timeline = sync_timeline();
	uint32_t handles[3], first = 9;

	for (unsigned i = 0; i < 3; i++)
		handles[i] = sync_object_of(card, sync_fence(timeline, 3 - i));
	sync_inc(timeline, 1);
	CHECK_INT(drmSyncobjWait(card, handles, 3, 0, 0, &first), 0);
	CHECK_INT(first, 2);
	CHECK_INT(drmSyncobjWait(card, handles, 3, sync_after(5 * MS),
		DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL, &first), -ETIME);
	sync_inc(timeline, 1);
	CHECK_INT(drmSyncobjWait(card, handles, 3, 0, 0, &first), 0);
	CHECK_INT(first, 1);
	sync_inc(timeline, 1);
	CHECK_INT(drmSyncobjWait(card, handles, 3, sync_after(2000 * (int64_t)MS),
		DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL, &first), 0);
	CHECK_INT(first, 0);
	close(timeline);
	sync_end(card);
}

struct later {
	int card, timeline;
	uint32_t handle;
};

static void *signal_later(void *data)
{
	const struct later *later = data;

	usleep(20000);
	if (later->timeline >= 0)
		sync_inc(later->timeline, 1);
	else
		drmSyncobjSignal(later->card, &later->handle, 1);
	return NULL;
}

/* A wait in one thread must not keep the others out. */
TEST(wait_ends_with_the_signal)
{
	int card = sync_begin(), timeline = sync_timeline();
	uint32_t empty = sync_object(card, false);
	struct later later[] = {
		{card, timeline, sync_object_of(card, sync_fence(timeline, 1))}, {card, -1, empty},
	};

	for (unsigned i = 0; i < 2; i++) {
		pthread_t thread;

		CHECK_INT(pthread_create(&thread, NULL, signal_later, &later[i]), 0);
		CHECK_INT(sync_wait(card, later[i].handle, INT64_MAX / 2,
			DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT), 0);
		pthread_join(thread, NULL);
	}
	close(timeline);
	sync_end(card);
}

TEST(handle_to_descriptor_is_the_same_object)
{
	int card = sync_begin(), other = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC), fd = -1;
	uint32_t handle = sync_object(card, false), imported = 0;
	char link[64], target[64] = "";
	struct stat st;

	CHECK(other >= 0);
	CHECK_INT(drmSyncobjHandleToFD(card, handle, &fd), 0);
	CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(st.st_mode, 0600);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(readlink(link, target, sizeof(target) - 1) > 0);
	CHECK(strcmp(target, "anon_inode:syncobj_file") == 0);
	CHECK_ERRNO(open(link, O_RDWR), ENXIO);
	CHECK_INT(drmSyncobjFDToHandle(other, fd, &imported), 0);
	CHECK_INT(drmSyncobjSignal(card, &handle, 1), 0);
	CHECK_INT(sync_wait(other, imported, 0, 0), 0);
	/* The descriptor keeps the object. */
	CHECK_INT(drmSyncobjDestroy(card, handle), 0);
	CHECK_INT(drmSyncobjDestroy(other, imported), 0);
	CHECK_INT(drmSyncobjFDToHandle(card, fd, &imported), 0);
	CHECK_INT(sync_wait(card, imported, 0, 0), 0);
	CHECK_ERRNO(ioctl(fd, SYNC_IOC_FILE_INFO, &(struct sync_file_info){0}), ENOTTY);
	close(fd);
	close(other);
	sync_end(card);
}

/* ---- refusals ---- */

struct refusal {
	const char *name;
	unsigned long request;
	union {
		struct drm_syncobj_create create;
		struct drm_syncobj_destroy destroy;
		struct drm_syncobj_handle handle;
		struct drm_syncobj_transfer transfer;
		struct drm_syncobj_wait wait;
		struct drm_syncobj_timeline_wait timeline_wait;
		struct drm_syncobj_array array;
		struct drm_syncobj_timeline_array timeline_array;
		struct wire_syncobj_eventfd eventfd;
	} args;
	int error;
};

static uint32_t bad_handle[1] = {4711}, good_handle[1] = {1};
static uint64_t one_point[1] = {1};

#define PTR(x) ((uintptr_t)(x))
/* Handle 1 is an empty object; descriptor 0 is no file of ours. */
static const struct refusal refusals[] = {
	{"create_flags", DRM_IOCTL_SYNCOBJ_CREATE, {.create = {.flags = 2}}, EINVAL},
	{"destroy_pad", DRM_IOCTL_SYNCOBJ_DESTROY, {.destroy = {1, 1}}, EINVAL},
	{"destroy_none", DRM_IOCTL_SYNCOBJ_DESTROY, {.destroy = {4711, 0}}, EINVAL},
	{"to_fd_pad", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, {.handle = {.handle = 1, .pad = 1}}, EINVAL},
	{"to_fd_flags", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, {.handle = {.handle = 1, .flags = 2}},
		EINVAL},
	{"to_fd_none", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, {.handle = {.handle = 4711}}, EINVAL},
	{"export_none", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, {.handle = {.handle = 4711, .flags = 1}},
		ENOENT},
	{"export_empty", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, {.handle = {.handle = 1, .flags = 1}},
		EINVAL},
	{"from_fd_pad", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, {.handle = {.pad = 1}}, EINVAL},
	{"from_fd_flags", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, {.handle = {.flags = 4}}, EINVAL},
	{"from_fd_foreign", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, {.handle = {.fd = 0}}, EINVAL},
	{"from_fd_closed", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, {.handle = {.fd = 999}}, EINVAL},
	{"import_foreign", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
		{.handle = {.handle = 1, .flags = 1, .fd = 0}}, EINVAL},
	{"import_closed", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
		{.handle = {.handle = 1, .flags = 1, .fd = 999}}, EINVAL},
	{"transfer_pad", DRM_IOCTL_SYNCOBJ_TRANSFER,
		{.transfer = {.src_handle = 1, .dst_handle = 1, .pad = 1}}, EINVAL},
	{"transfer_flags", DRM_IOCTL_SYNCOBJ_TRANSFER,
		{.transfer = {.src_handle = 1, .dst_handle = 1, .flags = 1}}, EINVAL},
	{"transfer_no_src", DRM_IOCTL_SYNCOBJ_TRANSFER,
		{.transfer = {.src_handle = 4711, .dst_handle = 1}}, ENOENT},
	{"transfer_no_dst", DRM_IOCTL_SYNCOBJ_TRANSFER,
		{.transfer = {.src_handle = 1, .dst_handle = 4711}}, ENOENT},
	{"transfer_empty", DRM_IOCTL_SYNCOBJ_TRANSFER,
		{.transfer = {.src_handle = 1, .dst_handle = 1}}, EINVAL},
	{"wait_flags", DRM_IOCTL_SYNCOBJ_WAIT, {.wait = {.handles = PTR(good_handle),
		.count_handles = 1, .flags = 4}}, EINVAL},
	{"wait_none", DRM_IOCTL_SYNCOBJ_WAIT, {.wait = {.handles = PTR(bad_handle),
		.count_handles = 1}}, ENOENT},
	{"wait_fault", DRM_IOCTL_SYNCOBJ_WAIT, {.wait = {.handles = 8, .count_handles = 1}}, EFAULT},
	{"wait_many", DRM_IOCTL_SYNCOBJ_WAIT, {.wait = {.handles = PTR(good_handle),
		.count_handles = 1u << 30}}, ENOMEM},
	{"wait_empty", DRM_IOCTL_SYNCOBJ_WAIT, {.wait = {.handles = PTR(good_handle),
		.count_handles = 1}}, EINVAL},
	{"timeline_wait_flags", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
		{.timeline_wait = {.handles = PTR(good_handle), .points = PTR(one_point),
		.count_handles = 1, .flags = 8}}, EINVAL},
	{"timeline_wait_none", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
		{.timeline_wait = {.handles = PTR(bad_handle), .points = PTR(one_point),
		.count_handles = 1}}, ENOENT},
	{"timeline_wait_fault", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
		{.timeline_wait = {.handles = PTR(good_handle), .points = 8,
		.count_handles = 1}}, EFAULT},
	{"timeline_wait_empty", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
		{.timeline_wait = {.handles = PTR(good_handle), .points = PTR(one_point),
		.count_handles = 1}}, EINVAL},
	{"reset_pad", DRM_IOCTL_SYNCOBJ_RESET, {.array = {PTR(good_handle), 1, 1}}, EINVAL},
	{"reset_nothing", DRM_IOCTL_SYNCOBJ_RESET, {.array = {PTR(good_handle), 0, 0}}, EINVAL},
	{"reset_none", DRM_IOCTL_SYNCOBJ_RESET, {.array = {PTR(bad_handle), 1, 0}}, ENOENT},
	{"reset_fault", DRM_IOCTL_SYNCOBJ_RESET, {.array = {8, 1, 0}}, EFAULT},
	{"signal_pad", DRM_IOCTL_SYNCOBJ_SIGNAL, {.array = {PTR(good_handle), 1, 1}}, EINVAL},
	{"signal_nothing", DRM_IOCTL_SYNCOBJ_SIGNAL, {.array = {PTR(good_handle), 0, 0}}, EINVAL},
	{"signal_none", DRM_IOCTL_SYNCOBJ_SIGNAL, {.array = {PTR(bad_handle), 1, 0}}, ENOENT},
	{"signal_point_flags", DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
		{.timeline_array = {PTR(good_handle), PTR(one_point), 1, 1}}, EINVAL},
	{"signal_point_nothing", DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
		{.timeline_array = {PTR(good_handle), PTR(one_point), 0, 0}}, EINVAL},
	{"signal_point_none", DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
		{.timeline_array = {PTR(bad_handle), PTR(one_point), 1, 0}}, ENOENT},
	{"signal_point_fault", DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
		{.timeline_array = {PTR(good_handle), 8, 1, 0}}, EFAULT},
	{"query_flags", DRM_IOCTL_SYNCOBJ_QUERY,
		{.timeline_array = {PTR(good_handle), PTR(one_point), 1, 2}}, EINVAL},
	{"query_nothing", DRM_IOCTL_SYNCOBJ_QUERY,
		{.timeline_array = {PTR(good_handle), PTR(one_point), 0, 0}}, EINVAL},
	{"query_none", DRM_IOCTL_SYNCOBJ_QUERY,
		{.timeline_array = {PTR(bad_handle), PTR(one_point), 1, 0}}, ENOENT},
	{"query_fault", DRM_IOCTL_SYNCOBJ_QUERY,
		{.timeline_array = {PTR(good_handle), 8, 1, 0}}, EFAULT},
	{"eventfd_flags", WIRE_IOCTL_SYNCOBJ_EVENTFD, {.eventfd = {.handle = 1, .flags = 1}},
		EINVAL},
	{"eventfd_pad", WIRE_IOCTL_SYNCOBJ_EVENTFD, {.eventfd = {.handle = 1, .pad = 1}}, EINVAL},
	{"eventfd_none", WIRE_IOCTL_SYNCOBJ_EVENTFD, {.eventfd = {.handle = 4711}}, ENOENT},
	{"eventfd_closed", WIRE_IOCTL_SYNCOBJ_EVENTFD, {.eventfd = {.handle = 1, .fd = 999}}, EBADF},
	{"eventfd_foreign", WIRE_IOCTL_SYNCOBJ_EVENTFD, {.eventfd = {.handle = 1, .fd = 0}}, EINVAL},
};

TEST_ROWS(refused, struct refusal, refusals)
{
	int card = sync_begin();
	struct refusal copy = *row;

	CHECK_INT(sync_object(card, false), 1);
	CHECK_ERRNO(ioctl(card, row->request, &copy.args), row->error);
	/* Nothing came of it. */
	CHECK_INT(sync_wait(card, 1, 0, 0), -EINVAL);
	CHECK_INT(sync_object(card, false), 2);
	sync_end(card);
}

TEST(wait_for_nothing_is_no_wait)
{
	int card = sync_begin();
	struct drm_syncobj_wait wait = {.timeout_nsec = INT64_MAX};
	struct drm_syncobj_timeline_wait timeline_wait = {.timeout_nsec = INT64_MAX};

	CHECK_INT(ioctl(card, DRM_IOCTL_SYNCOBJ_WAIT, &wait), 0);
	CHECK_INT(ioctl(card, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &timeline_wait), 0);
	sync_end(card);
}
