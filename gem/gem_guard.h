/*
 * SIGBUS guard. Most memory that the server maps is a memfd that a client may
 * hold too, and what can be truncated faults. A fault inside of a guarded range
 * is answered with zero pages, from the fault to the end of the range (what
 * follows is gone as well), and *faulted is set; the bytes there are no longer
 * the client's until the range is mapped anew. Other faults go to the handler
 * that was there before.
 *
 * The handler is process-wide, installed by the first gem_device_init. It needs
 * no lock: it is safe in whichever place the fault happens. Who installs a
 * SIGBUS handler later has to chain to it.
 */
#ifndef GEM_GUARD_H
#define GEM_GUARD_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Idempotent; thread-safe. 0 or a negative errno. */
int gem_guard_install(void);
/*
 * The signals that a server's thread may block: all but those of faults. A
 * fault that is blocked kills, guard or not.
 */
void gem_guard_fill_signals(sigset_t *set);
/*
 * start: page aligned, as is length (bytes). faulted must live until the
 * removal. -ENOMEM when the table is full (more than a process has mappings).
 */
int gem_guard_add(void *start, size_t length, atomic_bool *faulted);
/* Before the munmap. No thread may be reading the range. */
void gem_guard_remove(void *start);

#endif
