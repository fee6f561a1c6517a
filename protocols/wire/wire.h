/*
 * The wire between a client process (clients/preload) and the device server.
 *
 * A runtime folder, named by TESTCARD_DIR, holds:
 *   device.sock   SOCK_SEQPACKET, one message a packet, this protocol
 *   control.sock  SOCK_STREAM, text lines, see protocols/control/control.h
 *   tree/         generated /dev, /sys, /run/udev, /proc parts (protocols/tree)
 *
 * Every thread of a client that makes requests has a channel of its own: a
 * connection to device.sock (thread-local; made anew after fork). A request is
 * one packet, its reply is one packet, in order, one under way per channel.
 * The server runs each channel in a thread, so a request may block as an ioctl
 * does.
 *
 * A device fd is named in requests by its file id (from its bound name, see
 * VFS_NAME_FORMAT). Before a channel uses a file, it proves that it holds it:
 * WIRE_ATTACH carries the fd itself once.
 *
 * Memory: an ioctl's argument struct and the arrays it points to travel as
 * segments (user address, length, direction). The server reads and writes them
 * by user address, so handlers are the same as in process; an address outside
 * all segments is -EFAULT. Which arrays belong to which ioctl is in the layout
 * table (wire_layout.h) that the client uses. Segment data are inline up to
 * WIRE_INLINE_MAX bytes in all, else in one memfd that comes with the request
 * and also takes the answer (the server uses pread/pwrite on it, never mmap:
 * a client may shrink it at any time).
 *
 * Upcalls: what a table cannot say (MODE_ATOMIC's properties may be descriptors
 * or addresses) and what is too much to send on suspicion (the tail of a very
 * long list) the server asks for when a handler wants it: WIRE_UPCALL, a question
 * on the same channel between a WIRE_IOCTL and its reply. The client, which waits
 * there anyway, answers from its own memory and descriptors; an address or number
 * that is not there is -EFAULT or -EBADF, as in a system call. Only requests whose
 * row in both tables says so are asked about (wire_layout.h upcalls, uapi.h
 * UAPI_UPCALL): their handlers hold no lock of the device while they touch user
 * memory, since a client may take its time. It has WIRE_PATIENCE_SECONDS; no
 * answer, or one that is none, ends the channel and the handler gets -EFAULT.
 *
 * Answers that stay true: the reply of an ioctl may say on which of its file's counters
 * it depends (wire_ioctl_reply.depends). They lie in memory of the server's (WIRE_WATCH),
 * at places that WIRE_ATTACH tells. While none of them has moved since before the request
 * was sent, the same request on the same file, with the same lengths of arrays, would get
 * the same answer: a client may repeat it to itself. A client can read that memory, and
 * nothing else.
 *
 * Who has channels enough (vfs_share.h) is told so: WIRE_HELLO's reply, a bare header with
 * EMFILE or ENFILE (ENOMEM: there was no room for a channel), is sent as soon as the client
 * has connected, and the server hangs up, whether it has said hello yet or not. Its call
 * that wanted the channel fails with that error: open, or the first ioctl of a thread.
 *
 * All numbers are of this machine's byte order. A packet of another size than
 * its header says, or with numbers out of range, ends the channel.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>

#define WIRE_VERSION 3u
#define WIRE_MAGIC 0x31444354u /* "TCD1" */
#define WIRE_ENV_DIR "TESTCARD_DIR"
#define WIRE_SOCKET_NAME "device.sock"
#define WIRE_TREE_NAME "tree"

#define WIRE_INLINE_MAX (48u << 10) /* bytes of segment data inside a packet */
/* A list of 1000 objects with relocations goes along whole; of more, the tail is asked for. */
#define WIRE_SEGMENTS_MAX 1088u
#define WIRE_FDS_MAX 8u /* in one packet, the data memfd included */
#define WIRE_GAPS_MAX 256u /* extents of OUT segments; of an IN|OUT segment there is one at most */
#define WIRE_EXTENTS_MAX (WIRE_SEGMENTS_MAX + WIRE_GAPS_MAX)
#define WIRE_PATIENCE_SECONDS 30
#define WIRE_PATH_MAX 256u
/* Sum of a request's segments; more is -ENOMEM. */
#define WIRE_DATA_MAX (256u << 20)

/*
 * A reply's result beside the kernel's errnos: the channel does not (or no
 * longer) know the file; the client sends WIRE_ATTACH and repeats the request.
 */
#define WIRE_NOT_ATTACHED (-4000)

enum wire_op {
	WIRE_HELLO = 1,
	WIRE_OPEN = 2,   /* by path; reply carries the fd */
	WIRE_ATTACH = 3, /* carries the fd; afterwards file_id may be used here */
	WIRE_IOCTL = 4,
	WIRE_MMAP = 5,   /* reply carries the fd to map */
	WIRE_UEVENT = 6, /* reply carries a SEQPACKET fd that gets every uevent */
	WIRE_STAT = 7,   /* by path: is it a device node, and which */
	WIRE_FSTAT = 8,  /* by file id (struct wire_attach): its node; reply as of WIRE_STAT */
	WIRE_FDINFO = 9, /* by file id (struct wire_attach); reply carries a text file's fd */
	/*
	 * A request of a dma-buf, which comes along, and after it IMPORT_SYNC_FILE's
	 * sync_file; EXPORT_SYNC_FILE's reply carries the new one.
	 */
	WIRE_DMA_BUF = 11,
	WIRE_WATCH = 12,  /* reply carries a descriptor of the counters' memory, to be read only */
	/* How often the client has given itself answers it had kept; no reply. */
	WIRE_KEPT = 13,
	WIRE_UPCALL = 10, /* a question of the server's, and the client's answer */
};

