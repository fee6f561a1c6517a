/* Open files: birth, look-up by descriptor, events. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "vfs_private.h"
#include "vfs_text.h"

enum { WANT_READ = 4, WANT_WRITE = 2, UNREAD_PROBE_MAX = 4096 };

void vfs_shard_add(struct vfs *vfs, struct vfs_file *file)
{
	struct vfs_shard *shard = vfs_shard_of(vfs, file->client_ino);

	pthread_mutex_lock(&shard->lock);
	file->shard_next = shard->first;
	shard->first = file;
	pthread_mutex_unlock(&shard->lock);
}

void vfs_shard_remove(struct vfs *vfs, struct vfs_file *file)
{
	struct vfs_shard *shard = vfs_shard_of(vfs, file->client_ino);

	pthread_mutex_lock(&shard->lock);
	for (struct vfs_file **at = &shard->first; *at; at = &(*at)->shard_next) {
		if (*at != file)
			continue;
		*at = file->shard_next;
		break;
	}
	pthread_mutex_unlock(&shard->lock);
}

void vfs_file_init(struct vfs_file *file, const struct vfs_file_ops *ops)
{
	memset(file, 0, sizeof(*file));
	file->ops = ops;
	file->server_fd = file->end_fd = -1;
	atomic_init(&file->refcount, 1);
	gem_list_init(&file->link);
}

void vfs_file_finish(struct vfs_file *file)
{
	if (file->server_fd >= 0)
		close(file->server_fd);
	if (file->end_fd >= 0)
		close(file->end_fd);
	file->server_fd = file->end_fd = -1;
}

struct vfs_file *vfs_file_get(struct vfs_file *file)
{
	atomic_fetch_add_explicit(&file->refcount, 1, memory_order_relaxed);
	return file;
}

void vfs_file_put(struct vfs_file *file)
{
	if (atomic_fetch_sub_explicit(&file->refcount, 1, memory_order_acq_rel) == 1)
		file->ops->release(file);
}

static struct vfs_file *find_inode(struct vfs *vfs, ino_t ino)
{
	struct vfs_shard *shard = vfs_shard_of(vfs, ino);
	struct vfs_file *found = NULL;

	pthread_mutex_lock(&shard->lock);
	for (struct vfs_file *file = shard->first; file && !found; file = file->shard_next) {
		if (file->client_ino == ino)
			found = vfs_file_get(file);
	}
	pthread_mutex_unlock(&shard->lock);
	return found;
}

/*
 * Not by the name fstat: an executable that carries the device replaces it, and
 * its fstat shows the holder what a device node looks like.
 */
static int bare_fstat(int fd, struct stat *st)
{
	return syscall(SYS_fstat, fd, st);
}

int vfs_file_from_fd(struct vfs *vfs, int fd, struct vfs_file **out)
{
	struct stat st;

	*out = NULL;
	/* A socket file of some file system may have the same number: ask st_dev too. */
	if (bare_fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_dev != vfs->socket_dev)
		return -EBADF;
	*out = find_inode(vfs, st.st_ino);
	return *out ? 0 : -EBADF;
}

struct vfs_file *vfs_file_lookup(struct vfs *vfs, ino_t client_ino, uint32_t id)
{
	struct vfs_file *file = find_inode(vfs, client_ino);

	if (file && file->id != id) {
		vfs_file_put(file);
		return NULL;
	}
	return file;
}

static bool in_group(const struct vfs_caller *caller, gid_t gid)
{
	for (unsigned i = 0; i < caller->group_count; i++) {
		if (caller->groups[i] == gid)
			return true;
	}
	return caller->gid == gid;
}

static int check_permission(struct vfs *vfs, const struct vfs_node *node, int flags,
	const struct vfs_caller *caller)
{
	struct vfs_rights rights;

	vfs_node_rights(vfs, node, &rights);
	int access = flags & O_ACCMODE;
	unsigned want = (access != O_WRONLY ? WANT_READ : 0) |
		(access != O_RDONLY ? WANT_WRITE : 0);
	/* The first that fits, even if another one would give more. */
	unsigned shift = caller->uid == rights.uid ? 6 : in_group(caller, rights.gid) ? 3 : 0;

	if (caller->uid == 0 || (rights.mode >> shift & want) == want)
		return 0;
	return -EACCES;
}

/* Names the holder's end, so that who receives it knows what it has. */
static int bind_name(struct vfs *vfs, const struct vfs_file *file, int client_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, VFS_NAME_FORMAT,
		(unsigned long long)vfs->instance, file->id);

	if (bind(client_fd, (struct sockaddr *)&address,
			offsetof(struct sockaddr_un, sun_path) + 1 + len) < 0)
		return -errno;
	return 0;
}

static int make_pair(struct vfs *vfs, struct vfs_file *file, int flags, int *client_fd)
{
	struct stat st;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/*
	 * Nothing comes from the holder: write(2) shall fail, and descriptors
	 * queued here (the holder's own end, say) would never be freed.
	 */
	if (shutdown(pair[0], SHUT_RD) < 0 ||
	    fstat(pair[1], &st) < 0 ||
	    (!(flags & O_CLOEXEC) && fcntl(pair[1], F_SETFD, 0) < 0) ||
	    (flags & O_NONBLOCK && fcntl(pair[1], F_SETFL, O_RDWR | O_NONBLOCK) < 0)) {
		int ret = -errno;
		close(pair[0]);
		close(pair[1]);
		return ret;
	}
	file->server_fd = pair[0];
	file->client_ino = st.st_ino;
	int ret = bind_name(vfs, file, pair[1]);
	if (ret)
		close(pair[1]);
	else
		*client_fd = pair[1];
	return ret;
}

