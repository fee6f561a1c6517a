#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wayland-server-core.h>
#include <wlr/util/log.h>

#include "compositor_log.h"

static enum gem_log_level max_level = GEM_LOG_INFO;
static struct timespec start;

static void write_line(enum gem_log_level level, const char *who, const char *format, va_list args)
{
	static const char *const prefixes[] = {"error: ", "warning: ", "", "debug: "};
	char line[1024];
	struct timespec now;

	if (level > max_level)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double seconds = (double)(now.tv_sec - start.tv_sec) + (now.tv_nsec - start.tv_nsec) / 1e9;
	int used = snprintf(line, sizeof(line), "%9.3f  %s%s", seconds, prefixes[level], who);
	int text = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	used += text < 0 ? 0 : text;
	if (used > (int)sizeof(line) - 2)
		used = sizeof(line) - 2;
	while (used > 0 && line[used - 1] == '\n')
		used--;
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

void compositor_log(enum gem_log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(level, "", format, args);
	va_end(args);
}

static void wlroots_log(enum wlr_log_importance importance, const char *format, va_list args)
{
	write_line(importance == WLR_ERROR ? GEM_LOG_WARN : GEM_LOG_DEBUG, "wlroots: ", format,
		args);
}

static void wayland_log(const char *format, va_list args)
{
	write_line(GEM_LOG_WARN, "wayland: ", format, args);
}

void compositor_log_init(enum gem_log_level level)
{
	max_level = level;
	clock_gettime(CLOCK_MONOTONIC, &start);
	wlr_log_init(level == GEM_LOG_DEBUG ? WLR_DEBUG : WLR_ERROR, wlroots_log);
	wl_log_set_handler_server(wayland_log);
}
