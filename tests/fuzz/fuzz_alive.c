/* After a run: a client that does it right gets its picture on the screen. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <drm_mode.h>

#include "fuzz_client.h"

enum { COLOUR = 0x123456 };

static void must(struct vfs_file *file, struct vfs_caller *caller, unsigned int request, void *arg)
{
	long ret = file->ops->ioctl(file, request, (uintptr_t)arg, caller);

	if (ret < 0)
		fuzz_fail("a new client's %s: %s", uapi_ioctl_find(_IOC_NR(request))->name,
			strerror(-ret));
}

static uint32_t draw(struct vfs_file *file, struct vfs_caller *caller, uint32_t width,
	uint32_t height)
{
	struct drm_mode_create_dumb dumb = {.width = width, .height = height, .bpp = 32};
	struct drm_mode_map_dumb map = {0};
	uint64_t fd_offset;
	int fd;

	must(file, caller, DRM_IOCTL_MODE_CREATE_DUMB, &dumb);
	map.handle = dumb.handle;
	must(file, caller, DRM_IOCTL_MODE_MAP_DUMB, &map);
	if (file->ops->mmap(file, map.offset, dumb.size, PROT_WRITE, &fd, &fd_offset))
		fuzz_fail("a new client's mmap");
	uint32_t *pixels = mmap(NULL, dumb.size, PROT_WRITE, MAP_SHARED, fd, fd_offset);
	close(fd);
	if (pixels == MAP_FAILED)
		fuzz_fail("mmap: %s", strerror(errno));
	for (uint64_t i = 0; i < dumb.size / 4; i++)
		pixels[i] = COLOUR;
	munmap(pixels, dumb.size);
	struct drm_mode_fb_cmd2 fb = {.width = width, .height = height,
		.handles = {dumb.handle}, .pitches = {dumb.pitch},
		.pixel_format = DRM_FORMAT_XRGB8888};
	must(file, caller, DRM_IOCTL_MODE_ADDFB2, &fb);
	return fb.fb_id;
}

static void check_picture(struct kms_crtc *crtc)
{
	uint32_t width, height, *pixels;
	uint64_t sequence;

	if (kms_screenshot(crtc, (uint8_t **)&pixels, &width, &height, &sequence))
		fuzz_fail("no picture");
	for (uint64_t i = 0; i < (uint64_t)width * height; i++) {
		if ((pixels[i] & 0xffffff) != COLOUR)
			fuzz_fail("a new client's picture is not shown");
	}
	free(pixels);
}

static void check_card(struct fuzz_world *world, unsigned card)
{
	struct kms_device *kms = world->cards.cards[card]->kms;
	uint32_t connector = kms->connectors[0].base.id;
	const struct drm_mode_modeinfo *mode = &kms->connectors[0].modes[0];
	struct vfs_caller caller;
	struct vfs_file *file;
	int fd;

	vfs_caller_init_self(&caller);
	int ret = vfs_open(world->cards.vfs, world->cards.nodes[2 * card].path,
		O_RDWR | O_CLOEXEC, &caller, &fd);
	if (ret || vfs_file_from_fd(world->cards.vfs, fd, &file))
		fuzz_fail("a new client's open: %s", strerror(-ret));
	struct drm_mode_crtc crtc = {.crtc_id = kms->crtcs[0].base.id, .mode = *mode,
		.mode_valid = 1, .set_connectors_ptr = (uintptr_t)&connector, .count_connectors = 1,
		.fb_id = draw(file, &caller, mode->hdisplay, mode->vdisplay)};
	must(file, &caller, DRM_IOCTL_MODE_SETCRTC, &crtc);
	check_picture(&kms->crtcs[0]);
	vfs_file_put(file);
	close(fd);
}

void fuzz_world_check_alive(struct fuzz_world *world)
{
	for (unsigned i = 0; i < FUZZ_CARDS; i++)
		check_card(world, i);
}
