#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "gem_domain.h"
#include "kms_fbdev.h"
#include "kms_legacy_internal.h"
#include "kms_vblank.h"

enum { DEFAULT_WIDTH = 1024, DEFAULT_HEIGHT = 768, VSYNC_TIMEOUT_NS = 1000000000 };

struct kms_fbdev {
	struct kms_device *dev;
	/* An open file that nobody has: what it makes is removed as any client's. */
	struct gem_file gem;
	struct kms_file file;
	struct kms_framebuffer *fb;
	struct kms_canvas canvas;
	uint32_t width, height; /* of the smallest screen that shows it; dev->lock */
	uint32_t offset;        /* row at the top; dev->lock */
};

/* ---- life ---- */

static void send_nothing(struct kms_file *file, const void *event, size_t len)
{
	(void)file;
	(void)event;
	(void)len;
}

static size_t nothing_unread(struct kms_file *file)
{
	(void)file;
	return 0;
}

static const struct kms_event_ops event_ops = {.send = send_nothing, .unread = nothing_unread};

static void choose_size(struct kms_fbdev *fbdev)
{
	struct kms_device *dev = fbdev->dev;

	fbdev->width = DEFAULT_WIDTH;
	fbdev->height = DEFAULT_HEIGHT;
	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < dev->connector_count; i++) {
		const struct kms_connector *connector = &dev->connectors[i];

		if (connector->connected && connector->mode_count > 0) {
			fbdev->width = connector->modes[0].hdisplay;
			fbdev->height = connector->modes[0].vdisplay;
			break;
		}
	}
	pthread_mutex_unlock(&dev->lock);
}

static int create_framebuffer(struct kms_fbdev *fbdev)
{
	struct kms_device *dev = fbdev->dev;
	/* A device whose framebuffers can not be so high has no room to pan. */
	uint32_t rows = fbdev->height * 2 <= dev->max_height ? fbdev->height * 2 : fbdev->height;
	struct drm_mode_fb_cmd2 cmd = {
		.width = fbdev->width, .height = rows, .pixel_format = DRM_FORMAT_XRGB8888,
	};
	uint64_t size;

	int ret = gem_dumb_create(&fbdev->gem, cmd.width, cmd.height, 32, &cmd.pitches[0], &size,
		&cmd.handles[0]);
	if (ret == 0)
		ret = kms_framebuffer_create(&fbdev->file, &fbdev->gem, &cmd, &fbdev->fb);
	if (ret < 0)
		return ret;
	fbdev->canvas = (struct kms_canvas) {
		.pixels = (uint8_t *)fbdev->fb->planes[0].pixels, .width = cmd.width,
		.height = rows, .pitch = cmd.pitches[0],
	};
	return 0;
}

int kms_fbdev_create(struct kms_device *dev, struct gem_device *gem, struct kms_fbdev **out)
{
	struct kms_fbdev *fbdev = calloc(1, sizeof(*fbdev));

	if (!fbdev)
		return -ENOMEM;
	fbdev->dev = dev;
	int ret = gem_file_init(&fbdev->gem, gem);
	if (ret < 0)
		goto free_fbdev;
	kms_file_init(&fbdev->file, dev, &event_ops);
	choose_size(fbdev);
	ret = create_framebuffer(fbdev);
	if (ret < 0)
		goto finish_files;
	*out = fbdev;
	return 0;

finish_files:
	kms_file_finish(&fbdev->file);
	gem_file_finish(&fbdev->gem);
free_fbdev:
	free(fbdev);
	return ret;
}

void kms_fbdev_destroy(struct kms_fbdev *fbdev)
{
	kms_object_put(&fbdev->fb->base);
	kms_file_finish(&fbdev->file);
	gem_file_finish(&fbdev->gem);
	free(fbdev);
}

const struct kms_canvas *kms_fbdev_canvas(const struct kms_fbdev *fbdev)
{
	return &fbdev->canvas;
}

void kms_fbdev_size(struct kms_fbdev *fbdev, uint32_t *width, uint32_t *height)
{
	pthread_mutex_lock(&fbdev->dev->lock);
	*width = fbdev->width;
	*height = fbdev->height;
	pthread_mutex_unlock(&fbdev->dev->lock);
}

struct gem_object *kms_fbdev_object(const struct kms_fbdev *fbdev)
{
	return fbdev->fb->planes[0].object;
}

void kms_fbdev_dirty(struct kms_fbdev *fbdev)
{
	kms_framebuffer_dirty(fbdev->fb);
}

/* ---- to the screens ---- */

/* The preferred mode, or the first one that is no larger than the framebuffer. */
static bool choose_mode(const struct kms_fbdev *fbdev, const struct kms_connector *connector,
	struct drm_mode_modeinfo *mode)
{
	for (unsigned i = 0; i < connector->mode_count; i++) {
		if (connector->modes[i].hdisplay <= fbdev->canvas.width &&
		    connector->modes[i].vdisplay <= fbdev->canvas.height - fbdev->offset) {
			*mode = connector->modes[i];
			return true;
		}
	}
	return false;
}

/* A crtc that connector reaches and that has none yet. */
static struct kms_crtc *choose_crtc(const struct kms_connector *connector, uint32_t taken)
{
	uint32_t possible = connector->encoder->possible_crtcs & ~taken;

	return possible ? &connector->base.dev->crtcs[__builtin_ctz(possible)] : NULL;
}

