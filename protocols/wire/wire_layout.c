#include <drm.h>
#include <i915_drm.h>
#include <linux/input.h>
#include <linux/ioctl.h>
#include <linux/kd.h>
#include <linux/sync_file.h>
#include <stdatomic.h>

#include "wire.h"
#include "wire_layout.h"
#include "wire_uapi.h"

#define FIELD_SIZE(type, field) sizeof(((type *)0)->field)

#define NO_FDS .fd_in = WIRE_NO_FIELD, .fd_out = WIRE_NO_FIELD

/* count_field elements of element bytes at pointer_field */
#define ARRAY(type, pointer_field, count_field, element_, direction_)                         \
	{                                                                                     \
		.pointer = offsetof(type, pointer_field), .count = offsetof(type, count_field), \
		.pointer_size = FIELD_SIZE(type, pointer_field),                              \
		.count_size = FIELD_SIZE(type, count_field), .kind = WIRE_COUNT_FIELD,        \
		.direction = direction_, .element = element_,                                 \
	}
#define IN_ARRAY(type, pointer, count, element) ARRAY(type, pointer, count, element, WIRE_SEG_IN)
#define OUT_ARRAY(type, pointer, count, element) ARRAY(type, pointer, count, element, WIRE_SEG_OUT)

#define SUM_ARRAY(type, pointer_field, count_field, counts_field, element_)                   \
	{                                                                                     \
		.pointer = offsetof(type, pointer_field), .count = offsetof(type, count_field), \
		.pointer_size = FIELD_SIZE(type, pointer_field),                              \
		.count_size = FIELD_SIZE(type, count_field), .kind = WIRE_COUNT_SUM,          \
		.direction = WIRE_SEG_IN, .element = element_,                                \
		.counts_pointer = offsetof(type, counts_field),                               \
	}

#define BULK_ARRAY(type, pointer_field, count_field, direction_)                              \
	{                                                                                     \
		.pointer = offsetof(type, pointer_field), .count = offsetof(type, count_field), \
		.pointer_size = FIELD_SIZE(type, pointer_field),                              \
		.count_size = FIELD_SIZE(type, count_field), .kind = WIRE_COUNT_BULK,         \
		.direction = direction_, .element = 1,                                        \
	}

/* Counts only when a bit of mask is set in flags_field. */
#define WHEN(type, flags_field, mask_) {.flags = offsetof(type, flags_field), .mask = mask_}

#define CHAIN(type, field, extensions_)                                                       \
	.chain = true, .chain_head = offsetof(type, field), .extensions = extensions_,        \
	.extension_count = sizeof(extensions_) / sizeof(struct wire_extension)

#define ROW(request_, count_, ...) \
	{.request = request_, NO_FDS, .array_count = count_, .arrays = {__VA_ARGS__}}

static const struct wire_extension create_extensions[] = {
	{I915_GEM_CREATE_EXT_MEMORY_REGIONS, sizeof(struct drm_i915_gem_create_ext_memory_regions),
		1, {IN_ARRAY(struct drm_i915_gem_create_ext_memory_regions, regions, num_regions,
			sizeof(struct drm_i915_gem_memory_class_instance))}},
	{.name = I915_GEM_CREATE_EXT_PROTECTED_CONTENT,
		.size = sizeof(struct drm_i915_gem_create_ext_protected_content)},
};
static const struct wire_extension context_extensions[] = {
	{.name = I915_CONTEXT_CREATE_EXT_SETPARAM,
		.size = sizeof(struct drm_i915_gem_context_create_ext_setparam)},
};

/*
 * EXECBUFFER2: the addresses that were assumed come back corrected, in the list
 * and in the relocations, for the request without "_WR" too. cliprects_ptr is an
 * array or a chain, and the halves of rsvd2 are descriptors, by flags.
 */
#define EXECBUFFER struct drm_i915_gem_execbuffer2
static const struct wire_array exec_relocs = ARRAY(struct drm_i915_gem_exec_object2, relocs_ptr,
	relocation_count, sizeof(struct drm_i915_gem_relocation_entry), WIRE_SEG_IN | WIRE_SEG_OUT);
