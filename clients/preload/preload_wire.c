/* The door to a device server in another process. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload_channel.h"
#include "preload_door.h"
#include "preload_gather.h"
#include "preload_keep.h"

/*
 * One request without memory: 0 and the reply, whose result says the rest. A
 * channel whose server hung up before it got the request is replaced once.
 */
static int transact(struct preload_channel **channel, void *request, size_t size,
	const int *fds, unsigned fd_count, struct preload_reply *reply)
{
	int ret;

	for (int attempt = 0; attempt < 2; attempt++) {
		struct iovec vec = {request, size};

		ret = preload_channel_call(*channel, &vec, 1, fds, fd_count, reply);
		if (ret != -EPIPE)
			return ret;
		preload_channel_release(*channel);
		*channel = NULL;
		ret = preload_channel_acquire(channel);
		if (ret)
			return ret;
	}
	return -ENODEV;
}

static void release(struct preload_channel *channel)
{
	if (channel)
		preload_channel_release(channel);
}

/* The reply's result; size is what a good reply has. */
static int check_reply(struct preload_reply *reply, size_t size, unsigned fd_count)
{
	int result = reply->header->result;

	if (result >= 0 && (reply->header->size != size || reply->fd_count != fd_count))
		result = -ENODEV;
	if (result < 0)
		preload_reply_close_fds(reply);
	return result;
}

/*
 * One address for ever: callers keep it. No lock, a signal handler may ask; the
 * few threads that meet in the first call each build the path, the first is kept.
 */
static const char *wire_tree(void)
{
	enum { BUILDERS = 8, LENGTH = 256 };
	static char paths[BUILDERS][LENGTH];
	static atomic_uint builders;
	static _Atomic(const char *) kept;
	const char *path = atomic_load_explicit(&kept, memory_order_acquire), *dir;

	if (path)
		return path;
	dir = preload_channel_dir();
	if (!dir || strlen(dir) + sizeof("/" WIRE_TREE_NAME) > LENGTH)
		return "";
	unsigned mine = atomic_fetch_add(&builders, 1);
	if (mine >= BUILDERS)
		return "";
	strcpy(paths[mine], dir);
	strcat(paths[mine], "/" WIRE_TREE_NAME);
	if (atomic_compare_exchange_strong(&kept, &path, paths[mine]))
		path = paths[mine];
	return path;
}

static void node_from_reply(const struct preload_reply *reply, struct preload_node *node)
{
	const struct wire_stat_reply *stat = (const struct wire_stat_reply *)reply->header;

	node->major = stat->major;
	node->minor = stat->minor;
	node->mode = stat->mode;
	node->uid = stat->uid;
	node->gid = stat->gid;
	memcpy(node->path, stat->path, sizeof(node->path));
	node->path[sizeof(node->path) - 1] = '\0';
}

static int stat_node(const char *path, struct preload_node *node)
{
	struct wire_open request = {.header.op = WIRE_STAT};
	struct preload_channel *channel;
	struct preload_reply reply = {0};

	if (strlen(path) >= sizeof(request.path))
		return -ENOENT;
	strcpy(request.path, path);
	int ret = preload_channel_acquire(&channel);
	if (ret)
		return ret;
	ret = transact(&channel, &request, sizeof(request), NULL, 0, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_stat_reply), 0);
	if (ret >= 0)
		node_from_reply(&reply, node);
	release(channel);
	return ret;
}

static int open_node(const char *path, int flags)
{
	struct wire_open request = {.header.op = WIRE_OPEN, .flags = flags};
	struct preload_channel *channel;
	struct preload_reply reply = {0};

	if (strlen(path) >= sizeof(request.path))
		return -ENAMETOOLONG;
	strcpy(request.path, path);
	int ret = preload_channel_acquire(&channel);
	if (ret)
		return ret;
	ret = preload_channel_be_current(channel);
	if (!ret)
		ret = transact(&channel, &request, sizeof(request), NULL, 0, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_header), 1);
	if (ret >= 0) {
		ret = reply.fds[0];
		if (!(flags & O_CLOEXEC))
			fcntl(ret, F_SETFD, 0);
	}
	release(channel);
	return ret;
}

static void forget(struct preload_channel *channel, uint32_t file_id)
{
	for (unsigned i = 0; i < PRELOAD_CHANNEL_FILES; i++) {
		if (channel->attached[i].file_id == file_id)
			channel->attached[i].file_id = 0;
	}
}

