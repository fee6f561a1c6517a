#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/sync_file.h>

#include "gem_fence_array.h"
#include "uapi_sync.h"

struct sync_file {
	struct vfs_file base; /* first */
	struct gem_fence *fence; /* reference */
	struct gem_fence_callback callback;
	char name[32]; /* "" = made from the fence */
};

/* ---- what fences are called ---- */

static const char *driver_of(const struct gem_fence *fence)
{
	return uapi_sw_sync_name(fence) ? "sw_sync" : "testcard";
}

static void print_timeline(const struct gem_fence *fence, char *name, size_t size)
{
	const char *sw_sync = uapi_sw_sync_name(fence);

	if (sw_sync)
		snprintf(name, size, "%s", sw_sync);
	else if (fence->engine != GEM_FENCE_NO_ENGINE)
		snprintf(name, size, "engine%u", fence->engine);
	else
		snprintf(name, size, "unbound");
}

/* Cut to 31 characters, as the kernel's. */
static void print_name(const struct sync_file *file, char name[32])
{
	char timeline[32], whole[128];

	print_timeline(file->fence, timeline, sizeof(timeline));
	snprintf(whole, sizeof(whole), "%s-%s%llu-%llu", driver_of(file->fence), timeline,
		(unsigned long long)file->fence->context, (unsigned long long)file->fence->seqno);
	snprintf(name, 32, "%.31s", file->name[0] ? file->name : whole);
}

/* ---- requests ---- */

static int merge(struct sync_file *file, struct vfs_caller *caller, struct sync_merge_data *args)
{
	struct gem_fence *fences[2] = {file->fence}, *merged;
	int fd;

	if (args->flags || args->pad)
		return -EINVAL;
	if (uapi_sync_file_fence(file->base.vfs, caller, args->fd2, &fences[1]))
		return -ENOENT;
	args->name[sizeof(args->name) - 1] = '\0';
	int ret = gem_fence_array_create(fences, 2, &merged);
	gem_fence_put(fences[1]);
	if (ret)
		return ret;
	ret = uapi_sync_file_create(file->base.vfs, merged, args->name, &fd);
	gem_fence_put(merged);
	if (ret)
		return ret;
	args->fence = caller->ops->install_fd(caller, fd, true);
	return args->fence < 0 ? args->fence : 0;
}

static void fill_info(const struct gem_fence *fence, struct sync_fence_info *info)
{
	*info = (struct sync_fence_info){.status = gem_fence_status(fence)};
	print_timeline(fence, info->obj_name, sizeof(info->obj_name));
	snprintf(info->driver_name, sizeof(info->driver_name), "%s", driver_of(fence));
	info->timestamp_ns = info->status ? fence->signalled_ns : 0;
}

/* The parts, and in *status what they say together: the first that is not just done. */
static int copy_parts(struct vfs_caller *caller, struct gem_fence *const *parts, unsigned count,
	uint64_t to, int32_t *status)
{
	*status = 1;
	for (unsigned i = 0; i < count; i++) {
		struct sync_fence_info info;

		fill_info(parts[i], &info);
		*status = *status <= 0 ? *status : info.status;
		if (vfs_copy_to(caller, to + i * sizeof(info), &info, sizeof(info)))
			return -EFAULT;
	}
	return 0;
}

static int file_info(struct sync_file *file, struct vfs_caller *caller,
	struct sync_file_info *args)
{
	struct gem_fence *const *parts;
	unsigned count = gem_fence_parts(&file->fence, &parts);
	int ret = 0;

	if (args->flags || args->pad)
		return -EINVAL;
	if (args->num_fences == 0)
		args->status = gem_fence_status(file->fence);
	else if (args->num_fences < count)
		ret = -EINVAL;
	else
		ret = copy_parts(caller, parts, count, args->sync_fence_info, &args->status);
	if (ret)
		return ret;
	memset(args->name, 0, sizeof(args->name));
	print_name(file, args->name);
	args->num_fences = count;
	return 0;
}

/* A hint for drivers that could hurry. */
static int set_deadline(struct vfs_caller *caller, uint64_t arg)
{
	struct wire_sync_set_deadline args;

	if (vfs_copy_from(caller, &args, arg, sizeof(args)))
		return -EFAULT;
	return args.pad ? -EINVAL : 0;
}

