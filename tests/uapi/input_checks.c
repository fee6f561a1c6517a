/*
 * Input devices as programs see them: read, write, poll and every ioctl with the
 * kernel's rules. One source, run in process (preload_self.c) and in an ordinary
 * program under "testcard exec" (preload_client.c). Expectations are the kernel's
 * (drivers/input/evdev.c, input.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/input.h>

#include "preload_test.h"
#include "test.h"

#define LONGS(bits) (((bits) + 63) / 64)
enum { PATIENCE_MS = 30000, EVENTS = 300 };

/* Nobody's memory; not where the compiler sees it. */
static void *volatile nowhere = (void *)8;

static int open_input(unsigned id, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/input/event%u", id);
	int fd = open(path, flags | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void emit(unsigned id, int type, int code, int value)
{
	const int event[3] = {type, code, value};

	preload_test_input(id, &event, 1);
}

static short polls(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT};

	CHECK(poll(&poll_fd, 1, 0) >= 0);
	return poll_fd.revents;
}

static int wait_events(int fd, struct input_event *events, int max)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	CHECK_INT(poll(&poll_fd, 1, PATIENCE_MS), 1);
	ssize_t len = read(fd, events, max * sizeof(*events));
	CHECK(len > 0 && len % sizeof(*events) == 0);
	return len / sizeof(*events);
}

static void check_event(const struct input_event *event, int type, int code, int value)
{
	if (event->type != type || event->code != code || event->value != value)
		test_fail(__FILE__, __LINE__, "event %d %d %d, want %d %d %d", event->type,
			event->code, event->value, type, code, value);
}

static bool has_bit(const unsigned long *bits, unsigned bit)
{
	return bits[bit / 64] >> (bit % 64) & 1;
}

TEST(read_sizes)
{
	struct input_event events[8];

	preload_test_begin();
	int fd = open_input(INPUT_POINTER, O_RDWR | O_NONBLOCK);
	CHECK_INT(polls(fd), POLLOUT);
	CHECK_ERRNO(read(fd, events, 0), EAGAIN);
	CHECK_ERRNO(read(fd, events, 1), EINVAL);
	CHECK_ERRNO(read(fd, events, 24), EAGAIN);
	emit(INPUT_POINTER, EV_REL, REL_X, 7);
	CHECK_INT(polls(fd), POLLIN | POLLOUT);
	CHECK_INT(read(fd, events, 0), 0);
	CHECK_INT(read(fd, events, 47), 24);
	check_event(&events[0], EV_REL, REL_X, 7);
	CHECK_INT(polls(fd) & POLLIN, POLLIN);
	CHECK_INT(read(fd, events, sizeof(events)), 24);
	check_event(&events[0], EV_SYN, SYN_REPORT, 0);
	CHECK_INT(polls(fd), POLLOUT);
	CHECK_ERRNO(read(fd, nowhere, 24), EAGAIN);
	/* Nothing of nothing. */
	emit(INPUT_POINTER, EV_REL, REL_X, 0);
	emit(INPUT_POINTER, EV_KEY, KEY_A, 1);
	CHECK_ERRNO(read(fd, events, 24), EAGAIN);
	fcntl(fd, F_SETFL, 0);
	CHECK_INT(read(fd, events, 0), 0);
	close(fd);
	fd = open_input(INPUT_POINTER, O_WRONLY);
	CHECK_ERRNO(read(fd, events, 0), EBADF);
	close(fd);
	fd = open_input(INPUT_POINTER, O_RDONLY);
	CHECK_ERRNO(write(fd, events, 24), EBADF);
	close(fd);
	preload_test_end();
}

TEST(bad_memory)
{
	struct input_event events[4];

	preload_test_begin();
	int fd = open_input(INPUT_POINTER, O_RDWR | O_NONBLOCK);
	emit(INPUT_POINTER, EV_REL, REL_X, 7);
	CHECK_ERRNO(read(fd, nowhere, 48), EFAULT);
	CHECK_ERRNO(write(fd, nowhere, 48), EFAULT);
	emit(INPUT_POINTER, EV_REL, REL_X, 8);
	wait_events(fd, events, 4); /* it lives */
	close(fd);
	preload_test_end();
}

