/* Locks that are held for moments only. */
#ifndef GEM_LOCK_H
#define GEM_LOCK_H

#include <pthread.h>

#define GEM_LOCK_INITIALIZER PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP

/*
 * A mutex. Who finds it taken tries a few more times before it sleeps: to sleep
 * and be woken takes longer than who has it keeps it.
 */
static inline void gem_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

#endif
