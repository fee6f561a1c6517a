/*
 * The demo clients' command lines: a table says what there is, the help is made
 * of it. What is no number, or not known, ends the program with 2.
 */
#ifndef DEMO_OPTIONS_H
#define DEMO_OPTIONS_H

#include <stdbool.h>

/* One of text, flag and number is where its value goes; it has the default before. */
struct demo_option {
	const char *name; /* --name; NULL ends the table */
	const char *help; /* a line, or some with the indentation they need; NULL = not in --help */
	const char **text;
	bool *flag;
	int *number, least, most;
};

enum { DEMO_OPTIONS_MAX = 8, DEMO_OPTIONS_INDENT = 20 };

/* about: what the program does. --help prints it, and ends the program with 0. */
void demo_options(int argc, char **argv, const char *about, const struct demo_option *options);

/* WIDTHxHEIGHT, each from 1 to most. False = text is something else. */
bool demo_size(const char *text, int most, int *width, int *height);

#endif
