/*
 * The one ioctl table. Access flags as in the kernel's drm_ioctls[]. A request
 * without a row is refused with -EINVAL, as one without a function is there.
 */
#include "uapi_handlers.h"

#define ROW(op, access, function)                                        \
	[_IOC_NR(DRM_IOCTL_##op)] = {                                    \
		.cmd = DRM_IOCTL_##op,                                   \
		.flags = (access),                                       \
		.handler = uapi_##function,                              \
		.name = #op,                                             \
	}

static const struct uapi_ioctl table[] = {
	/* core */
	ROW(VERSION, UAPI_RENDER_ALLOW, version),
	ROW(GET_UNIQUE, 0, get_unique),
	ROW(GET_MAGIC, 0, get_magic),
	ROW(GET_CLIENT, 0, get_client),
	ROW(GET_STATS, 0, get_stats),
	ROW(GET_CAP, UAPI_RENDER_ALLOW, get_cap),
	ROW(SET_CLIENT_CAP, 0, set_client_cap),
	ROW(SET_VERSION, UAPI_MASTER, set_version),
	ROW(AUTH_MAGIC, UAPI_MASTER, auth_magic),
	ROW(SET_MASTER, 0, set_master),
	ROW(DROP_MASTER, 0, drop_master),
	/* what is left of the user mode setting days */
	ROW(BLOCK, UAPI_AUTH | UAPI_MASTER | UAPI_ROOT_ONLY, noop),
	ROW(UNBLOCK, UAPI_AUTH | UAPI_MASTER | UAPI_ROOT_ONLY, noop),
	ROW(FINISH, UAPI_AUTH, noop),

	/* buffer objects */
	ROW(GEM_CLOSE, UAPI_RENDER_ALLOW, gem_close),
	ROW(GEM_FLINK, UAPI_AUTH, gem_flink),
	ROW(GEM_OPEN, UAPI_AUTH, gem_open),
	ROW(PRIME_HANDLE_TO_FD, UAPI_RENDER_ALLOW, prime_handle_to_fd),
	ROW(PRIME_FD_TO_HANDLE, UAPI_RENDER_ALLOW, prime_fd_to_handle),
	ROW(MODE_CREATE_DUMB, 0, mode_create_dumb),
	ROW(MODE_MAP_DUMB, 0, mode_map_dumb),
	ROW(MODE_DESTROY_DUMB, 0, mode_destroy_dumb),

	/* mode objects (uapi_mode.c) */
	ROW(MODE_GETRESOURCES, 0, mode_getresources),
	ROW(MODE_GETPLANERESOURCES, 0, mode_getplaneresources),
	ROW(MODE_GETPLANE, 0, mode_getplane),
	ROW(MODE_GETCRTC, 0, mode_getcrtc),
	ROW(MODE_GETENCODER, 0, mode_getencoder),
	ROW(MODE_GETCONNECTOR, 0, mode_getconnector),
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
	ROW(MODE_GETPROPERTY, 0, mode_getproperty),
	ROW(MODE_GETPROPBLOB, 0, mode_getpropblob),
	ROW(MODE_CREATEPROPBLOB, 0, mode_createpropblob),
	ROW(MODE_DESTROYPROPBLOB, 0, mode_destroypropblob),
	ROW(MODE_OBJ_GETPROPERTIES, 0, mode_obj_getproperties),

	/* atomic (uapi_atomic.c) */
	ROW(MODE_ATOMIC, UAPI_MASTER, mode_atomic),
	ROW(MODE_OBJ_SETPROPERTY, UAPI_MASTER, mode_obj_setproperty),
	ROW(MODE_SETPROPERTY, UAPI_MASTER, mode_setproperty),

	/* legacy mode setting (uapi_legacy.c) */
	ROW(MODE_SETCRTC, UAPI_MASTER, mode_setcrtc),
	ROW(MODE_PAGE_FLIP, UAPI_MASTER, mode_page_flip),
	ROW(MODE_SETPLANE, UAPI_MASTER, mode_setplane),
	ROW(MODE_CURSOR, UAPI_MASTER, mode_cursor),
	ROW(MODE_CURSOR2, UAPI_MASTER, mode_cursor2),

	/* vblank (uapi_vblank.c) */
	ROW(WAIT_VBLANK, 0, wait_vblank),
	ROW(CRTC_GET_SEQUENCE, 0, crtc_get_sequence),
	ROW(CRTC_QUEUE_SEQUENCE, 0, crtc_queue_sequence),
};

const struct uapi_ioctl *uapi_ioctl_find(unsigned int nr)
{
	if (nr >= GEM_ARRAY_SIZE(table) || !table[nr].handler)
		return NULL;
	return &table[nr];
}
