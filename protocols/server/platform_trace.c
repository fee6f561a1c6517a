/* "trace": a thread takes what is recorded and writes it to a file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gem_thread.h"
#include "platform_internal.h"
#include "platform_trace.h"

/* Between two looks: at a million events a second the queue has room for thirty of them. */
#define LOOK_NS 2000000

/* Events that are text at a time. */
#define CHUNK 1024

struct platform_trace {
	struct platform_trace_writer writer;
	/*
	 * The writer writes to memory: a forked child of this process would write what a
	 * FILE has buffered once more when it exits.
	 */
	FILE *stream;
	char *text;
	size_t size;
	int fd;
	int error; /* the first one of writing */
	pthread_t thread;
	atomic_bool stop;
};

/* The process has one trace, whoever of its platforms began it. */
static atomic_bool taken;

static void flush(struct platform_trace *trace)
{
	size_t done = 0;

	if (fflush(trace->stream) != 0)
		trace->error = -ENOMEM;
	while (done < trace->size && !trace->error) {
		ssize_t wrote = write(trace->fd, trace->text + done, trace->size - done);
		if (wrote < 0 && errno != EINTR)
			trace->error = -errno;
		done += wrote > 0 ? wrote : 0;
	}
	rewind(trace->stream);
}

/* What is waiting, up to a chunk; false = that was all. */
static bool write_some(struct platform_trace *trace)
{
	struct gem_trace_event event;
	unsigned count = 0;

	while (count < CHUNK && gem_trace_take(&event)) {
		platform_trace_write(&trace->writer, &event);
		count++;
	}
	flush(trace);
	return count == CHUNK;
}

static void *write_all(void *data)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	struct platform_trace *trace = data;
	bool last;

	prctl(PR_SET_NAME, "tc-trace");
	do {
		last = atomic_load(&trace->stop);
		while (write_some(trace))
			continue;
		if (!last)
			nanosleep(&look, NULL);
	} while (!last);
	return NULL;
}

/* Not a pipe: who does not read it would hold up every other command. */
static int open_path(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)))
		return fd;
	close(fd);
	return -EINVAL;
}

static int open_file(struct platform_trace *trace, const char *path)
{
	trace->stream = open_memstream(&trace->text, &trace->size);
	if (!trace->stream)
		return -ENOMEM;
	trace->fd = open_path(path);
	if (trace->fd >= 0)
		return 0;
	int ret = trace->fd;
	fclose(trace->stream);
	free(trace->text);
	return ret;
}

static int close_file(struct platform_trace *trace)
{
	int ret = trace->error;

	fclose(trace->stream);
	free(trace->text);
	if (close(trace->fd) < 0 && !ret)
		ret = -errno;
	return ret;
}

int platform_trace_start(struct platform *platform, const char *path)
{
	struct platform_trace *trace;
	int ret = -ENOMEM;

	if (atomic_exchange(&taken, true))
		return -EALREADY;
	trace = calloc(1, sizeof(*trace));
	if (!trace)
		goto release;
	ret = open_file(trace, path);
	if (ret)
		goto free_trace;
	platform_trace_writer_init(&trace->writer, trace->stream);
	ret = gem_trace_start();
	if (ret)
		goto close_file;
	ret = gem_thread_start(&trace->thread, NULL, write_all, trace);
	if (ret)
		goto stop_trace;
	platform->trace = trace;
	/* Clients ask again, each time: what they answer to themselves is not seen here. */
	for (unsigned i = 0; i < platform->card_count; i++)
		gem_publish_move(platform->cards[i].dev->access_changes);
	return 0;

stop_trace:
	gem_trace_stop();
close_file:
	close_file(trace);
free_trace:
	free(trace);
release:
	atomic_store(&taken, false);
	return ret;
}

int platform_trace_stop(struct platform *platform, uint64_t *events, uint64_t *dropped)
{
	struct platform_trace *trace = platform->trace;

	if (!trace)
		return -ENOENT;
	gem_trace_stop();
	atomic_store(&trace->stop, true);
	pthread_join(trace->thread, NULL);
	platform_trace_writer_finish(&trace->writer, gem_trace_dropped());
	flush(trace);
	*events = trace->writer.events;
	*dropped = trace->writer.dropped;
	int ret = close_file(trace);
	free(trace);
	platform->trace = NULL;
	atomic_store(&taken, false);
	return ret;
}

static int start(struct platform *platform, int argc, char **argv, FILE *out)
{
	if (argc == 3 && strcmp(argv[2], "json") != 0)
		return control_refuse(out, "a trace can be json, not %s", argv[2]);
	int ret = platform_trace_start(platform, argv[1]);
	if (ret == -EALREADY)
		return control_refuse(out, "a trace is being recorded already");
	if (ret)
		return control_refuse(out, "%s: %s", argv[1], strerror(-ret));
	fputs("{\"ok\":true}", out);
	return 0;
}

static int stop(struct platform *platform, FILE *out)
{
	uint64_t events, dropped;
	int ret = platform_trace_stop(platform, &events, &dropped);

	if (ret == -ENOENT)
		return control_refuse(out, "no trace is being recorded");
	if (ret)
		return control_refuse(out, "the trace is not whole: %s", strerror(-ret));
	fprintf(out, "{\"ok\":true,\"events\":%" PRIu64 ",\"dropped\":%" PRIu64 "}", events,
		dropped);
	return 0;
}

static int trace(void *data, int argc, char **argv, FILE *out)
{
	if (argc >= 3 && argc <= 4 && strcmp(argv[1], "start") == 0)
		return start(data, argc - 1, argv + 1, out);
	if (argc == 2 && strcmp(argv[1], "stop") == 0)
		return stop(data, out);
	return control_refuse(out, "usage: trace start FILE [json] | trace stop");
}

int platform_add_trace_command(struct platform *platform)
{
	return control_add(platform->control, "trace",
		"start FILE [json] | stop: what happens, as a file for ui.perfetto.dev", trace,
		platform);
}