/* What fits on all of them is seen on each. */
static void note_sizes(struct kms_fbdev *fbdev, uint32_t crtcs)
{
	struct kms_device *dev = fbdev->dev;
	uint32_t width = UINT32_MAX, height = UINT32_MAX;

	pthread_mutex_lock(&dev->lock);
	for (unsigned i = 0; i < dev->crtc_count; i++) {
		const struct drm_mode_modeinfo *mode = &dev->crtcs[i].state.mode;

		if (!(crtcs >> i & 1) || !dev->crtcs[i].state.enable)
			continue;
		width = mode->hdisplay < width ? mode->hdisplay : width;
		height = mode->vdisplay < height ? mode->vdisplay : height;
	}
	if (width != UINT32_MAX) {
		fbdev->width = width;
		fbdev->height = height;
	}
	pthread_mutex_unlock(&dev->lock);
}

void kms_fbdev_show(struct kms_fbdev *fbdev)
{
	struct kms_device *dev = fbdev->dev;
	struct drm_mode_modeinfo mode;
	uint32_t taken = 0;

	for (unsigned i = 0; i < dev->connector_count; i++) {
		struct kms_connector *connector = &dev->connectors[i];

		if (connector->type == DRM_MODE_CONNECTOR_WRITEBACK)
			continue;
		pthread_mutex_lock(&dev->lock);
		bool usable = connector->connected && choose_mode(fbdev, connector, &mode);
		uint32_t y = fbdev->offset;
		pthread_mutex_unlock(&dev->lock);
		struct kms_crtc *crtc = usable ? choose_crtc(connector, taken) : NULL;
		if (!crtc)
			continue;
		const struct kms_mode_set set = {
			.crtc = crtc, .fb = fbdev->fb, .y = y, .mode = &mode,
			.connectors = &connector, .connector_count = 1,
		};
		/* Time may stand still: nobody waits for a vblank here. */
		int ret = kms_set_crtc_flags(&set, KMS_COMMIT_NONBLOCK);
		if (ret < 0)
			gem_warn("kms", "%s: no console: %s", connector->name, strerror(-ret));
		else
			taken |= 1u << crtc->index;
	}
	note_sizes(fbdev, taken);
}

/* Crtcs (bits) whose primary plane shows it. */
static uint32_t shown_locked(const struct kms_fbdev *fbdev)
{
	struct kms_device *dev = fbdev->dev;
	uint32_t crtcs = 0;

	for (unsigned i = 0; i < dev->crtc_count; i++)
		if (dev->crtcs[i].primary->state.fb == fbdev->fb)
			crtcs |= 1u << i;
	return crtcs;
}

static int pan_crtc(struct kms_fbdev *fbdev, struct kms_crtc *crtc, uint32_t y)
{
	pthread_mutex_lock(&fbdev->dev->lock);
	uint32_t width = crtc->state.mode.hdisplay, height = crtc->state.mode.vdisplay;
	pthread_mutex_unlock(&fbdev->dev->lock);
	const struct drm_mode_set_plane req = {
		.crtc_w = width, .crtc_h = height, .src_w = width << 16, .src_h = height << 16,
		.src_y = y << 16,
	};

	return kms_set_plane(crtc->primary, crtc, fbdev->fb, &req);
}

int kms_fbdev_pan(struct kms_fbdev *fbdev, uint32_t y)
{
	struct kms_device *dev = fbdev->dev;
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	bool inside = fbdev->height <= fbdev->canvas.height &&
		y <= fbdev->canvas.height - fbdev->height;
	uint32_t crtcs = inside ? shown_locked(fbdev) : 0;
	if (crtcs)
		fbdev->offset = y;
	pthread_mutex_unlock(&dev->lock);
	if (!crtcs)
		return inside ? -EBUSY : -EINVAL;
	for (; crtcs && ret == 0; crtcs &= crtcs - 1)
		ret = pan_crtc(fbdev, &dev->crtcs[__builtin_ctz(crtcs)], y);
	return ret;
}

uint32_t kms_fbdev_offset(struct kms_fbdev *fbdev)
{
	pthread_mutex_lock(&fbdev->dev->lock);
	uint32_t y = fbdev->offset;
	pthread_mutex_unlock(&fbdev->dev->lock);
	return y;
}

int kms_fbdev_blank(struct kms_fbdev *fbdev, bool blank)
{
	struct kms_device *dev = fbdev->dev;
	uint32_t connectors = 0;
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	uint32_t crtcs = shown_locked(fbdev);
	for (unsigned i = 0; i < dev->connector_count; i++) {
		const struct kms_crtc *crtc = dev->connectors[i].state.crtc;

		if (crtc && crtcs >> crtc->index & 1)
			connectors |= 1u << i;
	}
	pthread_mutex_unlock(&dev->lock);
	if (!crtcs)
		return -EBUSY;
	for (; connectors && ret == 0; connectors &= connectors - 1)
		ret = kms_set_dpms(&dev->connectors[__builtin_ctz(connectors)],
			blank ? DRM_MODE_DPMS_OFF : DRM_MODE_DPMS_ON);
	return ret;
}

int kms_fbdev_wait(struct kms_fbdev *fbdev)
{
	struct kms_device *dev = fbdev->dev;
	int ret = -EBUSY;

	pthread_mutex_lock(&dev->lock);
	uint32_t crtcs = shown_locked(fbdev);
	if (crtcs) {
		struct kms_crtc *crtc = &dev->crtcs[__builtin_ctz(crtcs)];

		ret = kms_vblank_wait_locked(crtc, crtc->vblank->count + 1, VSYNC_TIMEOUT_NS);
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}
