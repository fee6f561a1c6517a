/* The evdev ioctls (kernel: evdev.c). */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "evdev_private.h"
#include "wire_uapi.h"

/* Where an answer of any length goes. */
struct answer {
	struct vfs_caller *caller;
	uint64_t arg;
	size_t room;
};

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
	if (evdev_clock_index(clock) < 0)
		return -EINVAL;
	if (clock == file->clock)
		return 0;
	file->clock = clock;
	/* Times of two clocks are not to be mixed. */
	evdev_ring_drop(file);
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
	/* Readers are told, as of other changes of the device. */
	for (int i = 0; i < REP_CNT; i++)
		evdev_event_locked(dev, EV_REP, i, rep[i]);
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
	file->revoked = true;
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
	case EVIOCSMASK:
		return evdev_mask_set(file, arg, caller);
	case EVIOCGKEYCODE:
		return evdev_keymap_get(dev, arg, caller);
	case EVIOCSKEYCODE:
		return evdev_keymap_set(dev, arg, caller);
	case EVIOCGKEYCODE_V2:
		return evdev_keymap_get_entry(dev, arg, caller);
	case EVIOCSKEYCODE_V2:
		return evdev_keymap_set_entry(dev, arg, caller);
	}
	*handled = false;
	return 0;
}

/*
 * A state; the changes of it that are queued are not news any more. A reader that did
 * not get it has lost them.
 */
static long give_state(struct evdev_file *file, const struct answer *to, unsigned type,
	const unsigned long *bits, unsigned max_bit)
{
	evdev_ring_flush(file, type);
	long ret = give_bits(to->caller, to->arg, to->room, bits, max_bit);
	if (ret < 0)
		evdev_ring_lose(file);
	return ret;
}

static long state_ioctl(struct evdev_file *file, unsigned int nr, const struct answer *to,
	bool *handled)
{
	static const unsigned long none[EVDEV_LONGS(SND_CNT)];
	struct evdev_device *dev = file->dev;
	struct vfs_caller *caller = to->caller;
	uint64_t arg = to->arg;
	size_t room = to->room;

	*handled = true;
	switch (nr) {
	case _IOC_NR(EVIOCGPROP(0)):
		return give_bits(caller, arg, room, dev->caps.props, INPUT_PROP_MAX);
	case _IOC_NR(EVIOCGMTSLOTS(0)):
		return get_slots(dev, arg, room, caller);
	case _IOC_NR(EVIOCGKEY(0)):
		return give_state(file, to, EV_KEY, dev->keys, KEY_MAX);
	case _IOC_NR(EVIOCGLED(0)):
		return give_state(file, to, EV_LED, dev->leds, LED_MAX);
	case _IOC_NR(EVIOCGSND(0)):
		return give_state(file, to, EV_SND, none, SND_MAX);
	case _IOC_NR(EVIOCGSW(0)):
		return give_state(file, to, EV_SW, dev->switches, SW_MAX);
	case _IOC_NR(EVIOCGNAME(0)):
		return give_string(caller, arg, room, dev->name);
	case _IOC_NR(EVIOCGPHYS(0)):
		return give_string(caller, arg, room, dev->caps.phys);
	case _IOC_NR(EVIOCGUNIQ(0)):
		return -ENOENT;
	}
	*handled = false;
	return 0;
}

static long set_abs(struct evdev_device *dev, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	unsigned code = _IOC_NR(request) & ABS_MAX, size = _IOC_SIZE(request);
	struct input_absinfo info = {0};

	if (!evdev_test_bit(dev->caps.ev, EV_ABS))
		return -EINVAL;
	int ret = vfs_copy_from(caller, &info, arg, size < sizeof(info) ? size : sizeof(info));
	if (ret)
		return ret;
	/* Old programs know no resolution. */
	if (size < sizeof(info))
		info.resolution = 0;
	/* The number of slots stays. */
	if (code == ABS_MT_SLOT)
		return -EINVAL;
	dev->abs[code] = info;
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
	if ((nr & ~ABS_MAX) == _IOC_NR(EVIOCSABS(0)) && _IOC_DIR(request) == _IOC_WRITE)
		return set_abs(dev, request, arg, caller);
	return -EINVAL;
}

/* Of a device without force feedback. */
static long send_effect(unsigned int request, uint64_t arg, struct vfs_caller *caller)
{
	struct ff_effect effect;

	if (_IOC_SIZE(request) != sizeof(effect))
		return -EINVAL;
	int ret = vfs_copy_from(caller, &effect, arg, sizeof(effect));
	return ret ? ret : -ENOSYS;
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
		const struct answer to = {caller, arg, _IOC_SIZE(request)};

		ret = state_ioctl(file, _IOC_NR(request), &to, &handled);
		if (handled)
			return ret;
	}
	if (_IOC_DIR(request) == _IOC_WRITE && _IOC_NR(request) == _IOC_NR(EVIOCSFF))
		return send_effect(request, arg, caller);
	return coded_ioctl(file->dev, request, arg, caller);
}

long evdev_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct evdev_file *file = gem_container_of(base, struct evdev_file, base);
	long ret;

	if (request == WIRE_INPUT_READ)
		return evdev_file_read(file, arg, caller);
	if (request == WIRE_INPUT_WRITE)
		return evdev_file_write(file, arg, caller);
	if (request == EVIOCGMASK)
		return evdev_mask_get(file, arg, caller);
	pthread_mutex_lock(&file->dev->lock);
	ret = ioctl_locked(file, request, arg, caller);
	pthread_mutex_unlock(&file->dev->lock);
	if (request == EVIOCREVOKE && ret == 0 && vfs_file_end(base) < 0)
		gem_warn("evdev", "%s: a holder is not told that it lost it", file->dev->path);
	return ret;
}
