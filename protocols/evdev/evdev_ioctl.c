/*
 * The evdev ioctls (kernel: evdev.c). What they carry is read before the device's lock is
 * taken, what they are answered with is written after: a caller's memory may take its time.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "evdev_private.h"
#include "wire_uapi.h"

/* How much is read of a request's argument; what is wrong with it comes later. */
static size_t argument_size(unsigned int request)
{
	unsigned nr = _IOC_NR(request), size = _IOC_SIZE(request);

	switch (request) {
	case EVIOCSREP:
		return sizeof(unsigned) * REP_CNT;
	case EVIOCSCLOCKID:
		return sizeof(int);
	case EVIOCGKEYCODE:
	case EVIOCSKEYCODE:
		return sizeof(uint32_t) * 2;
	case EVIOCGKEYCODE_V2:
	case EVIOCSKEYCODE_V2:
		return sizeof(struct input_keymap_entry);
	}
	if (_IOC_TYPE(request) != 'E')
		return 0;
	if (_IOC_DIR(request) == _IOC_READ && nr == _IOC_NR(EVIOCGMTSLOTS(0)))
		return size < sizeof(uint32_t) ? 0 : sizeof(uint32_t);
	if (_IOC_DIR(request) != _IOC_WRITE)
		return 0;
	if (nr == _IOC_NR(EVIOCSFF))
		return size == sizeof(struct ff_effect) ? size : 0;
	if ((nr & ~ABS_MAX) == _IOC_NR(EVIOCSABS(0)))
		return size < sizeof(struct input_absinfo) ? size : sizeof(struct input_absinfo);
	return 0;
}

/* As much as fits; its length, as the kernel returns it. */
static long answer(struct evdev_call *call, const void *data, size_t len)
{
	size_t room = _IOC_SIZE(call->request);

	if (room > sizeof(call->out))
		room = sizeof(call->out);
	call->out_size = len < room ? len : room;
	memcpy(call->out, data, call->out_size);
	return call->out_size;
}

static long answer_bits(struct evdev_call *call, const unsigned long *bits, unsigned max_bit)
{
	return answer(call, bits, EVDEV_LONGS(max_bit) * sizeof(*bits));
}

static long answer_string(struct evdev_call *call, const char *text)
{
	return answer(call, text, strlen(text) + 1);
}

long evdev_answer_at(struct evdev_call *call, size_t offset, const void *data, size_t len)
{
	call->out_offset = offset;
	call->out_size = len;
	memcpy(call->out, data, len);
	return 0;
}

/* Exactly this struct; 0. */
static long answer_all(struct evdev_call *call, const void *data, size_t len)
{
	return evdev_answer_at(call, 0, data, len);
}

static long set_clock(struct evdev_call *call)
{
	struct evdev_file *file = call->file;

	if (call->in_error)
		return call->in_error;
	if (evdev_clock_index(call->in.clock) < 0)
		return -EINVAL;
	if (call->in.clock == file->clock)
		return 0;
	file->clock = call->in.clock;
	/* Times of two clocks are not to be mixed. */
	evdev_ring_drop(file);
	return 0;
}

