#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_engine.h"
#include "gpu_packet.h"

static const struct gpu_fault ok = {GPU_FAULT_NONE, 0};

/*
 * A packet where it is: memory that a client can change at any time is read
 * once, into here, and only then checked.
 */
struct packet {
	uint32_t count;
	uint32_t dwords[GPU_PACKET_MAX_DWORDS];
};

/* The rest of a page of commands: saves a translation for each packet. */
struct window {
	const struct gpu_bus *bus;
	const uint8_t *host;
	uint64_t start, end;
};

int gpu_engine_create(enum gpu_engine_id id, const struct gpu_bus *global,
	struct gpu_engine **out)
{
	struct gpu_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return -ENOMEM;
	if (gpu_blt_init(&engine->blt)) {
		free(engine);
		return -ENOMEM;
	}
	gpu_composite_init(&engine->composite);
	engine->id = id;
	engine->global = engine->space = global;
	gpu_regs_reset(&engine->regs, false);
	*out = engine;
	return 0;
}

void gpu_engine_destroy(struct gpu_engine *engine)
{
	if (!engine)
		return;
	gpu_composite_finish(&engine->composite);
	gpu_blt_finish(&engine->blt);
	free(engine);
}

void gpu_engine_set_space(struct gpu_engine *engine, const struct gpu_bus *space)
{
	engine->space = space ? space : engine->global;
}

void gpu_engine_reset(struct gpu_engine *engine)
{
	gpu_regs_reset(&engine->regs, true);
	gpu_blt_reset(&engine->blt);
	gpu_composite_reset(&engine->composite);
	engine->in_batch = engine->stopped = false;
	engine->work = 0;
	engine->fault = ok;
}

uint32_t gpu_engine_read(const struct gpu_engine *engine, uint32_t offset)
{
	return gpu_regs_read(&engine->regs, offset);
}

void gpu_engine_write(struct gpu_engine *engine, uint32_t offset, uint32_t value)
{
	/* HEAD is the streamer's while it may run. */
	if (offset == gpu_reg_infos[GPU_REG_HEAD].offset &&
		gpu_reg_get(&engine->regs, GPU_REG_CTL) & GPU_CTL_ENABLE)
		return;
	gpu_regs_write(&engine->regs, offset, value);
}

static void interrupt(struct gpu_engine *engine, uint32_t bit)
{
	atomic_fetch_or(&engine->regs.values[GPU_REG_IIR], bit);
	if (engine->interrupt && !(gpu_reg_get(&engine->regs, GPU_REG_IMR) & bit))
		engine->interrupt(engine, bit);
}

/* The registers of the error, for the driver's error state. */
static void stop(struct gpu_engine *engine, struct gpu_fault fault, uint32_t header)
{
	uint32_t error = fault.code == GPU_FAULT_UNMAPPED ? GPU_ERROR_PAGE_TABLE :
		GPU_ERROR_INSTRUCTION;

	engine->stopped = true;
	engine->fault = fault;
	gpu_reg_set(&engine->regs, GPU_REG_IPEIR, fault.code);
	gpu_reg_set(&engine->regs, GPU_REG_IPEHR, header);
	gpu_reg_set(&engine->regs, GPU_REG_PGTBL_ER, fault.address);
	gpu_reg_set(&engine->regs, GPU_REG_ESR, error);
	if (!(gpu_reg_get(&engine->regs, GPU_REG_EMR) & error))
		atomic_fetch_or(&engine->regs.values[GPU_REG_EIR], error);
	interrupt(engine, GPU_INT_ERROR);
}

/* Dwords of the packet; 0 = no such class. */
static uint32_t packet_length(uint32_t header)
{
	switch (header >> 29) {
	case GPU_CLASS_MI:
		return (header >> 23 & 0x3f) < 0x10 ? 1 : (header & 0x3f) + 2;
	case GPU_CLASS_2D:
	case GPU_CLASS_3D:
		return (header & 0xff) + 2;
	}
	return 0;
}

static struct gpu_fault run_draws(struct gpu_engine *engine)
{
	return gpu_tiles_run(&engine->composite.tiles, engine->pool);
}

