#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <i915_drm.h>
#include <xf86drm.h>

#include "compositor_batch.h"
#include "compositor_log.h"
#include "compositor_software.h"

/* Above what clients get without asking: their work waits for the screen, not the reverse. */
#define PRIORITY 512

/* Both are for the privileged, as the program that provides the device is. */
static void set_param(struct compositor_batch *batch, uint64_t param, uint64_t value)
{
	struct drm_i915_gem_context_param args = {
		.ctx_id = batch->context,
		.param = param,
		.value = value,
	};

	if (drmIoctl(batch->bos->fd, DRM_IOCTL_I915_GEM_CONTEXT_SETPARAM, &args) != 0)
		compositor_warn("GPU context parameter %u: %s", (unsigned)param, strerror(errno));
}

static int make_context(struct compositor_batch *batch)
{
	struct drm_i915_gem_context_create create = {0};
	int fd = batch->bos->fd;

	if (drmIoctl(fd, DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &create) != 0)
		return -errno;
	batch->context = create.ctx_id;
	set_param(batch, I915_CONTEXT_PARAM_PRIORITY, PRIORITY);
	/* Somebody has to go on drawing the screen, whatever hung. */
	set_param(batch, I915_CONTEXT_PARAM_BANNABLE, 0);
	return 0;
}

static void destroy_context(struct compositor_batch *batch)
{
	struct drm_i915_gem_context_destroy destroy = {.ctx_id = batch->context};

	drmIoctl(batch->bos->fd, DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &destroy);
}

int compositor_batch_create(struct compositor_bos *bos, struct compositor_batch **out)
{
	struct compositor_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return -ENOMEM;
	batch->bos = bos;
	batch->on_gpu = true;
	int err = make_context(batch);
	if (err < 0) {
		free(batch);
		return err;
	}
	*out = batch;
	return 0;
}

/* ---- gathering ---- */

static void clear(struct compositor_batch *batch)
{
	for (unsigned i = 0; i < batch->object_count; i++) {
		batch->objects[i]->slot = 0;
		compositor_bo_put(batch->objects[i]);
	}
	batch->object_count = 0;
	batch->draw_count = 0;
}

static void put_buffers(struct compositor_batch *batch)
{
	for (unsigned i = 0; i < COMPOSITOR_BATCHES_MAX; i++) {
		compositor_bo_put(batch->buffers[i]);
		batch->buffers[i] = NULL;
	}
}

void compositor_batch_destroy(struct compositor_batch *batch)
{
	clear(batch);
	put_buffers(batch);
	destroy_context(batch);
	free(batch);
}

void compositor_batch_lose_device(struct compositor_batch *batch)
{
	clear(batch);
	put_buffers(batch);
}

int compositor_batch_find_device(struct compositor_batch *batch)
{
	batch->hangs = 0;
	return make_context(batch);
}

static void add_object(struct compositor_batch *batch, struct compositor_bo *bo, bool write)
{
	if (bo->slot == 0) {
		batch->written[batch->object_count] = false;
		batch->objects[batch->object_count++] = compositor_bo_get(bo);
		bo->slot = batch->object_count;
	}
	if (write)
		batch->written[bo->slot - 1] = true;
}

void compositor_batch_draw(struct compositor_batch *batch, const struct compositor_draw *draw)
{
	if (batch->draw_count == COMPOSITOR_DRAWS_MAX ||
	    batch->object_count + 2 > COMPOSITOR_OBJECTS_MAX)
		compositor_batch_flush(batch);
	batch->draws[batch->draw_count++] = *draw;
	add_object(batch, draw->target.bo, true);
	if (draw->source.bo)
		add_object(batch, draw->source.bo, false);
}

/* ---- submitting ---- */

static int make_buffer(struct compositor_batch *batch, struct compositor_bo **out)
{
	struct compositor_bo *bo;
	int err = compositor_bo_create(batch->bos, sizeof(batch->packets.dwords), &bo);

	if (err < 0)
		return err;
	if (!compositor_bo_map_uncached(bo)) {
		compositor_bo_put(bo);
		return -ENOMEM;
	}
	*out = bo;
	return 0;
}

