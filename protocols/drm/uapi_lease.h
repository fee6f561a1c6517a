/*
 * Leases: what a file may see and use of the mode objects (kernel: drm_lease.c).
 * The master's own files have everything; a lessee's file has the crtcs,
 * connectors and planes of its lease, and looks them up in vain once that was
 * revoked. Encoders, framebuffers, blobs and properties are nobody's.
 *
 * No function here takes a lock: a file's lease is fixed from before its holder
 * has it, what is in the lease are atomics.
 */
#ifndef UAPI_LEASE_H
#define UAPI_LEASE_H

#include "uapi.h"

bool uapi_lease_holds(const struct uapi_file *file, const struct kms_object *obj);
/*
 * A lessee knows the crtcs it has only, and counts them from 0: possible_crtcs
 * as such a file shall see it.
 */
uint32_t uapi_lease_filter_crtcs(const struct uapi_file *file, uint32_t crtcs);
/* The crtc that file calls by this number (WAIT_VBLANK); NULL when it has not so many. */
struct kms_crtc *uapi_lease_crtc(const struct uapi_file *file, unsigned index);
/* kms_object_lookup, for what file may have. */
struct kms_object *uapi_object_lookup(const struct uapi_file *file, uint32_t id, uint32_t type);
/* -EACCES when value is a crtc that file has not, and property puts something on a crtc. */
int uapi_lease_check_value(const struct uapi_file *file, uint32_t property_id, uint64_t value);

/*
 * With dev->master_lock. The lessees' leases, or master's own, become empty: who
 * holds them goes on and finds nothing.
 */
void uapi_lease_revoke_locked(struct uapi_device *dev, struct uapi_master *master);
/* master, a lessee, is going: nobody finds it any more. Gives its reference to lessor back. */
void uapi_lease_end_locked(struct uapi_device *dev, struct uapi_master *master);

#endif
