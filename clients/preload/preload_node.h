/*
 * Device nodes and device files as stat(2) and access(2) show them.
 */
#ifndef PRELOAD_NODE_H
#define PRELOAD_NODE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "preload_path.h"

#define PRELOAD_MAJOR_INPUT 13u
#define PRELOAD_MAJOR_FB 29u

/* The node that device file fd was opened from, or an anonymous one. Leaves errno. */
bool preload_node_of_fd(int fd, struct preload_node *node);
/* No node of the file system: a sync_file and the like. */
bool preload_node_is_anonymous(const struct preload_node *node);
/* The node that fd names as an O_PATH descriptor; st is fd's own. Leaves errno. */
bool preload_node_of_placeholder(int fd, const struct stat *st, struct preload_node *node);

/* st: of the placeholder, or zero; becomes the character device's. */
void preload_node_fill_stat(const struct preload_node *node, struct stat *st);
void preload_node_fill_statx(const struct preload_node *node, struct statx *stx);
/* 0 or -EACCES; mode: R_OK, W_OK, X_OK; effective: by effective ids. */
int preload_node_access(const struct preload_node *node, int mode, bool effective);
/* Turns fd's own st into that of its placeholder, so that fstat(open(p)) equals stat(p). */
void preload_node_placeholder_stat(const struct preload_node *node, struct stat *st);

#endif
