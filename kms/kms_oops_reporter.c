/*
 * The reporter: a process that waits for the death of the one it was forked from, in
 * good health itself: here locks and memory are as usual.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gem_journal.h"
#include "kms_oops_internal.h"
#include "kms_sink.h"
#include "kms_text.h"

/* Of a screen that was never on: the oops has to be seen. */
enum { DEFAULT_WIDTH = 1024, DEFAULT_HEIGHT = 768 };
/* How long a backtrace may take; how long the watchdog's victim has to say a word. */
enum { TRACE_MS = 1000, VICTIM_MS = 1500, WATCHDOG_POLL_MS = 50 };

struct reporter {
	struct kms_oops_shared *shared;
	const char *frames_dir;
	int socket, pidfd;
	/* The watchdog's: when it looked last, and of each beat since when it has been silent. */
	uint64_t looked_ns;
	struct {
		uint64_t last_ns, silent_ns;
	} beats[KMS_OOPS_BEATS];
};

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void sleep_ms(unsigned ms)
{
	poll(NULL, 0, ms);
}

/* ---- what is left of it ---- */

static void find_symbols(struct kms_oops_report *report)
{
	unsigned count = report->trace_count;

	for (unsigned i = 0; i < count && i < KMS_OOPS_TRACE_MAX; i++) {
		/* A caller's address is where it goes on: what it called is before that. */
		kms_oops_symbol(report->trace[i] - (i > 0), report->symbols[i], KMS_OOPS_LINE);
		report->symbol_count = i + 1;
	}
}

static void write_text(const struct kms_oops_shared *shared)
{
	const struct kms_oops_report *report = &shared->report;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	fprintf(file, "testcard: oops: %s\ntestcard: oops: %s %s, process %d, thread %d %s\n",
		report->reason, shared->program, shared->version, (int)shared->owner,
		(int)report->tid, report->thread);
	for (unsigned i = 0; i < report->register_count; i++)
		fprintf(file, "testcard: oops: %s\n", report->registers[i]);
	for (unsigned i = 0; i < report->symbol_count; i++)
		fprintf(file, "testcard: oops: #%-2u %s\n", i, report->symbols[i]);
	if (fclose(file) == 0 && text)
		say(text);
	free(text);
}

static void write_picture(const struct reporter *reporter, unsigned card, unsigned crtc,
	uint32_t width, uint32_t height)
{
	char path[PATH_MAX], prefix[24] = "";
	const struct kms_canvas canvas = {
		.pixels = malloc((size_t)width * height * 4), .width = width, .height = height,
		.pitch = width * 4,
	};

	if (card > 0)
		snprintf(prefix, sizeof(prefix), "card%u-", card);
	if (snprintf(path, sizeof(path), "%s/%soops-crtc%u.png", reporter->frames_dir, prefix,
			crtc) >= (int)sizeof(path) || !canvas.pixels) {
		free(canvas.pixels);
		return;
	}
	kms_oops_draw_shared(&canvas, reporter->shared);
	if (mkdir(reporter->frames_dir, 0777) < 0 && errno != EEXIST)
		gem_warn("kms", "%s: %s", reporter->frames_dir, strerror(errno));
	int ret = kms_png_write(path, canvas.pixels, width, height, canvas.pitch);
	if (ret < 0)
		gem_warn("kms", "%s: %s", path, strerror(-ret));
	free(canvas.pixels);
}

static void write_pictures(const struct reporter *reporter)
{
	bool any = false;

	if (!reporter->frames_dir)
		return;
	for (unsigned card = 0; card < KMS_OOPS_CARDS_MAX; card++) {
		for (unsigned crtc = 0; crtc < KMS_MAX_CRTCS; crtc++) {
			uint32_t size = reporter->shared->screens[card][crtc];

			if (size == 0)
				continue;
			any = true;
			write_picture(reporter, card, crtc, size >> 16, size & 0xffff);
		}
	}
	if (!any)
		write_picture(reporter, 0, 0, DEFAULT_WIDTH, DEFAULT_HEIGHT);
}

static void show(const struct reporter *reporter)
{
	struct kms_oops_report *report = &reporter->shared->report;

	for (unsigned ms = 0; report->stage == KMS_OOPS_READY && ms < TRACE_MS; ms += 10)
		sleep_ms(10);
	find_symbols(report);
	write_text(reporter->shared);
	write_pictures(reporter);
}

/* A report by us about who can not make its own. */
static void show_own(const struct reporter *reporter, const char *reason, bool fatal)
{
	struct kms_oops_report *report = &reporter->shared->report;

	report->fatal = fatal;
	report->time_ns = kms_oops_now();
	report->tid = 0;
	report->thread[0] = '\0';
	report->register_count = report->trace_count = report->symbol_count = 0;
	snprintf(report->reason, sizeof(report->reason), "%s", reason);
	report->stage = KMS_OOPS_COMPLETE;
	show(reporter);
}

/* ---- the watchdog ---- */

/*
 * How long each beat has been silent, in time that we have lived through ourselves: while the
 * whole machine stands still, nobody can answer.
 */
