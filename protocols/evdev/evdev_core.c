/*
 * The way of an event, as the kernel's input core has it (input.c): what is let
 * through, collected to frames, handed to the files that may have it.
 */
#include <string.h>

#include "evdev_private.h"

static bool is_mt_axis(unsigned code)
{
	return code >= EVDEV_MT_FIRST && code < EVDEV_MT_FIRST + EVDEV_MT_COUNT;
}

/* Events of a usual frame (kernel: input_estimate_events_per_packet). */
static unsigned estimate_events(const struct evdev_caps *caps)
{
	unsigned events = caps->slots + 1 + 7; /* and SYN_REPORT; keys and MSC */

	for (unsigned code = 0; code <= ABS_MAX; code++)
		if (evdev_test_bit(caps->abs, code))
			events += is_mt_axis(code) || code == ABS_MT_SLOT ? caps->slots : 1;
	for (unsigned code = 0; code <= REL_MAX; code++)
		events += evdev_test_bit(caps->rel, code);
	return events;
}

void evdev_core_init(struct evdev_device *dev)
{
	enum { RING_MIN = 64, RING_FRAMES = 8 };
	unsigned events = estimate_events(&dev->caps);

	dev->frame_max = events + 2;
	dev->ring_size = RING_MIN;
	while (dev->ring_size < events * RING_FRAMES)
		dev->ring_size *= 2;
}

/* ---- frames ---- */

static void repeat_keys_locked(struct evdev_device *dev, const struct evdev_value *values,
	unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (values[i].type == EV_KEY && values[i].value != 2)
			evdev_repeat_key_locked(dev, values[i].value ? values[i].code : 0);
}

void evdev_pass_locked(struct evdev_device *dev, const struct evdev_value *values, unsigned count)
{
	struct timespec times[EVDEV_CLOCKS];
	struct evdev_file *file;

	clock_gettime(CLOCK_REALTIME, &times[evdev_clock_index(CLOCK_REALTIME)]);
	clock_gettime(CLOCK_MONOTONIC, &times[evdev_clock_index(CLOCK_MONOTONIC)]);
	clock_gettime(CLOCK_BOOTTIME, &times[evdev_clock_index(CLOCK_BOOTTIME)]);
	gem_list_for_each(file, &dev->files, link)
		if (!dev->grab || dev->grab == file)
			evdev_ring_pass(file, values, count, times);
	if (dev->repeat.running)
		repeat_keys_locked(dev, values, count);
}

static void add_locked(struct evdev_device *dev, unsigned type, unsigned code, int32_t value)
{
	dev->frame[dev->frame_count++] =
		(struct evdev_value){.type = type, .code = code, .value = value};
}

/* The core's own SYN_REPORTs have the value 1. */
static void flush_full_locked(struct evdev_device *dev)
{
	if (dev->frame_count < dev->frame_max - 2)
		return;
	add_locked(dev, EV_SYN, SYN_REPORT, 1);
	evdev_pass_locked(dev, dev->frame, dev->frame_count);
	dev->frame_count = 0;
}

static void report_locked(struct evdev_device *dev, int32_t value)
{
	add_locked(dev, EV_SYN, SYN_REPORT, value);
	if (dev->frame_count >= 2)
		evdev_pass_locked(dev, dev->frame, dev->frame_count);
	dev->frame_count = 0;
}

/* ---- what is let through ---- */

/* True when value differs from the state in bits, which it then becomes. */
static bool change_bit(unsigned long *bits, unsigned code, int32_t value)
{
	if (evdev_test_bit(bits, code) == !!value)
		return false;
	evdev_set_bit(bits, code, value);
	return true;
}

/* Noise around the old value is damped (kernel: input_defuzz_abs_event). */
static int32_t defuzz(int64_t value, int64_t old, int64_t fuzz)
{
	int64_t distance = value < old ? old - value : value - old;

	if (fuzz <= 0)
		return value;
	if (distance < fuzz / 2)
		return old;
	if (distance < fuzz)
		return (old * 3 + value) / 4;
	if (distance < fuzz * 2)
		return (old + value) / 2;
	return value;
}

