/* Tells the server how often answers were kept ones (wire.h, WIRE_KEPT): it can not see. */
#include <sys/uio.h>
#include <time.h>

#include "preload_keep.h"

/* A second, and so many, that a program which asks nothing else is heard of. */
enum { TELL_NS = 1000000000, TELL_COUNT = 1 << 16 };

static uint64_t coarse_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void preload_kept_tell(struct preload_channel *channel)
{
	struct {
		struct wire_kept head;
		struct wire_kept_count counts[WIRE_KEPT_MAX];
	} packet = {.head.header.op = WIRE_KEPT};
	uint32_t count = 0;

	for (unsigned nr = 0; nr < WIRE_KEPT_MAX; nr++) {
		uint32_t times = preload_keep_take_count(nr);

		if (times)
			packet.counts[count++] = (struct wire_kept_count){nr, times};
	}
	if (!count)
		return;
	packet.head.count = count;
	struct iovec vec = {&packet, sizeof(packet.head) + count * sizeof(packet.counts[0])};
	preload_channel_send(channel, &vec, 1, NULL, 0);
}

void preload_kept_tell_in_time(struct preload_channel *channel)
{
	uint32_t untold = preload_keep_untold();
	uint64_t now;

	if (!untold)
		return;
	now = coarse_ns();
	if (untold < TELL_COUNT && now - channel->told_ns < TELL_NS)
		return;
	channel->told_ns = now;
	preload_kept_tell(channel);
}

bool preload_kept_wait(uint32_t untold)
{
	return untold >= TELL_COUNT;
}