/* From here on fds resolve to the file and a hang-up is seen. */
static int publish(struct vfs *vfs, struct vfs_file *file)
{
	struct epoll_event event = {.events = 0, .data.ptr = file}; /* EPOLLHUP is implied */

	pthread_mutex_lock(&vfs->lock);
	gem_list_add_tail(&vfs->files, &file->link);
	pthread_mutex_unlock(&vfs->lock);
	vfs_shard_add(vfs, file);
	if (epoll_ctl(vfs->epoll_fd, EPOLL_CTL_ADD, file->server_fd, &event) == 0)
		return 0;
	int ret = -errno;
	vfs_shard_remove(vfs, file);
	pthread_mutex_lock(&vfs->lock);
	gem_list_del(&file->link);
	pthread_mutex_unlock(&vfs->lock);
	return ret;
}

/*
 * Gives file, which its driver has filled in, an identity and its holder an end
 * of it. opened may be NULL. Until it returns 0 nobody knows the file.
 */
static int bring_up(struct vfs *vfs, struct vfs_file *file, int flags,
	int (*opened)(struct vfs_file *file), int *fd)
{
	int client_fd;

	file->vfs = vfs;
	file->flags = flags;
	pthread_mutex_lock(&vfs->lock);
	file->id = ++vfs->next_id;
	pthread_mutex_unlock(&vfs->lock);
	int ret = make_pair(vfs, file, flags, &client_fd);
	if (ret)
		return ret;
	ret = opened ? opened(file) : 0;
	if (ret == 0)
		ret = publish(vfs, file);
	if (ret) {
		close(client_fd);
		return ret;
	}
	vfs_fds_born(vfs, client_fd);
	*fd = client_fd;
	return 0;
}

static int open_node(struct vfs *vfs, const char *path, int flags, struct vfs_caller *caller,
	bool check, int *fd)
{
	const struct vfs_node *node = vfs_find_node(vfs, path);
	struct vfs_file *file;

	if (!node)
		return -ENXIO;
	int ret = check ? check_permission(vfs, node, flags, caller) : 0;
	if (ret)
		return ret;
	if (node->text && (!node->open || (flags & O_ACCMODE) == O_RDONLY))
		return vfs_text_open_node(node, flags, fd);
	ret = node->open(node, flags, caller, &file);
	if (ret)
		return ret;
	file->node = node;
	file->pid = caller->pid;
	file->uid = caller->uid;
	ret = bring_up(vfs, file, flags, node->opened, fd);
	if (ret)
		vfs_file_put(file);
	return ret;
}

static int open_path(struct vfs *vfs, const char *path, int flags, struct vfs_caller *caller,
	bool check, int *fd)
{
	vfs_reap(vfs);
	pthread_mutex_lock(&vfs->lock);
	unsigned phase = vfs->open_phase;
	vfs->opens[phase]++;
	pthread_mutex_unlock(&vfs->lock);
	int ret = open_node(vfs, path, flags, caller, check, fd);
	pthread_mutex_lock(&vfs->lock);
	if (--vfs->opens[phase] == 0)
		pthread_cond_broadcast(&vfs->opens_done);
	pthread_mutex_unlock(&vfs->lock);
	return ret;
}

int vfs_open(struct vfs *vfs, const char *path, int flags, struct vfs_caller *caller, int *fd)
{
	return open_path(vfs, path, flags, caller, true, fd);
}

int vfs_open_again(const struct vfs_file *file, int flags, struct vfs_caller *caller, int *fd)
{
	return open_path(file->vfs, file->node->path, flags, caller, false, fd);
}

int vfs_open_anonymous(struct vfs *vfs, struct vfs_file *file, const char *name, int *fd)
{
	file->anonymous = name;
	return bring_up(vfs, file, O_RDWR | O_CLOEXEC, NULL, fd);
}

int vfs_file_send(struct vfs_file *file, const void *data, size_t len)
{
	ssize_t sent;

	do {
		sent = send(file->server_fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	/* A holder that closed with packets unread is reported as a reset. */
	return errno == ECONNRESET ? -EPIPE : -errno;
}

/* What one packet of this size adds to SIOCOUTQ (buffers are counted, not bytes). */
static unsigned measure_packet(size_t size)
{
	char zeros[UNREAD_PROBE_MAX] = {0};
	int pair[2], cost = 0;

	if (size > sizeof(zeros) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	if (send(pair[0], zeros, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ||
	    ioctl(pair[0], SIOCOUTQ, &cost) < 0)
		cost = 0;
	close(pair[0]);
	close(pair[1]);
	return cost;
}

unsigned vfs_file_unread(struct vfs_file *file, size_t packet_size)
{
	int queued;

	if (ioctl(file->server_fd, SIOCOUTQ, &queued) < 0 || queued <= 0)
		return 0;
	uint64_t known = atomic_load(&file->vfs->packet_cost);
	if (known >> 32 != packet_size) {
		known = (uint64_t)packet_size << 32 | measure_packet(packet_size);
		if ((uint32_t)known == 0)
			return 0;
		atomic_store(&file->vfs->packet_cost, known);
	}
	return queued / (uint32_t)known;
}