/* Read after read, until one is not filled; the same with writes. */
TEST(vectors)
{
	enum { ONE = sizeof(struct input_event) };
	struct input_event events[8], leds[3] = {
		{.type = EV_LED, .code = LED_CAPSL, .value = 1}, {.type = EV_SYN, .code = SYN_REPORT},
	};

	preload_test_begin();
	int fd = open_input(INPUT_KEYBOARD, O_RDWR | O_NONBLOCK);
	struct iovec one = {&events[0], ONE}, next = {&events[1], 2 * ONE + 3}, none = {events, 0};
	CHECK_ERRNO(readv(fd, &one, 1), EAGAIN);
	CHECK_ERRNO(readv(fd, (struct iovec[]){none, one}, 2), EAGAIN);
	CHECK_INT(readv(fd, &none, 1), 0);
	preload_test_key(KEY_E, 1);
	preload_test_key(KEY_E, 0);
	CHECK_ERRNO(readv(fd, (struct iovec[]){{events, ONE - 1}, one}, 2), EINVAL);
	CHECK_INT(readv(fd, (struct iovec[]){none, one, none, next, one}, 5), 3 * ONE);
	check_event(&events[0], EV_MSC, MSC_SCAN, KEY_E);
	check_event(&events[1], EV_KEY, KEY_E, 1);
	check_event(&events[2], EV_SYN, SYN_REPORT, 0);
	/* The second segment finds nothing. */
	CHECK_INT(readv(fd, (struct iovec[]){{events, 3 * ONE}, one}, 2), 3 * ONE);
	check_event(&events[1], EV_KEY, KEY_E, 0);
	CHECK_ERRNO(preadv(fd, &one, 1, 0), ESPIPE);
	CHECK_ERRNO(preadv2(fd, &one, 1, -1, 0), EAGAIN);
	/* An event in two segments is none; what is written comes back. */
	CHECK_ERRNO(writev(fd, (struct iovec[]){{leds, 4}, {(char *)leds + 4, ONE - 4}}, 2), EINVAL);
	CHECK_INT(writev(fd, (struct iovec[]){{&leds[0], ONE}, {&leds[1], ONE}}, 2), 2 * ONE);
	CHECK_INT(wait_events(fd, events, 8), 2);
	check_event(&events[0], EV_LED, LED_CAPSL, 1);
	leds[0].value = 0;
	CHECK_INT(writev(fd, (struct iovec[]){{leds, 2 * ONE}, {nowhere, ONE}}, 2), 2 * ONE);
	CHECK_INT(wait_events(fd, events, 8), 2);
	close(fd);
	preload_test_end();
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

TEST(one_time_a_frame)
{
	static const int clocks[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME};
	static const int frame[][3] = {{EV_REL, REL_X, 1}, {EV_REL, REL_Y, 2}, {EV_KEY, BTN_LEFT, 1}};
	struct input_event events[4][8];
	int fds[4], bad = CLOCK_PROCESS_CPUTIME_ID;

	preload_test_begin();
	for (int i = 0; i < 4; i++) {
		fds[i] = open_input(INPUT_POINTER, O_RDONLY | O_NONBLOCK);
		CHECK_INT(ioctl(fds[i], EVIOCSCLOCKID, &clocks[i]), 0);
	}
	CHECK_ERRNO(ioctl(fds[0], EVIOCSCLOCKID, &bad), EINVAL);
	long long before[4];
	for (int i = 0; i < 4; i++)
		before[i] = now_ns(clocks[i]) / 1000 * 1000;
	preload_test_input(INPUT_POINTER, frame, 3);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(wait_events(fds[i], events[i], 8), 4);
		for (int k = 1; k < 4; k++)
			CHECK_INT(event_ns(&events[i][k]), event_ns(&events[i][0]));
		CHECK(event_ns(&events[i][0]) >= before[i]);
		CHECK(event_ns(&events[i][0]) <= now_ns(clocks[i]));
	}
	CHECK_INT(event_ns(&events[0][0]), event_ns(&events[1][0]));
	emit(INPUT_POINTER, EV_KEY, BTN_LEFT, 0);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	preload_test_end();
}

