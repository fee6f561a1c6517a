/*
 * Virtual input devices behind vfs files: what readers get, and the ioctls.
 * Expectations are the kernel's (Documentation/input, drivers/input/evdev.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "evdev.h"
#include "test.h"
#include "wire_uapi.h"

enum { ABS_X_MAX = 1023, ABS_Y_MAX = 767 };

struct setup {
	struct vfs *vfs;
	struct evdev_device *dev;
	struct vfs_caller caller;
	int fd;
};

static void open_device(struct setup *s, enum evdev_kind kind)
{
	bool absolute = kind == EVDEV_TABLET || kind == EVDEV_TOUCH || kind == EVDEV_PEN;

	CHECK_INT(vfs_create(&s->vfs), 0);
	const struct evdev_options options = {
		.kind = kind, .index = 3, .abs_max_x = absolute ? ABS_X_MAX : 0,
		.abs_max_y = absolute ? ABS_Y_MAX : 0,
	};
	CHECK_INT(evdev_create(s->vfs, &options, &s->dev), 0);
	vfs_caller_init_self(&s->caller);
	CHECK_INT(vfs_open(s->vfs, "/dev/input/event3", O_RDWR | O_NONBLOCK | O_CLOEXEC,
		&s->caller, &s->fd), 0);
}

static void close_device(struct setup *s)
{
	close(s->fd);
	vfs_reap(s->vfs);
	if (s->dev)
		evdev_destroy(s->dev);
	vfs_destroy(s->vfs);
}

static long call_fd(struct setup *s, int fd, unsigned request, uint64_t arg)
{
	struct vfs_file *file;
	long ret;

	CHECK_INT(vfs_file_from_fd(s->vfs, fd, &file), 0);
	ret = file->ops->ioctl(file, request, arg, &s->caller);
	vfs_file_put(file);
	return ret;
}

static long call(struct setup *s, unsigned request, void *arg)
{
	return call_fd(s, s->fd, request, (uintptr_t)arg);
}

/* What can be read, as the preload library reads; 0 when there is nothing. */
static int receive(struct setup *s, int fd, struct input_event *events, int max)
{
	struct wire_input_io io = {
		.address = (uintptr_t)events, .length = max * sizeof(*events),
	};
	long ret = call_fd(s, fd, WIRE_INPUT_READ, (uintptr_t)&io);
	uint32_t token;

	if (ret < 0)
		return ret;
	CHECK_INT(ret % sizeof(*events), 0);
	if (io.token) {
		CHECK_INT(recv(fd, &token, sizeof(token), MSG_DONTWAIT), sizeof(token));
		CHECK_INT(token, io.token);
	}
	return ret / sizeof(*events);
}

static short polls(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	CHECK(poll(&poll_fd, 1, 0) >= 0);
	return poll_fd.revents;
}

static void check_event(const struct input_event *event, int type, int code, int value)
{
	if (event->type != type || event->code != code || event->value != value)
		test_fail(__FILE__, __LINE__, "event %d %d %d, want %d %d %d", event->type,
			event->code, event->value, type, code, value);
}

TEST(key_press_and_release)
{
	struct setup s;
	struct input_event events[8];
	unsigned long keys[12];

	open_device(&s, EVDEV_KEYBOARD);
	evdev_emit(s.dev, EV_MSC, MSC_SCAN, 0x1e);
	evdev_emit(s.dev, EV_KEY, KEY_A, 1);
	CHECK_INT(receive(&s, s.fd, events, 8), 0); /* not before SYN_REPORT */
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 8), 3);
	check_event(&events[0], EV_MSC, MSC_SCAN, 0x1e);
	check_event(&events[1], EV_KEY, KEY_A, 1);
	check_event(&events[2], EV_SYN, SYN_REPORT, 0);

	memset(keys, 0xff, sizeof(keys));
	CHECK_INT(call(&s, EVIOCGKEY(sizeof(keys)), keys), 96);
	for (int i = 0; i < KEY_MAX; i++)
		CHECK_INT(keys[i / 64] >> (i % 64) & 1, i == KEY_A);

	evdev_emit(s.dev, EV_KEY, KEY_A, 1); /* is down already */
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 8), 0);
	evdev_emit(s.dev, EV_KEY, KEY_A, 2); /* repeat passes */
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 8), 2);
	check_event(&events[0], EV_KEY, KEY_A, 2);
	evdev_emit(s.dev, EV_KEY, KEY_A, 0);
	evdev_emit(s.dev, EV_KEY, BTN_TOUCH, 1); /* the keyboard has no such */
	evdev_emit(s.dev, EV_KEY, 0xffff, 1);
	evdev_emit(s.dev, EV_REL, REL_X, 1);
	evdev_emit(s.dev, 0xffff, 0, 1);
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 8), 2);
	check_event(&events[0], EV_KEY, KEY_A, 0);
	close_device(&s);
}

