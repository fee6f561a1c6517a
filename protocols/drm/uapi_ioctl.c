/* Dispatch of one request (kernel: drm_ioctl.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gem_trace.h"
#include "uapi_count.h"
#include "uapi_file.h"

/* Larger than any struct of the table; callers may send up to 16383 bytes. */
#define STACK_SIZE 256

/* Same order as drm_ioctl_permit. */
static int check_access(const struct uapi_ioctl *row, struct uapi_call *call)
{
	struct uapi_file *file = call->file;
	bool render = file->kind == UAPI_NODE_RENDER;

	if (row->flags & UAPI_ROOT_ONLY && call->caller->uid != 0)
		return -EACCES;
	if (row->flags & UAPI_AUTH && !render) {
		pthread_mutex_lock(&file->dev->master_lock);
		bool authenticated = file->authenticated;
		pthread_mutex_unlock(&file->dev->master_lock);
		if (!authenticated)
			return -EACCES;
	}
	if (row->flags & UAPI_MASTER && !uapi_file_is_master(file))
		return -EACCES;
	unsigned int allow = UAPI_RENDER_ALLOW | (file->dev->render_dumb ? UAPI_RENDER_DUMB : 0);
	if (!(row->flags & allow) && render)
		return -EACCES;
	return 0;
}

/*
 * The caller's struct may be shorter or longer than ours (other header
 * versions): what is missing reads as zero and is not written back.
 */
static int run_row(const struct uapi_ioctl *row, struct uapi_call *call, unsigned int request,
	uint64_t arg, void *data, size_t size)
{
	unsigned int way = request & row->cmd;
	size_t user_size = _IOC_SIZE(request);
	size_t in = _IOC_DIR(way) & _IOC_WRITE ? user_size : 0;
	size_t out = _IOC_DIR(way) & _IOC_READ ? user_size : 0;

	memset(data, 0, size);
	call->caller->may_ask = row->flags & UAPI_UPCALL;
	/* A recording has all of them. */
	call->caller->depends = gem_trace_recording() ? 0 : row->keeps;
	if (vfs_copy_from(call->caller, data, arg, in))
		return -EFAULT;
	int ret = check_access(row, call);
	if (ret == 0)
		ret = row->handler(call, data);
	/* Also after an error: some handlers say there what they would take. */
	if (vfs_copy_to(call->caller, arg, data, out))
		ret = -EFAULT;
	return ret;
}

static long dispatch(struct uapi_call *call, unsigned int request, uint64_t arg,
	const struct uapi_ioctl *row)
{
	uint64_t stack[STACK_SIZE / sizeof(uint64_t)];
	void *data = stack;

	/* Before all else, as in the kernel: whatever the request was. */
	if (uapi_file_unplugged(call->file))
		return -ENODEV;
	if (_IOC_TYPE(request) != DRM_IOCTL_BASE)
		return -ENOTTY;
	if (!row)
		return -EINVAL;
	size_t size = _IOC_SIZE(row->cmd);
	if (_IOC_SIZE(request) > size)
		size = _IOC_SIZE(request);
	if (size > sizeof(stack)) {
		data = malloc(size);
		if (!data)
			return -ENOMEM;
	}
	int ret = run_row(row, call, request, arg, data, size);
	if (data != stack)
		free(data);
	return ret;
}

static void trace(const struct uapi_file *file, const struct uapi_ioctl *row, uint64_t begin,
	long result)
{
	gem_trace_add(&(struct gem_trace_event){
		.kind = GEM_TRACE_IOCTL,
		.card = file->dev->gem.card,
		.pid = gem_trace_client(),
		.tid = gem_trace_tid(),
		.result = result,
		.begin_ns = begin,
		.end_ns = gem_trace_now(),
		.a = file->base.id,
		.fence = gem_trace_take_submitted(),
		.name = row ? row->name : "?",
	});
}

long uapi_file_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct uapi_file *file = gem_container_of(base, struct uapi_file, base);
	struct uapi_call call = {.file = file, .caller = caller};
	const struct uapi_ioctl *row = uapi_ioctl_find(_IOC_NR(request));

	gem_trace_set_client(caller->pid);
	uint64_t begin = gem_trace_recording() ? gem_trace_now() : 0;
	if (begin)
		gem_trace_take_submitted(); /* of a request that began before the recording */
	long ret = dispatch(&call, request, arg, row);
	if (begin)
		trace(file, row, begin, ret);
	if (row)
		uapi_count(_IOC_NR(request), caller->remote, ret < 0);
	if (ret < 0)
		gem_debug("ioctl", "%s (0x%08x): %s, pid %d, file %u", row ? row->name : "?",
			request, strerrorname_np(-ret), (int)caller->pid, base->id);
	return ret;
}
