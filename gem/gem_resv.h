/*
 * The reservation of an object: the fences of the work that reads or writes it,
 * for implicit synchronisation between all clients. Readers wait for writers;
 * writers wait for both.
 *
 * Made at the first need, so an object that no engine ever touched has none. An
 * import shares its exporter's reservation.
 *
 * At most two fences per context are kept (its last read, its last write), and
 * signalled ones go when another is added: no growth with the number of
 * batches. gem_publish_busy() moves with every fence that comes into any reservation.
 */
#ifndef GEM_RESV_H
#define GEM_RESV_H

#include <stdbool.h>
#include <stdint.h>

#include "gem_fence.h"

struct gem_object;
struct gem_resv;

struct gem_resv *gem_resv_get(struct gem_resv *resv);
void gem_resv_put(struct gem_resv *resv); /* NULL is fine */

/* obj's own, made now if there is none; no new reference. NULL = no memory. */
struct gem_resv *gem_object_resv(struct gem_object *obj);
/* New object importer gets exporter's; both still unused by engines. -ENOMEM. */
int gem_object_share_resv(struct gem_object *importer, struct gem_object *exporter);

/* Who uses an object looks at all that is pending: a client can not make that any number. */
#define GEM_RESV_MAX 1024u
/*
 * Fence of work that reads (or also writes) obj. -ENOMEM, also when GEM_RESV_MAX
 * are pending: then the fence is not there. For tests, and for work on one object; batches use
 * gem_resv_submit.
 */
int gem_object_add_fence(struct gem_object *obj, struct gem_fence *fence, bool write);

/*
 * Is there unsignalled work? *readers and *writer (may be NULL) are what
 * I915_GEM_BUSY reports as readers << 16 | writer: a bit per engine class
 * (1 << class, the writer's among them), and the last writer's class + 1 (0 =
 * none). Fences of no engine make it busy and are in neither.
 */
bool gem_object_busy(struct gem_object *obj, uint32_t *readers, uint32_t *writer);
/* The same for who wants to read only (write = false): pending writes. */
bool gem_object_busy_for(struct gem_object *obj, bool write);
/*
 * Waits for the work pending now: the writes, and the reads too when for_write.
 * timeout_ns, remaining and locks as in gem_fence_wait. -ETIME; -ENOMEM.
 */
int gem_object_wait(struct gem_object *obj, bool for_write, int64_t timeout_ns,
	int64_t *remaining);
/* For all of it, without limit, but -EINTR when interrupted (gem_interrupt.h). -ENOMEM. */
int gem_object_wait_interruptible(struct gem_object *obj);
/* Adds what gem_object_wait would wait for (a flip's in-fences). -ENOMEM. */
int gem_object_pending(struct gem_object *obj, bool for_write, struct gem_fence_set *set);

/* The engine's write that was over last, of those that are kept; new reference, or NULL. */
struct gem_fence *gem_object_last_written(struct gem_object *obj);

/* An object's part in a batch. */
struct gem_resv_use {
	struct gem_object *obj;
	bool write;
	bool async; /* does not wait for what is pending (EXEC_OBJECT_ASYNC) */
};

/*
 * All or nothing, and atomic against every other call of it in this process:
 * adds to *waits what the batch has to wait for, of other contexts than
 * fence's, then puts fence into all the reservations. So batches over the same
 * objects have one order, and never wait for each other in a circle. -ENOMEM.
 */
int gem_resv_submit(const struct gem_resv_use *uses, unsigned count, struct gem_fence *fence,
	struct gem_fence_set *waits);

/* Entries kept now, signalled ones included: for tests and debugfs. */
unsigned gem_object_fence_count(struct gem_object *obj);

#endif
