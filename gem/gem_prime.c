/*
 * Export and import (kernel: drm_prime.c). A file's table_lock is held from the
 * look-up to the result, so two imports of one dma-buf cannot give two handles
 * and a handle cannot be closed under an export.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm.h>

#include "gem_prime.h"
#include "gem_private.h"
#include "gem_resv.h"

static struct gem_dma_buf *dma_buf_create(struct gem_object *exporter)
{
	struct gem_dma_buf *dma_buf = malloc(sizeof(*dma_buf));

	if (!dma_buf)
		return NULL;
	atomic_init(&dma_buf->refcount, 1);
	dma_buf->exporter = exporter ? gem_object_get(exporter) : NULL;
	return dma_buf;
}

static struct gem_dma_buf *dma_buf_get(struct gem_dma_buf *dma_buf)
{
	atomic_fetch_add(&dma_buf->refcount, 1);
	return dma_buf;
}

void gem_dma_buf_put(struct gem_dma_buf *dma_buf)
{
	if (!dma_buf || atomic_fetch_sub(&dma_buf->refcount, 1) != 1)
		return;
	if (dma_buf->exporter)
		gem_object_put(dma_buf->exporter);
	free(dma_buf);
}

void gem_dma_buf_detach(struct gem_dma_buf_attachment *attach)
{
	if (!attach)
		return;
	gem_dma_buf_put(attach->dma_buf);
	free(attach);
}

/* Takes over the reference to dma_buf, on failure too. */
static struct gem_dma_buf_attachment *attach_create(struct gem_dma_buf *dma_buf)
{
	struct gem_dma_buf_attachment *attach = dma_buf ? malloc(sizeof(*attach)) : NULL;

	if (attach)
		attach->dma_buf = dma_buf;
	else
		gem_dma_buf_put(dma_buf);
	return attach;
}

/*
 * The dma-buf of obj, new reference. obj keeps it only while it has handles:
 * with the last of them goes what would be a loop (gem_handle_delete).
 */
static struct gem_dma_buf *dma_buf_of(struct gem_object *obj)
{
	struct gem_dma_buf *dma_buf;

	pthread_mutex_lock(&obj->dev->object_name_lock);
	if (obj->dma_buf)
		dma_buf = dma_buf_get(obj->dma_buf);
	else if (obj->import_attach)
		dma_buf = dma_buf_get(obj->import_attach->dma_buf);
	else
		dma_buf = dma_buf_create(obj);
	if (dma_buf && !obj->dma_buf && obj->handle_count > 0)
		obj->dma_buf = dma_buf_get(dma_buf);
	pthread_mutex_unlock(&obj->dev->object_name_lock);
	return dma_buf;
}

/* A new open file on the same memory; access O_RDONLY or O_RDWR. */
static int reopen(int fd, int access)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int copy = open(path, access | O_CLOEXEC);
	return copy < 0 ? -errno : copy;
}

/* ---- export ---- */

/* obj shows itself in the process-wide table from its first export on. */
static int publish(struct gem_object *obj)
{
	struct stat st;

	if (fstat(obj->filp, &st) < 0)
		return -errno;
	struct gem_object *listed = gem_prime_table_add(obj, &st); /* obj itself, the next time */
	if (listed)
		gem_object_put(listed);
	return 0;
}

static int export_locked(struct gem_file *file, uint32_t handle, struct gem_object **out)
{
	struct gem_object *obj = gem_idr_find(&file->handles, handle);

	if (!obj)
		return -ENOENT;
	int ret = gem_object_share(obj);
	if (ret)
		return ret;
	struct gem_dma_buf *dma_buf = dma_buf_of(obj);
	if (!dma_buf)
		return -ENOMEM;
	ret = publish(obj);
	gem_dma_buf_put(dma_buf); /* obj has its own */
	if (ret)
		return ret;
	struct gem_file_object *entry = gem_file_objects_find(&file->objects, obj);
	if (!entry->prime_handle)
		entry->prime_handle = handle;
	*out = gem_object_get(obj);
	return 0;
}

int gem_prime_handle_to_fd(struct gem_file *file, uint32_t handle, uint32_t flags, int *fd)
{
	struct gem_object *obj;

	if (flags & ~(uint32_t)(DRM_CLOEXEC | DRM_RDWR))
		return -EINVAL;
	pthread_mutex_lock(&file->table_lock);
	int ret = export_locked(file, handle, &obj);
	pthread_mutex_unlock(&file->table_lock);
	if (ret)
		return ret;
	ret = reopen(obj->filp, flags & DRM_RDWR ? O_RDWR : O_RDONLY);
	gem_object_put(obj);
	if (ret < 0)
		return ret;
	*fd = ret;
	return 0;
}

/* ---- import ---- */

