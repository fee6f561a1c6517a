/* Property lists, for GETCONNECTOR and OBJ_GETPROPERTIES. */
#ifndef UAPI_PROPERTY_H
#define UAPI_PROPERTY_H

#include "uapi.h"

/*
 * Ids and values of obj's properties to the caller's arrays, as many as fit
 * into *count; *count becomes how many there are. Atomic properties exist for
 * atomic files only. Takes the kms_device's lock. -EFAULT.
 */
int uapi_copy_properties(struct uapi_call *call, struct kms_object *obj, uint64_t ids_ptr,
	uint64_t values_ptr, uint32_t *count);

#endif
