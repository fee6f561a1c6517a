/*
 * A server's connections are a table that all its clients share. What one process and one
 * user may have of it, so that others still get in; whose a connection is, the kernel says
 * (SO_PEERCRED).
 *
 * A process may have as much as is generous while there is plenty, and little of the last
 * quarter; a user may have all but the last eighth. A refusal is EMFILE for a process that
 * has its share, as its own table were full, and ENFILE for a user that has his, or when
 * nothing is left, as the system's. Not EAGAIN, which libdrm tries again for ever.
 */
#ifndef VFS_SHARE_H
#define VFS_SHARE_H

struct ucred;

struct vfs_share {
	unsigned max;        /* connections in all */
	unsigned of_process; /* of one process */
	unsigned scarce;     /* of one process when three quarters of all are taken */
};

/* Who has what, of the connections that are open. */
struct vfs_share_taken {
	unsigned total, by_process, by_user;
};

/* One more that is open, other's; peer is who wants another one. */
void vfs_share_count(struct vfs_share_taken *taken, const struct ucred *peer,
	const struct ucred *other);
/* Whether that one may have it: 0, -EMFILE, -ENFILE. */
int vfs_share_check(const struct vfs_share *share, const struct vfs_share_taken *taken);

#endif
