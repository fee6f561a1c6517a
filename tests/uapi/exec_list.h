/*
 * For the tests of EXECBUFFER2: objects, a list of them, a batch with its
 * relocations. Everything by plain system calls, so that a test runs in process
 * (preload_self.c) and in another process (preload_client.c).
 */
#ifndef EXEC_LIST_H
#define EXEC_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm.h>
#include <i915_drm.h>

enum { LIST_OBJECTS = 40, LIST_RELOCS = 128, LIST_DWORDS = 1024, BATCH_SIZE = 4096 };

struct list {
	int fd;
	struct drm_i915_gem_exec_object2 objects[LIST_OBJECTS + 1]; /* the batch is the last */
	struct drm_i915_gem_relocation_entry relocs[LIST_RELOCS];
	uint32_t dwords[LIST_DWORDS];
	unsigned object_count, reloc_count, dword_count;
	uint32_t batch; /* handle */
	uint32_t *spin; /* map of a batch that goes round, else NULL */
	uint64_t batch_offset; /* where it is pinned then */
	struct drm_i915_gem_execbuffer2 args;
};

/* A pixel buffer of 32 bits a pixel. */
struct picture {
	uint32_t handle, width, height, pitch, tiling;
};

int exec_begin(void); /* the card */
void exec_end(int fd);
int exec_open(void);  /* another file of it */
uint32_t exec_create(int fd, uint64_t size);
void exec_close(int fd, uint32_t handle);
void exec_write(int fd, uint32_t handle, uint64_t offset, const void *data, size_t size);
void exec_read(int fd, uint32_t handle, uint64_t offset, void *data, size_t size);
uint32_t exec_read_dword(int fd, uint32_t handle, uint64_t offset);
/* The memory itself; to be unmapped. */
uint32_t *exec_map(int fd, uint32_t handle, size_t size);
bool exec_busy(int fd, uint32_t handle);
/* timeout_ns < 0 = for ever. As ioctl(2). */
int exec_wait(int fd, uint32_t handle, int64_t timeout_ns);
uint32_t exec_context(int fd);

/* New batch object. flags: I915_EXEC_*. */
void list_init(struct list *list, int fd, uint64_t flags);
void list_finish(struct list *list);
/* Its index. */
unsigned list_add(struct list *list, uint32_t handle, uint64_t flags);
void list_dword(struct list *list, uint32_t value);
/* The address of an object, + delta. */
void list_reloc(struct list *list, unsigned target, uint32_t delta, bool write);
/* Writes the batch's bytes, and fills in args. */
void list_close(struct list *list);
/* As ioctl(2): -1 and errno. */
int list_submit(struct list *list);
/* list_close and list_submit, which has to succeed. */
void list_run(struct list *list);

/* Packets. Pitches in bytes; tiled or not is the fence registers' business. */
void list_fill(struct list *list, unsigned target, uint32_t pitch, int x1, int y1, int x2, int y2,
	uint32_t color);
void list_copy(struct list *list, unsigned to, uint32_t to_pitch, int x, int y, int width,
	int height, unsigned from, uint32_t from_pitch, int from_x, int from_y);
void list_store(struct list *list, unsigned target, uint32_t offset, uint32_t value);

/*
 * As list_init, of a batch that goes round in front of what is added to it, until
 * spin_end. index: of those that spin at the same time, 1 to 7.
 */
void spin_init(struct list *list, int fd, uint64_t flags, unsigned index);
void spin_end(struct list *list);
/* In another thread, some milliseconds from now; spin_join before list_finish. */
void spin_end_later(struct list *list, unsigned ms);
void spin_join(struct list *list);

struct picture picture_create(int fd, uint32_t width, uint32_t height, uint32_t tiling);
/* What pixel x, y of picture number seed is. */
uint32_t picture_pixel(unsigned seed, uint32_t x, uint32_t y);
/* Through the aperture: in the linear order of pixels, whatever the tiling. */
void picture_fill(int fd, const struct picture *picture, unsigned seed);
/* Into width * height dwords. */
void picture_get(int fd, const struct picture *picture, uint32_t *pixels);
unsigned list_add_picture(struct list *list, const struct picture *picture, bool write);

#endif
