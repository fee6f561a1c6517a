/*
 * The journal: the last events of this process's devices as lines of text (modesets,
 * hotplug, opens, hangs). The console shows them, and so does an oops, by which time
 * nobody can be asked for a lock: writers take a slot by one atomic step, readers see
 * which slots were whole. It lies in shared memory, so that the oops reporter, a
 * process of its own, reads what the dead one wrote.
 */
#ifndef KMS_JOURNAL_H
#define KMS_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#define KMS_JOURNAL_SIZE 64
#define KMS_JOURNAL_TEXT 104

struct kms_journal_line {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	char text[KMS_JOURNAL_TEXT];
};

/* Any thread, also under device locks; not in a signal handler. Longer lines are cut. */
__attribute__((format(printf, 1, 2)))
void kms_journal_add(const char *format, ...);
/* Lines ever written: those from count - KMS_JOURNAL_SIZE on can be read. */
uint64_t kms_journal_count(void);
/*
 * Copies line number at (from 0). False: it is not there, or being overwritten. Safe in
 * a signal handler.
 */
bool kms_journal_read(uint64_t at, struct kms_journal_line *line);

#endif
