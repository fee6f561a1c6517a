/* A card as a PCI device: what the kernel's pci-sysfs and udevd's hwdb say of a G33. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tree_private.h"

enum { NAME_SIZE = 512, CONFIG_SIZE = 256, BAR_COUNT = 6, RESOURCE_COUNT = 13 };

/* Flags of a line of "resource", as IORESOURCE_*; the low bits are the BAR's own. */
enum { RESOURCE_IO = 0x40101, RESOURCE_MEMORY = 0x40200, RESOURCE_PREFETCH = 0x42208 };

/* Registers, I/O ports, aperture, translation table. Each card has its own addresses. */
struct bar {
	uint32_t start, size, flags;
};

static void get_bars(const struct uapi_device *dev, struct bar bars[BAR_COUNT])
{
	unsigned slot = 0;

	sscanf(dev->place.name, "%*x:%*x:%x", &slot);
	memset(bars, 0, BAR_COUNT * sizeof(*bars));
	bars[0] = (struct bar){0xfdf00000 - slot * 0x200000, 512 << 10, RESOURCE_MEMORY};
	bars[1] = (struct bar){0xff00 - slot * 8, 8, RESOURCE_IO};
	bars[2] = (struct bar){0xb0000000 + slot * 0x10000000, 256 << 20, RESOURCE_PREFETCH};
	bars[3] = (struct bar){0xfde00000 - slot * 0x200000, 1 << 20, RESOURCE_MEMORY};
}

static void put(uint8_t *at, uint32_t value, unsigned bytes)
{
	while (bytes--) {
		*at++ = value;
		value >>= 8;
	}
}

/* The standard header of configuration space; no capabilities. */
static int add_config(struct tree *tree, const char *name, const struct bar bars[BAR_COUNT])
{
	uint8_t config[CONFIG_SIZE] = {0};

	put(config + 0x00, UAPI_PCI_VENDOR, 2);
	put(config + 0x02, UAPI_PCI_DEVICE, 2);
	put(config + 0x04, 0x0007, 2); /* command: I/O, memory, bus master */
	put(config + 0x06, 0x0080, 2); /* status: fast back-to-back */
	put(config + 0x08, UAPI_PCI_REVISION, 1);
	put(config + 0x09, UAPI_PCI_CLASS, 3);
	for (unsigned i = 0; i < BAR_COUNT; i++) {
		if (bars[i].size)
			put(config + 0x10 + i * 4, bars[i].start | (bars[i].flags & 0xf), 4);
	}
	put(config + 0x2c, UAPI_PCI_VENDOR, 2);
	put(config + 0x2e, UAPI_PCI_DEVICE, 2);
	put(config + 0x3c, 16, 1); /* interrupt line */
	put(config + 0x3d, 1, 1);  /* INTA */
	return tree_write(tree, name, config, sizeof(config));
}

static int add_resource(struct tree *tree, const char *name, const struct bar bars[BAR_COUNT])
{
	char text[RESOURCE_COUNT * 64];
	size_t used = 0;

	for (unsigned i = 0; i < RESOURCE_COUNT; i++) {
		struct bar bar = i < BAR_COUNT ? bars[i] : (struct bar){0};
		uint32_t end = bar.size ? bar.start + bar.size - 1 : 0;

		used += snprintf(text + used, sizeof(text) - used, "0x%016x 0x%016x 0x%016x\n",
			bar.start, end, bar.flags);
	}
	return tree_write(tree, name, text, used);
}

/* A line of a file of the device. */
__attribute__((format(printf, 4, 5)))
static int add_text(struct tree *tree, const struct tree_parent *parent, const char *file,
	const char *format, ...)
{
	char name[NAME_SIZE], text[256];
	va_list args;

	snprintf(name, sizeof(name), "%s/%s", parent->syspath, file);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return tree_print(tree, name, "%s\n", text);
}

