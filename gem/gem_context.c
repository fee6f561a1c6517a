#include <errno.h>
#include <stdlib.h>

#include "gem_file.h"
#include "gem_vm.h"

int gem_contexts_init(struct gem_contexts *contexts)
{
	int ret = gem_conduct_create(&contexts->conduct);

	if (ret)
		return ret;
	pthread_mutex_init(&contexts->lock, NULL);
	gem_idr_init(&contexts->idr, 1);
	contexts->standard = NULL;
	return 0;
}

static void close_context(struct gem_context *context)
{
	if (!context)
		return;
	context->closed = true;
	gem_context_put(context);
}

void gem_contexts_finish(struct gem_contexts *contexts)
{
	uint32_t id = 0;

	while (gem_idr_next(&contexts->idr, &id))
		close_context(gem_idr_remove(&contexts->idr, id));
	close_context(contexts->standard);
	gem_idr_finish(&contexts->idr);
	gem_conduct_put(contexts->conduct);
	pthread_mutex_destroy(&contexts->lock);
}

/* vm: reference, taken over, on failure too. */
static int make_context(struct gem_file *file, struct gem_vm *vm, struct gem_context **out)
{
	struct gem_context *context = calloc(1, sizeof(*context));

	if (!context) {
		gem_vm_put(vm);
		return -ENOMEM;
	}
	atomic_init(&context->refcount, 1);
	context->dev = file->dev;
	context->vm = vm;
	context->conduct = gem_conduct_get(file->contexts.conduct);
	context->priority = GEM_PRIORITY_DEFAULT;
	context->bannable = true;
	context->recoverable = true;
	pthread_mutex_init(&context->lock, NULL);
	for (unsigned i = 0; i < GEM_CONTEXT_TIMELINES; i++)
		gem_timeline_init(&context->timelines[i]);
	*out = context;
	return 0;
}

int gem_context_create(struct gem_file *file, uint32_t *id)
{
	struct gem_contexts *contexts = &file->contexts;
	struct gem_context *context;
	struct gem_vm *vm;

	if (gem_conduct_is_banned(contexts->conduct))
		return -EIO;
	int ret = gem_vm_create(file->dev, GEM_PPGTT_SIZE, 0, false, &vm);
	if (ret == 0)
		ret = make_context(file, vm, &context);
	if (ret)
		return ret;
	pthread_mutex_lock(&contexts->lock);
	ret = gem_idr_alloc(&contexts->idr, NULL, &context->id);
	if (ret == 0) {
		*id = context->id;
		gem_idr_replace(&contexts->idr, context->id, context);
	}
	pthread_mutex_unlock(&contexts->lock);
	if (ret)
		gem_context_put(context);
	return ret;
}

int gem_context_destroy(struct gem_file *file, uint32_t id)
{
	pthread_mutex_lock(&file->contexts.lock);
	struct gem_context *context = gem_idr_remove(&file->contexts.idr, id);
	pthread_mutex_unlock(&file->contexts.lock);
	close_context(context);
	return context ? 0 : -ENOENT;
}

/* contexts->lock held. */
static int standard_locked(struct gem_file *file, struct gem_context **out)
{
	struct gem_contexts *contexts = &file->contexts;
	int ret = 0;

	if (!contexts->standard)
		ret = make_context(file, gem_vm_get(file->dev->ggtt), &contexts->standard);
	*out = contexts->standard;
	return ret;
}

int gem_context_lookup(struct gem_file *file, uint32_t id, struct gem_context **out)
{
	struct gem_context *context;
	int ret = 0;

	pthread_mutex_lock(&file->contexts.lock);
	if (id == 0) {
		ret = standard_locked(file, &context);
	} else {
		context = gem_idr_find(&file->contexts.idr, id);
		ret = context ? 0 : -ENOENT;
	}
	if (ret == 0)
		*out = gem_context_get(context);
	pthread_mutex_unlock(&file->contexts.lock);
	return ret;
}

struct gem_context *gem_context_get(struct gem_context *context)
{
	atomic_fetch_add_explicit(&context->refcount, 1, memory_order_relaxed);
	return context;
}

