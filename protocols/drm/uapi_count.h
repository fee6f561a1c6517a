/*
 * How often each ioctl was called, and how its answer came about: over the wire, in this
 * process, or kept by the client (wire.h: WIRE_KEPT), who says so himself and may lie. Of
 * all cards of this process together.
 */
#ifndef UAPI_COUNT_H
#define UAPI_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct uapi_count {
	uint64_t wire, self, kept;
	uint64_t errors; /* of wire and self */
};

/* nr = _IOC_NR(request), of a row; others are not counted. */
void uapi_count(unsigned nr, bool remote, bool failed);
/* For vfs_set_kept. */
void uapi_count_kept(unsigned nr, uint32_t times);
void uapi_count_read(unsigned nr, struct uapi_count *count);
void uapi_count_reset(void);

#endif
