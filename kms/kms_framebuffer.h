/*
 * Framebuffers: a format description over GEM objects (seed: "framebuffers are
 * created from an opaque driver-specific id and a format description").
 */
#ifndef KMS_FRAMEBUFFER_H
#define KMS_FRAMEBUFFER_H

#include "gem_file.h"
#include "gem_object.h"
#include "kms_format.h"
#include "kms_object.h"

struct kms_file;
struct kms_device;

struct kms_framebuffer {
	struct kms_object base; /* DRM_MODE_OBJECT_FB */
	/* Whose RMFB or close removes it; NULL = removed already. dev->lock. */
	struct kms_file *owner;
	struct gem_list file_link; /* owner's kms_file.framebuffers; dev->lock */
	uint32_t width, height;
	const struct kms_format *format;
	uint64_t modifier; /* LINEAR or I915_FORMAT_MOD_X_TILED */
	uint32_t flags; /* DRM_MODE_FB_* */
	int32_t maker; /* process whose file it was made on: gem_file.pid */
	/* For which process a compositor shows it, for reports; 0 = it does not say. */
	_Atomic int32_t client;
	struct {
		struct gem_object *object; /* reference and page pin, for the fb's life */
		const uint8_t *pixels;     /* first byte of the plane, in the server */
		uint32_t pitch, offset;    /* bytes */
	} planes[4];
};

/* Framebuffers of one file: a flood of them ends in -ENOMEM. */
#define KMS_FILE_MAX_FRAMEBUFFERS 65536

/*
 * ADDFB2 (kernel: drm_internal_framebuffer_create and drm_gem_fb_create):
 * checks format, modifier, sizes against the device's limits, pitches, that
 * every plane fits into its object, no handle in unused planes. Without
 * modifiers an object with X tiling gives a tiled framebuffer; with them the two
 * must not contradict each other (kernel: intel_framebuffer_init, whose rules of
 * gen4 and later we take: an object of no tiling may be tiled by hand). Publishes the
 * fb on file's list, which holds a reference; *out is another. Errors: -EINVAL;
 * -ERANGE sizes beyond 32 bits; -ENOENT bad handle; -ENOMEM.
 */
int kms_framebuffer_create(struct kms_file *file, struct gem_file *gem,
	const struct drm_mode_fb_cmd2 *cmd, struct kms_framebuffer **out);
/*
 * RMFB: takes it off every plane that shows it, then drops file's reference. Crtcs
 * stay on, unless they need their primary plane. -ENOENT unknown, or another file's.
 */
int kms_framebuffer_remove(struct kms_file *file, uint32_t id);
/*
 * For a cursor image: file's list no longer holds fb, so that it lives as long
 * as a plane shows it, or the caller's reference. Takes dev->lock.
 */
void kms_framebuffer_disown(struct kms_file *file, struct kms_framebuffer *fb);
/*
 * As RMFB for all of file's, for kms_file_finish. Crtcs whose primary plane shows one
 * of them are turned off: nobody is left to say what they are to show.
 */
void kms_framebuffer_remove_all(struct kms_file *file);
/* DIRTYFB: the CPU's cache is flushed; crtcs that show fb have new pixels for who watches. */
void kms_framebuffer_dirty(struct kms_framebuffer *fb);
/* New reference or NULL. */
struct kms_framebuffer *kms_framebuffer_lookup(struct kms_device *dev, uint32_t id);

#endif
