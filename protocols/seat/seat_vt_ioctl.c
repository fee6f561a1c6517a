/* The terminals' requests (kernel: vt_ioctl.c). */
#include <errno.h>
#include <linux/kd.h>
#include <time.h>

#include "gem_interrupt.h"
#include "seat_vt_private.h"
#include "wire_uapi.h"

enum { KB_MODE_MAX = K_OFF, LED_MASK = 7, WAIT_NS = 5000000 };

/* tty0 is the terminal in front; NULL when that is none of ours. */
static struct seat_vt *resolve(struct seat_vt_file *file)
{
	struct seat_vts *vts = file->vt->vts;
	bool settled;

	if (file->vt->number)
		return file->vt;
	unsigned number = seat_terminal(vts->seat, &settled);
	return number < SEAT_VT_COUNT ? &vts->vts[number] : NULL;
}

/* Until the terminal is in front and nobody is leaving it; as long as the caller likes. */
static long wait_active(struct seat *seat, unsigned number)
{
	const struct timespec pause = {0, WAIT_NS};
	bool settled;

	while (seat_terminal(seat, &settled) != number || !settled) {
		if (gem_interrupted())
			return -EINTR;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static uint64_t used_terminals(struct seat_vts *vts)
{
	uint64_t used = seat_terminals(vts->seat);
	bool settled;

	for (unsigned i = 1; i < SEAT_VT_COUNT; i++) {
		if (atomic_load(&vts->vts[i].opens))
			used |= 1ull << i;
	}
	return used | 1ull << seat_terminal(vts->seat, &settled);
}

static long get_state(struct seat_vts *vts, uint64_t arg, struct vfs_caller *caller)
{
	bool settled;
	struct vt_stat state = {
		.v_active = seat_terminal(vts->seat, &settled),
		.v_state = 1 | used_terminals(vts), /* bit 0: tty0 is always there */
	};

	return vfs_copy_to(caller, arg, &state, sizeof(state));
}

static long find_free(struct seat_vts *vts, uint64_t arg, struct vfs_caller *caller)
{
	uint64_t used = used_terminals(vts);
	int found = -1;

	for (int i = SEAT_VT_COUNT - 1; i > 0; i--) {
		if (!(used >> i & 1))
			found = i;
	}
	return vfs_copy_to(caller, arg, &found, sizeof(found));
}

/* An answer to a question that nobody asked is an error, but for the thanks. */
static long answer(struct seat_vts *vts, struct seat_vt *vt, uint64_t arg)
{
	pthread_mutex_lock(&vts->lock);
	bool process = vt->mode.mode == VT_PROCESS;
	pthread_mutex_unlock(&vts->lock);
	if (!process)
		return -EINVAL;
	if (arg == VT_ACKACQ)
		return 0;
	return seat_answer(vts->seat, vt->number, arg != 0) ? 0 : -EINVAL;
}

static long activate(struct seat_vts *vts, uint64_t arg)
{
	if (arg == 0 || arg > SEAT_SESSION_MAX)
		return -ENXIO;
	seat_switch_terminal(vts->seat, arg);
	return 0;
}

static long vt_request(struct seat_vt_file *file, struct seat_vt *vt, unsigned int request,
	uint64_t arg, struct vfs_caller *caller)
{
	struct seat_vts *vts = vt->vts;
	struct vt_mode mode;
	long ret;

	switch (request) {
	case WIRE_VT_OPENQRY:
		return find_free(vts, arg, caller);
	case WIRE_VT_GETSTATE:
		return get_state(vts, arg, caller);
	case WIRE_VT_GETMODE:
		pthread_mutex_lock(&vts->lock);
		mode = vt->mode;
		pthread_mutex_unlock(&vts->lock);
		return vfs_copy_to(caller, arg, &mode, sizeof(mode));
	case WIRE_VT_SETMODE:
		ret = vfs_copy_from(caller, &mode, arg, sizeof(mode));
		if (ret)
			return ret;
		pthread_mutex_lock(&vts->lock);
		ret = seat_vt_set_mode_locked(file, vt, &mode, caller->pid);
		pthread_mutex_unlock(&vts->lock);
		return ret;
	case VT_RELDISP:
		return answer(vts, vt, arg);
	case VT_ACTIVATE:
		return activate(vts, arg);
	case VT_WAITACTIVE:
		if (arg == 0 || arg > SEAT_SESSION_MAX)
			return -ENXIO;
		return wait_active(vts->seat, arg);
	case VT_DISALLOCATE:
		return arg > SEAT_SESSION_MAX ? -ENXIO : 0;
	}
	return -ENOTTY;
}

/* *value: what the request sets or gives; 0, or -errno. */
static int kd_number_locked(struct seat_vt *vt, unsigned int request, uint64_t arg, int *value)
{
	switch (request) {
	case KDSETMODE:
		if (arg != KD_TEXT && arg != KD_GRAPHICS)
			return -EINVAL;
		vt->kd_mode = arg;
		return 0;
	case KDSKBMODE:
		if (arg > KB_MODE_MAX)
			return -EINVAL;
		vt->kb_mode = arg;
		return 0;
	case KDSETLED:
	case KDSKBLED:
		vt->leds = arg & LED_MASK;
		return 0;
	case WIRE_KDSKBMUTE:
		return 0;
	case WIRE_KDGETMODE:
		*value = vt->kd_mode;
		return sizeof(int);
	case WIRE_KDGKBMODE:
		*value = vt->kb_mode;
		return sizeof(int);
	case WIRE_KDGKBTYPE:
		*value = KB_101;
		return sizeof(char);
	case WIRE_KDGETLED:
	case WIRE_KDGKBLED:
		*value = vt->leds;
		return sizeof(char);
	}
	return -ENOTTY;
}

static long kd_request(struct seat_vt *vt, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	int value = 0;

	pthread_mutex_lock(&vt->vts->lock);
	int ret = kd_number_locked(vt, request, arg, &value);
	pthread_mutex_unlock(&vt->vts->lock);
	/* The lowest byte comes first on this machine. */
	return ret > 0 ? vfs_copy_to(caller, arg, &value, ret) : ret;
}

long seat_vt_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct seat_vt_file *file = gem_container_of(base, struct seat_vt_file, base);
	struct seat_vt *vt = resolve(file);

	if (!vt)
		return -ENOTTY;
	if (_IOC_TYPE(request) == 'K')
		return kd_request(vt, request, arg, caller);
	return vt_request(file, vt, request, arg, caller);
}
