/*
 * Descriptor number -> file, remembered, so that a call in the holder's own
 * process costs no system call (a number says nothing, fstat does).
 *
 * The danger is a number that means something else by now. So that it never
 * gives the old file:
 *  - Numbers are only reused after a close, and the door tells every one that
 *    its process makes: close, dup2, dup3, close_range, closefrom, fclose and
 *    freopen come through the executable's own symbols (clients/preload). While
 *    one is under way, and for what was found before it began, the slot is good
 *    for nothing.
 *  - What the C library closes without those symbols it has opened itself; it
 *    never holds a device file. The exceptions are the standard streams
 *    (freopen, daemon), which are not remembered.
 *  - A file that was hung up is forgotten before it is released, a number that
 *    vfs_open gives out is new.
 *  - A forked child has another door.
 * What would break it is code in this process that closes device files by bare
 * system calls or io_uring, or a thread with a descriptor table of its own
 * (unshare(CLONE_FILES)): so this is for an executable whose libraries are
 * known, not for the preload library in any program.
 */
#include <errno.h>
#include <sched.h>

#include "vfs_private.h"

enum { STANDARD_STREAMS = 3 };
#define UNDER_WAY UINT32_MAX     /* the low half of a state */
#define CHANGED (1ull << 32)

static struct vfs_fd_slot *slot_of(struct vfs *vfs, unsigned fd)
{
	return &vfs->fds[fd & (VFS_FD_SLOTS - 1)];
}

/* NULL also when another thread looks: the caller asks the kernel then. */
static struct vfs_file *recall(struct vfs_fd_slot *slot, int fd)
{
	struct vfs_file *file = NULL;

	if (atomic_flag_test_and_set_explicit(&slot->busy, memory_order_acquire))
		return NULL;
	if (slot->file && slot->fd == fd && atomic_load(&slot->state) == slot->found_in)
		file = vfs_file_get(slot->file);
	atomic_flag_clear_explicit(&slot->busy, memory_order_release);
	return file;
}

/* state: from before the kernel was asked. */
static void remember(struct vfs_fd_slot *slot, int fd, struct vfs_file *file, uint64_t state)
{
	if (state & UNDER_WAY ||
	    atomic_flag_test_and_set_explicit(&slot->busy, memory_order_acquire))
		return;
	if (atomic_load(&slot->state) == state) {
		slot->fd = fd;
		slot->file = file;
		slot->found_in = state;
	}
	atomic_flag_clear_explicit(&slot->busy, memory_order_release);
}

int vfs_file_from_own_fd(struct vfs *vfs, int fd, struct vfs_file **out)
{
	struct vfs_fd_slot *slot = slot_of(vfs, fd);

	if (fd < STANDARD_STREAMS)
		return vfs_file_from_fd(vfs, fd, out);
	*out = recall(slot, fd);
	if (*out)
		return 0;
	uint64_t state = atomic_load(&slot->state);
	int ret = vfs_file_from_fd(vfs, fd, out);
	if (ret == 0)
		remember(slot, fd, *out, state);
	return ret;
}

/* Of the slots of first to last. */
static void add_to_states(struct vfs *vfs, unsigned first, unsigned last, uint64_t value)
{
	unsigned count = last - first < VFS_FD_SLOTS ? last - first + 1 : VFS_FD_SLOTS;

	for (unsigned i = 0; i < count; i++)
		atomic_fetch_add(&slot_of(vfs, first + i)->state, value);
}

void vfs_fds_closing(struct vfs *vfs, unsigned first, unsigned last)
{
	if (first <= last)
		add_to_states(vfs, first, last, CHANGED + 1);
}

void vfs_fds_closed(struct vfs *vfs, unsigned first, unsigned last)
{
	if (first <= last)
		add_to_states(vfs, first, last, CHANGED - 1);
}

void vfs_fds_born(struct vfs *vfs, int fd)
{
	atomic_fetch_add(&slot_of(vfs, fd)->state, CHANGED);
}

void vfs_fds_forget(struct vfs *vfs, const struct vfs_file *file)
{
	for (unsigned i = 0; i < VFS_FD_SLOTS; i++) {
		struct vfs_fd_slot *slot = &vfs->fds[i];

		/* Who has just found the file does not remember it, ... */
		atomic_fetch_add(&slot->state, CHANGED);
		/* ... and who has just recalled it has its reference. */
		while (atomic_flag_test_and_set_explicit(&slot->busy, memory_order_acquire))
			sched_yield();
		if (slot->file == file)
			slot->file = NULL;
		atomic_flag_clear_explicit(&slot->busy, memory_order_release);
	}
}