/* EVIOCSCLOCKID takes back what was stamped by another clock, and says so. */
TEST(another_clock_drops)
{
	struct input_event events[8];
	int clock = CLOCK_MONOTONIC;

	preload_test_begin();
	int fd = open_input(INPUT_POINTER, O_RDONLY | O_NONBLOCK);
	CHECK_INT(ioctl(fd, EVIOCSCLOCKID, &clock), 0); /* nothing to drop */
	emit(INPUT_POINTER, EV_REL, REL_X, 1);
	CHECK_INT(ioctl(fd, EVIOCSCLOCKID, &clock), 0); /* no change */
	CHECK_INT(polls(fd), POLLIN | POLLOUT);
	clock = CLOCK_BOOTTIME;
	CHECK_INT(ioctl(fd, EVIOCSCLOCKID, &clock), 0);
	CHECK_INT(polls(fd), POLLOUT);
	CHECK_ERRNO(read(fd, events, sizeof(events)), EAGAIN);
	emit(INPUT_POINTER, EV_REL, REL_X, 2);
	CHECK_INT(wait_events(fd, events, 8), 3);
	check_event(&events[0], EV_SYN, SYN_DROPPED, 0);
	check_event(&events[1], EV_REL, REL_X, 2);
	close(fd);
	preload_test_end();
}

TEST(overflow_and_resync)
{
	static struct input_event events[EVENTS];
	unsigned long keys[LONGS(KEY_CNT)];

	preload_test_begin();
	int slow = open_input(INPUT_POINTER, O_RDONLY | O_NONBLOCK);
	int quick = open_input(INPUT_POINTER, O_RDONLY | O_NONBLOCK);
	emit(INPUT_POINTER, EV_KEY, BTN_RIGHT, 1);
	for (int i = 1; i <= 100; i++) {
		emit(INPUT_POINTER, EV_REL, REL_X, i);
		if (i == 50)
			CHECK_INT(wait_events(quick, events, EVENTS), 102);
	}
	CHECK_INT(wait_events(quick, events, EVENTS), 100); /* it lost nothing */
	int count = wait_events(slow, events, EVENTS);
	CHECK(count < 128);
	check_event(&events[0], EV_SYN, SYN_DROPPED, 0);
	check_event(&events[count - 2], EV_REL, REL_X, 100);
	/* Which is when a program asks for the state. */
	memset(keys, 0, sizeof(keys));
	CHECK_INT(ioctl(slow, EVIOCGKEY(sizeof(keys)), keys), sizeof(keys));
	CHECK(has_bit(keys, BTN_RIGHT) && !has_bit(keys, BTN_LEFT));
	emit(INPUT_POINTER, EV_KEY, BTN_RIGHT, 0);
	CHECK_INT(wait_events(slow, events, EVENTS), 2);
	close(slow);
	close(quick);
	preload_test_end();
}

/* Who asks for the state needs no news of before. */
TEST(state_takes_events_back)
{
	struct input_event events[8];
	unsigned long switches[1] = {0};

	preload_test_begin();
	int fd = open_input(INPUT_SWITCH, O_RDONLY | O_NONBLOCK);
	emit(INPUT_SWITCH, EV_SW, SW_LID, 1);
	emit(INPUT_SWITCH, EV_SW, SW_LID, 1); /* it is */
	CHECK_INT(wait_events(fd, events, 8), 2);
	check_event(&events[0], EV_SW, SW_LID, 1);
	emit(INPUT_SWITCH, EV_SW, SW_LID, 0);
	emit(INPUT_SWITCH, EV_SW, SW_TABLET_MODE, 1);
	emit(INPUT_SWITCH, EV_SW, SW_LID, 1);
	CHECK_INT(ioctl(fd, EVIOCGSW(sizeof(switches)), switches), sizeof(switches));
	CHECK_INT(switches[0], 1 << SW_LID | 1 << SW_TABLET_MODE);
	/* Of three frames, the first one's end stays: it might be that of one half read. */
	CHECK_INT(wait_events(fd, events, 8), 1);
	check_event(&events[0], EV_SYN, SYN_REPORT, 0);
	CHECK_INT(polls(fd), POLLOUT);
	emit(INPUT_SWITCH, EV_SW, SW_LID, 0);
	emit(INPUT_SWITCH, EV_SW, SW_TABLET_MODE, 0);
	CHECK_INT(wait_events(fd, events, 8), 4);
	/* Not those of other types: a key's scan code stays, with the end of its frame. */
	close(fd);
	fd = open_input(INPUT_KEYBOARD, O_RDONLY | O_NONBLOCK);
	unsigned long keys[LONGS(KEY_CNT)];
	preload_test_key(KEY_B, 1);
	CHECK_INT(ioctl(fd, EVIOCGKEY(sizeof(keys)), keys), sizeof(keys));
	CHECK(has_bit(keys, KEY_B));
	CHECK_INT(wait_events(fd, events, 8), 2);
	check_event(&events[0], EV_MSC, MSC_SCAN, KEY_B);
	check_event(&events[1], EV_SYN, SYN_REPORT, 0);
	preload_test_key(KEY_B, 0);
	close(fd);
	preload_test_end();
}

