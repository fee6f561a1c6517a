/*
 * Every handler of the ioctl table. A handler is named after its request:
 * DRM_IOCTL_MODE_GETCRTC is uapi_mode_getcrtc. It gets the kernel's struct as
 * data, in the server's memory; pointers inside are the caller's and are
 * reached with vfs_copy_from / vfs_copy_to only. Returns 0 or -errno; data goes
 * back to the caller even after an error, as in the kernel.
 *
 * A row for it goes to uapi_table.c.
 */
#ifndef UAPI_HANDLERS_H
#define UAPI_HANDLERS_H

#include "uapi.h"

#define UAPI_HANDLER(name) int uapi_##name(struct uapi_call *call, void *data)

/* uapi_core.c */
UAPI_HANDLER(version);
UAPI_HANDLER(get_unique);
UAPI_HANDLER(get_client);
UAPI_HANDLER(get_stats);
UAPI_HANDLER(get_cap);
UAPI_HANDLER(set_client_cap);
UAPI_HANDLER(set_version);
UAPI_HANDLER(noop);

/* uapi_auth.c */
UAPI_HANDLER(get_magic);
UAPI_HANDLER(auth_magic);
UAPI_HANDLER(set_master);
UAPI_HANDLER(drop_master);

/* uapi_gem.c */
UAPI_HANDLER(gem_close);
UAPI_HANDLER(gem_flink);
UAPI_HANDLER(gem_open);
UAPI_HANDLER(prime_handle_to_fd);
UAPI_HANDLER(prime_fd_to_handle);
UAPI_HANDLER(mode_create_dumb);
UAPI_HANDLER(mode_map_dumb);
UAPI_HANDLER(mode_destroy_dumb);

/* uapi_mode.c */
UAPI_HANDLER(mode_getresources);
UAPI_HANDLER(mode_getplaneresources);
UAPI_HANDLER(mode_getplane);
UAPI_HANDLER(mode_getcrtc);
UAPI_HANDLER(mode_getencoder);
UAPI_HANDLER(mode_getconnector);
UAPI_HANDLER(mode_getgamma);
UAPI_HANDLER(mode_setgamma);

/* uapi_fb.c */
UAPI_HANDLER(mode_addfb);
UAPI_HANDLER(mode_addfb2);
UAPI_HANDLER(mode_rmfb);
UAPI_HANDLER(mode_getfb);
UAPI_HANDLER(mode_getfb2);
UAPI_HANDLER(mode_dirtyfb);

/* uapi_property.c */
UAPI_HANDLER(mode_getproperty);
UAPI_HANDLER(mode_getpropblob);
UAPI_HANDLER(mode_createpropblob);
UAPI_HANDLER(mode_destroypropblob);
UAPI_HANDLER(mode_obj_getproperties);

/* uapi_atomic.c */
UAPI_HANDLER(mode_atomic);
UAPI_HANDLER(mode_obj_setproperty);
UAPI_HANDLER(mode_setproperty);

/* uapi_legacy.c */
UAPI_HANDLER(mode_setcrtc);
UAPI_HANDLER(mode_setplane);
UAPI_HANDLER(mode_page_flip);
UAPI_HANDLER(mode_cursor);
UAPI_HANDLER(mode_cursor2);

/* uapi_vblank.c */
UAPI_HANDLER(wait_vblank);
UAPI_HANDLER(crtc_get_sequence);
UAPI_HANDLER(crtc_queue_sequence);

/* uapi_lease_ioctl.c */
UAPI_HANDLER(mode_create_lease);
UAPI_HANDLER(mode_list_lessees);
UAPI_HANDLER(mode_get_lease);
UAPI_HANDLER(mode_revoke_lease);

/* uapi_syncobj.c */
UAPI_HANDLER(syncobj_create);
UAPI_HANDLER(syncobj_destroy);
UAPI_HANDLER(syncobj_handle_to_fd);
UAPI_HANDLER(syncobj_fd_to_handle);
UAPI_HANDLER(syncobj_transfer);
UAPI_HANDLER(syncobj_reset);
UAPI_HANDLER(syncobj_signal);
UAPI_HANDLER(syncobj_timeline_signal);
UAPI_HANDLER(syncobj_query);

/* uapi_syncobj_wait.c */
UAPI_HANDLER(syncobj_wait);
UAPI_HANDLER(syncobj_timeline_wait);
UAPI_HANDLER(syncobj_eventfd);

/* uapi_i915_create.c */
UAPI_HANDLER(i915_gem_create);
UAPI_HANDLER(i915_gem_create_ext);
UAPI_HANDLER(i915_gem_userptr);

/* uapi_i915_map.c */
UAPI_HANDLER(i915_gem_mmap);
UAPI_HANDLER(i915_gem_mmap_offset);

/* uapi_i915_access.c */
UAPI_HANDLER(i915_gem_pread);
UAPI_HANDLER(i915_gem_pwrite);
UAPI_HANDLER(i915_gem_set_domain);
UAPI_HANDLER(i915_gem_sw_finish);
UAPI_HANDLER(i915_gem_busy);
UAPI_HANDLER(i915_gem_wait);
UAPI_HANDLER(i915_gem_madvise);

/* uapi_i915_tiling.c */
UAPI_HANDLER(i915_gem_set_tiling);
UAPI_HANDLER(i915_gem_get_tiling);
UAPI_HANDLER(i915_gem_set_caching);
UAPI_HANDLER(i915_gem_get_caching);

/* uapi_i915_context.c */
UAPI_HANDLER(i915_gem_context_create);
UAPI_HANDLER(i915_gem_context_destroy);
UAPI_HANDLER(i915_gem_context_getparam);
UAPI_HANDLER(i915_gem_context_setparam);
UAPI_HANDLER(i915_get_reset_stats);

/* uapi_i915_exec.c */
UAPI_HANDLER(i915_gem_execbuffer2);

/* uapi_i915_param.c */
UAPI_HANDLER(i915_getparam);
UAPI_HANDLER(i915_gem_get_aperture);
UAPI_HANDLER(i915_gem_throttle);
UAPI_HANDLER(i915_reg_read);
UAPI_HANDLER(i915_get_pipe_from_crtc_id);
UAPI_HANDLER(i915_gone);
UAPI_HANDLER(i915_gem_execbuffer);

#endif
