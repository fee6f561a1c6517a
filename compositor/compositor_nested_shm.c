/*
 * Frames on their way to the host. The vblank thread copies each frame once
 * into shared memory and never waits: a frame the host did not get in time is
 * replaced by the next.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compositor_nested_internal.h"

void nested_buffers_init(struct nested_buffers *buffers)
{
	memset(buffers, 0, sizeof(*buffers));
	pthread_mutex_init(&buffers->lock, NULL);
}

static struct nested_memory *memory_create(uint32_t width, uint32_t height)
{
	struct nested_memory *memory = calloc(1, sizeof(*memory));
	if (!memory)
		return NULL;
	memory->width = width;
	memory->height = height;
	memory->size = (size_t)width * height * 4;
	memory->fd = memfd_create("testcard-window", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory->fd < 0)
		goto free_memory;
	if (ftruncate(memory->fd, memory->size) < 0)
		goto close_fd;
	/* Spares the host its guards against a client that shrinks it. */
	fcntl(memory->fd, F_ADD_SEALS, F_SEAL_SHRINK);
	memory->pixels = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		memory->fd, 0);
	if (memory->pixels == MAP_FAILED)
		goto close_fd;
	return memory;

close_fd:
	close(memory->fd);
free_memory:
	free(memory);
	return NULL;
}

static void memory_destroy(struct nested_memory *memory)
{
	if (!memory)
		return;
	if (memory->buffer)
		wl_buffer_destroy(memory->buffer);
	munmap(memory->pixels, memory->size);
	close(memory->fd);
	free(memory);
}

void nested_buffers_finish(struct nested_buffers *buffers)
{
	for (unsigned i = 0; i < NESTED_BUFFER_COUNT; i++)
		memory_destroy(buffers->slots[i].memory);
	while (buffers->retired) {
		struct nested_memory *memory = buffers->retired;
		buffers->retired = memory->next;
		memory_destroy(memory);
	}
	pthread_mutex_destroy(&buffers->lock);
}

/* A slot to write to: a free one, else the frame that nobody has shown yet. */
static int pick_slot_locked(struct nested_buffers *buffers)
{
	int found = -1;

	for (int i = 0; i < NESTED_BUFFER_COUNT; i++) {
		if (buffers->slots[i].state == NESTED_FREE)
			return i;
		if (buffers->slots[i].state == NESTED_READY)
			found = i;
	}
	return found;
}

static struct nested_memory *begin_fill(struct nested_buffers *buffers, uint32_t width,
	uint32_t height)
{
	pthread_mutex_lock(&buffers->lock);
	int i = pick_slot_locked(buffers);
	struct nested_memory *memory = i < 0 ? NULL : buffers->slots[i].memory;
	if (i >= 0 && (!memory || memory->width != width || memory->height != height)) {
		struct nested_memory *fresh = memory_create(width, height);
		if (fresh && memory) {
			/* Its wl_buffer is the window thread's to destroy. */
			memory->next = buffers->retired;
			buffers->retired = memory;
		}
		if (fresh) {
			fresh->owner = buffers;
			fresh->slot = i;
			buffers->slots[i].memory = fresh;
		}
		memory = fresh;
	}
	if (memory)
		buffers->slots[i].state = NESTED_FILLING;
	pthread_mutex_unlock(&buffers->lock);
	return memory;
}

static void end_fill(struct nested_buffers *buffers, struct nested_memory *memory)
{
	pthread_mutex_lock(&buffers->lock);
	for (int i = 0; i < NESTED_BUFFER_COUNT; i++) {
		if (buffers->slots[i].state == NESTED_READY)
			buffers->slots[i].state = NESTED_FREE;
	}
	buffers->slots[memory->slot].state = NESTED_READY;
	pthread_mutex_unlock(&buffers->lock);
}

bool nested_buffers_push(struct nested_buffers *buffers, const struct kms_frame *frame)
{
	bool off = frame->width == 0 || frame->height == 0;

	if (!off) {
		buffers->width = frame->width;
		buffers->height = frame->height;
	} else if (buffers->width == 0) {
		return false;
	}
	struct nested_memory *memory = begin_fill(buffers, buffers->width, buffers->height);
	if (!memory)
		return false;
	size_t row = (size_t)memory->width * 4;
	if (off) {
		memset(memory->pixels, 0, memory->size);
	} else if (frame->pitch == row) {
		memcpy(memory->pixels, frame->pixels, memory->size);
	} else {
		for (uint32_t y = 0; y < memory->height; y++)
			memcpy(memory->pixels + y * row, frame->pixels + (size_t)y * frame->pitch, row);
	}
	end_fill(buffers, memory);
	return true;
}

static void buffer_release(void *data, struct wl_buffer *buffer)
{
	struct nested_memory *memory = data;
	struct nested_buffers *buffers = memory->owner;

	pthread_mutex_lock(&buffers->lock);
	if (buffers->slots[memory->slot].memory == memory &&
	    buffers->slots[memory->slot].state == NESTED_HOST)
		buffers->slots[memory->slot].state = NESTED_FREE;
	pthread_mutex_unlock(&buffers->lock);
}

static const struct wl_buffer_listener buffer_listener = {
	.release = buffer_release,
};

static void memory_make_buffer(struct nested_memory *memory, struct wl_shm *shm)
{
	struct wl_shm_pool *pool = wl_shm_create_pool(shm, memory->fd, memory->size);
	memory->buffer = wl_shm_pool_create_buffer(pool, 0, memory->width, memory->height,
		memory->width * 4, WL_SHM_FORMAT_XRGB8888);
	wl_shm_pool_destroy(pool);
	wl_buffer_add_listener(memory->buffer, &buffer_listener, memory);
}

struct nested_memory *nested_buffers_take(struct nested_buffers *buffers, struct wl_shm *shm)
{
	struct nested_memory *memory = NULL, *retired;
	unsigned with_host = 0;
	int ready = -1;

	pthread_mutex_lock(&buffers->lock);
	for (int i = 0; i < NESTED_BUFFER_COUNT; i++) {
		with_host += buffers->slots[i].state == NESTED_HOST;
		if (buffers->slots[i].state == NESTED_READY)
			ready = i;
	}
	if (ready >= 0 && with_host + 1 < NESTED_BUFFER_COUNT) {
		memory = buffers->slots[ready].memory;
		buffers->slots[ready].state = NESTED_HOST;
	}
	retired = buffers->retired;
	buffers->retired = NULL;
	pthread_mutex_unlock(&buffers->lock);

	while (retired) {
		struct nested_memory *next = retired->next;
		memory_destroy(retired);
		retired = next;
	}
	if (memory && !memory->buffer)
		memory_make_buffer(memory, shm);
	return memory;
}
