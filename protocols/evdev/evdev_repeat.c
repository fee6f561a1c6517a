/*
 * Autorepeat: the last key that went down comes again while it is held, until a key
 * goes up (kernel: input_repeat_key). In real time: so are the events' stamps.
 */
#include <errno.h>

#include "evdev_private.h"
#include "gem_thread.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Of the one that is due. */
static void repeat_locked(struct evdev_device *dev)
{
	const struct evdev_value again[] = {
		{EV_KEY, dev->repeat.key, 2}, {EV_SYN, SYN_REPORT, 1},
	};

	if (!evdev_test_bit(dev->keys, dev->repeat.key) ||
			!evdev_test_bit(dev->caps.key, dev->repeat.key)) {
		dev->repeat.key = 0;
		return;
	}
	evdev_pass_locked(dev, again, GEM_ARRAY_SIZE(again));
	if (dev->rep[REP_PERIOD] > 0)
		dev->repeat.at = now_ns() + dev->rep[REP_PERIOD] * NS_PER_MS;
	else
		dev->repeat.key = 0;
}

static void *run(void *data)
{
	struct evdev_device *dev = data;

	pthread_mutex_lock(&dev->lock);
	while (!dev->gone) {
		if (dev->repeat.key == 0) {
			pthread_cond_wait(&dev->repeat.changed, &dev->lock);
			continue;
		}
		const struct timespec at = {dev->repeat.at / NS_PER_S, dev->repeat.at % NS_PER_S};
		if (now_ns() >= dev->repeat.at)
			repeat_locked(dev);
		else
			pthread_cond_timedwait(&dev->repeat.changed, &dev->lock, &at);
	}
	pthread_mutex_unlock(&dev->lock);
	return NULL;
}

int evdev_repeat_start(struct evdev_device *dev)
{
	if (!evdev_test_bit(dev->caps.ev, EV_REP))
		return 0;
	int ret = gem_thread_start(&dev->repeat.thread, NULL, run, dev);
	dev->repeat.running = ret == 0;
	return ret;
}

void evdev_repeat_stop(struct evdev_device *dev)
{
	if (!dev->repeat.running)
		return;
	pthread_mutex_lock(&dev->lock);
	pthread_cond_signal(&dev->repeat.changed);
	pthread_mutex_unlock(&dev->lock);
	pthread_join(dev->repeat.thread, NULL);
	dev->repeat.running = false;
}

void evdev_repeat_key_locked(struct evdev_device *dev, int key)
{
	dev->repeat.key = 0;
	if (key == 0 || dev->rep[REP_DELAY] == 0 || dev->rep[REP_PERIOD] == 0)
		return;
	dev->repeat.key = key;
	dev->repeat.at = now_ns() + dev->rep[REP_DELAY] * NS_PER_MS;
	pthread_cond_signal(&dev->repeat.changed);
}
