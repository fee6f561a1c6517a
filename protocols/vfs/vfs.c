/* Nodes and the vfs as a whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs_private.h"

static int find_socket_dev(dev_t *dev)
{
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int ret = fstat(fd, &st) < 0 ? -errno : 0;
	close(fd);
	*dev = st.st_dev;
	return ret;
}

int vfs_create(struct vfs **out)
{
	/* calloc aligns to 16 bytes only; the shards want cache lines. */
	struct vfs *vfs = aligned_alloc(64, GEM_ALIGN(sizeof(*vfs), 64));
	int ret;

	if (!vfs)
		return -ENOMEM;
	memset(vfs, 0, sizeof(*vfs));
	if (getrandom(&vfs->instance, sizeof(vfs->instance), 0) != sizeof(vfs->instance)) {
		ret = -EIO;
		goto free_vfs;
	}
	ret = find_socket_dev(&vfs->socket_dev);
	if (ret)
		goto free_vfs;
	vfs->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (vfs->epoll_fd < 0) {
		ret = -errno;
		goto free_vfs;
	}
	pthread_mutex_init(&vfs->lock, NULL);
	pthread_cond_init(&vfs->opens_done, NULL);
	pthread_mutex_init(&vfs->reap_lock, NULL);
	for (int i = 0; i < VFS_SHARDS; i++)
		pthread_mutex_init(&vfs->shards[i].lock, NULL);
	gem_list_init(&vfs->files);
	*out = vfs;
	return 0;

free_vfs:
	free(vfs);
	return ret;
}

uint64_t vfs_instance(const struct vfs *vfs)
{
	return vfs->instance;
}

int vfs_reap_fd(struct vfs *vfs)
{
	return vfs->epoll_fd;
}

static void close_file(struct vfs *vfs, struct vfs_file *file)
{
	file->closed = true;
	epoll_ctl(vfs->epoll_fd, EPOLL_CTL_DEL, file->end_fd >= 0 ? file->end_fd : file->server_fd,
		NULL);
	/* The inode may be reused once the holder is gone: unpublish first. */
	vfs_shard_remove(vfs, file);
	vfs_fds_forget(vfs, file);
	pthread_mutex_lock(&vfs->lock);
	gem_list_del(&file->link);
	pthread_mutex_unlock(&vfs->lock);
	vfs_file_put(file);
}

void vfs_reap(struct vfs *vfs)
{
	struct epoll_event events[64];
	int count;

	pthread_mutex_lock(&vfs->reap_lock);
	do {
		count = epoll_wait(vfs->epoll_fd, events, GEM_ARRAY_SIZE(events), 0);
		for (int i = 0; i < count; i++) {
			struct vfs_file *file = events[i].data.ptr;
			if (events[i].events & EPOLLHUP)
				close_file(vfs, file);
		}
	} while (count == GEM_ARRAY_SIZE(events));
	pthread_mutex_unlock(&vfs->reap_lock);
}

void vfs_destroy(struct vfs *vfs)
{
	vfs_reap(vfs);
	pthread_mutex_lock(&vfs->reap_lock);
	while (!gem_list_empty(&vfs->files))
		close_file(vfs, gem_list_entry(vfs->files.next, struct vfs_file, link));
	pthread_mutex_unlock(&vfs->reap_lock);
	close(vfs->epoll_fd);
	for (int i = 0; i < VFS_SHARDS; i++)
		pthread_mutex_destroy(&vfs->shards[i].lock);
	pthread_mutex_destroy(&vfs->reap_lock);
	pthread_cond_destroy(&vfs->opens_done);
	pthread_mutex_destroy(&vfs->lock);
	free(vfs->nodes);
	free(vfs);
}

int vfs_add_node(struct vfs *vfs, const struct vfs_node *node)
{
	int ret = 0;

	pthread_mutex_lock(&vfs->lock);
	const struct vfs_node **nodes =
		realloc(vfs->nodes, (vfs->node_count + 1) * sizeof(*nodes));
	if (nodes) {
		vfs->nodes = nodes;
		nodes[vfs->node_count++] = node;
	} else {
		ret = -ENOMEM;
	}
	pthread_mutex_unlock(&vfs->lock);
	return ret;
}

void vfs_remove_node(struct vfs *vfs, const struct vfs_node *node)
{
	pthread_mutex_lock(&vfs->lock);
	for (unsigned i = 0; i < vfs->node_count; i++) {
		if (vfs->nodes[i] != node)
			continue;
		vfs->nodes[i] = vfs->nodes[--vfs->node_count];
		break;
	}
	/* Whoever has found it is done with it then. */
	unsigned phase = vfs->open_phase;
	vfs->open_phase ^= 1;
	while (vfs->opens[phase] > 0)
		pthread_cond_wait(&vfs->opens_done, &vfs->lock);
	pthread_mutex_unlock(&vfs->lock);
}

/* Nodes are few. */
static const struct vfs_node *find_locked(const struct vfs *vfs, const char *path)
{
	for (unsigned i = 0; i < vfs->node_count; i++) {
		if (strcmp(vfs->nodes[i]->path, path) == 0)
			return vfs->nodes[i];
	}
	return NULL;
}

const struct vfs_node *vfs_find_node(struct vfs *vfs, const char *path)
{
	pthread_mutex_lock(&vfs->lock);
	const struct vfs_node *found = find_locked(vfs, path);
	pthread_mutex_unlock(&vfs->lock);
	return found;
}

void vfs_stat_node(struct vfs *vfs, const struct vfs_node *node, struct vfs_stat *out)
{
	out->major = node->major;
	out->minor = node->minor;
	vfs_node_rights(vfs, node, &out->rights);
}

int vfs_stat(struct vfs *vfs, const char *path, struct vfs_stat *out)
{
	pthread_mutex_lock(&vfs->lock);
	const struct vfs_node *node = find_locked(vfs, path);
	if (node)
		vfs_stat_node(vfs, node, out);
	pthread_mutex_unlock(&vfs->lock);
	return node ? 0 : -ENOENT;
}

void vfs_set_rules(struct vfs *vfs, const struct vfs_rule *rules, unsigned count)
{
	vfs->rules = rules;
	vfs->rule_count = count;
}

void vfs_node_rights(struct vfs *vfs, const struct vfs_node *node, struct vfs_rights *rights)
{
	*rights = (struct vfs_rights){node->mode, node->uid, node->gid};
	for (unsigned i = 0; i < vfs->rule_count; i++) {
		const struct vfs_rule *rule = &vfs->rules[i];

		if (strncmp(node->path, rule->prefix, strlen(rule->prefix)) == 0) {
			*rights = rule->rights;
			return;
		}
	}
}

void vfs_set_dma_bufs(struct vfs *vfs,
	int (*answer)(struct vfs *vfs, const struct vfs_dma_buf_request *request, int *out))
{
	vfs->answer_dma_buf = answer;
}

int vfs_dma_buf(struct vfs *vfs, const struct vfs_dma_buf_request *request, int *out)
{
	int fd = -1;
	int ret = vfs->answer_dma_buf ? vfs->answer_dma_buf(vfs, request, &fd) : -ENOENT;

	*out = ret ? -1 : fd;
	return ret;
}

void vfs_set_kept(struct vfs *vfs, void (*note)(unsigned number, uint32_t times))
{
	vfs->note_kept = note;
}

void vfs_note_kept(struct vfs *vfs, unsigned number, uint32_t times)
{
	if (vfs->note_kept)
		vfs->note_kept(number, times);
}
