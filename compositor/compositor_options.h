/* The command line of testcard-compositor. */
#ifndef COMPOSITOR_OPTIONS_H
#define COMPOSITOR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "compositor_render.h"
#include "gem_base.h"
#include "kms_time.h"

#define COMPOSITOR_COMMANDS_MAX 32

struct compositor_options {
	const char *commands[COMPOSITOR_COMMANDS_MAX];
	unsigned command_count;
	bool nested;             /* a window on the host of WAYLAND_DISPLAY */
	uint32_t width, height;  /* preferred mode, pixels; 0 = the device's own */
	const char *device;      /* profile_load's name, or NULL = the default device */
	const char *screenshot;  /* PNG at the end, or NULL */
	const char *frames_dir;  /* every changed frame as PNG, or NULL */
	const char *video_path;  /* platform_options.video_path, or NULL */
	const char *trace_path;  /* platform_options.trace_path, or NULL */
	double exit_after;       /* seconds, 0 = never */
	unsigned watchdog;       /* seconds, 0 = none */
	bool no_oops;
	bool exit_with_client;
	enum compositor_render_kind renderer;
	bool no_planes, inspect, adaptive_sync;
	bool render_node;
	unsigned gpu_engines, gpu_hang_ms; /* 0 = default */
	enum kms_time_mode clock;
	bool preload_clients;
	const char *dir, *socket; /* NULL = chosen by us */
	enum gem_log_level log_level;
	bool log_level_given;
};

/* -1 = go on, else the status to exit with (help and version were printed). */
int compositor_options_parse(struct compositor_options *options, int argc, char **argv);

#endif
