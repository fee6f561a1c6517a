/* The SIGBUS guard: truncated memory reads as zeros, other faults go on. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gem_guard.h"
#include "test.h"

enum { PAGE = 4096, PAGES = 8 };

struct memory {
	int fd;
	volatile uint8_t *map;
	atomic_bool faulted;
};

static void memory_init(struct memory *memory, bool guarded)
{
	memory->fd = memfd_create("client", MFD_CLOEXEC);
	CHECK(memory->fd >= 0);
	CHECK_INT(ftruncate(memory->fd, PAGES * PAGE), 0);
	void *map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0);
	CHECK(map != MAP_FAILED);
	memset(map, 0x77, PAGES * PAGE);
	memory->map = map;
	atomic_init(&memory->faulted, false);
	if (guarded)
		CHECK_INT(gem_guard_add(map, PAGES * PAGE, &memory->faulted), 0);
}

static void memory_finish(struct memory *memory, bool guarded)
{
	if (guarded)
		gem_guard_remove((void *)memory->map);
	munmap((void *)memory->map, PAGES * PAGE);
	close(memory->fd);
}

TEST(truncated_memory_reads_as_zeros)
{
	struct memory memory;

	CHECK_INT(gem_guard_install(), 0);
	memory_init(&memory, true);
	CHECK_INT(ftruncate(memory.fd, 2 * PAGE), 0);
	CHECK_INT(memory.map[2 * PAGE - 1], 0x77);
	CHECK(!memory.faulted);
	CHECK_INT(memory.map[5 * PAGE + 3], 0);
	CHECK(memory.faulted);
	CHECK_INT(memory.map[2 * PAGE], 0);
	CHECK_INT(memory.map[PAGES * PAGE - 1], 0);
	/* writes go nowhere, and hurt nobody */
	memory.map[7 * PAGE] = 5;
	CHECK_INT(memory.map[7 * PAGE], 5);
	CHECK_INT(memory.map[0], 0x77);
	memory_finish(&memory, true);
}

/* One fault, whatever the length: a hostile client gets no millisecond per page. */
TEST(the_rest_of_the_range_is_covered_at_once)
{
	struct memory memory;

	CHECK_INT(gem_guard_install(), 0);
	memory_init(&memory, true);
	CHECK_INT(ftruncate(memory.fd, 0), 0);
	CHECK_INT(memory.map[PAGE], 0);
	memory.faulted = false;
	for (int i = 1; i < PAGES; i++)
		CHECK_INT(memory.map[i * PAGE], 0);
	CHECK(!memory.faulted);
	CHECK_INT(memory.map[0], 0); /* in front of it is another fault */
	CHECK(memory.faulted);
	memory_finish(&memory, true);
}

static sigjmp_buf back;
static volatile sig_atomic_t calls;

static void on_bus_info(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	calls++;
	siglongjmp(back, 1);
}

static void on_bus(int sig)
{
	(void)sig;
	calls++;
	siglongjmp(back, 1);
}

static void fault_outside(void)
{
	struct memory memory, guarded;

	memory_init(&memory, false);
	memory_init(&guarded, true);
	CHECK_INT(ftruncate(memory.fd, 0), 0);
	CHECK_INT(ftruncate(guarded.fd, 0), 0);
	if (sigsetjmp(back, 1) == 0) {
		(void)memory.map[0];
		CHECK(!"an unguarded fault was swallowed");
	}
	CHECK_INT(guarded.map[0], 0);
	CHECK_INT(calls, 1);
	memory_finish(&memory, false);
	memory_finish(&guarded, true);
}

TEST(other_faults_go_to_the_program_with_siginfo)
{
	struct sigaction action = {.sa_sigaction = on_bus_info, .sa_flags = SA_SIGINFO};

	CHECK_INT(sigaction(SIGBUS, &action, NULL), 0);
	CHECK_INT(gem_guard_install(), 0);
	CHECK_INT(gem_guard_install(), 0); /* not on top of itself */
	fault_outside();
}

TEST(other_faults_go_to_the_program)
{
	struct sigaction action = {.sa_handler = on_bus};

	CHECK_INT(sigaction(SIGBUS, &action, NULL), 0);
	CHECK_INT(gem_guard_install(), 0);
	fault_outside();
}

static void die_by_fault(void)
{
	struct memory memory;

	memory_init(&memory, false);
	CHECK_INT(ftruncate(memory.fd, 0), 0);
	(void)memory.map[0];
}

static void die_by_kill(void)
{
	kill(getpid(), SIGBUS);
}

struct death_row {
	const char *name;
	void (*die)(void);
	void (*handler)(int);
	bool survives;
};

static const struct death_row death_rows[] = {
	{"fault, default action", die_by_fault, SIG_DFL},
	{"fault, ignored", die_by_fault, SIG_IGN}, /* the kernel kills here, too */
	{"sent, default action", die_by_kill, SIG_DFL},
	{"sent, ignored", die_by_kill, SIG_IGN, true},
};

TEST_ROWS(without_a_handler, struct death_row, death_rows)
{
	int status;

	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		signal(SIGBUS, row->handler);
		if (gem_guard_install() == 0)
			row->die();
		_exit(33);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	if (row->survives)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
	else
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void *fault_a_lot(void *unused)
{
	(void)unused;
	for (int i = 0; i < 300; i++) {
		struct memory memory;

		memory_init(&memory, true);
		CHECK_INT(ftruncate(memory.fd, i % PAGES * PAGE), 0);
		CHECK_INT(memory.map[PAGES * PAGE - 1], 0);
		CHECK(memory.faulted);
		CHECK_INT(memory.map[0], i % PAGES ? 0x77 : 0);
		memory_finish(&memory, true);
	}
	return NULL;
}

TEST(faults_in_threads)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];

	CHECK_INT(gem_guard_install(), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, fault_a_lot, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

TEST(the_table_is_finite_and_forgets)
{
	enum { MORE_THAN_FIT = 1 << 17 };
	static atomic_bool faulted;
	uintptr_t count = 0;

	while (count < MORE_THAN_FIT && gem_guard_add((void *)((count + 1) * PAGE), PAGE,
		&faulted) == 0)
		count++;
	CHECK(count > 65536 && count < MORE_THAN_FIT);
	CHECK_INT(gem_guard_add((void *)(1ull << 40), PAGE, &faulted), -ENOMEM);
	for (uintptr_t i = 0; i < count; i++)
		gem_guard_remove((void *)((i + 1) * PAGE));
	for (int round = 0; round < 3; round++) {
		for (uintptr_t i = 0; i < 50000; i++)
			CHECK_INT(gem_guard_add((void *)((i * 7 + round + 1) * PAGE), PAGE,
				&faulted), 0);
		for (uintptr_t i = 0; i < 50000; i++)
			gem_guard_remove((void *)((i * 7 + round + 1) * PAGE));
	}
	gem_guard_remove((void *)(uintptr_t)PAGE); /* not there */
}
