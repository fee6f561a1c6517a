#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "gem_trace.h"
#include "test.h"

static void add(enum gem_trace_kind kind, uint64_t a, uint64_t end_ns)
{
	gem_trace_add(&(struct gem_trace_event){.kind = kind, .a = a, .begin_ns = end_ns,
		.end_ns = end_ns, .name = "x"});
}

TEST(recent_events_are_the_last_ones_in_order)
{
	static struct gem_trace_event events[GEM_TRACE_RECENT];

	for (unsigned i = 1; i <= 3000; i++)
		add(GEM_TRACE_FLIP, i, i);
	CHECK_INT(gem_trace_recent(GEM_TRACE_VBLANK, 0, events, GEM_TRACE_RECENT), 0);
	CHECK_INT(gem_trace_recent(GEM_TRACE_FLIP, 0, events, GEM_TRACE_RECENT), GEM_TRACE_RECENT);
	CHECK_INT(events[0].a, 3000 - GEM_TRACE_RECENT + 1);
	CHECK_INT(events[GEM_TRACE_RECENT - 1].a, 3000);
	CHECK_INT(gem_trace_recent(GEM_TRACE_FLIP, 2998, events, GEM_TRACE_RECENT), 3);
	CHECK_INT(events[0].a, 2998);
	CHECK_INT(gem_trace_recent(GEM_TRACE_FLIP, 3001, events, GEM_TRACE_RECENT), 0);
	/* Of more than fit, the latest. */
	CHECK_INT(gem_trace_recent(GEM_TRACE_FLIP, 0, events, 2), 2);
	CHECK_INT(events[0].a, 2999);
	CHECK_INT(events[1].a, 3000);
}

TEST(a_recording_has_what_comes_while_it_lasts)
{
	struct gem_trace_event event;

	CHECK(!gem_trace_recording());
	CHECK(!gem_trace_take(&event));
	add(GEM_TRACE_JOB, 1, 1);
	CHECK_INT(gem_trace_start(), 0);
	CHECK_INT(gem_trace_start(), -EALREADY);
	CHECK(gem_trace_recording());
	CHECK(!gem_trace_take(&event));
	add(GEM_TRACE_IOCTL, 2, 2);
	add(GEM_TRACE_JOB, 3, 3);
	gem_trace_stop();
	add(GEM_TRACE_JOB, 4, 4);
	CHECK(gem_trace_take(&event));
	CHECK_INT(event.kind, GEM_TRACE_IOCTL);
	CHECK_INT(event.a, 2);
	CHECK(gem_trace_take(&event));
	CHECK_INT(event.a, 3);
	CHECK(!gem_trace_take(&event));
	/* Whatever was left by then is not the next one's. */
	CHECK_INT(gem_trace_start(), 0);
	add(GEM_TRACE_JOB, 5, 5);
	gem_trace_stop();
	CHECK_INT(gem_trace_start(), 0);
	CHECK(!gem_trace_take(&event));
	gem_trace_stop();
}

TEST(what_finds_no_room_is_counted)
{
	struct gem_trace_event event;
	unsigned taken = 0;

	CHECK_INT(gem_trace_start(), 0);
	for (unsigned i = 0; i < GEM_TRACE_QUEUE + 100; i++)
		add(GEM_TRACE_IOCTL, i, i);
	CHECK_INT(gem_trace_dropped(), 100);
	while (gem_trace_take(&event)) {
		CHECK_INT(event.a, taken);
		taken++;
	}
	CHECK_INT(taken, GEM_TRACE_QUEUE);
	/* There is room again, and the next recording counts anew. */
	add(GEM_TRACE_IOCTL, 7, 7);
	CHECK(gem_trace_take(&event));
	CHECK_INT(event.a, 7);
	gem_trace_stop();
	CHECK_INT(gem_trace_start(), 0);
	CHECK_INT(gem_trace_dropped(), 0);
	gem_trace_stop();
}

enum { WRITERS = 4, EACH = 20000 };

static void *write_events(void *data)
{
	unsigned writer = (uintptr_t)data;

	for (unsigned i = 0; i < EACH; i++)
		gem_trace_add(&(struct gem_trace_event){.kind = GEM_TRACE_IOCTL, .index = writer,
			.a = i, .b = ~(uint64_t)i});
	return NULL;
}

/* Each event is whole, and those of a thread keep their order; what is not there was counted. */
TEST(many_write_and_one_reads)
{
	uint64_t next[WRITERS] = {0}, taken = 0, dropped = 0;
	struct gem_trace_event event;
	pthread_t threads[WRITERS];

	CHECK_INT(gem_trace_start(), 0);
	for (uintptr_t i = 0; i < WRITERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, write_events, (void *)i), 0);
	while (taken + (dropped = gem_trace_dropped()) < WRITERS * EACH) {
		if (!gem_trace_take(&event)) {
			sched_yield();
			continue;
		}
		CHECK(event.index < WRITERS);
		CHECK_INT(event.b, ~event.a);
		CHECK(event.a >= next[event.index]);
		next[event.index] = event.a + 1;
		taken++;
	}
	CHECK_INT(taken + dropped, WRITERS * EACH);
	for (unsigned i = 0; i < WRITERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	CHECK(!gem_trace_take(&event));
	gem_trace_stop();
}

static void *ask_client(void *data)
{
	*(int32_t *)data = gem_trace_client();
	return NULL;
}

TEST(a_thread_says_whom_it_serves)
{
	pthread_t thread;
	int32_t other = 0;

	CHECK_INT(gem_trace_client(), getpid());
	gem_trace_set_client(4711);
	CHECK_INT(gem_trace_client(), 4711);
	CHECK_INT(pthread_create(&thread, NULL, ask_client, &other), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(other, getpid());
	CHECK_INT(gem_trace_tid(), gettid());
}

static void *ask_submitted(void *data)
{
	*(uint64_t *)data = gem_trace_take_submitted();
	return NULL;
}

TEST(a_thread_says_what_it_has_submitted)
{
	uint64_t fence = gem_trace_fence(7, 3), other = 1;
	pthread_t thread;

	CHECK(fence != gem_trace_fence(7, 4) && fence != gem_trace_fence(3, 7));
	CHECK_INT(gem_trace_take_submitted(), 0);
	gem_trace_set_submitted(gem_trace_fence(7, 2));
	gem_trace_set_submitted(fence);
	CHECK_INT(pthread_create(&thread, NULL, ask_submitted, &other), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(other, 0);
	CHECK(gem_trace_take_submitted() == fence);
	CHECK_INT(gem_trace_take_submitted(), 0);
}