TEST(masks)
{
	unsigned long bits[LONGS(KEY_CNT)] = {0}, got[LONGS(KEY_CNT) + 1];
	struct input_event events[8];

	preload_test_begin();
	int fd = open_input(INPUT_POINTER, O_RDONLY | O_NONBLOCK);
	struct input_mask mask = {.type = EV_KEY, .codes_size = sizeof(got),
		.codes_ptr = (uintptr_t)got};
	memset(got, 0x55, sizeof(got));
	CHECK_INT(ioctl(fd, EVIOCGMASK, &mask), 0);
	CHECK(got[0] == ~0ul && got[LONGS(KEY_CNT) - 1] == ~0ul);
	CHECK_INT(got[LONGS(KEY_CNT)], 0); /* there are no such codes */
	bits[BTN_LEFT / 64] = 1ul << (BTN_LEFT % 64);
	mask = (struct input_mask){.type = EV_KEY, .codes_size = sizeof(bits),
		.codes_ptr = (uintptr_t)bits};
	CHECK_INT(ioctl(fd, EVIOCSMASK, &mask), 0);
	mask.codes_size = 3;
	CHECK_ERRNO(ioctl(fd, EVIOCSMASK, &mask), EINVAL);
	emit(INPUT_POINTER, EV_KEY, BTN_RIGHT, 1);
	emit(INPUT_POINTER, EV_KEY, BTN_RIGHT, 0);
	CHECK_INT(polls(fd), POLLOUT); /* nor ends of empty frames */
	emit(INPUT_POINTER, EV_KEY, BTN_LEFT, 1);
	emit(INPUT_POINTER, EV_KEY, BTN_LEFT, 0);
	CHECK_INT(wait_events(fd, events, 8), 4);
	mask = (struct input_mask){.type = EV_KEY, .codes_size = sizeof(bits),
		.codes_ptr = (uintptr_t)got};
	CHECK_INT(ioctl(fd, EVIOCGMASK, &mask), 0);
	CHECK(memcmp(bits, got, sizeof(bits)) == 0);
	/* A type at all; types that nobody knows. */
	unsigned long types = ~(1ul << EV_REL);
	mask = (struct input_mask){.type = EV_SYN, .codes_size = sizeof(types),
		.codes_ptr = (uintptr_t)&types};
	CHECK_INT(ioctl(fd, EVIOCSMASK, &mask), 0);
	emit(INPUT_POINTER, EV_REL, REL_X, 1);
	CHECK_INT(polls(fd), POLLOUT);
	mask.type = 0x77;
	CHECK_INT(ioctl(fd, EVIOCSMASK, &mask), 0);
	mask.type = EV_KEY;
	mask.codes_ptr = 8;
	CHECK_ERRNO(ioctl(fd, EVIOCSMASK, &mask), EFAULT);
	close(fd);
	preload_test_end();
}