/* Of another device of this process. */
static int import_from_device(struct gem_device *dev, struct gem_object *exporter,
	struct gem_object **out)
{
	struct gem_dma_buf_attachment *attach = attach_create(dma_buf_of(exporter));

	if (!attach)
		return -ENOMEM;
	int filp = fcntl(exporter->filp, F_DUPFD_CLOEXEC, 0);
	int ret = filp < 0 ? -errno :
		gem_imported_create(dev, filp, exporter->size, attach, out);
	if (ret) {
		gem_dma_buf_detach(attach);
		return ret;
	}
	ret = gem_object_share_resv(*out, exporter);
	if (ret)
		gem_object_put(*out);
	return ret;
}

/* By its name: other files on a tmpfs have seals, too. */
static bool is_memfd(int fd)
{
	static const char prefix[] = "/memfd:";
	char link[32], target[sizeof(prefix)];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, target, sizeof(target)) == sizeof(target) &&
		memcmp(target, prefix, sizeof(prefix) - 1) == 0;
}

/*
 * As the kernel's udmabuf, memory that cannot shrink, if it can be sealed. For
 * what cannot be, there is the guard: its owner may tear holes into it, which
 * read as zeros.
 */
static int require_memory(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) || !is_memfd(fd))
		return -EINVAL;
	if (!(seals & F_SEAL_SHRINK) && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		gem_debug("gem", "import of memory that can shrink");
	return 0;
}

/* We map it writable, whatever the client may do. */
static int duplicate_writable(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) != O_RDWR)
		return reopen(fd, O_RDWR);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

static int import_foreign(struct gem_device *dev, int fd, bool own, struct gem_object **out)
{
	struct gem_dma_buf_attachment *attach = NULL;
	struct stat st;

	int filp = duplicate_writable(fd);
	if (filp < 0)
		return filp == -EMFILE || filp == -ENFILE ? -ENOMEM : -EINVAL;
	int ret = require_memory(filp);
	/* The size counts only once it cannot shrink any more, if so. */
	if (ret == 0 && fstat(filp, &st) < 0)
		ret = -errno;
	if (ret == 0 && !own) {
		attach = attach_create(dma_buf_create(NULL));
		if (!attach)
			ret = -ENOMEM;
	}
	if (ret) {
		close(filp);
		return ret;
	}
	ret = gem_imported_create(dev, filp, st.st_size, attach, out);
	if (ret)
		gem_dma_buf_detach(attach);
	return ret;
}

/* No object of dev stands for this memory yet: make and list one. */
static int import_new(struct gem_device *dev, int fd, const struct stat *st,
	struct gem_object **out)
{
	struct gem_object *exporter = gem_prime_table_find_exporter(st);
	int ret;

	if (exporter) {
		ret = import_from_device(dev, exporter, out);
		gem_object_put(exporter);
	} else {
		/* Ours, when its object died while a client kept the dma-buf. */
		ret = import_foreign(dev, fd, gem_storage_is_own(dev, fd), out);
	}
	if (ret)
		return ret;
	struct gem_object *other = gem_prime_table_add(*out, st);
	if (other) { /* another file was faster */
		gem_object_put(*out);
		*out = other;
	}
	return 0;
}

/* A handle for obj, known as its dma-buf's from now on. */
static int import_handle_locked(struct gem_file *file, struct gem_object *obj, uint32_t *handle)
{
	struct gem_file_object *entry = gem_file_objects_find(&file->objects, obj);

	if (entry && entry->prime_handle) {
		*handle = entry->prime_handle;
		return 0;
	}
	pthread_mutex_lock(&file->dev->object_name_lock);
	int ret = gem_handle_create_locked(file, obj, handle);
	pthread_mutex_unlock(&file->dev->object_name_lock);
	if (ret)
		return ret;
	gem_file_objects_find(&file->objects, obj)->prime_handle = *handle;
	gem_dma_buf_put(dma_buf_of(obj)); /* obj keeps it while it has handles */
	return 0;
}

int gem_prime_fd_to_handle(struct gem_file *file, int fd, uint32_t *handle)
{
	struct stat st;
	int ret = 0;

	if (fstat(fd, &st) < 0)
		return -EBADF;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	pthread_mutex_lock(&file->table_lock);
	struct gem_object *obj = gem_prime_table_find(file->dev, &st);
	if (!obj)
		ret = import_new(file->dev, fd, &st, &obj);
	if (ret == 0)
		ret = import_handle_locked(file, obj, handle);
	pthread_mutex_unlock(&file->table_lock);
	if (obj)
		gem_object_put(obj);
	return ret;
}

int gem_prime_lookup(int fd, struct gem_object **out)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	*out = gem_prime_table_find_exporter(&st);
	if (!*out)
		*out = gem_prime_table_find(NULL, &st);
	return *out ? 0 : -ENOENT;
}
