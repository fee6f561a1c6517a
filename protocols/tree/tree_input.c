/* Input devices: sysfs files with their capabilities, and what udevd's input_id finds. */
#include <stdio.h>
#include <string.h>

#include "tree_private.h"

enum { NAME_SIZE = 512, TEXT_SIZE = 512, BITS_WORDS = 16, TAGS_MAX = 3, PROPERTIES_MAX = 24 };

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

/* Properties that udevd's input_id builtin would have set to 1, beside ID_INPUT; NULL-terminated. */
static const char *const *udev_properties(const struct evdev_device *dev)
{
	static const char *const properties[EVDEV_KINDS][TAGS_MAX] = {
		[EVDEV_KEYBOARD] = {"ID_INPUT_KEY", "ID_INPUT_KEYBOARD"},
		[EVDEV_POINTER] = {"ID_INPUT_MOUSE"},
		[EVDEV_TABLET] = {"ID_INPUT_MOUSE"},
		[EVDEV_TOUCH] = {"ID_INPUT_TOUCHSCREEN"},
		[EVDEV_PEN] = {"ID_INPUT_TABLET"},
		[EVDEV_PAD] = {"ID_INPUT_TABLET", "ID_INPUT_TABLET_PAD"},
		[EVDEV_SWITCH] = {"ID_INPUT_SWITCH"},
		[EVDEV_GAMEPAD] = {"ID_INPUT_JOYSTICK"},
	};

	return properties[evdev_get_kind(dev)];
}

static void print_properties(const struct evdev_device *dev, char text[TEXT_SIZE])
{
	size_t used = snprintf(text, TEXT_SIZE, "E:ID_INPUT=1\n");

	for (const char *const *name = udev_properties(dev); *name; name++)
		used += snprintf(text + used, TEXT_SIZE - used, "E:%s=1\n", *name);
}

static int add_data(struct tree *tree, const struct evdev_device *dev, unsigned index)
{
	const struct vfs_node *node = evdev_node(dev);
	char name[NAME_SIZE], properties[TEXT_SIZE];
	int ret;

	print_properties(dev, properties);
	snprintf(name, sizeof(name), "/run/udev/data/c%u:%u", node->major, node->minor);
	ret = tree_print(tree, name, "I:%u\n%sE:LIBINPUT_DEVICE_GROUP=testcard/%u\nV:1\n",
		TREE_UDEV_TIME, properties, index);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/run/udev/data/+input:input%u", index);
	ret = tree_print(tree, name, "I:%u\n%sG:seat\nQ:seat\nV:1\n", TREE_UDEV_TIME,
		properties);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/run/udev/tags/seat/+input:input%u", index);
	return tree_write(tree, name, NULL, 0);
}

static int add_input_locked(struct tree *tree, const struct evdev_device *dev)
{
	char syspath[NAME_SIZE / 2], event[NAME_SIZE];
	unsigned index = evdev_index(dev);
	int ret;

	snprintf(syspath, sizeof(syspath), "/sys/devices/virtual/input/input%u", index);
	snprintf(event, sizeof(event), "%s/event%u", syspath, index);
	if ((ret = add_identity(tree, dev, syspath)) ||
	    (ret = add_capabilities(tree, dev, syspath)) ||
	    (ret = add_uevent(tree, dev, syspath)) ||
	    (ret = add_data(tree, dev, index)) ||
	    (ret = tree_add_relations(tree, syspath, NULL, TREE_CLASS_INPUT)) ||
	    (ret = tree_add_to_class(tree, syspath, TREE_CLASS_INPUT)))
		return ret;
	return tree_add_class_node(tree, evdev_node(dev), event, syspath, TREE_CLASS_INPUT, "");
}

int tree_add_input(struct tree *tree, const struct evdev_device *dev)
{
	int ret;

	pthread_mutex_lock(&tree->lock);
	ret = add_input_locked(tree, dev);
	pthread_mutex_unlock(&tree->lock);
	return ret;
}

