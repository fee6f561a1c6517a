/*
 * /dev/fbN: the fbdev uAPI (linux/fb.h) of a card's kms_fbdev, as the kernel's DRM
 * emulation of it (drm_fb_helper.c, fbmem.c) answers: one mode, that of the screen, 32 bits
 * a pixel, a virtual screen of twice the height to pan in. Nothing else can be set.
 */
#ifndef FBDEV_H
#define FBDEV_H

#include "kms_console.h"
#include "kms_fbdev.h"
#include "vfs.h"

struct fbdev_device {
	atomic_uint refcount;        /* one until it is removed, one for each open file */
	atomic_bool removed;
	struct kms_fbdev *kms;
	char name[16];               /* FBIOGET_FSCREENINFO's id: the driver's name + "drmfb" */
	pthread_mutex_t lock;
	struct kms_console *console; /* told while somebody maps the memory; lock */
	/* Colormap, which changes no pixel of a true-colour screen. */
	uint16_t red[256], green[256], blue[256]; /* lock */
};

#define FBDEV_MAJOR 29

/* /dev/fb<index> (29:index) for the devices that come and go there: data is who is there. */
struct fbdev_node {
	struct vfs_node base; /* for vfs_add_node, while there is a device */
	char path[16];        /* "/dev/fb0" */
};
void fbdev_node_init(struct fbdev_node *node, unsigned index);

/* kms and console are the device's then. -ENOMEM. */
int fbdev_device_create(struct kms_fbdev *kms, struct kms_console *console, const char *driver,
	struct fbdev_device **out);
/*
 * Its node is out of the vfs. The console ends, and requests on open files give -ENODEV from
 * now on; what is mapped stays. The memory goes with the last of these files: before kms's
 * device does.
 */
void fbdev_device_remove(struct fbdev_device *dev);

#endif
