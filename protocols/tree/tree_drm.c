/* The card: DRM minors and connectors below a device of some bus (tree_parent.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree_private.h"
#include "uapi_debugfs.h"

enum { NAME_SIZE = 512, CARD_PROPERTIES_MAX = 4 };

void tree_drm_syspath(const struct vfs_node *node, char *path, size_t size)
{
	struct tree_parent parent;

	tree_parent_init(&parent, node->data);
	snprintf(path, size, "%s/drm/%s", parent.syspath, tree_base_name(node->path));
}

/* What udevd's rules leave of a minor. */
static int add_minor_data(struct tree *tree, const struct vfs_node *node,
	const struct tree_parent *parent, bool card)
{
	static const char *const tags[] = {"uaccess", "seat", "master-of-seat"};
	const char *kind = card ? "card" : "render";
	/* Seats are for cards: logind's rules. */
	size_t tag_count = card ? GEM_ARRAY_SIZE(tags) : 1;
	char name[NAME_SIZE], lines[256] = "";
	size_t used = 0;
	int ret;

	for (size_t i = 0; i < tag_count; i++) {
		snprintf(name, sizeof(name), "/run/udev/tags/%s/c%u:%u", tags[i], node->major,
			node->minor);
		ret = tree_write(tree, name, NULL, 0);
		if (ret)
			return ret;
		used += snprintf(lines + used, sizeof(lines) - used, "G:%s\nQ:%s\n", tags[i],
			tags[i]);
	}
	snprintf(name, sizeof(name), "/dev/dri/by-path/%s-%s", parent->id_path, kind);
	ret = tree_link(tree, name, node->path);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/run/udev/data/c%u:%u", node->major, node->minor);
	return tree_print(tree, name,
		"S:dri/by-path/%s-%s\nI:%u\nE:ID_PATH=%s\nE:ID_PATH_TAG=%s\n"
		"E:ID_FOR_SEAT=drm-%s\n%sV:1\n", parent->id_path, kind, TREE_UDEV_TIME,
		parent->id_path, parent->id_tag, parent->id_tag, lines);
}

static int add_minor(struct tree *tree, const struct vfs_node *node,
	const struct tree_parent *parent, bool card)
{
	char syspath[NAME_SIZE];

	tree_drm_syspath(node, syspath, sizeof(syspath));
	int ret = tree_add_power(tree, syspath);
	if (ret == 0)
		ret = add_minor_data(tree, node, parent, card);
	return ret ? ret : tree_add_class_node(tree, node, syspath, parent->syspath,
		TREE_CLASS_DRM, "DEVTYPE=drm_minor\n");
}

/* The GPU's error state: in debugfs too, of which this is a link. */
static int add_error(struct tree *tree, const struct vfs_node *card)
{
	char name[NAME_SIZE * 2], target[NAME_SIZE];

	tree_drm_syspath(card, target, sizeof(target));
	snprintf(name, sizeof(name), "%s/error", target);
	snprintf(target, sizeof(target), UAPI_DEBUGFS_FOLDER "/%u/i915_error_state", card->minor);
	return tree_link(tree, name, target);
}

static int add_drm_locked(struct tree *tree, struct uapi_device *dev,
	const struct vfs_node *card, const struct vfs_node *render)
{
	struct tree_parent parent;
	int ret;

	if (tree->card_count == TREE_CARDS_MAX)
		return -ENOSPC;
	tree->recording = &tree->cards[tree->card_count++];
	*tree->recording = (struct tree_card) {.kms = dev->kms, .node = card, .render = render};
	tree_parent_init(&parent, dev);
	ret = tree_add_parent(tree, dev, &parent);
	if (ret == 0)
		ret = add_minor(tree, card, &parent, true);
	if (ret == 0 && render)
		ret = add_minor(tree, render, &parent, false);
	if (ret == 0)
		ret = add_error(tree, card);
	for (unsigned i = 0; i < dev->kms->connector_count && ret == 0; i++)
		ret = tree_add_connector(tree, &dev->kms->connectors[i], card);
	return ret;
}

int tree_add_drm(struct tree *tree, struct uapi_device *dev, const struct vfs_node *card,
	const struct vfs_node *render)
{
	int ret;

	pthread_mutex_lock(&tree->lock);
	ret = add_drm_locked(tree, dev, card, render);
	tree->recording = NULL;
	pthread_mutex_unlock(&tree->lock);
	return ret;
}

void tree_forget_card(struct tree_card *card)
{
	for (unsigned i = 0; i < card->name_count; i++)
		free(card->names[i]);
	free(card->names);
}

