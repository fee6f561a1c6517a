/* The card's text files, and those about its files and names (kernel: drm_debugfs.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gem_report.h"
#include "uapi_crc.h"
#include "uapi_debugfs.h"
#include "vfs_text.h"

struct file_row {
	const char *name;
	int (*render)(struct uapi_device *dev, FILE *out);
	bool i915; /* only for cards of that driver */
	int (*write)(struct uapi_device *dev); /* NULL = may not be written to */
};

static const struct file_row rows[] = {
	{"clients", uapi_debugfs_clients, false, NULL},
	{"framebuffer", uapi_debugfs_framebuffer, false, NULL},
	{"gem_names", uapi_debugfs_gem_names, false, NULL},
	{"i915_engine_info", uapi_debugfs_engines, false, NULL},
	{"i915_error_state", uapi_debugfs_error, false, uapi_debugfs_clear_error},
	{"i915_gem_drop_caches", uapi_debugfs_drop_caches, true, uapi_debugfs_wait_idle},
	{"i915_gem_fence_regs", uapi_debugfs_fence_regs, false, NULL},
	{"i915_gem_gtt", uapi_debugfs_gtt, false, NULL},
	{"i915_gem_objects", uapi_debugfs_gem_objects, false, NULL},
	{"i915_wedged", uapi_debugfs_wedged, false, uapi_debugfs_blame},
	{"name", uapi_debugfs_name, false, NULL},
	{"state", uapi_debugfs_state, false, NULL},
};

struct text {
	struct vfs_node node;
	char path[80];
	const struct file_row *row;
	struct uapi_device *dev;
};

struct uapi_debugfs {
	struct vfs *vfs;
	unsigned count;
	struct text texts[GEM_ARRAY_SIZE(rows)];
	unsigned crc_count;
	struct uapi_crc *crcs[KMS_MAX_CRTCS];
};

static int render(void *data, FILE *out)
{
	struct text *text = data;

	return text->row->render(text->dev, out);
}

static int write_text(void *data)
{
	struct text *text = data;

	return text->row->write(text->dev);
}

static int add(struct uapi_debugfs *debugfs, struct uapi_device *dev, unsigned index,
	const struct file_row *row)
{
	struct text *text = &debugfs->texts[debugfs->count];

	snprintf(text->path, sizeof(text->path), UAPI_DEBUGFS_FOLDER "/%u/%s", index, row->name);
	text->row = row;
	text->dev = dev;
	vfs_text_node_init(&text->node, text->path, render, text);
	if (row->write) {
		text->node.mode |= 0200;
		text->node.text_sink = write_text;
	}
	int ret = vfs_add_node(debugfs->vfs, &text->node);
	if (ret == 0)
		debugfs->count++;
	return ret;
}

static int add_crc(struct uapi_debugfs *debugfs, struct kms_crtc *crtc, unsigned index)
{
	char folder[64];

	snprintf(folder, sizeof(folder), UAPI_DEBUGFS_FOLDER "/%u/crtc-%u", index, crtc->index);
	int ret = uapi_crc_create(crtc, debugfs->vfs, folder, &debugfs->crcs[debugfs->crc_count]);
	if (ret == 0)
		debugfs->crc_count++;
	return ret;
}

int uapi_debugfs_create(struct uapi_device *dev, struct vfs *vfs, unsigned index,
	struct uapi_debugfs **out)
{
	struct uapi_debugfs *debugfs = calloc(1, sizeof(*debugfs));
	int ret = 0;

	if (!debugfs)
		return -ENOMEM;
	debugfs->vfs = vfs;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(rows) && ret == 0; i++) {
		if (!rows[i].i915 || strcmp(dev->driver_name, "i915") == 0)
			ret = add(debugfs, dev, index, &rows[i]);
	}
	for (unsigned i = 0; i < dev->kms->crtc_count && ret == 0; i++)
		ret = add_crc(debugfs, &dev->kms->crtcs[i], index);
	if (ret) {
		uapi_debugfs_destroy(debugfs);
		return ret;
	}
	*out = debugfs;
	return 0;
}

void uapi_debugfs_destroy(struct uapi_debugfs *debugfs)
{
	for (unsigned i = 0; i < debugfs->count; i++)
		vfs_remove_node(debugfs->vfs, &debugfs->texts[i].node);
	for (unsigned i = 0; i < debugfs->crc_count; i++)
		uapi_crc_destroy(debugfs->crcs[i]);
	free(debugfs);
}

