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