TEST(relative_motion)
{
	struct setup s;
	struct input_event events[8];

	open_device(&s, EVDEV_POINTER);
	evdev_emit(s.dev, EV_REL, REL_X, 5);
	evdev_emit(s.dev, EV_REL, REL_Y, 0); /* no motion */
	evdev_emit(s.dev, EV_REL, REL_X, 5); /* not a state */
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 8), 3);
	check_event(&events[1], EV_REL, REL_X, 5);
	evdev_sync(s.dev); /* nothing between */
	CHECK_INT(receive(&s, s.fd, events, 8), 0);
	close_device(&s);
}

TEST(absolute_axes)
{
	struct setup s;
	struct input_event events[8];
	struct input_absinfo info;

	open_device(&s, EVDEV_TABLET);
	evdev_emit(s.dev, EV_ABS, ABS_X, 100);
	evdev_emit(s.dev, EV_ABS, ABS_Y, 0); /* as it was */
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 8), 2);
	check_event(&events[0], EV_ABS, ABS_X, 100);
	memset(&info, 0xff, sizeof(info));
	CHECK_INT(call(&s, EVIOCGABS(ABS_X), &info), 0);
	CHECK_INT(info.value, 100);
	CHECK_INT(info.minimum, 0);
	CHECK_INT(info.maximum, ABS_X_MAX);
	CHECK_INT(call(&s, EVIOCGABS(ABS_RZ), &info), 0); /* not there: zeros */
	CHECK_INT(info.maximum, 0);
	close_device(&s);
}

TEST(touch_slots)
{
	struct setup s;
	struct input_event events[16];
	struct {
		uint32_t code;
		int32_t values[12];
	} slots;

	open_device(&s, EVDEV_TOUCH);
	evdev_emit(s.dev, EV_ABS, ABS_MT_SLOT, 0);
	evdev_emit(s.dev, EV_ABS, ABS_MT_TRACKING_ID, 7);
	evdev_emit(s.dev, EV_ABS, ABS_MT_POSITION_X, 10);
	evdev_emit(s.dev, EV_ABS, ABS_MT_SLOT, 1);
	evdev_emit(s.dev, EV_ABS, ABS_MT_TRACKING_ID, 8);
	evdev_emit(s.dev, EV_ABS, ABS_MT_POSITION_X, 10); /* another finger's 10 */
	evdev_emit(s.dev, EV_ABS, ABS_MT_SLOT, 99);       /* no such */
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 16), 6);
	check_event(&events[0], EV_ABS, ABS_MT_TRACKING_ID, 7);
	check_event(&events[2], EV_ABS, ABS_MT_SLOT, 1);
	check_event(&events[4], EV_ABS, ABS_MT_POSITION_X, 10);
	memset(&slots, 0x55, sizeof(slots));
	slots.code = ABS_MT_TRACKING_ID;
	CHECK_INT(call(&s, EVIOCGMTSLOTS(sizeof(slots)), &slots), 0);
	CHECK_INT(slots.values[0], 7);
	CHECK_INT(slots.values[1], 8);
	CHECK_INT(slots.values[2], -1);
	CHECK_INT(slots.values[9], -1);
	CHECK_INT(slots.values[10], 0x55555555); /* ten slots */
	slots.code = ABS_X;
	CHECK_INT(call(&s, EVIOCGMTSLOTS(sizeof(slots)), &slots), -EINVAL);
	close_device(&s);
}

