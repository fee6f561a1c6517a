#include <errno.h>

#include "gem_thread.h"
#include "gpu_schedule.h"

enum { NS_PER_MS = 1000000, LOOKS = 8 /* within a patience */ };

static void *look_after(void *data)
{
	struct gpu_device *gpu = data;
	const int64_t patience = (int64_t)gpu->fence_ms * NS_PER_MS;

	pthread_mutex_lock(&gpu->lock);
	while (!gpu->patience.ending) {
		gpu->patience.asleep = gem_list_empty(&gpu->waiting);
		gpu_device_sleep_locked(gpu, &gpu->patience.wake, gpu->patience.asleep ?
			INT64_MAX : gpu_now_ns() + patience / LOOKS);
		gpu->patience.asleep = false;
		pthread_mutex_unlock(&gpu->lock);
		gpu_schedule_give_up(gpu, gpu_now_ns() - patience);
		pthread_mutex_lock(&gpu->lock);
	}
	pthread_mutex_unlock(&gpu->lock);
	return NULL;
}

int gpu_patience_init(struct gpu_device *gpu)
{
	int ret = gem_thread_start(&gpu->patience.thread, NULL, look_after, gpu);

	if (ret)
		return ret;
	gpu->patience.started = true;
	pthread_setname_np(gpu->patience.thread, "gpu-patience");
	return 0;
}

void gpu_patience_finish(struct gpu_device *gpu)
{
	if (!gpu->patience.started)
		return;
	pthread_mutex_lock(&gpu->lock);
	gpu->patience.ending = true;
	pthread_cond_signal(&gpu->patience.wake);
	pthread_mutex_unlock(&gpu->lock);
	pthread_join(gpu->patience.thread, NULL);
}
