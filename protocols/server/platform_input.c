/* The input devices: those of the start, and those that come and go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform_internal.h"

/* Room for every kind's name, several times. */
enum { LIST_MAX = 512 };

/* Calls take for each kind of a list. -EINVAL: what is none; else what take returned. */
static int each_kind(const char *list, int (*take)(void *data, enum evdev_kind kind), void *data)
{
	char words[LIST_MAX], *rest = words, *word;
	enum evdev_kind kind;
	int ret = 0;

	if (strlen(list) >= sizeof(words))
		return -EINVAL;
	strcpy(words, list);
	while (ret == 0 && (word = strsep(&rest, ",")))
		ret = evdev_kind_by_name(word, &kind) ? take(data, kind) : -EINVAL;
	return ret;
}

static int count_kind(void *data, enum evdev_kind kind)
{
	unsigned *count = data;

	return ++*count > EVDEV_INDEX_MAX + 1 ? -ENOSPC : 0;
}

bool platform_inputs_valid(const char *list)
{
	unsigned count = 0;

	return each_kind(list, count_kind, &count) == 0;
}

static int add_kind(void *data, enum evdev_kind kind)
{
	unsigned index;

	return platform_input_add(data, kind, NULL, &index);
}

int platform_start_inputs(struct platform *platform, const char *list)
{
	pthread_mutex_init(&platform->inputs.lock, NULL);
	int ret = list ? each_kind(list, add_kind, platform) : 0;
	if (ret < 0)
		platform_stop_inputs(platform);
	return ret;
}

static void remove_locked(struct platform *platform, unsigned index)
{
	struct evdev_device *dev = platform->inputs.devices[index];

	platform->inputs.devices[index] = NULL;
	tree_remove_input(platform->tree, dev);
	evdev_get(dev);
	evdev_destroy(dev);
	tree_uevent_input(platform->tree, dev, "remove");
	evdev_put(dev);
}

void platform_stop_inputs(struct platform *platform)
{
	pthread_mutex_lock(&platform->inputs.lock);
	for (unsigned i = 0; i <= EVDEV_INDEX_MAX; i++)
		if (platform->inputs.devices[i])
			remove_locked(platform, i);
	pthread_mutex_unlock(&platform->inputs.lock);
	pthread_mutex_destroy(&platform->inputs.lock);
}

static int add_locked(struct platform *platform, const struct evdev_options *options)
{
	struct evdev_device *dev;
	int ret = evdev_create(platform->vfs, options, &dev);

	if (ret < 0)
		return ret;
	ret = tree_add_input(platform->tree, dev);
	if (ret < 0) {
		tree_remove_input(platform->tree, dev);
		evdev_destroy(dev);
		return ret;
	}
	platform->inputs.devices[options->index] = dev;
	tree_uevent_input(platform->tree, dev, "add");
	return 0;
}

int platform_input_add(struct platform *platform, enum evdev_kind kind, const char *name,
	unsigned *index)
{
	struct evdev_options options = {
		.kind = kind, .name = name,
		.abs_max_x = PLATFORM_TABLET_MAX, .abs_max_y = PLATFORM_TABLET_MAX,
	};
	int ret = -ENOSPC;

	pthread_mutex_lock(&platform->inputs.lock);
	while (options.index <= EVDEV_INDEX_MAX && platform->inputs.devices[options.index])
		options.index++;
	if (options.index <= EVDEV_INDEX_MAX)
		ret = add_locked(platform, &options);
	pthread_mutex_unlock(&platform->inputs.lock);
	*index = options.index;
	return ret;
}

int platform_input_remove(struct platform *platform, unsigned index)
{
	int ret = -ENODEV;

	pthread_mutex_lock(&platform->inputs.lock);
	if (index <= EVDEV_INDEX_MAX && platform->inputs.devices[index]) {
		remove_locked(platform, index);
		ret = 0;
	}
	pthread_mutex_unlock(&platform->inputs.lock);
	return ret;
}

struct evdev_device *platform_input_lookup(struct platform *platform, unsigned index)
{
	struct evdev_device *dev = NULL;

	pthread_mutex_lock(&platform->inputs.lock);
	if (index <= EVDEV_INDEX_MAX && platform->inputs.devices[index])
		dev = evdev_get(platform->inputs.devices[index]);
	pthread_mutex_unlock(&platform->inputs.lock);
	return dev;
}

struct evdev_device *platform_input_get(struct platform *platform, enum evdev_kind kind)
{
	struct evdev_device *found = NULL;

	pthread_mutex_lock(&platform->inputs.lock);
	for (unsigned i = 0; i <= EVDEV_INDEX_MAX && !found; i++) {
		struct evdev_device *dev = platform->inputs.devices[i];

		if (dev && evdev_get_kind(dev) == kind)
			found = evdev_get(dev);
	}
	pthread_mutex_unlock(&platform->inputs.lock);
	return found;
}

struct evdev_device *platform_input_take(struct platform *platform, enum evdev_kind kind,
	FILE *out)
{
	struct evdev_device *dev = platform_input_get(platform, kind);

	if (!dev)
		control_refuse(out, "no %s: input add %s makes one", evdev_kind_name(kind),
			evdev_kind_name(kind));
	return dev;
}

/* What crtc 0 shows, or would show: its mode, else the first connector's preferred one. */
bool platform_screen_size(struct platform *platform, unsigned *width, unsigned *height)
{
	const struct drm_mode_modeinfo *mode = NULL;
	struct kms_device *kms = platform->card->kms;

	pthread_mutex_lock(&kms->lock);
	if (kms->crtcs[0].state.active)
		mode = &kms->crtcs[0].state.mode;
	else if (kms->connectors[0].mode_count > 0)
		mode = &kms->connectors[0].modes[0];
	if (mode) {
		*width = mode->hdisplay;
		*height = mode->vdisplay;
	}
	pthread_mutex_unlock(&kms->lock);
	return mode != NULL;
}

/* The smallest that libinput's transformation (value * size / (max + 1)) puts there. */
int platform_axis_position(long pixel, unsigned size, int max)
{
	long range = max + 1l;

	return (pixel * range + size - 1) / size;
}