TEST(identity)
{
	struct setup s;
	char text[64];
	struct input_id id;
	int version;

	open_device(&s, EVDEV_KEYBOARD);
	CHECK_INT(call(&s, EVIOCGVERSION, &version), 0);
	CHECK_INT(version, EV_VERSION);
	CHECK_INT(call(&s, EVIOCGID, &id), 0);
	CHECK_INT(id.bustype, BUS_VIRTUAL);
	CHECK_INT(call(&s, EVIOCGNAME(sizeof(text)), text), strlen("Testcard Keyboard") + 1);
	CHECK(!strcmp(text, "Testcard Keyboard"));
	memset(text, 'x', sizeof(text));
	CHECK_INT(call(&s, EVIOCGNAME(4), text), 4); /* cut, without an end */
	CHECK(!memcmp(text, "Testx", 5));
	CHECK_INT(call(&s, EVIOCGUNIQ(sizeof(text)), text), -ENOENT);
	close_device(&s);
}

struct bits_row {
	const char *name;
	enum evdev_kind kind;
	unsigned type, bit;
	bool has;
	long length;
};

static const struct bits_row bits_rows[] = {
	{"keyboard has keys", EVDEV_KEYBOARD, 0, EV_KEY, true, 8},
	{"keyboard has no axes", EVDEV_KEYBOARD, 0, EV_ABS, false, 8},
	{"keyboard has enter", EVDEV_KEYBOARD, EV_KEY, KEY_ENTER, true, 96},
	{"keyboard has no button", EVDEV_KEYBOARD, EV_KEY, BTN_LEFT, false, 96},
	{"keyboard has caps lock light", EVDEV_KEYBOARD, EV_LED, LED_CAPSL, true, 8},
	{"pointer has fine wheel", EVDEV_POINTER, EV_REL, REL_WHEEL_HI_RES, true, 8},
	{"pointer has left button", EVDEV_POINTER, EV_KEY, BTN_LEFT, true, 96},
	{"tablet has y", EVDEV_TABLET, EV_ABS, ABS_Y, true, 8},
	{"tablet has no x motion", EVDEV_TABLET, EV_REL, REL_X, false, 8},
	{"touch has slots", EVDEV_TOUCH, EV_ABS, ABS_MT_SLOT, true, 8},
	{"nobody rumbles", EVDEV_TOUCH, EV_FF, FF_RUMBLE, false, 16},
};

TEST_ROWS(capabilities, struct bits_row, bits_rows)
{
	struct setup s;
	unsigned long bits[16] = {0};

	open_device(&s, row->kind);
	CHECK_INT(call(&s, EVIOCGBIT(row->type, sizeof(bits)), bits), row->length);
	CHECK_INT(bits[row->bit / 64] >> (row->bit % 64) & 1, row->has);
	CHECK_INT(call(&s, EVIOCGBIT(row->type, 8), bits), 8);
	CHECK_INT(call(&s, EVIOCGBIT(EV_PWR, 8), bits), -EINVAL);
	close_device(&s);
}

TEST(refusals)
{
	struct setup s;
	int value = 12345;
	unsigned rep[2];
	struct input_absinfo info;

	open_device(&s, EVDEV_POINTER);
	CHECK_INT(call(&s, EVIOCGABS(ABS_X), &info), -EINVAL);
	CHECK_INT(call(&s, EVIOCGREP, rep), -ENOSYS);
	CHECK_INT(call(&s, EVIOCSCLOCKID, &value), -EINVAL);
	CHECK_INT(call(&s, _IOW('E', 0xfe, int), &value), -EINVAL);
	CHECK_INT(call(&s, _IOW('T', 0x01, int), &value), -EINVAL);
	CHECK_INT(call(&s, EVIOCGMTSLOTS(16), &value), -EINVAL);
	CHECK_INT(vfs_open(s.vfs, "/dev/input/event4", O_RDWR, &s.caller, &value), -ENXIO);
	close_device(&s);
}

TEST(repeat_times)
{
	struct setup s;
	unsigned rep[2] = {0, 0};

	open_device(&s, EVDEV_KEYBOARD);
	CHECK_INT(call(&s, EVIOCGREP, rep), 0);
	CHECK_INT(rep[0], 250);
	CHECK_INT(rep[1], 33);
	rep[0] = 400;
	CHECK_INT(call(&s, EVIOCSREP, rep), 0);
	rep[0] = 0;
	CHECK_INT(call(&s, EVIOCGREP, rep), 0);
	CHECK_INT(rep[0], 400);
	close_device(&s);
}

