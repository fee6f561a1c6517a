/*
 * Requests of the kernel's uAPI that the headers of some machines lack, or that
 * are in no header (sw_sync). Numbers and layouts are the kernel's.
 */
#ifndef WIRE_UAPI_H
#define WIRE_UAPI_H

#include <stdint.h>

#include <drm.h>
#include <linux/fb.h>
#include <linux/ioctl.h>
#include <linux/vt.h>

struct wire_syncobj_eventfd {
	uint32_t handle, flags; /* DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE */
	uint64_t point;
	int32_t fd;
	uint32_t pad;
};
#define WIRE_IOCTL_SYNCOBJ_EVENTFD DRM_IOWR(0xCF, struct wire_syncobj_eventfd)

struct wire_sync_set_deadline {
	uint64_t deadline_ns, pad;
};
#define WIRE_SYNC_IOC_SET_DEADLINE _IOW('>', 5, struct wire_sync_set_deadline)

struct wire_sw_sync_create_fence {
	uint32_t value;
	char name[32];
	int32_t fence; /* out: descriptor */
};
#define WIRE_SW_SYNC_CREATE_FENCE _IOWR('W', 0, struct wire_sw_sync_create_fence)
#define WIRE_SW_SYNC_INC _IOW('W', 1, uint32_t)

/*
 * write(2) of a debugfs file that listens: a device file's socket takes no data, so
 * the program's write becomes this request. Gives what write gives.
 */
struct wire_write {
	uint64_t text; /* address */
	uint32_t length;
	uint32_t pad;
};
#define WIRE_WRITE _IOW('W', 0x77, struct wire_write)
/* Bytes of the text that go along; a file that takes more has no use here. */
#define WIRE_WRITE_MAX 4096

/*
 * read(2) and write(2) of an input device, whose socket carries tokens (evdev_file.c):
 * numbers, of which each is higher than those before.
 */
struct wire_input_io {
	uint64_t address;
	uint32_t length;
	/*
	 * READ, in: a token that was taken by mistake, since it is higher than what was
	 * to be dropped; out: drop tokens up to this one. 0 = none.
	 */
	uint32_t token;
	uint32_t readable; /* READ, out: there is more. A read gives 0 when there was nothing. */
	uint32_t pad;
};
#define WIRE_INPUT_READ _IOWR('W', 0x78, struct wire_input_io)
#define WIRE_INPUT_WRITE _IOW('W', 0x79, struct wire_input_io)
/* Bytes of one of them; more is a short read or write. */
#define WIRE_INPUT_IO_MAX (1024 * 24)

/*
 * linux/fb.h's oldest requests have no size and direction in their numbers: the program's
 * FBIOGET_VSCREENINFO goes over the wire as this.
 */
#define WIRE_FBIOGET_VSCREENINFO _IOR('F', 0x00, struct fb_var_screeninfo)
#define WIRE_FBIOPUT_VSCREENINFO _IOWR('F', 0x01, struct fb_var_screeninfo)
#define WIRE_FBIOGET_FSCREENINFO _IOR('F', 0x02, struct fb_fix_screeninfo)
#define WIRE_FBIOGETCMAP _IOW('F', 0x04, struct fb_cmap)
#define WIRE_FBIOPUTCMAP _IOW('F', 0x05, struct fb_cmap)
#define WIRE_FBIOPAN_DISPLAY _IOWR('F', 0x06, struct fb_var_screeninfo)
#define WIRE_FBIOGET_CON2FBMAP _IOWR('F', 0x0f, struct fb_con2fbmap)
#define WIRE_FBIOPUT_CON2FBMAP _IOW('F', 0x10, struct fb_con2fbmap)

/* read(2), write(2) and lseek(2) of a framebuffer device, whose position is the server's. */
struct wire_fb_io {
	uint64_t address;
	uint32_t length;
	uint32_t pad;
};
#define WIRE_FB_READ _IOW('F', 0x70, struct wire_fb_io)
#define WIRE_FB_WRITE _IOW('F', 0x71, struct wire_fb_io)
/* Bytes of one of them; more is a short read or write. */
#define WIRE_FB_IO_MAX (1u << 20)
struct wire_fb_seek {
	int64_t offset; /* out: the new position */
	int32_t whence;
	uint32_t pad;
};
#define WIRE_FB_SEEK _IOWR('F', 0x72, struct wire_fb_seek)

/* The same of linux/vt.h's and linux/kd.h's, as old; those that take a number stay as they are. */
#define WIRE_VT_OPENQRY _IOR('V', 0x00, int)
#define WIRE_VT_GETMODE _IOR('V', 0x01, struct vt_mode)
#define WIRE_VT_SETMODE _IOW('V', 0x02, struct vt_mode)
#define WIRE_VT_GETSTATE _IOR('V', 0x03, struct vt_stat)
#define WIRE_KDGETLED _IOR('K', 0x31, char)
#define WIRE_KDGKBTYPE _IOR('K', 0x33, char)
#define WIRE_KDGETMODE _IOR('K', 0x3b, int)
#define WIRE_KDGKBMODE _IOR('K', 0x44, int)
#define WIRE_KDGKBLED _IOR('K', 0x64, char)
#define WIRE_KDSKBMUTE 0x4b51 /* in no header; a number */

#endif
