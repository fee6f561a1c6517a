/*
 * Text files: debugfs and fdinfo. There is no device file behind them: each open
 * renders the text anew and hands out a read-only descriptor of a sealed memfd,
 * so that readers need nothing of the server and see one moment.
 */
#ifndef VFS_TEXT_H
#define VFS_TEXT_H

#include <stdio.h>

#include "vfs.h"

/*
 * Writes the text to out, which is memory: engine locks may be held, no client is
 * waited for. 0 or -errno, which the opener gets.
 */
typedef int (*vfs_text_render)(void *data, FILE *out);

/*
 * *fd: new descriptor, at the text's begin; name: what /proc/self/fd says of it.
 * flags: those of open(2). -EACCES when they ask for writing; -ENOTDIR; -ENOMEM;
 * -EMFILE; render's own.
 */
int vfs_text_open(const char *name, vfs_text_render render, void *data, int flags, int *fd);

/* node's text; with text_sink, for writing, something that takes all of it. */
int vfs_text_open_node(const struct vfs_node *node, int flags, int *fd);

/* Fills node for vfs_add_node: mode 0444; path and data stay the caller's. */
void vfs_text_node_init(struct vfs_node *node, const char *path, vfs_text_render render,
	void *data);

/*
 * The driver's lines of /proc/PID/fdinfo/N; the kernel's own (pos, flags, ...) are
 * known to the process that has the descriptor. -ENODEV when the driver has none.
 */
int vfs_file_fdinfo(struct vfs_file *file, int *fd);

#endif
