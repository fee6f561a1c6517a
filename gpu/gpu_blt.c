#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_blt.h"
#include "gpu_packet.h"
#include "gpu_rop.h"
#include "gpu_rows.h"

enum { LINE_SIZE = 65536 * 4 };

static const struct gpu_fault ok = {GPU_FAULT_NONE, 0};

/* BR00, BR13, BR22, BR23, BR09: what both packets have in common. */
struct job {
	struct gpu_rop rop;
	uint32_t cpp;             /* bytes of a pixel */
	int32_t x1, y1, x2, y2;   /* target, clipped; x2, y2 exclusive */
	int32_t skip_x, skip_y;   /* what the clip took at the left and top */
	int32_t pitch;
	uint32_t address;
};

static int32_t x_of(uint32_t point)
{
	return (int16_t)(point & 0xffff);
}

static int32_t y_of(uint32_t point)
{
	return (int16_t)(point >> 16);
}

int gpu_blt_init(struct gpu_blt *blt)
{
	*blt = (struct gpu_blt){0};
	blt->lines[0] = malloc(LINE_SIZE * 2);
	if (!blt->lines[0])
		return -ENOMEM;
	blt->lines[1] = blt->lines[0] + LINE_SIZE;
	return 0;
}

void gpu_blt_finish(struct gpu_blt *blt)
{
	free(blt->lines[0]);
}

void gpu_blt_reset(struct gpu_blt *blt)
{
	blt->clip_x1 = blt->clip_y1 = blt->clip_x2 = blt->clip_y2 = 0;
}

void gpu_blt_setup_clip(struct gpu_blt *blt, const uint32_t *dwords)
{
	blt->clip_x1 = x_of(dwords[1]);
	blt->clip_y1 = y_of(dwords[1]);
	blt->clip_x2 = x_of(dwords[2]);
	blt->clip_y2 = y_of(dwords[2]);
}

static void clip_job(struct job *job, const struct gpu_blt *blt)
{
	if (job->x1 < blt->clip_x1) {
		job->skip_x = blt->clip_x1 - job->x1;
		job->x1 = blt->clip_x1;
	}
	if (job->y1 < blt->clip_y1) {
		job->skip_y = blt->clip_y1 - job->y1;
		job->y1 = blt->clip_y1;
	}
	if (job->x2 > blt->clip_x2)
		job->x2 = blt->clip_x2;
	if (job->y2 > blt->clip_y2)
		job->y2 = blt->clip_y2;
}

/* Writes of 32 bits may leave alpha or the colours alone. */
static uint64_t write_mask(uint32_t header, uint32_t cpp)
{
	uint32_t mask = 0;

	if (cpp != 4)
		return UINT64_MAX;
	if (header & GPU_BLT_WRITE_ALPHA)
		mask |= 0xff000000;
	if (header & GPU_BLT_WRITE_RGB)
		mask |= 0x00ffffff;
	return (uint64_t)mask << 32 | mask;
}

static void parse(struct job *job, const struct gpu_blt *blt, const uint32_t *dwords)
{
	static const uint32_t cpps[] = {1, 2, 2, 4};

	*job = (struct job){
		.cpp = cpps[dwords[1] >> 24 & 3],
		.x1 = x_of(dwords[2]), .y1 = y_of(dwords[2]),
		.x2 = x_of(dwords[3]), .y2 = y_of(dwords[3]),
		.pitch = (int16_t)(dwords[1] & 0xffff),
		.address = dwords[4],
	};
	job->rop.code = dwords[1] >> 16 & 0xff;
	job->rop.write_mask = write_mask(dwords[0], job->cpp);
	if (dwords[1] & GPU_BLT_CLIP)
		clip_job(job, blt);
}

static bool is_empty(const struct job *job)
{
	return job->x2 <= job->x1 || job->y2 <= job->y1;
}

static uint32_t row_size(const struct job *job)
{
	return (uint32_t)(job->x2 - job->x1) * job->cpp;
}

static uint32_t row_count(const struct job *job)
{
	return job->y2 - job->y1;
}

/*
 * Rows that lie over each other are refused: the order would show, and a packet
 * could write for minutes into a few pages.
 */
static struct gpu_fault target_rows(const struct job *job, const struct gpu_bus *bus,
	struct gpu_rows *rows)
{
	uint32_t size = row_size(job);

	if (row_count(job) > 1 && (uint32_t)abs(job->pitch) < size)
		return (struct gpu_fault){GPU_FAULT_FIELD, 0};
	return gpu_rows_init(rows, bus,
		job->address + (int64_t)job->y1 * job->pitch + (int64_t)job->x1 * job->cpp,
		job->pitch, size, row_count(job), true);
}

