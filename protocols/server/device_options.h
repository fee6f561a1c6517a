/* The command line of testcard-device. */
#ifndef DEVICE_OPTIONS_H
#define DEVICE_OPTIONS_H

#include "platform.h"

enum { DEVICE_WRONG_USAGE = 2 }; /* exit status */

struct device_options {
	struct platform_options platform;
	const char *device;      /* of --device, NULL = the default one */
	struct profile *profile; /* that is loaded from it; platform.kms is its */
	struct platform_rights rights;
	bool window, png;        /* --display */
	pid_t close_parent;      /* 0 = ourselves */
	int ready_fd;
};

/*
 * What argv says, and the defaults. False = the program ends with *status: help was asked for and
 * is printed, or something is wrong, and that is said.
 */
bool device_options_parse(int argc, char **argv, struct device_options *options, int *status);

#endif
