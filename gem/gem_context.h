/*
 * Contexts of an open file: what a client's batches run in. Context 0 is there
 * from the start and cannot be destroyed; the others have ids from 1 and their
 * own address space. All go with the file; work in flight keeps its context by
 * a reference.
 */
#ifndef GEM_CONTEXT_H
#define GEM_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_conduct.h"
#include "gem_idr.h"
#include "gem_timeline.h"

struct gem_device;
struct gem_file;
struct gem_vm;

/* As I915_CONTEXT_*_USER_PRIORITY. */
enum { GEM_PRIORITY_MIN = -1023, GEM_PRIORITY_DEFAULT = 0, GEM_PRIORITY_MAX = 1023 };

/* Classes of engines: render, copy (gpu_class). */
enum { GEM_CONTEXT_TIMELINES = 2 };

struct gem_context {
	atomic_uint refcount;
	uint32_t id;           /* in its file; immutable */
	struct gem_device *dev;
	struct gem_vm *vm;     /* reference; the device's global one for context 0; immutable */
	struct gem_conduct *conduct; /* of its file; reference; immutable */
	atomic_int priority;
	atomic_bool bannable;    /* may be banned for hangs; default true */
	atomic_bool recoverable; /* goes on after a hang; default true */
	atomic_bool no_error_capture;
	atomic_bool banned;      /* for its own hangs: see gem_context_is_banned */
	atomic_bool closed;      /* destroyed by its client; no new work */
	/* I915_GET_RESET_STATS: batches that hung, and that were pending at another's hang. */
	atomic_uint guilty_count, active_count;
	unsigned queued;          /* batches submitted and not done; gpu_device.lock */
	uint64_t reset_noted;     /* last reset that counted it active; gpu_device.lock */
	pthread_mutex_t lock;     /* innermost */
	int64_t hangs_ns[2];      /* its last two, older first; 0 = none; guarded by lock */
	struct gem_timeline timelines[GEM_CONTEXT_TIMELINES]; /* by class of engines; own locks */
};

/* Of a file; struct gem_file has one. */
struct gem_contexts {
	pthread_mutex_t lock;
	struct gem_idr idr;           /* from 1; guarded by lock */
	struct gem_context *standard; /* id 0; made when asked for; guarded by lock */
	struct gem_conduct *conduct;  /* reference; immutable */
};

/* The parameters of I915_GEM_CONTEXT_GETPARAM and SETPARAM. */
enum gem_context_param {
	GEM_CONTEXT_GTT_SIZE, /* bytes of the address space; read only */
	GEM_CONTEXT_PRIORITY, /* int64_t in value */
	GEM_CONTEXT_BANNABLE,
	GEM_CONTEXT_RECOVERABLE,
	GEM_CONTEXT_NO_ERROR_CAPTURE,
};

int gem_contexts_init(struct gem_contexts *contexts); /* -ENOMEM */
/* Destroys all of them. */
void gem_contexts_finish(struct gem_contexts *contexts);

/* New context. -EIO the file is banned; -ENOMEM. */
int gem_context_create(struct gem_file *file, uint32_t *id);
/* -ENOENT no such context, or 0. */
int gem_context_destroy(struct gem_file *file, uint32_t id);
/* New reference; id 0 is always there. -ENOENT; -ENOMEM (0 only). */
int gem_context_lookup(struct gem_file *file, uint32_t id, struct gem_context **out);
struct gem_context *gem_context_get(struct gem_context *context);
void gem_context_put(struct gem_context *context);

/*
 * Adds, of each timeline of each context, the latest unsignalled fence from
 * before before_ns, as gem_timeline_add_older. -ENOMEM.
 */
int gem_contexts_add_older(struct gem_contexts *contexts, int64_t before_ns,
	struct gem_fence_set *set);

uint64_t gem_context_get_param(const struct gem_context *context, enum gem_context_param param);
/*
 * privileged: CAP_SYS_NICE for priorities above the default, CAP_SYS_ADMIN for
 * no more bans; else -EPERM. -EINVAL value out of range, or read only.
 */
int gem_context_set_param(struct gem_context *context, enum gem_context_param param,
	uint64_t value, bool privileged);

/*
 * A batch of context hung the GPU (guilty), or was pending then. now_ns:
 * CLOCK_MONOTONIC. True: guilty, and contexts are banned for it. As i915 does, the
 * third hang within GEM_CONTEXT_FAST_HANG_NS is one too many for its context; the
 * first is, of a context that is not recoverable, or that its client has destroyed
 * (or left behind when it ended): nobody is there to learn from it.
 */
#define GEM_CONTEXT_FAST_HANG_NS (120 * 1000000000ll)
bool gem_context_note_reset(struct gem_context *context, bool guilty, int64_t now_ns);

/* Submits get -EIO, and what is queued fails: for its own hangs, or its file's. */
bool gem_context_is_banned(const struct gem_context *context);

#endif