void tree_remove_input(struct tree *tree, const struct evdev_device *dev)
{
	const struct vfs_node *node = evdev_node(dev);
	unsigned index = evdev_index(dev);
	char name[NAME_SIZE];

	pthread_mutex_lock(&tree->lock);
	static const char *const by_index[] = {
		TREE_CLASS_INPUT "/event%u", TREE_CLASS_INPUT "/input%u",
		"/run/udev/data/+input:input%u", "/run/udev/tags/seat/+input:input%u",
		"/sys/devices/virtual/input/input%u",
	};
	tree_remove_locked(tree, node->path);
	snprintf(name, sizeof(name), "/sys/dev/char/%u:%u", node->major, node->minor);
	tree_remove_locked(tree, name);
	snprintf(name, sizeof(name), "/run/udev/data/c%u:%u", node->major, node->minor);
	tree_remove_locked(tree, name);
	for (size_t i = 0; i < GEM_ARRAY_SIZE(by_index); i++) {
		snprintf(name, sizeof(name), by_index[i], index);
		tree_remove_locked(tree, name);
	}
	pthread_mutex_unlock(&tree->lock);
}

static size_t add_udev_properties(const struct evdev_device *dev, struct tree_property *all)
{
	size_t count = 0;

	all[count++] = (struct tree_property){"ID_INPUT", "1"};
	for (const char *const *name = udev_properties(dev); *name; name++)
		all[count++] = (struct tree_property){*name, "1"};
	return count;
}

static void send_event(struct tree *tree, const struct evdev_device *dev, const char *action)
{
	static const char *const tags[] = {NULL};
	const struct vfs_node *node = evdev_node(dev);
	struct tree_property all[PROPERTIES_MAX];
	char syspath[NAME_SIZE], major[16], minor[16], group[32];
	const struct tree_property usual[] = {
		{"ACTION", action}, {"DEVNAME", node->path}, {"MAJOR", major}, {"MINOR", minor},
		{"LIBINPUT_DEVICE_GROUP", group},
	};
	size_t count = add_udev_properties(dev, all);

	snprintf(syspath, sizeof(syspath), "/sys/devices/virtual/input/input%u/event%u",
		evdev_index(dev), evdev_index(dev));
	snprintf(major, sizeof(major), "%u", node->major);
	snprintf(minor, sizeof(minor), "%u", node->minor);
	snprintf(group, sizeof(group), "testcard/%u", evdev_index(dev));
	memcpy(&all[count], usual, sizeof(usual));
	tree_uevent_send(tree, syspath, "input", NULL, tags, all, count + GEM_ARRAY_SIZE(usual));
}

static void send_parent(struct tree *tree, const struct evdev_device *dev, const char *action)
{
	static const char *const tags[] = {"seat", NULL};
	char texts[GEM_ARRAY_SIZE(capabilities)][TEXT_SIZE], props_text[TEXT_SIZE];
	char syspath[NAME_SIZE], product[64], name[EVDEV_NAME_MAX + 2], phys[64];
	struct tree_property all[PROPERTIES_MAX];
	unsigned long props[BITS_WORDS];
	struct input_id id;
	size_t count = add_udev_properties(dev, all);

	evdev_get_id(dev, &id);
	snprintf(product, sizeof(product), "%x/%x/%x/%x", id.bustype, id.vendor, id.product,
		id.version);
	snprintf(name, sizeof(name), "\"%s\"", evdev_name(dev));
	snprintf(phys, sizeof(phys), "\"%s\"", evdev_phys(dev));
	print_bits(props, evdev_get_props(dev, props, BITS_WORDS), props_text);
	const struct tree_property usual[] = {
		{"ACTION", action}, {"PRODUCT", product}, {"NAME", name}, {"PHYS", phys},
		{"PROP", props_text},
	};
	memcpy(&all[count], usual, sizeof(usual));
	count += GEM_ARRAY_SIZE(usual);
	for (size_t i = 0; i < GEM_ARRAY_SIZE(capabilities); i++) {
		print_caps(dev, capabilities[i].type, texts[i]);
		if (strcmp(texts[i], "0"))
			all[count++] = (struct tree_property){capabilities[i].uevent, texts[i]};
	}
	snprintf(syspath, sizeof(syspath), "/sys/devices/virtual/input/input%u", evdev_index(dev));
	tree_uevent_send(tree, syspath, "input", NULL, tags, all, count);
}

void tree_uevent_input(struct tree *tree, const struct evdev_device *dev, const char *action)
{
	bool adding = strcmp(action, "add") == 0;

	/* A child after its parent, and before it when they go. */
	if (adding)
		send_parent(tree, dev, action);
	send_event(tree, dev, action);
	if (!adding)
		send_parent(tree, dev, action);
}