static long long event_ns(const struct input_event *event)
{
	return event->input_event_sec * 1000000000ll + event->input_event_usec * 1000ll;
}

static long long now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

TEST(clocks)
{
	static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
	struct input_event events[4];
	struct setup s;

	open_device(&s, EVDEV_POINTER);
	for (int i = -1; i < 3; i++) {
		int clock = clocks[i < 0 ? 0 : i]; /* unset: real time */
		long long before, after;

		if (i >= 0)
			CHECK_INT(call(&s, EVIOCSCLOCKID, &clock), 0);
		before = now_ns(clock) / 1000 * 1000;
		evdev_emit(s.dev, EV_REL, REL_X, 1);
		evdev_sync(s.dev);
		after = now_ns(clock);
		CHECK_INT(receive(&s, s.fd, events, 4), 2);
		CHECK(event_ns(&events[0]) >= before && event_ns(&events[0]) <= after);
		CHECK_INT(event_ns(&events[0]), event_ns(&events[1]));
	}
	close_device(&s);
}

TEST(grab)
{
	struct setup s;
	struct input_event events[4];
	int other;

	open_device(&s, EVDEV_POINTER);
	CHECK_INT(vfs_open(s.vfs, "/dev/input/event3", O_RDWR, &s.caller, &other), 0);
	CHECK_INT(call_fd(&s, s.fd, EVIOCGRAB, 1), 0);
	CHECK_INT(call_fd(&s, other, EVIOCGRAB, 1), -EBUSY);
	CHECK_INT(call_fd(&s, other, EVIOCGRAB, 0), -EINVAL);
	evdev_emit(s.dev, EV_REL, REL_X, 1);
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 4), 2);
	CHECK_INT(receive(&s, other, events, 4), 0);
	/* A grab ends with its file. */
	close(s.fd);
	vfs_reap(s.vfs);
	evdev_emit(s.dev, EV_REL, REL_X, 1);
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, other, events, 4), 2);
	CHECK_INT(call_fd(&s, other, EVIOCGRAB, 1), 0);
	s.fd = other;
	close_device(&s);
}

TEST(revoke)
{
	struct setup s;
	struct input_event events[4];
	int other, version;

	open_device(&s, EVDEV_POINTER);
	CHECK_INT(vfs_open(s.vfs, "/dev/input/event3", O_RDWR, &s.caller, &other), 0);
	CHECK_INT(call_fd(&s, s.fd, EVIOCREVOKE, 1), -EINVAL);
	CHECK_INT(call_fd(&s, s.fd, EVIOCREVOKE, 0), 0);
	CHECK_INT(call(&s, EVIOCGVERSION, &version), -ENODEV);
	evdev_emit(s.dev, EV_REL, REL_X, 1);
	evdev_sync(s.dev);
	CHECK_INT(polls(s.fd) & (POLLIN | POLLHUP), POLLIN | POLLHUP);
	CHECK_INT(receive(&s, s.fd, events, 4), -ENODEV);
	CHECK_INT(recv(s.fd, events, 1, MSG_PEEK | MSG_DONTWAIT), 0);
	CHECK_INT(call_fd(&s, s.fd, EVIOCREVOKE, 0), -ENODEV);
	CHECK_INT(receive(&s, other, events, 4), 2);
	CHECK_INT(polls(other), 0);
	/* The file still counts as open: its close is seen, others live on. */
	close(other);
	close_device(&s);
}

TEST(device_goes_away)
{
	struct setup s;
	int fd, version;

	open_device(&s, EVDEV_POINTER);
	evdev_destroy(s.dev);
	s.dev = NULL;
	CHECK_INT(polls(s.fd) & (POLLIN | POLLHUP), POLLIN | POLLHUP);
	CHECK_INT(call(&s, EVIOCGVERSION, &version), -ENODEV);
	CHECK_INT(vfs_open(s.vfs, "/dev/input/event3", O_RDWR, &s.caller, &fd), -ENXIO);
	close_device(&s);
}

