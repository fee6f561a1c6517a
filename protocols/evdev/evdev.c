/*
 * Devices, their files and the way of an event: what the input core lets
 * through (kernel: input.c), collected to frames, sent to readers.
 *
 * Not as the kernel does it, since packets that are in a reader's socket can
 * not be taken back: EVIOCSCLOCKID and EVIOCG{KEY,LED} leave queued events.
 */
#include "evdev.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "evdev_private.h"

enum {
	EVDEV_MAJOR = 13,
	EVDEV_MINOR_BASE = 64,
	EVDEV_INDEX_MAX = 31,
	/*
	 * Socket memory (bytes as SIOCOUTQ counts them) beyond which a reader
	 * is slow. Half of what a socket takes, so that the packet that ends
	 * the stream always gets in.
	 */
	EVDEV_QUEUE_MAX = 100 * 1024,
};

static void put_device(struct evdev_device *dev)
{
	if (atomic_fetch_sub(&dev->refcount, 1) != 1)
		return;
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static void release_file(struct vfs_file *base)
{
	struct evdev_file *file = gem_container_of(base, struct evdev_file, base);
	struct evdev_device *dev = file->dev;

	pthread_mutex_lock(&dev->lock);
	gem_list_del(&file->link);
	if (dev->grab == file)
		dev->grab = NULL;
	pthread_mutex_unlock(&dev->lock);
	vfs_file_finish(&file->base);
	free(file);
	put_device(dev);
}

static const struct vfs_file_ops file_ops = {
	.ioctl = evdev_ioctl,
	.release = release_file,
};

static int open_file(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct evdev_device *dev = node->data;
	struct evdev_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	vfs_file_init(&file->base, &file_ops);
	file->dev = dev;
	file->clock = CLOCK_REALTIME;
	gem_list_init(&file->link);
	atomic_fetch_add(&dev->refcount, 1);
	*out = &file->base;
	return 0;
}

/* Only now can events be sent. */
static int opened_file(struct vfs_file *base)
{
	struct evdev_file *file = gem_container_of(base, struct evdev_file, base);
	struct evdev_device *dev = file->dev;
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	if (dev->gone)
		ret = -ENODEV;
	else
		gem_list_add_tail(&dev->files, &file->link);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

int evdev_create(struct vfs *vfs, enum evdev_kind kind, unsigned index, int abs_max_x,
	int abs_max_y, struct evdev_device **out)
{
	struct evdev_device *dev;
	int ret;

	if (index > EVDEV_INDEX_MAX || abs_max_x < 0 || abs_max_y < 0)
		return -EINVAL;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->vfs = vfs;
	dev->kind = kind;
	atomic_init(&dev->refcount, 1);
	pthread_mutex_init(&dev->lock, NULL);
	gem_list_init(&dev->files);
	evdev_caps_init(dev, abs_max_x, abs_max_y);
	snprintf(dev->path, sizeof(dev->path), "/dev/input/event%u", index);
	dev->node = (struct vfs_node){
		.path = dev->path,
		.major = EVDEV_MAJOR,
		.minor = EVDEV_MINOR_BASE + index,
		/* As the card's node: who reaches the device's folder may use it. */
		.mode = 0666,
		.uid = geteuid(),
		.gid = getegid(),
		.open = open_file,
		.opened = opened_file,
		.data = dev,
	};
	ret = vfs_add_node(vfs, &dev->node);
	if (ret) {
		put_device(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

void evdev_file_end_locked(struct evdev_file *file)
{
	file->revoked = true;
	/* Readable for good: readers only look at an empty packet, see preload_read.c. */
	vfs_file_send(&file->base, NULL, 0);
}

void evdev_destroy(struct evdev_device *dev)
{
	struct evdev_file *file;

	vfs_remove_node(dev->vfs, &dev->node);
	pthread_mutex_lock(&dev->lock);
	dev->gone = true;
	gem_list_for_each(file, &dev->files, link)
		if (!file->revoked)
			evdev_file_end_locked(file);
	pthread_mutex_unlock(&dev->lock);
	put_device(dev);
}

const struct vfs_node *evdev_node(const struct evdev_device *dev)
{
	return &dev->node;
}

const char *evdev_name(const struct evdev_device *dev)
{
	return dev->caps.name;
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
	*x = dev->abs[ABS_X].maximum;
	*y = dev->abs[ABS_Y].maximum;
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
	unsigned max_bit;
	const unsigned long *from = evdev_caps_bits(&dev->caps, type, &max_bit);

	return from ? copy_words(from, max_bit, bits, max_words) : 0;
}

unsigned evdev_get_props(const struct evdev_device *dev, unsigned long *bits, unsigned max_words)
{
	return copy_words(dev->caps.props, INPUT_PROP_MAX, bits, max_words);
}

/* ---- frames to readers ---- */

static void stamp(struct input_event *event, const struct timespec *now)
{
	event->input_event_sec = now->tv_sec;
	event->input_event_usec = now->tv_nsec / 1000;
}

static bool is_slow(const struct evdev_file *file)
{
	int queued;

	return ioctl(file->base.server_fd, SIOCOUTQ, &queued) == 0 && queued > EVDEV_QUEUE_MAX;
}

static void send_frame(struct evdev_file *file, const struct input_event *frame, unsigned count)
{
	struct input_event events[EVDEV_FRAME_MAX + 1];
	unsigned first = file->dropped ? 0 : 1;
	struct timespec now;

	if (is_slow(file)) {
		file->dropped = true;
		return;
	}
	clock_gettime(file->clock, &now);
	events[0] = (struct input_event){.type = EV_SYN, .code = SYN_DROPPED};
	memcpy(events + 1, frame, count * sizeof(*frame));
	for (unsigned i = first; i <= count; i++)
		stamp(&events[i], &now);
	/* -EPIPE: the holder is gone and vfs will say so. */
	if (vfs_file_send(&file->base, events + first, (count + 1 - first) * sizeof(*events)) == 0)
		file->dropped = false;
	else
		file->dropped = true;
}

static void flush_locked(struct evdev_device *dev)
{
	struct evdev_file *file;

	gem_list_for_each(file, &dev->files, link)
		if (!file->revoked && (!dev->grab || dev->grab == file))
			send_frame(file, dev->frame, dev->frame_count);
	dev->frame_count = 0;
}

static void add_locked(struct evdev_device *dev, uint16_t type, uint16_t code, int32_t value)
{
	dev->frame[dev->frame_count++] =
		(struct input_event){.type = type, .code = code, .value = value};
	/* The kernel passes a full frame on with a SYN_REPORT, and the rest follows. */
	if (dev->frame_count == EVDEV_FRAME_MAX - 1 && type != EV_SYN) {
		dev->frame[dev->frame_count++] =
			(struct input_event){.type = EV_SYN, .code = SYN_REPORT};
		flush_locked(dev);
	}
}

/* ---- what the input core lets through ---- */

/* True when value differs from the state in bits, which it then becomes. */
static bool change_bit(unsigned long *bits, unsigned code, int32_t value)
{
	if (evdev_test_bit(bits, code) == !!value)
		return false;
	evdev_set_bit(bits, code, value);
	return true;
}

static bool filter_key(struct evdev_device *dev, uint16_t code, int32_t value)
{
	if (code > KEY_MAX || !evdev_test_bit(dev->caps.key, code))
		return false;
	return value == 2 || change_bit(dev->keys, code, value);
}

static bool filter_led(struct evdev_device *dev, uint16_t code, int32_t value)
{
	if (code > LED_MAX || !evdev_test_bit(dev->caps.led, code))
		return false;
	return change_bit(dev->leds, code, value);
}

static bool filter_abs(struct evdev_device *dev, uint16_t code, int32_t value)
{
	bool multitouch = code >= EVDEV_MT_FIRST && code < EVDEV_MT_FIRST + EVDEV_MT_COUNT;
	int *state;

	if (code > ABS_MAX || !evdev_test_bit(dev->caps.abs, code))
		return false;
	/* Reported only when something of another slot follows. */
	if (code == ABS_MT_SLOT) {
		if (value >= 0 && value < dev->caps.slots)
			dev->slot = value;
		return false;
	}
	state = multitouch ? &dev->mt[dev->slot][code - EVDEV_MT_FIRST] : &dev->abs[code].value;
	if (*state == value)
		return false;
	*state = value;
	if (multitouch && dev->slot != dev->abs[ABS_MT_SLOT].value) {
		dev->abs[ABS_MT_SLOT].value = dev->slot;
		add_locked(dev, EV_ABS, ABS_MT_SLOT, dev->slot);
	}
	return true;
}

static bool filter_locked(struct evdev_device *dev, uint16_t type, uint16_t code, int32_t value)
{
	switch (type) {
	case EV_KEY:
		return filter_key(dev, code, value);
	case EV_REL:
		return code <= REL_MAX && evdev_test_bit(dev->caps.rel, code) && value != 0;
	case EV_ABS:
		return filter_abs(dev, code, value);
	case EV_MSC:
		return code <= MSC_MAX && evdev_test_bit(dev->caps.msc, code);
	case EV_LED:
		return filter_led(dev, code, value);
	}
	return false;
}

void evdev_emit(struct evdev_device *dev, uint16_t type, uint16_t code, int32_t value)
{
	pthread_mutex_lock(&dev->lock);
	if (type == EV_SYN && code == SYN_REPORT) {
		if (dev->frame_count > 0) {
			add_locked(dev, EV_SYN, SYN_REPORT, 0);
			flush_locked(dev);
		}
	} else if (filter_locked(dev, type, code, value)) {
		add_locked(dev, type, code, value);
	}
	pthread_mutex_unlock(&dev->lock);
}
