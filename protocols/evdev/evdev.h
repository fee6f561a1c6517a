/*
 * Virtual input devices with the evdev uAPI (linux/input.h; kernel: evdev.c).
 *
 * Each device is a vfs node /dev/input/event<N>; each open file gets every
 * frame as one packet of struct input_event, stamped with the clock chosen by
 * EVIOCSCLOCKID. When a reader is slow the packet is dropped and the next one
 * begins with SYN_DROPPED. ioctls: EVIOCG{VERSION,ID,NAME,PHYS,UNIQ,PROP,BIT,
 * KEY,LED,SND,SW,ABS,REP,EFFECTS,MTSLOTS}, EVIOCS{CLOCKID,REP}, EVIOCGRAB,
 * EVIOCREVOKE; others -EINVAL as the kernel, among them event masks (EVIOCSMASK),
 * which the kernel has and we do not. There is no autorepeat: value 2 passes when
 * emitted. What a reader writes (LEDs) is taken and forgotten, see preload_read.c.
 */
#ifndef EVDEV_H
#define EVDEV_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/input.h>

#include "vfs.h"

enum evdev_kind {
	EVDEV_KEYBOARD, /* all keys of a PC keyboard, LEDs, autorepeat bits */
	EVDEV_POINTER,  /* REL_X/Y, wheels incl. hi-res, buttons */
	EVDEV_TABLET,   /* absolute pointer: ABS_X/Y 0..max, buttons, as a VM's "tablet" */
	EVDEV_TOUCH,    /* multitouch, protocol B, 10 slots */
};

struct evdev_device;

/* index N of eventN. abs_max_*: range of absolute axes (pixels - 1), 0 for others. */
int evdev_create(struct vfs *vfs, enum evdev_kind kind, unsigned index, int abs_max_x,
	int abs_max_y, struct evdev_device **out);
/* Readers see the hang-up as ENODEV. */
void evdev_destroy(struct evdev_device *dev);

const struct vfs_node *evdev_node(const struct evdev_device *dev);
const char *evdev_name(const struct evdev_device *dev);
enum evdev_kind evdev_get_kind(const struct evdev_device *dev);
/* Largest ABS_X and ABS_Y; 0 for kinds without absolute axes. */
void evdev_get_abs_max(const struct evdev_device *dev, int *x, int *y);
/* Identity and capability bitmaps, for the tree generator (ID_INPUT_* and sysfs). */
void evdev_get_id(const struct evdev_device *dev, struct input_id *id);
/* type 0: EV bits; EV_KEY..: codes; returns words of unsigned long written to bits. */
unsigned evdev_get_bits(const struct evdev_device *dev, unsigned type, unsigned long *bits,
	unsigned max_words);
/* The same of INPUT_PROP_*. */
unsigned evdev_get_props(const struct evdev_device *dev, unsigned long *bits, unsigned max_words);
const char *evdev_phys(const struct evdev_device *dev);

/*
 * Adds to the frame being built; SYN_REPORT sends it. Unknown codes and
 * unchanged key states are ignored as in the kernel's input core. Thread-safe.
 */
void evdev_emit(struct evdev_device *dev, uint16_t type, uint16_t code, int32_t value);
static inline void evdev_sync(struct evdev_device *dev)
{
	evdev_emit(dev, EV_SYN, SYN_REPORT, 0);
}

#endif