/* Kernel: 8 times 14 events, so the ring has 128, and a full one keeps only the newest. */
TEST(slow_reader_gets_syn_dropped)
{
	enum { FRAMES = 63 };
	struct input_event events[140];
	struct setup s;

	open_device(&s, EVDEV_POINTER);
	for (int i = 1; i <= FRAMES + 1; i++) {
		evdev_emit(s.dev, EV_REL, REL_X, i);
		evdev_sync(s.dev);
	}
	/* 127 events fit; of the frame with the 128th, only the end stays. */
	CHECK_INT(receive(&s, s.fd, events, 140), 2);
	check_event(&events[0], EV_SYN, SYN_DROPPED, 0);
	check_event(&events[1], EV_SYN, SYN_REPORT, 0);
	for (int i = 1; i <= FRAMES; i++) {
		evdev_emit(s.dev, EV_REL, REL_X, i);
		evdev_sync(s.dev);
	}
	CHECK_INT(receive(&s, s.fd, events, 140), 2 * FRAMES);
	check_event(&events[0], EV_REL, REL_X, 1);
	check_event(&events[2 * FRAMES - 2], EV_REL, REL_X, FRAMES);
	CHECK_INT(polls(s.fd), 0);
	close_device(&s);
}

/* Whatever comes, a reader that does not read has one ring and few tokens. */
TEST(flood_grows_nothing)
{
	enum { FLOOD = 20000 };
	struct input_event events[80];
	struct setup s;
	uint32_t token;
	int count;

	open_device(&s, EVDEV_POINTER);
	for (int i = 0; i < FLOOD; i++) {
		evdev_emit(s.dev, EV_REL, REL_X, 1);
		evdev_sync(s.dev);
	}
	for (count = 0; recv(s.fd, &token, sizeof(token), MSG_DONTWAIT) > 0; count++)
		;
	CHECK_INT(count, 1);
	close_device(&s);
	/* Revoked in the middle: the end arrives. */
	open_device(&s, EVDEV_POINTER);
	for (int i = 0; i < FLOOD; i++) {
		evdev_emit(s.dev, EV_REL, REL_X, 1);
		evdev_sync(s.dev);
	}
	CHECK_INT(call_fd(&s, s.fd, EVIOCREVOKE, 0), 0);
	CHECK(polls(s.fd) & POLLHUP);
	CHECK_INT(receive(&s, s.fd, events, 80), -ENODEV);
	close_device(&s);
}

/* One that never reads is waited for once; then only for those that read. */
TEST(reader_that_never_reads_is_given_up)
{
	enum { FRAMES = 40, LONG_MS = 600000 };
	struct input_event events[140];
	struct setup s;

	open_device(&s, EVDEV_POINTER);
	CHECK(evdev_wait_room(s.dev, LONG_MS));
	for (int i = 1; i <= FRAMES; i++) {
		evdev_emit(s.dev, EV_REL, REL_X, i);
		evdev_sync(s.dev);
	}
	CHECK(!evdev_wait_room(s.dev, 1));
	/* Else this test would take ten minutes. */
	CHECK(evdev_wait_room(s.dev, LONG_MS));
	/* It reads: it is a reader again. */
	CHECK_INT(receive(&s, s.fd, events, 140), 2 * FRAMES);
	for (int i = 1; i <= FRAMES; i++) {
		evdev_emit(s.dev, EV_REL, REL_X, i);
		evdev_sync(s.dev);
	}
	CHECK(!evdev_wait_room(s.dev, 1));
	close_device(&s);
}

/* A caller whose memory takes the device's own time: others use the device meanwhile. */
struct slow_caller {
	struct vfs_caller base;
	struct setup *setup;
	unsigned copies;
};

static int slow_copy_from(struct vfs_caller *caller, void *dst, uint64_t src, size_t size)
{
	struct slow_caller *slow = gem_container_of(caller, struct slow_caller, base);
	int x, y;

	/* Would wait for ever if the device's lock were held. */
	evdev_get_abs_max(slow->setup->dev, &x, &y);
	slow->copies++;
	memcpy(dst, (const void *)(uintptr_t)src, size);
	return 0;
}