/* What finds the device by its numbers. */
static int add_identity(struct tree *tree, const struct uapi_device *dev,
	const struct tree_parent *parent)
{
	char modalias[64];
	int ret;

	snprintf(modalias, sizeof(modalias), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		UAPI_PCI_VENDOR, UAPI_PCI_DEVICE, UAPI_PCI_VENDOR, UAPI_PCI_DEVICE,
		UAPI_PCI_CLASS >> 16, UAPI_PCI_CLASS >> 8 & 0xff, UAPI_PCI_CLASS & 0xff);
	if ((ret = add_text(tree, parent, "vendor", "0x%04x", UAPI_PCI_VENDOR)) ||
	    (ret = add_text(tree, parent, "device", "0x%04x", UAPI_PCI_DEVICE)) ||
	    (ret = add_text(tree, parent, "subsystem_vendor", "0x%04x", UAPI_PCI_VENDOR)) ||
	    (ret = add_text(tree, parent, "subsystem_device", "0x%04x", UAPI_PCI_DEVICE)) ||
	    (ret = add_text(tree, parent, "class", "0x%06x", UAPI_PCI_CLASS)) ||
	    (ret = add_text(tree, parent, "revision", "0x%02x", UAPI_PCI_REVISION)) ||
	    (ret = add_text(tree, parent, "modalias", "%s", modalias)))
		return ret;
	return add_text(tree, parent, "uevent",
		"DRIVER=%s\nPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
		"PCI_SLOT_NAME=%s\nMODALIAS=%s", dev->driver_name, UAPI_PCI_CLASS,
		UAPI_PCI_VENDOR, UAPI_PCI_DEVICE, UAPI_PCI_VENDOR, UAPI_PCI_DEVICE,
		dev->place.name, modalias);
}

static int add_state(struct tree *tree, const struct tree_parent *parent, bool first)
{
	int ret;

	if ((ret = add_text(tree, parent, "irq", "16")) ||
	    (ret = add_text(tree, parent, "enable", "1")) ||
	    (ret = add_text(tree, parent, "boot_vga", first ? "1" : "0")) ||
	    (ret = add_text(tree, parent, "numa_node", "-1")) ||
	    (ret = add_text(tree, parent, "dma_mask_bits", "32")) ||
	    (ret = add_text(tree, parent, "msi_bus", "1")))
		return ret;
	return 0;
}

/* The bus the device is on, and what udevd's hardware database says. */
static int add_surroundings(struct tree *tree, const struct uapi_device *dev)
{
	char name[NAME_SIZE];

	int ret = tree_print(tree, "/sys/devices/pci0000:00/uevent", "%s", "");
	if (ret)
		return ret;
	ret = tree_add_power(tree, "/sys/devices/pci0000:00");
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/run/udev/data/+pci:%s", dev->place.name);
	return tree_print(tree, name,
		"I:%u\nE:ID_PCI_CLASS_FROM_DATABASE=Display controller\n"
		"E:ID_PCI_SUBCLASS_FROM_DATABASE=VGA compatible controller\n"
		"E:ID_PCI_INTERFACE_FROM_DATABASE=VGA controller\n"
		"E:ID_VENDOR_FROM_DATABASE=Intel Corporation\n"
		"E:ID_MODEL_FROM_DATABASE=82G33/G31 Express Integrated Graphics Controller\n"
		"V:1\n", TREE_UDEV_TIME);
}

int tree_add_pci(struct tree *tree, const struct uapi_device *dev,
	const struct tree_parent *parent)
{
	struct bar bars[BAR_COUNT];
	char name[NAME_SIZE];

	get_bars(dev, bars);
	snprintf(name, sizeof(name), "%s/config", parent->syspath);
	int ret = add_config(tree, name, bars);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/resource", parent->syspath);
	ret = add_resource(tree, name, bars);
	if (ret)
		return ret;
	ret = add_identity(tree, dev, parent);
	if (ret)
		return ret;
	/* The firmware lit the first card. */
	ret = add_state(tree, parent, tree->card_count == 1);
	return ret ? ret : add_surroundings(tree, dev);
}
