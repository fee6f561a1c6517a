/*
 * PRIME: objects as dma-bufs. A dma-buf is the object's sealed memfd; it is
 * known by st_dev/st_ino, so it stays the same dma-buf through dup, SCM_RIGHTS
 * and an O_RDONLY reopen.
 *
 * One table for the whole process holds the live dma-bufs, so that a second
 * device finds the exporter's object instead of foreign memory.
 */
#ifndef GEM_PRIME_H
#define GEM_PRIME_H

#include <stdint.h>

#include "gem_file.h"

/*
 * flags: DRM_CLOEXEC | DRM_RDWR, others -EINVAL. *fd is a new descriptor of the
 * caller's; without DRM_RDWR it refuses writable mappings.
 * The object stays where it is from the first export on.
 * Errors: -ENOENT bad handle; -EFAULT purged; -EINVAL a client sealed it; -ENOMEM;
 * -EMFILE.
 */
int gem_prime_handle_to_fd(struct gem_file *file, uint32_t handle, uint32_t flags, int *fd);

/*
 * The same dma-buf always gives the same handle in the same file.
 * Foreign memory is accepted when it is a memfd: sealed with F_SEAL_SHRINK, by
 * us now if need be; one that refuses the seal is read under the SIGBUS guard.
 * fd stays the caller's.
 * Errors: -EBADF; -EINVAL not a dma-buf (socket, pipe, plain file), or sealed
 * against writing; -ENOMEM.
 */
int gem_prime_fd_to_handle(struct gem_file *file, int fd, uint32_t *handle);

/*
 * The object behind a dma-buf's descriptor, of whatever device, the exporter's if
 * there is one; new reference. fd stays the caller's. -ENOENT: no object's memory.
 */
int gem_prime_lookup(int fd, struct gem_object **out);

#endif