/* A buffer that no earlier batch is in: a new one if need be; a wait, if there are enough. */
static int find_buffer(struct compositor_batch *batch, struct compositor_bo **out)
{
	for (unsigned i = 0; i < COMPOSITOR_BATCHES_MAX; i++) {
		if (!batch->buffers[i]) {
			int err = make_buffer(batch, &batch->buffers[i]);

			*out = batch->buffers[i];
			return err;
		}
		*out = batch->buffers[i];
		if (!compositor_bo_busy(*out))
			return 0;
	}
	compositor_bo_wait(*out);
	return 0;
}

static int execute(struct compositor_batch *batch, struct compositor_bo *buffer)
{
	struct drm_i915_gem_exec_object2 list[COMPOSITOR_OBJECTS_MAX + 1];
	unsigned count = batch->object_count;
	struct drm_i915_gem_execbuffer2 args = {
		.buffers_ptr = (uintptr_t)list,
		.buffer_count = count + 1,
		.batch_len = batch->packets.dword_count * sizeof(uint32_t),
		.flags = I915_EXEC_RENDER | I915_EXEC_NO_RELOC | I915_EXEC_HANDLE_LUT,
	};

	for (unsigned i = 0; i < count; i++)
		list[i] = (struct drm_i915_gem_exec_object2){
			.handle = batch->objects[i]->handle,
			.offset = batch->objects[i]->address,
			.flags = batch->written[i] ? EXEC_OBJECT_WRITE : 0,
		};
	list[count] = (struct drm_i915_gem_exec_object2){
		.handle = buffer->handle,
		.offset = buffer->address,
		.relocs_ptr = (uintptr_t)batch->packets.relocs,
		.relocation_count = batch->packets.reloc_count,
	};
	i915_execbuffer2_set_context_id(args, batch->context);
	if (drmIoctl(batch->bos->fd, DRM_IOCTL_I915_GEM_EXECBUFFER2, &args) != 0)
		return -errno;
	for (unsigned i = 0; i < count; i++)
		batch->objects[i]->address = list[i].offset;
	buffer->address = list[count].offset;
	return 0;
}

static int submit(struct compositor_batch *batch)
{
	struct compositor_bo *buffer;

	compositor_encode(&batch->packets, batch->draws, batch->draw_count);
	int err = find_buffer(batch, &buffer);
	if (err < 0)
		return err;
	memcpy(buffer->map, batch->packets.dwords, batch->packets.dword_count * sizeof(uint32_t));
	err = execute(batch, buffer);
	if (err == -ENOMEM || err == -ENOSPC) {
		/* What textures have mapped stays in memory: not any more. */
		compositor_bos_unmap(batch->bos);
		err = execute(batch, buffer);
	}
	/* The device is wedged: what was queued is lost. */
	batch->lost |= err == -EIO;
	return err;
}

void compositor_batch_flush(struct compositor_batch *batch)
{
	if (batch->draw_count == 0)
		return;
	int err = submit(batch);
	if ((err == 0) != batch->on_gpu) {
		batch->on_gpu = err == 0;
		if (err < 0)
			compositor_warn("the GPU takes no batch (%s): the processor draws",
				strerror(-err));
		else
			compositor_info("the GPU draws again");
	}
	if (err < 0) {
		compositor_software_draw(batch->draws, batch->draw_count);
		batch->counts.software++;
	} else {
		batch->counts.batches++;
	}
	batch->counts.draws += batch->draw_count;
	clear(batch);
}

bool compositor_batch_lost(struct compositor_batch *batch)
{
	struct drm_i915_reset_stats stats = {.ctx_id = batch->context};
	bool lost = batch->lost;

	if (drmIoctl(batch->bos->fd, DRM_IOCTL_I915_GET_RESET_STATS, &stats) == 0 &&
	    stats.batch_active != batch->hangs) {
		batch->hangs = stats.batch_active;
		lost = true;
	}
	batch->lost = false;
	batch->counts.lost += lost;
	return lost;
}