/*
 * Packets that neither read nor write memory leave recorded draws for later, and
 * those of COMPOSITE know themselves what they may be done with.
 */
static bool leaves_draws(const struct gpu_engine *engine, uint32_t header)
{
	if (header >> 29 == GPU_CLASS_3D)
		return true;
	switch (header & 0xff800000) {
	case GPU_MI_NOOP:
	case GPU_MI_ARB_CHECK:
		return true;
	case GPU_MI(0x31):
		return engine->in_batch;
	}
	return false;
}

/* Commands that a draw writes are read after it. */
static struct gpu_fault read_commands(struct gpu_engine *engine, struct window *window,
	const struct gpu_bus *bus, uint64_t address, uint32_t size, void *out)
{
	uint64_t end = (address | (GEM_PAGE_SIZE - 1)) + 1;
	struct gpu_fault fault = ok;
	const uint8_t *host;

	if (bus != window->bus || address < window->start || address >= window->end) {
		*window = (struct window){bus, bus->translate(bus, address, end - address, false),
			address, end};
		if (!window->host)
			window->bus = NULL;
	}
	if (window->host && address + size <= window->end)
		host = window->host + (address - window->start);
	else
		host = bus->translate(bus, address, size, false);
	if (!host)
		return (struct gpu_fault){GPU_FAULT_UNMAPPED, address};
	if (gpu_tiles_write(&engine->composite.tiles, host, size))
		fault = run_draws(engine);
	memcpy(out, host, size);
	return fault;
}

/* The packet at address; bytes = how many there can be. */
static struct gpu_fault fetch(struct gpu_engine *engine, struct window *window,
	const struct gpu_bus *bus, uint64_t address, uint64_t bytes, struct packet *packet)
{
	struct gpu_fault fault;

	packet->count = 0;
	fault = read_commands(engine, window, bus, address, 4, packet->dwords);
	if (fault.code)
		return fault;
	packet->count = packet_length(packet->dwords[0]);
	if (!packet->count)
		return (struct gpu_fault){GPU_FAULT_OPCODE, 0};
	if (packet->count * 4 > bytes)
		return (struct gpu_fault){GPU_FAULT_RING, 0};
	if (packet->count == 1)
		return ok;
	fault = read_commands(engine, window, bus, address + 4, (packet->count - 1) * 4,
		packet->dwords + 1);
	if (fault.code == GPU_FAULT_UNMAPPED)
		fault.address = address;
	return fault;
}

static struct gpu_fault store(const struct gpu_bus *bus, uint64_t address, const uint32_t *data,
	uint32_t count)
{
	uint32_t *host;

	if (address % (count * 4))
		return (struct gpu_fault){GPU_FAULT_FIELD, 0};
	host = bus->translate(bus, address, count * 4, true);
	if (!host)
		return (struct gpu_fault){GPU_FAULT_UNMAPPED, address};
	/* What was drawn before must be seen by who sees this. */
	for (uint32_t i = 0; i < count; i++)
		__atomic_store_n(host + i, data[i], __ATOMIC_RELEASE);
	return ok;
}

static struct gpu_fault start_batch(struct gpu_engine *engine, const uint32_t *dwords)
{
	if (!engine->in_batch) {
		gpu_blt_reset(&engine->blt);
		gpu_composite_reset(&engine->composite);
	}
	engine->in_batch = true;
	engine->batch_at = dwords[1] & ~3u;
	return ok;
}

static struct gpu_fault store_index(struct gpu_engine *engine, const uint32_t *dwords)
{
	if (engine->in_batch)
		return (struct gpu_fault){GPU_FAULT_PRIVILEGED, 0};
	if (dwords[1] & ~0xffcu)
		return (struct gpu_fault){GPU_FAULT_FIELD, 0};
	return store(engine->global, gpu_reg_get(&engine->regs, GPU_REG_HWS_PGA) + dwords[1],
		dwords + 2, 1);
}

