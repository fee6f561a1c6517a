/* The evdev ioctls (kernel: evdev.c). */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "evdev_private.h"

/* As much as fits; the length that was copied, as the kernel returns it. */
static long give(struct vfs_caller *caller, uint64_t arg, size_t room, const void *data,
	size_t len)
{
	int ret;

	if (len > room)
		len = room;
	ret = vfs_copy_to(caller, arg, data, len);
	return ret ? ret : (long)len;
}

static long give_bits(struct vfs_caller *caller, uint64_t arg, size_t room,
	const unsigned long *bits, unsigned max_bit)
{
	return give(caller, arg, room, bits, EVDEV_LONGS(max_bit) * sizeof(*bits));
}

static long give_string(struct vfs_caller *caller, uint64_t arg, size_t room, const char *text)
{
	return give(caller, arg, room, text, strlen(text) + 1);
}

/* Exactly this struct; 0. */
static long give_all(struct vfs_caller *caller, uint64_t arg, const void *data, size_t len)
{
	return vfs_copy_to(caller, arg, data, len);
}

static long set_clock(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller)
{
	int clock;
	int ret = vfs_copy_from(caller, &clock, arg, sizeof(clock));

	if (ret)
		return ret;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;
	file->clock = clock;
	return 0;
}

static long set_repeat(struct evdev_device *dev, uint64_t arg, struct vfs_caller *caller)
{
	unsigned rep[REP_CNT];
	int ret;

	if (!evdev_test_bit(dev->caps.ev, EV_REP))
		return -ENOSYS;
	ret = vfs_copy_from(caller, rep, arg, sizeof(rep));
	if (ret)
		return ret;
	/* Through the input core, which takes no negative ones. */
	for (int i = 0; i < REP_CNT; i++)
		if ((int)rep[i] >= 0)
			dev->rep[i] = rep[i];
	return 0;
}

static long grab(struct evdev_file *file, bool take)
{
	struct evdev_device *dev = file->dev;

	if (take) {
		if (dev->grab)
			return -EBUSY;
		dev->grab = file;
		return 0;
	}
	if (dev->grab != file)
		return -EINVAL;
	dev->grab = NULL;
	return 0;
}

static long revoke(struct evdev_file *file, uint64_t arg)
{
	if (arg)
		return -EINVAL;
	if (file->dev->grab == file)
		file->dev->grab = NULL;
	evdev_file_end_locked(file);
	return 0;
}

static long get_slots(struct evdev_device *dev, uint64_t arg, size_t room,
	struct vfs_caller *caller)
{
	int32_t values[EVDEV_SLOTS];
	size_t count = dev->caps.slots;
	uint32_t code;
	int ret;

	if (dev->caps.slots == 0 || room < sizeof(code))
		return -EINVAL;
	ret = vfs_copy_from(caller, &code, arg, sizeof(code));
	if (ret)
		return ret;
	if (code < EVDEV_MT_FIRST || code >= EVDEV_MT_FIRST + EVDEV_MT_COUNT)
		return -EINVAL;
	for (int slot = 0; slot < dev->caps.slots; slot++)
		values[slot] = dev->mt[slot][code - EVDEV_MT_FIRST];
	room = (room - sizeof(code)) / sizeof(*values);
	if (count > room)
		count = room;
	return vfs_copy_to(caller, arg + sizeof(code), values, count * sizeof(*values));
}

/* *handled: the request is one of a fixed number and size. */
static long fixed_ioctl(struct evdev_file *file, unsigned int request, uint64_t arg,
	struct vfs_caller *caller, bool *handled)
{
	struct evdev_device *dev = file->dev;
	const int version = EV_VERSION, effects = 0;

