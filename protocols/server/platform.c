#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "kms_font.h"
#include "kms_oops.h"
#include "platform_internal.h"
#include "platform_trace.h"
#include "uapi_count.h"
#include "uapi_sync.h"
#include "wire.h"

static int subscribe_uevents(void *data, int *fd)
{
	struct platform *platform = data;

	return tree_uevent_subscribe(platform->tree, fd);
}

static int create_sync(struct platform *platform)
{
	vfs_set_dma_bufs(platform->vfs, uapi_dma_buf);
	vfs_set_kept(platform->vfs, uapi_count_kept);
	uapi_sw_sync_node_init(&platform->sw_sync_node);
	return vfs_add_node(platform->vfs, &platform->sw_sync_node);
}

static int create_tree(struct platform *platform)
{
	char root[sizeof(platform->dir) + 16];

	snprintf(root, sizeof(root), "%s/" WIRE_TREE_NAME, platform->dir);
	int ret = tree_create(root, platform->vfs, &platform->tree);
	if (ret < 0)
		return ret;
	ret = tree_add_text(platform->tree, &platform->sw_sync_node);
	if (ret < 0)
		tree_destroy(platform->tree);
	return ret;
}

int platform_add_commands(struct platform *platform, const struct platform_command *commands,
	unsigned count)
{
	int ret = 0;

	for (unsigned i = 0; i < count && ret == 0; i++)
		ret = control_add(platform->control, commands[i].name, commands[i].help,
			commands[i].handler, platform);
	return ret;
}

static int create_control(struct platform *platform)
{
	static int (*const adders[])(struct platform *platform) = {
		platform_add_display_commands, platform_add_monitor_commands,
		platform_add_gpu_commands, platform_add_time_commands, platform_add_state_command,
		platform_add_history_command, platform_add_count_command,
		platform_add_trace_command, platform_add_fbdev_commands, platform_add_oops_commands,
		platform_add_hand_commands, platform_add_touch_commands,
		platform_add_input_commands, platform_add_seat_command,
	};
	int ret = control_server_create(&platform->control);

	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(adders) && ret == 0; i++)
		ret = adders[i](platform);
	if (ret < 0)
		control_server_destroy(platform->control);
	return ret;
}

static int create_parts(struct platform *platform, const struct platform_options *options)
{
	int ret = vfs_create(&platform->vfs);

	if (ret < 0)
		return ret;
	if (options->rights)
		vfs_set_rules(platform->vfs, options->rights->rules, options->rights->count);
	ret = create_sync(platform);
	if (ret == 0)
		ret = platform_create_cards(platform, options);
	if (ret < 0)
		goto destroy_cards;
	ret = create_tree(platform);
	if (ret < 0)
		goto destroy_cards;
	ret = platform_start_inputs(platform, options->input);
	if (ret < 0)
		goto destroy_tree;
	ret = platform_start_cards(platform, options);
	if (ret < 0)
		goto stop_cards;
	ret = options->seat ? platform_start_seat(platform) : 0;
	if (ret < 0)
		goto stop_cards;
	ret = wire_server_create(platform->vfs, platform->dir, subscribe_uevents, platform,
		&platform->wire);
	if (ret < 0)
		goto stop_seat;
	ret = create_control(platform);
	if (ret < 0)
		goto destroy_wire;
	ret = platform_start_pulse(platform, options->oops.on ? options->oops.watchdog_ms : 0);
	if (ret < 0)
		goto destroy_control;
	return 0;

destroy_control:
	control_server_destroy(platform->control);
destroy_wire:
	wire_server_destroy(platform->wire);
stop_seat:
	platform_stop_seat(platform);
stop_cards:
	platform_stop_cards(platform);
	platform_stop_inputs(platform);
destroy_tree:
	tree_destroy(platform->tree);
destroy_cards:
	platform_destroy_cards_and_vfs(platform);
	platform_destroy_terminals(platform);
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

static int start_oops(struct platform *platform, const struct platform_options *options)
{
	const struct kms_oops_options oops = {
		.version = options->oops.version, .frames_dir = options->frames_dir,
		.watchdog_ms = options->oops.watchdog_ms,
	};
	int ret = options->oops.on ? kms_oops_start(&oops) : 0;

	platform->oops = options->oops.on && ret == 0;
	return ret;
}

static int load_font(struct platform *platform, const struct platform_options *options)
{
	if (!options->console_font)
		return 0;
	int ret = kms_font_load(options->console_font, &platform->font);
	if (ret < 0)
		gem_error("platform", "font %s: %s", options->console_font, strerror(-ret));
	return ret;
}

static void free_font(struct platform *platform)
{
	if (platform->font)
		kms_font_destroy(platform->font);
}

static void stop_oops(struct platform *platform)
{
	if (platform->oops)
		kms_oops_stop();
}

static int start_trace(struct platform *platform, const struct platform_options *options)
{
	if (!options->trace_path)
		return 0;
	int ret = platform_trace_start(platform, options->trace_path);
	if (ret < 0)
		gem_error("platform", "trace %s: %s", options->trace_path, strerror(-ret));
	return ret;
}

static void stop_trace(struct platform *platform)
{
	uint64_t events, dropped;
	int ret = platform_trace_stop(platform, &events, &dropped);

	if (ret == -ENOENT)
		return;
	if (ret < 0)
		gem_error("platform", "the trace is not whole: %s", strerror(-ret));
	else if (dropped)
		gem_warn("platform", "the trace lacks %llu events", (unsigned long long)dropped);
}

int platform_create(const struct platform_options *options, struct platform **out)
{
	struct platform *platform = calloc(1, sizeof(*platform));

	if (!platform)
		return -ENOMEM;
	/* Before all: what the reporter does not inherit, it can not keep. */
	int ret = start_oops(platform, options);
	if (ret < 0)
		goto free_platform;
	raise_files_limit(platform);
	ret = platform_dir_open(platform, options->dir);
	if (ret < 0)
		goto stop_oops;
	ret = load_font(platform, options);
	if (ret < 0)
		goto close_dir;
	ret = start_trace(platform, options);
	if (ret < 0)
		goto free_font;
	ret = create_parts(platform, options);
	if (ret < 0)
		goto stop_trace;
	gem_info("platform", "device in %s", platform->dir);
	*out = platform;
	return 0;

stop_trace:
	stop_trace(platform);
free_font:
	free_font(platform);
close_dir:
	platform_dir_close(platform);
stop_oops:
	stop_oops(platform);
free_platform:
	free(platform);
	return ret;
}

void platform_destroy(struct platform *platform)
{
	platform_stop_pulse(platform);
	if (platform->seat)
		seat_hurry(platform->seat);
	control_server_destroy(platform->control);
	/* Who waits for a vblank gets it, and ends. */
	for (unsigned i = 0; i < platform->card_count; i++)
		kms_time_set(platform->cards[i].dev->kms, KMS_TIME_REAL);
	wire_server_destroy(platform->wire);
	platform_stop_seat(platform);
	platform_stop_cards(platform);
	platform_stop_inputs(platform);
	tree_destroy(platform->tree);
	platform_destroy_cards_and_vfs(platform);
	stop_trace(platform);
	platform_destroy_terminals(platform);
	platform_dir_close(platform);
	stop_oops(platform);
	free_font(platform);
	free(platform);
}