/* Proves to the server that this process holds the file. */
static int attach(struct preload_channel *channel, uint32_t file_id, int fd)
{
	struct wire_attach request = {.header.op = WIRE_ATTACH, .file_id = file_id};
	struct iovec vec = {&request, sizeof(request)};
	struct preload_reply reply = {0};

	if (preload_channel_attached(channel, file_id))
		return 0;
	int ret = preload_channel_call(channel, &vec, 1, &fd, 1, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_attach_reply), 0);
	if (ret >= 0) {
		struct preload_attached *slot = &channel->attached[channel->next_attached];

		slot->file_id = file_id;
		memcpy(slot->places, ((const struct wire_attach_reply *)reply.header)->places,
			sizeof(slot->places));
		channel->next_attached = (channel->next_attached + 1) % PRELOAD_CHANNEL_FILES;
	}
	/* The name says it is a device file, but the server has hung up on it. */
	return ret == -EBADF ? -ENODEV : ret;
}

/*
 * A request about a file: call() sends it on an attached channel. Repeated when
 * the server no longer knows the attachment, or hung up before it was sent.
 */
static int call_on_file(struct preload_channel *channel, int fd, uint32_t file_id,
	int (*call)(struct preload_channel *channel, void *data, struct preload_reply *reply),
	void *data, struct preload_reply *reply)
{
	int ret = attach(channel, file_id, fd);

	if (!ret)
		ret = call(channel, data, reply);
	if (ret || reply->header->result != WIRE_NOT_ATTACHED)
		return ret;
	preload_reply_close_fds(reply);
	forget(channel, file_id);
	ret = attach(channel, file_id, fd);
	return ret ? ret : call(channel, data, reply);
}

/* As call_on_file; *channel is acquired here and the caller's to release. */
static int request_on_file(struct preload_channel **channel, int fd,
	int (*call)(struct preload_channel *channel, void *data, struct preload_reply *reply),
	void (*set_file)(struct preload_channel *channel, void *data, uint32_t file_id),
	void *data, struct preload_reply *reply)
{
	uint64_t instance;
	uint32_t file_id;
	int ret = -EPIPE;

	*channel = NULL;
	if (!preload_fd_is_device(fd, &instance, &file_id))
		return -EBADF;
	for (int attempt = 0; attempt < 2 && ret == -EPIPE; attempt++) {
		release(*channel);
		*channel = NULL;
		ret = preload_channel_acquire(channel);
		if (ret)
			return ret;
		/* A file of a server that is not ours, or is no more. */
		if ((*channel)->instance != instance)
			return -ENODEV;
		set_file(*channel, data, file_id);
		ret = call_on_file(*channel, fd, file_id, call, data, reply);
	}
	return ret == -EPIPE ? -ENODEV : ret;
}

struct fixed_request {
	union {
		struct wire_attach fstat;
		struct wire_mmap mmap;
		struct wire_header header;
	};
	size_t size;
};

static int call_fixed(struct preload_channel *channel, void *data, struct preload_reply *reply)
{
	struct fixed_request *request = data;
	struct iovec vec = {&request->header, request->size};

	return preload_channel_call(channel, &vec, 1, NULL, 0, reply);
}

static void set_fstat_file(struct preload_channel *channel, void *data, uint32_t file_id)
{
	((struct fixed_request *)data)->fstat.file_id = file_id;
}

static void set_mmap_file(struct preload_channel *channel, void *data, uint32_t file_id)
{
	((struct fixed_request *)data)->mmap.file_id = file_id;
}

static int fstat_node(int fd, struct preload_node *node)
{
	struct fixed_request request = {.fstat = {.header.op = WIRE_FSTAT},
		.size = sizeof(request.fstat)};
	struct preload_channel *channel;
	struct preload_reply reply = {0};

	int ret = request_on_file(&channel, fd, call_fixed, set_fstat_file, &request, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_stat_reply), 0);
	if (ret >= 0)
		node_from_reply(&reply, node);
	release(channel);
	return ret;
}

static int open_fdinfo(int fd)
{
	struct fixed_request request = {.fstat = {.header.op = WIRE_FDINFO},
		.size = sizeof(request.fstat)};
	struct preload_channel *channel;
	struct preload_reply reply = {0};

	int ret = request_on_file(&channel, fd, call_fixed, set_fstat_file, &request, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_header), 1);
	if (ret >= 0)
		ret = reply.fds[0];
	release(channel);
	return ret;
}

static int map_file(int fd, uint64_t offset, uint64_t length, int prot, int *map_fd,
	uint64_t *map_offset)
{
	struct fixed_request request = {.mmap = {.header.op = WIRE_MMAP, .offset = offset,
		.length = length, .prot = prot}, .size = sizeof(request.mmap)};
	struct preload_channel *channel;
	struct preload_reply reply = {0};

	int ret = request_on_file(&channel, fd, call_fixed, set_mmap_file, &request, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_mmap_reply), 1);
	if (ret >= 0) {
		*map_fd = reply.fds[0];
		*map_offset = ((const struct wire_mmap_reply *)reply.header)->fd_offset;
	}
	release(channel);
	return ret;
}

struct ioctl_request {
	uint32_t request;
	uint64_t arg;
	bool gathered;
	struct preload_gather gather;
	struct preload_ticket ticket;
};

