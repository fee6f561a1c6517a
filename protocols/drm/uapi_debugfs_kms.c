/*
 * debugfs "framebuffer" and "state": the committed state as the kernel's
 * drm_atomic_print_new_state has it. All under master_lock and kms->lock, one moment.
 */
#include <drm_fourcc.h>
#include <drm_mode.h>

#include "kms_framebuffer.h"
#include "uapi_debugfs.h"

/* Who made fb; its file is listed, or it has lost its owner. */
static const struct uapi_file *owner_of(const struct kms_framebuffer *fb)
{
	return fb->owner ? gem_container_of(fb->owner, struct uapi_file, kms) : NULL;
}

static const char *tabs(unsigned count)
{
	static const char all[] = "\t\t\t\t\t\t";

	return all + sizeof(all) - 1 - count;
}

static void print_object(const struct gem_object *obj, unsigned indent, FILE *out)
{
	pthread_mutex_lock(&obj->dev->object_name_lock);
	uint32_t name = obj->name;
	pthread_mutex_unlock(&obj->dev->object_name_lock);
	fprintf(out, "%sname=%u\n", tabs(indent), name);
	fprintf(out, "%srefcount=%u\n", tabs(indent), atomic_load(&obj->refcount));
	fprintf(out, "%ssize=%llu\n", tabs(indent), (unsigned long long)obj->size);
	fprintf(out, "%simported=%s\n", tabs(indent), obj->import_attach ? "yes" : "no");
}

static void print_framebuffer(const struct kms_framebuffer *fb, unsigned indent, FILE *out)
{
	const struct uapi_file *owner = owner_of(fb);
	uint32_t fourcc = fb->format->fourcc;
	char comm[16] = "<unknown>";

	if (owner)
		uapi_debugfs_comm(owner->base.pid, comm);
	fprintf(out, "%sallocated by = %s\n", tabs(indent), comm);
	fprintf(out, "%srefcount=%u\n", tabs(indent), atomic_load(&fb->base.refcount));
	fprintf(out, "%sformat=%c%c%c%c %s-endian (0x%08x)\n", tabs(indent), fourcc & 0xff,
		fourcc >> 8 & 0xff, fourcc >> 16 & 0xff, fourcc >> 24 & 0x7f,
		fourcc & DRM_FORMAT_BIG_ENDIAN ? "big" : "little", fourcc);
	fprintf(out, "%smodifier=0x%llx\n", tabs(indent), (unsigned long long)fb->modifier);
	fprintf(out, "%ssize=%ux%u\n", tabs(indent), fb->width, fb->height);
	fprintf(out, "%slayers:\n", tabs(indent));
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(fb->planes) && fb->planes[i].object; i++) {
		fprintf(out, "%spitch[%u]=%u\n", tabs(indent + 1), i, fb->planes[i].pitch);
		fprintf(out, "%soffset[%u]=%u\n", tabs(indent + 1), i, fb->planes[i].offset);
		fprintf(out, "%sobj[%u]:\n", tabs(indent + 1), i);
		print_object(fb->planes[i].object, indent + 2, out);
	}
}

int uapi_debugfs_framebuffer(struct uapi_device *dev, FILE *out)
{
	struct kms_framebuffer *fb;
	struct uapi_file *file;

	pthread_mutex_lock(&dev->master_lock);
	pthread_mutex_lock(&dev->kms->lock);
	gem_list_for_each(file, &dev->files, link) {
		gem_list_for_each(fb, &file->kms.framebuffers, file_link) {
			fprintf(out, "framebuffer[%u]:\n", fb->base.id);
			print_framebuffer(fb, 1, out);
		}
	}
	pthread_mutex_unlock(&dev->kms->lock);
	pthread_mutex_unlock(&dev->master_lock);
	return 0;
}

static unsigned fraction(uint32_t fixed)
{
	return ((fixed & 0xffff) * 15625ull) >> 10; /* millionths */
}

static void print_crtc_name(const struct kms_crtc *crtc, FILE *out)
{
	if (crtc)
		fprintf(out, "\tcrtc=crtc-%u\n", crtc->index);
	else
		fputs("\tcrtc=(null)\n", out);
}

