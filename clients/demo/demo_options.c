#include "demo_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(FILE *out, const char *about, const struct demo_option *options)
{
	fprintf(out, "usage: %s [OPTION]...\n\n%s\n\n", program_invocation_short_name, about);
	for (const struct demo_option *option = options; option->name; option++) {
		const char *value = option->text ? "X" : option->number ? "N" : "";
		int width = DEMO_OPTIONS_INDENT - 5 - (int)strlen(option->name);

		if (!option->help)
			continue;
		fprintf(out, "  --%s %-*s%s\n", option->name, width, value, option->help);
	}
	fprintf(out, "  --help %-*sthis text\n", DEMO_OPTIONS_INDENT - 9, "");
}

static void take_number(const struct demo_option *option, const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < option->least || value > option->most) {
		fprintf(stderr, "%s: --%s: a number from %d to %d\n", program_invocation_short_name,
			option->name, option->least, option->most);
		exit(2);
	}
	*option->number = value;
}

static void take(const struct demo_option *option, const char *text)
{
	if (option->flag)
		*option->flag = true;
	else if (option->text)
		*option->text = text;
	else
		take_number(option, text);
}

void demo_options(int argc, char **argv, const char *about, const struct demo_option *options)
{
	struct option known[DEMO_OPTIONS_MAX + 2] = {0};
	int found, count = 0;

	for (; options[count].name && count < DEMO_OPTIONS_MAX; count++)
		known[count] = (struct option){.name = options[count].name,
			.has_arg = !options[count].flag, .val = count};
	known[count] = (struct option){.name = "help", .val = count};
	while ((found = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (found == count) {
			print_help(stdout, about, options);
			exit(EXIT_SUCCESS);
		}
		if (found > count) /* '?' */
			break;
		take(&options[found], optarg);
	}
	if (found >= 0 || optind < argc) {
		print_help(stderr, about, options);
		exit(2);
	}
}

bool demo_size(const char *text, int most, int *width, int *height)
{
	char end;

	return sscanf(text, "%dx%d%c", width, height, &end) == 2 && *width > 0 && *width <= most &&
		*height > 0 && *height <= most;
}
