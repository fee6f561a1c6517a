/*
 * Draws on their way to the GPU: gathered, then submitted as one batch of a
 * context of its own. Submitting waits for nobody; what a batch reads and writes
 * is kept in order by the kernel's implicit fences.
 *
 * Trouble: if the GPU takes no batch (the device is wedged, or the list does not
 * fit into memory) the processor draws, batch by batch, until the GPU takes one
 * again. A batch that hung is lost: compositor_batch_lost. The context is not
 * banned for that.
 */
#ifndef COMPOSITOR_BATCH_H
#define COMPOSITOR_BATCH_H

#include "compositor_bo.h"
#include "compositor_encode.h"

enum {
	COMPOSITOR_OBJECTS_MAX = 256, /* of a batch, without the batch itself */
	COMPOSITOR_BATCHES_MAX = 16,  /* buffers: batches in flight */
};

/* Since the start. */
struct compositor_batch_counts {
	uint64_t batches;  /* that the GPU took */
	uint64_t software; /* that the processor drew */
	uint64_t draws;    /* of both */
	uint64_t lost;     /* answers true of compositor_batch_lost */
};

struct compositor_batch {
	struct compositor_bos *bos;
	uint32_t context;
	uint32_t hangs;   /* of context, as far as it was told */
	bool lost;        /* something that was submitted did not happen */
	bool on_gpu;      /* the last one went there; for the log */
	struct compositor_draw draws[COMPOSITOR_DRAWS_MAX];
	unsigned draw_count;
	struct compositor_bo *objects[COMPOSITOR_OBJECTS_MAX]; /* references */
	bool written[COMPOSITOR_OBJECTS_MAX];
	unsigned object_count;
	struct compositor_bo *buffers[COMPOSITOR_BATCHES_MAX]; /* NULL = not made yet */
	struct compositor_packets packets;
	struct compositor_batch_counts counts;
};

/* bos outlives the batch. -ENODEV, -ENOMEM or what CONTEXT_CREATE says. */
int compositor_batch_create(struct compositor_bos *bos, struct compositor_batch **out);
/* What has not been flushed is dropped. */
void compositor_batch_destroy(struct compositor_batch *batch);

/* The device was pulled out, before bos hear of it; it is back, after they have. */
void compositor_batch_lose_device(struct compositor_batch *batch);
int compositor_batch_find_device(struct compositor_batch *batch);

/* Copies draw, and keeps its objects until they are submitted. Flushes when full. */
void compositor_batch_draw(struct compositor_batch *batch, const struct compositor_draw *draw);
void compositor_batch_flush(struct compositor_batch *batch);

/* Whether something was lost since the last call: what is on the targets may be wrong. */
bool compositor_batch_lost(struct compositor_batch *batch);

#endif
