#include <errno.h>
#include <execinfo.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kms_device.h"
#include "gem_journal.h"
#include "kms_oops_internal.h"

struct kms_oops_shared *kms_oops_shared;

static int reporter_socket = -1;
static pid_t reporter = -1;
/* For the handler, which can take no lock: slots are set and cleared whole. */
static _Atomic(struct kms_device *) devices[KMS_OOPS_CARDS_MAX];
/* Those who live on take turns. */
static pthread_mutex_t trigger_lock = PTHREAD_MUTEX_INITIALIZER;

uint64_t kms_oops_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* ---- start and end ---- */

/* For who leaves by exit(3); a child of ours that does so says nothing about us. */
static void end_in_order(void)
{
	if (kms_oops_shared && kms_oops_shared->owner == getpid())
		atomic_store(&kms_oops_shared->ended, true);
}

static void fill_shared(struct kms_oops_shared *shared, const struct kms_oops_options *options)
{
	shared->owner = getpid();
	shared->start_ns = kms_oops_now();
	shared->watchdog_ms = options->watchdog_ms;
	strncpy(shared->program, program_invocation_short_name, sizeof(shared->program) - 1);
	if (options->version)
		strncpy(shared->version, options->version, sizeof(shared->version) - 1);
}

/* The first backtrace loads a library; a handler's must not. */
static void prime_backtrace(void)
{
	void *trace[4];

	backtrace(trace, GEM_ARRAY_SIZE(trace));
}

static int fork_reporter(struct kms_oops_shared *shared, const struct kms_oops_options *options)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	reporter = fork();
	if (reporter == 0)
		kms_oops_reporter(shared, options, sockets[1]);
	int ret = reporter < 0 ? -errno : 0;
	close(sockets[1]);
	if (ret < 0)
		close(sockets[0]);
	else
		reporter_socket = sockets[0];
	return ret;
}

int kms_oops_start(const struct kms_oops_options *options)
{
	static bool registered;

	if (kms_oops_shared)
		return -EBUSY;
	struct kms_oops_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	fill_shared(shared, options);
	prime_backtrace();
	/* Before the fork: the journal's memory is made by its first line. */
	gem_journal_add("%s %s starts", shared->program, shared->version);
	int ret = fork_reporter(shared, options);
	if (ret < 0)
		goto unmap;
	if (!registered && atexit(end_in_order) == 0)
		registered = true;
	kms_oops_shared = shared;
	ret = kms_oops_install_handlers();
	if (ret < 0)
		kms_oops_stop();
	return ret;

unmap:
	munmap(shared, sizeof(*shared));
	return ret;
}

void kms_oops_stop(void)
{
	struct kms_oops_shared *shared = kms_oops_shared;

	if (!shared)
		return;
	kms_oops_remove_handlers();
	atomic_store(&shared->ended, true);
	close(reporter_socket);
	reporter_socket = -1;
	/* Somebody else may have reaped it: whoever waits for any child. */
	while (waitpid(reporter, NULL, 0) < 0 && errno == EINTR)
		;
	kms_oops_shared = NULL;
	munmap(shared, sizeof(*shared));
}

void kms_oops_set_hold(unsigned ms)
{
	if (kms_oops_shared)
		kms_oops_shared->hold_ms = ms;
}

/* ---- devices ---- */

void kms_oops_add_device(struct kms_device *dev, unsigned card)
{
	if (!kms_oops_shared || card >= KMS_OOPS_CARDS_MAX)
		return;
	pthread_mutex_lock(&dev->lock);
	dev->oops_screens = kms_oops_shared->screens[card];
	for (unsigned i = 0; i < dev->crtc_count; i++)
		kms_oops_note_mode_locked(&dev->crtcs[i]);
	pthread_mutex_unlock(&dev->lock);
	atomic_store(&devices[card], dev);
}

void kms_oops_remove_device(struct kms_device *dev)
{
	for (unsigned i = 0; i < KMS_OOPS_CARDS_MAX; i++) {
		struct kms_device *expected = dev;

		atomic_compare_exchange_strong(&devices[i], &expected, NULL);
	}
	pthread_mutex_lock(&dev->lock);
	dev->oops_screens = NULL;
	pthread_mutex_unlock(&dev->lock);
}

void kms_oops_note_mode_locked(struct kms_crtc *crtc)
{
	_Atomic uint32_t *screens = crtc->base.dev->oops_screens;
	const struct drm_mode_modeinfo *mode = &crtc->state.mode;

	if (screens)
		atomic_store(&screens[crtc->index], crtc->state.active ?
			(uint32_t)mode->hdisplay << 16 | mode->vdisplay : 0);
}

