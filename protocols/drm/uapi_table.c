/*
 * The one ioctl table. Access flags as in the kernel's drm_ioctls[]. A request
 * without a row is refused with -EINVAL, as one without a function is there.
 */
#include <i915_drm.h>

#include "uapi_handlers.h"
#include "uapi_sync.h"

#define KEEP_ROW(op, access, function, keeps_)                           \
	[_IOC_NR(DRM_IOCTL_##op)] = {                                    \
		.cmd = DRM_IOCTL_##op,                                   \
		.flags = (access),                                       \
		.keeps = (keeps_),                                       \
		.handler = uapi_##function,                              \
		.name = #op,                                             \
	}
#define ROW(op, access, function) KEEP_ROW(op, access, function, 0)

/* What only the X server of the user mode setting days could ask. */
#define UMS (UAPI_AUTH | UAPI_MASTER | UAPI_ROOT_ONLY)

static const struct uapi_ioctl table[] = {
	/* core */
	KEEP_ROW(VERSION, UAPI_RENDER_ALLOW, version, UAPI_KEEPS),
	ROW(GET_UNIQUE, 0, get_unique),
	ROW(GET_MAGIC, 0, get_magic),
	ROW(GET_CLIENT, 0, get_client),
	ROW(GET_STATS, 0, get_stats),
	KEEP_ROW(GET_CAP, UAPI_RENDER_ALLOW, get_cap, UAPI_KEEPS),
	ROW(SET_CLIENT_CAP, 0, set_client_cap),
	ROW(SET_VERSION, UAPI_MASTER, set_version),
	ROW(AUTH_MAGIC, UAPI_MASTER, auth_magic),
	ROW(SET_MASTER, 0, set_master),
	ROW(DROP_MASTER, 0, drop_master),
	/* what is left of the user mode setting days */
	ROW(BLOCK, UMS, noop),
	ROW(UNBLOCK, UMS, noop),
	ROW(FINISH, UAPI_AUTH, noop),

	/* buffer objects */
	ROW(GEM_CLOSE, UAPI_RENDER_ALLOW, gem_close),
	ROW(GEM_FLINK, UAPI_AUTH, gem_flink),
	ROW(GEM_OPEN, UAPI_AUTH, gem_open),
	ROW(PRIME_HANDLE_TO_FD, UAPI_RENDER_ALLOW, prime_handle_to_fd),
	ROW(PRIME_FD_TO_HANDLE, UAPI_RENDER_ALLOW, prime_fd_to_handle),
	ROW(MODE_CREATE_DUMB, UAPI_RENDER_DUMB, mode_create_dumb),
	KEEP_ROW(MODE_MAP_DUMB, UAPI_RENDER_DUMB, mode_map_dumb, UAPI_KEEPS_HANDLES),
	ROW(MODE_DESTROY_DUMB, UAPI_RENDER_DUMB, mode_destroy_dumb),

	/* sync objects (uapi_syncobj.c) */
	ROW(SYNCOBJ_CREATE, UAPI_RENDER_ALLOW, syncobj_create),
	ROW(SYNCOBJ_DESTROY, UAPI_RENDER_ALLOW, syncobj_destroy),
	ROW(SYNCOBJ_HANDLE_TO_FD, UAPI_RENDER_ALLOW, syncobj_handle_to_fd),
	ROW(SYNCOBJ_FD_TO_HANDLE, UAPI_RENDER_ALLOW, syncobj_fd_to_handle),
	ROW(SYNCOBJ_TRANSFER, UAPI_RENDER_ALLOW, syncobj_transfer),
	ROW(SYNCOBJ_WAIT, UAPI_RENDER_ALLOW, syncobj_wait),
	ROW(SYNCOBJ_TIMELINE_WAIT, UAPI_RENDER_ALLOW, syncobj_timeline_wait),
	ROW(SYNCOBJ_RESET, UAPI_RENDER_ALLOW, syncobj_reset),
	ROW(SYNCOBJ_SIGNAL, UAPI_RENDER_ALLOW, syncobj_signal),
	ROW(SYNCOBJ_TIMELINE_SIGNAL, UAPI_RENDER_ALLOW, syncobj_timeline_signal),
	ROW(SYNCOBJ_QUERY, UAPI_RENDER_ALLOW, syncobj_query),
	[_IOC_NR(WIRE_IOCTL_SYNCOBJ_EVENTFD)] = {
		.cmd = WIRE_IOCTL_SYNCOBJ_EVENTFD,
		.flags = UAPI_RENDER_ALLOW,
		.handler = uapi_syncobj_eventfd,
		.name = "SYNCOBJ_EVENTFD",
	},

	/* mode objects (uapi_mode.c) */
	KEEP_ROW(MODE_GETRESOURCES, 0, mode_getresources, UAPI_KEEPS_FILE),
	KEEP_ROW(MODE_GETPLANERESOURCES, 0, mode_getplaneresources, UAPI_KEEPS_FILE),
	KEEP_ROW(MODE_GETPLANE, 0, mode_getplane, UAPI_KEEPS_STATE),
	KEEP_ROW(MODE_GETCRTC, 0, mode_getcrtc, UAPI_KEEPS_STATE | UAPI_KEEPS_FILE),
	KEEP_ROW(MODE_GETENCODER, 0, mode_getencoder, UAPI_KEEPS_STATE),
	KEEP_ROW(MODE_GETCONNECTOR, 0, mode_getconnector, UAPI_KEEPS_STATE | UAPI_KEEPS_FILE),
	ROW(MODE_GETGAMMA, 0, mode_getgamma),
	ROW(MODE_SETGAMMA, UAPI_MASTER, mode_setgamma),

	/* framebuffers (uapi_fb.c) */
	ROW(MODE_ADDFB, 0, mode_addfb),
	ROW(MODE_ADDFB2, 0, mode_addfb2),
	ROW(MODE_RMFB, 0, mode_rmfb),
	ROW(MODE_GETFB, 0, mode_getfb),
	ROW(MODE_GETFB2, 0, mode_getfb2),
	ROW(MODE_DIRTYFB, UAPI_MASTER, mode_dirtyfb),

	/* properties and blobs (uapi_property.c) */
	KEEP_ROW(MODE_GETPROPERTY, 0, mode_getproperty, UAPI_KEEPS),
	ROW(MODE_GETPROPBLOB, 0, mode_getpropblob),
	ROW(MODE_CREATEPROPBLOB, 0, mode_createpropblob),
	ROW(MODE_DESTROYPROPBLOB, 0, mode_destroypropblob),
	KEEP_ROW(MODE_OBJ_GETPROPERTIES, 0, mode_obj_getproperties,
		UAPI_KEEPS_STATE | UAPI_KEEPS_FILE),

	/* atomic (uapi_atomic.c) */
	ROW(MODE_ATOMIC, UAPI_MASTER | UAPI_UPCALL, mode_atomic),
	ROW(MODE_OBJ_SETPROPERTY, UAPI_MASTER, mode_obj_setproperty),
	ROW(MODE_SETPROPERTY, UAPI_MASTER, mode_setproperty),

	/* legacy mode setting (uapi_legacy.c) */
	ROW(MODE_SETCRTC, UAPI_MASTER, mode_setcrtc),
	ROW(MODE_PAGE_FLIP, UAPI_MASTER, mode_page_flip),
	ROW(MODE_SETPLANE, UAPI_MASTER, mode_setplane),
	ROW(MODE_CURSOR, UAPI_MASTER, mode_cursor),
	ROW(MODE_CURSOR2, UAPI_MASTER, mode_cursor2),

	/* vblank (uapi_vblank.c) */
	KEEP_ROW(WAIT_VBLANK, 0, wait_vblank, UAPI_KEEPS_VBLANK),
	KEEP_ROW(CRTC_GET_SEQUENCE, 0, crtc_get_sequence, UAPI_KEEPS_STATE | UAPI_KEEPS_VBLANK),
	ROW(CRTC_QUEUE_SEQUENCE, 0, crtc_queue_sequence),

	/* leases (uapi_lease_ioctl.c) */
	ROW(MODE_CREATE_LEASE, UAPI_MASTER, mode_create_lease),
	ROW(MODE_LIST_LESSEES, UAPI_MASTER, mode_list_lessees),
	ROW(MODE_GET_LEASE, UAPI_MASTER, mode_get_lease),
	ROW(MODE_REVOKE_LEASE, UAPI_MASTER, mode_revoke_lease),

	/* i915, left of the user mode setting days */
	ROW(I915_INIT, UMS, noop),
	ROW(I915_FLUSH, UAPI_AUTH, noop),
	ROW(I915_FLIP, UAPI_AUTH, noop),
	ROW(I915_BATCHBUFFER, UAPI_AUTH, noop),
	ROW(I915_IRQ_EMIT, UAPI_AUTH, noop),
	ROW(I915_IRQ_WAIT, UAPI_AUTH, noop),
	ROW(I915_SETPARAM, UMS, noop),
	ROW(I915_ALLOC, UAPI_AUTH, noop),
	ROW(I915_FREE, UAPI_AUTH, noop),
	ROW(I915_INIT_HEAP, UMS, noop),
	ROW(I915_CMDBUFFER, UAPI_AUTH, noop),
	ROW(I915_DESTROY_HEAP, UMS, noop),
	ROW(I915_SET_VBLANK_PIPE, UMS, noop),
	ROW(I915_GET_VBLANK_PIPE, UAPI_AUTH, noop),
	ROW(I915_VBLANK_SWAP, UAPI_AUTH, noop),
	ROW(I915_HWS_ADDR, UMS, noop),
	ROW(I915_GEM_INIT, UMS, noop),
	ROW(I915_GEM_ENTERVT, UMS, noop),
	ROW(I915_GEM_LEAVEVT, UMS, noop),
	ROW(I915_GEM_EXECBUFFER, UAPI_AUTH, i915_gem_execbuffer),
	ROW(I915_GEM_PIN, UAPI_AUTH | UAPI_ROOT_ONLY, i915_gone),
	ROW(I915_GEM_UNPIN, UAPI_AUTH | UAPI_ROOT_ONLY, i915_gone),
	ROW(I915_OVERLAY_PUT_IMAGE, UAPI_MASTER, i915_gone),
	ROW(I915_OVERLAY_ATTRS, UAPI_MASTER, i915_gone),
	ROW(I915_GET_SPRITE_COLORKEY, UAPI_MASTER, noop),

	/* i915 objects */
	ROW(I915_GEM_CREATE, UAPI_RENDER_ALLOW, i915_gem_create),
	ROW(I915_GEM_CREATE_EXT, UAPI_RENDER_ALLOW, i915_gem_create_ext),
	ROW(I915_GEM_USERPTR, UAPI_RENDER_ALLOW, i915_gem_userptr),
	ROW(I915_GEM_MMAP, UAPI_RENDER_ALLOW, i915_gem_mmap),
	ROW(I915_GEM_MMAP_OFFSET, UAPI_RENDER_ALLOW, i915_gem_mmap_offset),
	ROW(I915_GEM_PREAD, UAPI_RENDER_ALLOW, i915_gem_pread),
	ROW(I915_GEM_PWRITE, UAPI_RENDER_ALLOW, i915_gem_pwrite),
	ROW(I915_GEM_SET_DOMAIN, UAPI_RENDER_ALLOW, i915_gem_set_domain),
	ROW(I915_GEM_SW_FINISH, UAPI_RENDER_ALLOW, i915_gem_sw_finish),
	KEEP_ROW(I915_GEM_BUSY, UAPI_RENDER_ALLOW, i915_gem_busy, UAPI_KEEPS_IDLE),
	ROW(I915_GEM_WAIT, UAPI_RENDER_ALLOW, i915_gem_wait),
	ROW(I915_GEM_MADVISE, UAPI_RENDER_ALLOW, i915_gem_madvise),
	ROW(I915_GEM_SET_TILING, UAPI_RENDER_ALLOW, i915_gem_set_tiling),
	ROW(I915_GEM_GET_TILING, UAPI_RENDER_ALLOW, i915_gem_get_tiling),
	ROW(I915_GEM_SET_CACHING, UAPI_RENDER_ALLOW, i915_gem_set_caching),
	ROW(I915_GEM_GET_CACHING, UAPI_RENDER_ALLOW, i915_gem_get_caching),

	/* i915 device and contexts */
	KEEP_ROW(I915_GETPARAM, UAPI_RENDER_ALLOW, i915_getparam, UAPI_KEEPS),
	ROW(I915_GEM_GET_APERTURE, UAPI_RENDER_ALLOW, i915_gem_get_aperture),
	ROW(I915_GEM_THROTTLE, UAPI_RENDER_ALLOW, i915_gem_throttle),
	ROW(I915_REG_READ, UAPI_RENDER_ALLOW, i915_reg_read),
	ROW(I915_GEM_CONTEXT_CREATE_EXT, UAPI_RENDER_ALLOW, i915_gem_context_create),
	ROW(I915_GEM_CONTEXT_DESTROY, UAPI_RENDER_ALLOW, i915_gem_context_destroy),
	ROW(I915_GEM_CONTEXT_GETPARAM, UAPI_RENDER_ALLOW, i915_gem_context_getparam),
	ROW(I915_GEM_CONTEXT_SETPARAM, UAPI_RENDER_ALLOW, i915_gem_context_setparam),
	ROW(I915_GET_RESET_STATS, UAPI_RENDER_ALLOW, i915_get_reset_stats),
	ROW(I915_GEM_EXECBUFFER2_WR, UAPI_RENDER_ALLOW | UAPI_UPCALL, i915_gem_execbuffer2),
	ROW(I915_GEM_VM_CREATE, UAPI_RENDER_ALLOW, i915_gone),
	ROW(I915_GEM_VM_DESTROY, UAPI_RENDER_ALLOW, i915_gone),
	ROW(I915_GET_PIPE_FROM_CRTC_ID, 0, i915_get_pipe_from_crtc_id),
};

const struct uapi_ioctl *uapi_ioctl_find(unsigned int nr)
{
	if (nr >= GEM_ARRAY_SIZE(table) || !table[nr].handler)
		return NULL;
	return &table[nr];
}
