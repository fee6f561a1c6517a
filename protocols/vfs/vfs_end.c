/*
 * Files whose device is taken away from their holder.
 *
 * A socket that is shut down both ways polls as hung up at both ends, so that the
 * holder's close does not show any more. Instead a pipe's end is put into the holder's
 * queue, in the empty packet that ends the stream (readers only look at that one): the
 * kernel closes it with the queue. A holder that takes the packet out, against the
 * rules, has a descriptor that is a file's no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vfs_private.h"

static int send_end(const struct vfs_file *file, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t sent;

	memset(&control, 0, sizeof(control));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	do {
		sent = sendmsg(file->server_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static int end_locked(struct vfs_file *file)
{
	struct epoll_event event = {.events = 0, .data.ptr = file}; /* EPOLLHUP is implied */
	int ends[2];

	if (file->closed || file->end_fd >= 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	int ret = epoll_ctl(file->vfs->epoll_fd, EPOLL_CTL_ADD, ends[0], &event) < 0 ? -errno : 0;
	if (ret == 0)
		ret = send_end(file, ends[1]);
	close(ends[1]);
	if (ret) {
		close(ends[0]); /* and out of the epoll set */
		/* A holder that is gone is not to be told; its hang-up is seen as ever. */
		return ret == -EPIPE || ret == -ECONNRESET ? 0 : ret;
	}
	epoll_ctl(file->vfs->epoll_fd, EPOLL_CTL_DEL, file->server_fd, NULL);
	file->end_fd = ends[0];
	shutdown(file->server_fd, SHUT_RDWR);
	return 0;
}

int vfs_file_end(struct vfs_file *file)
{
	pthread_mutex_lock(&file->vfs->reap_lock);
	int ret = end_locked(file);
	pthread_mutex_unlock(&file->vfs->reap_lock);
	return ret;
}

void vfs_end_files(struct vfs *vfs, const struct vfs_node *node)
{
	struct vfs_file *file;

	pthread_mutex_lock(&vfs->reap_lock);
	pthread_mutex_lock(&vfs->lock);
	gem_list_for_each(file, &vfs->files, link)
		if (file->node == node && end_locked(file) < 0)
			gem_warn("vfs", "%s: a holder is not told of the end", node->path);
	pthread_mutex_unlock(&vfs->lock);
	pthread_mutex_unlock(&vfs->reap_lock);
}