static int slow_copy_to(struct vfs_caller *caller, uint64_t dst, const void *src, size_t size)
{
	struct slow_caller *slow = gem_container_of(caller, struct slow_caller, base);
	int x, y;

	evdev_get_abs_max(slow->setup->dev, &x, &y);
	memcpy((void *)(uintptr_t)dst, src, size);
	slow->copies++;
	return 0;
}

/* As long an answer as the caller asks for is not copied with the device locked. */
TEST(long_mask_does_not_hold_the_device)
{
	static const struct vfs_caller_ops ops = {
		.copy_from = slow_copy_from, .copy_to = slow_copy_to,
	};
	struct setup s;
	uint8_t codes[4096];
	struct input_mask mask = {
		.type = EV_REL, .codes_size = sizeof(codes), .codes_ptr = (uintptr_t)codes,
	};
	struct slow_caller slow = {.setup = &s};
	struct vfs_file *file;

	open_device(&s, EVDEV_POINTER);
	slow.base = s.caller;
	slow.base.ops = &ops;
	memset(codes, 0x5a, sizeof(codes));
	CHECK_INT(vfs_file_from_fd(s.vfs, s.fd, &file), 0);
	CHECK_INT(file->ops->ioctl(file, EVIOCGMASK, (uintptr_t)&mask, &slow.base), 0);
	CHECK(slow.copies > 1);
	CHECK_INT(codes[0], 0xff);
	CHECK_INT(codes[sizeof(unsigned long)], 0);
	CHECK_INT(codes[sizeof(codes) - 1], 0);
	/* Revoked: nothing is told, whatever the pointer. */
	CHECK_INT(file->ops->ioctl(file, EVIOCREVOKE, 0, &s.caller), 0);
	CHECK_INT(file->ops->ioctl(file, EVIOCGMASK, (uintptr_t)&mask, &s.caller), -ENODEV);
	vfs_file_put(file);
	close_device(&s);
}

struct memory_row {
	const char *name;
	unsigned request;
	enum evdev_kind kind;
	uint32_t word;   /* at the argument's begin */
	unsigned copies; /* of both directions */
};
static const struct memory_row memory_rows[] = {
	{"version", EVIOCGVERSION, EVDEV_KEYBOARD, 0, 1},
	{"id", EVIOCGID, EVDEV_KEYBOARD, 0, 1},
	{"name", EVIOCGNAME(100), EVDEV_KEYBOARD, 0, 1},
	{"phys", EVIOCGPHYS(100), EVDEV_KEYBOARD, 0, 1},
	{"properties", EVIOCGPROP(8), EVDEV_TOUCH, 0, 1},
	{"keys", EVIOCGKEY(96), EVDEV_KEYBOARD, 0, 1},
	{"more than all keys", EVIOCGKEY(4000), EVDEV_KEYBOARD, 0, 1},
	{"LEDs", EVIOCGLED(8), EVDEV_KEYBOARD, 0, 1},
	{"switches", EVIOCGSW(8), EVDEV_SWITCH, 0, 1},
	{"sounds", EVIOCGSND(8), EVDEV_KEYBOARD, 0, 1},
	{"capabilities", EVIOCGBIT(EV_KEY, 96), EVDEV_KEYBOARD, 0, 1},
	{"axis", EVIOCGABS(ABS_X), EVDEV_TABLET, 0, 1},
	{"an axis set", EVIOCSABS(ABS_X), EVDEV_TABLET, 0, 1},
	{"slots", EVIOCGMTSLOTS(44), EVDEV_TOUCH, ABS_MT_TRACKING_ID, 2},
	{"repeat", EVIOCGREP, EVDEV_KEYBOARD, 0, 1},
	{"repeat set", EVIOCSREP, EVDEV_KEYBOARD, 100, 1},
	{"effects", EVIOCGEFFECTS, EVDEV_KEYBOARD, 0, 1},
	{"clock", EVIOCSCLOCKID, EVDEV_KEYBOARD, CLOCK_MONOTONIC, 1},
	{"mask", EVIOCSMASK, EVDEV_KEYBOARD, EV_REL, 1},
	{"key code", EVIOCGKEYCODE, EVDEV_KEYBOARD, KEY_ESC, 2},
	{"key code set", EVIOCSKEYCODE, EVDEV_KEYBOARD, KEY_ESC, 1},
	{"key entry", EVIOCGKEYCODE_V2, EVDEV_KEYBOARD, INPUT_KEYMAP_BY_INDEX, 2},
	{"key entry set", EVIOCSKEYCODE_V2, EVDEV_KEYBOARD, INPUT_KEYMAP_BY_INDEX, 1},
};

