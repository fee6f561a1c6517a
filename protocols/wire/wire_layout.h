/*
 * Which user memory an ioctl reaches beside its argument struct: the one table
 * of embedded pointers and embedded descriptors. The client gathers by it
 * (clients/preload); whatever it does not name is -EFAULT for the handler.
 *
 * Rows are found by type and number, not by the whole request: a client built
 * against another version of a struct sends another size, and fields beyond
 * its struct read as 0, as in the kernel.
 */
#ifndef WIRE_LAYOUT_H
#define WIRE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_ARRAYS_MAX 4
#define WIRE_EXTENSION_ARRAYS_MAX 2
#define WIRE_CHAIN_MAX 8 /* links of a chain that go along; what follows is -EFAULT */
#define WIRE_NO_FIELD UINT16_MAX

enum wire_count {
	WIRE_COUNT_FIELD, /* the count field is the number of elements */
	/*
	 * MODE_ATOMIC: the count field is the length of the u32 array at
	 * counts_pointer, whose sum is the number of elements.
	 */
	WIRE_COUNT_SUM,
	WIRE_COUNT_ONE,  /* one element; there is no count field */
	/* As FIELD, for contents: the count may be as large as a request (WIRE_DATA_MAX). */
	WIRE_COUNT_BULK,
};

/*
 * Some fields mean one thing or another, by flags: what is described counts only
 * when a bit of mask is set in the u32 at offset flags. mask 0: always.
 */
struct wire_condition {
	uint16_t flags;
	uint32_t mask;
};

struct wire_array {
	uint16_t pointer, count;            /* offsets in the struct */
	uint8_t pointer_size, count_size;   /* 4 or 8 */
	uint8_t kind;                       /* enum wire_count */
	uint8_t direction;                  /* WIRE_SEG_IN, WIRE_SEG_OUT or both */
	uint16_t element;                   /* bytes */
	uint16_t counts_pointer;            /* WIRE_COUNT_SUM */
	struct wire_condition when;
	const struct wire_array *inner;     /* of an IN array: one that each element points to, or NULL */
};

/*
 * A link of a chain (i915's struct i915_user_extension: u64 next, u32 name),
 * with the arrays it points to, if any. Offsets are from the link's start.
 */
struct wire_extension {
	uint32_t name;
	uint16_t size;
	uint16_t array_count;
	struct wire_array arrays[WIRE_EXTENSION_ARRAYS_MAX];
};

struct wire_layout {
	uint32_t request;   /* the uAPI's number; its size is the struct's */
	bool value;         /* the argument is a number, not an address */
	/*
	 * I915_GEM_MMAP: the handler answers with a place in the device's address
	 * space, which the client maps; the program gets the address of that.
	 */
	bool maps;
	bool upcalls;       /* the server may ask for more (wire.h, WIRE_UPCALL) */
	bool chain;         /* there is a chain; of a name not in extensions only the link itself */
	uint8_t extension_count;
	uint16_t chain_head; /* offset of a u64 address */
	const struct wire_extension *extensions;
	uint16_t fd_in;     /* offset of an int: a descriptor the handler looks at */
	uint16_t fd_out;    /* offset of an int: a new descriptor for the caller */
	struct wire_condition chain_when, fd_in_when, fd_out_when;
	uint16_t array_count;
	struct wire_array arrays[WIRE_ARRAYS_MAX];
};

/* NULL: nothing but the argument struct of _IOC_SIZE(request) bytes. */
const struct wire_layout *wire_layout_find(uint32_t request);
/* Row i of the table, NULL at the end. */
const struct wire_layout *wire_layout_row(size_t i);

/* WIRE_SEG_ flags of the argument struct itself. */
uint32_t wire_layout_direction(uint32_t request);

#endif
