#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "kms_plane.h"
#include "kms_standard.h"

static uint64_t all_formats(const struct kms_plane *plane)
{
	return ~0ull >> (64 - plane->format_count);
}

bool kms_plane_takes(const struct kms_plane *plane, uint32_t fourcc, uint64_t modifier)
{
	const struct kms_modifier_desc *modifiers = plane->desc.modifiers;

	for (unsigned i = 0; i < plane->format_count; i++) {
		if (plane->formats[i] != fourcc)
			continue;
		for (unsigned j = 0; j < plane->desc.modifier_count; j++) {
			if (modifiers[j].modifier == modifier)
				return modifiers[j].formats >> i & 1;
		}
		return false;
	}
	return false;
}

/* What uAPI calls drm_plane_size_hint; headers of this libdrm do not have it. */
static int create_size_hints(struct kms_plane *plane, struct kms_blob **out)
{
	const struct kms_plane_desc *desc = &plane->desc;

	*out = NULL;
	if (!desc->size_hint_count)
		return 0;
	return kms_blob_create(plane->base.dev, NULL, desc->size_hints,
		desc->size_hint_count * sizeof(desc->size_hints[0]), out);
}

/* IN_FORMATS: the formats, then each modifier with a mask of those it goes with. */
static int create_in_formats(struct kms_plane *plane, struct kms_blob **out)
{
	struct {
		struct drm_format_modifier_blob head;
		uint32_t formats[KMS_MAX_FORMATS];
		struct drm_format_modifier modifiers[KMS_MAX_MODIFIERS]; /* 8-aligned, as it must be */
	} blob = {
		.head = {
			.version = FORMAT_BLOB_CURRENT,
			.count_formats = plane->format_count,
			.formats_offset = sizeof(blob.head),
			.count_modifiers = plane->desc.modifier_count,
		},
	};
	size_t used = GEM_ALIGN(sizeof(blob.head) + plane->format_count * sizeof(uint32_t), 8ul);

	memcpy(blob.formats, plane->formats, plane->format_count * sizeof(uint32_t));
	blob.head.modifiers_offset = used;
	for (unsigned i = 0; i < plane->desc.modifier_count; i++) {
		const struct drm_format_modifier modifier = {
			.formats = plane->desc.modifiers[i].formats,
			.modifier = plane->desc.modifiers[i].modifier,
		};
		memcpy((char *)&blob + used, &modifier, sizeof(modifier));
		used += sizeof(modifier);
	}
	return kms_blob_create(plane->base.dev, NULL, &blob, used, out);
}

static void attach(struct kms_plane *plane, struct kms_property *prop, uint64_t value)
{
	if (prop)
		kms_object_attach_property(&plane->base, prop, value);
}

/* In the kernel's order: the core's, then what drivers add (i915's order). */
static void attach_properties(struct kms_plane *plane, uint32_t in_formats, uint32_t size_hints)
{
	struct kms_device *dev = plane->base.dev;
	const struct kms_standard_props *props = &dev->props;

	attach(plane, props->plane_type, plane->type);
	attach(plane, props->fb_id, 0);
	attach(plane, props->in_fence_fd, UINT64_MAX);
	attach(plane, props->plane_crtc_id, 0);
	attach(plane, props->crtc_x, 0);
	attach(plane, props->crtc_y, 0);
	attach(plane, props->crtc_w, 0);
	attach(plane, props->crtc_h, 0);
	attach(plane, props->src_x, 0);
	attach(plane, props->src_y, 0);
	attach(plane, props->src_w, 0);
	attach(plane, props->src_h, 0);
	attach(plane, props->in_formats, in_formats);
	attach(plane, dev->plane_props[plane->index].rotation, 0);
	attach(plane, dev->plane_props[plane->index].encoding, 0);
	attach(plane, dev->plane_props[plane->index].range, 0);
	attach(plane, dev->plane_props[plane->index].alpha, 0);
	attach(plane, dev->plane_props[plane->index].blend, 0);
	attach(plane, dev->plane_props[plane->index].zpos, plane->desc.zpos);
	if (plane->desc.damage_clips)
		attach(plane, props->damage_clips, 0);
	if (size_hints)
		attach(plane, props->size_hints, size_hints);
}

