/*
 * Keymaps: which code the key with a scan code gives. A key's scan code is the code
 * that it gives by default, so every key is where its name says until a program
 * changes that (kernel: input_default_setkeycode).
 */
#include <errno.h>
#include <string.h>

#include "evdev_private.h"

void evdev_keymap_init(struct evdev_device *dev)
{
	if (!dev->caps.keymap)
		return;
	for (unsigned scan = 0; scan < EVDEV_SCANCODES; scan++)
		dev->keymap[scan] = evdev_test_bit(dev->caps.key, scan) ? scan : KEY_RESERVED;
}

/* -EINVAL: there is no such key. */
static int find_index(const struct evdev_device *dev, const struct input_keymap_entry *entry)
{
	uint32_t index = entry->index;

	if (!dev->caps.keymap)
		return -EINVAL;
	if (!(entry->flags & INPUT_KEYMAP_BY_INDEX)) {
		if (entry->len != 1 && entry->len != 2 && entry->len != 4)
			return -EINVAL;
		index = 0;
		memcpy(&index, entry->scancode, entry->len); /* little-endian machines, as the uAPI's tools */
	}
	return index < EVDEV_SCANCODES ? (int)index : -EINVAL;
}

static bool is_mapped(const struct evdev_device *dev, unsigned code)
{
	for (unsigned scan = 0; scan < EVDEV_SCANCODES; scan++)
		if (dev->keymap[scan] == code)
			return true;
	return false;
}

static int set_code(struct evdev_device *dev, const struct input_keymap_entry *entry)
{
	int scan = find_index(dev, entry);

	if (entry->keycode > KEY_MAX)
		return -EINVAL;
	if (scan < 0)
		return scan;
	unsigned old = dev->keymap[scan];
	dev->keymap[scan] = entry->keycode;
	evdev_set_bit(dev->caps.key, entry->keycode, true);
	if (!is_mapped(dev, old)) {
		/* No key gives it any more: nobody could release it. */
		if (evdev_test_bit(dev->keys, old)) {
			const struct evdev_value up[] = {{EV_KEY, old, 0}, {EV_SYN, SYN_REPORT, 1}};

			evdev_set_bit(dev->keys, old, false);
			evdev_pass_locked(dev, up, GEM_ARRAY_SIZE(up));
		}
		evdev_set_bit(dev->caps.key, old, false);
	}
	evdev_set_bit(dev->caps.key, KEY_RESERVED, false);
	return 0;
}

long evdev_keymap_get_entry(struct evdev_call *call)
{
	struct evdev_device *dev = call->file->dev;
	struct input_keymap_entry entry = call->in.entry;

	if (call->in_error)
		return call->in_error;
	int scan = find_index(dev, &entry);
	if (scan < 0)
		return scan;
	entry.keycode = dev->keymap[scan];
	entry.index = scan;
	entry.len = sizeof(uint32_t);
	memcpy(entry.scancode, &(uint32_t){scan}, sizeof(uint32_t));
	return evdev_answer_at(call, 0, &entry, sizeof(entry));
}

long evdev_keymap_set_entry(struct evdev_call *call)
{
	if (call->in_error)
		return call->in_error;
	if (call->in.entry.len > sizeof(call->in.entry.scancode))
		return -EINVAL;
	return set_code(call->file->dev, &call->in.entry);
}

/* The old requests: two numbers, scan code and code. */
static struct input_keymap_entry entry_of_pair(const struct evdev_call *call)
{
	struct input_keymap_entry entry = {.len = sizeof(uint32_t), .keycode = call->in.pair[1]};

	memcpy(entry.scancode, &call->in.pair[0], sizeof(call->in.pair[0]));
	return entry;
}

long evdev_keymap_get(struct evdev_call *call)
{
	struct input_keymap_entry entry = entry_of_pair(call);

	if (call->in_error)
		return call->in_error;
	int scan = find_index(call->file->dev, &entry);
	if (scan < 0)
		return scan;
	uint32_t code = call->file->dev->keymap[scan];
	return evdev_answer_at(call, sizeof(uint32_t), &code, sizeof(code));
}

long evdev_keymap_set(struct evdev_call *call)
{
	struct input_keymap_entry entry = entry_of_pair(call);

	return call->in_error ? call->in_error : set_code(call->file->dev, &entry);
}

void evdev_press(struct evdev_device *dev, uint16_t code, bool down)
{
	pthread_mutex_lock(&dev->lock);
	uint16_t mapped = code;
	if (dev->caps.keymap && code < EVDEV_SCANCODES && dev->keymap[code])
		mapped = dev->keymap[code];
	/* Nothing is said of a key that already is so. */
	if (mapped <= KEY_MAX && evdev_test_bit(dev->keys, mapped) != down) {
		evdev_event_locked(dev, EV_MSC, MSC_SCAN, code);
		evdev_event_locked(dev, EV_KEY, mapped, down);
	}
	evdev_event_locked(dev, EV_SYN, SYN_REPORT, 0);
	pthread_mutex_unlock(&dev->lock);
}
