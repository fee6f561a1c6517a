/* Shared by the files of this folder. */
#ifndef FBDEV_PRIVATE_H
#define FBDEV_PRIVATE_H

#include "fbdev.h"

struct fbdev_file {
	struct vfs_file base; /* first */
	struct fbdev_device *dev;
	pthread_mutex_t lock;
	uint64_t position;   /* of read and write; lock */
	atomic_bool watched; /* it was mapped */
};

uint32_t fbdev_memory_size(const struct fbdev_device *dev);
/* linux/fb.h's requests, by number: -ENOTTY for what the emulation has not. */
long fbdev_ioctl(struct fbdev_device *dev, unsigned int request, uint64_t arg,
	struct vfs_caller *caller);

#endif
