/*
 * Channels to the device server (protocols/wire/wire.h), one a thread.
 *
 * A channel is made on a thread's first request and closed at the thread's end.
 * It is made anew after fork, when the program closed its descriptor behind our
 * back, and when the server hung up. A signal handler that makes a request while
 * its own thread is inside one gets a channel for that request only.
 */
#ifndef PRELOAD_CHANNEL_H
#define PRELOAD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "wire.h"

struct iovec;

#define PRELOAD_CHANNEL_FILES 8

/* A file that the server knows us to hold, and where its counters are. */
struct preload_attached {
	uint32_t file_id; /* 0 = none */
	uint32_t places[WIRE_WATCHES];
};

struct preload_channel {
	int fd;
	ino_t ino; /* of fd: proof that the number is still ours */
	bool live;
	bool busy; /* a request is under way in this thread */
	uid_t uid; /* effective ones when it was made: what the server goes by */
	gid_t gid;
	uint64_t instance;
	uint64_t told_ns; /* when the server was told of kept answers last */
	bool unwatched; /* its server's counters can not be had (preload_watch.h) */
	struct preload_attached attached[PRELOAD_CHANNEL_FILES];
	unsigned next_attached;
	struct preload_memory *memory; /* mapped; its pages come with their use */
};

/* Room for building a request. */
struct preload_scratch {
	uint8_t argument[1 << 14] __attribute__((aligned(8))); /* _IOC_SIZEBITS */
	struct wire_segment segments[WIRE_SEGMENTS_MAX];
	uint8_t data[WIRE_INLINE_MAX];
};

struct preload_memory {
	bool here; /* false in a forked child: the kernel wipes these pages there */
	struct preload_scratch scratch;
	uint8_t reply[WIRE_PACKET_MAX] __attribute__((aligned(8)));
};

struct preload_reply {
	/*
	 * In: the program's memory for the data of the one extent of a WIRE_IOCTL
	 * reply, or NULL; memory that cannot be written makes the result -EFAULT.
	 */
	const struct iovec *landing;
	/* In: all of vec is the library's own memory, and no descriptor can come back. */
	bool plain;
	bool upcalls; /* in: the server may ask about this request (wire.h, WIRE_UPCALL) */
	const struct wire_header *header; /* in the channel's memory, until the next call */
	int fds[WIRE_FDS_MAX];            /* close-on-exec; the receiver's */
	unsigned fd_count;
	int installed[WIRE_FDS_MAX]; /* already in the program's table, by upcalls */
	unsigned installed_count;    /* in: 0 */
};

/*
 * What programs and tools above us make of close is not asked: they may be in the middle
 * of an ioctl, which takes no lock of theirs and is no cancellation point.
 */
static inline void preload_channel_close_fd(int fd)
{
	syscall(SYS_close, (long)fd);
}

/* Folder of the server, NULL when the program has none. */
const char *preload_channel_dir(void);

/*
 * The calling thread's channel, for one or more requests. -ENODEV when no
 * server answers. Every acquire is paired with a release.
 */
int preload_channel_acquire(struct preload_channel **out);
void preload_channel_release(struct preload_channel *channel);

/* NULL: the server does not know that we hold it. */
const struct preload_attached *preload_channel_attached(const struct preload_channel *channel,
	uint32_t file_id);

/*
 * For requests that the server grants or not: the channel is made anew when the program
 * has become somebody else since. -ENODEV, and it is still to be released.
 */
int preload_channel_be_current(struct preload_channel *channel);

struct preload_scratch *preload_channel_scratch(struct preload_channel *channel);

/*
 * Sends one packet (the first iovec begins with the header, whose op is set;
 * the rest is filled in here) and waits for its reply; signals do not end the
 * wait, the server's questions are answered in it. 0 and *reply, whatever its result says; or, and then nothing was sent,
 * -EFAULT (an iovec), -EBADF (one of fds), -EPIPE (the server had hung up; the
 * request may be repeated on a new channel); or -ENODEV: the server died with
 * the request.
 */
int preload_channel_call(struct preload_channel *channel, struct iovec *vec, unsigned vec_count,
	const int *fds, unsigned fd_count, struct preload_reply *reply);
void preload_reply_close_fds(struct preload_reply *reply);
void preload_reply_close_installed(struct preload_reply *reply);

/* As above without waiting: the number of bytes sent, or -errno. */
ssize_t preload_channel_send(struct preload_channel *channel, struct iovec *vec,
	unsigned vec_count, const int *fds, unsigned fd_count);
/*
 * preload_answer.c: answers the upcall that reply holds. 0; or -ENODEV: it is none, or
 * the answer did not get through.
 */
int preload_channel_answer(struct preload_channel *channel, struct preload_reply *reply);

#endif
