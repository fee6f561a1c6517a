/*
 * PRIME: objects as dma-bufs. A dma-buf is the object's sealed memfd; it is
 * known by st_dev/st_ino, so it stays the same dma-buf through dup, SCM_RIGHTS
 * and an O_RDONLY reopen (facts/interposition-study section 5).
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
 * Errors: -ENOENT bad handle, -ENOMEM, -EMFILE.
 */
int gem_prime_handle_to_fd(struct gem_file *file, uint32_t handle, uint32_t flags, int *fd);

/*
 * The same dma-buf always gives the same handle in the same file.
 * Foreign memory is accepted when it is a memfd that cannot shrink: sealed
 * with F_SEAL_SHRINK, or sealable by us now. fd stays the caller's.
 * Errors: -EBADF; -EINVAL not a dma-buf (socket, pipe, plain file, memfd that
 * can shrink); -ENOMEM.
 */
int gem_prime_fd_to_handle(struct gem_file *file, int fd, uint32_t *handle);

#endif
