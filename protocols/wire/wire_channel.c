#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gem_interrupt.h"
#include "gem_publish.h"
#include "vfs_text.h"
#include "wire_channel.h"

/* A connection that never says hello is dropped: it may be no client at all. */
enum { HELLO_SECONDS = 10 };

enum { FOLLOW_AFTER = 2 };

_Static_assert((unsigned)VFS_WATCHES == WIRE_WATCHES && GEM_PUBLISH_SIZE == WIRE_WATCH_SIZE,
	"counters go to the client as they are");

static int send_reply(struct wire_channel *channel, struct wire_header *header, size_t size,
	int result, int fd)
{
	header->op = ((struct wire_header *)channel->data)->op;
	header->result = result;
	return wire_packet_send(channel->socket, header, size, NULL, 0, &fd, fd >= 0 ? 1 : 0);
}

static int send_result(struct wire_channel *channel, int result)
{
	struct wire_header reply = {0};

	return send_reply(channel, &reply, sizeof(reply), result, -1);
}

/* fd belongs to this function. */
static int send_fd(struct wire_channel *channel, struct wire_header *reply, size_t size, int fd)
{
	int ret = send_reply(channel, reply, size, 0, fd);

	close(fd);
	return ret;
}

static int serve_hello(struct wire_channel *channel)
{
	const struct wire_hello *request = (const struct wire_hello *)channel->data;
	struct wire_hello reply = {.version = WIRE_VERSION, .pid = getpid(),
		.instance = vfs_instance(wire_server_vfs(channel->server))};
	struct timeval forever = {0, 0};
	bool same = request->version == WIRE_VERSION;
	int ret = send_reply(channel, &reply.header, sizeof(reply), same ? 0 : -EPROTO, -1);

	if (ret || !same)
		return ret ? ret : -EPROTO;
	channel->greeted = true;
	setsockopt(channel->socket, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	return 0;
}

static void init_caller(struct wire_channel *channel)
{
	wire_caller_init(&channel->caller, &channel->credentials, channel->socket,
		wire_server_patience(channel->server));
	channel->caller.base.groups = channel->groups;
	channel->caller.base.group_count = channel->group_count;
}

static int serve_open(struct wire_channel *channel)
{
	struct wire_open *request = (struct wire_open *)channel->data;
	struct wire_header reply = {0};
	int fd;

	if (!memchr(request->path, 0, sizeof(request->path)))
		return -EPROTO;
	init_caller(channel);
	int ret = vfs_open(wire_server_vfs(channel->server), request->path, request->flags,
		&channel->caller.base, &fd);
	if (ret)
		return send_result(channel, ret);
	return send_fd(channel, &reply, sizeof(reply), fd);
}

/* The slot of id, or the free slot where it would go. */
static struct wire_attached *attached_slot(struct wire_channel *channel, uint32_t id)
{
	uint32_t i = id * 2654435761u % WIRE_ATTACHED_SLOTS;

	while (channel->attached[i].id && channel->attached[i].id != id)
		i = (i + 1) % WIRE_ATTACHED_SLOTS;
	return &channel->attached[i];
}

static int serve_attach(struct wire_channel *channel)
{
	const struct wire_attach *request = (const struct wire_attach *)channel->data;
	struct wire_attach_reply reply = {0};
	struct vfs_file *file;
	int ret = vfs_file_from_fd(wire_server_vfs(channel->server), channel->packet.fds[0], &file);

	/* Our copy would keep the device file open after its holders are gone. */
	wire_packet_close_fds(&channel->packet);
	if (ret)
		return send_result(channel, ret);
	struct wire_attached proven = {file->id, file->client_ino};
	if (file->ops->watches)
		file->ops->watches(file, reply.places);
	vfs_file_put(file);
	if (proven.id != request->file_id)
		return send_result(channel, -EBADF);

	struct wire_attached *slot = attached_slot(channel, proven.id);
	if (slot->id != proven.id) {
		if (channel->attached_count == WIRE_ATTACHED_SLOTS / 2) {
			memset(channel->attached, 0, sizeof(channel->attached));
			channel->attached_count = 0;
			slot = attached_slot(channel, proven.id);
		}
		*slot = proven;
		channel->attached_count++;
	}
	return send_reply(channel, &reply.header, sizeof(reply), 0, -1);
}

/*
 * A new reference, or the error that the client gets. A set never holds a
 * reference: the holders' last close must release the file.
 */
static int find_file(struct wire_channel *channel, uint32_t id, struct vfs_file **file)
{
	const struct wire_attached *proven = attached_slot(channel, id);

	if (id == 0 || proven->id != id)
		return WIRE_NOT_ATTACHED;
	*file = vfs_file_lookup(wire_server_vfs(channel->server), proven->ino, id);
	return *file ? 0 : -ENODEV;
}

static int send_node(struct wire_channel *channel, const char *path, const struct vfs_stat *stat)
{
	struct wire_stat_reply reply = {
		.major = stat->major, .minor = stat->minor, .mode = stat->rights.mode,
		.uid = stat->rights.uid, .gid = stat->rights.gid,
	};

	if (strlen(path) < sizeof(reply.path))
		strcpy(reply.path, path);
	return send_reply(channel, &reply.header, sizeof(reply), 0, -1);
}

static int send_anonymous(struct wire_channel *channel, const struct vfs_file *file)
{
	struct wire_stat_reply reply = {.mode = WIRE_ANONYMOUS_MODE};

	snprintf(reply.path, sizeof(reply.path), "%s", file->anonymous);
	return send_reply(channel, &reply.header, sizeof(reply), 0, -1);
}

static int serve_stat(struct wire_channel *channel)
{
	struct wire_open *request = (struct wire_open *)channel->data;
	struct vfs_stat stat;

	if (!memchr(request->path, 0, sizeof(request->path)))
		return -EPROTO;
	int ret = vfs_stat(wire_server_vfs(channel->server), request->path, &stat);
	return ret ? send_result(channel, ret) : send_node(channel, request->path, &stat);
}

static int serve_fstat(struct wire_channel *channel)
{
	const struct wire_attach *request = (const struct wire_attach *)channel->data;
	struct vfs_file *file;
	struct vfs_stat stat;
	int ret = find_file(channel, request->file_id, &file);

	if (ret)
		return send_result(channel, ret);
	if (file->node)
		vfs_stat_node(wire_server_vfs(channel->server), file->node, &stat);
	ret = file->node ? send_node(channel, file->node->path, &stat) :
		send_anonymous(channel, file);
	vfs_file_put(file);
	return ret;
}

/*
 * A few extents go from where they lie; many are copied together first (into the
 * packet's memory: the request is done with), a system call takes IOV_MAX parts.
 */
static unsigned collect_data(struct wire_channel *channel, struct iovec *body)
{
	const struct wire_memory *memory = &channel->caller.memory;
	bool many = memory->extent_count > WIRE_GAPS_MAX;
	uint8_t *at = channel->data;
	unsigned count = 0;

	for (unsigned i = 0; i < memory->extent_count; i++) {
		const struct wire_extent *extent = &memory->extents[i];
		/* Of the segment's position only: the segments themselves are written over. */
		uint8_t *from = memory->image + memory->positions[extent->segment] + extent->offset;

		if (!many) {
			body[count++] = (struct iovec){from, extent->length};
			continue;
		}
		memcpy(at, from, extent->length);
		at += extent->length;
	}
	if (many)
		body[count++] = (struct iovec){channel->data, at - channel->data};
	return count;
}

static int send_ioctl_reply(struct wire_channel *channel, long result)
{
	struct wire_caller *caller = &channel->caller;
	struct wire_memory *memory = &caller->memory;
	struct wire_ioctl_reply reply = {.header = {.op = WIRE_IOCTL, .result = result}};
	struct iovec body[1 + WIRE_GAPS_MAX];
	unsigned count = 1;

	if (result < 0)
		wire_caller_drop_fds(caller);
	wire_memory_close(memory);
	reply.extent_count = memory->extent_count;
	reply.cloexec_mask = caller->cloexec_mask;
	/* What brings descriptors makes something. */
	if (result >= 0 && !caller->new_fd_count)
		reply.depends = caller->base.depends;
	body[0] = (struct iovec){memory->extents, memory->extent_count * sizeof(struct wire_extent)};
	if (memory->memfd < 0)
		count += collect_data(channel, body + 1);
	int ret = wire_packet_send(channel->socket, &reply.header, sizeof(reply), body, count,
		caller->new_fds, caller->new_fd_count);
	wire_caller_drop_fds(caller);
	return ret;
}

static int serve_ioctl(struct wire_channel *channel)
{
	const struct wire_ioctl *request = (const struct wire_ioctl *)channel->data;
	struct vfs_file *file;

	init_caller(channel);
	int ret = wire_caller_set_ioctl(&channel->caller, &channel->packet, channel->image);
	if (ret == -EPROTO)
		return ret;
	if (!ret)
		ret = find_file(channel, request->file_id, &file);
	if (ret)
		return send_ioctl_reply(channel, ret);

	long result = file->ops->ioctl(file, request->request, request->arg, &channel->caller.base);
	vfs_file_put(file);
	if (channel->caller.upcalls.broken) {
		wire_caller_drop_fds(&channel->caller);
		return -EPROTO;
	}
	return send_ioctl_reply(channel, result);
}

static int serve_mmap(struct wire_channel *channel)
{
	const struct wire_mmap *request = (const struct wire_mmap *)channel->data;
	struct wire_mmap_reply reply = {0};
	struct vfs_file *file;
	int fd = -1, ret;

	ret = find_file(channel, request->file_id, &file);
	if (ret)
		return send_result(channel, ret);
	ret = file->ops->mmap ? file->ops->mmap(file, request->offset, request->length,
		request->prot, &fd, &reply.fd_offset) : -ENODEV;
	vfs_file_put(file);
	if (ret)
		return send_result(channel, ret);
	return send_fd(channel, &reply.header, sizeof(reply), fd);
}

static int serve_uevent(struct wire_channel *channel)
{
	struct wire_header reply = {0};
	int fd;
	int ret = wire_server_subscribe(channel->server, &fd);

	if (ret)
		return send_result(channel, ret);
	return send_fd(channel, &reply, sizeof(reply), fd);
}

static int serve_fdinfo(struct wire_channel *channel)
{
	const struct wire_attach *request = (const struct wire_attach *)channel->data;
	struct wire_header reply = {0};
	struct vfs_file *file;
	int fd, ret;

	ret = find_file(channel, request->file_id, &file);
	if (ret)
		return send_result(channel, ret);
	ret = vfs_file_fdinfo(file, &fd);
	vfs_file_put(file);
	if (ret)
		return send_result(channel, ret);
	return send_fd(channel, &reply, sizeof(reply), fd);
}

static int serve_dma_buf(struct wire_channel *channel)
{
	const struct wire_dma_buf *request = (const struct wire_dma_buf *)channel->data;
	const struct wire_packet *packet = &channel->packet;
	struct wire_header reply = {0};
	int fd;

	if (packet->fd_count < 1 || packet->fd_count > 2)
		return -EPROTO;
	struct vfs_dma_buf_request args = {
		.fd = packet->fds[0],
		.sync_file = packet->fd_count == 2 ? packet->fds[1] : -1,
		.request = request->request,
		.flags = request->flags,
	};
	int ret = vfs_dma_buf(wire_server_vfs(channel->server), &args, &fd);
	if (ret || fd < 0)
		return send_result(channel, ret);
	return send_fd(channel, &reply, sizeof(reply), fd);
}

static int serve_watch(struct wire_channel *channel)
{
	struct wire_header reply = {0};
	int fd;
	int ret = gem_publish_open(&fd);

	return ret ? send_result(channel, ret) : send_fd(channel, &reply, sizeof(reply), fd);
}

static int serve_kept(struct wire_channel *channel)
{
	const struct wire_kept *request = (const struct wire_kept *)channel->data;
	const struct wire_kept_count *counts = (const struct wire_kept_count *)(request + 1);

	if (channel->packet.size < sizeof(*request) || request->count > WIRE_KEPT_MAX ||
	    channel->packet.size != sizeof(*request) + request->count * sizeof(*counts))
		return -EPROTO;
	for (unsigned i = 0; i < request->count; i++) {
		if (counts[i].number >= WIRE_KEPT_MAX)
			return -EPROTO;
		vfs_note_kept(wire_server_vfs(channel->server), counts[i].number,
			counts[i].times);
	}
	return 0;
}

static const struct {
	size_t size;  /* of the packet; 0 = the server checks */
	int fds;      /* that come along; -1 = the server checks */
	int (*serve)(struct wire_channel *channel); /* < 0 ends the channel */
} ops[] = {
	[WIRE_HELLO] = {sizeof(struct wire_hello), 0, serve_hello},
	[WIRE_OPEN] = {sizeof(struct wire_open), 0, serve_open},
	[WIRE_ATTACH] = {sizeof(struct wire_attach), 1, serve_attach},
	[WIRE_IOCTL] = {0, -1, serve_ioctl},
	[WIRE_MMAP] = {sizeof(struct wire_mmap), 0, serve_mmap},
	[WIRE_UEVENT] = {sizeof(struct wire_header), 0, serve_uevent},
	[WIRE_KEPT] = {0, 0, serve_kept},
	[WIRE_WATCH] = {sizeof(struct wire_header), 0, serve_watch},
	[WIRE_STAT] = {sizeof(struct wire_open), 0, serve_stat},
	[WIRE_FSTAT] = {sizeof(struct wire_attach), 0, serve_fstat},
	[WIRE_FDINFO] = {sizeof(struct wire_attach), 0, serve_fdinfo},
	[WIRE_DMA_BUF] = {sizeof(struct wire_dma_buf), -1, serve_dma_buf},
};

static int serve(struct wire_channel *channel)
{
	const struct wire_packet *packet = &channel->packet;
	unsigned op = ((const struct wire_header *)channel->data)->op;

	if (op >= GEM_ARRAY_SIZE(ops) || !ops[op].serve)
		return -EPROTO;
	if (ops[op].size && packet->size != ops[op].size)
		return -EPROTO;
	if (ops[op].fds >= 0 && packet->fd_count != (unsigned)ops[op].fds)
		return -EPROTO;
	if (channel->greeted != (op != WIRE_HELLO))
		return -EPROTO;
	return ops[op].serve(channel);
}

/*
 * A request is a call: its thread waits, so its CPU is free for us, and waking a
 * thread there is several times cheaper than waking one on a sleeping CPU. The
 * scheduler sees that only sometimes. Not at once: a client may be on the move.
 */
static void follow_cpu(struct wire_channel *channel)
{
	int cpu = ((const struct wire_header *)channel->data)->result;
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == sched_getcpu() ||
	    !CPU_ISSET(cpu, &channel->cpus)) {
		channel->apart = 0;
		return;
	}
	if (++channel->apart < FOLLOW_AFTER)
		return;
	channel->apart = 0;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* A client that waits for an answer sends nothing: what there is to see is its end. */
static bool client_gone(void *data)
{
	struct wire_channel *channel = data;
	char byte;

	return recv(channel->socket, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) == 0;
}

void wire_channel_run(struct wire_channel *channel)
{
	struct timeval limit = {HELLO_SECONDS, 0};
	int ret;

	channel->packet.data = channel->data;
	gem_interrupt_set(client_gone, channel);
	setsockopt(channel->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (sched_getaffinity(0, sizeof(channel->cpus), &channel->cpus) < 0)
		CPU_ZERO(&channel->cpus);
	do {
		ret = wire_packet_receive(channel->socket, &channel->packet);
		if (ret)
			break;
		follow_cpu(channel);
		ret = serve(channel);
		wire_packet_close_fds(&channel->packet);
	} while (!ret);
	if (ret != -EPIPE && ret != -ECONNRESET)
		gem_info("wire", "channel of pid %d ended: %s", (int)channel->credentials.pid,
			strerror(-ret));
}
