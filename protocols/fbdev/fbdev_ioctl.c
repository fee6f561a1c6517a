/* linux/fb.h's requests. */
#include <errno.h>
#include <linux/fb.h>
#include <linux/ioctl.h>
#include <string.h>

#include "fbdev_private.h"

enum { BITS = 32, CONSOLES = 63, PALETTE = 16, COLORS = 256, MM_PER_INCH_10 = 254, DPI = 96 };

/* ---- what is there ---- */

static void fill_var(const struct fbdev_device *dev, struct fb_var_screeninfo *var)
{
	const struct kms_canvas *canvas = kms_fbdev_canvas(dev->kms);

	memset(var, 0, sizeof(*var));
	kms_fbdev_size(dev->kms, &var->xres, &var->yres);
	var->xres_virtual = canvas->width;
	var->yres_virtual = canvas->height;
	var->yoffset = kms_fbdev_offset(dev->kms);
	var->bits_per_pixel = BITS;
	var->red = (struct fb_bitfield) {.offset = 16, .length = 8};
	var->green = (struct fb_bitfield) {.offset = 8, .length = 8};
	var->blue = (struct fb_bitfield) {.offset = 0, .length = 8};
	var->width = var->xres * MM_PER_INCH_10 / (DPI * 10);
	var->height = var->yres * MM_PER_INCH_10 / (DPI * 10);
}

static long get_var(struct fbdev_device *dev, uint64_t arg, struct vfs_caller *caller)
{
	struct fb_var_screeninfo var;

	fill_var(dev, &var);
	return vfs_copy_to(caller, arg, &var, sizeof(var)) ? -EFAULT : 0;
}

static long get_fix(struct fbdev_device *dev, uint64_t arg, struct vfs_caller *caller)
{
	struct fb_fix_screeninfo fix = {
		.smem_len = fbdev_memory_size(dev), .type = FB_TYPE_PACKED_PIXELS,
		.visual = FB_VISUAL_TRUECOLOR, .xpanstep = 1, .ypanstep = 1,
		.line_length = kms_fbdev_canvas(dev->kms)->pitch, .accel = FB_ACCEL_NONE,
	};

	memcpy(fix.id, dev->name, sizeof(fix.id));
	return vfs_copy_to(caller, arg, &fix, sizeof(fix)) ? -EFAULT : 0;
}

/* ---- what can be asked for ---- */

/*
 * Smaller sizes than there are become those that are, larger ones and other depths are
 * refused; timings do not matter (kernel: drm_fb_helper_check_var).
 */
static int check_var(const struct fb_var_screeninfo *now, const struct fb_var_screeninfo *var)
{
	if (var->grayscale > 1 || var->bits_per_pixel > BITS || var->xres > now->xres_virtual ||
	    var->yres > now->yres_virtual || var->xres_virtual > now->xres_virtual ||
	    var->yres_virtual > now->yres_virtual)
		return -EINVAL;
	return 0;
}

static int pan(struct fbdev_device *dev, const struct fb_var_screeninfo *now,
	const struct fb_var_screeninfo *var)
{
	/* The virtual screen is no wider than the screen. */
	if (var->xoffset > now->xres_virtual - now->xres || var->vmode & FB_VMODE_YWRAP)
		return -EINVAL;
	if (var->yoffset > now->yres_virtual - now->yres)
		return -EINVAL;
	return kms_fbdev_pan(dev->kms, var->yoffset);
}

static long put_var(struct fbdev_device *dev, uint64_t arg, struct vfs_caller *caller)
{
	struct fb_var_screeninfo var, now;

	if (vfs_copy_from(caller, &var, arg, sizeof(var)))
		return -EFAULT;
	fill_var(dev, &now);
	int ret = check_var(&now, &var);
	if (ret < 0)
		return ret;
	if ((var.activate & FB_ACTIVATE_MASK) == FB_ACTIVATE_NOW && var.yoffset != now.yoffset) {
		ret = pan(dev, &now, &var);
		if (ret < 0)
			return ret;
		now.yoffset = var.yoffset;
	}
	now.activate = var.activate;
	return vfs_copy_to(caller, arg, &now, sizeof(now)) ? -EFAULT : 0;
}

static long pan_display(struct fbdev_device *dev, uint64_t arg, struct vfs_caller *caller)
{
	struct fb_var_screeninfo var, now;

	if (vfs_copy_from(caller, &var, arg, sizeof(var)))
		return -EFAULT;
	fill_var(dev, &now);
	int ret = pan(dev, &now, &var);
	if (ret < 0)
		return ret;
	return vfs_copy_to(caller, arg, &var, sizeof(var)) ? -EFAULT : 0;
}

static long blank(struct fbdev_device *dev, uint64_t level)
{
	return kms_fbdev_blank(dev->kms, (int)level != FB_BLANK_UNBLANK);
}

