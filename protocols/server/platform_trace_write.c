#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "platform_trace.h"
#include "uapi_debugfs.h"

/* Threads of a card. */
enum { FLIPS = 100, VBLANKS = 200, RENDER = 300, COPY = 400 };
/* More than there are. They stand before the processes. */
enum { CARDS = 1000 };
enum { NAME_SIZE = 64 };

/* Names of threads that are no more are not looked for again and again, but for ever more. */
#define NAMED_MAX (1u << 20)

void platform_trace_writer_init(struct platform_trace_writer *writer, FILE *out)
{
	*writer = (struct platform_trace_writer){.out = out, .start_ns = gem_trace_now()};
	writer->bytes += fputc('[', out) != EOF;
}

/* ---- who is named already ---- */

static uint64_t *find(uint64_t *named, uint32_t capacity, uint64_t key)
{
	uint32_t at = key * 0x9e3779b97f4a7c15ull >> 32 & (capacity - 1);

	while (named[at] && named[at] != key)
		at = (at + 1) & (capacity - 1);
	return &named[at];
}

static bool grow(struct platform_trace_writer *writer)
{
	uint32_t capacity = writer->named_capacity ? 2 * writer->named_capacity : 256;
	uint64_t *named = calloc(capacity, sizeof(*named));

	if (!named)
		return false;
	for (uint32_t i = 0; i < writer->named_capacity; i++) {
		if (writer->named[i])
			*find(named, capacity, writer->named[i]) = writer->named[i];
	}
	free(writer->named);
	writer->named = named;
	writer->named_capacity = capacity;
	return true;
}

/* True the first time. Without memory nobody is named twice, nor at all. */
static bool is_new(struct platform_trace_writer *writer, int pid, int tid)
{
	uint64_t key = (uint64_t)(uint32_t)pid << 32 | (uint32_t)tid;

	if (writer->named_count >= writer->named_capacity / 2 &&
	    (writer->named_count >= NAMED_MAX || !grow(writer)))
		return false;
	uint64_t *slot = find(writer->named, writer->named_capacity, key);
	if (*slot)
		return false;
	*slot = key;
	writer->named_count++;
	return true;
}

/* ---- events ---- */

static void begin(struct platform_trace_writer *writer, const char *phase, int pid, int tid)
{
	int wrote = fprintf(writer->out, "%s\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%d",
		writer->begun ? "," : "", phase, pid, tid);

	writer->begun = true;
	writer->bytes += wrote > 0 ? wrote : 0;
}

__attribute__((format(printf, 2, 3)))
static void add(struct platform_trace_writer *writer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int wrote = vfprintf(writer->out, format, args);
	va_end(args);
	writer->bytes += wrote > 0 ? wrote : 0;
}

/* What began before the recording did begins with it. */
static void add_time(struct platform_trace_writer *writer, const char *key, uint64_t ns)
{
	add(writer, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned)(ns % 1000));
}

static uint64_t since_start(const struct platform_trace_writer *writer, uint64_t ns)
{
	return ns > writer->start_ns ? ns - writer->start_ns : 0;
}

static void add_span(struct platform_trace_writer *writer, uint64_t begin_ns, uint64_t end_ns)
{
	uint64_t from = since_start(writer, begin_ns);

	add_time(writer, "ts", from);
	add_time(writer, "dur", since_start(writer, end_ns) - from);
}

/* Where it stands among others, which are at 0. */
static void sort(struct platform_trace_writer *writer, const char *what, int pid, int tid,
	int index)
{
	begin(writer, "M", pid, tid);
	add(writer, ",\"name\":\"%s\",\"args\":{\"sort_index\":%d}}", what, index);
}

static void name(struct platform_trace_writer *writer, const char *what, int pid, int tid,
	const char *text)
{
	begin(writer, "M", pid, tid);
	add(writer, ",\"name\":\"%s\",\"args\":{\"name\":", what);
	control_json_string(writer->out, text);
	add(writer, "}}");
}

