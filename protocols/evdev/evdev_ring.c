/*
 * A file's events. The kernel's ring (evdev.c), whose size and rules programs can
 * see: a full one drops everything it has but for the newest event.
 */
#include <errno.h>
#include <string.h>

#include "evdev_private.h"

int evdev_clock_index(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
		return 0;
	case CLOCK_MONOTONIC:
		return 1;
	case CLOCK_BOOTTIME:
		return 2;
	}
	return -1;
}

static unsigned next_index(const struct evdev_file *file, unsigned index)
{
	return (index + 1) & (file->dev->ring_size - 1);
}

static bool is_report(const struct input_event *event)
{
	return event->type == EV_SYN && event->code == SYN_REPORT;
}

static void put(struct evdev_file *file, const struct input_event *event)
{
	file->ring[file->head] = *event;
	file->head = next_index(file, file->head);
	if (file->head == file->tail) {
		file->tail = (file->head - 2) & (file->dev->ring_size - 1);
		file->ring[file->tail] = (struct input_event){
			.input_event_sec = event->input_event_sec,
			.input_event_usec = event->input_event_usec,
			.type = EV_SYN, .code = SYN_DROPPED,
		};
		file->packet_head = file->tail;
	}
	if (is_report(event))
		file->packet_head = file->head;
}

void evdev_ring_pass(struct evdev_file *file, const struct evdev_value *values, unsigned count,
	const struct timespec times[EVDEV_CLOCKS])
{
	const struct timespec *now = &times[evdev_clock_index(file->clock)];
	bool wake = false;

	if (file->revoked)
		return;
	for (unsigned i = 0; i < count; i++) {
		const struct input_event event = {
			.input_event_sec = now->tv_sec, .input_event_usec = now->tv_nsec / 1000,
			.type = values[i].type, .code = values[i].code, .value = values[i].value,
		};
		if (!evdev_mask_passes(file, event.type, event.code))
			continue;
		if (is_report(&event)) {
			/* Nothing of this frame was for this file. */
			if (file->packet_head == file->head)
				continue;
			wake = true;
		}
		put(file, &event);
	}
	if (wake)
		evdev_file_wake_locked(file);
}

unsigned evdev_ring_count(const struct evdev_file *file)
{
	return (file->head - file->tail) & (file->dev->ring_size - 1);
}

unsigned evdev_ring_take(struct evdev_file *file, struct input_event *events, unsigned max)
{
	unsigned count = 0;

	for (; count < max && evdev_ring_readable(file); count++) {
		events[count] = file->ring[file->tail];
		file->tail = next_index(file, file->tail);
	}
	return count;
}

void evdev_ring_flush(struct evdev_file *file, unsigned type)
{
	unsigned to = file->tail;
	bool any = true; /* a SYN_REPORT at the front ends a frame that was read in part */

	file->packet_head = file->tail;
	for (unsigned from = file->tail; from != file->head; from = next_index(file, from)) {
		const struct input_event event = file->ring[from];

		if (event.type == type || (is_report(&event) && !any))
			continue;
		file->ring[to] = event;
		to = next_index(file, to);
		any = !is_report(&event);
		if (!any)
			file->packet_head = to;
	}
	file->head = to;
}

/* It is read with the next frame. */
void evdev_ring_lose(struct evdev_file *file)
{
	struct timespec now;

	clock_gettime(file->clock, &now);
	file->ring[file->head] = (struct input_event){
		.input_event_sec = now.tv_sec, .input_event_usec = now.tv_nsec / 1000,
		.type = EV_SYN, .code = SYN_DROPPED,
	};
	file->head = next_index(file, file->head);
	if (file->head == file->tail) {
		file->tail = (file->head - 1) & (file->dev->ring_size - 1);
		file->packet_head = file->tail;
	}
}

void evdev_ring_drop(struct evdev_file *file)
{
	if (file->head == file->tail)
		return;
	file->packet_head = file->head = file->tail;
	evdev_ring_lose(file);
}
