/* The launcher's parts. Exit codes beside the program's own are env(1)'s. */
#ifndef TESTCARD_H
#define TESTCARD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum {
	TESTCARD_EXIT_FAILED = 125,    /* the launcher or the device failed */
	TESTCARD_EXIT_NO_EXEC = 126,   /* the program was found and cannot be run */
	TESTCARD_EXIT_NOT_FOUND = 127,
};

/* seatd's protocol; protocols/seat/seat_server.h has the same name. */
#define TESTCARD_SEAT_SOCKET "seatd.sock"

struct testcard_exec {
	char **program;             /* argv, NULL-terminated */
	const char *device_args[40]; /* for testcard-device, NULL-terminated */
	unsigned device_arg_count;
	const char *join;           /* folder of a running device, or NULL: start one */
	bool render_node;
	bool window;                /* --display window */
	bool keep;
	bool logind;                /* in a session of testcard-logind */
};

/* Starts the device, runs the program on it, stops the device; the exit code. */
int testcard_exec(const struct testcard_exec *options);

/*
 * Ends what the program has left running, and waits for it: all children but the card (0 =
 * gone). The caller is their subreaper and blocks SIGCHLD. card_group: the card's process
 * group, in which its helpers end by themselves.
 */
void testcard_end_orphans(pid_t card, pid_t card_group);
/* The folder of a card that could not do it; files of others stay, and the folder with them. */
void testcard_remove_folder(const char *folder);

/*
 * Our own files, beside this program in the build tree or where they are
 * installed. path: PATH_MAX bytes. False (and said on stderr) when missing.
 */
bool testcard_find_device(char *path);
bool testcard_find_preload(char *path);
bool testcard_find_logind(char *path);

/* Says on stderr why the program named will not see the device, if that is so. */
void testcard_check_program(const char *name);

#endif