static const struct wire_extension exec_extensions[] = {
	{DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES,
		sizeof(struct drm_i915_gem_execbuffer_ext_timeline_fences), 2,
		{IN_ARRAY(struct drm_i915_gem_execbuffer_ext_timeline_fences, handles_ptr,
			fence_count, sizeof(struct drm_i915_gem_exec_fence)),
		IN_ARRAY(struct drm_i915_gem_execbuffer_ext_timeline_fences, values_ptr,
			fence_count, sizeof(uint64_t))}},
};
static const struct wire_layout layouts[] = {
	ROW(DRM_IOCTL_VERSION, 3,
		OUT_ARRAY(struct drm_version, name, name_len, 1),
		OUT_ARRAY(struct drm_version, date, date_len, 1),
		OUT_ARRAY(struct drm_version, desc, desc_len, 1)),
	ROW(DRM_IOCTL_GET_UNIQUE, 1, OUT_ARRAY(struct drm_unique, unique, unique_len, 1)),

	{.request = DRM_IOCTL_PRIME_HANDLE_TO_FD, .fd_in = WIRE_NO_FIELD,
		.fd_out = offsetof(struct drm_prime_handle, fd)},
	{.request = DRM_IOCTL_PRIME_FD_TO_HANDLE, .fd_in = offsetof(struct drm_prime_handle, fd),
		.fd_out = WIRE_NO_FIELD},

	ROW(DRM_IOCTL_MODE_GETRESOURCES, 4,
		OUT_ARRAY(struct drm_mode_card_res, fb_id_ptr, count_fbs, 4),
		OUT_ARRAY(struct drm_mode_card_res, crtc_id_ptr, count_crtcs, 4),
		OUT_ARRAY(struct drm_mode_card_res, connector_id_ptr, count_connectors, 4),
		OUT_ARRAY(struct drm_mode_card_res, encoder_id_ptr, count_encoders, 4)),
	ROW(DRM_IOCTL_MODE_SETCRTC, 1,
		IN_ARRAY(struct drm_mode_crtc, set_connectors_ptr, count_connectors, 4)),
	ROW(DRM_IOCTL_MODE_GETGAMMA, 3,
		OUT_ARRAY(struct drm_mode_crtc_lut, red, gamma_size, 2),
		OUT_ARRAY(struct drm_mode_crtc_lut, green, gamma_size, 2),
		OUT_ARRAY(struct drm_mode_crtc_lut, blue, gamma_size, 2)),
	ROW(DRM_IOCTL_MODE_SETGAMMA, 3,
		IN_ARRAY(struct drm_mode_crtc_lut, red, gamma_size, 2),
		IN_ARRAY(struct drm_mode_crtc_lut, green, gamma_size, 2),
		IN_ARRAY(struct drm_mode_crtc_lut, blue, gamma_size, 2)),
	ROW(DRM_IOCTL_MODE_GETCONNECTOR, 4,
		OUT_ARRAY(struct drm_mode_get_connector, encoders_ptr, count_encoders, 4),
		OUT_ARRAY(struct drm_mode_get_connector, modes_ptr, count_modes,
			sizeof(struct drm_mode_modeinfo)),
		OUT_ARRAY(struct drm_mode_get_connector, props_ptr, count_props, 4),
		OUT_ARRAY(struct drm_mode_get_connector, prop_values_ptr, count_props, 8)),
	ROW(DRM_IOCTL_MODE_GETPROPERTY, 2,
		OUT_ARRAY(struct drm_mode_get_property, values_ptr, count_values, 8),
		OUT_ARRAY(struct drm_mode_get_property, enum_blob_ptr, count_enum_blobs,
			sizeof(struct drm_mode_property_enum))),
	ROW(DRM_IOCTL_MODE_GETPROPBLOB, 1, OUT_ARRAY(struct drm_mode_get_blob, data, length, 1)),
	ROW(DRM_IOCTL_MODE_DIRTYFB, 1,
		IN_ARRAY(struct drm_mode_fb_dirty_cmd, clips_ptr, num_clips,
			sizeof(struct drm_clip_rect))),
	ROW(DRM_IOCTL_MODE_GETPLANERESOURCES, 1,
		OUT_ARRAY(struct drm_mode_get_plane_res, plane_id_ptr, count_planes, 4)),
	ROW(DRM_IOCTL_MODE_GETPLANE, 1,
		OUT_ARRAY(struct drm_mode_get_plane, format_type_ptr, count_format_types, 4)),
	ROW(DRM_IOCTL_MODE_OBJ_GETPROPERTIES, 2,
		OUT_ARRAY(struct drm_mode_obj_get_properties, props_ptr, count_props, 4),
		OUT_ARRAY(struct drm_mode_obj_get_properties, prop_values_ptr, count_props, 8)),
	/* Values may be descriptors (IN_FENCE_FD) and addresses (OUT_FENCE_PTR): upcalls. */
	{.request = DRM_IOCTL_MODE_ATOMIC, .upcalls = true, NO_FDS, .array_count = 4, .arrays = {
		IN_ARRAY(struct drm_mode_atomic, objs_ptr, count_objs, 4),
		IN_ARRAY(struct drm_mode_atomic, count_props_ptr, count_objs, 4),
		SUM_ARRAY(struct drm_mode_atomic, props_ptr, count_objs, count_props_ptr, 4),
		SUM_ARRAY(struct drm_mode_atomic, prop_values_ptr, count_objs, count_props_ptr, 8)}},
	ROW(DRM_IOCTL_MODE_CREATEPROPBLOB, 1,
		IN_ARRAY(struct drm_mode_create_blob, data, length, 1)),

	{.request = DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, .fd_in = WIRE_NO_FIELD,
		.fd_out = offsetof(struct drm_syncobj_handle, fd)},
	{.request = DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
		.fd_in = offsetof(struct drm_syncobj_handle, fd), .fd_out = WIRE_NO_FIELD},
	ROW(DRM_IOCTL_SYNCOBJ_WAIT, 1,
		IN_ARRAY(struct drm_syncobj_wait, handles, count_handles, 4)),
	ROW(DRM_IOCTL_SYNCOBJ_RESET, 1,
		IN_ARRAY(struct drm_syncobj_array, handles, count_handles, 4)),
	ROW(DRM_IOCTL_SYNCOBJ_SIGNAL, 1,
		IN_ARRAY(struct drm_syncobj_array, handles, count_handles, 4)),
	ROW(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, 2,
		IN_ARRAY(struct drm_syncobj_timeline_wait, handles, count_handles, 4),
		IN_ARRAY(struct drm_syncobj_timeline_wait, points, count_handles, 8)),
	ROW(DRM_IOCTL_SYNCOBJ_QUERY, 2,
		IN_ARRAY(struct drm_syncobj_timeline_array, handles, count_handles, 4),
		OUT_ARRAY(struct drm_syncobj_timeline_array, points, count_handles, 8)),
	ROW(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, 2,
		IN_ARRAY(struct drm_syncobj_timeline_array, handles, count_handles, 4),
		IN_ARRAY(struct drm_syncobj_timeline_array, points, count_handles, 8)),

	{.request = WIRE_IOCTL_SYNCOBJ_EVENTFD, .fd_in = offsetof(struct wire_syncobj_eventfd, fd),
		.fd_out = WIRE_NO_FIELD},
	{.request = SYNC_IOC_MERGE, .fd_in = offsetof(struct sync_merge_data, fd2),
		.fd_out = offsetof(struct sync_merge_data, fence)},
	ROW(SYNC_IOC_FILE_INFO, 1, OUT_ARRAY(struct sync_file_info, sync_fence_info, num_fences,
		sizeof(struct sync_fence_info))),
	{.request = WIRE_SW_SYNC_CREATE_FENCE, .fd_in = WIRE_NO_FIELD,
		.fd_out = offsetof(struct wire_sw_sync_create_fence, fence)},
	ROW(WIRE_WRITE, 1, IN_ARRAY(struct wire_write, text, length, 1)),

	{.request = DRM_IOCTL_MODE_CREATE_LEASE, .fd_in = WIRE_NO_FIELD,
		.fd_out = offsetof(struct drm_mode_create_lease, fd), .array_count = 1,
		.arrays = {IN_ARRAY(struct drm_mode_create_lease, object_ids, object_count, 4)}},
	ROW(DRM_IOCTL_MODE_LIST_LESSEES, 1,
		OUT_ARRAY(struct drm_mode_list_lessees, lessees_ptr, count_lessees, 4)),
	ROW(DRM_IOCTL_MODE_GET_LEASE, 1,
		OUT_ARRAY(struct drm_mode_get_lease, objects_ptr, count_objects, 4)),

	{.request = DRM_IOCTL_I915_GETPARAM, NO_FDS, .array_count = 1, .arrays = {
		{.pointer = offsetof(struct drm_i915_getparam, value),
			.pointer_size = FIELD_SIZE(struct drm_i915_getparam, value),
			.kind = WIRE_COUNT_ONE, .direction = WIRE_SEG_OUT,
				.element = sizeof(int)}}},
	ROW(DRM_IOCTL_I915_GEM_PREAD, 1,
		BULK_ARRAY(struct drm_i915_gem_pread, data_ptr, size, WIRE_SEG_OUT)),
	ROW(DRM_IOCTL_I915_GEM_PWRITE, 1,
		BULK_ARRAY(struct drm_i915_gem_pwrite, data_ptr, size, WIRE_SEG_IN)),
	{.request = DRM_IOCTL_I915_GEM_MMAP, .maps = true, NO_FDS},
	{.request = DRM_IOCTL_I915_GEM_MMAP_OFFSET, NO_FDS,
		.chain = true, .chain_head = offsetof(struct drm_i915_gem_mmap_offset, extensions)},
	{.request = DRM_IOCTL_I915_GEM_CREATE_EXT, NO_FDS,
		CHAIN(struct drm_i915_gem_create_ext, extensions, create_extensions)},
	{.request = DRM_IOCTL_I915_GEM_CONTEXT_CREATE_EXT, NO_FDS,
		CHAIN(struct drm_i915_gem_context_create_ext, extensions, context_extensions)},

	{.request = DRM_IOCTL_I915_GEM_EXECBUFFER2_WR, .upcalls = true,
		.fd_in = offsetof(EXECBUFFER, rsvd2),
		.fd_in_when = WHEN(EXECBUFFER, flags, I915_EXEC_FENCE_IN | I915_EXEC_FENCE_SUBMIT),
		.fd_out = offsetof(EXECBUFFER, rsvd2) + sizeof(int32_t),
		.fd_out_when = WHEN(EXECBUFFER, flags, I915_EXEC_FENCE_OUT),
		CHAIN(EXECBUFFER, cliprects_ptr, exec_extensions),
		.chain_when = WHEN(EXECBUFFER, flags, I915_EXEC_USE_EXTENSIONS),
		.array_count = 2, .arrays = {
			{.pointer = offsetof(EXECBUFFER, buffers_ptr),
				.pointer_size = FIELD_SIZE(EXECBUFFER, buffers_ptr),
				.count = offsetof(EXECBUFFER, buffer_count),
				.count_size = FIELD_SIZE(EXECBUFFER, buffer_count),
				.direction = WIRE_SEG_IN | WIRE_SEG_OUT,
				.element = sizeof(struct drm_i915_gem_exec_object2),
				.inner = &exec_relocs},
			{.pointer = offsetof(EXECBUFFER, cliprects_ptr),
				.pointer_size = FIELD_SIZE(EXECBUFFER, cliprects_ptr),
				.count = offsetof(EXECBUFFER, num_cliprects),
				.count_size = FIELD_SIZE(EXECBUFFER, num_cliprects),
				.direction = WIRE_SEG_IN,
				.element = sizeof(struct drm_i915_gem_exec_fence),
				.when = WHEN(EXECBUFFER, flags, I915_EXEC_FENCE_ARRAY)}}},

	ROW(WIRE_FBIOGETCMAP, 4,
		OUT_ARRAY(struct fb_cmap, red, len, 2), OUT_ARRAY(struct fb_cmap, green, len, 2),
		OUT_ARRAY(struct fb_cmap, blue, len, 2), OUT_ARRAY(struct fb_cmap, transp, len, 2)),
	ROW(WIRE_FBIOPUTCMAP, 4,
		IN_ARRAY(struct fb_cmap, red, len, 2), IN_ARRAY(struct fb_cmap, green, len, 2),
		IN_ARRAY(struct fb_cmap, blue, len, 2), IN_ARRAY(struct fb_cmap, transp, len, 2)),
	{.request = FBIOBLANK, .value = true, NO_FDS},
	ROW(WIRE_FB_READ, 1, BULK_ARRAY(struct wire_fb_io, address, length, WIRE_SEG_OUT)),
	ROW(WIRE_FB_WRITE, 1, BULK_ARRAY(struct wire_fb_io, address, length, WIRE_SEG_IN)),

	{.request = VT_RELDISP, .value = true, NO_FDS},
	{.request = VT_ACTIVATE, .value = true, NO_FDS},
	{.request = VT_WAITACTIVE, .value = true, NO_FDS},
	{.request = VT_DISALLOCATE, .value = true, NO_FDS},
	{.request = KDSETLED, .value = true, NO_FDS},
	{.request = KDSETMODE, .value = true, NO_FDS},
	{.request = KDSKBMODE, .value = true, NO_FDS},
	{.request = KDSKBLED, .value = true, NO_FDS},
	{.request = WIRE_KDSKBMUTE, .value = true, NO_FDS},

	ROW(WIRE_INPUT_READ, 1, BULK_ARRAY(struct wire_input_io, address, length, WIRE_SEG_OUT)),
	ROW(WIRE_INPUT_WRITE, 1, BULK_ARRAY(struct wire_input_io, address, length, WIRE_SEG_IN)),
	{.request = EVIOCGRAB, .value = true, NO_FDS},
	{.request = EVIOCREVOKE, .value = true, NO_FDS},
	{.request = EVIOCRMFF, .value = true, NO_FDS},
	ROW(EVIOCGMASK, 1, OUT_ARRAY(struct input_mask, codes_ptr, codes_size, 1)),
	ROW(EVIOCSMASK, 1, IN_ARRAY(struct input_mask, codes_ptr, codes_size, 1)),
};