const struct vfs_node *uapi_debugfs_node(const struct uapi_debugfs *debugfs, unsigned i)
{
	if (i < debugfs->count)
		return &debugfs->texts[i].node;
	i -= debugfs->count;
	return i / 2 < debugfs->crc_count ? uapi_crc_node(debugfs->crcs[i / 2], i % 2) : NULL;
}

int uapi_debugfs_name(struct uapi_device *dev, FILE *out)
{
	fprintf(out, "%s dev=%s", dev->driver_name, dev->place.name);
	pthread_mutex_lock(&dev->master_lock);
	bool unique = dev->master && dev->master->unique_set;
	pthread_mutex_unlock(&dev->master_lock);
	/* A platform device's is set from the start, a PCI device's by SET_VERSION. */
	if (unique || !dev->place.pci)
		fprintf(out, " unique=%s", dev->place.unique);
	fputc('\n', out);
	return 0;
}

void uapi_debugfs_comm(pid_t pid, char comm[16])
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, comm, 15);
	if (fd >= 0)
		close(fd);
	if (got <= 0) {
		strcpy(comm, "<unknown>");
		return;
	}
	comm[got] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
}

/*
 * The kernel's columns, and behind them the client's id as in fdinfo and its
 * buffers: number, bytes, resident bytes.
 */
static void print_client_locked(struct uapi_file *file, FILE *out)
{
	struct gem_file_usage usage;
	char comm[16];

	uapi_debugfs_comm(file->base.pid, comm);
	gem_file_get_usage(&file->gem, &usage);
	fprintf(out, "%20s %5d %3u   %c    %c %5u %10u %5u %7llu %12llu %12llu\n", comm,
		(int)file->base.pid, file->base.node->minor,
		file->is_master && file->master == file->dev->master ? 'y' : 'n',
		file->authenticated ? 'y' : 'n', (unsigned)file->base.uid, file->magic,
		file->base.id, (unsigned long long)usage.objects,
		(unsigned long long)usage.total, (unsigned long long)usage.resident);
}

int uapi_debugfs_clients(struct uapi_device *dev, FILE *out)
{
	struct gem_list *at;

	fprintf(out, "%20s %5s %3s master a %5s %10s %5s %7s %12s %12s\n", "command", "tgid",
		"dev", "uid", "magic", "id", "objects", "total", "resident");
	/* master_lock is outside of a file's table_lock, and keeps the listed files. */
	pthread_mutex_lock(&dev->master_lock);
	for (at = dev->files.prev; at != &dev->files; at = at->prev) /* the latest first */
		print_client_locked(gem_list_entry(at, struct uapi_file, link), out);
	pthread_mutex_unlock(&dev->master_lock);
	return 0;
}

int uapi_debugfs_gem_names(struct uapi_device *dev, FILE *out)
{
	gem_report_names(&dev->gem, out);
	return 0;
}

/* In the largest unit that tells it exactly, as drm_print_memory_stats does. */
static void print_bytes(FILE *out, const char *what, uint64_t bytes)
{
	static const char *const units[] = {"", " KiB", " MiB"};
	unsigned unit = 0;

	while (unit < GEM_ARRAY_SIZE(units) - 1 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	fprintf(out, "drm-%s-memory:\t%llu%s\n", what, (unsigned long long)bytes, units[unit]);
}

int uapi_file_fdinfo(struct vfs_file *base, FILE *out)
{
	struct uapi_file *file = gem_container_of(base, struct uapi_file, base);
	const struct uapi_device *dev = file->dev;
	struct gem_file_usage usage;

	gem_file_get_usage(&file->gem, &usage);
	fprintf(out, "drm-driver:\t%s\ndrm-client-id:\t%u\n", dev->driver_name, base->id);
	if (dev->place.pci)
		fprintf(out, "drm-pdev:\t%s\n", dev->place.name);
	print_bytes(out, "total", usage.total);
	print_bytes(out, "shared", usage.shared);
	print_bytes(out, "active", usage.active);
	print_bytes(out, "resident", usage.resident);
	print_bytes(out, "purgeable", usage.purgeable);
	return 0;
}
