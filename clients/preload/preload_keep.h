/*
 * Answers that stay true (wire.h): a thread keeps what it was told, and tells the program
 * again without a message while the server's counters stand still. One system call is left:
 * which file a descriptor is, only the kernel knows.
 *
 * TESTCARD_HOT=off in the environment: everything is asked. TESTCARD_HOT=check: everything
 * is asked, and a program that gets another answer than the one kept for it is aborted.
 */
#ifndef PRELOAD_KEEP_H
#define PRELOAD_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "preload_channel.h"
#include "preload_ticket.h"

struct preload_gather;

/* True: *result is the ioctl's. Else the request is to be sent, and ticket goes with it. */
bool preload_keep_answer(int fd, uint32_t request, uint64_t arg, struct preload_ticket *ticket,
	long *result);
/* Just before it is sent: channel is attached to the file. */
void preload_keep_watch(struct preload_ticket *ticket, struct preload_channel *channel,
	uint32_t file_id);
/* The reply, before it is used; fd as in preload_keep_answer. */
void preload_keep_store(const struct preload_ticket *ticket, int fd,
	const struct preload_gather *gather, const struct preload_reply *reply);
/* The thread ends. */
void preload_keep_finish(void);

/* How often requests with that _IOC_NR were answered here since this was asked last. */
uint32_t preload_keep_take_count(unsigned number);
/* Of all of them together. */
uint32_t preload_keep_untold(void);

/* preload_kept.c: what the server is told of that, now; or when it is time. */
void preload_kept_tell(struct preload_channel *channel);
void preload_kept_tell_in_time(struct preload_channel *channel);
/* The next request is to go to the server, which must be told. */
bool preload_kept_wait(uint32_t untold);

#endif
