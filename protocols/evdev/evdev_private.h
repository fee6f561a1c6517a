/* Shared by the files of this folder. */
#ifndef EVDEV_PRIVATE_H
#define EVDEV_PRIVATE_H

#include <limits.h>
#include <pthread.h>
#include <time.h>

#include "evdev.h"
#include "gem_base.h"

#define EVDEV_LONG_BITS (sizeof(unsigned long) * CHAR_BIT)
#define EVDEV_LONGS(bits) (((bits) + EVDEV_LONG_BITS - 1) / EVDEV_LONG_BITS)

enum {
	EVDEV_FRAME_MAX = 160,  /* more than any device's frame_max */
	EVDEV_MT_FIRST = ABS_MT_TOUCH_MAJOR,
	EVDEV_MT_COUNT = ABS_MT_TOOL_Y - ABS_MT_TOUCH_MAJOR + 1,
	EVDEV_SCANCODES = 256,  /* of a keymap */
	EVDEV_CLOCKS = 3,
	EVDEV_ANSWER_MAX = 128, /* bytes: the keys are 96 */
};

/* What a device can do. Fixed after creation, but for key: a keymap changes it (dev->lock). */
struct evdev_caps {
	unsigned long ev[EVDEV_LONGS(EV_CNT)];
	unsigned long key[EVDEV_LONGS(KEY_CNT)];
	unsigned long rel[EVDEV_LONGS(REL_CNT)];
	unsigned long abs[EVDEV_LONGS(ABS_CNT)];
	unsigned long msc[EVDEV_LONGS(MSC_CNT)];
	unsigned long led[EVDEV_LONGS(LED_CNT)];
	unsigned long sw[EVDEV_LONGS(SW_CNT)];
	unsigned long props[EVDEV_LONGS(INPUT_PROP_CNT)];
	struct input_id id;
	const char *phys;
	int slots;   /* 0 = not multitouch */
	bool keymap; /* scan codes are keys' default codes, below EVDEV_SCANCODES */
};

struct evdev_device {
	struct vfs *vfs;
	struct vfs_node node;
	char path[32], name[EVDEV_NAME_MAX];
	enum evdev_kind kind;
	unsigned index;
	struct evdev_caps caps;
	unsigned frame_max;      /* events; a longer frame is sent in parts, as in the kernel */
	unsigned ring_size;      /* of each file's; a power of two */
	atomic_uint refcount;    /* the creator, and each open file: files outlive evdev_destroy */
	pthread_mutex_t lock;    /* all below */
	bool gone;
	unsigned long keys[EVDEV_LONGS(KEY_CNT)];
	unsigned long leds[EVDEV_LONGS(LED_CNT)];
	unsigned long switches[EVDEV_LONGS(SW_CNT)];
	struct input_absinfo abs[ABS_CNT];
	int mt[EVDEV_SLOTS][EVDEV_MT_COUNT];
	uint16_t contact;        /* tracking id of evdev_emit_fingers' next one */
	int slot;                /* that following ABS_MT_ events are about */
	uint16_t keymap[EVDEV_SCANCODES]; /* codes by scan code */
	struct evdev_value frame[EVDEV_FRAME_MAX];
	unsigned frame_count;
	struct gem_list files;   /* evdev_file.link */
	pthread_cond_t taken;    /* a reader took events, or went */
	struct evdev_file *grab; /* sole receiver, or NULL */
	int rep[REP_CNT];        /* milliseconds */
	/* Autorepeat, of devices with EV_REP. */
	struct {
		bool running;        /* there is a thread; fixed */
		pthread_t thread;
		pthread_cond_t changed;
		int key;             /* that will be repeated; 0 = none */
		uint64_t at;         /* then; monotonic ns */
	} repeat;
};

struct evdev_file {
	struct vfs_file base; /* first */
	struct evdev_device *dev;
	struct gem_list link; /* dev->lock, as all below */
	clockid_t clock;
	bool revoked;
	/*
	 * Events tail..head of the ring; those before packet_head can be read. Indices
	 * below dev->ring_size, as the kernel's: head == tail is empty.
	 */
	struct input_event *ring;
	unsigned head, tail, packet_head;
	bool idle; /* has not read for as long as anybody waits for that */
	unsigned long *masks[EV_CNT]; /* EVIOCSMASK; NULL = all pass. [0]: of types */
	uint32_t token;       /* number of the last one sent */
	bool token_out;       /* that one makes the holder's end readable */
};

