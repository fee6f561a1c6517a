/* ioctl: requests of a device's type go to the door, dma-buf's are answered here. */
#include <errno.h>
#include <fcntl.h>
#include <i915_drm.h>
#include <linux/dma-buf.h>
#include <linux/ioctl.h>
#include <linux/kd.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_input.h"
#include "preload_memory.h"
#include "preload_mmap.h"
#include "preload_real.h"
#include "preload_symbols.h"
#include "wire_layout.h"
#include "wire_uapi.h"

enum {
	TYPE_DRM = 'd',
	TYPE_EVDEV = 'E',
	TYPE_SYNC_FILE = '>',
	TYPE_SW_SYNC = 'W',
	TYPE_FB = 'F',
	TYPE_DMA_BUF = 'b',
	TYPE_VT = 'V',
	TYPE_KD = 'K',
};

/*
 * I915_GEM_MMAP: addr_ptr is the object's place in the device, and becomes the
 * address where its bytes are. The struct was written a moment ago, so it is
 * there, or the program is changing its memory in another thread.
 */
static int finish_map(int fd, void *arg)
{
	struct drm_i915_gem_mmap args;
	/* Without flags, when the program is so old. */
	size_t size = offsetof(struct drm_i915_gem_mmap, flags);

	if (preload_memory_read(&args, (uintptr_t)arg, size))
		return -EFAULT;
	void *map = preload_mmap_device(NULL, args.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		args.addr_ptr, args.offset);
	if (map == MAP_FAILED)
		return -errno;
	args.addr_ptr = (uintptr_t)map;
	return preload_memory_write((uintptr_t)arg, &args, size);
}

static bool is_device_type(unsigned int type)
{
	return type == TYPE_DRM || type == TYPE_EVDEV || type == TYPE_SYNC_FILE ||
		type == TYPE_FB || type == TYPE_VT || type == TYPE_KD ||
		type == TYPE_SW_SYNC; /* a watchdog's, too: the machine answers those */
}

/* What says its size, for the wire; the rest, and all of DRM's, as it is. */
static unsigned int sized_request(unsigned int request)
{
	if (_IOC_TYPE(request) == TYPE_DRM)
		return request;
	switch (request) {
	case FBIOGET_VSCREENINFO:
		return WIRE_FBIOGET_VSCREENINFO;
	case FBIOPUT_VSCREENINFO:
		return WIRE_FBIOPUT_VSCREENINFO;
	case FBIOGET_FSCREENINFO:
		return WIRE_FBIOGET_FSCREENINFO;
	case FBIOGETCMAP:
		return WIRE_FBIOGETCMAP;
	case FBIOPUTCMAP:
		return WIRE_FBIOPUTCMAP;
	case FBIOPAN_DISPLAY:
		return WIRE_FBIOPAN_DISPLAY;
	case FBIOGET_CON2FBMAP:
		return WIRE_FBIOGET_CON2FBMAP;
	case FBIOPUT_CON2FBMAP:
		return WIRE_FBIOPUT_CON2FBMAP;
	case VT_OPENQRY:
		return WIRE_VT_OPENQRY;
	case VT_GETMODE:
		return WIRE_VT_GETMODE;
	case VT_SETMODE:
		return WIRE_VT_SETMODE;
	case VT_GETSTATE:
		return WIRE_VT_GETSTATE;
	case KDGETLED:
		return WIRE_KDGETLED;
	case KDGKBTYPE:
		return WIRE_KDGKBTYPE;
	case KDGETMODE:
		return WIRE_KDGETMODE;
	case KDGKBMODE:
		return WIRE_KDGKBMODE;
	case KDGKBLED:
		return WIRE_KDGKBLED;
	}
	return request;
}

static bool answers_place(unsigned int request)
{
	/* Only drivers' private requests may: the others need not look the row up. */
	if (_IOC_TYPE(request) != TYPE_DRM || _IOC_NR(request) < DRM_COMMAND_BASE)
		return false;
	const struct wire_layout *layout = wire_layout_find(request);
	return layout && layout->maps;
}

