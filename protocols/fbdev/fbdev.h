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
	struct kms_fbdev *kms;
	struct kms_console *console; /* told while somebody maps the memory */
	char path[16];               /* "/dev/fb0" */
	char name[16];               /* FBIOGET_FSCREENINFO's id: the driver's name + "drmfb" */
	/* Colormap, which changes no pixel of a true-colour screen. */
	pthread_mutex_t lock;
	uint16_t red[256], green[256], blue[256]; /* lock */
};

#define FBDEV_MAJOR 29

/*
 * kms and console stay the caller's. Fills node, /dev/fb<index> (29:index), for
 * vfs_add_node, which the caller takes away again before finish. Then kms and console may
 * go; dev stays as long as files that were leaked may be, which nobody can call any more.
 */
void fbdev_device_init(struct fbdev_device *dev, struct kms_fbdev *kms,
	struct kms_console *console, const char *driver, unsigned index, struct vfs_node *node);
void fbdev_device_finish(struct fbdev_device *dev);

#endif
