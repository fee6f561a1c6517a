/* Shared by the files of protocols/server. */
#ifndef PLATFORM_INTERNAL_H
#define PLATFORM_INTERNAL_H

#include "platform.h"

/*
 * The absolute pointer's range, much finer than any screen: positions are
 * shares of the screen, so they stay right when the mode changes.
 */
#define PLATFORM_TABLET_MAX 32767

/* Sets platform->dir, dir_fd and owns_dir; takes away what a dead platform left. */
int platform_dir_open(struct platform *platform, const char *dir);
/* The parts have removed what is theirs. */
void platform_dir_close(struct platform *platform);

/* Cards with their nodes; options->cards of them. Undone by platform_destroy_cards. */
int platform_create_cards(struct platform *platform, const struct platform_options *options);
/* Takes the vfs with it: files that clients leaked end with it, before their device. */
void platform_destroy_cards_and_vfs(struct platform *platform);
/* From when there is a tree: its files, hotplug reports, frames. */
int platform_start_cards(struct platform *platform, const struct platform_options *options);
void platform_stop_cards(struct platform *platform);
/*
 * Takes the words "card N" out of a command's and gives that card, the first one
 * when they are not there. NULL: there is no such card, and out says so.
 */
struct platform_card *platform_take_card(struct platform *platform, int *argc, char **argv,
	FILE *out);

/* The device is pulled out, and put back: nodes, tree, uevents (uapi_device_unplug). */
int platform_unplug_card(struct platform_card *card);
/* On error the card is unplugged as before. */
int platform_plug_card(struct platform_card *card);

struct platform_command {
	const char *name, *help; /* as control_add() has them */
	control_handler handler; /* its data is the platform */
};
/* The first error of control_add(). */
int platform_add_commands(struct platform *platform, const struct platform_command *commands,
	unsigned count);

int platform_add_display_commands(struct platform *platform);
int platform_add_monitor_commands(struct platform *platform);
int platform_add_gpu_commands(struct platform *platform);
int platform_add_time_commands(struct platform *platform);
int platform_add_state_command(struct platform *platform);
int platform_add_history_command(struct platform *platform);
int platform_add_trace_command(struct platform *platform);
int platform_add_count_command(struct platform *platform);

/* Objects behind framebuffers, a reference each; a flood does not make the answer endless. */
#define PLATFORM_OBJECTS_MAX 512
struct platform_objects {
	struct gem_object *list[PLATFORM_OBJECTS_MAX];
	unsigned count;
};
/* With dev->master_lock and dev->kms->lock. */
void platform_collect_objects_locked(struct platform_objects *objects, struct uapi_device *dev);
/* ",\"buffers\":[...]"; drops the references. No lock held. */
void platform_print_objects(FILE *out, struct platform_objects *objects);
/* The card's screens show a console while nobody has it open. Its part of the tree is there. */
int platform_fbdev_start(struct platform_card *card);
/* What is in the tree stays for tree_remove_drm. */
void platform_fbdev_stop(struct platform_card *card);
/* A monitor came or went, or changed. */
void platform_fbdev_hotplug(struct platform_card *card);
int platform_add_fbdev_commands(struct platform *platform);
/* Sessions, and their command; nothing without options->seat. */
int platform_start_seat(struct platform *platform);
/* No requests come any more; then, when the vfs is gone, too: destroy. */
void platform_stop_seat(struct platform *platform);
void platform_destroy_terminals(struct platform *platform);
int platform_add_seat_command(struct platform *platform);
int platform_add_oops_commands(struct platform *platform);
/* With a watchdog: a thread that shows that the cards' locks can be had. */
int platform_start_pulse(struct platform *platform, unsigned watchdog_ms);
void platform_stop_pulse(struct platform *platform);
/* From when there is a tree: devices of the kinds in list; -EINVAL a kind that is none. */
int platform_start_inputs(struct platform *platform, const char *list);
/* Takes all devices away; the tree is still there. */
void platform_stop_inputs(struct platform *platform);
/* The device of an index with a new reference, or NULL. */
struct evdev_device *platform_input_lookup(struct platform *platform, unsigned index);
/* A list of kinds, as --input has it. */
bool platform_inputs_valid(const char *list);
/* Commands that are a person's hands: keyboard and pointer; touch, pen and the like. */
int platform_add_hand_commands(struct platform *platform);
int platform_add_touch_commands(struct platform *platform);
/* The devices themselves. */
int platform_add_input_commands(struct platform *platform);
/* The first device of a kind as platform_input_get; NULL: out says that there is none. */
struct evdev_device *platform_input_take(struct platform *platform, enum evdev_kind kind,
	FILE *out);
/* Position on an absolute axis of 0..max that libinput puts onto this pixel of size. */
int platform_axis_position(long pixel, unsigned size, int max);
/* What crtc 0 shows, or would show. False: nothing. */
bool platform_screen_size(struct platform *platform, unsigned *width, unsigned *height);

/*
 * Takes the words "NAME N" off the end of a command's, with N up to max; value stays
 * as it is when they are not there. False: N is no such number, and out says so.
 */
bool platform_take_number(const char *name, long max, int *argc, char **argv, long *value,
	FILE *out);

/* Decimal, whole text, min..max; false and nothing written otherwise. */
bool platform_parse_int(const char *text, long min, long max, long *value);

/* KEY_* code of a name ("KEY_A", "a", "Enter") or a number; -1 unknown. */
int platform_key_code(const char *name);
/* US layout: the key for a character and whether it needs shift. False: none. */
bool platform_key_of_char(char c, uint16_t *code, bool *shift);

#endif