static struct gpu_fault execute_mi(struct gpu_engine *engine, const struct gpu_bus *bus,
	const struct packet *packet)
{
	const struct gpu_fault length = {GPU_FAULT_LENGTH, 0}, opcode = {GPU_FAULT_OPCODE, 0};
	const uint32_t *dwords = packet->dwords;

	switch (dwords[0] & 0x1f800000) {
	case GPU_MI_NOOP:
		if (dwords[0] & 1u << 22)
			gpu_reg_set(&engine->regs, GPU_REG_NOPID, dwords[0] & 0x3fffff);
		return ok;
	case GPU_MI_FLUSH: /* what came before is done: see leaves_draws */
	case GPU_MI_ARB_CHECK:
		return ok;
	case GPU_MI_USER_INTERRUPT:
		if (!engine->in_batch)
			interrupt(engine, GPU_INT_USER);
		return ok;
	case GPU_MI_BATCH_BUFFER_END:
		if (!engine->in_batch)
			return opcode;
		engine->in_batch = false;
		return ok;
	case GPU_MI(0x20):
		if (packet->count != 3 && packet->count != 4)
			return length;
		return store(bus, dwords[1], dwords + 2, packet->count - 2);
	case GPU_MI(0x21):
		return packet->count == 3 ? store_index(engine, dwords) : length;
	case GPU_MI(0x31):
		return packet->count == 2 ? start_batch(engine, dwords) : length;
	}
	return opcode;
}

static struct gpu_fault execute_2d(struct gpu_engine *engine, const struct gpu_bus *bus,
	const struct packet *packet, uint64_t *written)
{
	const struct gpu_fault length = {GPU_FAULT_LENGTH, 0};
	const uint32_t *dwords = packet->dwords;

	switch (dwords[0] >> 22 & 0x7f) {
	case 0x03:
		if (packet->count != 3)
			return length;
		gpu_blt_setup_clip(&engine->blt, dwords);
		return ok;
	case 0x50:
		return packet->count == 6 ?
			gpu_blt_color(&engine->blt, bus, dwords, written) : length;
	case 0x53:
		return packet->count == 8 ?
			gpu_blt_copy(&engine->blt, bus, dwords, written) : length;
	}
	return (struct gpu_fault){GPU_FAULT_OPCODE, 0};
}

static struct gpu_fault execute(struct gpu_engine *engine, const struct gpu_bus *bus,
	const struct packet *packet, uint64_t *written)
{
	uint32_t header = packet->dwords[0];
	struct gpu_fault fault = leaves_draws(engine, header) ? ok : run_draws(engine);

	if (fault.code)
		return fault;
	switch (header >> 29) {
	case GPU_CLASS_MI:
		return execute_mi(engine, bus, packet);
	case GPU_CLASS_2D:
		return execute_2d(engine, bus, packet, written);
	}
	if (header >> 24 != 0x7f || header & 0xff00 || engine->id != GPU_ENGINE_RENDER)
		return (struct gpu_fault){GPU_FAULT_OPCODE, 0};
	return gpu_composite_packet(&engine->composite, bus, engine->pool, packet->dwords,
		packet->count, written);
}

/* Where the next packet is; false = nothing to do. */
static bool next_packet(struct gpu_engine *engine, const struct gpu_bus **bus, uint64_t *address,
	uint64_t *bytes, struct gpu_fault *fault)
{
	uint32_t control = gpu_reg_get(&engine->regs, GPU_REG_CTL);
	uint32_t head = gpu_reg_get(&engine->regs, GPU_REG_HEAD);
	uint32_t tail = gpu_reg_get(&engine->regs, GPU_REG_TAIL);
	uint32_t size = (control & 0x1ff000) + 4096;

	*fault = ok;
	if (!(control & GPU_CTL_ENABLE))
		return false;
	if (engine->in_batch) {
		*bus = engine->space;
		*address = engine->batch_at;
		*bytes = UINT64_MAX;
		return true;
	}
	if (head == tail)
		return false;
	*bus = engine->global;
	*address = (uint64_t)gpu_reg_get(&engine->regs, GPU_REG_START) + head;
	*bytes = (tail > head ? tail : size) - head;
	if (head >= size || tail >= size)
		*fault = (struct gpu_fault){GPU_FAULT_RING, 0};
	return true;
}

