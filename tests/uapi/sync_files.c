/* sync_files and sw_sync timelines. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync_client.h"

TEST(fence_of_a_timeline)
{
	int card = sync_begin(), timeline = sync_timeline();
	int past = sync_fence(timeline, 0), one = sync_fence(timeline, 1), two =
		sync_fence(timeline, 2);
	struct sync_fence_info parts[8];
	struct sync_file_info info;
	char byte;

	CHECK_INT(sync_status(past), 1);
	CHECK(sync_readable(past, 0));
	CHECK(!sync_readable(one, 0));
	sync_inc(timeline, 1);
	CHECK(sync_readable(one, 2000) && !sync_readable(two, 0));
	CHECK_INT(sync_status(two), 0);
	CHECK_INT(sync_info(one, &info, parts), 1);
	CHECK_INT(info.status, 1);
	CHECK_INT(parts[0].status, 1);
	CHECK(parts[0].timestamp_ns > 0 && parts[0].timestamp_ns <= sync_after(0));
	CHECK(strcmp(parts[0].driver_name, "sw_sync") == 0 && parts[0].obj_name[0]);
	CHECK(strncmp(info.name, "sw_sync-", 8) == 0);
	/* What makes it readable is not there to be read. */
	CHECK_ERRNO(read(one, &byte, 1), EINVAL);
	CHECK_ERRNO(write(one, &byte, 1), EINVAL);
	CHECK(sync_readable(one, 0));
	sync_inc(timeline, 1);
	CHECK(sync_readable(two, 2000));
	close(past);
	close(one);
	close(two);
	close(timeline);
	sync_end(card);
}

TEST(values_wrap)
{
	int card = sync_begin(), timeline = sync_timeline();

	sync_inc(timeline, UINT32_MAX);
	int behind = sync_fence(timeline, UINT32_MAX), ahead = sync_fence(timeline, 1);
	CHECK_INT(sync_status(behind), 1);
	CHECK_INT(sync_status(ahead), 0);
	sync_inc(timeline, 1);
	CHECK_INT(sync_status(ahead), 0);
	sync_inc(timeline, 1);
	CHECK_INT(sync_status(ahead), 1);
	close(behind);
	close(ahead);
	close(timeline);
	sync_end(card);
}

TEST(closed_timeline_fails_its_fences)
{
	int card = sync_begin(), timeline = sync_timeline();
	int fence = sync_fence(timeline, 1);

	sync_close_timeline(timeline);
	CHECK(sync_readable(fence, 2000));
	CHECK_INT(sync_status(fence), -ENOENT);
	close(fence);
	sync_end(card);
}

TEST(merged)
{
	int card = sync_begin(), a = sync_timeline(), b = sync_timeline();
	int one = sync_fence(a, 1), two = sync_fence(a, 2), other = sync_fence(b, 1);
	int same = sync_merge("same", one, two), both = sync_merge("both", same, other);
	struct sync_fence_info parts[8];
	struct sync_file_info info;

	/* Of one timeline the later one says it all. */
	CHECK_INT(sync_info(same, &info, parts), 1);
	CHECK(strcmp(info.name, "same") == 0);
	CHECK_INT(sync_info(both, &info, parts), 2);
	CHECK_INT(info.status, 0);
	sync_inc(b, 1);
	CHECK_INT(sync_info(both, &info, parts), 2);
	CHECK_INT(parts[0].status + parts[1].status, 1);
	CHECK(!sync_readable(both, 0));
	sync_inc(a, 1);
	CHECK(!sync_readable(both, 0) && !sync_readable(same, 0));
	sync_inc(a, 1);
	CHECK(sync_readable(both, 2000) && sync_readable(same, 2000));
	CHECK_INT(sync_status(both), 1);
	/* Of fences that are done, too. */
	close(same);
	same = sync_merge("done", one, other);
	CHECK_INT(sync_status(same), 1);
	for (int *fd = (int[]){one, two, other, same, both, a, b, -1}; *fd >= 0; fd++)
		close(*fd);
	sync_end(card);
}

