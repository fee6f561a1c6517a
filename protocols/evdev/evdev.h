/*
 * Virtual input devices with the evdev uAPI (linux/input.h; kernel: evdev.c, input.c).
 *
 * Each device is a vfs node /dev/input/event<N>. Each open file has a ring of events
 * as the kernel's has, of the kernel's size: when it overflows, what was there is
 * dropped and SYN_DROPPED tells. What a program reads and writes comes as requests
 * (wire_uapi.h, WIRE_INPUT_READ and _WRITE), made of its read(2) and write(2); the
 * holder's socket carries nothing but tokens that make it poll readable while there
 * is something (evdev_file.c). Frames have one time, for all files.
 *
 * All ioctls of evdev.c; force feedback is what no device of ours has. Devices with
 * EV_REP repeat a held key in real time, as events are stamped, whatever time the
 * display has.
 */
#ifndef EVDEV_H
#define EVDEV_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/input.h>

#include "vfs.h"

enum evdev_kind {
	EVDEV_KEYBOARD, /* all keys of a PC keyboard, LEDs, autorepeat, a keymap */
	EVDEV_POINTER,  /* REL_X/Y, wheels incl. hi-res, buttons */
	EVDEV_TABLET,   /* absolute pointer: ABS_X/Y 0..max, buttons, as a VM's "tablet" */
	EVDEV_TOUCH,    /* touchscreen: multitouch, protocol B, 10 slots */
	EVDEV_PEN,      /* graphics tablet: pen and eraser, pressure, distance, tilt */
	EVDEV_PAD,      /* what surrounds a graphics tablet: ten buttons, a ring */
	EVDEV_SWITCH,   /* SW_LID, SW_TABLET_MODE */
	EVDEV_GAMEPAD,  /* two sticks, two triggers, a direction pad, buttons */
	EVDEV_KINDS,
};

enum {
	EVDEV_INDEX_MAX = 31,
	EVDEV_NAME_MAX = 80,
	EVDEV_SLOTS = 10, /* of EVDEV_TOUCH */
};

struct evdev_device;

struct evdev_options {
	enum evdev_kind kind;
	unsigned index;           /* N of eventN */
	const char *name;         /* copied, cut at EVDEV_NAME_MAX; NULL = the kind's */
	int abs_max_x, abs_max_y; /* of EVDEV_TABLET, _TOUCH, _PEN: the largest position */
};

/* -EINVAL; -ENOMEM; of a thread that could not be started. */
int evdev_create(struct vfs *vfs, const struct evdev_options *options, struct evdev_device **out);
/*
 * Readers see ENODEV and the hang-up; what is still held is released. Puts the
 * creator's reference. Not while a lock is held that vfs_reap may want.
 */
void evdev_destroy(struct evdev_device *dev);
/* For who may meet evdev_destroy: a device that is gone takes no events. */
struct evdev_device *evdev_get(struct evdev_device *dev);
void evdev_put(struct evdev_device *dev);

/* "keyboard"; NULL when there is no such kind. */
const char *evdev_kind_name(enum evdev_kind kind);
/* False: no kind has that name. */
bool evdev_kind_by_name(const char *name, enum evdev_kind *kind);

const struct vfs_node *evdev_node(const struct evdev_device *dev);
unsigned evdev_index(const struct evdev_device *dev);
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
 * Adds to the frame being built; SYN_REPORT sends it. What the kernel's input core
 * lets not through is ignored: unknown codes, unchanged states, no motion. Thread-safe.
 */
void evdev_emit(struct evdev_device *dev, uint16_t type, uint16_t code, int32_t value);
static inline void evdev_sync(struct evdev_device *dev)
{
	evdev_emit(dev, EV_SYN, SYN_REPORT, 0);
}
/*
 * Until every reader has room for half a ring, or timeout_ms are over: who is quicker
 * than its readers makes them lose events. False: some reader does not read; it is not
 * waited for any more until it does.
 */
bool evdev_wait_room(struct evdev_device *dev, unsigned timeout_ms);
/*
 * A whole frame with its SYN_REPORT, which nobody else's events come between.
 */
struct evdev_value {
	uint16_t type, code;
	int32_t value;
};
void evdev_emit_frame(struct evdev_device *dev, const struct evdev_value *values, unsigned count);
/* What a finger does on EVDEV_TOUCH. */
struct evdev_finger {
	enum {
		EVDEV_FINGER_DOWN,
		EVDEV_FINGER_MOVE,
		EVDEV_FINGER_UP,
	} act;
	int slot; /* DOWN: -1 = a free one, which is put here; it stays -1 when there is none */
	int x, y; /* positions of the device; not of UP */
};
/*
 * A whole frame. A finger that is not down neither moves nor goes up; one that comes down
 * where one is, is another contact. Nothing on a device that is gone.
 */
void evdev_emit_fingers(struct evdev_device *dev, struct evdev_finger *fingers, unsigned count);
/*
 * Presses or releases the key that gives code by default: the program may have mapped
 * it to another one (EVIOCSKEYCODE). One frame, with MSC_SCAN where the device has it.
 */
void evdev_press(struct evdev_device *dev, uint16_t code, bool down);

#endif