static void print_plane(const struct kms_plane *plane, FILE *out)
{
	static const char *const encodings[] = {
		[KMS_BT601] = "ITU-R BT.601 YCbCr",
		[KMS_BT709] = "ITU-R BT.709 YCbCr",
		[KMS_BT2020] = "ITU-R BT.2020 YCbCr",
	};
	static const char *const ranges[] = {
		[KMS_RANGE_LIMITED] = "YCbCr limited range",
		[KMS_RANGE_FULL] = "YCbCr full range",
	};
	const struct kms_plane_state *state = &plane->state;

	fprintf(out, "plane[%u]: plane-%u\n", plane->base.id, plane->index);
	print_crtc_name(state->crtc, out);
	fprintf(out, "\tfb=%u\n", state->fb ? state->fb->base.id : 0);
	if (state->fb)
		print_framebuffer(state->fb, 2, out);
	fprintf(out, "\tcrtc-pos=%ux%u%+d%+d\n", state->crtc_w, state->crtc_h, state->crtc_x,
		state->crtc_y);
	fprintf(out, "\tsrc-pos=%u.%06ux%u.%06u+%u.%06u+%u.%06u\n", state->src_w >> 16,
		fraction(state->src_w), state->src_h >> 16, fraction(state->src_h),
		state->src_x >> 16, fraction(state->src_x), state->src_y >> 16,
		fraction(state->src_y));
	fprintf(out, "\trotation=%x\n\tnormalized-zpos=%x\n\tcolor-encoding=%s\n"
		"\tcolor-range=%s\n", state->rotation, state->normalized_zpos,
		encodings[state->encoding], ranges[state->range]);
}

/* The kernel's DRM_MODE_FMT. */
static void print_mode(const struct drm_mode_modeinfo *mode, FILE *out)
{
	fprintf(out, "\tmode: \"%.*s\": %u %u %u %u %u %u %u %u %u %u 0x%x 0x%x\n",
		DRM_DISPLAY_MODE_LEN, mode->name, mode->vrefresh, mode->clock, mode->hdisplay,
		mode->hsync_start, mode->hsync_end, mode->htotal, mode->vdisplay,
		mode->vsync_start, mode->vsync_end, mode->vtotal, mode->type, mode->flags);
}

static void print_crtc(const struct kms_device *kms, const struct kms_crtc *crtc, FILE *out)
{
	static const struct drm_mode_modeinfo no_mode;
	uint64_t planes = 0;
	uint32_t connectors = 0, encoders = 0;

	for (unsigned i = 0; i < kms->plane_count; i++) {
		if (kms->planes[i].state.crtc == crtc)
			planes |= 1ull << i;
	}
	for (unsigned i = 0; i < kms->connector_count; i++) {
		if (kms->connectors[i].state.crtc != crtc)
			continue;
		connectors |= 1u << i;
		encoders |= 1u << kms->connectors[i].encoder->index;
	}
	fprintf(out, "crtc[%u]: crtc-%u\n\tenable=%d\n\tactive=%d\n", crtc->base.id, crtc->index,
		crtc->state.enable, crtc->state.active);
	fprintf(out, "\tplane_mask=%llx\n\tconnector_mask=%x\n\tencoder_mask=%x\n",
		(unsigned long long)planes, connectors, encoders);
	print_mode(crtc->state.mode_blob ? &crtc->state.mode : &no_mode, out);
}

int uapi_debugfs_state(struct uapi_device *dev, FILE *out)
{
	struct kms_device *kms = dev->kms;

	pthread_mutex_lock(&dev->master_lock);
	pthread_mutex_lock(&kms->lock);
	for (unsigned i = 0; i < kms->plane_count; i++)
		print_plane(&kms->planes[i], out);
	for (unsigned i = 0; i < kms->crtc_count; i++)
		print_crtc(kms, &kms->crtcs[i], out);
	for (unsigned i = 0; i < kms->connector_count; i++) {
		fprintf(out, "connector[%u]: %s\n", kms->connectors[i].base.id,
			kms->connectors[i].name);
		print_crtc_name(kms->connectors[i].state.crtc, out);
	}
	pthread_mutex_unlock(&kms->lock);
	pthread_mutex_unlock(&dev->master_lock);
	return 0;
}
