/*
 * Open files: what is read and written, and how the holder's end knows.
 *
 * Events that lie in a socket can not be taken back, but the kernel does: on
 * overflow, EVIOCSCLOCKID, EVIOCG{KEY,LED,SW}. So they stay in the ring here, and the
 * socket has a token, a number, from when there is something to read. Whoever reads
 * the last of it is told the token's number and drops it. A token that comes in
 * between has a higher one and stays; who takes that by mistake, because another
 * process was dropping too, says so and a new one is sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "evdev_private.h"
#include "wire_uapi.h"

/*
 * Socket memory (bytes as SIOCOUTQ counts them) beyond which a holder that drops no
 * token gets none: it has enough to be readable. Half of what a socket takes, so that
 * the packet that ends the stream always gets in.
 */
#define TOKENS_SIZE_MAX (100 * 1024)

static void release_file(struct vfs_file *base)
{
	struct evdev_file *file = gem_container_of(base, struct evdev_file, base);
	struct evdev_device *dev = file->dev;

	pthread_mutex_lock(&dev->lock);
	gem_list_del(&file->link);
	if (dev->grab == file)
		dev->grab = NULL;
	pthread_cond_broadcast(&dev->taken);
	pthread_mutex_unlock(&dev->lock);
	vfs_file_finish(&file->base);
	evdev_mask_free(file);
	free(file->ring);
	free(file);
	evdev_put(dev);
}

const struct vfs_file_ops evdev_file_ops = {
	.ioctl = evdev_ioctl,
	.release = release_file,
};

int evdev_file_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct evdev_device *dev = node->data;
	struct evdev_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->ring = calloc(dev->ring_size, sizeof(*file->ring));
	if (!file->ring) {
		free(file);
		return -ENOMEM;
	}
	vfs_file_init(&file->base, &evdev_file_ops);
	file->dev = evdev_get(dev);
	file->clock = CLOCK_REALTIME;
	gem_list_init(&file->link);
	*out = &file->base;
	return 0;
}

/* Only now can events be sent. */
int evdev_file_opened(struct vfs_file *base)
{
	struct evdev_file *file = gem_container_of(base, struct evdev_file, base);
	struct evdev_device *dev = file->dev;
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	if (dev->gone)
		ret = -ENODEV;
	else
		gem_list_add_tail(&dev->files, &file->link);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static bool has_many_tokens(const struct evdev_file *file)
{
	int queued;

	return ioctl(file->base.server_fd, SIOCOUTQ, &queued) == 0 && queued > TOKENS_SIZE_MAX;
}

void evdev_file_wake_locked(struct evdev_file *file)
{
	if (file->token_out || !evdev_ring_readable(file) || has_many_tokens(file))
		return;
	/* 0 is no token. */
	if (++file->token == 0)
		file->token++;
	/* A holder that is gone needs none, and vfs will say so. */
	file->token_out = vfs_file_send(&file->base, &file->token, sizeof(file->token)) == 0;
}

static long read_locked(struct evdev_file *file, struct wire_input_io *io,
	struct input_event *events, unsigned max, unsigned *count)
{
	if (file->dev->gone || file->revoked)
		return -ENODEV;
	if (io->token && io->token == file->token)
		file->token_out = false;
	*count = evdev_ring_take(file, events, max);
	if (*count) {
		file->idle = false;
		pthread_cond_broadcast(&file->dev->taken);
	}
	io->readable = evdev_ring_readable(file);
	io->token = 0;
	if (io->readable) {
		evdev_file_wake_locked(file);
	} else if (file->token_out) {
		io->token = file->token;
		file->token_out = false;
	}
	return 0;
}

long evdev_file_read(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller)
{
	enum { EVENTS_MAX = 64 };
	struct input_event events[EVENTS_MAX];
	struct wire_input_io io;
	unsigned count;
	size_t done = 0;
	long ret = vfs_copy_from(caller, &io, arg, sizeof(io));

	if (ret)
		return ret;
	if ((file->base.flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	size_t room = io.length / sizeof(events[0]);
	do {
		pthread_mutex_lock(&file->dev->lock);
		ret = read_locked(file, &io, events, room < EVENTS_MAX ? room : EVENTS_MAX, &count);
		pthread_mutex_unlock(&file->dev->lock);
		if (ret == 0)
			ret = vfs_copy_to(caller, io.address + done, events,
				count * sizeof(events[0]));
		/* What could not be copied out is lost, as with the kernel. */
		if (ret)
			return done ? (long)done : ret;
		done += count * sizeof(events[0]);
		room -= count;
	} while (room > 0 && io.readable && io.token == 0);
	ret = vfs_copy_to(caller, arg, &io, sizeof(io));
	return ret ? ret : (long)done;
}

static long inject(struct evdev_file *file, const struct input_event *events, unsigned count)
{
	struct evdev_device *dev = file->dev;
	long ret = 0;

	pthread_mutex_lock(&dev->lock);
	if (dev->gone || file->revoked)
		ret = -ENODEV;
	for (unsigned i = 0; ret == 0 && i < count; i++)
		evdev_event_locked(dev, events[i].type, events[i].code, events[i].value);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

long evdev_file_write(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller)
{
	enum { EVENTS_MAX = 64 };
	struct input_event events[EVENTS_MAX];
	struct wire_input_io io;
	size_t done = 0;
	long ret = vfs_copy_from(caller, &io, arg, sizeof(io));

	if (ret)
		return ret;
	if ((file->base.flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (io.length != 0 && io.length < sizeof(events[0]))
		return -EINVAL;
	do {
		size_t size = io.length - done;
		unsigned count = size < sizeof(events) ? size / sizeof(events[0]) : EVENTS_MAX;

		size = count * sizeof(events[0]);
		ret = vfs_copy_from(caller, events, io.address + done, size);
		if (ret == 0)
			ret = inject(file, events, count);
		if (ret)
			return done ? (long)done : ret;
		done += size;
	} while (io.length - done >= sizeof(events[0]));
	return done;
}
