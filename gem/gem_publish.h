/*
 * Counters that other processes may watch: what somebody was told stays true while the
 * counters that it depends on have not moved. They lie in memory of this process that
 * others map, read-only, by a descriptor (gem_publish_open); seals see to it that no
 * descriptor of it can ever be written through.
 *
 * A counter is moved where the change is not seen yet by anybody who could have been told
 * of it: under the lock that readers take, before the first event or reply about it; or,
 * where readers take no lock, right after the change. It only grows.
 */
#ifndef GEM_PUBLISH_H
#define GEM_PUBLISH_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>

#define GEM_PUBLISH_SIZE (1u << 20) /* bytes, whole pages */
#define GEM_PUBLISH_LINE 8          /* counters of a line: one cache line */

typedef _Atomic uint64_t gem_counter;

/*
 * A line of counters for one owner. Never fails: when there is no line left, or no memory
 * to share, it is one that nobody can watch.
 */
gem_counter *gem_publish_alloc(void);
/* They move once more: what depended on the owner depends on nobody now. */
void gem_publish_free(gem_counter *line);

/* Where a watcher finds counter, in bytes; 0 = it can not be watched. */
uint32_t gem_publish_place(const gem_counter *counter);
/* A new read-only descriptor of the memory. -ENODEV: there are no lines; -EMFILE... */
int gem_publish_open(int *fd);

static inline void gem_publish_move(gem_counter *counter)
{
	atomic_fetch_add(counter, 1);
}

/*
 * A counter that moves when the calling thread ends, or is killed with its process: the
 * kernel sees to it (robust futexes). gem_publish_leave is called before the thread ends
 * in order. One such counter a thread; life stays the caller's, and the thread uses no
 * robust mutexes.
 */
struct gem_publish_life {
	struct robust_list_head head;
	struct robust_list link;
	gem_counter *counter;
};
void gem_publish_enter(struct gem_publish_life *life, gem_counter *counter);
void gem_publish_leave(struct gem_publish_life *life);

/* This process's own, without an owner: moves when any object gets work (gem_resv.h). */
gem_counter *gem_publish_busy(void);

#endif
