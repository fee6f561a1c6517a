/* The cards: devices, nodes, files in the tree, hotplug, frames. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "kms_oops.h"
#include "kms_sink.h"
#include "platform_internal.h"

/* An unplugged or changed monitor: first the files, then who is told to read them. */
static void hotplug(struct kms_device *dev, struct kms_connector *connector, uint32_t property_id,
	void *data)
{
	struct platform_card *card = data;
	struct tree *tree = card->platform->tree;

	(void)dev;
	if (tree_update_connector(tree, connector) < 0)
		gem_warn("platform", "%s: sysfs files not rewritten", connector->name);
	tree_uevent_hotplug(tree, &card->card_node, connector->base.id, property_id);
	platform_fbdev_hotplug(card);
}

static void lease_ended(struct uapi_device *dev, void *data)
{
	struct platform_card *card = data;

	(void)dev;
	tree_uevent_lease(card->platform->tree, &card->card_node);
}

static int add_node(struct platform_card *card, enum uapi_node_kind kind, struct vfs_node *node)
{
	uapi_node_init(node, card->dev, kind, card->index);
	int ret = vfs_add_node(card->platform->vfs, node);
	if (ret < 0)
		node->path = NULL;
	return ret;
}

/* A monitor that is plugged in later has the modes that its connector is described with. */
static void offer_modes(struct platform_card *card, const struct kms_device_desc *desc)
{
	for (unsigned i = 0; i < desc->connector_count; i++) {
		const struct kms_connector_desc *connector = &desc->connectors[i];
		struct platform_monitor *monitor = &card->monitors[i];

		monitor->mode_count = connector->mode_count;
		if (connector->mode_count > 0)
			memcpy(monitor->modes, connector->modes,
				connector->mode_count * sizeof(monitor->modes[0]));
	}
}

static int create_card(struct platform_card *card, const struct platform_options *options)
{
	const struct kms_device_desc *desc = options->kms ? options->kms :
		kms_device_desc_default();

	const struct uapi_options parts = {.memory = options->memory, .gpu = options->gpu,
		.render_dumb = options->render_dumb};

	int ret = uapi_device_create(desc, options->driver_name, &parts, &card->dev);
	if (ret == 0) {
		offer_modes(card, desc);
		kms_time_start(card->dev->kms, options->clock);
	}
	if (ret == 0)
		ret = add_node(card, UAPI_NODE_PRIMARY, &card->card_node);
	if (ret == 0 && options->render_node)
		ret = add_node(card, UAPI_NODE_RENDER, &card->render_node);
	if (ret == 0)
		ret = uapi_debugfs_create(card->dev, card->platform->vfs, card->index,
			&card->debugfs);
	return ret;
}

int platform_create_cards(struct platform *platform, const struct platform_options *options)
{
	unsigned count = options->cards ? options->cards : 1;
	int ret = 0;

	if (count > PLATFORM_CARDS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count && ret == 0; i++) {
		platform->cards[i].platform = platform;
		platform->cards[i].index = i;
		platform->card_count++;
		ret = create_card(&platform->cards[i], options);
	}
	platform->card = platform->cards[0].dev;
	return ret;
}

void platform_destroy_cards_and_vfs(struct platform *platform)
{
	for (unsigned i = 0; i < platform->card_count; i++) {
		struct platform_card *card = &platform->cards[i];

		if (card->debugfs)
			uapi_debugfs_destroy(card->debugfs);
		if (card->render_node.path)
			vfs_remove_node(platform->vfs, &card->render_node);
		if (card->card_node.path)
			vfs_remove_node(platform->vfs, &card->card_node);
	}
	vfs_destroy(platform->vfs);
	for (unsigned i = 0; i < platform->card_count; i++) {
		if (platform->cards[i].dev)
			uapi_device_stop(platform->cards[i].dev);
	}
	/* With the files and batches went all objects, also those that keep another card's by import. */
	for (unsigned i = 0; i < platform->card_count; i++) {
		if (platform->cards[i].dev)
			uapi_device_destroy(platform->cards[i].dev);
	}
}