/* A name that the kernel has cut off is whole in the command line. */
static void process_name(int pid, char text[NAME_SIZE])
{
	char path[64], command[256] = "";

	uapi_debugfs_comm(pid, text);
	size_t length = strlen(text);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	FILE *file = length == 15 ? fopen(path, "re") : NULL;
	if (!file)
		return;
	if (fgets(command, sizeof(command), file)) {
		const char *slash = strrchr(command, '/');
		const char *base = slash ? slash + 1 : command;

		if (strncmp(base, text, length) == 0)
			snprintf(text, NAME_SIZE, "%s", base);
	}
	fclose(file);
}

static void thread_name(int pid, int tid, char text[NAME_SIZE])
{
	char path[64];

	strcpy(text, "ioctls");
	if (pid != getpid())
		return;
	if (tid == pid) {
		process_name(pid, text);
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	FILE *file = fopen(path, "re");
	if (!file || !fgets(text, NAME_SIZE, file))
		strcpy(text, "thread");
	text[strcspn(text, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* Of a client or of ours: named at its first event, while it is alive most of the time. */
static void introduce(struct platform_trace_writer *writer, int pid, int tid)
{
	char text[NAME_SIZE];

	if (is_new(writer, pid, 0)) {
		process_name(pid, text);
		name(writer, "process_name", pid, tid, text);
	}
	if (is_new(writer, pid, tid)) {
		thread_name(pid, tid, text);
		name(writer, "thread_name", pid, tid, text);
	}
}

/* Returns the thread's pid; text: its name. */
static int introduce_card(struct platform_trace_writer *writer, unsigned card, int tid,
	const char *format, unsigned index)
{
	int pid = PLATFORM_TRACE_CARD_PID + card;
	char text[32];

	if (is_new(writer, pid, 0)) {
		snprintf(text, sizeof(text), "card%u", card);
		name(writer, "process_name", pid, tid, text);
		sort(writer, "process_sort_index", pid, tid, (int)card - CARDS);
	}
	if (is_new(writer, pid, tid)) {
		snprintf(text, sizeof(text), format, index);
		name(writer, "thread_name", pid, tid, text);
		sort(writer, "thread_sort_index", pid, tid, tid);
	}
	return pid;
}

static void add_flow(struct platform_trace_writer *writer, uint64_t fence, bool in, bool out)
{
	if (fence)
		add(writer, ",\"bind_id\":\"0x%" PRIx64 "\"%s%s", fence,
			in ? ",\"flow_in\":true" : "", out ? ",\"flow_out\":true" : "");
}

/* One of the two things that a flip waits for. */
static void write_wait(struct platform_trace_writer *writer, int pid, int tid, const char *name,
	uint64_t begin_ns, uint64_t end_ns, uint64_t fence)
{
	begin(writer, "X", pid, tid);
	add(writer, ",\"name\":\"%s\",\"cat\":\"kms\"", name);
	add_flow(writer, fence, true, false);
	add_span(writer, begin_ns, end_ns);
	add(writer, "}");
}

/*
 * Where batches were late, the flip's two parts lie in it: an arrow points from what
 * began first to what began later, whichever way round it is written.
 */
static void write_flip(struct platform_trace_writer *writer, const struct gem_trace_event *event)
{
	/* What was drawn before the recording has no job in it. */
	uint64_t fence = event->fence_ns > writer->start_ns ? event->fence : 0;
	bool late = fence && event->fence_ns > event->begin_ns;
	int tid = FLIPS + event->index;
	int pid = introduce_card(writer, event->card, tid, "crtc %u flips", event->index);

	begin(writer, "X", pid, tid);
	add(writer, ",\"name\":\"flip\",\"cat\":\"kms\",\"args\":{\"client\":%d,\"vblank\":%" PRIu64
		",\"time_ns\":%" PRIu64 "}", event->pid, event->a, event->b);
	if (!late)
		add_flow(writer, fence, true, false);
	add_span(writer, event->begin_ns, event->end_ns);
	add(writer, "}");
	if (!late)
		return;
	write_wait(writer, pid, tid, "wait for the job", event->begin_ns, event->fence_ns, 0);
	write_wait(writer, pid, tid, "wait for the vblank", event->fence_ns, event->end_ns, fence);
}

static void write_vblank(struct platform_trace_writer *writer, const struct gem_trace_event *event)
{
	int tid = VBLANKS + event->index;
	int pid = introduce_card(writer, event->card, tid, "crtc %u vblanks", event->index);

	begin(writer, "i", pid, tid);
	add(writer, ",\"name\":\"vblank\",\"cat\":\"kms\",\"s\":\"t\",\"args\":{\"vblank\":%" PRIu64
		",\"time_ns\":%" PRIu64 "}", event->a, event->b);
	add_time(writer, "ts", since_start(writer, event->end_ns));
	add(writer, "}");
}

static void write_job(struct platform_trace_writer *writer, const struct gem_trace_event *event)
{
	bool copy = strcmp(event->name, "copy") == 0;
	int tid = (copy ? COPY : RENDER) + event->index;
	int pid = introduce_card(writer, event->card, tid, copy ? "copy%u" : "render%u",
		event->index);

	begin(writer, "X", pid, tid);
	add(writer, ",\"name\":\"job\",\"cat\":\"gpu\",\"args\":{\"client\":%d,\"context\":%" PRIu64
		",\"seqno\":%" PRIu64 ",\"result\":\"%s\"}", event->pid, event->a, event->b,
		event->result ? strerrorname_np(-event->result) : "ok");
	add_flow(writer, event->fence, true, true);
	add_span(writer, event->begin_ns, event->end_ns);
	add(writer, "}");
}

static void write_slice(struct platform_trace_writer *writer, const struct gem_trace_event *event)
{
	bool ioctl = event->kind == GEM_TRACE_IOCTL;
	const char *error = event->result < 0 ? strerrorname_np(-event->result) : NULL;

	introduce(writer, event->pid, event->tid);
	begin(writer, "X", event->pid, event->tid);
	add(writer, ",\"name\":\"%s\",\"cat\":\"%s\",\"args\":{", event->name,
		ioctl ? "ioctl" : "compositor");
	if (ioctl)
		add(writer, "\"card\":%u,\"file\":%" PRIu64 ",\"result\":\"%s\"", event->card,
			event->a, event->result >= 0 ? "ok" : error ? error : "?");
	else
		add(writer, "\"crtc\":%u", event->index);
	add(writer, "}");
	add_flow(writer, event->fence, false, true);
	add_span(writer, event->begin_ns, event->end_ns);
	add(writer, "}");
}

void platform_trace_write(struct platform_trace_writer *writer,
	const struct gem_trace_event *event)
{
	if (writer->bytes >= PLATFORM_TRACE_BYTES_MAX) {
		writer->dropped++;
		return;
	}
	writer->events++;
	switch (event->kind) {
	case GEM_TRACE_FLIP:
		write_flip(writer, event);
		break;
	case GEM_TRACE_VBLANK:
		write_vblank(writer, event);
		break;
	case GEM_TRACE_JOB:
		write_job(writer, event);
		break;
	case GEM_TRACE_IOCTL:
	case GEM_TRACE_FRAME:
		write_slice(writer, event);
		break;
	}
}

void platform_trace_writer_finish(struct platform_trace_writer *writer, uint64_t lost)
{
	writer->dropped += lost;
	begin(writer, "i", getpid(), getpid());
	add(writer, ",\"name\":\"end of trace\",\"cat\":\"trace\",\"s\":\"g\",\"args\":{\"events\":%"
		PRIu64 ",\"dropped\":%" PRIu64 "}", writer->events, writer->dropped);
	add_time(writer, "ts", since_start(writer, gem_trace_now()));
	add(writer, "}");
	introduce(writer, getpid(), getpid());
	add(writer, "\n]\n");
	free(writer->named);
	writer->named = NULL;
}
