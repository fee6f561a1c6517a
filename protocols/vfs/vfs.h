/*
 * Device nodes and the open files behind them, for every door.
 *
 * A device file of ours is, for its holder, one end of a SOCK_SEQPACKET pair
 * that carries nothing but what read(2) returns (DRM or input events); poll,
 * dup, fork, SCM_RIGHTS and the hang-up at last close are the kernel's own.
 * The holder's end is bound to the abstract name "testcard/<instance>/<id>"
 * (VFS_NAME_FORMAT), by which a process that merely received the fd knows what
 * it has. A name is public (/proc/net/unix), so it proves nothing: a caller
 * proves its right by passing the fd itself once (vfs_file_from_fd).
 *
 * Both doors end here: the in-process door calls these functions, the wire
 * server calls them for its clients. Drivers (protocols/drm, protocols/evdev)
 * stand behind struct vfs_file_ops.
 */
#ifndef VFS_H
#define VFS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "gem_base.h"
#include "gem_idr.h"

struct vfs;
struct vfs_file;
struct vfs_node;

/*
 * Who asks, and how their memory and descriptors are reached. In process these
 * are plain copies; over the wire they work on the memory image that came with
 * the request (see protocols/wire/wire.h). Handlers never touch a user pointer
 * in any other way.
 */
struct vfs_caller;
struct vfs_caller_ops {
	/* len bytes at user address src; -EFAULT when the caller has no such memory. */
	int (*copy_from)(struct vfs_caller *caller, void *dst, uint64_t src, size_t len);
	int (*copy_to)(struct vfs_caller *caller, uint64_t dst, const void *src, size_t len);
	/*
	 * Puts fd in the caller's descriptor table (takes ownership of fd, on
	 * error too). Returns the number the handler must hand out, or -errno.
	 * cloexec: whether the caller's new descriptor gets FD_CLOEXEC.
	 */
	int (*install_fd)(struct vfs_caller *caller, int fd, bool cloexec);
	/*
	 * The caller's descriptor fd, as a new descriptor of the server's own
	 * (to be closed by the handler), or -EBADF.
	 */
	int (*fetch_fd)(struct vfs_caller *caller, int fd);
};

struct vfs_caller {
	const struct vfs_caller_ops *ops;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary ones; the door's */
	unsigned group_count;
	/*
	 * Set by the driver for the call: the handler holds no lock while it uses ops, so
	 * that these may wait for the client to look into its memory and descriptors.
	 */
	bool may_ask;
	bool remote; /* another process, over the wire */
	/*
	 * Set by the driver in the call: 1 << enum vfs_watch, whose counters (vfs_file_ops
	 * watches) this answer depends on: as long as they have not moved, the same request
	 * of any holder of the file would get it again. 0 = each is to be asked. Counts when
	 * the result is no error.
	 */
	uint32_t depends;
};

/* What an answer may depend on; each file has a counter for each (gem_publish.h). */
enum vfs_watch {
	VFS_WATCH_LIFE,    /* that somebody is there to be asked */
	VFS_WATCH_ACCESS,  /* whether there is a device, and which of its objects are the file's */
	VFS_WATCH_STATE,   /* what the screens are set to, and which monitors there are */
	VFS_WATCH_VBLANK,
	VFS_WATCH_BUSY,    /* idle objects: that they still are */
	VFS_WATCH_FILE,    /* the file's client caps and framebuffers */
	VFS_WATCH_HANDLES, /* its handles: that they still are what they were */
	VFS_WATCHES
};

static inline int vfs_copy_from(struct vfs_caller *caller, void *dst, uint64_t src, size_t len)
{
	return len == 0 ? 0 : caller->ops->copy_from(caller, dst, src, len);
}

static inline int vfs_copy_to(struct vfs_caller *caller, uint64_t dst, const void *src, size_t len)
{
	return len == 0 ? 0 : caller->ops->copy_to(caller, dst, src, len);
}

/* The in-process caller: plain memory, own descriptor table. */
void vfs_caller_init_self(struct vfs_caller *caller);

/*
 * What a driver does for a file. No vfs lock is held during ioctl and mmap.
 * release may run inside vfs_reap: it must not call vfs_open or vfs_reap.
 */
struct vfs_file_ops {
	/*
	 * Required. request as given to ioctl(2), arg its untyped argument.
	 * Returns >= 0 or -errno. Called from any thread, several at once.
	 */
	long (*ioctl)(struct vfs_file *file, unsigned int request, uint64_t arg,
		struct vfs_caller *caller);
	/*
	 * NULL = -ENODEV. mmap of length bytes at offset with PROT_ bits prot:
	 * sets *fd to a new descriptor that is to be mapped at *fd_offset.
	 */
	int (*mmap)(struct vfs_file *file, uint64_t offset, uint64_t length, int prot,
		int *fd, uint64_t *fd_offset);
	/*
	 * Optional: places (gem_publish.h) of the counters that vfs_caller.depends means;
	 * 0 = none, then no answer of the file's is to be kept.
	 */
	void (*watches)(struct vfs_file *file, uint32_t places[VFS_WATCHES]);
	/* Optional: the driver's lines of fdinfo (vfs_text.h), to memory. 0 or -errno. */
	int (*fdinfo)(struct vfs_file *file, FILE *out);
	/*
	 * Required. The last descriptor is gone and no call is running; frees
	 * the file's memory after vfs_file_finish.
	 */
	void (*release)(struct vfs_file *file);
};