struct kms_plane_state kms_plane_first_state(const struct kms_plane *plane)
{
	return (struct kms_plane_state) {
		.alpha = 0xffff,
		.rotation = DRM_MODE_ROTATE_0,
		.zpos = plane->desc.zpos,
		.encoding = plane->desc.color_encoding,
		.range = plane->desc.color_range,
	};
}

static void free_arrays(struct kms_plane *plane)
{
	free(plane->formats);
	free((void *)plane->desc.modifiers);
	free((void *)plane->desc.size_hints);
}

static int copy_desc(struct kms_plane *plane, const struct kms_plane_desc *desc)
{
	static const struct kms_modifier_desc linear = {.modifier = DRM_FORMAT_MOD_LINEAR};
	const struct kms_modifier_desc *from = desc->modifier_count ? desc->modifiers : &linear;
	unsigned count = desc->modifier_count ? desc->modifier_count : 1;
	struct kms_modifier_desc *modifiers = calloc(count, sizeof(*modifiers));
	struct kms_size_hint *hints = calloc(desc->size_hint_count + 1, sizeof(*hints));

	plane->desc = *desc;
	plane->type = desc->type;
	plane->possible_crtcs = desc->possible_crtcs;
	plane->format_count = desc->format_count;
	plane->formats = calloc(desc->format_count, sizeof(plane->formats[0]));
	plane->desc.formats = plane->formats;
	plane->desc.modifiers = modifiers;
	plane->desc.modifier_count = count;
	plane->desc.size_hints = hints;
	if (!plane->formats || !modifiers || !hints) {
		free_arrays(plane);
		return -ENOMEM;
	}
	memcpy(plane->formats, desc->formats, desc->format_count * sizeof(plane->formats[0]));
	if (desc->size_hint_count)
		memcpy(hints, desc->size_hints, desc->size_hint_count * sizeof(*hints));
	for (unsigned i = 0; i < count; i++) {
		modifiers[i] = from[i];
		if (!modifiers[i].formats)
			modifiers[i].formats = all_formats(plane);
	}
	return 0;
}

static int publish(struct kms_plane *plane)
{
	struct kms_device *dev = plane->base.dev;
	struct kms_blob *in_formats, *size_hints;
	int ret = kms_standard_create_plane(dev, plane->index, &plane->desc);

	if (ret == 0)
		ret = create_in_formats(plane, &in_formats);
	if (ret < 0)
		return ret;
	ret = create_size_hints(plane, &size_hints);
	if (ret < 0) {
		kms_object_put(&in_formats->base);
		return ret;
	}
	attach_properties(plane, in_formats->base.id, size_hints ? size_hints->base.id : 0);
	return 0;
}

int kms_plane_init(struct kms_device *dev, const struct kms_plane_desc *desc)
{
	struct kms_plane *plane = &dev->planes[dev->plane_count];
	int ret = copy_desc(plane, desc);

	if (ret < 0)
		return ret;
	plane->index = dev->plane_count;
	ret = kms_object_add(dev, &plane->base, DRM_MODE_OBJECT_PLANE, NULL);
	if (ret == 0)
		ret = publish(plane);
	if (ret < 0) {
		free_arrays(plane);
		return ret;
	}
	plane->state = plane->scanout = kms_plane_first_state(plane);
	dev->plane_count++;
	return 0;
}

void kms_plane_finish(struct kms_plane *plane)
{
	struct kms_device *dev = plane->base.dev;

	kms_object_put_blob_value(&plane->base, dev->props.in_formats);
	kms_object_put_blob_value(&plane->base, dev->props.size_hints);
	free_arrays(plane);
}

const char *kms_plane_type_name(uint32_t type)
{
	static const char *const names[] = {
		[KMS_PLANE_OVERLAY] = "overlay",
		[KMS_PLANE_PRIMARY] = "primary",
		[KMS_PLANE_CURSOR] = "cursor",
	};

	return names[type];
}
