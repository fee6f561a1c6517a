/* How urgent threads are. */
#ifndef GEM_THREAD_H
#define GEM_THREAD_H

#include <stdbool.h>

/*
 * The calling thread shows pictures on time: it does not wait for a busy machine. Whatever
 * of this is not permitted is done without: frames then come later under load. false: as
 * all other threads again.
 */
void gem_thread_set_urgent(bool urgent);

#endif
