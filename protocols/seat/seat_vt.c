#include "seat_vt.h"

#include <errno.h>
#include <linux/kd.h>
#include <stdlib.h>
#include <unistd.h>

#include "seat_vt_private.h"

enum { TTY_MAJOR = 4 };

static void release_file(struct vfs_file *base)
{
	struct seat_vt_file *file = gem_container_of(base, struct seat_vt_file, base);

	seat_vt_forget(file);
	atomic_fetch_sub(&file->vt->opens, 1);
	vfs_file_finish(base);
	free(file);
}

static const struct vfs_file_ops file_ops = {
	.ioctl = seat_vt_ioctl,
	.release = release_file,
};

static int open_file(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct seat_vt_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	vfs_file_init(&file->base, &file_ops);
	file->vt = node->data;
	atomic_fetch_add(&file->vt->opens, 1);
	*out = &file->base;
	return 0;
}

static void init_vt(struct seat_vts *vts, unsigned number)
{
	struct seat_vt *vt = &vts->vts[number];

	vt->vts = vts;
	vt->number = number;
	vt->kd_mode = KD_TEXT;
	vt->kb_mode = K_UNICODE;
	snprintf(vt->path, sizeof(vt->path), "/dev/tty%u", number);
	vt->node = (struct vfs_node) {
		.path = vt->path, .major = TTY_MAJOR, .minor = number, .mode = 0620,
		.uid = geteuid(), .gid = getegid(), .open = open_file, .data = vt,
	};
}

int seat_vts_create(struct seat *seat, struct vfs *vfs, struct seat_vts **out)
{
	struct seat_vts *vts = calloc(1, sizeof(*vts));
	int ret = 0;

	if (!vts)
		return -ENOMEM;
	vts->seat = seat;
	pthread_mutex_init(&vts->lock, NULL);
	for (unsigned i = 0; i < SEAT_VT_COUNT; i++)
		init_vt(vts, i);
	for (unsigned i = 0; ret == 0 && i < SEAT_VT_COUNT; i++)
		ret = vfs_add_node(vfs, &vts->vts[i].node);
	if (ret) {
		seat_vts_remove(vts, vfs);
		seat_vts_destroy(vts);
		return ret;
	}
	*out = vts;
	return 0;
}

void seat_vts_remove(struct seat_vts *vts, struct vfs *vfs)
{
	for (unsigned i = 0; i < SEAT_VT_COUNT; i++)
		vfs_remove_node(vfs, &vts->vts[i].node);
	for (unsigned i = 0; i < SEAT_VT_COUNT; i++)
		seat_vt_end_process(&vts->vts[i]);
}

void seat_vts_destroy(struct seat_vts *vts)
{
	pthread_mutex_destroy(&vts->lock);
	free(vts);
}

const struct vfs_node *seat_vts_node(const struct seat_vts *vts, unsigned index)
{
	return &vts->vts[index].node;
}
