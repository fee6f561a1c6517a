/*
 * The handlers of deadly signals. Only system calls and memory; backtrace() is the one
 * exception, made safe as far as it can be: it was called before, the report is ready
 * without it, and the reporter does not wait for it for ever.
 */
#include <errno.h>
#include <execinfo.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gem_base.h"
#include "kms_oops_internal.h"

enum { STACK_SIZE = 256 * 1024, REPORTER_MS = 5000, HOLD_SLICE_MS = 50 };

static const struct {
	int number;
	char name[8];
} deadly[] = {
	{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGABRT, "SIGABRT"},
	{SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"},
};

static struct sigaction previous[GEM_ARRAY_SIZE(deadly)];
static void *stack; /* of the handlers on the thread that started the oops */

static unsigned index_of(int number)
{
	unsigned i = 0;

	while (i + 1 < GEM_ARRAY_SIZE(deadly) && deadly[i].number != number)
		i++;
	return i;
}

/* ---- what happened ---- */

static const char *what_fault(const siginfo_t *info)
{
	if (info->si_signo == SIGSEGV)
		return info->si_code == SEGV_MAPERR ? "nothing is mapped" :
			info->si_code == SEGV_ACCERR ? "access is not allowed" : "bad access";
	if (info->si_signo == SIGBUS)
		return info->si_code == BUS_ADRERR ? "no memory behind the mapping" : "bad access";
	if (info->si_signo == SIGFPE)
		return info->si_code == FPE_INTDIV ? "division by zero" : "arithmetic error";
	return "bad instruction";
}

static void write_reason(struct kms_oops_report *report, const siginfo_t *info)
{
	struct kms_oops_text text;

	kms_oops_text_init(&text, report->reason, sizeof(report->reason));
	if (kms_oops_shared->watchdog[0] && info->si_signo == SIGABRT) {
		kms_oops_put(&text, kms_oops_shared->watchdog);
		return;
	}
	kms_oops_put(&text, deadly[index_of(info->si_signo)].name);
	if (info->si_code > 0) {
		kms_oops_put(&text, ": ");
		kms_oops_put(&text, what_fault(info));
		kms_oops_put(&text, " at 0x");
		kms_oops_put_hex(&text, (uintptr_t)info->si_addr, 1);
	} else if (info->si_pid != getpid()) {
		kms_oops_put(&text, " was sent by process ");
		kms_oops_put_number(&text, info->si_pid);
	} else if (info->si_signo == SIGABRT) {
		kms_oops_put(&text, ": the process gave up (abort, assert)");
	}
}

/* What lies above the interrupted code is the handler's own. */
static void write_trace(struct kms_oops_report *report, uint64_t pc)
{
	void *trace[KMS_OOPS_TRACE_MAX + 4];
	int count = backtrace(trace, GEM_ARRAY_SIZE(trace)), from = 0;
	unsigned used = 0;

	while (from < count && (uintptr_t)trace[from] != pc)
		from++;
	if (from == count) {
		from = 0;
		report->trace[used++] = pc;
	}
	for (; from < count && used < KMS_OOPS_TRACE_MAX; from++)
		report->trace[used++] = (uintptr_t)trace[from];
	atomic_store(&report->trace_count, used);
}

static void report_signal(struct kms_oops_report *report, const siginfo_t *info,
	const void *context)
{
	report->fatal = true;
	report->time_ns = kms_oops_now();
	report->tid = syscall(SYS_gettid);
	prctl(PR_GET_NAME, report->thread);
	atomic_store(&report->trace_count, 0);
	atomic_store(&report->symbol_count, 0);
	write_reason(report, info);
	uint64_t pc = kms_oops_save_registers(report, context);
	atomic_store(&report->stage, KMS_OOPS_READY);
	write_trace(report, pc);
	atomic_store(&report->stage, KMS_OOPS_COMPLETE);
	/* Threads that still run show it, too. */
	kms_oops_touch_devices();
	kms_oops_call_reporter(REPORTER_MS);
	/* Now with symbols. */
	kms_oops_touch_devices();
	/* In slices: while the machine stands still, nobody sees it. */
	for (unsigned ms = 0; ms < kms_oops_shared->hold_ms; ms += HOLD_SLICE_MS)
		poll(NULL, 0, HOLD_SLICE_MS);
}

/* ---- the handler ---- */

/* As if we were not there: a fault comes again, what was sent is sent again. */
static void chain(int number, const siginfo_t *info)
{
	sigaction(number, &previous[index_of(number)], NULL);
	if (info->si_code <= 0)
		syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

static void on_deadly(int number, siginfo_t *info, void *context)
{
	int error = errno;

	/* A child that was forked from us has our handlers; its death is not ours. */
	if (kms_oops_shared && kms_oops_shared->owner == getpid()) {
		if (kms_oops_take(kms_oops_shared, true))
			report_signal(&kms_oops_shared->report, info, context);
		else
			kms_oops_call_reporter(REPORTER_MS); /* another thread was first */
	}
	chain(number, info);
	errno = error;
}

/* ---- installation ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static int install_stack(void)
{
	void *memory = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	const stack_t alternative = {.ss_sp = memory, .ss_size = STACK_SIZE};
	if (sigaltstack(&alternative, NULL) < 0) {
		munmap(memory, STACK_SIZE);
		return -errno;
	}
	stack = memory;
	return 0;
}

int kms_oops_install_handlers(void)
{
	struct sigaction action = {
		.sa_sigaction = on_deadly, .sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	if (SANITIZED)
		return 0;
	int ret = install_stack();
	if (ret < 0)
		return ret;
	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(deadly); i++) {
		/* Known before the handler is there: it may be needed at once. */
		sigaction(deadly[i].number, NULL, &previous[i]);
		sigaction(deadly[i].number, &action, NULL);
	}
	return 0;
}

/* A handler that came later (gem_guard's) chains to ours: then ours stays, and does nothing. */
void kms_oops_remove_handlers(void)
{
	const stack_t none = {.ss_flags = SS_DISABLE};
	struct sigaction now;

	if (!stack)
		return;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(deadly); i++) {
		if (sigaction(deadly[i].number, NULL, &now) == 0 && now.sa_sigaction == on_deadly)
			sigaction(deadly[i].number, &previous[i], NULL);
	}
	sigaltstack(&none, NULL);
	munmap(stack, STACK_SIZE);
	stack = NULL;
}
