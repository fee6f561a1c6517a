#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <i915_drm.h>
#include <wlr/render/dmabuf.h>
#include <xf86drm.h>

#include "compositor_exchange.h"
#include "compositor_log.h"

/* ---- coming and going ---- */

/* Flink names are for the authenticated, and our user may be anybody. */
static int authenticate_self(int fd, int master_fd)
{
	drm_magic_t magic;

	if (drmGetMagic(fd, &magic) != 0)
		return -errno;
	return drmAuthMagic(master_fd, magic) == 0 ? 0 : -errno;
}

/* Our own file, or negative errno. */
static int open_device(int master_fd)
{
	int fd = compositor_bos_open_device(master_fd);

	if (fd < 0)
		return fd;
	int err = authenticate_self(fd, master_fd);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

int compositor_exchange_create(int master_fd, struct compositor_exchange **out)
{
	struct compositor_exchange *exchange = calloc(1, sizeof(*exchange));
	int fd = exchange ? open_device(master_fd) : -ENOMEM;

	if (fd < 0) {
		free(exchange);
		return fd;
	}
	exchange->master_fd = master_fd;
	compositor_bos_init(&exchange->bos, fd);
	*out = exchange;
	return 0;
}

void compositor_exchange_lose_device(struct compositor_exchange *exchange)
{
	int fd = exchange->bos.fd;

	compositor_bos_lost(&exchange->bos);
	if (fd >= 0)
		close(fd);
	exchange->master_fd = -1;
}

int compositor_exchange_find_device(struct compositor_exchange *exchange, int master_fd)
{
	int fd = open_device(master_fd);

	if (fd < 0)
		return fd;
	exchange->master_fd = master_fd;
	compositor_bos_found(&exchange->bos, fd);
	return 0;
}

void compositor_exchange_destroy(struct compositor_exchange *exchange)
{
	if (!exchange)
		return;
	compositor_bos_finish(&exchange->bos);
	if (exchange->bos.fd >= 0)
		close(exchange->bos.fd);
	free(exchange);
}

int compositor_exchange_authenticate(struct compositor_exchange *exchange, uint32_t magic)
{
	return drmAuthMagic(exchange->master_fd, magic) == 0 ? 0 : -errno;
}

/* ---- in ---- */

static enum compositor_fault fault_of(int err)
{
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE ? COMPOSITOR_FAULT_MEMORY :
		COMPOSITOR_FAULT_OBJECT;
}

static int look_up(struct compositor_exchange *exchange, const struct compositor_mention *mention,
	struct compositor_bo **bo)
{
	if (mention->name)
		return compositor_bo_open(&exchange->bos, mention->name, bo);
	return compositor_bo_import(&exchange->bos, mention->fd, 1, bo);
}

static void settle_modifier(struct compositor_layout *layout, const struct compositor_bo *bo)
{
	struct drm_i915_gem_get_tiling args = {.handle = bo->handle};
	const struct compositor_tiling *tiling = NULL;

	if (layout->modifier != DRM_FORMAT_MOD_INVALID)
		return;
	if (drmIoctl(bo->bos->fd, DRM_IOCTL_I915_GEM_GET_TILING, &args) == 0)
		tiling = compositor_tiling_of_mode(args.tiling_mode);
	layout->modifier = tiling ? tiling->modifier : DRM_FORMAT_MOD_LINEAR;
}

static enum compositor_fault check(struct compositor_layout *layout,
	struct compositor_bo *const *bos)
{
	settle_modifier(layout, bos[0]);
	enum compositor_fault fault = compositor_layout_check(layout);
	for (unsigned i = 0; i < layout->plane_count && !fault; i++) {
		if (!compositor_bo_reaches(bos[i], compositor_layout_need(layout, i)))
			fault = COMPOSITOR_FAULT_BOUNDS;
	}
	return fault;
}

enum compositor_fault compositor_exchange_take(struct compositor_exchange *exchange,
	struct compositor_layout *layout, const struct compositor_mention *mentions,
	struct compositor_bo **bos)
{
	enum compositor_fault fault = COMPOSITOR_FAULT_NONE;
	unsigned count = 0;

	if (layout->plane_count == 0 || layout->plane_count > COMPOSITOR_LAYOUT_PLANES)
		return COMPOSITOR_FAULT_PLANES;
	for (; count < layout->plane_count && !fault; count++) {
		int err = look_up(exchange, &mentions[count], &bos[count]);
		if (err < 0) {
			fault = fault_of(err);
			break;
		}
	}
	if (!fault)
		fault = check(layout, bos);
	/* Maps were for looking only: what is mapped cannot be swapped out. */
	compositor_bos_unmap(&exchange->bos);
	while (fault && count > 0)
		compositor_bo_put(bos[--count]);
	return fault;
}

/* ---- out ---- */

int compositor_exchange_export(struct compositor_bo *bo)
{
	int fd;

	return drmPrimeHandleToFD(bo->bos->fd, bo->handle, DRM_CLOEXEC | DRM_RDWR, &fd) == 0 ? fd :
		-errno;
}

int compositor_exchange_name(struct compositor_bo *bo, uint32_t *name)
{
	struct drm_gem_flink args = {.handle = bo->handle};

	if (drmIoctl(bo->bos->fd, DRM_IOCTL_GEM_FLINK, &args) != 0)
		return -errno;
	*name = args.name;
	return 0;
}

bool compositor_exchange_describe(const struct compositor_layout *layout,
	struct compositor_bo *const *bos, struct wlr_dmabuf_attributes *attribs)
{
	*attribs = (struct wlr_dmabuf_attributes){
		.width = layout->width,
		.height = layout->height,
		.format = layout->format,
		.modifier = layout->modifier,
	};
	for (unsigned i = 0; i < layout->plane_count; i++) {
		attribs->fd[i] = compositor_exchange_export(bos[i]);
		if (attribs->fd[i] < 0) {
			wlr_dmabuf_attributes_finish(attribs); /* those before */
			return false;
		}
		attribs->n_planes = i + 1;
		attribs->offset[i] = layout->planes[i].offset;
		attribs->stride[i] = layout->planes[i].stride;
	}
	return true;
}