/* A request: what was read of its argument, and what is written there. */
struct evdev_call {
	struct evdev_file *file;
	unsigned int request;
	uint64_t arg;
	union {
		int clock;
		unsigned rep[REP_CNT];
		uint32_t code;
		uint32_t pair[2]; /* scan code, code */
		struct input_absinfo abs;
		struct input_keymap_entry entry;
		struct ff_effect effect;
	} in;
	int in_error; /* of reading that: what is wrong besides may come first */
	uint8_t out[EVDEV_ANSWER_MAX];
	size_t out_size, out_offset;
	bool news; /* events were taken back for this answer */
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

/* ---- evdev_caps.c ---- */

/* Fills caps and abs of a new device, and its name. */
void evdev_caps_init(struct evdev_device *dev, const struct evdev_options *options);
/*
 * The capability bitmap of an event type (0: of the types themselves) and its
 * length in bits as the kernel counts it, without the last code. NULL: no such type.
 */
const unsigned long *evdev_caps_bits(const struct evdev_caps *caps, unsigned type,
	unsigned *max_bit);

/* ---- evdev_core.c: what the kernel's input core does ---- */

/* frame_max and ring_size of a device whose caps are there. */
void evdev_core_init(struct evdev_device *dev);
void evdev_event_locked(struct evdev_device *dev, unsigned type, unsigned code, int32_t value);
/* A frame of count values, without being looked at, to all who may have it. */
void evdev_pass_locked(struct evdev_device *dev, const struct evdev_value *values,
	unsigned count);

/* ---- evdev_ring.c: a file's events. dev->lock ---- */

void evdev_ring_pass(struct evdev_file *file, const struct evdev_value *values, unsigned count,
	const struct timespec times[EVDEV_CLOCKS]);
static inline bool evdev_ring_readable(const struct evdev_file *file)
{
	return file->packet_head != file->tail;
}
/* Events in it. */
unsigned evdev_ring_count(const struct evdev_file *file);
/* Takes up to max events; their number. */
unsigned evdev_ring_take(struct evdev_file *file, struct input_event *events, unsigned max);
/* Queued events of a type go, since the reader has just asked for the state. */
void evdev_ring_flush(struct evdev_file *file, unsigned type);
/* All of them go, and SYN_DROPPED says so. Nothing is said of none. */
void evdev_ring_drop(struct evdev_file *file);
/* SYN_DROPPED behind what is queued: something did not get to the reader. */
void evdev_ring_lose(struct evdev_file *file);
/* 0..2 by clock id; -1 = no clock of evdev's. */
int evdev_clock_index(int clock);

/* ---- evdev_mask.c ---- */

bool evdev_mask_passes(const struct evdev_file *file, unsigned type, unsigned code);
/* No lock is held: mask and answer are as long as the caller likes. */
long evdev_mask_get(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller);
long evdev_mask_set(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller);
void evdev_mask_free(struct evdev_file *file);

/* ---- evdev_keymap.c ---- */

void evdev_keymap_init(struct evdev_device *dev);
/* EVIOC[GS]KEYCODE: requests of both sizes. dev->lock */
long evdev_keymap_get(struct evdev_call *call);
long evdev_keymap_get_entry(struct evdev_call *call);
long evdev_keymap_set(struct evdev_call *call);
long evdev_keymap_set_entry(struct evdev_call *call);

/* ---- evdev_repeat.c ---- */

int evdev_repeat_start(struct evdev_device *dev);
/* dev->gone is set. */
void evdev_repeat_stop(struct evdev_device *dev);
/* Key went down, or (0) a key went up. */
void evdev_repeat_key_locked(struct evdev_device *dev, int key);

/* ---- evdev_file.c ---- */

extern const struct vfs_file_ops evdev_file_ops;
int evdev_file_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out);
int evdev_file_opened(struct vfs_file *base);
/* After packet_head moved: the holder's end polls readable. */
void evdev_file_wake_locked(struct evdev_file *file);
/* WIRE_INPUT_READ, WIRE_INPUT_WRITE. No lock is held. */
long evdev_file_read(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller);
long evdev_file_write(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller);

/* ---- evdev_ioctl.c ---- */

/* What is written at offset of the argument when the lock is given back; 0. */
long evdev_answer_at(struct evdev_call *call, size_t offset, const void *data, size_t len);

/* vfs_file_ops.ioctl */
long evdev_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller);

#endif
