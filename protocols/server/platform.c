#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "kms_sink.h"
#include "platform_internal.h"
#include "wire.h"

/* An unplugged or changed monitor: first the files, then who is told to read them. */
static void hotplug(struct kms_device *dev, struct kms_connector *connector, void *data)
{
	struct platform *platform = data;

	(void)dev;
	if (tree_update_connector(platform->tree, connector) < 0)
		gem_warn("platform", "%s: sysfs files not rewritten", connector->name);
	tree_uevent_hotplug(platform->tree, &platform->card_node, connector->base.id);
}

static int subscribe_uevents(void *data, int *fd)
{
	struct platform *platform = data;

	return tree_uevent_subscribe(platform->tree, fd);
}

static int create_card(struct platform *platform, const struct platform_options *options)
{
	const struct kms_device_desc *desc = options->kms ? options->kms :
		kms_device_desc_default();

	int ret = uapi_device_create(desc, options->driver_name, &platform->card);
	if (ret < 0)
		return ret;
	uapi_node_init(&platform->card_node, platform->card, UAPI_NODE_PRIMARY, 0);
	ret = vfs_add_node(platform->vfs, &platform->card_node);
	if (ret < 0)
		goto destroy_card;
	if (!options->render_node)
		return 0;
	uapi_node_init(&platform->render_node, platform->card, UAPI_NODE_RENDER, 0);
	ret = vfs_add_node(platform->vfs, &platform->render_node);
	if (ret < 0)
		goto remove_card_node;
	return 0;

remove_card_node:
	vfs_remove_node(platform->vfs, &platform->card_node);
destroy_card:
	uapi_device_destroy(platform->card);
	return ret;
}

/* No channel is left: files that clients leaked end with the vfs, before their device. */
static void destroy_card_and_vfs(struct platform *platform)
{
	if (platform->render_node.path)
		vfs_remove_node(platform->vfs, &platform->render_node);
	vfs_remove_node(platform->vfs, &platform->card_node);
	vfs_destroy(platform->vfs);
	uapi_device_destroy(platform->card);
}

static void destroy_input(struct platform *platform)
{
	struct evdev_device *devices[] = {platform->tablet, platform->pointer, platform->keyboard};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(devices); i++) {
		if (devices[i])
			evdev_destroy(devices[i]);
	}
}

static int create_input(struct platform *platform)
{
	struct vfs *vfs = platform->vfs;

	int ret = evdev_create(vfs, EVDEV_KEYBOARD, 0, 0, 0, &platform->keyboard);
	if (ret == 0)
		ret = evdev_create(vfs, EVDEV_POINTER, 1, 0, 0, &platform->pointer);
	if (ret == 0)
		ret = evdev_create(vfs, EVDEV_TABLET, 2, PLATFORM_TABLET_MAX, PLATFORM_TABLET_MAX,
			&platform->tablet);
	if (ret < 0)
		destroy_input(platform);
	return ret;
}

static int create_tree(struct platform *platform)
{
	struct evdev_device *devices[] = {platform->keyboard, platform->pointer, platform->tablet};
	char root[sizeof(platform->dir) + 16];

	snprintf(root, sizeof(root), "%s/" WIRE_TREE_NAME, platform->dir);
	int ret = tree_create(root, &platform->tree);
	if (ret < 0)
		return ret;
	ret = tree_add_drm(platform->tree, platform->card, &platform->card_node,
		platform->render_node.path ? &platform->render_node : NULL);
	for (unsigned i = 0; ret == 0 && i < GEM_ARRAY_SIZE(devices); i++) {
		if (devices[i])
			ret = tree_add_input(platform->tree, devices[i]);
	}
	if (ret < 0)
		tree_destroy(platform->tree);
	return ret;
}

static int create_control(struct platform *platform)
{
	int ret = control_server_create(&platform->control);

	if (ret < 0)
		return ret;
	ret = platform_add_display_commands(platform);
	if (ret == 0)
		ret = platform_add_state_command(platform);
	if (ret == 0)
		ret = platform_add_input_commands(platform);
	if (ret < 0)
		control_server_destroy(platform->control);
	return ret;
}

/* Hotplug is reported from when there is a tree to report it in. */
static void set_hotplug(struct platform *platform, bool on)
{
	struct kms_device *kms = platform->card->kms;

	pthread_mutex_lock(&kms->lock);
	kms->hotplug = on ? hotplug : NULL;
	kms->hotplug_data = platform;
	pthread_mutex_unlock(&kms->lock);
}

static int create_parts(struct platform *platform, const struct platform_options *options)
{
	int ret = vfs_create(&platform->vfs);

	if (ret < 0)
		return ret;
	ret = create_card(platform, options);
	if (ret < 0) {
		vfs_destroy(platform->vfs);
		return ret;
	}
	ret = options->input ? create_input(platform) : 0;
	if (ret < 0)
		goto destroy_card;
	ret = create_tree(platform);
	if (ret < 0)
		goto destroy_inputs;
	set_hotplug(platform, true);
	ret = options->frames_dir ? kms_png_sink_create(&platform->card->kms->crtcs[0],
		options->frames_dir, &platform->png_sink) : 0;
	if (ret < 0)
		goto destroy_tree;
	ret = wire_server_create(platform->vfs, platform->dir, subscribe_uevents, platform,
		&platform->wire);
	if (ret < 0)
		goto destroy_png_sink;
	ret = create_control(platform);
	if (ret < 0)
		goto destroy_wire;
	return 0;

destroy_wire:
	wire_server_destroy(platform->wire);
destroy_png_sink:
	if (platform->png_sink)
		kms_png_sink_destroy(platform->png_sink);
destroy_tree:
	set_hotplug(platform, false);
	tree_destroy(platform->tree);
destroy_inputs:
	destroy_input(platform);
destroy_card:
	destroy_card_and_vfs(platform);
	return ret;
}

static void raise_files_limit(struct platform *platform)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	platform->files_limit = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		gem_warn("platform", "at most %lu open files", platform->files_limit);
}

int platform_create(const struct platform_options *options, struct platform **out)
{
	struct platform *platform = calloc(1, sizeof(*platform));

	if (!platform)
		return -ENOMEM;
	raise_files_limit(platform);
	int ret = platform_dir_open(platform, options->dir);
	if (ret < 0)
		goto free_platform;
	ret = create_parts(platform, options);
	if (ret < 0)
		goto close_dir;
	gem_info("platform", "device in %s", platform->dir);
	*out = platform;
	return 0;

close_dir:
	platform_dir_close(platform);
free_platform:
	free(platform);
	return ret;
}

void platform_destroy(struct platform *platform)
{
	control_server_destroy(platform->control);
	wire_server_destroy(platform->wire);
	if (platform->png_sink)
		kms_png_sink_destroy(platform->png_sink);
	set_hotplug(platform, false);
	tree_destroy(platform->tree);
	destroy_input(platform);
	destroy_card_and_vfs(platform);
	platform_dir_close(platform);
	free(platform);
}
