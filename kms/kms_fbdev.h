/*
 * What a display shows while nobody uses it (kernel: drm_fb_helper.c): one framebuffer of
 * the device's own, twice as high as the screen, that /dev/fb0 and the text console draw
 * into. It goes to the screens by the same commits as anybody's.
 */
#ifndef KMS_FBDEV_H
#define KMS_FBDEV_H

#include "gem_device.h"
#include "kms_device.h"
#include "kms_text.h"

struct kms_fbdev;

/*
 * Sized for the first connected connector's preferred mode; 1024x768 without one.
 * -ENOMEM, -EINVAL.
 */
int kms_fbdev_create(struct kms_device *dev, struct gem_device *gem, struct kms_fbdev **out);
/* Nothing shows it any more: the device's crtcs are off, or others'. */
void kms_fbdev_destroy(struct kms_fbdev *fbdev);

/*
 * Puts it on each connected connector that has a mode which fits. For when crtcs are off
 * (kms_atomic_shutdown): nothing waits for a vblank then. Not under dev->lock.
 */
void kms_fbdev_show(struct kms_fbdev *fbdev);

/* All of its pixels, 32 bits each, for the server; the screen's part is height rows of them. */
const struct kms_canvas *kms_fbdev_canvas(const struct kms_fbdev *fbdev);
/* What every screen shows of it; changes with kms_fbdev_show(). */
void kms_fbdev_size(struct kms_fbdev *fbdev, uint32_t *width, uint32_t *height);
/* Its memory, whose reference stays the fbdev's. */
struct gem_object *kms_fbdev_object(const struct kms_fbdev *fbdev);
/* Something was drawn: screens that are watched look again. */
void kms_fbdev_dirty(struct kms_fbdev *fbdev);

/*
 * The first row that is shown. Waits for the vblank, as any plane's commit. -EINVAL beyond
 * the virtual screen; -EBUSY the screens are somebody else's.
 */
int kms_fbdev_pan(struct kms_fbdev *fbdev, uint32_t y);
uint32_t kms_fbdev_offset(struct kms_fbdev *fbdev);
/* DPMS of every connector that shows it. -EBUSY as above. */
int kms_fbdev_blank(struct kms_fbdev *fbdev, bool blank);
/* The next vblank of the first crtc that shows it. -EBUSY as above; -EINVAL it is off. */
int kms_fbdev_wait(struct kms_fbdev *fbdev);

#endif