void gem_context_put(struct gem_context *context)
{
	if (!context ||
	    atomic_fetch_sub_explicit(&context->refcount, 1, memory_order_acq_rel) != 1)
		return;
	gem_vm_put(context->vm);
	gem_conduct_put(context->conduct);
	for (unsigned i = 0; i < GEM_CONTEXT_TIMELINES; i++)
		gem_timeline_finish(&context->timelines[i]);
	pthread_mutex_destroy(&context->lock);
	free(context);
}

static int add_older(struct gem_context *context, int64_t before_ns, struct gem_fence_set *set)
{
	int ret = 0;

	for (unsigned i = 0; i < GEM_CONTEXT_TIMELINES && ret == 0; i++)
		ret = gem_timeline_add_older(&context->timelines[i], before_ns, set);
	return ret;
}

int gem_contexts_add_older(struct gem_contexts *contexts, int64_t before_ns,
	struct gem_fence_set *set)
{
	uint32_t id = 0;
	int ret = 0;

	pthread_mutex_lock(&contexts->lock);
	if (contexts->standard)
		ret = add_older(contexts->standard, before_ns, set);
	while (ret == 0 && gem_idr_next(&contexts->idr, &id)) {
		ret = add_older(gem_idr_find(&contexts->idr, id), before_ns, set);
		id++;
	}
	pthread_mutex_unlock(&contexts->lock);
	return ret;
}

/* ---- parameters ---- */

uint64_t gem_context_get_param(const struct gem_context *context, enum gem_context_param param)
{
	switch (param) {
	case GEM_CONTEXT_GTT_SIZE:
		return context->vm->size;
	case GEM_CONTEXT_PRIORITY:
		return (uint64_t)(int64_t)context->priority;
	case GEM_CONTEXT_BANNABLE:
		return context->bannable;
	case GEM_CONTEXT_RECOVERABLE:
		return context->recoverable;
	case GEM_CONTEXT_NO_ERROR_CAPTURE:
		return context->no_error_capture;
	}
	return 0;
}

static int set_priority(struct gem_context *context, int64_t priority, bool privileged)
{
	if (priority < GEM_PRIORITY_MIN || priority > GEM_PRIORITY_MAX)
		return -EINVAL;
	if (priority > GEM_PRIORITY_DEFAULT && !privileged)
		return -EPERM;
	context->priority = priority;
	return 0;
}

int gem_context_set_param(struct gem_context *context, enum gem_context_param param,
	uint64_t value, bool privileged)
{
	switch (param) {
	case GEM_CONTEXT_GTT_SIZE:
		return -EINVAL;
	case GEM_CONTEXT_PRIORITY:
		return set_priority(context, (int64_t)value, privileged);
	case GEM_CONTEXT_BANNABLE:
		if (!value && !privileged)
			return -EPERM;
		context->bannable = value != 0;
		return 0;
	case GEM_CONTEXT_RECOVERABLE:
		context->recoverable = value != 0;
		return 0;
	case GEM_CONTEXT_NO_ERROR_CAPTURE:
		context->no_error_capture = value != 0;
		return 0;
	}
	return -EINVAL;
}

/* ---- resets ---- */

/* Of its last hangs, this one included: too many in too short a time? */
static bool hangs_often(struct gem_context *context, int64_t now_ns)
{
	pthread_mutex_lock(&context->lock);
	int64_t before = context->hangs_ns[0];
	context->hangs_ns[0] = context->hangs_ns[1];
	context->hangs_ns[1] = now_ns;
	pthread_mutex_unlock(&context->lock);
	return before && now_ns - before < GEM_CONTEXT_FAST_HANG_NS;
}

bool gem_context_note_reset(struct gem_context *context, bool guilty, int64_t now_ns)
{
	if (!guilty) {
		atomic_fetch_add(&context->active_count, 1);
		return false;
	}
	atomic_fetch_add(&context->guilty_count, 1);
	bool often = hangs_often(context, now_ns);
	if (context->closed || (context->bannable && (often || !context->recoverable)))
		context->banned = true;
	if (context->closed || context->bannable)
		gem_conduct_note_hang(context->conduct, context->banned, now_ns);
	return gem_context_is_banned(context);
}

bool gem_context_is_banned(const struct gem_context *context)
{
	return context->banned ||
		((context->bannable || context->closed) && gem_conduct_is_banned(context->conduct));
}
