/* Threads of the device: how they begin, and how urgent they are. */
#ifndef GEM_THREAD_H
#define GEM_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/*
 * pthread_create for a thread that no signal interrupts but those of faults
 * (gem_guard_fill_signals): the others are the business of the program around. -errno.
 */
int gem_thread_start(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *data),
	void *data);

/*
 * The calling thread shows pictures on time: it does not wait for a busy machine. Whatever
 * of this is not permitted is done without: frames then come later under load. false: as
 * all other threads again.
 */
void gem_thread_set_urgent(bool urgent);

#endif