TEST(merged_takes_the_error)
{
	int card = sync_begin(), a = sync_timeline(), b = sync_timeline();
	int one = sync_fence(a, 1), other = sync_fence(b, 1), both = sync_merge("", one, other);

	sync_close_timeline(b);
	sync_inc(a, 1);
	CHECK(sync_readable(both, 2000));
	CHECK_INT(sync_status(both), -ENOENT);
	close(both);
	close(one);
	close(other);
	close(a);
	sync_end(card);
}

TEST(refused_requests)
{
	int card = sync_begin(), timeline = sync_timeline();
	int one = sync_fence(timeline, 1), other_timeline = sync_timeline();
	int two = sync_fence(other_timeline, 1), both = sync_merge("", one, two);
	struct sync_fence_info parts[2];
	struct sync_merge_data merge = {.fd2 = two, .flags = 1};
	struct sync_file_info info = {.flags = 1};
	struct wire_sync_set_deadline deadline = {1, 0};

	CHECK_ERRNO(ioctl(one, SYNC_IOC_MERGE, &merge), EINVAL);
	merge = (struct sync_merge_data){.fd2 = two, .pad = 1};
	CHECK_ERRNO(ioctl(one, SYNC_IOC_MERGE, &merge), EINVAL);
	merge = (struct sync_merge_data){.fd2 = card};
	CHECK_ERRNO(ioctl(one, SYNC_IOC_MERGE, &merge), ENOENT);
	merge.fd2 = 999;
	CHECK_ERRNO(ioctl(one, SYNC_IOC_MERGE, &merge), ENOENT);
	CHECK_ERRNO(ioctl(one, SYNC_IOC_MERGE, (void *)8), EFAULT);
	CHECK_ERRNO(ioctl(one, SYNC_IOC_FILE_INFO, &info), EINVAL);
	info = (struct sync_file_info){.pad = 1};
	CHECK_ERRNO(ioctl(one, SYNC_IOC_FILE_INFO, &info), EINVAL);
	/* Room for one of two. */
	info = (struct sync_file_info){.num_fences = 1, .sync_fence_info = (uintptr_t)parts};
	CHECK_ERRNO(ioctl(both, SYNC_IOC_FILE_INFO, &info), EINVAL);
	info = (struct sync_file_info){.num_fences = 2, .sync_fence_info = 8};
	CHECK_ERRNO(ioctl(both, SYNC_IOC_FILE_INFO, &info), EFAULT);
	CHECK_INT(ioctl(one, WIRE_SYNC_IOC_SET_DEADLINE, &deadline), 0);
	deadline.pad = 1;
	CHECK_ERRNO(ioctl(one, WIRE_SYNC_IOC_SET_DEADLINE, &deadline), EINVAL);
	CHECK_ERRNO(ioctl(one, _IO('>', 9), NULL), ENOTTY);
	CHECK_ERRNO(ioctl(one, DRM_IOCTL_GET_CAP, &info), ENOTTY);
	CHECK_ERRNO(ioctl(timeline, WIRE_SW_SYNC_INC, (void *)8), EFAULT);
	CHECK_ERRNO(ioctl(timeline, WIRE_SW_SYNC_CREATE_FENCE, (void *)8), EFAULT);
	CHECK_ERRNO(ioctl(timeline, SYNC_IOC_FILE_INFO, &info), ENOTTY);
	for (int *fd = (int[]){one, two, both, timeline, other_timeline, -1}; *fd >= 0; fd++)
		close(*fd);
	sync_end(card);
}

TEST(what_a_sync_file_looks_like)
{
	int card = sync_begin(), timeline = sync_timeline(), fence = sync_fence(timeline, 1);
	char link[64], target[64] = "";
	struct stat st;

	CHECK_INT(fstat(fence, &st), 0);
	CHECK_INT(st.st_mode, 0600);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fence);
	CHECK(readlink(link, target, sizeof(target) - 1) > 0);
	CHECK(strcmp(target, "anon_inode:sync_file") == 0);
	CHECK_INT(fstat(timeline, &st), 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK_INT(st.st_mode & 0777, 0600);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", timeline);
	memset(target, 0, sizeof(target));
	CHECK(readlink(link, target, sizeof(target) - 1) > 0);
	CHECK(strcmp(target, "/sys/kernel/debug/sync/sw_sync") == 0);
	CHECK_INT(access(target, R_OK | W_OK), 0);
	close(fence);
	close(timeline);
	sync_end(card);
}