/* First in every packet, both ways. */
struct wire_header {
	uint32_t magic;
	uint16_t op;
	uint16_t fds;  /* descriptors that come with the packet */
	uint32_t size; /* of the whole packet */
	int32_t result; /* replies: >= 0 or -errno; requests: the CPU they came from, a hint */
};

struct wire_hello { /* request, and reply to who is let in */
	struct wire_header header;
	uint32_t version;
	uint32_t pid;      /* the server's, in the reply */
	uint64_t instance; /* VFS_NAME_FORMAT's first part, in the reply */
};

struct wire_open { /* also WIRE_STAT */
	struct wire_header header;
	int32_t flags;
	uint32_t pad;
	char path[WIRE_PATH_MAX]; /* NUL-terminated */
};

/*
 * Of WIRE_FSTAT also a file without a node: numbers 0 but for the mode, and path
 * is what /proc/PID/fd says of it, "anon_inode:sync_file".
 */
struct wire_stat_reply {
	struct wire_header header;
	uint32_t major, minor, mode, uid, gid;
	uint32_t pad;
	char path[WIRE_PATH_MAX]; /* of the node, NUL-terminated */
};
#define WIRE_ANONYMOUS_MODE 0600u

struct wire_attach {
	struct wire_header header;
	uint32_t file_id;
	uint32_t pad;
};

#define WIRE_KEPT_MAX 256u /* numbers (_IOC_NR) of DRM requests */

struct wire_kept { /* followed by count struct wire_kept_count */
	struct wire_header header;
	uint32_t count;
};

struct wire_kept_count {
	uint32_t number, times;
};

#define WIRE_WATCHES 7u
#define WIRE_WATCH_SIZE (1u << 20) /* of the counters' memory, bytes */

struct wire_attach_reply { /* WIRE_OPEN's, WIRE_UEVENT's and WIRE_WATCH's is a bare header */
	struct wire_header header;
	/* Where the file's counters (u64, they only grow) lie in bytes; 0 = there is none. */
	uint32_t places[WIRE_WATCHES];
};

struct wire_dma_buf { /* the reply is a bare header */
	struct wire_header header;
	uint32_t request; /* of linux/dma-buf.h */
	uint32_t flags;   /* of its struct */
};

enum {
	WIRE_SEG_IN = 1 << 0,  /* data come with the request */
	WIRE_SEG_OUT = 1 << 1, /* data come back */
};

struct wire_segment {
	uint64_t address; /* in the client */
	uint32_t length;
	uint32_t flags;
};

/*
 * Followed by segment_count struct wire_segment, then fd_count int32_t (the
 * client's numbers of the descriptors that come along, in order), then, when
 * inline, the data of the IN segments in order. With header.fds == fd_count + 1
 * the last descriptor is the data memfd, in which segment i lies at the sum of
 * the lengths of the segments before it.
 */
struct wire_ioctl {
	struct wire_header header;
	uint64_t arg; /* the untyped third argument */
	uint32_t file_id;
	uint32_t request;
	uint32_t segment_count;
	uint32_t fd_count;
};

/* length bytes of a segment, from offset on, were written by the handler. */
struct wire_extent {
	uint32_t segment, offset, length;
};

/*
 * Followed by extent_count struct wire_extent (disjoint) and, when inline, their
 * data in order; what is in no extent was not written and is left alone in the
 * client. An IN|OUT segment has one extent at most, from the first byte written to
 * the last, with what the client sent between them. New descriptors come along; in
 * the data the handler wrote WIRE_FD_BASE + i for the i-th of them. An ioctl that
 * failed brings none.
 *
 * A request with one segment, inline, gets no extent or one that begins at
 * offset 0 (gaps as the client sent them, or zero): the client can receive the
 * data in their place.
 */
struct wire_ioctl_reply {
	struct wire_header header;
	uint32_t extent_count;
	uint16_t cloexec_mask; /* bit i: the i-th descriptor gets FD_CLOEXEC */
	/* Bit i: the answer stays true while counter i stands still; 0 = ask each time. */
	uint16_t depends;
};
#define WIRE_FD_BASE 0x40000000

enum wire_upcall_kind {
	WIRE_UPCALL_READ = 1, /* the answer's result is 0 and its data follow, or -EFAULT */
	WIRE_UPCALL_WRITE,    /* data follow the question; the answer's result is 0 or -EFAULT */
	WIRE_UPCALL_FETCH,    /* the answer's result is 0 and it carries the fd, or -EBADF */
	/*
	 * The question carries a new descriptor for the client; the answer's result is
	 * its number there, or -EMFILE. The client closes it when the ioctl fails.
	 * For requests whose layout has no fd_out only, whose number the reply tells.
	 */
	WIRE_UPCALL_INSTALL,
};

/* The question; the answer is a bare header and, for READ, length bytes. */
struct wire_upcall {
	struct wire_header header;
	uint32_t kind;    /* enum wire_upcall_kind */
	uint32_t length;  /* READ, WRITE: 1 to WIRE_INLINE_MAX bytes; INSTALL: 1 = FD_CLOEXEC */
	uint64_t address; /* READ, WRITE: in the client; FETCH: the client's number */
};

/* The largest packet of either direction. */
#define WIRE_PACKET_MAX                                                                  \
	(64u + WIRE_SEGMENTS_MAX * 16u + WIRE_FDS_MAX * 4u + WIRE_EXTENTS_MAX * 12u +   \
		WIRE_INLINE_MAX)

struct wire_mmap {
	struct wire_header header;
	uint64_t offset, length;
	uint32_t file_id;
	int32_t prot;
};

struct wire_mmap_reply {
	struct wire_header header;
	uint64_t fd_offset;
};

#endif