/* Row y of the target becomes the ROP of it and source, which is linear or NULL. */
static void draw_row(struct gpu_blt *blt, const struct gpu_rop *rop,
	const struct gpu_rows *target, uint32_t y, const uint8_t *source)
{
	uint8_t *line = blt->lines[1];

	if (!gpu_rows_tiled(target)) {
		gpu_rop_row(rop, gpu_rows_at(target, y), source, target->size);
		return;
	}
	if (source && rop->code == GPU_ROP_SRCCOPY && !~rop->write_mask) {
		gpu_rows_write(target, y, source);
		return;
	}
	if (gpu_rop_reads_target(rop))
		gpu_rows_read(target, y, line);
	gpu_rop_row(rop, line, source, target->size);
	gpu_rows_write(target, y, line);
}

/* Without a source; tiles get the same line again and again if they are not read. */
static void draw_pattern(struct gpu_blt *blt, const struct gpu_rop *rop,
	const struct gpu_rows *target)
{
	bool same = gpu_rows_tiled(target) && !gpu_rop_reads_target(rop);

	if (same)
		gpu_rop_row(rop, blt->lines[0], NULL, target->size);
	for (uint32_t y = 0; y < target->height; y++) {
		if (same)
			gpu_rows_write(target, y, blt->lines[0]);
		else
			draw_row(blt, rop, target, y, NULL);
	}
}

struct gpu_fault gpu_blt_color(struct gpu_blt *blt, const struct gpu_bus *bus,
	const uint32_t *dwords, uint64_t *written)
{
	struct gpu_rows target;
	struct gpu_fault fault;
	struct job job;
	uint64_t color = dwords[5];

	parse(&job, blt, dwords);
	if (is_empty(&job))
		return ok;
	if (job.cpp == 1)
		color = (color & 0xff) * 0x01010101;
	else if (job.cpp == 2)
		color = (color & 0xffff) * 0x00010001;
	job.rop.pattern = color << 32 | color;
	fault = target_rows(&job, bus, &target);
	if (fault.code)
		return fault;
	draw_pattern(blt, &job.rop, &target);
	*written += (uint64_t)target.size * target.height;
	return ok;
}

static void copy_apart(struct gpu_blt *blt, const struct job *job, const struct gpu_rows *target,
	const struct gpu_rows *source)
{
	for (uint32_t y = 0; y < target->height; y++) {
		const uint8_t *line = blt->lines[0];

		if (gpu_rows_tiled(source))
			gpu_rows_read(source, y, blt->lines[0]);
		else
			line = gpu_rows_at(source, y);
		draw_row(blt, &job->rop, target, y, line);
	}
}

/* Of one layout: rows in the order in which none is overwritten before it is read. */
static void copy_along(struct gpu_blt *blt, const struct job *job, const struct gpu_rows *target,
	const struct gpu_rows *source)
{
	bool tiled = gpu_rows_tiled(target);
	bool up = tiled ? target->address > source->address : target->first > source->first;
	bool last_first = up == (target->pitch > 0);

	for (uint32_t i = 0; i < target->height; i++) {
		uint32_t y = last_first ? target->height - 1 - i : i;

		gpu_rows_read(source, y, blt->lines[0]);
		draw_row(blt, &job->rop, target, y, blt->lines[0]);
	}
}

/* Of different layouts: through a copy. */
static struct gpu_fault copy_across(struct gpu_blt *blt, const struct job *job,
	const struct gpu_rows *target, const struct gpu_rows *source)
{
	uint8_t *copy = malloc((size_t)source->size * source->height);

	if (!copy)
		return (struct gpu_fault){GPU_FAULT_MEMORY, 0};
	for (uint32_t y = 0; y < source->height; y++)
		gpu_rows_read(source, y, copy + (size_t)y * source->size);
	for (uint32_t y = 0; y < target->height; y++)
		draw_row(blt, &job->rop, target, y, copy + (size_t)y * source->size);
	free(copy);
	return ok;
}

struct gpu_fault gpu_blt_copy(struct gpu_blt *blt, const struct gpu_bus *bus,
	const uint32_t *dwords, uint64_t *written)
{
	struct gpu_rows target, source;
	struct gpu_fault fault;
	struct job job;
	int32_t pitch = (int16_t)(dwords[6] & 0xffff);

	parse(&job, blt, dwords);
	if (is_empty(&job))
		return ok;
	fault = target_rows(&job, bus, &target);
	if (fault.code)
		return fault;
	*written += (uint64_t)target.size * target.height;
	if (!gpu_rop_reads_source(&job.rop)) {
		draw_pattern(blt, &job.rop, &target);
		return ok;
	}
	fault = gpu_rows_init(&source, bus, dwords[7] +
		((int64_t)y_of(dwords[5]) + job.skip_y) * pitch +
		((int64_t)x_of(dwords[5]) + job.skip_x) * job.cpp,
		pitch, target.size, target.height, false);
	if (fault.code)
		return fault;
	if (!gpu_rows_overlap(&target, &source))
		copy_apart(blt, &job, &target, &source);
	else if (gpu_rows_alike(&target, &source))
		copy_along(blt, &job, &target, &source);
	else
		return copy_across(blt, &job, &target, &source);
	return ok;
}
