/*
 * The compositor's log: one line a message on stderr, with the seconds since
 * the program started. What a person wants to know (outputs, clients, windows)
 * is level info, the default; wlroots' own chatter is debug, its errors are
 * warnings. Any thread.
 */
#ifndef COMPOSITOR_LOG_H
#define COMPOSITOR_LOG_H

#include "gem_base.h"

/* Also takes over wlroots' and libwayland's log and starts the clock. */
void compositor_log_init(enum gem_log_level level);

__attribute__((format(printf, 2, 3)))
void compositor_log(enum gem_log_level level, const char *format, ...);

#define compositor_error(...) compositor_log(GEM_LOG_ERROR, __VA_ARGS__)
#define compositor_warn(...) compositor_log(GEM_LOG_WARN, __VA_ARGS__)
#define compositor_info(...) compositor_log(GEM_LOG_INFO, __VA_ARGS__)
#define compositor_debug(...) compositor_log(GEM_LOG_DEBUG, __VA_ARGS__)

#endif
