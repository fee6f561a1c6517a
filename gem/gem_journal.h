/*
 * The journal: the last events of this process's devices as lines of text (modesets,
 * hotplug, opens, hangs). The console shows them, and so does an oops, by which time
 * nobody can be asked for a lock: writers take a slot by one atomic step, readers see
 * which slots were whole. It lies in shared memory, so that the oops reporter, a
 * process of its own, reads what the dead one wrote.
 */
#ifndef GEM_JOURNAL_H
#define GEM_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#define GEM_JOURNAL_SIZE 64
#define GEM_JOURNAL_TEXT 104

struct gem_journal_line {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	char text[GEM_JOURNAL_TEXT];
};

/* Any thread, also under device locks; not in a signal handler. Longer lines are cut. */
__attribute__((format(printf, 1, 2)))
void gem_journal_add(const char *format, ...);
/* Lines ever written: those from count - GEM_JOURNAL_SIZE on can be read. */
uint64_t gem_journal_count(void);
/*
 * Copies line number at (from 0). False: it is not there, or being overwritten. Safe in
 * a signal handler.
 */
bool gem_journal_read(uint64_t at, struct gem_journal_line *line);

/*
 * Waits until there is a line beyond the first seen ones, for at most timeout_ms (-1 = for
 * ever), or for a gem_journal_wake() since this thread's last wait. May return for nothing.
 */
void gem_journal_wait(uint64_t seen, int timeout_ms);
void gem_journal_wake(void);

#endif