void kms_oops_touch_devices(void)
{
	for (unsigned i = 0; i < KMS_OOPS_CARDS_MAX; i++) {
		struct kms_device *dev = atomic_load(&devices[i]);

		for (unsigned n = 0; dev && n < dev->crtc_count; n++)
			__atomic_fetch_add(&dev->crtcs[n].scanout_serial, 1, __ATOMIC_RELAXED);
	}
}

/* ---- the report ---- */

bool kms_oops_take(struct kms_oops_shared *shared, bool fatal)
{
	struct kms_oops_report *report = &shared->report;
	int expected = KMS_OOPS_NONE;

	if (atomic_compare_exchange_strong(&report->stage, &expected, KMS_OOPS_TAKEN))
		return true;
	/* Death comes before what was survived. */
	return fatal && !report->fatal && expected == KMS_OOPS_COMPLETE &&
		atomic_compare_exchange_strong(&report->stage, &expected, KMS_OOPS_TAKEN);
}

void kms_oops_call_reporter(int timeout_ms)
{
	struct pollfd poll_fd = {.fd = reporter_socket, .events = POLLIN};
	char answer;

	while (recv(reporter_socket, &answer, 1, MSG_DONTWAIT) > 0)
		;
	if (send(reporter_socket, "o", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		return;
	if (poll(&poll_fd, 1, timeout_ms) == 1)
		recv(reporter_socket, &answer, 1, MSG_DONTWAIT);
}

/* Without ourselves. */
__attribute__((noinline)) static void save_own_trace(struct kms_oops_report *report)
{
	void *trace[KMS_OOPS_TRACE_MAX];
	int count = backtrace(trace, KMS_OOPS_TRACE_MAX);

	for (int i = 1; i < count; i++)
		report->trace[i - 1] = (uintptr_t)trace[i];
	atomic_store(&report->trace_count, count > 0 ? count - 1 : 0);
}

int kms_oops_trigger(const char *reason)
{
	struct kms_oops_shared *shared = kms_oops_shared;
	struct kms_oops_text text;

	if (!shared)
		return -ENOSYS;
	pthread_mutex_lock(&trigger_lock);
	struct kms_oops_report *report = &shared->report;
	if (!kms_oops_take(shared, false)) {
		pthread_mutex_unlock(&trigger_lock);
		return -EBUSY;
	}
	report->fatal = false;
	report->time_ns = kms_oops_now();
	report->tid = gettid();
	prctl(PR_GET_NAME, report->thread);
	kms_oops_text_init(&text, report->reason, sizeof(report->reason));
	kms_oops_put(&text, reason);
	report->register_count = 0;
	atomic_store(&report->symbol_count, 0);
	save_own_trace(report);
	atomic_store(&report->stage, KMS_OOPS_COMPLETE);
	gem_journal_add("oops: %s", reason);
	kms_oops_touch_devices();
	kms_oops_call_reporter(5000);
	/* Now with symbols. */
	kms_oops_touch_devices();
	pthread_mutex_unlock(&trigger_lock);
	return 0;
}

int kms_oops_clear(void)
{
	int expected = KMS_OOPS_COMPLETE;

	if (!kms_oops_shared || kms_oops_shared->report.fatal ||
	    !atomic_compare_exchange_strong(&kms_oops_shared->report.stage, &expected,
			KMS_OOPS_NONE))
		return -EALREADY;
	kms_oops_touch_devices();
	return 0;
}

bool kms_oops_active(void)
{
	const struct kms_oops_shared *shared = kms_oops_shared;

	return shared && atomic_load(&shared->report.stage) >= KMS_OOPS_READY;
}

void kms_oops_draw(const struct kms_canvas *canvas)
{
	kms_oops_draw_shared(canvas, kms_oops_shared);
}

void kms_oops_beat(enum kms_oops_beat beat)
{
	struct kms_oops_shared *shared = kms_oops_shared;

	if (!shared)
		return;
	atomic_store(&shared->beats[beat].tid, gettid());
	atomic_store(&shared->beats[beat].time_ns, kms_oops_now());
}

void kms_oops_beat_end(enum kms_oops_beat beat)
{
	if (kms_oops_shared)
		atomic_store(&kms_oops_shared->beats[beat].time_ns, 0);
}
