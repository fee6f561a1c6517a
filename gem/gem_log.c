#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gem_base.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static atomic_int current_level = -1; /* -1: TESTCARD_LOG not read yet */

static int level_from_environment(void)
{
	const char *text = getenv("TESTCARD_LOG");
	for (int i = 0; text && i < (int)GEM_ARRAY_SIZE(level_names); i++) {
		if (strcmp(text, level_names[i]) == 0)
			return i;
	}
	return GEM_LOG_WARN;
}

void gem_log_set_level(enum gem_log_level level)
{
	atomic_store(&current_level, level);
}

bool gem_log_enabled(enum gem_log_level level)
{
	int current = atomic_load_explicit(&current_level, memory_order_relaxed);
	if (current < 0) {
		current = level_from_environment();
		atomic_store(&current_level, current);
	}
	return (int)level <= current;
}

void gem_log(enum gem_log_level level, const char *area, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (!gem_log_enabled(level))
		return;
	int used = snprintf(line, sizeof(line), "testcard: %s: ", area);
	va_start(args, format);
	int text = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used += text < 0 ? 0 : text;
	if (used > (int)sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used++] = '\n';
	/* One write a line, so that lines of several processes do not mix. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}