struct vfs_file {
	const struct vfs_file_ops *ops;
	struct vfs *vfs;
	const struct vfs_node *node; /* NULL: an anonymous file */
	const char *anonymous; /* what /proc/PID/fd says of such: "anon_inode:sync_file"; else NULL */
	uint32_t id;      /* unique for the life of the vfs; part of the bound name */
	int flags;        /* O_ flags of open */
	int server_fd;    /* our end of the pair: events are sent here */
	int end_fd;       /* of a file that vfs_file_end ended: hangs up with the holder's end; else -1 */
	ino_t client_ino; /* inode of the holder's end: the identity of the file */
	pid_t pid;        /* of the opener; 0 of an anonymous file, as uid */
	uid_t uid;
	atomic_uint refcount; /* one for being open, one per running call */
	struct gem_list link; /* vfs.lock; linked from open to hang-up */
	bool closed;      /* the hang-up was seen; vfs.reap_lock */
	struct vfs_file *shard_next; /* lock of the inode's shard */
};

/* A device node, or a text file. The tree generator draws /dev, /sys and /run/udev from these. */
struct vfs_node {
	const char *path; /* "/dev/dri/card0" */
	unsigned major, minor;
	mode_t mode; /* permission bits; who is meant: vfs_node_rights */
	uid_t uid;   /* owner */
	gid_t gid;
	/*
	 * Allocates the driver's file (struct vfs_file first) and sets ops;
	 * everything else in vfs_file is filled in by vfs afterwards.
	 * Errors go to the opener. The vfs must not be called back.
	 */
	int (*open)(const struct vfs_node *node, int flags, struct vfs_caller *caller,
		struct vfs_file **out);
	/*
	 * Optional: called once the file is complete (server_fd valid) and
	 * before its descriptor is handed out. A failure aborts the open.
	 */
	int (*opened)(struct vfs_file *file);
	/*
	 * A text file (vfs_text.h) when set: open renders it, no vfs_file comes to be;
	 * but with open set, too, that is for who wants to write (wire_uapi.h, WIRE_WRITE).
	 */
	int (*text)(void *data, FILE *out);
	/*
	 * Set: the text file may be opened for writing, which is an act of its
	 * own: what is written does not matter. 0 or -errno for the opener. May
	 * wait for some seconds.
	 */
	int (*text_sink)(void *data);
	void *data; /* the driver's device */
};

/* Who may open a node, as stat(2) has it. */
struct vfs_rights {
	mode_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
};

/* For nodes whose path begins with prefix, instead of their own; as udev's rules do. */
struct vfs_rule {
	const char *prefix;
	struct vfs_rights rights;
};

#define VFS_NAME_PREFIX "testcard/"
/* abstract socket name: instance (16 hex digits), file id */
#define VFS_NAME_FORMAT VFS_NAME_PREFIX "%016llx/%u"

int vfs_create(struct vfs **out);
/* Releases every file as if its holder had closed it. */
void vfs_destroy(struct vfs *vfs);

uint64_t vfs_instance(const struct vfs *vfs);

/*
 * node is the caller's memory and outlives the vfs or vfs_remove_node, which waits for
 * the opens that are under way: not from a node's functions.
 */
int vfs_add_node(struct vfs *vfs, const struct vfs_node *node);
void vfs_remove_node(struct vfs *vfs, const struct vfs_node *node);
/* rules: the caller's, outlive the vfs; the first that fits counts. Before there are callers. */
void vfs_set_rules(struct vfs *vfs, const struct vfs_rule *rules, unsigned count);
/* By the rules, else the node's own. */
void vfs_node_rights(struct vfs *vfs, const struct vfs_node *node, struct vfs_rights *rights);
/* NULL when there is none. For who knows that it is not removed meanwhile. */
const struct vfs_node *vfs_find_node(struct vfs *vfs, const char *path);

struct vfs_stat {
	unsigned major, minor;
	struct vfs_rights rights;
};
/* Of a node that may go at any time. -ENOENT. */
int vfs_stat(struct vfs *vfs, const char *path, struct vfs_stat *out);
/* Of one that stays: its file is open. */
void vfs_stat_node(struct vfs *vfs, const struct vfs_node *node, struct vfs_stat *out);

