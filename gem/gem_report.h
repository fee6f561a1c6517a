/*
 * What debugfs and fdinfo say about buffers: per file and by name. Numbers of one
 * object are of one moment, those of a list are not.
 */
#ifndef GEM_REPORT_H
#define GEM_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "gem_file.h"

/* Of the objects that a file has handles for, each counted once. Bytes. */
struct gem_file_usage {
	uint64_t objects;   /* number */
	uint64_t total;
	uint64_t shared;    /* has handles besides, or is or was a dma-buf */
	uint64_t active;    /* has fences that are not signalled */
	uint64_t resident;  /* what its memory really holds now: neither swapped nor untouched */
	uint64_t purgeable; /* resident, and the client said DONTNEED */
};

/* Takes table_lock, and the locks of objects one after the other. */
void gem_file_get_usage(struct gem_file *file, struct gem_file_usage *usage);

/* debugfs gem_names: header and a line a flink name. out is memory. */
void gem_report_names(struct gem_device *dev, FILE *out);

#endif
