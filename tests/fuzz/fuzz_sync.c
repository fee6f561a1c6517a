/* Sync objects, sync_files and sw_sync timelines. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <linux/sync_file.h>

#include "fuzz_client.h"
#include "uapi_sync.h"

enum { OBJECTS = 12, LIST_MAX = 6 };

/* Of the call's file: most are there, as the lowest free number is handed out. */
static uint32_t some_object(struct fuzz_client *client)
{
	return fuzz_one_in(&client->rng, 20) ? fuzz_odd(&client->rng) :
		1 + fuzz_below(&client->rng, OBJECTS);
}

static uint64_t some_point(struct fuzz_client *client)
{
	return fuzz_one_in(&client->rng, 20) ? fuzz_odd(&client->rng) :
		fuzz_below(&client->rng, 40);
}

static void create(struct fuzz_client *client)
{
	struct drm_syncobj_create args = {.flags = fuzz_below(&client->rng, 2)};
	struct drm_syncobj_destroy gone;

	if (fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_CREATE, &args) == 0 && args.handle > OBJECTS) {
		gone = (struct drm_syncobj_destroy){.handle = args.handle};
		fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_DESTROY, &gone);
	}
}

static void destroy(struct fuzz_client *client)
{
	struct drm_syncobj_destroy args = {.handle = some_object(client)};

	fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

static void to_descriptor(struct fuzz_client *client)
{
	struct drm_syncobj_handle args = {.handle = some_object(client),
		.flags = fuzz_below(&client->rng, 2)};

	fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);
}

static void from_descriptor(struct fuzz_client *client)
{
	struct drm_syncobj_handle args = {.handle = some_object(client),
		.flags = fuzz_below(&client->rng, 2), .fd = fuzz_passed(client)};

	fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args);
}

static void transfer(struct fuzz_client *client)
{
	struct drm_syncobj_transfer args = {.src_handle = some_object(client),
		.dst_handle = some_object(client), .src_point = some_point(client),
		.dst_point = some_point(client)};

	fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_TRANSFER, &args);
}

static uint64_t some_objects(struct fuzz_client *client, uint32_t *count)
{
	uint32_t *handles = fuzz_array(client, LIST_MAX * sizeof(*handles));

	*count = fuzz_one_in(&client->rng, 30) ? fuzz_odd(&client->rng) :
		fuzz_below(&client->rng, LIST_MAX + 1);
	for (unsigned i = 0; i < LIST_MAX; i++)
		handles[i] = some_object(client);
	return (uintptr_t)handles;
}

static uint64_t some_points(struct fuzz_client *client)
{
	uint64_t *points = fuzz_array(client, LIST_MAX * sizeof(*points));

	for (unsigned i = 0; i < LIST_MAX; i++)
		points[i] = some_point(client);
	return (uintptr_t)points;
}

/* Within a millisecond, or for ever: then it is interrupted. */
static int64_t some_deadline(struct fuzz_client *client)
{
	struct timespec now;

	if (fuzz_one_in(&client->rng, 200))
		return INT64_MAX;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec + fuzz_below(&client->rng, 1000000);
}

static void wait_binary(struct fuzz_client *client)
{
	struct drm_syncobj_wait args = {.timeout_nsec = some_deadline(client),
		.flags = fuzz_below(&client->rng, 4)};

	args.handles = some_objects(client, &args.count_handles);
	fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_WAIT, &args);
}

static void wait_points(struct fuzz_client *client)
{
	struct drm_syncobj_timeline_wait args = {.timeout_nsec = some_deadline(client),
		.flags = fuzz_below(&client->rng, 8), .points = some_points(client)};

	args.handles = some_objects(client, &args.count_handles);
	fuzz_ioctl(client, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

static void change(struct fuzz_client *client)
{
	struct drm_syncobj_array args = {0};

	args.handles = some_objects(client, &args.count_handles);
	fuzz_ioctl(client, fuzz_one_in(&client->rng, 2) ? DRM_IOCTL_SYNCOBJ_RESET :
		DRM_IOCTL_SYNCOBJ_SIGNAL, &args);
}

static void points(struct fuzz_client *client)
{
	struct drm_syncobj_timeline_array args = {.points = some_points(client)};

	args.handles = some_objects(client, &args.count_handles);
	fuzz_ioctl(client, fuzz_one_in(&client->rng, 2) ? DRM_IOCTL_SYNCOBJ_QUERY :
		DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &args);
}

static void register_eventfd(struct fuzz_client *client)
{
	struct wire_syncobj_eventfd args = {.handle = some_object(client),
		.point = some_point(client), .flags = fuzz_below(&client->rng, 2) * 4};

	if (fuzz_one_in(&client->rng, 3))
		fuzz_pass(client, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	args.fd = fuzz_passed(client);
	fuzz_ioctl(client, WIRE_IOCTL_SYNCOBJ_EVENTFD, &args);
}

/* ---- files without a node, timelines ---- */

static void open_timeline(struct fuzz_client *client)
{
	int fd;

	if (vfs_open(client->world->cards.vfs, UAPI_SW_SYNC_PATH, 2, &client->caller, &fd) == 0)
		fuzz_pass(client, fd);
}

/* One request that all of them get; most of them it is not for. */
static void ask_passed(struct fuzz_client *client)
{
	struct vfs *vfs = client->world->cards.vfs;
	static const unsigned int requests[] = {SYNC_IOC_MERGE, SYNC_IOC_FILE_INFO,
		WIRE_SYNC_IOC_SET_DEADLINE, WIRE_SW_SYNC_CREATE_FENCE, WIRE_SW_SYNC_INC};
	unsigned int request = requests[fuzz_below(&client->rng, GEM_ARRAY_SIZE(requests))];
	uint64_t *arg = fuzz_array(client, 64 + 8 * sizeof(struct sync_fence_info));
	struct vfs_file *file;
	int fd = client->caller.ops->fetch_fd(&client->caller, fuzz_passed(client));

	memset(arg, 0, 64);
	if (request == SYNC_IOC_MERGE)
		((struct sync_merge_data *)arg)->fd2 = fuzz_passed(client);
	else if (request == SYNC_IOC_FILE_INFO)
		*(struct sync_file_info *)arg = (struct sync_file_info){
			.num_fences = fuzz_below(&client->rng, 9),
			.sync_fence_info = (uintptr_t)(arg + 8)};
	else
		*(uint32_t *)arg = fuzz_below(&client->rng, 10);
	if (fuzz_one_in(&client->rng, 10))
		fuzz_mutate(&client->rng, (uint8_t *)arg, 64);
	if (fd < 0)
		return;
	if (vfs_file_from_fd(vfs, fd, &file) == 0) {
		client->calls++;
		client->failed += file->ops->ioctl(file, request, (uintptr_t)arg,
			&client->caller) < 0;
		vfs_file_put(file);
	}
	close(fd);
}

const struct fuzz_generator fuzz_sync_generators[] = {
	{create, 20}, {destroy, 8}, {to_descriptor, 12}, {from_descriptor, 16}, {transfer, 20},
	{wait_binary, 10}, {wait_points, 10}, {change, 12}, {points, 20}, {register_eventfd, 8},
	{open_timeline, 4}, {ask_passed, 40}, {NULL, 0},
};