TEST(grab_and_revoke)
{
	struct input_event events[8] = {{.type = EV_SYN}};
	int version;

	preload_test_begin();
	int fd = open_input(INPUT_POINTER, O_RDWR | O_NONBLOCK);
	int other = open_input(INPUT_POINTER, O_RDWR | O_NONBLOCK);
	CHECK_INT(ioctl(fd, EVIOCGRAB, (void *)1), 0);
	CHECK_ERRNO(ioctl(other, EVIOCGRAB, (void *)1), EBUSY);
	CHECK_ERRNO(ioctl(other, EVIOCGRAB, NULL), EINVAL);
	emit(INPUT_POINTER, EV_REL, REL_X, 1);
	CHECK_INT(polls(other), POLLOUT);
	CHECK_INT(wait_events(fd, events, 8), 2);
	CHECK_ERRNO(ioctl(fd, EVIOCREVOKE, (void *)1), EINVAL);
	CHECK_INT(ioctl(fd, EVIOCREVOKE, NULL), 0);
	CHECK_INT(polls(fd) & (POLLHUP | POLLIN), POLLHUP | POLLIN);
	CHECK_ERRNO(read(fd, events, sizeof(events)), ENODEV);
	CHECK_ERRNO(read(fd, events, 0), ENODEV);
	CHECK_ERRNO(read(fd, events, 5), EINVAL);
	CHECK_ERRNO(write(fd, events, 24), ENODEV);
	CHECK_ERRNO(ioctl(fd, EVIOCGVERSION, &version), ENODEV);
	CHECK_ERRNO(ioctl(fd, EVIOCREVOKE, NULL), ENODEV);
	emit(INPUT_POINTER, EV_REL, REL_X, 2);
	CHECK_INT(wait_events(other, events, 8), 2); /* the grab went with it */
	close(fd);
	close(other);
	preload_test_end();
}

TEST(write_leds)
{
	enum { FRAME = 2 * sizeof(struct input_event) };
	struct input_event leds[3] = {
		{.type = EV_LED, .code = LED_CAPSL, .value = 1}, {.type = EV_SYN, .code = SYN_REPORT},
	};
	struct input_event events[8];
	unsigned long state[1] = {0};

	preload_test_begin();
	int fd = open_input(INPUT_KEYBOARD, O_RDWR | O_NONBLOCK);
	int other = open_input(INPUT_KEYBOARD, O_RDONLY | O_NONBLOCK);
	CHECK_INT(write(fd, leds, FRAME), FRAME);
	CHECK_INT(write(fd, leds, FRAME + 7), FRAME); /* as it is; whole events */
	CHECK_ERRNO(write(fd, leds, 23), EINVAL);
	CHECK_INT(write(fd, leds, 0), 0);
	CHECK_INT(wait_events(other, events, 8), 2);
	check_event(&events[0], EV_LED, LED_CAPSL, 1);
	CHECK_INT(ioctl(other, EVIOCGLED(sizeof(state)), state), sizeof(state));
	CHECK_INT(state[0], 1 << LED_CAPSL);
	leds[0].value = 0;
	CHECK_INT(write(fd, leds, FRAME), FRAME);
	/* Any event of the device's may be written. */
	leds[0] = (struct input_event){.type = EV_KEY, .code = KEY_C, .value = 1};
	CHECK_INT(write(fd, leds, FRAME), FRAME);
	leds[0].value = 0;
	CHECK_INT(write(fd, leds, FRAME), FRAME);
	CHECK_INT(wait_events(other, events, 8), 6);
	check_event(&events[2], EV_KEY, KEY_C, 1);
	close(fd);
	close(other);
	preload_test_end();
}

TEST(autorepeat)
{
	struct input_event events[64];
	unsigned rep[2];
	int count, repeats = 0;

	preload_test_begin();
	int fd = open_input(INPUT_KEYBOARD, O_RDWR | O_NONBLOCK);
	CHECK_INT(ioctl(fd, EVIOCGREP, rep), 0);
	CHECK_INT(rep[REP_DELAY], 250);
	CHECK_INT(rep[REP_PERIOD], 33);
	CHECK_INT(ioctl(fd, EVIOCSREP, (unsigned[]){30, 10}), 0);
	preload_test_key(KEY_D, 1);
	CHECK(wait_events(fd, events, 2) == 2); /* EV_REP; they have no end of a frame */
	check_event(&events[0], EV_REP, REP_DELAY, 30);
	check_event(&events[1], EV_REP, REP_PERIOD, 10);
	while (repeats < 3) {
		count = wait_events(fd, events, 64);
		for (int i = 0; i < count; i++) {
			if (events[i].type != EV_KEY || events[i].value != 2)
				continue;
			check_event(&events[i], EV_KEY, KEY_D, 2);
			check_event(&events[i + 1], EV_SYN, SYN_REPORT, 1);
			repeats++;
		}
	}
	preload_test_key(KEY_D, 0);
	while (polls(fd) & POLLIN)
		count = wait_events(fd, events, 64);
	check_event(&events[count - 2], EV_KEY, KEY_D, 0);
	CHECK_INT(ioctl(fd, EVIOCSREP, (unsigned[]){250, 33}), 0);
	events[0] = (struct input_event){.type = EV_SYN, .code = SYN_REPORT};
	CHECK_INT(write(fd, events, sizeof(events[0])), sizeof(events[0]));
	close(fd);
	fd = open_input(INPUT_POINTER, O_RDONLY);
	CHECK_ERRNO(ioctl(fd, EVIOCGREP, rep), ENOSYS);
	CHECK_ERRNO(ioctl(fd, EVIOCSREP, rep), ENOSYS);
	close(fd);
	preload_test_end();
}

