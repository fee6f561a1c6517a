#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "gem_journal.h"

struct slot {
	/* Number of the line in it, plus one; 0 while it is written. */
	_Atomic uint64_t number;
	struct gem_journal_line line;
};

struct journal {
	_Atomic uint64_t count;
	struct slot slots[GEM_JOURNAL_SIZE];
};

static struct journal fallback;
static _Atomic(struct journal *) shared;
static pthread_once_t map_once = PTHREAD_ONCE_INIT;

static void map(void)
{
	void *memory = mmap(NULL, sizeof(struct journal), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	atomic_store(&shared, memory == MAP_FAILED ? &fallback : memory);
}

/* For who waits; of this process. A leaf: taken under whatever the writer holds. */
static pthread_mutex_t wait_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint64_t wakes; /* wait_lock */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void gem_journal_add(const char *format, ...)
{
	struct gem_journal_line line = {.time_ns = now_ns()};
	va_list args;

	pthread_once(&map_once, map);
	struct journal *journal = atomic_load(&shared);
	va_start(args, format);
	vsnprintf(line.text, sizeof(line.text), format, args);
	va_end(args);
	uint64_t number = atomic_fetch_add(&journal->count, 1);
	struct slot *slot = &journal->slots[number % GEM_JOURNAL_SIZE];

	atomic_store(&slot->number, 0);
	slot->line = line;
	atomic_store(&slot->number, number + 1);
	pthread_mutex_lock(&wait_lock);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&wait_lock);
}

uint64_t gem_journal_count(void)
{
	struct journal *journal = atomic_load(&shared);

	return journal ? atomic_load(&journal->count) : 0;
}

bool gem_journal_read(uint64_t at, struct gem_journal_line *line)
{
	struct journal *journal = atomic_load(&shared);

	if (!journal)
		return false;
	const struct slot *slot = &journal->slots[at % GEM_JOURNAL_SIZE];
	if (atomic_load(&slot->number) != at + 1)
		return false;
	memcpy(line, &slot->line, sizeof(*line));
	line->text[sizeof(line->text) - 1] = '\0';
	return atomic_load(&slot->number) == at + 1;
}

void gem_journal_wake(void)
{
	pthread_mutex_lock(&wait_lock);
	wakes++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&wait_lock);
}

void gem_journal_wait(uint64_t seen, int timeout_ms)
{
	static _Thread_local uint64_t wakes_seen;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000l;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&wait_lock);
	if (gem_journal_count() <= seen && wakes == wakes_seen) {
		if (timeout_ms < 0)
			pthread_cond_wait(&changed, &wait_lock);
		else
			pthread_cond_timedwait(&changed, &wait_lock, &until);
	}
	wakes_seen = wakes;
	pthread_mutex_unlock(&wait_lock);
}
