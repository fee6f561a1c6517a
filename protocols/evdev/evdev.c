/* Devices: birth and end, and what others ask about them. */
#include "evdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evdev_private.h"

enum { EVDEV_MAJOR = 13, EVDEV_MINOR_BASE = 64 };

struct evdev_device *evdev_get(struct evdev_device *dev)
{
	atomic_fetch_add(&dev->refcount, 1);
	return dev;
}

void evdev_put(struct evdev_device *dev)
{
	if (atomic_fetch_sub(&dev->refcount, 1) != 1)
		return;
	pthread_cond_destroy(&dev->taken);
	pthread_cond_destroy(&dev->repeat.changed);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static void init_locks(struct evdev_device *dev)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&dev->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&dev->repeat.changed, &attr);
	pthread_cond_init(&dev->taken, &attr);
	pthread_condattr_destroy(&attr);
}

static void init_node(struct evdev_device *dev)
{
	snprintf(dev->path, sizeof(dev->path), "/dev/input/event%u", dev->index);
	dev->node = (struct vfs_node){
		.path = dev->path,
		.major = EVDEV_MAJOR,
		.minor = EVDEV_MINOR_BASE + dev->index,
		/* As the card's node: who reaches the device's folder may use it. */
		.mode = 0666,
		.uid = geteuid(),
		.gid = getegid(),
		.open = evdev_file_open,
		.opened = evdev_file_opened,
		.data = dev,
	};
}

int evdev_create(struct vfs *vfs, const struct evdev_options *options, struct evdev_device **out)
{
	struct evdev_device *dev;

	if (options->index > EVDEV_INDEX_MAX || options->kind >= EVDEV_KINDS ||
			options->abs_max_x < 0 || options->abs_max_y < 0)
		return -EINVAL;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->vfs = vfs;
	dev->kind = options->kind;
	dev->index = options->index;
	atomic_init(&dev->refcount, 1);
	gem_list_init(&dev->files);
	init_locks(dev);
	evdev_caps_init(dev, options);
	evdev_core_init(dev);
	evdev_keymap_init(dev);
	init_node(dev);
	int ret = evdev_repeat_start(dev);
	if (ret)
		goto put_device;
	ret = vfs_add_node(vfs, &dev->node);
	if (ret)
		goto stop_repeat;
	*out = dev;
	return 0;

stop_repeat:
	dev->gone = true;
	evdev_repeat_stop(dev);
put_device:
	evdev_put(dev);
	return ret;
}

/* As the input core when a device goes: nothing stays pressed (input_disconnect_device). */
static void release_keys_locked(struct evdev_device *dev)
{
	for (unsigned code = 0; code <= KEY_MAX; code++)
		if (evdev_test_bit(dev->keys, code))
			evdev_event_locked(dev, EV_KEY, code, 0);
	evdev_event_locked(dev, EV_SYN, SYN_REPORT, 1);
}

void evdev_destroy(struct evdev_device *dev)
{
	vfs_remove_node(dev->vfs, &dev->node);
	pthread_mutex_lock(&dev->lock);
	release_keys_locked(dev);
	dev->gone = true;
	dev->grab = NULL;
	pthread_mutex_unlock(&dev->lock);
	vfs_end_files(dev->vfs, &dev->node);
	evdev_repeat_stop(dev);
	evdev_put(dev);
}

const struct vfs_node *evdev_node(const struct evdev_device *dev)
{
	return &dev->node;
}

unsigned evdev_index(const struct evdev_device *dev)
{
	return dev->index;
}

const char *evdev_name(const struct evdev_device *dev)
{
	return dev->name;
}

const char *evdev_phys(const struct evdev_device *dev)
{
	return dev->caps.phys;
}

enum evdev_kind evdev_get_kind(const struct evdev_device *dev)
{
	return dev->kind;
}

void evdev_get_abs_max(const struct evdev_device *dev, int *x, int *y)
{
	struct evdev_device *unlocked = (struct evdev_device *)dev;

	/* A program may have changed them (EVIOCSABS). */
	pthread_mutex_lock(&unlocked->lock);
	*x = dev->abs[ABS_X].maximum;
	*y = dev->abs[ABS_Y].maximum;
	pthread_mutex_unlock(&unlocked->lock);
}

void evdev_get_id(const struct evdev_device *dev, struct input_id *id)
{
	*id = dev->caps.id;
}

static unsigned copy_words(const unsigned long *from, unsigned max_bit, unsigned long *bits,
	unsigned max_words)
{
	unsigned words = EVDEV_LONGS(max_bit);

	if (words > max_words)
		words = max_words;
	memcpy(bits, from, words * sizeof(*bits));
	return words;
}

unsigned evdev_get_bits(const struct evdev_device *dev, unsigned type, unsigned long *bits,
	unsigned max_words)
{
	struct evdev_device *unlocked = (struct evdev_device *)dev;
	unsigned max_bit;
	const unsigned long *from = evdev_caps_bits(&dev->caps, type, &max_bit);

	pthread_mutex_lock(&unlocked->lock);
	unsigned words = from ? copy_words(from, max_bit, bits, max_words) : 0;
	pthread_mutex_unlock(&unlocked->lock);
	return words;
}

unsigned evdev_get_props(const struct evdev_device *dev, unsigned long *bits, unsigned max_words)
{
	return copy_words(dev->caps.props, INPUT_PROP_MAX, bits, max_words);
}
