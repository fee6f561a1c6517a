/* The bus device of a card: platform or PCI, with its driver. */
#include <ctype.h>
#include <stdio.h>

#include "tree_private.h"

enum { NAME_SIZE = 512 };

void tree_parent_init(struct tree_parent *parent, const struct uapi_device *dev)
{
	const struct uapi_place *place = &dev->place;
	char *at;

	snprintf(parent->syspath, sizeof(parent->syspath), "/sys/devices/%s/%s",
		place->pci ? "pci0000:00" : "platform", place->name);
	snprintf(parent->id_path, sizeof(parent->id_path), "%s-%s",
		place->pci ? "pci" : "platform", place->name);
	snprintf(parent->id_tag, sizeof(parent->id_tag), "%s", parent->id_path);
	/* As udevd's path_id does. */
	for (at = parent->id_tag; *at; at++) {
		if (!isalnum((unsigned char)*at) && *at != '-')
			*at = '_';
	}
}

int tree_add_power(struct tree *tree, const char *syspath)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s/power/control", syspath);
	int ret = tree_print(tree, name, "auto\n");
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/power/runtime_status", syspath);
	return tree_print(tree, name, "unsupported\n");
}

/*
 * The alias has the instance, which the kernel's has not: libdrm tells platform
 * devices apart by it and would take two cards for one.
 */
static int add_platform(struct tree *tree, const struct uapi_device *dev,
	const struct tree_parent *parent)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s/modalias", parent->syspath);
	int ret = tree_print(tree, name, "platform:%s\n", dev->place.name);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/uevent", parent->syspath);
	return tree_print(tree, name, "DRIVER=%s\nMODALIAS=platform:%s\n",
		dev->driver_name, dev->place.name);
}

/* The links between a device, its bus and its driver. */
static int add_links(struct tree *tree, const struct uapi_device *dev,
	const struct tree_parent *parent)
{
	char bus[32], driver[NAME_SIZE], name[NAME_SIZE + 32];

	snprintf(bus, sizeof(bus), "/sys/bus/%s", dev->place.pci ? "pci" : "platform");
	snprintf(driver, sizeof(driver), "%s/drivers/%s", bus, dev->driver_name);
	snprintf(name, sizeof(name), "%s/%s", driver, dev->place.name);
	int ret = tree_link(tree, name, parent->syspath);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/driver", parent->syspath);
	ret = tree_link(tree, name, driver);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/subsystem", parent->syspath);
	ret = tree_link(tree, name, bus);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/devices/%s", bus, dev->place.name);
	return tree_link(tree, name, parent->syspath);
}

int tree_add_parent(struct tree *tree, const struct uapi_device *dev,
	const struct tree_parent *parent)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s/driver_override", parent->syspath);
	int ret = tree_print(tree, name, "(null)\n");
	if (ret)
		return ret;
	ret = dev->place.pci ? tree_add_pci(tree, dev, parent) :
		add_platform(tree, dev, parent);
	if (ret == 0)
		ret = tree_add_power(tree, parent->syspath);
	return ret ? ret : add_links(tree, dev, parent);
}