static void set_hotplug(struct platform_card *card, bool on)
{
	struct kms_device *kms = card->dev->kms;

	pthread_mutex_lock(&kms->lock);
	kms->hotplug = on ? hotplug : NULL;
	kms->hotplug_data = card;
	pthread_mutex_unlock(&kms->lock);
	pthread_mutex_lock(&card->dev->master_lock);
	card->dev->on_lease_end = on ? lease_ended : NULL;
	card->dev->on_lease_end_data = card;
	pthread_mutex_unlock(&card->dev->master_lock);
}

/* debugfs has a folder of the card's index and a link of the render node's minor. */
static int add_debugfs_files(struct platform_card *card)
{
	char folder[64], link[64];
	const struct vfs_node *node;
	int ret = 0;

	for (unsigned i = 0; ret == 0 && (node = uapi_debugfs_node(card->debugfs, i)); i++)
		ret = tree_add_text(card->platform->tree, node);
	if (ret < 0 || !card->render_node.path)
		return ret;
	snprintf(folder, sizeof(folder), UAPI_DEBUGFS_FOLDER "/%u", card->card_node.minor);
	snprintf(link, sizeof(link), UAPI_DEBUGFS_FOLDER "/%u", card->render_node.minor);
	return tree_add_link(card->platform->tree, link, folder);
}

/* "NAME-card1-crtc0.y4m" of "NAME.y4m" */
static int start_video(struct platform_card *card, const char *path, unsigned crtc)
{
	const char *suffix = strrchr(path, '.');
	char name[PATH_MAX], card_name[16] = "";

	if (!suffix)
		return -EINVAL;
	if (card->index > 0)
		snprintf(card_name, sizeof(card_name), "-card%u", card->index);
	if (card->index == 0 && crtc == 0)
		snprintf(name, sizeof(name), "%s", path);
	else
		snprintf(name, sizeof(name), "%.*s%s-crtc%u%s", (int)(suffix - path), path,
			card_name, crtc, suffix);
	return kms_video_sink_create(&card->dev->kms->crtcs[crtc], name,
		&card->video_sinks[crtc]);
}

static int start_sinks(struct platform_card *card, const struct platform_options *options,
	unsigned crtc)
{
	char prefix[16] = "";
	int ret = 0;

	if (card->index > 0)
		snprintf(prefix, sizeof(prefix), "card%u-", card->index);
	if (options->frames_dir)
		ret = kms_png_sink_create(&card->dev->kms->crtcs[crtc], options->frames_dir,
			prefix, &card->png_sinks[crtc]);
	if (ret == 0 && options->video_path)
		ret = start_video(card, options->video_path, crtc);
	return ret;
}

/* A device whose planes take nothing that a console draws is none the worse without. */
static void start_fbdev(struct platform_card *card)
{
	int ret = platform_fbdev_start(card);

	if (ret < 0)
		gem_warn("platform", "card %u has no console: %s", card->index, strerror(-ret));
}

static int start_card(struct platform_card *card, const struct platform_options *options)
{
	int ret = tree_add_drm(card->platform->tree, card->dev, &card->card_node,
		card->render_node.path ? &card->render_node : NULL);
	if (ret == 0)
		ret = add_debugfs_files(card);
	if (ret < 0)
		return ret;
	set_hotplug(card, true);
	kms_oops_add_device(card->dev->kms, card->index);
	for (unsigned i = 0; i < card->dev->kms->crtc_count && ret == 0; i++)
		ret = start_sinks(card, options, i);
	if (ret == 0 && options->fbdev)
		start_fbdev(card);
	return ret;
}

int platform_start_cards(struct platform *platform, const struct platform_options *options)
{
	int ret = 0;

	for (unsigned i = 0; i < platform->card_count && ret == 0; i++)
		ret = start_card(&platform->cards[i], options);
	return ret;
}

static void stop_sinks(struct platform_card *card)
{
	for (unsigned i = 0; i < KMS_MAX_CRTCS; i++) {
		if (card->png_sinks[i])
			kms_queue_sink_destroy(card->png_sinks[i]);
		if (card->video_sinks[i])
			kms_queue_sink_destroy(card->video_sinks[i]);
		card->png_sinks[i] = card->video_sinks[i] = NULL;
	}
}