static int call_ioctl(struct preload_channel *channel, void *data, struct preload_reply *reply)
{
	struct ioctl_request *request = data;

	preload_kept_tell_in_time(channel);
	preload_keep_watch(&request->ticket, channel, request->gather.head.file_id);
	return preload_gather_call(&request->gather, channel, reply);
}

/* Again on another channel: the gathered struct lay in the first one's memory. */
static void gather_ioctl(struct preload_channel *channel, void *data, uint32_t file_id)
{
	struct ioctl_request *request = data;

	if (request->gathered)
		preload_gather_finish(&request->gather);
	preload_gather_init(&request->gather, file_id, request->request, request->arg,
		preload_channel_scratch(channel));
	request->gather.in_place &= !request->ticket.open;
	request->gathered = true;
}

static long ioctl_file(int fd, unsigned long request, void *arg)
{
	struct ioctl_request data;
	struct preload_channel *channel;
	struct preload_reply reply;
	long ret;

	if (preload_keep_answer(fd, request, (uintptr_t)arg, &data.ticket, &ret))
		return ret;
	data.request = request;
	data.arg = (uintptr_t)arg;
	data.gathered = false;
	memset(&reply, 0, sizeof(reply));
	ret = request_on_file(&channel, fd, call_ioctl, gather_ioctl, &data, &reply);
	if (!ret)
		preload_keep_store(&data.ticket, fd, &data.gather, &reply);
	if (!ret)
		ret = preload_gather_finish_reply(&data.gather, &reply);
	if (data.gathered)
		preload_gather_finish(&data.gather);
	release(channel);
	return ret;
}

static int open_uevents(int flags)
{
	struct wire_header request = {.op = WIRE_UEVENT};
	struct preload_channel *channel;
	struct preload_reply reply = {0};

	int ret = preload_channel_acquire(&channel);
	if (ret)
		return ret;
	ret = transact(&channel, &request, sizeof(request), NULL, 0, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_header), 1);
	if (ret >= 0) {
		ret = reply.fds[0];
		if (!(flags & SOCK_CLOEXEC))
			fcntl(ret, F_SETFD, 0);
		if (flags & SOCK_NONBLOCK)
			fcntl(ret, F_SETFL, fcntl(ret, F_GETFL) | O_NONBLOCK);
	}
	release(channel);
	return ret;
}

static int ask_dma_buf(int fd, unsigned int what, uint32_t flags, int sync_file)
{
	struct wire_dma_buf request = {.header.op = WIRE_DMA_BUF, .request = what, .flags = flags};
	int fds[2] = {fd, sync_file};
	struct preload_channel *channel;
	struct preload_reply reply = {0};

	int ret = preload_channel_acquire(&channel);
	if (ret)
		return ret;
	ret = transact(&channel, &request, sizeof(request), fds, sync_file < 0 ? 1 : 2, &reply);
	if (!ret)
		ret = check_reply(&reply, sizeof(struct wire_header), reply.fd_count > 0);
	if (ret >= 0)
		ret = reply.fd_count ? reply.fds[0] : 0;
	release(channel);
	return ret;
}

/* The door's promise: errno is left alone. */
#define KEEP_ERRNO(type, call)     \
	do {                       \
		int saved = errno; \
		type ret = call;   \
		errno = saved;     \
		return ret;        \
	} while (0)

static int wire_stat_node(const char *path, struct preload_node *node)
{
	KEEP_ERRNO(int, stat_node(path, node));
}

static int wire_fstat_node(int fd, struct preload_node *node)
{
	KEEP_ERRNO(int, fstat_node(fd, node));
}

static int wire_open(const char *path, int flags)
{
	KEEP_ERRNO(int, open_node(path, flags));
}

static long wire_ioctl(int fd, unsigned long request, void *arg)
{
	KEEP_ERRNO(long, ioctl_file(fd, request, arg));
}

static int wire_mmap(int fd, uint64_t offset, uint64_t length, int prot, int *map_fd,
	uint64_t *map_offset)
{
	KEEP_ERRNO(int, map_file(fd, offset, length, prot, map_fd, map_offset));
}

static int wire_fdinfo(int fd)
{
	KEEP_ERRNO(int, open_fdinfo(fd));
}

static int wire_uevent(int flags)
{
	KEEP_ERRNO(int, open_uevents(flags));
}

static int wire_dma_buf(int fd, unsigned int request, uint32_t flags, int sync_file)
{
	KEEP_ERRNO(int, ask_dma_buf(fd, request, flags, sync_file));
}

const struct preload_door preload_wire_door = {
	.tree = wire_tree,
	.stat_node = wire_stat_node,
	.fstat_node = wire_fstat_node,
	.open = wire_open,
	.ioctl = wire_ioctl,
	.mmap = wire_mmap,
	.fdinfo = wire_fdinfo,
	.uevent = wire_uevent,
	.dma_buf = wire_dma_buf,
};
