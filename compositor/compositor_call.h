/*
 * Calls from other threads (control commands, the nested window) to the main
 * loop: the caller waits until the main thread has run the function.
 */
#ifndef COMPOSITOR_CALL_H
#define COMPOSITOR_CALL_H

#include <pthread.h>
#include <stdbool.h>

#include "gem_base.h"

struct wl_event_loop;
struct wl_event_source;

struct compositor_calls {
	pthread_mutex_t lock;
	pthread_cond_t done;     /* a call was answered; lock */
	struct gem_list waiting; /* lock */
	bool closed;             /* no more calls; lock */
	int wake_fd;             /* eventfd */
	struct wl_event_source *source;
};

int compositor_calls_init(struct compositor_calls *calls, struct wl_event_loop *loop);
/*
 * Waiting and later callers get -ESHUTDOWN; for before their threads are
 * joined. Main thread, while the loop exists; a second time does nothing.
 */
void compositor_calls_close(struct compositor_calls *calls);
/* After close and when no thread can call any more. */
void compositor_calls_finish(struct compositor_calls *calls);

/* Any thread but the main one. What fn returned, or -ESHUTDOWN. */
int compositor_call(struct compositor_calls *calls, int (*fn)(void *data), void *data);

#endif
