/* Contents: PREAD, PWRITE, domains, completion, advice. */
#include <errno.h>
#include <stdlib.h>

#include "gem_domain.h"
#include "gem_resv.h"
#include "uapi_handlers.h"
#include "uapi_i915.h"

/* Bytes on the way between a client and an object: bounded whatever the client asks. */
enum { STACK_CHUNK = 4096, CHUNK = 256 << 10 };

struct transfer {
	struct vfs_caller *caller;
	struct gem_object *obj;
	uint64_t offset, size, user;
	bool write;
};

static int transfer_chunk(const struct transfer *transfer, uint64_t done, uint8_t *chunk,
	size_t len)
{
	uint64_t offset = transfer->offset + done, user = transfer->user + done;
	int ret;

	if (transfer->write) {
		ret = vfs_copy_from(transfer->caller, chunk, user, len);
		return ret ? ret : gem_object_pwrite(transfer->obj, offset, chunk, len);
	}
	ret = gem_object_pread(transfer->obj, offset, chunk, len);
	return ret ? ret : vfs_copy_to(transfer->caller, user, chunk, len);
}

static int transfer_all(const struct transfer *transfer)
{
	uint8_t stack[STACK_CHUNK], *chunk = stack;
	size_t room = sizeof(stack);
	int ret = 0;

	if (transfer->size > sizeof(stack)) {
		room = transfer->size < CHUNK ? transfer->size : CHUNK;
		chunk = malloc(room);
		if (!chunk)
			return -ENOMEM;
	}
	for (uint64_t done = 0; ret == 0 && done < transfer->size;) {
		uint64_t left = transfer->size - done;
		size_t len = left < room ? left : room;

		ret = transfer_chunk(transfer, done, chunk, len);
		done += len;
	}
	if (chunk != stack)
		free(chunk);
	return ret;
}

static int read_or_write(struct uapi_call *call, uint32_t handle, struct transfer *transfer)
{
	/* Nothing to do: not even the handle is looked at. */
	if (transfer->size == 0)
		return 0;
	if (transfer->size > UAPI_USER_END || transfer->user > UAPI_USER_END - transfer->size)
		return -EFAULT;
	int ret = gem_object_lookup(&call->file->gem, handle, &transfer->obj);
	if (ret)
		return ret;
	uint64_t whole = transfer->obj->size;
	if (transfer->offset >= whole || transfer->size > whole - transfer->offset)
		ret = -EINVAL;
	if (ret == 0)
		ret = gem_object_wait(transfer->obj, transfer->write, -1, NULL);
	if (ret == 0)
		ret = transfer_all(transfer);
	gem_object_put(transfer->obj);
	return ret;
}

int uapi_i915_gem_pread(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_pread *args = data;
	struct transfer transfer = {.caller = call->caller, .offset = args->offset,
		.size = args->size, .user = args->data_ptr};

	return read_or_write(call, args->handle, &transfer);
}

int uapi_i915_gem_pwrite(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_pwrite *args = data;
	struct transfer transfer = {.caller = call->caller, .offset = args->offset,
		.size = args->size, .user = args->data_ptr, .write = true};

	return read_or_write(call, args->handle, &transfer);
}

int uapi_i915_gem_set_domain(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_set_domain *args = data;
	struct gem_object *obj;

	int ret = gem_domains_check(args->read_domains, args->write_domain);
	if (ret || !args->read_domains)
		return ret;
	ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	ret = gem_object_wait(obj, args->write_domain != 0, -1, NULL);
	if (ret == 0)
		ret = gem_object_set_domain(obj, args->read_domains, args->write_domain);
	gem_object_put(obj);
	return ret;
}

int uapi_i915_gem_sw_finish(struct uapi_call *call, void *data)
{
	const struct drm_i915_gem_sw_finish *args = data;
	struct gem_object *obj;

	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	ret = gem_object_sw_finish(obj);
	gem_object_put(obj);
	return ret;
}

int uapi_i915_gem_busy(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_busy *args = data;
	uint32_t readers, writer;
	struct gem_object *obj;

	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	bool busy = gem_object_busy(obj, &readers, &writer);
	args->busy = busy ? readers << 16 | writer : 0;
	/* It ends with no counter moving. */
	if (busy)
		call->caller->depends = 0;
	gem_object_put(obj);
	return 0;
}

int uapi_i915_gem_wait(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_wait *args = data;
	int64_t remaining = args->timeout_ns;
	struct gem_object *obj;

	if (args->flags)
		return -EINVAL;
	int ret = gem_object_lookup(&call->file->gem, args->bo_handle, &obj);
	if (ret)
		return ret;
	ret = gem_object_wait(obj, true, args->timeout_ns, &remaining);
	if (args->timeout_ns > 0)
		args->timeout_ns = remaining > 0 ? remaining : 0;
	gem_object_put(obj);
	return ret;
}

int uapi_i915_gem_madvise(struct uapi_call *call, void *data)
{
	struct drm_i915_gem_madvise *args = data;
	struct gem_object *obj;
	bool retained;

	if (args->madv != I915_MADV_WILLNEED && args->madv != I915_MADV_DONTNEED)
		return -EINVAL;
	int ret = gem_object_lookup(&call->file->gem, args->handle, &obj);
	if (ret)
		return ret;
	ret = gem_object_madvise(obj, args->madv, &retained);
	if (ret == 0)
		args->retained = retained;
	gem_object_put(obj);
	return ret;
}
