/*
 * sw_sync: an open file is a timeline, whose value its owner counts up; a fence
 * of it is signalled when the value has passed the fence's. Values wrap; b is
 * after a when it is less than half the range ahead.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uapi_debugfs.h"
#include "uapi_sync.h"

/* Of one timeline: those whose descriptors are closed take memory, too. */
enum { PENDING_MAX = 65536 };
/* Value 0, with room for values behind it. */
#define FIRST_POSITION (1ull << 32)

struct timeline {
	struct vfs_file base; /* first */
	char name[32];
	uint64_t context;
	pthread_mutex_t lock; /* guards the rest */
	uint64_t position;       /* the value, in its low half, that does not wrap */
	struct gem_list pending; /* sw_fence.link, in the order of their seqnos */
	unsigned pending_count;
};

struct sw_fence {
	struct gem_fence fence; /* first; seqno: the position it waits for */
	struct gem_list link;   /* timeline->lock; listed = a reference */
	char name[32];          /* the timeline's */
};

static void release_fence(struct gem_fence *fence)
{
	free(gem_container_of(fence, struct sw_fence, fence));
}

const char *uapi_sw_sync_name(const struct gem_fence *fence)
{
	return fence->release == release_fence ?
		gem_container_of(fence, struct sw_fence, fence)->name : NULL;
}

/* ---- time ---- */

/* Out of the list into ready, whose owner signals them without the lock. */
static void take_passed_locked(struct timeline *timeline, struct gem_list *ready)
{
	while (!gem_list_empty(&timeline->pending)) {
		struct sw_fence *fence = gem_list_entry(timeline->pending.next, struct sw_fence,
			link);

		if (fence->fence.seqno > timeline->position)
			break;
		gem_list_del(&fence->link);
		timeline->pending_count--;
		gem_list_add_tail(ready, &fence->link);
	}
}

static void signal_all(struct gem_list *ready, int error)
{
	struct sw_fence *fence, *next;

	gem_list_for_each_safe(fence, next, ready, link) {
		gem_fence_signal(&fence->fence, error);
		gem_fence_put(&fence->fence);
	}
}

static void count_up(struct timeline *timeline, uint32_t steps)
{
	struct gem_list ready;

	gem_list_init(&ready);
	pthread_mutex_lock(&timeline->lock);
	timeline->position += steps;
	take_passed_locked(timeline, &ready);
	pthread_mutex_unlock(&timeline->lock);
	signal_all(&ready, 0);
}

/* ---- fences ---- */

/* Publishes fence, with a reference for the list; a passed one is signalled instead. */
static int add_locked(struct timeline *timeline, struct sw_fence *fence, uint64_t seqno)
{
	struct gem_list *before = timeline->pending.prev;

	if (timeline->pending_count == PENDING_MAX)
		return -ENOMEM;
	gem_fence_init(&fence->fence, timeline->context, seqno, GEM_FENCE_NO_ENGINE,
		release_fence);
	if (seqno <= timeline->position) {
		gem_fence_signal(&fence->fence, 0); /* new: nobody is told */
		return 0;
	}
	while (before != &timeline->pending &&
	       gem_list_entry(before, struct sw_fence, link)->fence.seqno > seqno)
		before = before->prev;
	gem_list_add_tail(before->next, &fence->link);
	timeline->pending_count++;
	gem_fence_get(&fence->fence);
	return 0;
}

static int create_fence(struct timeline *timeline, uint32_t value, struct gem_fence **out)
{
	struct sw_fence *fence = calloc(1, sizeof(*fence));

	if (!fence)
		return -ENOMEM;
	memcpy(fence->name, timeline->name, sizeof(fence->name));
	pthread_mutex_lock(&timeline->lock);
	/* Values wrap, positions do not: half the range lies ahead, half behind. */
	uint64_t seqno = timeline->position + (int32_t)(value - (uint32_t)timeline->position);
	int ret = add_locked(timeline, fence, seqno);
	pthread_mutex_unlock(&timeline->lock);
	if (ret)
		free(fence);
	else
		*out = &fence->fence;
	return ret;
}

static int ioctl_create_fence(struct timeline *timeline, uint64_t arg, struct vfs_caller *caller)
{
	struct wire_sw_sync_create_fence args;
	struct gem_fence *fence;
	int fd;

	if (vfs_copy_from(caller, &args, arg, sizeof(args)))
		return -EFAULT;
	int ret = create_fence(timeline, args.value, &fence);
	if (ret)
		return ret;
	ret = uapi_sync_file_create(timeline->base.vfs, fence, NULL, &fd);
	gem_fence_put(fence);
	if (ret)
		return ret;
	args.fence = caller->ops->install_fd(caller, fd, true);
	if (args.fence < 0)
		return args.fence;
	return vfs_copy_to(caller, arg, &args, sizeof(args)) ? -EFAULT : 0;
}

static long timeline_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct timeline *timeline = gem_container_of(base, struct timeline, base);
	uint32_t steps;

	switch (request) {
	case WIRE_SW_SYNC_CREATE_FENCE:
		return ioctl_create_fence(timeline, arg, caller);
	case WIRE_SW_SYNC_INC:
		if (vfs_copy_from(caller, &steps, arg, sizeof(steps)))
			return -EFAULT;
		count_up(timeline, steps);
		return 0;
	}
	return -ENOTTY;
}

/* ---- life ---- */

static void release(struct vfs_file *base)
{
	struct timeline *timeline = gem_container_of(base, struct timeline, base);

	/* Nobody else has it any more. */
	signal_all(&timeline->pending, -ENOENT);
	pthread_mutex_destroy(&timeline->lock);
	vfs_file_finish(base);
	free(timeline);
}

static const struct vfs_file_ops timeline_ops = {
	.ioctl = timeline_ioctl,
	.release = release,
};

static int open_timeline(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));

	(void)node;
	(void)flags;
	if (!timeline)
		return -ENOMEM;
	vfs_file_init(&timeline->base, &timeline_ops);
	uapi_debugfs_comm(caller->pid, timeline->name);
	timeline->context = gem_fence_context_alloc();
	timeline->position = FIRST_POSITION;
	pthread_mutex_init(&timeline->lock, NULL);
	gem_list_init(&timeline->pending);
	*out = &timeline->base;
	return 0;
}

void uapi_sw_sync_node_init(struct vfs_node *node)
{
	*node = (struct vfs_node){
		.path = UAPI_SW_SYNC_PATH,
		.mode = 0600,
		.uid = geteuid(),
		.gid = getegid(),
		.open = open_timeline,
	};
}
