/* Calls to the main loop from other threads: compositor/compositor_call.h. */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <wayland-server-core.h>

#include "compositor_call.h"
#include "test.h"

enum { CALLERS = 8, CALLS = 200 };

static struct compositor_calls calls;
static pthread_t main_thread;
static int count; /* main thread only */

static int add(void *data)
{
	CHECK(pthread_equal(pthread_self(), main_thread));
	count += *(int *)data;
	return *(int *)data;
}

static void *call_often(void *data)
{
	for (int i = 0; i < CALLS; i++) {
		int value = i;
		CHECK_INT(compositor_call(&calls, add, &value), i);
	}
	return NULL;
}

TEST(calls_run_on_the_main_thread_with_their_results)
{
	struct wl_event_loop *loop = wl_event_loop_create();
	pthread_t threads[CALLERS];

	main_thread = pthread_self();
	CHECK_INT(compositor_calls_init(&calls, loop), 0);
	for (int i = 0; i < CALLERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, call_often, NULL), 0);
	while (count < CALLERS * CALLS * (CALLS - 1) / 2)
		wl_event_loop_dispatch(loop, 1000);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	compositor_calls_close(&calls);
	compositor_calls_finish(&calls);
	wl_event_loop_destroy(loop);
}

static void *call_until_closed(void *data)
{
	int one = 1, result;

	do {
		result = compositor_call(&calls, add, &one);
	} while (result == 1);
	CHECK_INT(result, -ESHUTDOWN);
	return NULL;
}

TEST(close_answers_who_waits_and_who_comes)
{
	struct wl_event_loop *loop = wl_event_loop_create();
	pthread_t threads[CALLERS];

	main_thread = pthread_self();
	CHECK_INT(compositor_calls_init(&calls, loop), 0);
	for (int i = 0; i < CALLERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, call_until_closed, NULL), 0);
	while (count < 100)
		wl_event_loop_dispatch(loop, 1000);
	/* Some wait now, and nobody dispatches any more. */
	usleep(20000);
	compositor_calls_close(&calls);
	compositor_calls_close(&calls);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	compositor_calls_finish(&calls);
	wl_event_loop_destroy(loop);
}
