/* The oops (kms_oops.h): its control commands, and what its watchdog watches here. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gem_guard.h"
#include "kms_oops.h"
#include "platform_internal.h"

struct platform_pulse {
	struct platform *platform;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ending; /* lock */
	unsigned period_ms;
};

/* ---- commands ---- */

static int oops(void *data, int argc, char **argv, FILE *out)
{
	char reason[128] = "";
	size_t used = 0;

	for (int i = 1; i < argc && used < sizeof(reason); i++)
		used += snprintf(reason + used, sizeof(reason) - used, "%s%s", i > 1 ? " " : "",
			argv[i]);
	int ret = kms_oops_trigger(argc > 1 ? reason : "asked for by a control command");
	if (ret == -ENOSYS)
		return control_refuse(out, "this program was started without an oops");
	if (ret == -EBUSY)
		return control_refuse(out, "there is an oops already; oops-clear takes it away");
	fputs("{\"ok\":true}", out);
	return ret;
}

static int clear(void *data, int argc, char **argv, FILE *out)
{
	if (kms_oops_clear() < 0)
		return control_refuse(out, "there is no oops");
	fputs("{\"ok\":true}", out);
	return 0;
}

/* Reads where nothing is; volatile, or the compiler knows better. */
static void read_nothing(void)
{
	volatile int *volatile nothing = NULL;

	(void)*nothing;
}

/* Keeps a lock of the device for ever. */
static void stall(struct platform *platform)
{
	pthread_mutex_lock(&platform->card->kms->lock);
	for (;;)
		nanosleep(&(struct timespec) {.tv_sec = 60}, NULL);
}

/* Only with TESTCARD_FAULTS: so that a test sees how we die. */
static int fault(void *data, int argc, char **argv, FILE *out)
{
	const char *kind = argc == 2 ? argv[1] : "";

	if (strcmp(kind, "segv") == 0)
		read_nothing();
	else if (strcmp(kind, "abort") == 0)
		abort();
	else if (strcmp(kind, "stall") == 0)
		stall(data);
	return control_refuse(out, "usage: fault segv | abort | stall");
}

int platform_add_oops_commands(struct platform *platform)
{
	int ret = control_add(platform->control, "oops",
		"[REASON...]: every screen shows an oops, the program goes on", oops, platform);

	if (ret == 0)
		ret = control_add(platform->control, "oops-clear",
			"the screens show their planes again", clear, platform);
	if (ret == 0 && getenv("TESTCARD_FAULTS"))
		ret = control_add(platform->control, "fault",
			"segv | abort | stall: for tests", fault, platform);
	return ret;
}

/* ---- the pulse of the device's locks ---- */

static void touch_locks(struct platform *platform)
{
	for (unsigned i = 0; i < platform->card_count; i++) {
		struct uapi_device *dev = platform->cards[i].dev;

		pthread_mutex_lock(&dev->master_lock);
		pthread_mutex_lock(&dev->kms->lock);
		pthread_mutex_unlock(&dev->kms->lock);
		pthread_mutex_unlock(&dev->master_lock);
	}
}

static void *pulse_thread(void *data)
{
	struct platform_pulse *pulse = data;
	struct timespec until;

	pthread_mutex_lock(&pulse->lock);
	while (!pulse->ending) {
		pthread_mutex_unlock(&pulse->lock);
		touch_locks(pulse->platform);
		kms_oops_beat(KMS_OOPS_DEVICE);
		pthread_mutex_lock(&pulse->lock);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += pulse->period_ms * 1000000l;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (!pulse->ending)
			pthread_cond_timedwait(&pulse->changed, &pulse->lock, &until);
	}
	pthread_mutex_unlock(&pulse->lock);
	kms_oops_beat_end(KMS_OOPS_DEVICE);
	return NULL;
}

int platform_start_pulse(struct platform *platform, unsigned watchdog_ms)
{
	sigset_t all, old;

	if (watchdog_ms == 0)
		return 0;
	struct platform_pulse *pulse = calloc(1, sizeof(*pulse));
	if (!pulse)
		return -ENOMEM;
	pulse->platform = platform;
	pulse->period_ms = platform_pulse_ms(watchdog_ms);
	pthread_mutex_init(&pulse->lock, NULL);
	pthread_cond_init(&pulse->changed, NULL);
	gem_guard_fill_signals(&all);
	/* The watchdog's. */
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int ret = -pthread_create(&pulse->thread, NULL, pulse_thread, pulse);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret < 0)
		free(pulse);
	else
		platform->pulse = pulse;
	return ret;
}

void platform_stop_pulse(struct platform *platform)
{
	struct platform_pulse *pulse = platform->pulse;

	if (!pulse)
		return;
	pthread_mutex_lock(&pulse->lock);
	pulse->ending = true;
	pthread_cond_signal(&pulse->changed);
	pthread_mutex_unlock(&pulse->lock);
	pthread_join(pulse->thread, NULL);
	pthread_cond_destroy(&pulse->changed);
	pthread_mutex_destroy(&pulse->lock);
	free(pulse);
	platform->pulse = NULL;
}

unsigned platform_pulse_ms(unsigned watchdog_ms)
{
	unsigned period = watchdog_ms / 4;

	return period > 500 ? 500 : period ? period : 1;
}
