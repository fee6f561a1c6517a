/*
 * The generated tree: what libdrm, libudev, Mesa and libinput read of a
 * machine beside the device nodes.
 * Real files below <root>: dev/..., sys/..., run/udev/...; the preload library
 * redirects paths into it. Device nodes appear in dev/ as empty placeholder
 * files so that readdir sees them; stat and open of them go to the door.
 *
 * Sysfs shape: a platform device /sys/devices/platform/testcard/ (a card of
 * driver "i915": a PCI device /sys/devices/pci0000:00/0000:00:02.0/ with what
 * libpciaccess reads, also through /sys/bus/pci) with drm/card0 (dev, uevent,
 * card0-Virtual-1/{status,enabled,dpms,modes,edid,connector_id,uevent}) and
 * drm/renderD128; input devices below /sys/devices/virtual/input/inputN/eventN;
 * drm/card0/error is a link to debugfs' i915_error_state;
 * /sys/class, /sys/bus, /sys/dev/char links; /run/udev/data/{c226:0,c13:64,
 * +drm:..,+input:..,+pci:..}, /run/udev/tags and /run/udev/control;
 * /dev/dri/by-path.
 */
#ifndef TREE_H
#define TREE_H

#include <stdint.h>

#include "evdev.h"
#include "uapi.h"

struct tree;

/*
 * root is made (0755) and filled; tree_destroy removes it whole. vfs gets the nodes
 * of files that follow the device from moment to moment ("enabled", "dpms"); it
 * outlives the tree. NULL = they are as of the last update.
 */
int tree_create(const char *root, struct vfs *vfs, struct tree **out);
void tree_destroy(struct tree *tree);
const char *tree_root(const struct tree *tree);

/* card and render: their vfs nodes; render may be NULL. */
int tree_add_drm(struct tree *tree, struct uapi_device *dev, const struct vfs_node *card,
	const struct vfs_node *render);
/* All that tree_add_drm and tree_add_fb made for the device of card, which is one of the tree's. */
void tree_remove_drm(struct tree *tree, const struct vfs_node *card);
/* The empty placeholder of a text file, so that folders list it; open goes to the door. */
int tree_add_text(struct tree *tree, const struct vfs_node *node);
/* A symbolic link, names as programs see them. */
int tree_add_link(struct tree *tree, const char *name, const char *target);
/* What sysfs says of a framebuffer device when it is made; "pan" and the like stay so. */
struct tree_fb {
	const char *name;
	uint32_t width, height, virtual_width, virtual_height; /* pixels */
	uint32_t stride;                                       /* bytes */
};
/* A framebuffer device of a card that is there: node, /sys/class/graphics/fbN. */
int tree_add_fb(struct tree *tree, const struct uapi_device *card, const struct vfs_node *node,
	const struct tree_fb *fb);
/* name and all below it. */
void tree_remove(struct tree *tree, const char *name);
int tree_add_input(struct tree *tree, const struct evdev_device *dev);
/* All that tree_add_input made. */
void tree_remove_input(struct tree *tree, const struct evdev_device *dev);
/* Rewrites a connector's files after hotplug. */
int tree_update_connector(struct tree *tree, struct kms_connector *connector);

/*
 * Uevents, as libudev's monitor receives them ("libudev" magic header and
 * properties): every subscriber gets each as one packet.
 */
int tree_uevent_subscribe(struct tree *tree, int *fd);
/* ACTION=change of card's device with HOTPLUG=1, CONNECTOR=id, PROPERTY=id if not 0. */
void tree_uevent_hotplug(struct tree *tree, const struct vfs_node *card, uint32_t connector_id,
	uint32_t property_id);
/* ACTION=action ("add", "remove") of card, its connectors and render, which may be NULL. */
void tree_uevent_device(struct tree *tree, const struct vfs_node *card,
	const struct vfs_node *render, const char *action);
/* The same of card's framebuffer device. */
void tree_uevent_fb(struct tree *tree, const struct uapi_device *card,
	const struct vfs_node *node, const char *action);
/* ACTION=action ("add", "remove") of an input device and its event node. */
void tree_uevent_input(struct tree *tree, const struct evdev_device *dev, const char *action);
/* ACTION=change with LEASE=1: a lessee is gone. */
void tree_uevent_lease(struct tree *tree, const struct vfs_node *card);

#endif