static void listen_to_beats(struct reporter *reporter)
{
	const uint64_t most = 2 * WATCHDOG_POLL_MS * 1000000ull;
	uint64_t now = kms_oops_now(), passed = now - reporter->looked_ns;

	reporter->looked_ns = now;
	for (int i = 0; i < KMS_OOPS_BEATS; i++) {
		uint64_t last = reporter->shared->beats[i].time_ns;

		if (last == 0 || last != reporter->beats[i].last_ns)
			reporter->beats[i].silent_ns = 0;
		else
			reporter->beats[i].silent_ns += passed < most ? passed : most;
		reporter->beats[i].last_ns = last;
	}
}

/* The beat that is too late, or -1. */
static int late_beat(struct reporter *reporter)
{
	uint64_t limit = reporter->shared->watchdog_ms * 1000000ull;

	listen_to_beats(reporter);
	if (reporter->beats[KMS_OOPS_DEVICE].silent_ns > limit)
		return KMS_OOPS_DEVICE;
	/* Who waits for the device's locks is late with them: theirs is the report. */
	if (reporter->beats[KMS_OOPS_MAIN].silent_ns > limit &&
	    reporter->beats[KMS_OOPS_DEVICE].silent_ns <= limit / 2)
		return KMS_OOPS_MAIN;
	return -1;
}

/*
 * The thread that hangs shall say where: SIGABRT, whose handler writes the report. One
 * that is stopped, or blocks its signals, says nothing: then we do.
 */
static void check_watchdog(struct reporter *reporter)
{
	static const char *const names[] = {"the device's locks", "the main loop"};
	struct kms_oops_shared *shared = reporter->shared;
	struct pollfd fds[2] = {
		{.fd = reporter->socket, .events = POLLIN}, {.fd = reporter->pidfd, .events = POLLIN},
	};
	int beat = late_beat(reporter);

	if (beat < 0 || shared->watchdog_fired)
		return;
	snprintf(shared->watchdog, sizeof(shared->watchdog),
		"watchdog: %s did not answer for %u.%03u s", names[beat],
		shared->watchdog_ms / 1000, shared->watchdog_ms % 1000);
	shared->watchdog_fired = true;
	syscall(SYS_tgkill, shared->owner, shared->beats[beat].tid, SIGABRT);
	if (poll(fds, 2, VICTIM_MS) == 0 && kms_oops_take(shared, true))
		show_own(reporter, shared->watchdog, false);
}

/* ---- its life ---- */

/* Nothing of the process that dies may stay open here: others wait for its end. */
static void settle(struct reporter *reporter)
{
	sigset_t set;

	prctl(PR_SET_NAME, "testcard-oops");
	/* What a terminal sends to all is for the other; our end comes with its end. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	reporter->socket = dup2(reporter->socket, 3);
	reporter->pidfd = syscall(SYS_pidfd_open, reporter->shared->owner, 0);
	if (reporter->pidfd >= 0)
		reporter->pidfd = dup2(reporter->pidfd, 4);
	syscall(SYS_close_range, 5u, ~0u, 0u);
}

static bool owner_is_gone(const struct reporter *reporter)
{
	struct pollfd fd = {.fd = reporter->pidfd, .events = POLLIN};

	if (reporter->pidfd >= 0)
		return poll(&fd, 1, 0) == 1;
	return getppid() != reporter->shared->owner;
}

static void finish(const struct reporter *reporter)
{
	struct kms_oops_shared *shared = reporter->shared;
	int stage = shared->report.stage;

	if (shared->ended || (shared->report.fatal && stage == KMS_OOPS_COMPLETE &&
			shared->report.symbol_count == shared->report.trace_count))
		return;
	if (shared->report.fatal && stage >= KMS_OOPS_READY)
		show(reporter);
	else
		show_own(reporter, "the process died without a word: SIGKILL, out of memory, "
			"or a stack overflow", true);
}

static void live(struct reporter *reporter)
{
	/* Without a pidfd (old kernels) the parent's id is looked at. */
	int timeout = reporter->shared->watchdog_ms ? WATCHDOG_POLL_MS :
		reporter->pidfd < 0 ? 500 : -1;
	struct pollfd fds[2] = {
		{.fd = reporter->socket, .events = POLLIN}, {.fd = reporter->pidfd, .events = POLLIN},
	};
	char word;

	while (!owner_is_gone(reporter)) {
		if (poll(fds, 2, timeout) < 0 && errno != EINTR)
			break;
		if (reporter->shared->ended)
			break;
		if (fds[0].revents & POLLIN && recv(reporter->socket, &word, 1, 0) == 1) {
			show(reporter);
			send(reporter->socket, "d", 1, MSG_NOSIGNAL);
		} else if (fds[0].revents & POLLHUP) {
			fds[0].fd = -1;
		}
		if (reporter->shared->watchdog_ms)
			check_watchdog(reporter);
	}
}

_Noreturn void kms_oops_reporter(struct kms_oops_shared *shared,
	const struct kms_oops_options *options, int socket)
{
	struct reporter reporter = {
		.shared = shared, .frames_dir = options->frames_dir, .socket = socket,
	};

	settle(&reporter);
	live(&reporter);
	finish(&reporter);
	_exit(0);
}