/* ---- colormap ---- */

static long get_cmap(struct fbdev_device *dev, uint64_t arg, struct vfs_caller *caller)
{
	struct fb_cmap cmap;
	int ret = 0;

	if (vfs_copy_from(caller, &cmap, arg, sizeof(cmap)))
		return -EFAULT;
	if (cmap.start >= COLORS || cmap.len == 0)
		return -EINVAL;
	uint32_t count = cmap.len < COLORS - cmap.start ? cmap.len : COLORS - cmap.start;
	uint16_t opaque[COLORS] = {0}, copies[3][COLORS];
	pthread_mutex_lock(&dev->lock);
	memcpy(copies[0], dev->red, sizeof(copies[0]));
	memcpy(copies[1], dev->green, sizeof(copies[1]));
	memcpy(copies[2], dev->blue, sizeof(copies[2]));
	pthread_mutex_unlock(&dev->lock);
	const struct {
		const uint16_t *from;
		uint64_t to;
	} channels[] = {
		{copies[0], (uintptr_t)cmap.red}, {copies[1], (uintptr_t)cmap.green},
		{copies[2], (uintptr_t)cmap.blue}, {opaque, (uintptr_t)cmap.transp},
	};
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(channels) && ret == 0; i++) {
		if (channels[i].to)
			ret = vfs_copy_to(caller, channels[i].to, channels[i].from + cmap.start,
				count * sizeof(uint16_t));
	}
	return ret < 0 ? -EFAULT : 0;
}

/* The 16 colours of a true-colour console. */
static long put_cmap(struct fbdev_device *dev, uint64_t arg, struct vfs_caller *caller)
{
	uint16_t values[3][PALETTE];
	struct fb_cmap cmap;
	int ret = 0;

	if (vfs_copy_from(caller, &cmap, arg, sizeof(cmap)))
		return -EFAULT;
	if (cmap.start > PALETTE || cmap.len > PALETTE - cmap.start)
		return -EINVAL;
	const uint64_t from[3] = {
		(uintptr_t)cmap.red, (uintptr_t)cmap.green, (uintptr_t)cmap.blue,
	};
	for (unsigned i = 0; i < 3 && ret == 0; i++)
		ret = vfs_copy_from(caller, values[i], from[i], cmap.len * sizeof(uint16_t));
	if (ret < 0)
		return -EFAULT;
	pthread_mutex_lock(&dev->lock);
	memcpy(dev->red + cmap.start, values[0], cmap.len * sizeof(uint16_t));
	memcpy(dev->green + cmap.start, values[1], cmap.len * sizeof(uint16_t));
	memcpy(dev->blue + cmap.start, values[2], cmap.len * sizeof(uint16_t));
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

/* ---- consoles: all of them are on the first one ---- */

static long con2fb(uint64_t arg, struct vfs_caller *caller, bool put)
{
	struct fb_con2fbmap map;

	if (vfs_copy_from(caller, &map, arg, sizeof(map)))
		return -EFAULT;
	if (map.console < 1 || map.console > CONSOLES || (put && map.framebuffer != 0))
		return -EINVAL;
	map.framebuffer = 0;
	return put || !vfs_copy_to(caller, arg, &map, sizeof(map)) ? 0 : -EFAULT;
}

long fbdev_ioctl(struct fbdev_device *dev, unsigned int request, uint64_t arg,
	struct vfs_caller *caller)
{
	if (_IOC_TYPE(request) != 'F')
		return -ENOTTY;
	/* By number: the wire's requests have sizes, the program's old ones have not. */
	switch (_IOC_NR(request)) {
	case _IOC_NR(FBIOGET_VSCREENINFO):
		return get_var(dev, arg, caller);
	case _IOC_NR(FBIOPUT_VSCREENINFO):
		return put_var(dev, arg, caller);
	case _IOC_NR(FBIOGET_FSCREENINFO):
		return get_fix(dev, arg, caller);
	case _IOC_NR(FBIOGETCMAP):
		return get_cmap(dev, arg, caller);
	case _IOC_NR(FBIOPUTCMAP):
		return put_cmap(dev, arg, caller);
	case _IOC_NR(FBIOPAN_DISPLAY):
		return pan_display(dev, arg, caller);
	case _IOC_NR(FBIOGET_CON2FBMAP):
		return con2fb(arg, caller, false);
	case _IOC_NR(FBIOPUT_CON2FBMAP):
		return con2fb(arg, caller, true);
	case _IOC_NR(FBIOBLANK):
		return blank(dev, arg);
	case _IOC_NR(FBIO_WAITFORVSYNC):
		return kms_fbdev_wait(dev->kms);
	}
	return -ENOTTY;
}