static long sync_file_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct sync_file *file = gem_container_of(base, struct sync_file, base);
	union {
		struct sync_merge_data merge;
		struct sync_file_info info;
	} args;
	size_t size = request == SYNC_IOC_MERGE ? sizeof(args.merge) : sizeof(args.info);
	int ret;

	if (request == WIRE_SYNC_IOC_SET_DEADLINE)
		return set_deadline(caller, arg);
	if (request != SYNC_IOC_MERGE && request != SYNC_IOC_FILE_INFO)
		return -ENOTTY;
	if (vfs_copy_from(caller, &args, arg, size))
		return -EFAULT;
	ret = request == SYNC_IOC_MERGE ? merge(file, caller, &args.merge) :
		file_info(file, caller, &args.info);
	if (ret == 0 && vfs_copy_to(caller, arg, &args, size))
		ret = -EFAULT;
	return ret;
}

/* ---- life ---- */

static void tell_holder(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	struct sync_file *file = gem_container_of(callback, struct sync_file, callback);
	const char signalled = 1;

	(void)fence;
	/* The only packet ever: there is room, or no holder. */
	vfs_file_send(&file->base, &signalled, sizeof(signalled));
}

static void free_sync_file(struct sync_file *file)
{
	vfs_file_finish(&file->base);
	gem_fence_put(file->fence);
	free(file);
}

static void release(struct vfs_file *base)
{
	struct sync_file *file = gem_container_of(base, struct sync_file, base);

	gem_fence_remove_callback(file->fence, &file->callback);
	free_sync_file(file);
}

static const struct vfs_file_ops sync_file_ops = {
	.ioctl = sync_file_ioctl,
	.release = release,
};

int uapi_sync_file_create(struct vfs *vfs, struct gem_fence *fence, const char *name, int *fd)
{
	struct sync_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	vfs_file_init(&file->base, &sync_file_ops);
	file->fence = gem_fence_get(fence);
	gem_list_init(&file->callback.link);
	if (name)
		snprintf(file->name, sizeof(file->name), "%s", name);
	int ret = vfs_open_anonymous(vfs, &file->base, "anon_inode:sync_file", fd);
	if (ret) {
		free_sync_file(file);
		return ret;
	}
	/* The caller's *fd keeps it open. */
	if (gem_fence_add_callback(fence, &file->callback, tell_holder))
		tell_holder(fence, &file->callback);
	return 0;
}

static int own_file(struct vfs *vfs, int fd, const struct vfs_file_ops *ops,
	struct vfs_file **out)
{
	if (vfs_file_from_fd(vfs, fd, out))
		return -EINVAL;
	if ((*out)->ops == ops)
		return 0;
	vfs_file_put(*out);
	return -EINVAL;
}

int uapi_fetch_file(struct vfs *vfs, struct vfs_caller *caller, int fd,
	const struct vfs_file_ops *ops, struct vfs_file **out)
{
	int own = caller->ops->fetch_fd(caller, fd);

	if (own < 0)
		return own;
	int ret = own_file(vfs, own, ops, out);
	close(own);
	return ret;
}

/* Of file, whose reference is put. */
static struct gem_fence *fence_of(struct vfs_file *base)
{
	struct gem_fence *fence =
		gem_fence_get(gem_container_of(base, struct sync_file, base)->fence);

	vfs_file_put(base);
	return fence;
}

int uapi_sync_file_own_fence(struct vfs *vfs, int fd, struct gem_fence **fence)
{
	struct vfs_file *base;
	int ret = own_file(vfs, fd, &sync_file_ops, &base);

	if (ret == 0)
		*fence = fence_of(base);
	return ret;
}

int uapi_sync_file_fence(struct vfs *vfs, struct vfs_caller *caller, int fd,
	struct gem_fence **fence)
{
	struct vfs_file *base;
	int ret = uapi_fetch_file(vfs, caller, fd, &sync_file_ops, &base);

	if (ret == 0)
		*fence = fence_of(base);
	return ret;
}
