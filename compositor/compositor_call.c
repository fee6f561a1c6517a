#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wayland-server-core.h>

#include "compositor_call.h"

struct call {
	struct gem_list link; /* compositor_calls.waiting, or itself once taken; lock */
	int (*fn)(void *data);
	void *data;
	int result;
	bool answered; /* lock */
};

static void answer(struct compositor_calls *calls, struct call *call, int result)
{
	pthread_mutex_lock(&calls->lock);
	call->result = result;
	call->answered = true;
	pthread_cond_broadcast(&calls->done);
	pthread_mutex_unlock(&calls->lock);
}

static struct call *take(struct compositor_calls *calls)
{
	struct call *call = NULL;

	pthread_mutex_lock(&calls->lock);
	if (!gem_list_empty(&calls->waiting)) {
		call = gem_list_entry(calls->waiting.next, struct call, link);
		gem_list_del(&call->link);
	}
	pthread_mutex_unlock(&calls->lock);
	return call;
}

static int handle_wake(int fd, uint32_t mask, void *data)
{
	struct compositor_calls *calls = data;
	struct call *call;
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return 0;
	while ((call = take(calls)))
		answer(calls, call, call->fn(call->data));
	return 0;
}

int compositor_calls_init(struct compositor_calls *calls, struct wl_event_loop *loop)
{
	calls->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (calls->wake_fd < 0)
		return -errno;
	calls->source = wl_event_loop_add_fd(loop, calls->wake_fd, WL_EVENT_READABLE, handle_wake,
		calls);
	if (!calls->source) {
		close(calls->wake_fd);
		return -ENOMEM;
	}
	pthread_mutex_init(&calls->lock, NULL);
	pthread_cond_init(&calls->done, NULL);
	gem_list_init(&calls->waiting);
	calls->closed = false;
	return 0;
}

void compositor_calls_close(struct compositor_calls *calls)
{
	struct call *call;

	if (calls->closed)
		return;
	wl_event_source_remove(calls->source);
	pthread_mutex_lock(&calls->lock);
	calls->closed = true;
	pthread_mutex_unlock(&calls->lock);
	while ((call = take(calls)))
		answer(calls, call, -ESHUTDOWN);
}

void compositor_calls_finish(struct compositor_calls *calls)
{
	close(calls->wake_fd);
	pthread_cond_destroy(&calls->done);
	pthread_mutex_destroy(&calls->lock);
}

int compositor_call(struct compositor_calls *calls, int (*fn)(void *data), void *data)
{
	struct call call = {.fn = fn, .data = data};
	uint64_t one = 1;

	pthread_mutex_lock(&calls->lock);
	if (calls->closed) {
		pthread_mutex_unlock(&calls->lock);
		return -ESHUTDOWN;
	}
	gem_list_add_tail(&calls->waiting, &call.link);
	if (write(calls->wake_fd, &one, sizeof(one)) < 0)
		call.result = -errno; /* cannot happen: the counter does not overflow */
	while (!call.answered)
		pthread_cond_wait(&calls->done, &calls->lock);
	pthread_mutex_unlock(&calls->lock);
	return call.result;
}
