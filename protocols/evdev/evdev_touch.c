/* Fingers on a touchscreen: whoever they are of, the device's slots are theirs. */
#include "evdev_private.h"

static int *tracking_id(struct evdev_device *dev, int slot)
{
	return &dev->mt[slot][ABS_MT_TRACKING_ID - EVDEV_MT_FIRST];
}

static bool is_down(struct evdev_device *dev, int slot)
{
	return slot >= 0 && slot < dev->caps.slots && *tracking_id(dev, slot) >= 0;
}

static int find_free_slot(struct evdev_device *dev)
{
	for (int slot = 0; slot < dev->caps.slots; slot++)
		if (!is_down(dev, slot))
			return slot;
	return -1;
}

static void place_locked(struct evdev_device *dev, const struct evdev_finger *finger)
{
	evdev_event_locked(dev, EV_ABS, ABS_MT_POSITION_X, finger->x);
	evdev_event_locked(dev, EV_ABS, ABS_MT_POSITION_Y, finger->y);
	/* Slot 0 is the finger of programs that know only one. */
	if (finger->slot == 0) {
		evdev_event_locked(dev, EV_ABS, ABS_X, finger->x);
		evdev_event_locked(dev, EV_ABS, ABS_Y, finger->y);
	}
}

static void finger_locked(struct evdev_device *dev, struct evdev_finger *finger)
{
	bool down = finger->act == EVDEV_FINGER_DOWN;

	if (down && finger->slot < 0)
		finger->slot = find_free_slot(dev);
	if (finger->slot < 0 || finger->slot >= dev->caps.slots ||
	    (!down && !is_down(dev, finger->slot)))
		return;
	evdev_event_locked(dev, EV_ABS, ABS_MT_SLOT, finger->slot);
	/* A finger that comes again is another contact. */
	if (down)
		evdev_event_locked(dev, EV_ABS, ABS_MT_TRACKING_ID, dev->contact++);
	if (finger->act == EVDEV_FINGER_UP)
		evdev_event_locked(dev, EV_ABS, ABS_MT_TRACKING_ID, -1);
	else
		place_locked(dev, finger);
}

void evdev_emit_fingers(struct evdev_device *dev, struct evdev_finger *fingers, unsigned count)
{
	bool any = false;

	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < count && !dev->gone; i++)
		finger_locked(dev, &fingers[i]);
	for (int slot = 0; slot < dev->caps.slots; slot++)
		any = any || is_down(dev, slot);
	evdev_event_locked(dev, EV_KEY, BTN_TOUCH, any);
	evdev_event_locked(dev, EV_SYN, SYN_REPORT, 0);
	pthread_mutex_unlock(&dev->lock);
}
