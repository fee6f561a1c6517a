#include <stdatomic.h>

#include "uapi.h"
#include "uapi_count.h"

enum { NUMBERS = 256, LINE = 64 };

/* One a cache line: those who call this do not wait for those who call that. */
static struct {
	_Atomic uint64_t wire, self, kept, errors;
} __attribute__((aligned(LINE))) counts[NUMBERS];

static void add(_Atomic uint64_t *count, uint32_t times)
{
	atomic_fetch_add_explicit(count, times, memory_order_relaxed);
}

void uapi_count(unsigned nr, bool remote, bool failed)
{
	add(remote ? &counts[nr].wire : &counts[nr].self, 1);
	if (failed)
		add(&counts[nr].errors, 1);
}

void uapi_count_kept(unsigned nr, uint32_t times)
{
	if (uapi_ioctl_find(nr))
		add(&counts[nr].kept, times);
}

void uapi_count_read(unsigned nr, struct uapi_count *count)
{
	count->wire = atomic_load_explicit(&counts[nr].wire, memory_order_relaxed);
	count->self = atomic_load_explicit(&counts[nr].self, memory_order_relaxed);
	count->kept = atomic_load_explicit(&counts[nr].kept, memory_order_relaxed);
	count->errors = atomic_load_explicit(&counts[nr].errors, memory_order_relaxed);
}

void uapi_count_reset(void)
{
	for (unsigned nr = 0; nr < NUMBERS; nr++) {
		atomic_store_explicit(&counts[nr].wire, 0, memory_order_relaxed);
		atomic_store_explicit(&counts[nr].self, 0, memory_order_relaxed);
		atomic_store_explicit(&counts[nr].kept, 0, memory_order_relaxed);
		atomic_store_explicit(&counts[nr].errors, 0, memory_order_relaxed);
	}
}
