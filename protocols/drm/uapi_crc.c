#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "kms_sink.h"
#include "uapi_crc.h"
#include "vfs_text.h"
#include "wire_uapi.h"

enum {
	/* As the kernel's ring: how many vblanks the vblank thread may have skipped. */
	ENTRIES_MAX = 128,
	/* "0x%08x 0x%08x\n" with its NUL. */
	LINE_SIZE = 23,
	CONTROL_MAX = 4095,
};

struct uapi_crc {
	atomic_uint refcount; /* the creator's, and one of each open file */
	struct kms_crtc *crtc;
	struct vfs *vfs;
	atomic_bool opened; /* data */
	struct vfs_node nodes[2];
	char paths[2][96];
};

static void crc_put(struct uapi_crc *crc)
{
	if (atomic_fetch_sub(&crc->refcount, 1) == 1)
		free(crc);
}

/* ---- control ---- */

struct control_file {
	struct vfs_file base; /* first */
	struct uapi_crc *crc;
};

static int control_text(void *data, FILE *out)
{
	(void)data;
	fputs("auto*\n", out);
	return 0;
}

static int choose_source(const struct uapi_crc *crc, char *source, uint32_t length)
{
	if (source[length - 1] == '\n')
		source[length - 1] = '\0';
	if (strcmp(source, "auto") != 0)
		return -EINVAL;
	return atomic_load(&crc->opened) ? -EBUSY : 0;
}

static long control_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	struct control_file *file = (struct control_file *)base;
	char source[CONTROL_MAX + 1] = "";
	struct wire_write args;

	if (request != WIRE_WRITE)
		return -ENOTTY;
	int ret = vfs_copy_from(caller, &args, arg, sizeof(args));
	if (ret < 0)
		return ret;
	if (args.length == 0)
		return 0;
	if (args.length > CONTROL_MAX)
		return -E2BIG;
	ret = vfs_copy_from(caller, source, args.text, args.length);
	if (ret == 0)
		ret = choose_source(file->crc, source, args.length);
	return ret < 0 ? ret : (long)args.length;
}

static void control_release(struct vfs_file *base)
{
	struct control_file *file = (struct control_file *)base;

	crc_put(file->crc);
	vfs_file_finish(base);
	free(file);
}

static const struct vfs_file_ops control_ops = {
	.ioctl = control_ioctl,
	.release = control_release,
};

/* For writing; the vfs renders the text for who reads. */
static int control_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct control_file *file;

	(void)caller;
	if ((flags & O_ACCMODE) != O_WRONLY)
		return -EACCES;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	vfs_file_init(&file->base, &control_ops);
	file->crc = node->data;
	atomic_fetch_add(&file->crc->refcount, 1);
	*out = &file->base;
	return 0;
}

/* ---- data ---- */

struct data_file {
	struct vfs_file base; /* first */
	struct uapi_crc *crc;
	struct kms_sink sink;
	bool attached;
	/* Of the thread that serves the sink. */
	uint64_t last; /* vblank of the last line; 0 = none since it is lit */
	uint32_t last_crc;
	bool overflow;
};

static void send_line(struct data_file *file, uint64_t sequence, uint32_t crc)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "0x%08x 0x%08x\n", (uint32_t)sequence, crc);
	if (vfs_file_send(&file->base, line, sizeof(line)) == 0) {
		file->overflow = false;
	} else if (!file->overflow) {
		file->overflow = true;
		gem_info("drm", "CRCs are lost: they are read too slowly");
	}
}

/* Vblanks that the vblank thread was late for have a line, too: of what they showed. */
static void send_crcs(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct data_file *file = gem_container_of(sink, struct data_file, sink);
	uint64_t first = frame->sequence;

	if (frame->width == 0) {
		file->last = 0; /* the dark has no lines */
		return;
	}
	if (file->last && first - file->last <= ENTRIES_MAX)
		first = file->last + 1;
	for (uint64_t i = first; i <= frame->sequence; i++)
		send_line(file, i, i < frame->since ? file->last_crc : frame->crc);
	file->last = frame->sequence;
	file->last_crc = frame->crc;
}

static long data_ioctl(struct vfs_file *base, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	(void)base;
	(void)request;
	(void)arg;
	(void)caller;
	return -ENOTTY;
}

static void data_release(struct vfs_file *base)
{
	struct data_file *file = (struct data_file *)base;

	if (file->attached)
		kms_sink_detach(&file->sink);
	atomic_store(&file->crc->opened, false);
	crc_put(file->crc);
	vfs_file_finish(base);
	free(file);
}

static const struct vfs_file_ops data_ops = {
	.ioctl = data_ioctl,
	.release = data_release,
};

static bool is_active(struct kms_crtc *crtc)
{
	pthread_mutex_lock(&crtc->base.dev->lock);
	bool active = crtc->state.active;
	pthread_mutex_unlock(&crtc->base.dev->lock);
	return active;
}

static int data_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out)
{
	struct uapi_crc *crc = node->data;
	struct data_file *file;

	(void)flags;
	(void)caller;
	if (!is_active(crc->crtc))
		return -EIO;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	if (atomic_exchange(&crc->opened, true)) {
		free(file);
		return -EBUSY;
	}
	vfs_file_init(&file->base, &data_ops);
	file->crc = crc;
	atomic_fetch_add(&crc->refcount, 1);
	file->sink.frame = send_crcs;
	file->sink.every_vblank = file->sink.wants_crc = true;
	*out = &file->base;
	return 0;
}

/* There is somebody to send to. */
static int data_opened(struct vfs_file *base)
{
	struct data_file *file = (struct data_file *)base;

	kms_sink_attach(&file->sink, file->crc->crtc);
	file->attached = true;
	return 0;
}

/* ---- the nodes ---- */

static void init_nodes(struct uapi_crc *crc, const char *folder)
{
	snprintf(crc->paths[0], sizeof(crc->paths[0]), "%s/crc/control", folder);
	snprintf(crc->paths[1], sizeof(crc->paths[1]), "%s/crc/data", folder);
	vfs_text_node_init(&crc->nodes[0], crc->paths[0], control_text, crc);
	crc->nodes[0].mode = 0644;
	crc->nodes[0].open = control_open;
	vfs_text_node_init(&crc->nodes[1], crc->paths[1], NULL, crc);
	crc->nodes[1].open = data_open;
	crc->nodes[1].opened = data_opened;
}

int uapi_crc_create(struct kms_crtc *crtc, struct vfs *vfs, const char *folder,
	struct uapi_crc **out)
{
	struct uapi_crc *crc = calloc(1, sizeof(*crc));
	int ret;

	if (!crc)
		return -ENOMEM;
	atomic_init(&crc->refcount, 1);
	crc->crtc = crtc;
	crc->vfs = vfs;
	init_nodes(crc, folder);
	ret = vfs_add_node(vfs, &crc->nodes[0]);
	if (ret < 0)
		goto free_crc;
	ret = vfs_add_node(vfs, &crc->nodes[1]);
	if (ret < 0)
		goto remove_control;
	*out = crc;
	return 0;

remove_control:
	vfs_remove_node(vfs, &crc->nodes[0]);
free_crc:
	free(crc);
	return ret;
}

void uapi_crc_destroy(struct uapi_crc *crc)
{
	vfs_remove_node(crc->vfs, &crc->nodes[0]);
	vfs_remove_node(crc->vfs, &crc->nodes[1]);
	crc_put(crc);
}

const struct vfs_node *uapi_crc_node(const struct uapi_crc *crc, unsigned i)
{
	return i < GEM_ARRAY_SIZE(crc->nodes) ? &crc->nodes[i] : NULL;
}