static const struct wire_layout *search(uint32_t request)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (_IOC_TYPE(layouts[i].request) == _IOC_TYPE(request) &&
		    _IOC_NR(layouts[i].request) == _IOC_NR(request))
			return &layouts[i];
	}
	return NULL;
}

/* DRM's are looked up with every ioctl: once each. Threads that meet find the same. */
const struct wire_layout *wire_layout_find(uint32_t request)
{
	static const struct wire_layout none;
	static _Atomic(const struct wire_layout *) found[1 << _IOC_NRBITS];

	if (_IOC_TYPE(request) != DRM_IOCTL_BASE)
		return search(request);
	const struct wire_layout *row = atomic_load_explicit(&found[_IOC_NR(request)],
		memory_order_relaxed);
	if (!row) {
		row = search(request);
		atomic_store_explicit(&found[_IOC_NR(request)], row ? row : &none,
			memory_order_relaxed);
	}
	return row == &none ? NULL : row;
}

const struct wire_layout *wire_layout_row(size_t i)
{
	return i < sizeof(layouts) / sizeof(layouts[0]) ? &layouts[i] : NULL;
}

uint32_t wire_layout_direction(uint32_t request)
{
	uint32_t flags = 0;

	if (_IOC_DIR(request) & _IOC_WRITE)
		flags |= WIRE_SEG_IN;
	/* evdev's "read" requests also look at the buffer (MTSLOTS, KEYCODE, MASK). */
	if (_IOC_DIR(request) & _IOC_READ)
		flags |= WIRE_SEG_OUT | (_IOC_TYPE(request) == 'E' ? WIRE_SEG_IN : 0);
	return flags;
}
