/*
 * CRCs of what a crtc shows, as the kernel gives them (drm_debugfs_crc.c):
 *
 *   crtc-N/crc/control   read: the sources, the chosen one with a star ("auto*");
 *                        write: choose one. "auto" is the only one. -EINVAL another one,
 *                        -EBUSY while data is open, -E2BIG a page and more.
 *   crtc-N/crc/data      one line a read, "0x%08x 0x%08x\n" and a NUL: the vblank's count
 *                        and the CRC-32 of the composed picture (XRGB8888, X = 0xff, row
 *                        by row). Every vblank has one while the crtc is on. Open: -EIO
 *                        the crtc is off, -EBUSY open already.
 *
 * control cannot be read and written by one open file.
 */
#ifndef UAPI_CRC_H
#define UAPI_CRC_H

#include "kms_device.h"
#include "vfs.h"

struct uapi_crc;

/* Nodes below folder (".../crtc-N"), added to vfs. -ENOMEM. */
int uapi_crc_create(struct kms_crtc *crtc, struct vfs *vfs, const char *folder,
	struct uapi_crc **out);
/* The nodes go; what is open stays good until it is closed. */
void uapi_crc_destroy(struct uapi_crc *crc);
/* 0: control, 1: data, then NULL. */
const struct vfs_node *uapi_crc_node(const struct uapi_crc *crc, unsigned i);

#endif
