#include <sched.h>
#include <sys/resource.h>

#include "gem_guard.h"
#include "gem_thread.h"

int gem_thread_start(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *data),
	void *data)
{
	sigset_t blocked, before;

	gem_guard_fill_signals(&blocked);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	int ret = pthread_create(thread, attr, run, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -ret;
}

void gem_thread_set_urgent(bool urgent)
{
	struct sched_param param = {.sched_priority = urgent ? 1 : 0};

	if (pthread_setschedparam(pthread_self(), urgent ? SCHED_FIFO : SCHED_OTHER, &param) != 0 ||
			!urgent)
		setpriority(PRIO_PROCESS, 0, urgent ? -10 : 0); /* Linux: of this thread only */
}
