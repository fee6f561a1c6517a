/*
 * Event descriptors of clients that are told of a point. The write must not
 * wait, and the client decides whether its eventfd blocks: so the kernel does it
 * as the completion of an asynchronous read of nothing, which never does.
 */
#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gem_syncobj_private.h"

/* Each keeps a descriptor of the server. */
enum { REGISTRATIONS_MAX = 4096 };

struct registration {
	struct gem_syncobj_waiter waiter; /* listed while fence is NULL */
	struct gem_fence_callback callback;
	struct gem_fence *fence; /* reference; NULL = not submitted */
	uint64_t point;
	bool available;
	int eventfd; /* owned */
};

static atomic_uint registrations;

/* ---- the write ---- */

static pthread_mutex_t writer_lock = PTHREAD_MUTEX_INITIALIZER;
static aio_context_t writer; /* 0: none yet, or the machine has none; writer_lock */

static int write_locked(int eventfd, int nothing)
{
	struct iocb request = {
		.aio_fildes = nothing,
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = eventfd,
	}, *requests = &request;
	struct io_event done;

	if (!writer && syscall(SYS_io_setup, 1, &writer) < 0)
		return -errno;
	if (syscall(SYS_io_submit, writer, 1, &requests) != 1)
		return -errno;
	syscall(SYS_io_getevents, writer, 1, 1, &done, NULL);
	return 0;
}

static int write_without_wait(int eventfd)
{
	int nothing = memfd_create("nothing", MFD_CLOEXEC);

	if (nothing < 0)
		return -errno;
	pthread_mutex_lock(&writer_lock);
	int ret = write_locked(eventfd, nothing);
	pthread_mutex_unlock(&writer_lock);
	close(nothing);
	return ret;
}

/*
 * Without asynchronous reads: full counters are left alone, they tell it already.
 * Only a client that fills its own meanwhile can make this wait, and only there.
 */
static void write_if_room(int eventfd)
{
	struct pollfd room = {eventfd, POLLOUT, 0};
	uint64_t one = 1;

	if (poll(&room, 1, 0) == 1 && write(eventfd, &one, sizeof(one)) < 0)
		gem_debug("syncobj", "eventfd: %s", strerror(errno));
}

static void free_registration(struct registration *registration)
{
	gem_fence_put(registration->fence);
	close(registration->eventfd);
	free(registration);
	atomic_fetch_sub(&registrations, 1);
}

static void tell(struct registration *registration)
{
	if (write_without_wait(registration->eventfd))
		write_if_room(registration->eventfd);
	free_registration(registration);
}

/* ---- registrations ---- */

static void fence_signalled(struct gem_fence *fence, struct gem_fence_callback *callback)
{
	(void)fence;
	tell(gem_container_of(callback, struct registration, callback));
}

/* Content may have come, or be there: goes on from the object to the fence. */
static void content_changed(struct gem_syncobj *syncobj, struct gem_syncobj_waiter *waiter)
{
	struct registration *registration =
		gem_container_of(waiter, struct registration, waiter);

	if (gem_syncobj_find_fence_locked(syncobj, registration->point, &registration->fence))
		return;
	gem_list_del(&waiter->link);
	if (registration->available || gem_fence_add_callback(registration->fence,
			&registration->callback, fence_signalled))
		tell(registration);
}

void gem_syncobj_eventfds_finish(struct gem_syncobj *syncobj)
{
	struct gem_syncobj_waiter *waiter, *next;

	/* Who waits in gem_syncobj_wait has a reference: these are ours. */
	gem_list_for_each_safe(waiter, next, &syncobj->waiters, link)
		free_registration(gem_container_of(waiter, struct registration, waiter));
}

static bool is_eventfd(int fd)
{
	char path[32], name[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(path, name, sizeof(name) - 1);
	if (length < 0)
		return false;
	name[length] = '\0';
	return strcmp(name, "anon_inode:[eventfd]") == 0;
}

static int alloc_registration(struct registration **out)
{
	struct registration *registration;

	if (atomic_fetch_add(&registrations, 1) < REGISTRATIONS_MAX &&
	    (registration = calloc(1, sizeof(*registration)))) {
		*out = registration;
		return 0;
	}
	atomic_fetch_sub(&registrations, 1);
	return -ENOMEM;
}

int gem_syncobj_register_eventfd(struct gem_syncobj *syncobj, uint64_t point, bool available,
	int eventfd)
{
	struct registration *registration;
	int ret = is_eventfd(eventfd) ? alloc_registration(&registration) : -EINVAL;

	if (ret) {
		close(eventfd);
		return ret;
	}
	registration->point = point;
	registration->available = available;
	registration->eventfd = eventfd;
	registration->waiter.changed = content_changed;
	pthread_mutex_lock(&syncobj->lock);
	gem_list_add_tail(&syncobj->waiters, &registration->waiter.link);
	content_changed(syncobj, &registration->waiter);
	pthread_mutex_unlock(&syncobj->lock);
	return 0;
}
