/* Input devices: sysfs files with their capabilities, and what udevd's input_id finds. */
#include <stdio.h>
#include <string.h>

#include "tree_private.h"

enum { NAME_SIZE = 512, TEXT_SIZE = 512, BITS_WORDS = 16 };

#define UDEV_TIME 1000000 /* microseconds */

/* Bitmaps as sysfs prints them: words in hex from the highest one that is not 0. */
static void print_bits(const unsigned long *bits, unsigned words, char text[TEXT_SIZE])
{
	size_t used = 0;

	while (words > 1 && bits[words - 1] == 0)
		words--;
	text[0] = '\0';
	if (words == 0)
		snprintf(text, TEXT_SIZE, "0");
	while (words-- > 0)
		used += snprintf(text + used, TEXT_SIZE - used, "%lx%s", bits[words],
			words ? " " : "");
}

static void print_caps(const struct evdev_device *dev, unsigned type, char text[TEXT_SIZE])
{
	unsigned long bits[BITS_WORDS];

	print_bits(bits, evdev_get_bits(dev, type, bits, BITS_WORDS), text);
}

static const struct {
	const char *file, *uevent;
	unsigned type;
} capabilities[] = {
	{"ev", "EV", 0},
	{"key", "KEY", EV_KEY},
	{"rel", "REL", EV_REL},
	{"abs", "ABS", EV_ABS},
	{"msc", "MSC", EV_MSC},
	{"led", "LED", EV_LED},
	{"snd", "SND", EV_SND},
	{"ff", "FF", EV_FF},
	{"sw", "SW", EV_SW},
};

static int add_capabilities(struct tree *tree, const struct evdev_device *dev,
	const char *syspath)
{
	char name[NAME_SIZE], text[TEXT_SIZE];
	int ret = 0;

	for (size_t i = 0; i < GEM_ARRAY_SIZE(capabilities) && ret == 0; i++) {
		snprintf(name, sizeof(name), "%s/capabilities/%s", syspath, capabilities[i].file);
		print_caps(dev, capabilities[i].type, text);
		ret = tree_print(tree, name, "%s\n", text);
	}
	return ret;
}

static int add_identity(struct tree *tree, const struct evdev_device *dev, const char *syspath)
{
	unsigned long props[BITS_WORDS];
	char name[NAME_SIZE], text[TEXT_SIZE];
	struct input_id id;
	int ret = 0;

	evdev_get_id(dev, &id);
	const struct {
		const char *file;
		unsigned value;
	} numbers[] = {
		{"bustype", id.bustype}, {"vendor", id.vendor}, {"product", id.product},
		{"version", id.version},
	};
	for (size_t i = 0; i < GEM_ARRAY_SIZE(numbers) && ret == 0; i++) {
		snprintf(name, sizeof(name), "%s/id/%s", syspath, numbers[i].file);
		ret = tree_print(tree, name, "%04x\n", numbers[i].value);
	}
	if (ret)
		return ret;
	print_bits(props, evdev_get_props(dev, props, BITS_WORDS), text);
	const struct {
		const char *file, *value;
	} strings[] = {
		{"name", evdev_name(dev)}, {"phys", evdev_phys(dev)}, {"uniq", ""},
		{"properties", text}, {"inhibited", "0"},
	};
	for (size_t i = 0; i < GEM_ARRAY_SIZE(strings) && ret == 0; i++) {
		snprintf(name, sizeof(name), "%s/%s", syspath, strings[i].file);
		ret = tree_print(tree, name, "%s\n", strings[i].value);
	}
	return ret;
}

static int add_uevent(struct tree *tree, const struct evdev_device *dev, const char *syspath)
{
	char name[NAME_SIZE], all[9 * TEXT_SIZE] = "", text[TEXT_SIZE];
	unsigned long props[BITS_WORDS];
	struct input_id id;
	size_t used = 0;

	evdev_get_id(dev, &id);
	for (size_t i = 0; i < GEM_ARRAY_SIZE(capabilities); i++) {
		print_caps(dev, capabilities[i].type, text);
		if (strcmp(text, "0"))
			used += snprintf(all + used, sizeof(all) - used, "%s=%s\n",
				capabilities[i].uevent, text);
	}
	print_bits(props, evdev_get_props(dev, props, BITS_WORDS), text);
	snprintf(name, sizeof(name), "%s/uevent", syspath);
	return tree_print(tree, name, "PRODUCT=%x/%x/%x/%x\nNAME=\"%s\"\nPHYS=\"%s\"\nPROP=%s\n%s",
		id.bustype, id.vendor, id.product, id.version, evdev_name(dev), evdev_phys(dev),
		text, all);
}

