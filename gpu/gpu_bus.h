/*
 * What an engine sees of memory: an address space, through two calls of who
 * owns it (the driver; a test). Engines never make a host pointer any other
 * way.
 */
#ifndef GPU_BUS_H
#define GPU_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "gem_fence_reg.h"

/* Why an engine stopped; the codes are those of the register IPEIR (SPEC.md). */
enum gpu_fault_code {
	GPU_FAULT_NONE = 0,
	GPU_FAULT_OPCODE = 1,     /* no such packet on this ring, or not there */
	GPU_FAULT_LENGTH = 2,     /* the packet's length is not what its opcode has */
	GPU_FAULT_FIELD = 3,      /* a field has a value that is not allowed */
	GPU_FAULT_UNMAPPED = 4,   /* no object, or not all within one object */
	GPU_FAULT_PRIVILEGED = 5, /* ring only, found in a batch */
	GPU_FAULT_RING = 6,       /* ring registers or a packet across the ring's end */
	GPU_FAULT_MEMORY = 7,     /* the simulator itself has none left */
};

struct gpu_fault {
	enum gpu_fault_code code;
	uint64_t address; /* with UNMAPPED: first byte of the access; else 0 */
};

struct gpu_bus {
	/*
	 * Host memory of length >= 1 bytes from address on, all within one
	 * object; NULL = fault. An object has one host address however often it
	 * is asked for: overlaps are found by it. The memory stays valid until
	 * the engine is past the batch that asked (the driver's fences see to
	 * that). Called on the engine's thread, without locks.
	 */
	void *(*translate)(const struct gpu_bus *bus, uint64_t address, uint64_t length,
		bool write);
	/* The fence window over address, false = none. NULL in spaces without an aperture. */
	bool (*fence)(const struct gpu_bus *bus, uint64_t address,
		struct gem_fence_window *window);
};

#endif