TEST(keymap)
{
	struct input_keymap_entry entry = {.flags = INPUT_KEYMAP_BY_INDEX, .index = KEY_CAPSLOCK};
	struct input_event events[8];
	unsigned pair[2] = {KEY_CAPSLOCK, 0};
	unsigned long keys[LONGS(KEY_CNT)];

	preload_test_begin();
	int fd = open_input(INPUT_KEYBOARD, O_RDWR | O_NONBLOCK);
	CHECK_INT(ioctl(fd, EVIOCGKEYCODE, pair), 0);
	CHECK_INT(pair[1], KEY_CAPSLOCK);
	CHECK_INT(ioctl(fd, EVIOCGKEYCODE_V2, &entry), 0);
	CHECK_INT(entry.keycode, KEY_CAPSLOCK);
	CHECK_INT(entry.len, 4);
	/* Held while it changes: nobody could release it any more. */
	preload_test_key(KEY_CAPSLOCK, 1);
	CHECK_INT(wait_events(fd, events, 8), 3);
	pair[1] = KEY_F24;
	CHECK_INT(ioctl(fd, EVIOCSKEYCODE, pair), 0);
	CHECK_INT(wait_events(fd, events, 8), 2);
	check_event(&events[0], EV_KEY, KEY_CAPSLOCK, 0);
	check_event(&events[1], EV_SYN, SYN_REPORT, 1);
	preload_test_key(KEY_CAPSLOCK, 1);
	preload_test_key(KEY_CAPSLOCK, 0);
	CHECK_INT(wait_events(fd, events, 8), 6);
	check_event(&events[0], EV_MSC, MSC_SCAN, KEY_CAPSLOCK);
	check_event(&events[1], EV_KEY, KEY_F24, 1);
	CHECK(ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) > 0);
	CHECK(!has_bit(keys, KEY_CAPSLOCK) && has_bit(keys, KEY_F24));
	pair[1] = KEY_CNT;
	CHECK_ERRNO(ioctl(fd, EVIOCSKEYCODE, pair), EINVAL);
	entry.keycode = KEY_CAPSLOCK;
	CHECK_INT(ioctl(fd, EVIOCSKEYCODE_V2, &entry), 0);
	CHECK(ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) > 0);
	CHECK(has_bit(keys, KEY_CAPSLOCK) && has_bit(keys, KEY_F24)); /* another key has that */
	entry.index = 10000;
	CHECK_ERRNO(ioctl(fd, EVIOCGKEYCODE_V2, &entry), EINVAL);
	close(fd);
	fd = open_input(INPUT_POINTER, O_RDONLY);
	CHECK_ERRNO(ioctl(fd, EVIOCGKEYCODE, pair), EINVAL);
	close(fd);
	preload_test_end();
}

