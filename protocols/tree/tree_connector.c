/* A connector: its folder in that of the card's minor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree_private.h"
#include "vfs_text.h"

enum { NAME_SIZE = 512 };

static const char *enabled_name(bool enabled)
{
	return enabled ? "enabled\n" : "disabled\n";
}

static const char *dpms_name(uint32_t dpms)
{
	static const char *const names[] = {"On\n", "Standby\n", "Suspend\n", "Off\n"};

	return names[dpms & 3];
}

/* A connector's files as they shall be; taken under the device's lock. */
struct connector_files {
	bool connected, enabled, writeback;
	uint32_t dpms;
	char modes[KMS_MAX_MODES * (DRM_DISPLAY_MODE_LEN + 1)];
	size_t edid_size;
	uint8_t edid[1024];
};

static void read_connector(struct kms_connector *connector, struct connector_files *files)
{
	struct kms_device *dev = connector->base.dev;
	size_t used = 0;

	pthread_mutex_lock(&dev->lock);
	files->connected = connector->connected;
	files->writeback = connector->type == DRM_MODE_CONNECTOR_WRITEBACK;
	files->enabled = connector->state.crtc != NULL;
	files->dpms = connector->dpms;
	files->modes[0] = '\0';
	for (unsigned i = 0; i < connector->mode_count; i++)
		used += snprintf(files->modes + used, sizeof(files->modes) - used, "%.*s\n",
			DRM_DISPLAY_MODE_LEN, connector->modes[i].name);
	files->edid_size = 0;
	if (connector->edid && connector->edid->length <= sizeof(files->edid)) {
		files->edid_size = connector->edid->length;
		memcpy(files->edid, connector->edid->data, files->edid_size);
	}
	pthread_mutex_unlock(&dev->lock);
}

static int write_connector(struct tree *tree, struct kms_connector *connector,
	const char *syspath)
{
	struct connector_files *files = malloc(sizeof(*files));
	char name[NAME_SIZE * 2];
	int ret;

	if (!files)
		return -ENOMEM;
	read_connector(connector, files);
	snprintf(name, sizeof(name), "%s/status", syspath);
	ret = tree_print(tree, name, "%s\n", files->writeback ? "unknown" :
		files->connected ? "connected" : "disconnected");
	if (ret)
		goto free_files;
	snprintf(name, sizeof(name), "%s/enabled", syspath);
	ret = tree_print(tree, name, "%s", enabled_name(files->enabled));
	if (ret)
		goto free_files;
	snprintf(name, sizeof(name), "%s/dpms", syspath);
	ret = tree_print(tree, name, "%s", dpms_name(files->dpms));
	if (ret)
		goto free_files;
	snprintf(name, sizeof(name), "%s/modes", syspath);
	ret = tree_print(tree, name, "%s", files->modes);
	if (ret)
		goto free_files;
	snprintf(name, sizeof(name), "%s/edid", syspath);
	ret = tree_write(tree, name, files->edid, files->edid_size);
free_files:
	free(files);
	return ret;
}

/*
 * "enabled" and "dpms" change with commits, which tell nobody: who opens them
 * through a door gets them as they are at that moment.
 */
struct tree_text {
	struct gem_list link; /* tree->texts */
	struct vfs_node node;
	char path[NAME_SIZE];
	struct kms_connector *connector;
};

static int render_enabled(void *data, FILE *out)
{
	struct kms_connector *connector = ((struct tree_text *)data)->connector;

	pthread_mutex_lock(&connector->base.dev->lock);
	fputs(enabled_name(connector->state.crtc != NULL), out);
	pthread_mutex_unlock(&connector->base.dev->lock);
	return 0;
}

static int render_dpms(void *data, FILE *out)
{
	struct kms_connector *connector = ((struct tree_text *)data)->connector;

	pthread_mutex_lock(&connector->base.dev->lock);
	fputs(dpms_name(connector->dpms), out);
	pthread_mutex_unlock(&connector->base.dev->lock);
	return 0;
}

static int add_text(struct tree *tree, struct kms_connector *connector, const char *syspath,
	const char *name, vfs_text_render render)
{
	struct tree_text *text = calloc(1, sizeof(*text));

	if (!text)
		return -ENOMEM;
	snprintf(text->path, sizeof(text->path), "%s/%s", syspath, name);
	text->connector = connector;
	vfs_text_node_init(&text->node, text->path, render, text);
	int ret = vfs_add_node(tree->vfs, &text->node);
	if (ret) {
		free(text);
		return ret;
	}
	gem_list_add_tail(&tree->texts, &text->link);
	return 0;
}

static int add_texts(struct tree *tree, struct kms_connector *connector, const char *syspath)
{
	if (!tree->vfs)
		return 0;
	int ret = add_text(tree, connector, syspath, "enabled", render_enabled);
	return ret ? ret : add_text(tree, connector, syspath, "dpms", render_dpms);
}

void tree_remove_texts(struct tree *tree, const struct kms_device *kms)
{
	struct tree_text *text, *next;

	gem_list_for_each_safe(text, next, &tree->texts, link) {
		if (kms && text->connector->base.dev != kms)
			continue;
		gem_list_del(&text->link);
		vfs_remove_node(tree->vfs, &text->node);
		free(text);
	}
}

void tree_connector_syspath(const struct kms_connector *connector, const struct vfs_node *card,
	char *path, size_t size)
{
	char parent[NAME_SIZE];

	tree_drm_syspath(card, parent, sizeof(parent));
	snprintf(path, size, "%s/%s-%s", parent, tree_base_name(card->path), connector->name);
}

int tree_add_connector(struct tree *tree, struct kms_connector *connector,
	const struct vfs_node *card)
{
	char parent[NAME_SIZE], syspath[NAME_SIZE * 2], name[NAME_SIZE * 3];
	int ret;

	tree_drm_syspath(card, parent, sizeof(parent));
	tree_connector_syspath(connector, card, syspath, sizeof(syspath));
	ret = write_connector(tree, connector, syspath);
	if (ret == 0)
		ret = add_texts(tree, connector, syspath);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/connector_id", syspath);
	ret = tree_print(tree, name, "%u\n", connector->base.id);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/uevent", syspath);
	ret = tree_print(tree, name, "DEVTYPE=drm_connector\n");
	if (ret)
		return ret;
	ret = tree_add_relations(tree, syspath, parent, TREE_CLASS_DRM);
	if (ret == 0)
		ret = tree_add_power(tree, syspath);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/run/udev/data/+drm:%s", tree_base_name(syspath));
	ret = tree_print(tree, name, "I:%u\nV:1\n", TREE_UDEV_TIME);
	return ret ? ret : tree_add_to_class(tree, syspath, TREE_CLASS_DRM);
}

static int update_locked(struct tree *tree, struct kms_connector *connector)
{
	char syspath[NAME_SIZE * 2];

	for (unsigned i = 0; i < tree->card_count; i++) {
		if (tree->cards[i].kms != connector->base.dev)
			continue;
		tree_connector_syspath(connector, tree->cards[i].node, syspath, sizeof(syspath));
		return write_connector(tree, connector, syspath);
	}
	return -ENODEV;
}

int tree_update_connector(struct tree *tree, struct kms_connector *connector)
{
	int ret;

	pthread_mutex_lock(&tree->lock);
	ret = update_locked(tree, connector);
	pthread_mutex_unlock(&tree->lock);
	return ret;
}
