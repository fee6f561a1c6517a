/*
 * Objects that clients tell us of, by flink name or dma-buf, on a device file of
 * its own: the screen's file closes handles as it adds framebuffers, and an
 * object has one handle in a file. Main thread.
 */
#ifndef COMPOSITOR_EXCHANGE_H
#define COMPOSITOR_EXCHANGE_H

#include "compositor_bo.h"
#include "compositor_layout.h"

struct wlr_dmabuf_attributes;

struct compositor_exchange {
	int master_fd;             /* the backend's */
	struct compositor_bos bos; /* of our own file, authenticated */
};

/* How a client says which object it means. */
struct compositor_mention {
	uint32_t name; /* 0 = it is fd */
	int fd;        /* the caller's */
};

/* master_fd: of the display's master; kept. -ENODEV, -ENOMEM, what the device says. */
int compositor_exchange_create(int master_fd, struct compositor_exchange **out);
/* Every object has been put. NULL is fine. */
void compositor_exchange_destroy(struct compositor_exchange *exchange);

/* The device was pulled out, every object has been put; it is back. Errors as of _create. */
void compositor_exchange_lose_device(struct compositor_exchange *exchange);
int compositor_exchange_find_device(struct compositor_exchange *exchange, int master_fd);

/* AUTH_MAGIC: -EINVAL for a magic that no file has. */
int compositor_exchange_authenticate(struct compositor_exchange *exchange, uint32_t magic);

/*
 * The object of each of layout's planes, which all have what the planes need. A
 * modifier of DRM_FORMAT_MOD_INVALID becomes the one that the first object's
 * tiling stands for. On success the references are the caller's, to be put.
 */
enum compositor_fault compositor_exchange_take(struct compositor_exchange *exchange,
	struct compositor_layout *layout, const struct compositor_mention *mentions,
	struct compositor_bo **bos);

/* A descriptor for the caller to close; negative errno. */
int compositor_exchange_export(struct compositor_bo *bo);
/* The object's flink name, given at first use. Negative errno. */
int compositor_exchange_name(struct compositor_bo *bo, uint32_t *name);
/* The same picture as dma-bufs, descriptors of the caller's. False = no descriptor left. */
bool compositor_exchange_describe(const struct compositor_layout *layout,
	struct compositor_bo *const *bos, struct wlr_dmabuf_attributes *attribs);

#endif
