/*
 * /proc/PID/fdinfo/N of a device file of this process: what the machine says of
 * the descriptor, and the driver's lines after it.
 */
#ifndef PRELOAD_FDINFO_H
#define PRELOAD_FDINFO_H

#include <stdbool.h>

/*
 * False: (dirfd, path) is no device file's fdinfo. Else *fd is what open(2) is to
 * give, -1 with errno included. Leaves errno otherwise.
 */
bool preload_fdinfo_open(int dirfd, const char *path, int flags, int *fd);

#endif
