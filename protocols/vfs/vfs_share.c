#include "vfs_share.h"

#include <errno.h>
#include <sys/socket.h>

void vfs_share_count(struct vfs_share_taken *taken, const struct ucred *peer,
	const struct ucred *other)
{
	taken->total++;
	taken->by_user += other->uid == peer->uid;
	/* 0: somebody in another pid namespace, the kernel does not say who. */
	taken->by_process += peer->pid != 0 && other->pid == peer->pid;
}

int vfs_share_check(const struct vfs_share *share, const struct vfs_share_taken *taken)
{
	if (taken->total >= share->max || taken->by_user >= share->max - share->max / 8)
		return -ENFILE;
	if (taken->by_process >= share->of_process)
		return -EMFILE;
	if (taken->total >= share->max - share->max / 4 && taken->by_process >= share->scarce)
		return -EMFILE;
	return 0;
}