void platform_stop_cards(struct platform *platform)
{
	for (unsigned i = 0; i < platform->card_count; i++) {
		struct platform_card *card = &platform->cards[i];

		stop_sinks(card);
		platform_fbdev_stop(card);
		kms_oops_remove_device(card->dev->kms);
		set_hotplug(card, false);
	}
}

/* Programs are told when everything is gone, or there. */
int platform_unplug_card(struct platform_card *card)
{
	const struct vfs_node *render = card->render_node.path ? &card->render_node : NULL;
	struct platform *platform = card->platform;
	bool fb = card->fb != NULL;
	char name[64];

	card->unplugged = true;
	set_hotplug(card, false);
	platform_fbdev_stop(card);
	vfs_remove_node(platform->vfs, &card->card_node);
	if (render)
		vfs_remove_node(platform->vfs, render);
	uapi_debugfs_destroy(card->debugfs);
	card->debugfs = NULL;
	uapi_device_unplug(card->dev);
	tree_remove_drm(platform->tree, &card->card_node);
	snprintf(name, sizeof(name), UAPI_DEBUGFS_FOLDER "/%u", card->card_node.minor);
	tree_remove(platform->tree, name);
	if (render) {
		snprintf(name, sizeof(name), UAPI_DEBUGFS_FOLDER "/%u", render->minor);
		tree_remove(platform->tree, name);
	}
	if (fb)
		tree_uevent_fb(platform->tree, card->dev, &card->fb_node.base, "remove");
	tree_uevent_device(platform->tree, &card->card_node, render, "remove");
	gem_info("platform", "card %u unplugged", card->index);
	return 0;
}

int platform_plug_card(struct platform_card *card)
{
	const struct vfs_node *render = card->render_node.path ? &card->render_node : NULL;
	struct platform *platform = card->platform;

	uapi_device_plug(card->dev);
	int ret = uapi_debugfs_create(card->dev, platform->vfs, card->index, &card->debugfs);
	if (ret < 0)
		return ret;
	ret = vfs_add_node(platform->vfs, &card->card_node);
	if (ret < 0)
		goto destroy_debugfs;
	if (render)
		ret = vfs_add_node(platform->vfs, render);
	if (ret < 0)
		goto remove_card_node;
	ret = tree_add_drm(platform->tree, card->dev, &card->card_node, render);
	if (ret == 0)
		ret = add_debugfs_files(card);
	if (ret < 0)
		goto remove_tree;
	set_hotplug(card, true);
	card->unplugged = false;
	if (card->fb_node.path[0])
		start_fbdev(card);
	tree_uevent_device(platform->tree, &card->card_node, render, "add");
	if (card->fb)
		tree_uevent_fb(platform->tree, card->dev, &card->fb_node.base, "add");
	gem_info("platform", "card %u plugged in", card->index);
	return 0;

remove_tree:
	tree_remove_drm(platform->tree, &card->card_node);
	if (render)
		vfs_remove_node(platform->vfs, render);
remove_card_node:
	vfs_remove_node(platform->vfs, &card->card_node);
destroy_debugfs:
	uapi_debugfs_destroy(card->debugfs);
	card->debugfs = NULL;
	return ret;
}

struct platform_card *platform_take_card(struct platform *platform, int *argc, char **argv,
	FILE *out)
{
	long index = 0;
	int at = *argc - 2;

	/* From the end, and with a number: a picture's name may be "card". */
	while (at > 0 && (strcmp(argv[at], "card") != 0 ||
			!platform_parse_int(argv[at + 1], LONG_MIN, LONG_MAX, &index)))
		at--;
	if (at <= 0)
		return &platform->cards[0];
	if (index < 0 || index >= (long)platform->card_count) {
		control_refuse(out, "no card %ld", index);
		return NULL;
	}
	memmove(&argv[at], &argv[at + 2], (*argc - at - 2) * sizeof(*argv));
	*argc -= 2;
	return &platform->cards[index];
}