TEST(axes)
{
	struct input_absinfo info, again;
	struct input_event events[8];

	preload_test_begin();
	int fd = open_input(INPUT_GAMEPAD, O_RDWR | O_NONBLOCK);
	CHECK_INT(ioctl(fd, EVIOCGABS(ABS_X), &info), 0);
	CHECK_INT(info.minimum, -32768);
	CHECK_INT(info.fuzz, 16);
	/* Around 0 with a fuzz of 16: nothing, a quarter, a half, all. */
	static const int steps[][2] = {{7, 0}, {12, 3}, {30, 16}, {1016, 1016}};
	for (int i = 0; i < 4; i++) {
		emit(INPUT_GAMEPAD, EV_ABS, ABS_X, steps[i][0]);
		if (steps[i][1] == 0) {
			CHECK_INT(polls(fd), POLLOUT);
			continue;
		}
		CHECK_INT(wait_events(fd, events, 8), 2);
		check_event(&events[0], EV_ABS, ABS_X, steps[i][1]);
	}
	again = info;
	again.fuzz = 0;
	again.maximum = 500;
	again.value = 100;
	CHECK_INT(ioctl(fd, EVIOCSABS(ABS_X), &again), 0);
	emit(INPUT_GAMEPAD, EV_ABS, ABS_X, 100);
	CHECK_INT(polls(fd), POLLOUT);
	emit(INPUT_GAMEPAD, EV_ABS, ABS_X, 101);
	CHECK_INT(wait_events(fd, events, 8), 2);
	CHECK_INT(ioctl(fd, EVIOCGABS(ABS_X), &again), 0);
	CHECK_INT(again.maximum, 500);
	CHECK_INT(again.value, 101);
	CHECK_INT(ioctl(fd, EVIOCSABS(ABS_X), &info), 0);
	close(fd);
	fd = open_input(INPUT_TOUCH, O_RDONLY);
	CHECK_ERRNO(ioctl(fd, EVIOCSABS(ABS_MT_SLOT), &info), EINVAL);
	close(fd);
	fd = open_input(INPUT_KEYBOARD, O_RDONLY);
	CHECK_ERRNO(ioctl(fd, EVIOCGABS(ABS_X), &info), EINVAL);
	CHECK_ERRNO(ioctl(fd, EVIOCSABS(ABS_X), &info), EINVAL);
	close(fd);
	preload_test_end();
}

TEST(touch)
{
	static const int down[][3] = {
		{EV_ABS, ABS_MT_SLOT, 1}, {EV_ABS, ABS_MT_TRACKING_ID, 40},
		{EV_ABS, ABS_MT_POSITION_X, 77}, {EV_KEY, BTN_TOUCH, 1},
	};
	static const int up[][3] = {{EV_ABS, ABS_MT_TRACKING_ID, -1}, {EV_KEY, BTN_TOUCH, 0}};
	struct {
		uint32_t code;
		int32_t values[10];
	} slots = {.code = ABS_MT_TRACKING_ID};
	struct input_event events[8];

	preload_test_begin();
	int fd = open_input(INPUT_TOUCH, O_RDONLY | O_NONBLOCK);
	preload_test_input(INPUT_TOUCH, down, 4);
	CHECK_INT(wait_events(fd, events, 8), 5);
	check_event(&events[0], EV_ABS, ABS_MT_SLOT, 1);
	check_event(&events[1], EV_ABS, ABS_MT_TRACKING_ID, 40);
	CHECK_INT(ioctl(fd, EVIOCGMTSLOTS(sizeof(slots)), &slots), 0);
	CHECK_INT(slots.values[0], -1);
	CHECK_INT(slots.values[1], 40);
	preload_test_input(INPUT_TOUCH, up, 2);
	CHECK_INT(wait_events(fd, events, 8), 3);
	check_event(&events[0], EV_ABS, ABS_MT_TRACKING_ID, -1); /* the slot is still 1 */
	close(fd);
	preload_test_end();
}

static void *read_one(void *fd)
{
	struct input_event events[8];

	return read(*(int *)fd, events, sizeof(events)) == 48 && events[0].value == 5 ? fd : NULL;
}

/* Threads wait in read for one frame each, of the same file; nobody gets a part or waits on. */
TEST(blocking_readers)
{
	enum { READERS = 3 };
	pthread_t threads[READERS];
	void *result;

	preload_test_begin();
	int fd = open_input(INPUT_POINTER, O_RDONLY);
	for (int i = 0; i < READERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, read_one, &fd), 0);
	for (int i = 0; i < READERS; i++) {
		/* Not before the last one is read: two would be one read. */
		while (polls(fd) & POLLIN)
			usleep(1000);
		emit(INPUT_POINTER, EV_REL, REL_X, 5);
	}
	for (int i = 0; i < READERS; i++) {
		CHECK_INT(pthread_join(threads[i], &result), 0);
		CHECK(result);
	}
	CHECK_INT(polls(fd), POLLOUT);
	close(fd);
	preload_test_end();
}