/* Before it is executed: a batch's start changes the place again. */
static void step_over(struct gpu_engine *engine, uint32_t count, bool in_batch)
{
	uint32_t size = (gpu_reg_get(&engine->regs, GPU_REG_CTL) & 0x1ff000) + 4096;
	uint32_t head = gpu_reg_get(&engine->regs, GPU_REG_HEAD) + count * 4;

	if (in_batch)
		engine->batch_at += count * 4;
	else
		gpu_reg_set(&engine->regs, GPU_REG_HEAD, head >= size ? 0 : head);
}

/* Everything that was executed is done when the engine's thread goes elsewhere. */
static enum gpu_run pause_as(struct gpu_engine *engine, enum gpu_run run)
{
	struct gpu_fault fault = run_draws(engine);

	if (fault.code) {
		stop(engine, fault, 0);
		return GPU_RUN_FAULT;
	}
	if (run == GPU_RUN_IDLE)
		gpu_reg_set(&engine->regs, GPU_REG_INSTDONE, GPU_INSTDONE_IDLE);
	return run;
}

/* What a call may do, and has done so far. */
struct share {
	uint64_t budget;
	uint64_t spent; /* but for draws */
	uint64_t drawn; /* tiles.done when it began */
	bool small;     /* gpu_engine_try: nothing is begun that may not fit */
};

static bool is_used_up(const struct gpu_engine *engine, const struct share *share)
{
	const struct gpu_tiles *tiles = &engine->composite.tiles;
	uint64_t drawn = tiles->done - share->drawn;

	if (share->small)
		return share->spent * GPU_TRY_DWORD + (drawn + tiles->cost) / GPU_WORK_BYTES >=
			share->budget;
	return share->spent + drawn / GPU_WORK_BYTES >= share->budget;
}

/* The packet that was fetched; the units of draws come with their run. */
static struct gpu_fault step(struct gpu_engine *engine, const struct gpu_bus *bus,
	const struct packet *packet, struct share *share)
{
	struct gpu_fault fault;
	bool in_batch = engine->in_batch;
	uint64_t written = 0;

	if (!in_batch)
		engine->work = 0;
	step_over(engine, packet->count, in_batch);
	fault = execute(engine, bus, packet, &written);
	engine->work += packet->count + written / GPU_WORK_BYTES;
	share->spent += packet->count;
	if (packet->dwords[0] >> 29 != GPU_CLASS_3D)
		share->spent += written / GPU_WORK_BYTES;
	return fault;
}

static enum gpu_run run(struct gpu_engine *engine, struct share *share)
{
	struct window window = {0};
	struct packet packet;

	share->drawn = engine->composite.tiles.done;
	while (!engine->stopped) {
		struct gpu_fault fault;
		const struct gpu_bus *bus;
		uint64_t address, bytes;

		if (!next_packet(engine, &bus, &address, &bytes, &fault))
			return pause_as(engine, GPU_RUN_IDLE);
		if (is_used_up(engine, share))
			return share->small ? GPU_RUN_MORE : pause_as(engine, GPU_RUN_MORE);
		gpu_reg_set(&engine->regs, GPU_REG_INSTDONE, 0);
		gpu_reg_set(&engine->regs, GPU_REG_ACTHD, address);
		packet.dwords[0] = 0;
		if (!fault.code)
			fault = fetch(engine, &window, bus, address, bytes, &packet);
		if (!fault.code && share->small && packet.dwords[0] >> 29 == GPU_CLASS_2D)
			return GPU_RUN_MORE;
		if (!fault.code)
			fault = step(engine, bus, &packet, share);
		if (fault.code) {
			/* What came before is done; this fault counts. */
			run_draws(engine);
			stop(engine, fault, packet.dwords[0]);
			break;
		}
	}
	return GPU_RUN_FAULT;
}

enum gpu_run gpu_engine_run(struct gpu_engine *engine, uint64_t budget)
{
	return run(engine, &(struct share){.budget = budget});
}

enum gpu_run gpu_engine_try(struct gpu_engine *engine, uint64_t budget)
{
	return run(engine, &(struct share){.budget = budget, .small = true});
}