	*handled = true;
	switch (request) {
	case EVIOCGVERSION:
		return give_all(caller, arg, &version, sizeof(version));
	case EVIOCGID:
		return give_all(caller, arg, &dev->caps.id, sizeof(dev->caps.id));
	case EVIOCGREP:
		if (!evdev_test_bit(dev->caps.ev, EV_REP))
			return -ENOSYS;
		return give_all(caller, arg, dev->rep, sizeof(dev->rep));
	case EVIOCSREP:
		return set_repeat(dev, arg, caller);
	case EVIOCRMFF:
		return -ENOSYS;
	case EVIOCGEFFECTS:
		return give_all(caller, arg, &effects, sizeof(effects));
	case EVIOCGRAB:
		return grab(file, arg);
	case EVIOCREVOKE:
		return revoke(file, arg);
	case EVIOCSCLOCKID:
		return set_clock(file, arg, caller);
	}
	*handled = false;
	return 0;
}

static long state_ioctl(struct evdev_device *dev, unsigned int nr, size_t room, uint64_t arg,
	struct vfs_caller *caller, bool *handled)
{
	static const unsigned long none[EVDEV_LONGS(SW_CNT)];

	*handled = true;
	switch (nr) {
	case _IOC_NR(EVIOCGPROP(0)):
		return give_bits(caller, arg, room, dev->caps.props, INPUT_PROP_MAX);
	case _IOC_NR(EVIOCGMTSLOTS(0)):
		return get_slots(dev, arg, room, caller);
	case _IOC_NR(EVIOCGKEY(0)):
		return give_bits(caller, arg, room, dev->keys, KEY_MAX);
	case _IOC_NR(EVIOCGLED(0)):
		return give_bits(caller, arg, room, dev->leds, LED_MAX);
	case _IOC_NR(EVIOCGSND(0)):
		return give_bits(caller, arg, room, none, SND_MAX);
	case _IOC_NR(EVIOCGSW(0)):
		return give_bits(caller, arg, room, none, SW_MAX);
	case _IOC_NR(EVIOCGNAME(0)):
		return give_string(caller, arg, room, dev->caps.name);
	case _IOC_NR(EVIOCGPHYS(0)):
		return give_string(caller, arg, room, dev->caps.phys);
	case _IOC_NR(EVIOCGUNIQ(0)):
		return -ENOENT;
	}
	*handled = false;
	return 0;
}

/* Requests that carry a code in their number. */
static long coded_ioctl(struct evdev_device *dev, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	unsigned nr = _IOC_NR(request), size = _IOC_SIZE(request);

	if (_IOC_DIR(request) == _IOC_READ && (nr & ~EV_MAX) == _IOC_NR(EVIOCGBIT(0, 0))) {
		unsigned max_bit;
		const unsigned long *bits = evdev_caps_bits(&dev->caps, nr & EV_MAX, &max_bit);

		return bits ? give_bits(caller, arg, size, bits, max_bit) : -EINVAL;
	}
	if ((nr & ~ABS_MAX) == _IOC_NR(EVIOCGABS(0)) && _IOC_DIR(request) == _IOC_READ) {
		long ret;

		if (!evdev_test_bit(dev->caps.ev, EV_ABS))
			return -EINVAL;
		ret = give(caller, arg, size, &dev->abs[nr & ABS_MAX], sizeof(dev->abs[0]));
		return ret < 0 ? ret : 0;
	}
	return -EINVAL;
}

static long ioctl_locked(struct evdev_file *file, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	bool handled;
	long ret;

	if (file->dev->gone || file->revoked)
		return -ENODEV;
	ret = fixed_ioctl(file, request, arg, caller, &handled);
	if (handled)
		return ret;
	if (_IOC_TYPE(request) != 'E')
		return -EINVAL;
	if (_IOC_DIR(request) == _IOC_READ) {
		ret = state_ioctl(file->dev, _IOC_NR(request), _IOC_SIZE(request), arg, caller,
			&handled);
		if (handled)
			return ret;
	}
	return coded_ioctl(file->dev, request, arg, caller);
}

long evdev_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct evdev_file *file = gem_container_of(base, struct evdev_file, base);
	long ret;

	pthread_mutex_lock(&file->dev->lock);
	ret = ioctl_locked(file, request, arg, caller);
	pthread_mutex_unlock(&file->dev->lock);
	return ret;
}
