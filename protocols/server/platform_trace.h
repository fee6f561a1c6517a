/*
 * A recording of the trace (gem_trace.h) as a file for ui.perfetto.dev or
 * chrome://tracing: a JSON array of trace events, one a line.
 *
 *   processes   clients and the server, by pid, with their names; "ioctls N" of a client is
 *               the thread N of ours that serves it. Slices: its ioctls, with their result;
 *               the compositor's frames.
 *   cards       "card0", ... as processes of their own (pid PLATFORM_TRACE_CARD_PID + N),
 *               with the threads "crtc N flips" (slices from the commit to when it was shown,
 *               in two parts where it waited for a job), "crtc N vblanks" (instants),
 *               "render0", "copy0" (slices: GPU jobs)
 *   flows       fences: from the ioctl that submits a batch to the job that it is, and on to
 *               the flip that first showed what was drawn
 *
 * Viewers drop slices that overlap on one thread without one lying in the other, ids of
 * flows that are not hexadecimal numbers, and flows with an end in no slice.
 *
 * Microseconds since the recording began. The last event, "end of trace", counts events
 * and how many were dropped.
 */
#ifndef PLATFORM_TRACE_H
#define PLATFORM_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include "gem_trace.h"

/* Above all real ones. */
#define PLATFORM_TRACE_CARD_PID 10000000
/* What a file may have; events beyond count as dropped. */
#define PLATFORM_TRACE_BYTES_MAX (2ull << 30)

/* Writes events; knows which processes and threads have been named. One thread. */
struct platform_trace_writer {
	FILE *out;
	uint64_t start_ns;
	uint64_t events, dropped; /* events written, and not for want of room */
	uint64_t bytes;
	bool begun;               /* out has an event: a comma comes before the next */
	/* Named (pid, tid), tid 0 = the process; open addressing, 0 = free. */
	uint64_t *named;
	uint32_t named_count, named_capacity; /* a power of two, or 0 */
};

/* out stays the caller's. */
void platform_trace_writer_init(struct platform_trace_writer *writer, FILE *out);
void platform_trace_write(struct platform_trace_writer *writer,
	const struct gem_trace_event *event);
/* The last event and the closing bracket; lost: dropped before they came here. */
void platform_trace_writer_finish(struct platform_trace_writer *writer, uint64_t lost);

struct platform;

/* Begins a recording into path, of the whole process. -EALREADY; -errno of the file. */
int platform_trace_start(struct platform *platform, const char *path);
/* -ENOENT there is none; -errno of writing. events, dropped: what became of it. */
int platform_trace_stop(struct platform *platform, uint64_t *events, uint64_t *dropped);

#endif
