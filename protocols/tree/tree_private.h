/* Shared by the files of this folder. */
#ifndef TREE_PRIVATE_H
#define TREE_PRIVATE_H

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "gem_base.h"
#include "tree.h"

#define TREE_SUBSCRIBERS_MAX 256
#define TREE_CARDS_MAX 16

struct tree {
	char root[PATH_MAX - 512]; /* absolute, without links; room for the longest path below */
	pthread_mutex_t lock;      /* all below, and writes of files */
	/* Cards, to find a connector's place. */
	struct tree_card {
		struct kms_device *kms;
		const struct vfs_node *node, *render; /* render NULL = there is none */
		char **names; /* of all that was made for it */
		unsigned name_count;
	} cards[TREE_CARDS_MAX];
	unsigned card_count;
	struct vfs *vfs;           /* NULL = texts that follow the device are not wanted; fixed */
	struct gem_list texts;     /* tree_text.link */
	struct tree_card *recording; /* what is made is this one's; NULL = nobody's */
	unsigned temporary;        /* makes names of unfinished files unique */
	uint64_t sequence;         /* SEQNUM of the last uevent */
	int subscribers[TREE_SUBSCRIBERS_MAX]; /* our ends */
	unsigned subscriber_count;
};

/*
 * Names are absolute as programs see them ("/sys/class/drm/version"); missing
 * folders are made; a file is replaced as a whole, so that no reader sees half
 * of it. The tree's lock is held or the tree is not yet known to others.
 */
int tree_write(struct tree *tree, const char *name, const void *data, size_t len);
__attribute__((format(printf, 3, 4)))
int tree_print(struct tree *tree, const char *name, const char *format, ...);
/* A symbolic link with a relative target, as sysfs has them. */
int tree_link(struct tree *tree, const char *name, const char *target);

/* name and all below it; no link is followed. */
void tree_remove_locked(struct tree *tree, const char *name);

/* The links of the folder syspath to the device that it is of (NULL = to none), and to its class. */
int tree_add_relations(struct tree *tree, const char *syspath, const char *device,
	const char *class);
/* Its link in the class ("/sys/class/drm"), by which it is found: after all else. */
int tree_add_to_class(struct tree *tree, const char *syspath, const char *class);
/*
 * A device node in the folder syspath, whose name is the node's: "dev", "uevent" (with the lines
 * in uevent), the links above; then /sys/dev/char and /dev; then the class.
 */
int tree_add_class_node(struct tree *tree, const struct vfs_node *node, const char *syspath,
	const char *device, const char *class, const char *uevent);

#define TREE_UDEV_TIME 1000000 /* microseconds; when "udevd" was done with a device */

/* The device of a bus that a card's minors are children of (tree_parent.c). */
struct tree_parent {
	char syspath[64]; /* "/sys/devices/platform/testcard" */
	char id_path[32]; /* udev's ID_PATH: "platform-testcard", "pci-0000:00:02.0" */
	char id_tag[32];  /* the same with '_' for what a tag cannot have */
};
void tree_parent_init(struct tree_parent *parent, const struct uapi_device *dev);
int tree_add_parent(struct tree *tree, const struct uapi_device *dev,
	const struct tree_parent *parent);
/* Frees what card has been recorded with. */
void tree_forget_card(struct tree_card *card);
/* tree_connector.c */
void tree_connector_syspath(const struct kms_connector *connector, const struct vfs_node *card,
	char *path, size_t size);
int tree_add_connector(struct tree *tree, struct kms_connector *connector,
	const struct vfs_node *card);
/* Those of kms; NULL = all. */
void tree_remove_texts(struct tree *tree, const struct kms_device *kms);
/* tree_pci.c: what the PCI bus says of a device, beside what every bus says. */
int tree_add_pci(struct tree *tree, const struct uapi_device *dev,
	const struct tree_parent *parent);
/* power/ of a device without power management. */
int tree_add_power(struct tree *tree, const char *syspath);

static inline const char *tree_base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

#define TREE_CLASS_DRM "/sys/class/drm"
#define TREE_CLASS_GRAPHICS "/sys/class/graphics"
#define TREE_CLASS_INPUT "/sys/class/input"

/* "/sys/devices/platform/testcard/drm/card0"; size > the result. */
void tree_drm_syspath(const struct vfs_node *node, char *path, size_t size);

struct tree_property {
	const char *key, *value;
};
/* One packet to every subscriber. DEVPATH, SEQNUM are added; tags NULL-terminated. */
void tree_uevent_send(struct tree *tree, const char *syspath, const char *subsystem,
	const char *devtype, const char *const *tags, const struct tree_property *properties,
	size_t count);

#endif
