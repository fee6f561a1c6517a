/* Where the preload library is, for clients that shall use the device. */
#ifndef COMPOSITOR_PRELOAD_H
#define COMPOSITOR_PRELOAD_H

#include <stddef.h>

/*
 * Writes "LD_PRELOAD=<path>" into variable. Looked for beside this program: in
 * the build folder, or in lib/testcard of the prefix it is installed in.
 * -ENOENT.
 */
int compositor_preload_find(char *variable, size_t size);

#endif
