/* A vfs with a node whose driver only counts. */
#ifndef VFS_FIXTURE_H
#define VFS_FIXTURE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "vfs.h"

extern atomic_int opened, released;
extern struct vfs *vfs;
extern struct vfs_caller self;
extern const struct vfs_node plain_node; /* /dev/test */

extern const struct vfs_file_ops driver_ops;
/* node->data: it refuses with this errno. */
int driver_open(const struct vfs_node *node, int flags, struct vfs_caller *caller,
	struct vfs_file **out);

void setup(const struct vfs_node *node);
/* Also checks that all that was opened has been released. */
void teardown(void);
/* Of /dev/test. */
int open_fd(int flags);
bool reap_is_due(void);

#endif
