/*
 * wlr_allocator on GEM objects of a KMS file. A buffer is memory for the
 * processor (data pointer: waits for the GPU) and a dma-buf for GPU and display;
 * its modifier is LINEAR, or INVALID when the caller does not speak modifiers.
 */
#ifndef COMPOSITOR_ALLOCATOR_H
#define COMPOSITOR_ALLOCATOR_H

#include <wlr/render/allocator.h>
#include <wlr/types/wlr_buffer.h>

/* fd stays the caller's, open until another one is set. NULL without memory. */
struct wlr_allocator *compositor_allocator_create(int fd);
/*
 * Another file of the device for what is made from now on; -1 = there is none. What was made
 * before is on no file any more: it is a dma-buf and memory until it ends.
 */
void compositor_allocator_set_device(struct wlr_allocator *allocator, int fd);

/* The buffer's GEM handle on fd, or 0 when it has none there. */
uint32_t compositor_allocator_handle(struct wlr_buffer *buffer, int fd);

#endif
