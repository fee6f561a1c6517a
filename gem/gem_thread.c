#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "gem_thread.h"

void gem_thread_set_urgent(bool urgent)
{
	struct sched_param param = {.sched_priority = urgent ? 1 : 0};

	if (pthread_setschedparam(pthread_self(), urgent ? SCHED_FIFO : SCHED_OTHER, &param) != 0 ||
			!urgent)
		setpriority(PRIO_PROCESS, 0, urgent ? -10 : 0); /* Linux: of this thread only */
}