static long set_repeat(struct evdev_call *call)
{
	struct evdev_device *dev = call->file->dev;

	if (!evdev_test_bit(dev->caps.ev, EV_REP))
		return -ENOSYS;
	if (call->in_error)
		return call->in_error;
	/* Readers are told, as of other changes of the device. */
	for (int i = 0; i < REP_CNT; i++)
		evdev_event_locked(dev, EV_REP, i, call->in.rep[i]);
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

static long get_slots(struct evdev_call *call)
{
	struct evdev_device *dev = call->file->dev;
	int32_t values[EVDEV_SLOTS];
	size_t count = dev->caps.slots, room = _IOC_SIZE(call->request);
	uint32_t code = call->in.code;

	if (dev->caps.slots == 0 || room < sizeof(code))
		return -EINVAL;
	if (call->in_error)
		return call->in_error;
	if (code < EVDEV_MT_FIRST || code >= EVDEV_MT_FIRST + EVDEV_MT_COUNT)
		return -EINVAL;
	for (int slot = 0; slot < dev->caps.slots; slot++)
		values[slot] = dev->mt[slot][code - EVDEV_MT_FIRST];
	room = (room - sizeof(code)) / sizeof(*values);
	if (count > room)
		count = room;
	return evdev_answer_at(call, sizeof(code), values, count * sizeof(*values));
}

/* *handled: the request is one of a fixed number and size. */
static long fixed_ioctl(struct evdev_call *call, bool *handled)
{
	struct evdev_device *dev = call->file->dev;
	const int version = EV_VERSION, effects = 0;

	*handled = true;
	switch (call->request) {
	case EVIOCGVERSION:
		return answer_all(call, &version, sizeof(version));
	case EVIOCGID:
		return answer_all(call, &dev->caps.id, sizeof(dev->caps.id));
	case EVIOCGREP:
		if (!evdev_test_bit(dev->caps.ev, EV_REP))
			return -ENOSYS;
		return answer_all(call, dev->rep, sizeof(dev->rep));
	case EVIOCSREP:
		return set_repeat(call);
	case EVIOCRMFF:
		return -ENOSYS;
	case EVIOCGEFFECTS:
		return answer_all(call, &effects, sizeof(effects));
	case EVIOCGRAB:
		return grab(call->file, call->arg);
	case EVIOCREVOKE:
		return revoke(call->file, call->arg);
	case EVIOCSCLOCKID:
		return set_clock(call);
	case EVIOCGKEYCODE:
		return evdev_keymap_get(call);
	case EVIOCSKEYCODE:
		return evdev_keymap_set(call);
	case EVIOCGKEYCODE_V2:
		return evdev_keymap_get_entry(call);
	case EVIOCSKEYCODE_V2:
		return evdev_keymap_set_entry(call);
	}
	*handled = false;
	return 0;
}

/* A state; the changes of it that are queued are not news any more. */
static long answer_state(struct evdev_call *call, unsigned type, const unsigned long *bits,
	unsigned max_bit)
{
	evdev_ring_flush(call->file, type);
	call->news = true;
	return answer_bits(call, bits, max_bit);
}

static long state_ioctl(struct evdev_call *call, bool *handled)
{
	static const unsigned long none[EVDEV_LONGS(SND_CNT)];
	struct evdev_device *dev = call->file->dev;

	*handled = true;
	switch (_IOC_NR(call->request)) {
	case _IOC_NR(EVIOCGPROP(0)):
		return answer_bits(call, dev->caps.props, INPUT_PROP_MAX);
	case _IOC_NR(EVIOCGMTSLOTS(0)):
		return get_slots(call);
	case _IOC_NR(EVIOCGKEY(0)):
		return answer_state(call, EV_KEY, dev->keys, KEY_MAX);
	case _IOC_NR(EVIOCGLED(0)):
		return answer_state(call, EV_LED, dev->leds, LED_MAX);
	case _IOC_NR(EVIOCGSND(0)):
		return answer_state(call, EV_SND, none, SND_MAX);
	case _IOC_NR(EVIOCGSW(0)):
		return answer_state(call, EV_SW, dev->switches, SW_MAX);
	case _IOC_NR(EVIOCGNAME(0)):
		return answer_string(call, dev->name);
	case _IOC_NR(EVIOCGPHYS(0)):
		return answer_string(call, dev->caps.phys);
	case _IOC_NR(EVIOCGUNIQ(0)):
		return -ENOENT;
	}
	*handled = false;
	return 0;
}

static long set_abs(struct evdev_call *call)
{
	struct evdev_device *dev = call->file->dev;
	unsigned code = _IOC_NR(call->request) & ABS_MAX;
	struct input_absinfo info = call->in.abs;

	if (!evdev_test_bit(dev->caps.ev, EV_ABS))
		return -EINVAL;
	if (call->in_error)
		return call->in_error;
	/* Old programs know no resolution. */
	if (_IOC_SIZE(call->request) < sizeof(info))
		info.resolution = 0;
	/* The number of slots stays. */
	if (code == ABS_MT_SLOT)
		return -EINVAL;
	dev->abs[code] = info;
	return 0;
}

/* Requests that carry a code in their number. */
static long coded_ioctl(struct evdev_call *call)
{
	struct evdev_device *dev = call->file->dev;
	unsigned nr = _IOC_NR(call->request), dir = _IOC_DIR(call->request);

	if (dir == _IOC_READ && (nr & ~EV_MAX) == _IOC_NR(EVIOCGBIT(0, 0))) {
		unsigned max_bit;
		const unsigned long *bits = evdev_caps_bits(&dev->caps, nr & EV_MAX, &max_bit);

		return bits ? answer_bits(call, bits, max_bit) : -EINVAL;
	}
	if ((nr & ~ABS_MAX) == _IOC_NR(EVIOCGABS(0)) && dir == _IOC_READ) {
		if (!evdev_test_bit(dev->caps.ev, EV_ABS))
			return -EINVAL;
		answer(call, &dev->abs[nr & ABS_MAX], sizeof(dev->abs[0]));
		return 0;
	}
	if ((nr & ~ABS_MAX) == _IOC_NR(EVIOCSABS(0)) && dir == _IOC_WRITE)
		return set_abs(call);
	return -EINVAL;
}

/* Of a device without force feedback. */
static long send_effect(const struct evdev_call *call)
{
	if (_IOC_SIZE(call->request) != sizeof(struct ff_effect))
		return -EINVAL;
	return call->in_error ? call->in_error : -ENOSYS;
}

static long ioctl_locked(struct evdev_call *call)
{
	unsigned dir = _IOC_DIR(call->request);
	bool handled;
	long ret;

	if (call->file->dev->gone || call->file->revoked)
		return -ENODEV;
	ret = fixed_ioctl(call, &handled);
	if (handled)
		return ret;
	if (_IOC_TYPE(call->request) != 'E')
		return -EINVAL;
	if (dir == _IOC_READ) {
		ret = state_ioctl(call, &handled);
		if (handled)
			return ret;
	}
	if (dir == _IOC_WRITE && _IOC_NR(call->request) == _IOC_NR(EVIOCSFF))
		return send_effect(call);
	return coded_ioctl(call);
}

/* A reader that did not get a state has lost what was flushed for it. */
static void lose_news(struct evdev_file *file)
{
	pthread_mutex_lock(&file->dev->lock);
	if (!file->dev->gone && !file->revoked)
		evdev_ring_lose(file);
	pthread_mutex_unlock(&file->dev->lock);
}

static long call_ioctl(struct evdev_call *call, struct vfs_caller *caller)
{
	struct evdev_device *dev = call->file->dev;

	call->in_error = vfs_copy_from(caller, &call->in, call->arg, argument_size(call->request));
	pthread_mutex_lock(&dev->lock);
	long ret = ioctl_locked(call);
	pthread_mutex_unlock(&dev->lock);
	if (ret < 0)
		return ret;
	int error = vfs_copy_to(caller, call->arg + call->out_offset, call->out, call->out_size);
	if (error && call->news)
		lose_news(call->file);
	return error ? error : ret;
}

long evdev_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct evdev_file *file = gem_container_of(base, struct evdev_file, base);
	struct evdev_call call = {.file = file, .request = request, .arg = arg};

	if (request == WIRE_INPUT_READ)
		return evdev_file_read(file, arg, caller);
	if (request == WIRE_INPUT_WRITE)
		return evdev_file_write(file, arg, caller);
	if (request == EVIOCGMASK)
		return evdev_mask_get(file, arg, caller);
	if (request == EVIOCSMASK)
		return evdev_mask_set(file, arg, caller);
	long ret = call_ioctl(&call, caller);
	if (request == EVIOCREVOKE && ret == 0 && vfs_file_end(base) < 0)
		gem_warn("evdev", "%s: a holder is not told that it lost it", file->dev->path);
	return ret;
}