/* False when fd is none of ours: then the machine answers. */
static bool ask_door(int fd, unsigned int request, void *arg, int *result)
{
	long ret = preload_door_current()->ioctl(fd, sized_request(request), arg);
	uint64_t instance;
	uint32_t file_id;

	/* -EBADF may also be a device's answer, about a descriptor in its argument. */
	if (ret == -EBADF && !preload_fd_is_device(fd, &instance, &file_id))
		return false;
	if (_IOC_TYPE(request) == TYPE_EVDEV)
		preload_input_settle(fd, request);
	if (ret >= 0 && answers_place(request))
		ret = finish_map(fd, arg);
	if (ret < 0) {
		errno = -ret;
		ret = -1;
	}
	*result = ret;
	return true;
}

/*
 * The device waits, or knows nothing of this memory: then there is nothing to wait
 * for. It is always coherent.
 */
static int sync_dma_buf(int fd, uint64_t arg)
{
	struct dma_buf_sync sync;

	if (preload_memory_read(&sync, arg, sizeof(sync)))
		return -EFAULT;
	if ((sync.flags & ~DMA_BUF_SYNC_VALID_FLAGS_MASK) || !(sync.flags & DMA_BUF_SYNC_RW))
		return -EINVAL;
	if (sync.flags & DMA_BUF_SYNC_END)
		return 0;
	int ret = preload_door_current()->dma_buf(fd, DMA_BUF_IOCTL_SYNC, sync.flags, -1);
	return ret == -ENOENT || ret == -ENODEV ? 0 : ret;
}

static int export_sync_file(int fd, uint64_t arg)
{
	struct dma_buf_export_sync_file args;

	if (preload_memory_read(&args, arg, sizeof(args)))
		return -EFAULT;
	int ret = preload_door_current()->dma_buf(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, args.flags,
		-1);
	if (ret < 0)
		return ret;
	args.fd = ret;
	ret = preload_memory_write(arg, &args, sizeof(args));
	if (ret)
		close(args.fd);
	return ret;
}

static int import_sync_file(int fd, uint64_t arg)
{
	struct dma_buf_import_sync_file args;

	if (preload_memory_read(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.flags & ~DMA_BUF_SYNC_RW || !(args.flags & DMA_BUF_SYNC_RW) || args.fd < 0)
		return -EINVAL;
	int ret = preload_door_current()->dma_buf(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, args.flags,
		args.fd);
	/* The dma-buf is open: it is the sync_file that is not. */
	return ret == -EBADF ? -EINVAL : ret;
}

/* A dma-buf of ours is a memfd. The machine has said ENOTTY already. */
static int ask_dma_buf(int fd, unsigned int request, uint64_t arg)
{
	if (fcntl(fd, F_GET_SEALS) < 0)
		return -ENOTTY;
	switch (request) {
	case DMA_BUF_IOCTL_SYNC:
		return sync_dma_buf(fd, arg);
	case DMA_BUF_IOCTL_EXPORT_SYNC_FILE:
		return export_sync_file(fd, arg);
	case DMA_BUF_IOCTL_IMPORT_SYNC_FILE:
		return import_sync_file(fd, arg);
	case DMA_BUF_SET_NAME_A:
	case DMA_BUF_SET_NAME_B:
		return 0;
	}
	return -ENOTTY;
}

static int ioctl_dma_buf(int fd, unsigned int request, void *arg)
{
	int ret = ask_dma_buf(fd, request, (uintptr_t)arg);

	if (ret >= 0)
		return 0;
	/* Memory that no device knows is no dma-buf. */
	errno = ret == -ENOENT ? ENOTTY : -ret;
	return -1;
}

PRELOAD_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	unsigned int type = _IOC_TYPE(request);
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	if (is_device_type(type) && ask_door(fd, (unsigned int)request, arg, &ret))
		return ret;
	ret = preload_real_ioctl(fd, request, arg);
	if (ret < 0 && type == TYPE_DMA_BUF && errno == ENOTTY)
		return ioctl_dma_buf(fd, (unsigned int)request, arg);
	return ret;
}
