/* Objects in memfds. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gem_private.h"

enum { OWN_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, NAME_SIZE = 64 };

static void shmem_free(struct gem_object *obj)
{
	int filp = obj->filp;

	gem_object_finish(obj);
	close(filp);
	free(obj);
}

static int shmem_get_pages(struct gem_object *obj, void **ptr)
{
	void *pages = mmap(NULL, obj->size, PROT_READ | PROT_WRITE, MAP_SHARED, obj->filp, 0);

	if (pages == MAP_FAILED)
		return -ENOMEM;
	*ptr = pages;
	return 0;
}

static void shmem_put_pages(struct gem_object *obj, void *ptr)
{
	munmap(ptr, obj->size);
}

static const struct gem_object_ops shmem_ops = {
	.name = "shmem",
	.free = shmem_free,
	.get_pages = shmem_get_pages,
	.put_pages = shmem_put_pages,
};

int gem_shmem_wrap(struct gem_device *dev, int filp, uint64_t size,
	struct gem_dma_buf_attachment *attach, struct gem_object **out)
{
	struct gem_object *obj = malloc(sizeof(*obj));
	int ret = -ENOMEM;

	if (!obj)
		goto close_filp;
	ret = gem_object_init(obj, dev, &shmem_ops, size);
	if (ret)
		goto free_obj;
	obj->filp = filp;
	obj->import_attach = attach;
	*out = obj;
	return 0;

free_obj:
	free(obj);
close_filp:
	close(filp);
	return ret;
}

static void own_name(const struct gem_device *dev, char *name)
{
	snprintf(name, NAME_SIZE, "testcard-gem-%016" PRIx64, dev->instance);
}

/* A client that makes objects without end must not cost others their files. */
static bool descriptors_short(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		(rlim_t)fd + GEM_RESERVED_FDS >= limit.rlim_cur;
}

static int create_memfd(const struct gem_device *dev, uint64_t size)
{
	char name[NAME_SIZE];

	own_name(dev, name);
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -ENOMEM;
	/* 0600: who got it read-only cannot reopen it for writing as another user. */
	if (descriptors_short(fd) || fchmod(fd, 0600) < 0 || ftruncate(fd, size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, OWN_SEALS) < 0) {
		gem_debug("gem", "no memfd of %" PRIu64 " bytes (descriptor %d)", size, fd);
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

int gem_shmem_create(struct gem_device *dev, uint64_t size, struct gem_object **out)
{
	if (size == 0 || size & (GEM_PAGE_SIZE - 1))
		return -EINVAL;
	int fd = create_memfd(dev, size);
	if (fd < 0)
		return fd;
	return gem_shmem_wrap(dev, fd, size, NULL, out);
}

bool gem_shmem_is_own(struct gem_device *dev, int fd)
{
	char name[NAME_SIZE], want[NAME_SIZE + 32], link[32], got[128];

	/*
	 * The name is no secret, so a client can make such a memfd. It gains
	 * nothing: the seals are what our safety needs.
	 */
	if (fcntl(fd, F_GET_SEALS) != OWN_SEALS)
		return false;
	own_name(dev, name);
	snprintf(want, sizeof(want), "/memfd:%s (deleted)", name);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, got, sizeof(got));
	return len == (ssize_t)strlen(want) && memcmp(got, want, len) == 0;
}