/* Properties that udevd's input_id builtin would have set. */
static const char *udev_properties(const struct evdev_device *dev)
{
	switch (evdev_get_kind(dev)) {
	case EVDEV_KEYBOARD:
		return "E:ID_INPUT=1\nE:ID_INPUT_KEY=1\nE:ID_INPUT_KEYBOARD=1\n";
	case EVDEV_POINTER:
	case EVDEV_TABLET:
		return "E:ID_INPUT=1\nE:ID_INPUT_MOUSE=1\n";
	case EVDEV_TOUCH:
		return "E:ID_INPUT=1\nE:ID_INPUT_TOUCHSCREEN=1\n";
	}
	return "E:ID_INPUT=1\n";
}

static int add_data(struct tree *tree, const struct evdev_device *dev, unsigned index)
{
	const struct vfs_node *node = evdev_node(dev);
	char name[NAME_SIZE];
	int ret;

	snprintf(name, sizeof(name), "/run/udev/data/c%u:%u", node->major, node->minor);
	ret = tree_print(tree, name, "I:%u\n%sE:LIBINPUT_DEVICE_GROUP=testcard/%u\nV:1\n",
		UDEV_TIME, udev_properties(dev), index);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/run/udev/data/+input:input%u", index);
	ret = tree_print(tree, name, "I:%u\n%sG:seat\nQ:seat\nV:1\n", UDEV_TIME,
		udev_properties(dev));
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/run/udev/tags/seat/+input:input%u", index);
	return tree_write(tree, name, NULL, 0);
}

static int add_event(struct tree *tree, const struct vfs_node *node, const char *parent,
	unsigned index)
{
	char syspath[NAME_SIZE], name[NAME_SIZE * 2];
	int ret;

	snprintf(syspath, sizeof(syspath), "%s/event%u", parent, index);
	ret = tree_add_node(tree, node, syspath);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/uevent", syspath);
	ret = tree_print(tree, name, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\n", node->major, node->minor,
		node->path + strlen("/dev/"));
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/device", syspath);
	ret = tree_link(tree, name, parent);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/subsystem", syspath);
	ret = tree_link(tree, name, TREE_CLASS_INPUT);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), TREE_CLASS_INPUT "/event%u", index);
	return tree_link(tree, name, syspath);
}

static int add_input_locked(struct tree *tree, const struct evdev_device *dev)
{
	const struct vfs_node *node = evdev_node(dev);
	char syspath[NAME_SIZE / 2], name[NAME_SIZE];
	unsigned index = 0;
	int ret;

	sscanf(node->path, "/dev/input/event%u", &index);
	snprintf(syspath, sizeof(syspath), "/sys/devices/virtual/input/input%u", index);
	if ((ret = add_identity(tree, dev, syspath)) ||
	    (ret = add_capabilities(tree, dev, syspath)) ||
	    (ret = add_uevent(tree, dev, syspath)))
		return ret;
	snprintf(name, sizeof(name), "%s/subsystem", syspath);
	ret = tree_link(tree, name, TREE_CLASS_INPUT);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), TREE_CLASS_INPUT "/input%u", index);
	ret = tree_link(tree, name, syspath);
	if (ret)
		return ret;
	ret = add_event(tree, node, syspath, index);
	return ret ? ret : add_data(tree, dev, index);
}

int tree_add_input(struct tree *tree, const struct evdev_device *dev)
{
	int ret;

	pthread_mutex_lock(&tree->lock);
	ret = add_input_locked(tree, dev);
	pthread_mutex_unlock(&tree->lock);
	return ret;
}