static bool filter_abs(struct evdev_device *dev, unsigned code, int32_t *value)
{
	bool multitouch = is_mt_axis(code) && dev->caps.slots > 0;
	int *state;

	/* Reported only when something of another slot follows. */
	if (code == ABS_MT_SLOT && dev->caps.slots > 0) {
		if (*value >= 0 && *value < dev->caps.slots)
			dev->slot = *value;
		return false;
	}
	state = multitouch ? &dev->mt[dev->slot][code - EVDEV_MT_FIRST] : &dev->abs[code].value;
	*value = defuzz(*value, *state, dev->abs[code].fuzz);
	if (*state == *value)
		return false;
	*state = *value;
	if (multitouch && dev->slot != dev->abs[ABS_MT_SLOT].value) {
		dev->abs[ABS_MT_SLOT].value = dev->slot;
		add_locked(dev, EV_ABS, ABS_MT_SLOT, dev->slot);
	}
	return true;
}

static bool set_repeat(struct evdev_device *dev, unsigned code, int32_t value)
{
	if (code > REP_MAX || value < 0 || dev->rep[code] == value)
		return false;
	dev->rep[code] = value;
	return true;
}

static bool is_supported(const struct evdev_caps *caps, unsigned type, unsigned code)
{
	unsigned max;
	const unsigned long *bits = evdev_caps_bits(caps, type, &max);

	return bits && code <= max && evdev_test_bit(bits, code);
}

static bool filter_locked(struct evdev_device *dev, unsigned type, unsigned code, int32_t *value)
{
	if (type == EV_SYN)
		return code == SYN_CONFIG || code == SYN_MT_REPORT;
	if (type == EV_REP)
		return set_repeat(dev, code, *value);
	if (!is_supported(&dev->caps, type, code))
		return false;
	switch (type) {
	case EV_KEY:
		return *value == 2 || change_bit(dev->keys, code, *value);
	case EV_REL:
		return *value != 0;
	case EV_ABS:
		return filter_abs(dev, code, value);
	case EV_LED:
		return change_bit(dev->leds, code, *value);
	case EV_SW:
		return change_bit(dev->switches, code, *value);
	}
	return type == EV_MSC;
}

void evdev_event_locked(struct evdev_device *dev, unsigned type, unsigned code, int32_t value)
{
	if (dev->gone || type > EV_MAX || !evdev_test_bit(dev->caps.ev, type))
		return;
	if (type == EV_SYN && code == SYN_REPORT) {
		report_locked(dev, value);
	} else if (filter_locked(dev, type, code, &value)) {
		add_locked(dev, type, code, value);
		flush_full_locked(dev);
	}
}

void evdev_emit(struct evdev_device *dev, uint16_t type, uint16_t code, int32_t value)
{
	pthread_mutex_lock(&dev->lock);
	evdev_event_locked(dev, type, code, value);
	pthread_mutex_unlock(&dev->lock);
}

static bool has_room_locked(const struct evdev_device *dev)
{
	const struct evdev_file *file;

	gem_list_for_each(file, &dev->files, link)
		if (!file->revoked && !file->idle && evdev_ring_count(file) > dev->ring_size / 2)
			return false;
	return true;
}

/* They are waited for again when they have read something. */
static void give_up_locked(struct evdev_device *dev)
{
	struct evdev_file *file;

	gem_list_for_each(file, &dev->files, link)
		file->idle = file->idle || evdev_ring_count(file) > dev->ring_size / 2;
}

bool evdev_wait_room(struct evdev_device *dev, unsigned timeout_ms)
{
	struct timespec end;
	bool room;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += timeout_ms % 1000 * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&dev->lock);
	while (!(room = has_room_locked(dev)) && ret == 0)
		ret = pthread_cond_timedwait(&dev->taken, &dev->lock, &end);
	if (!room)
		give_up_locked(dev);
	pthread_mutex_unlock(&dev->lock);
	return room;
}

void evdev_emit_frame(struct evdev_device *dev, const struct evdev_value *values, unsigned count)
{
	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < count; i++)
		evdev_event_locked(dev, values[i].type, values[i].code, values[i].value);
	evdev_event_locked(dev, EV_SYN, SYN_REPORT, 0);
	pthread_mutex_unlock(&dev->lock);
}
