/* Shared by the files of this folder. */
#ifndef EVDEV_PRIVATE_H
#define EVDEV_PRIVATE_H

#include <limits.h>
#include <pthread.h>

#include "evdev.h"
#include "gem_base.h"

#define EVDEV_LONG_BITS (sizeof(unsigned long) * CHAR_BIT)
#define EVDEV_LONGS(bits) (((bits) + EVDEV_LONG_BITS - 1) / EVDEV_LONG_BITS)

enum {
	EVDEV_FRAME_MAX = 64, /* events of a frame; a longer one is sent in parts, as in the kernel */
	EVDEV_SLOTS = 10,
	EVDEV_MT_FIRST = ABS_MT_TOUCH_MAJOR,
	EVDEV_MT_COUNT = ABS_MT_TOOL_Y - ABS_MT_TOUCH_MAJOR + 1,
};

/* What a device can do; fixed after creation. */
struct evdev_caps {
	unsigned long ev[EVDEV_LONGS(EV_CNT)];
	unsigned long key[EVDEV_LONGS(KEY_CNT)];
	unsigned long rel[EVDEV_LONGS(REL_CNT)];
	unsigned long abs[EVDEV_LONGS(ABS_CNT)];
	unsigned long msc[EVDEV_LONGS(MSC_CNT)];
	unsigned long led[EVDEV_LONGS(LED_CNT)];
	unsigned long props[EVDEV_LONGS(INPUT_PROP_CNT)];
	struct input_id id;
	const char *name, *phys;
	int slots; /* 0 = not multitouch */
};

struct evdev_device {
	struct vfs *vfs;
	struct vfs_node node;
	char path[32];
	enum evdev_kind kind;
	struct evdev_caps caps;
	atomic_uint refcount; /* the creator, and each open file: files outlive evdev_destroy */
	pthread_mutex_t lock; /* all below */
	bool gone;
	unsigned long keys[EVDEV_LONGS(KEY_CNT)];
	unsigned long leds[EVDEV_LONGS(LED_CNT)];
	struct input_absinfo abs[ABS_CNT];
	int mt[EVDEV_SLOTS][EVDEV_MT_COUNT];
	int slot;                /* that following ABS_MT_ events are about */
	int rep[REP_CNT];        /* milliseconds */
	struct input_event frame[EVDEV_FRAME_MAX]; /* time unset */
	unsigned frame_count;
	struct gem_list files;   /* evdev_file.link */
	struct evdev_file *grab; /* sole receiver, or NULL */
};

struct evdev_file {
	struct vfs_file base; /* first */
	struct evdev_device *dev;
	struct gem_list link; /* dev->lock, as all below */
	clockid_t clock;
	bool revoked;
	bool dropped; /* packets were lost since the last one that was sent */
};

static inline bool evdev_test_bit(const unsigned long *bits, unsigned bit)
{
	return bits[bit / EVDEV_LONG_BITS] >> (bit % EVDEV_LONG_BITS) & 1;
}

static inline void evdev_set_bit(unsigned long *bits, unsigned bit, bool value)
{
	unsigned long mask = 1ul << (bit % EVDEV_LONG_BITS);

	if (value)
		bits[bit / EVDEV_LONG_BITS] |= mask;
	else
		bits[bit / EVDEV_LONG_BITS] &= ~mask;
}

/* Fills dev->caps and dev->abs of a new device. */
void evdev_caps_init(struct evdev_device *dev, int abs_max_x, int abs_max_y);
/*
 * The capability bitmap of an event type (0: of the types themselves) and its
 * length in bits as the kernel counts it, without the last code. NULL: no such type.
 */
const unsigned long *evdev_caps_bits(const struct evdev_caps *caps, unsigned type,
	unsigned *max_bit);

/* vfs_file_ops.ioctl */
long evdev_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller);
/* The reader's end of the stream: it reads ENODEV from now on. dev->lock. */
void evdev_file_end_locked(struct evdev_file *file);

#endif
