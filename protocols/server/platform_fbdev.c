/* What a card's screens show while no program has it open: fbdev and console. */
#include <errno.h>
#include <string.h>

#include "kms_atomic.h"
#include "kms_console.h"
#include "platform_internal.h"

static void show_locked(struct platform_card *card)
{
	kms_atomic_shutdown(card->dev->kms);
	kms_fbdev_show(card->fbdev);
}

/* Under dev->master_lock: nobody opens the card meanwhile. */
static void handle_last_close(struct uapi_device *dev, void *data)
{
	struct platform_card *card = data;

	(void)dev;
	kms_fbdev_show(card->fbdev);
}

void platform_fbdev_hotplug(struct platform_card *card)
{
	pthread_mutex_lock(&card->dev->master_lock);
	if (card->fbdev && card->dev->on_last_close && card->dev->open_count == 0)
		show_locked(card);
	pthread_mutex_unlock(&card->dev->master_lock);
}

static int create_console(struct platform_card *card)
{
	const struct platform *platform = card->platform;
	uint32_t width, height;
	char banner[512];

	kms_fbdev_size(card->fbdev, &width, &height);
	snprintf(banner, sizeof(banner),
		"Testcard: /dev/dri/card%u, driver %s, %ux%u. No program shows anything here.\n"
		"Run one: testcard exec --join %s -- PROGRAM\n\n",
		card->index, card->dev->driver_name, width, height, platform->dir);
	return kms_console_create(card->fbdev,
		platform->font ? platform->font : kms_font_builtin(), banner, &card->console);
}

static int add_to_tree(struct platform_card *card)
{
	const struct kms_canvas *canvas = kms_fbdev_canvas(card->fbdev);
	struct tree_fb fb = {
		.name = card->fb->name, .virtual_width = canvas->width,
		.virtual_height = canvas->height, .stride = canvas->pitch,
	};

	kms_fbdev_size(card->fbdev, &fb.width, &fb.height);
	return tree_add_fb(card->platform->tree, card->dev, &card->fb_node.base, &fb);
}

static int add_node(struct platform_card *card)
{
	/* Files of before the card was unplugged are of this node, too. */
	if (!card->fb_node.path[0])
		fbdev_node_init(&card->fb_node, card->index);
	card->fb_node.base.data = card->fb;
	int ret = vfs_add_node(card->platform->vfs, &card->fb_node.base);
	if (ret < 0)
		return ret;
	ret = add_to_tree(card);
	if (ret < 0)
		vfs_remove_node(card->platform->vfs, &card->fb_node.base);
	return ret;
}

static void forget(struct platform_card *card)
{
	pthread_mutex_lock(&card->dev->master_lock);
	card->dev->on_last_close = NULL;
	card->fbdev = NULL;
	pthread_mutex_unlock(&card->dev->master_lock);
	card->console = NULL;
	card->fb = NULL;
}

int platform_fbdev_start(struct platform_card *card)
{
	int ret = kms_fbdev_create(card->dev->kms, &card->dev->gem, &card->fbdev);

	if (ret < 0)
		return ret;
	ret = create_console(card);
	if (ret < 0)
		goto destroy_fbdev;
	ret = fbdev_device_create(card->fbdev, card->console, card->dev->driver_name, &card->fb);
	if (ret < 0)
		goto destroy_console;
	ret = add_node(card);
	if (ret < 0) {
		fbdev_device_remove(card->fb);
		goto forget;
	}
	pthread_mutex_lock(&card->dev->master_lock);
	card->dev->on_last_close = handle_last_close;
	card->dev->on_last_close_data = card;
	if (card->dev->open_count == 0)
		kms_fbdev_show(card->fbdev);
	pthread_mutex_unlock(&card->dev->master_lock);
	return 0;

destroy_console:
	kms_console_destroy(card->console);
destroy_fbdev:
	kms_fbdev_destroy(card->fbdev);
forget:
	forget(card);
	return ret;
}

void platform_fbdev_stop(struct platform_card *card)
{
	struct fbdev_device *fb = card->fb;

	if (!fb)
		return;
	forget(card);
	vfs_remove_node(card->platform->vfs, &card->fb_node.base);
	fbdev_device_remove(fb);
}

/* ---- the command ---- */

static int console(void *data, int argc, char **argv, FILE *out)
{
	struct platform_card *card = platform_take_card(data, &argc, argv, out);

	if (!card)
		return 0;
	if (argc < 3 || strcmp(argv[1], "print") != 0)
		return control_refuse(out, "usage: console print TEXT... [card N]");
	if (card->unplugged)
		return control_refuse(out, "card %u is unplugged", card->index);
	if (!card->fbdev)
		return control_refuse(out, "there is no console: see --fbdev");
	for (int i = 2; i < argc; i++) {
		kms_console_print(card->console, argv[i]);
		kms_console_print(card->console, i + 1 < argc ? " " : "\n");
	}
	fputs("{\"ok\":true}", out);
	return 0;
}

int platform_add_fbdev_commands(struct platform *platform)
{
	return control_add(platform->control, "console",
		"print TEXT... [card N]: on the text console", console, platform);
}
