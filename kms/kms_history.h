/*
 * What a crtc's planes showed at its last vblanks, and whose that was: for the "history"
 * command and for tests, which ask afterwards instead of having to be there in time.
 */
#ifndef KMS_HISTORY_H
#define KMS_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "kms_device.h"

#define KMS_HISTORY_VBLANKS 256
/* Planes on one crtc at one vblank that are written down. */
#define KMS_HISTORY_PLANES 16

struct kms_history_plane {
	uint32_t plane_id, fb_id;
	uint64_t buffer; /* gem_object.serial of the framebuffer's first plane */
	/* Process for which it is shown: kms_framebuffer.client, else the one that made fb. */
	int32_t owner;
	int32_t creator; /* gem_object.creator: the process that made the buffer */
	uint32_t name;   /* its flink name at that time, 0 = none */
	uint64_t ino;    /* of its dma-buf, 0 = it had never been one */
};

struct kms_history_vblank {
	uint64_t count, time_ns; /* kms_vblank's, after what came with it was latched */
	uint64_t flips;          /* kms_crtc.flip_count */
	unsigned plane_count;    /* on the crtc; those beyond KMS_HISTORY_PLANES are not there */
	struct kms_history_plane planes[KMS_HISTORY_PLANES]; /* by index in the device */
};

/* A crtc's, from kms_device_create on. NULL = no memory. free() ends it. */
struct kms_history *kms_history_create(void);
/* The vblank thread, under dev->lock: a vblank of crtc has been handled. */
void kms_history_add_locked(struct kms_crtc *crtc);
/*
 * Copies the last vblanks of crtc, at most max, the oldest first; their number. Vblanks
 * that nobody handled in time are not there: counts may leap. Takes dev->lock.
 */
unsigned kms_history_read(struct kms_crtc *crtc, struct kms_history_vblank *vblanks,
	unsigned max);

#endif
