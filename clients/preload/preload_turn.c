#include "preload_turn.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

static void lock_in_child(void)
{
	lock = (pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
}

__attribute__((constructor))
static void lock_survives_fork(void)
{
	pthread_atfork(NULL, NULL, lock_in_child);
}

bool preload_turn_take(void)
{
	return pthread_mutex_lock(&lock) == 0;
}

void preload_turn_give(bool taken)
{
	if (taken)
		pthread_mutex_unlock(&lock);
}