/* Whatever is asked: the device is nobody's while a caller's memory is looked at. */
TEST_ROWS(memory_does_not_hold_the_device, struct memory_row, memory_rows)
{
	static const struct vfs_caller_ops ops = {
		.copy_from = slow_copy_from, .copy_to = slow_copy_to,
	};
	struct setup s;
	uint32_t memory[1024] = {row->word};
	struct slow_caller slow = {.setup = &s};
	struct vfs_file *file;

	open_device(&s, row->kind);
	slow.base = s.caller;
	slow.base.ops = &ops;
	CHECK_INT(vfs_file_from_fd(s.vfs, s.fd, &file), 0);
	CHECK(file->ops->ioctl(file, row->request, (uintptr_t)memory, &slow.base) >= 0);
	CHECK_INT(slow.copies, row->copies);
	vfs_file_put(file);
	close_device(&s);
}

static int bad_copy_to(struct vfs_caller *caller, uint64_t dst, const void *src, size_t size)
{
	return -EFAULT;
}

/* What was taken back for an answer that did not arrive is lost, and that is said. */
TEST(state_that_did_not_arrive)
{
	static const struct vfs_caller_ops ops = {
		.copy_from = slow_copy_from, .copy_to = bad_copy_to,
	};
	struct setup s;
	struct slow_caller slow = {.setup = &s};
	struct input_event events[8];
	unsigned long keys[12];
	struct vfs_file *file;

	open_device(&s, EVDEV_KEYBOARD);
	slow.base = s.caller;
	slow.base.ops = &ops;
	evdev_press(s.dev, KEY_A, true);
	CHECK_INT(vfs_file_from_fd(s.vfs, s.fd, &file), 0);
	CHECK_INT(file->ops->ioctl(file, EVIOCGKEY(sizeof(keys)), (uintptr_t)keys, &slow.base),
		-EFAULT);
	vfs_file_put(file);
	evdev_press(s.dev, KEY_A, false);
	int count = receive(&s, s.fd, events, 8);
	/* Of the first frame the scan code and its end; then what is lost; then the second. */
	CHECK_INT(count, 6);
	check_event(&events[0], EV_MSC, MSC_SCAN, KEY_A);
	check_event(&events[2], EV_SYN, SYN_DROPPED, 0);
	check_event(&events[4], EV_KEY, KEY_A, 0);
	close_device(&s);
}

/* Who took a token too early says which, and there is a new one. */
TEST(token_taken_by_mistake_comes_again)
{
	struct wire_input_io io = {0};
	struct setup s;

	open_device(&s, EVDEV_POINTER);
	evdev_emit(s.dev, EV_REL, REL_X, 1);
	evdev_sync(s.dev);
	CHECK_INT(recv(s.fd, &io.token, sizeof(io.token), MSG_DONTWAIT), sizeof(io.token));
	CHECK_INT(polls(s.fd), 0);
	CHECK_INT(call(&s, WIRE_INPUT_READ, &io), 0);
	CHECK_INT(io.readable, 1);
	CHECK_INT(io.token, 0);
	CHECK_INT(polls(s.fd), POLLIN);
	close_device(&s);
}

/* As the kernel's core does: this device's frames have 8 events and a SYN_REPORT of value 1. */
TEST(long_frame_is_split)
{
	struct input_event events[64];
	struct setup s;

	open_device(&s, EVDEV_KEYBOARD);
	for (int key = KEY_ESC; key < KEY_ESC + 11; key++)
		evdev_emit(s.dev, EV_KEY, key, 1);
	CHECK_INT(receive(&s, s.fd, events, 64), 9);
	check_event(&events[7], EV_KEY, KEY_ESC + 7, 1);
	check_event(&events[8], EV_SYN, SYN_REPORT, 1);
	evdev_sync(s.dev);
	CHECK_INT(receive(&s, s.fd, events, 64), 4);
	check_event(&events[3], EV_SYN, SYN_REPORT, 0);
	close_device(&s);
}
