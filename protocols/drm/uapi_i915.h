/* Shared by the handlers of i915's private requests (kernel: drivers/gpu/drm/i915). */
#ifndef UAPI_I915_H
#define UAPI_I915_H

#include <i915_drm.h>

#include "uapi.h"

/*
 * Memory classes of CREATE_EXT beside i915's SYSTEM and DEVICE, for who wants to
 * see these backends at work. A kernel knows them and refuses them to clients
 * (-EINVAL): 2 is its own number for memory stolen by the BIOS.
 */
enum {
	UAPI_MEMORY_CLASS_STOLEN = 2,
	UAPI_MEMORY_CLASS_PHYS = 0x7400,
};

/* Where an address of user space may end (kernel: TASK_SIZE_MAX of x86-64). */
#define UAPI_USER_END 0x7ffffffff000ull

/* Links of one chain; more is -E2BIG (kernel: i915_user_extensions.c). */
enum { UAPI_EXTENSIONS_MAX = 512 };

/*
 * One link of a chain of struct i915_user_extension, at user address; data is
 * the walk's. 0 or -errno, which ends the walk.
 */
typedef int (*uapi_extension)(struct uapi_call *call, uint64_t address, void *data);

/*
 * Calls by_name[name] for every link from address on (0 = no chain). -EFAULT;
 * -EINVAL for unknown names and for flags and reserved words that are not 0.
 */
int uapi_walk_extensions(struct uapi_call *call, uint64_t address,
	const uapi_extension *by_name, unsigned count, void *data);

#endif
