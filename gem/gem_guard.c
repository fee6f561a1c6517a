#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gem_base.h"
#include "gem_guard.h"

/*
 * A hash table of fixed size, keyed by start, that the handler reads from end
 * to end: a fault is rare and is the fault of a client, the table changes with
 * every mapping. Twice the kernel's default limit of mappings of a process.
 */
enum { SLOTS = 1 << 17 };
#define FREE ((uintptr_t)0)
#define GONE ((uintptr_t)1) /* probing goes on behind it */

struct slot {
	_Atomic(uintptr_t) start; /* written last, cleared first */
	_Atomic(size_t) length;
	_Atomic(atomic_bool *) faulted;
};

static struct slot slots[SLOTS];
/* Writers only. */
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned slots_live; /* slots_lock */

static struct sigaction previous; /* written once, before the handler is there */
static pthread_once_t install_once = PTHREAD_ONCE_INIT;
static int install_error;

/* ---- the handler: no lock, no allocation, system calls only ---- */

static bool cover_with_zeros(uintptr_t address)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		uintptr_t start = atomic_load_explicit(&slots[i].start, memory_order_acquire);

		/* A torn read concerns a range that changes now: not the one in use. */
		if (start <= GONE || address < start)
			continue;
		size_t length = atomic_load_explicit(&slots[i].length, memory_order_acquire);
		atomic_bool *faulted = atomic_load_explicit(&slots[i].faulted,
			memory_order_acquire);
		if (address - start >= length ||
		    atomic_load_explicit(&slots[i].start, memory_order_acquire) != start)
			continue;
		uintptr_t page = address & ~(uintptr_t)(GEM_PAGE_SIZE - 1);
		/* Not the libc's mmap: it may be wrapped by a shim or a sanitizer. */
		long ret = syscall(SYS_mmap, page, start + length - page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0L);
		if (ret == -1)
			return false;
		atomic_store(faulted, true);
		return true;
	}
	return false;
}

/* As if we were not there. */
static void chain(int sig, siginfo_t *info, void *context)
{
	bool sent = info->si_code <= 0; /* by kill(2) and the like: not a fault */

	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(sig, info, context);
	} else if (previous.sa_handler == SIG_IGN && sent) {
		return;
	} else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
		struct sigaction dfl = {.sa_handler = SIG_DFL};

		/* A fault comes again by itself; what was sent is sent again. */
		sigaction(sig, &dfl, NULL);
		if (sent)
			raise(sig);
	} else {
		previous.sa_handler(sig);
	}
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	int error = errno;

	if (info->si_code <= 0 || !cover_with_zeros((uintptr_t)info->si_addr))
		chain(sig, info, context);
	errno = error;
}

static void install(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART,
	};

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, NULL, &previous) < 0 || sigaction(SIGBUS, &action, NULL) < 0)
		install_error = -errno;
}

int gem_guard_install(void)
{
	pthread_once(&install_once, install);
	return install_error;
}

void gem_guard_fill_signals(sigset_t *set)
{
	static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL};

	sigfillset(set);
	for (size_t i = 0; i < GEM_ARRAY_SIZE(faults); i++)
		sigdelset(set, faults[i]);
}

/* ---- the table ---- */

static unsigned home(uintptr_t start)
{
	return (start / GEM_PAGE_SIZE * 0x9e3779b97f4a7c15ull) >> 47;
}

_Static_assert(SLOTS == 1 << (64 - 47), "home() has the table's size");

static unsigned next_slot(unsigned at)
{
	return (at + 1) % SLOTS;
}

int gem_guard_add(void *start, size_t length, atomic_bool *faulted)
{
	int ret = -ENOMEM;

	pthread_mutex_lock(&slots_lock);
	if (slots_live < SLOTS / 4 * 3) {
		unsigned at = home((uintptr_t)start);
		while (slots[at].start > GONE)
			at = next_slot(at);
		slots_live++;
		atomic_store(&slots[at].length, length);
		atomic_store(&slots[at].faulted, faulted);
		atomic_store(&slots[at].start, (uintptr_t)start);
		ret = 0;
	}
	pthread_mutex_unlock(&slots_lock);
	return ret;
}

void gem_guard_remove(void *start)
{
	pthread_mutex_lock(&slots_lock);
	unsigned at = home((uintptr_t)start);
	while (slots[at].start != (uintptr_t)start && slots[at].start != FREE)
		at = next_slot(at);
	if (slots[at].start != FREE) {
		atomic_store(&slots[at].start, GONE);
		slots_live--;
		/* What ends a probe sequence needs no tombstones before it. */
		if (slots[next_slot(at)].start == FREE) {
			while (slots[at].start == GONE) {
				atomic_store(&slots[at].start, FREE);
				at = (at + SLOTS - 1) % SLOTS;
			}
		}
	}
	pthread_mutex_unlock(&slots_lock);
}