static void remove_drm_locked(struct tree *tree, struct tree_card *card)
{
	char path[PATH_MAX];
	struct tree_parent parent;

	tree_remove_texts(tree, card->kms);
	/* The last first: by those it was found. */
	for (unsigned i = card->name_count; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", tree->root, card->names[i]);
		unlink(path);
	}
	tree_parent_init(&parent, card->node->data);
	tree_remove_locked(tree, parent.syspath);
	tree_forget_card(card);
	*card = tree->cards[--tree->card_count];
}

void tree_remove_drm(struct tree *tree, const struct vfs_node *card)
{
	pthread_mutex_lock(&tree->lock);
	for (unsigned i = 0; i < tree->card_count; i++) {
		if (tree->cards[i].node != card)
			continue;
		remove_drm_locked(tree, &tree->cards[i]);
		break;
	}
	pthread_mutex_unlock(&tree->lock);
}

/* What udevd adds for a minor comes behind what, which ends with a NULL key. */
static void send_minor(struct tree *tree, const struct vfs_node *card, bool render,
	const struct tree_property *what)
{
	static const char *const card_tags[] = {"uaccess", "seat", "master-of-seat", NULL};
	static const char *const render_tags[] = {"uaccess", NULL};
	const char *const *tags = render ? render_tags : card_tags;
	char syspath[NAME_SIZE], major[16], minor[16], seat[sizeof(struct tree_parent)];
	struct tree_parent parent;
	const struct tree_property usual[] = {
		{"DEVNAME", card->path},
		{"MAJOR", major},
		{"MINOR", minor},
		{"ID_PATH", parent.id_path},
		{"ID_PATH_TAG", parent.id_tag},
		{"ID_FOR_SEAT", seat},
	};
	struct tree_property all[CARD_PROPERTIES_MAX + GEM_ARRAY_SIZE(usual)];
	size_t count = 0;

	tree_parent_init(&parent, card->data);
	snprintf(seat, sizeof(seat), "drm-%s", parent.id_tag);
	tree_drm_syspath(card, syspath, sizeof(syspath));
	snprintf(major, sizeof(major), "%u", card->major);
	snprintf(minor, sizeof(minor), "%u", card->minor);
	for (; what->key && count < CARD_PROPERTIES_MAX; what++)
		all[count++] = *what;
	memcpy(&all[count], usual, sizeof(usual));
	tree_uevent_send(tree, syspath, "drm", "drm_minor", tags, all,
		count + GEM_ARRAY_SIZE(usual));
}

void tree_uevent_hotplug(struct tree *tree, const struct vfs_node *card, uint32_t connector_id,
	uint32_t property_id)
{
	char connector[16], property[16];
	const struct tree_property what[] = {
		{"ACTION", "change"},
		{"HOTPLUG", "1"},
		{"CONNECTOR", connector},
		{property_id ? "PROPERTY" : NULL, property},
		{NULL, NULL},
	};

	snprintf(connector, sizeof(connector), "%u", connector_id);
	snprintf(property, sizeof(property), "%u", property_id);
	send_minor(tree, card, false, what);
}

void tree_uevent_lease(struct tree *tree, const struct vfs_node *card)
{
	static const struct tree_property what[] = {
		{"ACTION", "change"},
		{"LEASE", "1"},
		{NULL, NULL},
	};

	send_minor(tree, card, false, what);
}

static void send_connector(struct tree *tree, const struct vfs_node *card,
	const struct kms_connector *connector, const char *action)
{
	static const char *const tags[] = {NULL};
	const struct tree_property what[] = {{"ACTION", action}};
	char syspath[NAME_SIZE * 2];

	tree_connector_syspath(connector, card, syspath, sizeof(syspath));
	tree_uevent_send(tree, syspath, "drm", "drm_connector", tags, what, 1);
}

void tree_uevent_device(struct tree *tree, const struct vfs_node *card,
	const struct vfs_node *render, const char *action)
{
	const struct uapi_device *dev = card->data;
	const struct tree_property what[] = {{"ACTION", action}, {NULL, NULL}};
	bool adding = strcmp(action, "add") == 0;

	/* Children after their parent, and before it when they go. */
	if (adding)
		send_minor(tree, card, false, what);
	for (unsigned i = 0; i < dev->kms->connector_count; i++)
		send_connector(tree, card, &dev->kms->connectors[i], action);
	if (!adding)
		send_minor(tree, card, false, what);
	if (render)
		send_minor(tree, render, true, what);
}
