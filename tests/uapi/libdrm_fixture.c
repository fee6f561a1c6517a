#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <drm_mode.h>

#include "libdrm_fixture.h"

static struct uapi_fixture fixture;
static bool active;

int ioctl(int fd, unsigned long request, ...);

int ioctl(int fd, unsigned long request, ...)
{
	struct vfs_file *file;
	va_list args;

	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	if (!active || vfs_file_from_fd(fixture.vfs, fd, &file) < 0)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	vfs_file_put(file);
	return fixture_ioctl(&fixture, fd, request, arg);
}

struct uapi_fixture *libdrm_fixture_create(void)
{
	return libdrm_fixture_create_desc(kms_device_desc_default());
}

struct uapi_fixture *libdrm_fixture_create_desc(const struct kms_device_desc *desc)
{
	fixture_init_desc(&fixture, desc);
	active = true;
	return &fixture;
}

void libdrm_fixture_destroy(void)
{
	active = false;
	fixture_finish(&fixture);
}

uint32_t libdrm_fixture_dumb(int fd, uint32_t width, uint32_t height, uint32_t bpp,
	uint32_t *pitch)
{
	struct drm_mode_create_dumb dumb = {.width = width, .height = height, .bpp = bpp};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	*pitch = dumb.pitch;
	return dumb.handle;
}

uint32_t libdrm_fixture_framebuffer(int fd, uint32_t width, uint32_t height, uint32_t format)
{
	struct drm_mode_fb_cmd2 cmd = {.width = width, .height = height, .pixel_format = format};
	uint32_t bpp = format == DRM_FORMAT_RGB565 ? 16 : 32;

	cmd.handles[0] = libdrm_fixture_dumb(fd, width, height, bpp, &cmd.pitches[0]);
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_ADDFB2, &cmd), 0);
	struct drm_gem_close close_args = {.handle = cmd.handles[0]};
	CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close_args), 0);
	return cmd.fb_id;
}
