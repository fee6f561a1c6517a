/* Framebuffer devices: /sys/class/graphics/fbN, below the card's device. */
#include <stdio.h>
#include <string.h>

#include "tree_private.h"

enum { NAME_SIZE = 512 };

static int add_attributes(struct tree *tree, const struct tree_fb *fb, const char *syspath)
{
	char size[32], stride[16], mode[32], name[NAME_SIZE];
	const struct {
		const char *file, *text;
	} files[] = {
		{"name", fb->name}, {"virtual_size", size}, {"bits_per_pixel", "32"},
		{"stride", stride}, {"rotate", "0"}, {"pan", "0,0"}, {"state", "0"},
		{"blank", ""}, {"modes", mode}, {"mode", ""},
	};
	int ret = 0;

	snprintf(size, sizeof(size), "%u,%u", fb->virtual_width, fb->virtual_height);
	snprintf(stride, sizeof(stride), "%u", fb->stride);
	snprintf(mode, sizeof(mode), "U:%ux%up-0", fb->width, fb->height);
	for (size_t i = 0; i < GEM_ARRAY_SIZE(files) && ret == 0; i++) {
		snprintf(name, sizeof(name), "%s/%s", syspath, files[i].file);
		ret = tree_print(tree, name, "%s\n", files[i].text);
	}
	return ret;
}

static void fb_syspath(const struct tree_parent *parent, const struct vfs_node *node,
	char path[NAME_SIZE])
{
	snprintf(path, NAME_SIZE, "%s/graphics/%s", parent->syspath, tree_base_name(node->path));
}

static int add_fb_locked(struct tree *tree, const struct uapi_device *card,
	const struct vfs_node *node, const struct tree_fb *fb)
{
	char syspath[NAME_SIZE];
	struct tree_parent parent;

	for (unsigned i = 0; i < tree->card_count; i++)
		if (tree->cards[i].kms == card->kms)
			tree->recording = &tree->cards[i];
	tree_parent_init(&parent, card);
	fb_syspath(&parent, node, syspath);
	int ret = add_attributes(tree, fb, syspath);
	return ret ? ret : tree_add_class_node(tree, node, syspath, parent.syspath,
		TREE_CLASS_GRAPHICS, "");
}

int tree_add_fb(struct tree *tree, const struct uapi_device *card, const struct vfs_node *node,
	const struct tree_fb *fb)
{
	pthread_mutex_lock(&tree->lock);
	int ret = add_fb_locked(tree, card, node, fb);
	tree->recording = NULL;
	pthread_mutex_unlock(&tree->lock);
	return ret;
}

void tree_uevent_fb(struct tree *tree, const struct uapi_device *card,
	const struct vfs_node *node, const char *action)
{
	static const char *const tags[] = {NULL};
	char syspath[NAME_SIZE], major[16], minor[16];
	struct tree_parent parent;
	const struct tree_property what[] = {
		{"ACTION", action}, {"DEVNAME", node->path}, {"MAJOR", major}, {"MINOR", minor},
	};

	tree_parent_init(&parent, card);
	fb_syspath(&parent, node, syspath);
	snprintf(major, sizeof(major), "%u", node->major);
	snprintf(minor, sizeof(minor), "%u", node->minor);
	tree_uevent_send(tree, syspath, "graphics", NULL, tags, what, GEM_ARRAY_SIZE(what));
}