/*
 * open(2): checks permission, makes the pair, returns the holder's end in *fd
 * (O_CLOEXEC and O_NONBLOCK of flags applied). Reaps hung-up files first, since
 * a close must take effect before the next open (facts, pitfall 5).
 * Errors: -ENXIO no node; -EACCES; -ENOMEM; -EMFILE; the driver's own.
 */
int vfs_open(struct vfs *vfs, const char *path, int flags, struct vfs_caller *caller, int *fd);

/*
 * The same of file's own node, whoever asks: who has a file has passed its check (as
 * the kernel's file_clone_open, for leases).
 */
int vfs_open_again(const struct vfs_file *file, int flags, struct vfs_caller *caller, int *fd);

/*
 * A file that no node leads to, as the kernel's anonymous inodes: file comes from
 * vfs_file_init and becomes the holder's with *fd, which is the server's own until
 * it is given to install_fd. name: constant. On error file is as it was, but for
 * parts that vfs_file_finish takes care of; the caller frees it. -ENOMEM; -EMFILE.
 */
int vfs_open_anonymous(struct vfs *vfs, struct vfs_file *file, const char *name, int *fd);

/*
 * The file whose holder's end fd is, with a new reference; *out = NULL and
 * -EBADF when fd is not one of ours. fd is only looked at. Hot path of the
 * in-process door: no lock is contended by other files' calls.
 */
int vfs_file_from_fd(struct vfs *vfs, int fd, struct vfs_file **out);
/*
 * The same without a system call most of the time, for a door in its holder's
 * own process that learns of every close there (vfs_fds.c has the rules).
 */
int vfs_file_from_own_fd(struct vfs *vfs, int fd, struct vfs_file **out);
/*
 * Descriptors first to last of this process are about to be closed or replaced,
 * and: that is done. Each closing is followed by its closed; async-signal-safe.
 */
void vfs_fds_closing(struct vfs *vfs, unsigned first, unsigned last);
void vfs_fds_closed(struct vfs *vfs, unsigned first, unsigned last);
/*
 * The open file of that inode and id with a new reference, or NULL once its
 * hang-up was seen. For doors whose caller has proven before that it holds it.
 */
struct vfs_file *vfs_file_lookup(struct vfs *vfs, ino_t client_ino, uint32_t id);
struct vfs_file *vfs_file_get(struct vfs_file *file);
/* The reference that was last, after the hang-up, runs ops->release. */
void vfs_file_put(struct vfs_file *file);

/* Drivers: set up / tear down the generic part of a file. */
void vfs_file_init(struct vfs_file *file, const struct vfs_file_ops *ops);
void vfs_file_finish(struct vfs_file *file);

/*
 * Sends one packet to the holder; never blocks. -EAGAIN when the socket is
 * full, -EPIPE when the holder is gone.
 */
int vfs_file_send(struct vfs_file *file, const void *data, size_t len);
/*
 * The holder's end reads as the end of the stream and polls POLLHUP from now on, for
 * good; the file stays open until its last descriptor is closed. Idempotent. Nothing
 * may be locked that release locks. On error nothing has changed.
 */
int vfs_file_end(struct vfs_file *file);
/* The same of every file of a node, which was removed: none are opened any more. */
void vfs_end_files(struct vfs *vfs, const struct vfs_node *node);
/*
 * Packets sent and not yet read by the holder (from SIOCOUTQ; exact while all
 * packets of a file are of one size). For the kernel's 4096-byte event space.
 */
unsigned vfs_file_unread(struct vfs_file *file, size_t packet_size);

/*
 * Requests of dma-bufs (linux/dma-buf.h), which are memory and no files of ours. fd:
 * the dma-buf, sync_file: IMPORT_SYNC_FILE's, both the server's and only looked at.
 * flags: the request's. *out: EXPORT_SYNC_FILE's new descriptor, else -1. -ENOENT fd is
 * no object's memory; -ENOTTY another request.
 */
struct vfs_dma_buf_request {
	int fd, sync_file;
	unsigned int request;
	uint32_t flags;
};
int vfs_dma_buf(struct vfs *vfs, const struct vfs_dma_buf_request *request, int *out);
/* Who answers; before there are callers. */
void vfs_set_dma_bufs(struct vfs *vfs,
	int (*answer)(struct vfs *vfs, const struct vfs_dma_buf_request *request, int *out));

/*
 * A client says that it gave itself an answer it had kept, so many times, to requests of
 * that _IOC_NR.
 */
void vfs_note_kept(struct vfs *vfs, unsigned number, uint32_t times);
/* Who is told; before there are callers. */
void vfs_set_kept(struct vfs *vfs, void (*note)(unsigned number, uint32_t times));

/* Finds files whose last descriptor was closed and releases them. */
void vfs_reap(struct vfs *vfs);
/*
 * A descriptor that polls readable when vfs_reap has something to do. vfs owns
 * no thread: server and compositor poll it.
 */
int vfs_reap_fd(struct vfs *vfs);

#endif
