/* VT_PROCESS: a process that is asked by signals. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seat_vt_private.h"

/* By pidfd: the number may be another process's by now. */
static bool send_signal(const struct seat_vt_process *process, int number)
{
	if (number == 0)
		return true;
	return syscall(SYS_pidfd_send_signal, process->pidfd, number, NULL, 0) == 0;
}

/* Of this thread's VT_SETMODE: who asks for it in front knows, and has no handler yet. */
static _Thread_local const struct seat_vt_process *opening;

static void acquire(void *data)
{
	struct seat_vt_process *process = data;

	if (process == opening)
		return;
	send_signal(process, atomic_load(&process->acqsig));
}

/* A process that is gone, or that we may not signal, does not keep the seat. */
static bool release(void *data)
{
	struct seat_vt_process *process = data;

	return send_signal(process, atomic_load(&process->relsig));
}

static void free_process(void *data)
{
	struct seat_vt_process *process = data;

	close(process->pidfd);
	free(process);
}

static const struct seat_session_ops process_ops = {
	.enable = acquire,
	.disable = release,
	.closed = free_process,
};

/* The process is the taker's if it was that one; NULL = it was not. */
static struct seat_vt_process *take(struct seat_vt *vt, uint64_t owner)
{
	/* Of owner, if that is the owner still. */
	struct seat_vt_process *process = atomic_load(&vt->process);

	return owner && atomic_compare_exchange_strong(&vt->owner, &owner, 0) ? process : NULL;
}

void seat_vt_end_process(struct seat_vt *vt)
{
	struct seat_vt_process *process = take(vt, atomic_load(&vt->owner));

	if (!process)
		return;
	seat_session_close(process->session);
	free_process(process);
}

static int start_process(struct seat_vt *vt, const struct vt_mode *mode, pid_t pid)
{
	struct seat_vt_process *process = calloc(1, sizeof(*process));
	int ret;

	if (!process)
		return -ENOMEM;
	process->pid = pid;
	process->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (process->pidfd < 0) {
		ret = -errno;
		goto free_process;
	}
	atomic_init(&process->relsig, mode->relsig);
	atomic_init(&process->acqsig, mode->acqsig);
	opening = process;
	ret = seat_session_open(vt->vts->seat, &process_ops, process, pid, vt->number,
		&process->session);
	opening = NULL;
	if (ret)
		goto close_pidfd;
	atomic_store(&vt->process, process);
	atomic_store(&vt->owner, ++vt->vts->last_owner);
	return 0;

close_pidfd:
	close(process->pidfd);
free_process:
	free(process);
	return ret;
}

static bool is_signal(int number)
{
	return number >= 0 && number <= SIGRTMAX;
}

int seat_vt_set_mode_locked(struct seat_vt_file *file, struct seat_vt *vt,
	const struct vt_mode *mode, pid_t pid)
{
	struct seat_vt_process *process = atomic_load(&vt->process);
	uint64_t own = atomic_load(&file->owner);

	if ((mode->mode != VT_AUTO && mode->mode != VT_PROCESS) || !is_signal(mode->relsig) ||
	    !is_signal(mode->acqsig))
		return -EINVAL;
	/* Its file may be closed at any moment, but then not by the one that asks. */
	if (mode->mode == VT_PROCESS && own && own == atomic_load(&vt->owner) &&
	    process->pid == pid) {
		atomic_store(&process->relsig, mode->relsig);
		atomic_store(&process->acqsig, mode->acqsig);
		vt->mode = *mode;
		return 0;
	}
	seat_vt_end_process(vt);
	int ret = mode->mode == VT_PROCESS ? start_process(vt, mode, pid) : 0;
	if (ret)
		return ret;
	atomic_store(&file->owner, atomic_load(&vt->owner));
	vt->mode = *mode;
	vt->mode.frsig = 0;
	return 0;
}

void seat_vt_forget(struct seat_vt_file *file)
{
	uint64_t own = atomic_load(&file->owner);

	for (unsigned i = 0; i < SEAT_VT_COUNT; i++) {
		struct seat_vt_process *process = take(&file->vt->vts->vts[i], own);

		if (process)
			seat_session_abandon(process->session);
	}
}
