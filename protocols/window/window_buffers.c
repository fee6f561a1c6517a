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

#include "window_internal.h"

void window_buffers_init(struct window_buffers *buffers)
{
	memset(buffers, 0, sizeof(*buffers));
	pthread_mutex_init(&buffers->lock, NULL);
}

static struct window_memory *memory_create(uint32_t width, uint32_t height)
{
	struct window_memory *memory = calloc(1, sizeof(*memory));
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

static void memory_destroy(struct window_memory *memory)
{
	if (!memory)
		return;
	if (memory->buffer)
		wl_buffer_destroy(memory->buffer);
	munmap(memory->pixels, memory->size);
	close(memory->fd);
	free(memory);
}

void window_buffers_finish(struct window_buffers *buffers)
{
	for (unsigned i = 0; i < WINDOW_BUFFER_COUNT; i++)
		memory_destroy(buffers->slots[i].memory);
	while (buffers->retired) {
		struct window_memory *memory = buffers->retired;
		buffers->retired = memory->next;
		memory_destroy(memory);
	}
	pthread_mutex_destroy(&buffers->lock);
}

/* A slot to write to: a free one, else the frame that nobody has shown yet. */
static int pick_slot_locked(struct window_buffers *buffers)
{
	int found = -1;

	for (int i = 0; i < WINDOW_BUFFER_COUNT; i++) {
		if (buffers->slots[i].state == WINDOW_FREE)
			return i;
		if (buffers->slots[i].state == WINDOW_READY)
			found = i;
	}
	return found;
}

static struct window_memory *begin_fill(struct window_buffers *buffers, uint32_t width,
	uint32_t height)
{
	pthread_mutex_lock(&buffers->lock);
	int i = pick_slot_locked(buffers);
	struct window_memory *memory = i < 0 ? NULL : buffers->slots[i].memory;
	if (i >= 0 && (!memory || memory->width != width || memory->height != height)) {
		struct window_memory *fresh = memory_create(width, height);
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
		buffers->slots[i].state = WINDOW_FILLING;
	pthread_mutex_unlock(&buffers->lock);
	return memory;
}

static void end_fill(struct window_buffers *buffers, struct window_memory *memory)
{
	pthread_mutex_lock(&buffers->lock);
	for (int i = 0; i < WINDOW_BUFFER_COUNT; i++) {
		if (buffers->slots[i].state == WINDOW_READY)
			buffers->slots[i].state = WINDOW_FREE;
	}
	buffers->slots[memory->slot].state = WINDOW_READY;
	pthread_mutex_unlock(&buffers->lock);
}

bool window_buffers_push(struct window_buffers *buffers, const struct kms_frame *frame)
{
	bool off = frame->width == 0 || frame->height == 0;

	if (!off) {
		buffers->width = frame->width;
		buffers->height = frame->height;
	} else if (buffers->width == 0) {
		return false;
	}
	struct window_memory *memory = begin_fill(buffers, buffers->width, buffers->height);
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
	struct window_memory *memory = data;
	struct window_buffers *buffers = memory->owner;

	pthread_mutex_lock(&buffers->lock);
	if (buffers->slots[memory->slot].memory == memory &&
	    buffers->slots[memory->slot].state == WINDOW_HOST)
		buffers->slots[memory->slot].state = WINDOW_FREE;
	pthread_mutex_unlock(&buffers->lock);
}

static const struct wl_buffer_listener buffer_listener = {
	.release = buffer_release,
};

static void memory_make_buffer(struct window_memory *memory, struct wl_shm *shm)
{
	struct wl_shm_pool *pool = wl_shm_create_pool(shm, memory->fd, memory->size);
	memory->buffer = wl_shm_pool_create_buffer(pool, 0, memory->width, memory->height,
		memory->width * 4, WL_SHM_FORMAT_XRGB8888);
	wl_shm_pool_destroy(pool);
	wl_buffer_add_listener(memory->buffer, &buffer_listener, memory);
}

struct window_memory *window_buffers_take(struct window_buffers *buffers, struct wl_shm *shm)
{
	struct window_memory *memory = NULL, *retired;
	unsigned with_host = 0;
	int ready = -1;

	pthread_mutex_lock(&buffers->lock);
	for (int i = 0; i < WINDOW_BUFFER_COUNT; i++) {
		with_host += buffers->slots[i].state == WINDOW_HOST;
		if (buffers->slots[i].state == WINDOW_READY)
			ready = i;
	}
	if (ready >= 0 && with_host + 1 < WINDOW_BUFFER_COUNT) {
		memory = buffers->slots[ready].memory;
		buffers->slots[ready].state = WINDOW_HOST;
	}
	retired = buffers->retired;
	buffers->retired = NULL;
	pthread_mutex_unlock(&buffers->lock);

	while (retired) {
		struct window_memory *next = retired->next;
		memory_destroy(retired);
		retired = next;
	}
	if (memory && !memory->buffer)
		memory_make_buffer(memory, shm);
	return memory;
}
