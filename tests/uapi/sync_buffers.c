/* Fences of dma-bufs, and flips that wait for them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drmMode.h>

#include "sync_client.h"

enum { WIDTH = 1024, HEIGHT = 768 };

struct buffer {
	uint32_t handle, pitch, fb;
	int dma_buf;
};

static struct buffer new_buffer(int card)
{
	struct buffer buffer;
	uint64_t size;

	CHECK_INT(drmModeCreateDumbBuffer(card, WIDTH, HEIGHT, 32, 0, &buffer.handle,
		&buffer.pitch, &size), 0);
	CHECK_INT(drmPrimeHandleToFD(card, buffer.handle, DRM_CLOEXEC | DRM_RDWR,
		&buffer.dma_buf), 0);
	CHECK_INT(drmModeAddFB(card, WIDTH, HEIGHT, 24, 32, buffer.pitch, buffer.handle,
		&buffer.fb), 0);
	return buffer;
}

static void free_buffer(int card, struct buffer *buffer)
{
	CHECK_INT(drmModeRmFB(card, buffer->fb), 0);
	close(buffer->dma_buf);
	CHECK_INT(drmModeDestroyDumbBuffer(card, buffer->handle), 0);
}

static void import(const struct buffer *buffer, int fence, uint32_t flags)
{
	struct dma_buf_import_sync_file args = {.flags = flags, .fd = fence};

	CHECK_INT(ioctl(buffer->dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args), 0);
	close(fence);
}

static int export(const struct buffer *buffer, uint32_t flags)
{
	struct dma_buf_export_sync_file args = {.flags = flags, .fd = -1};

	CHECK_INT(ioctl(buffer->dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args), 0);
	CHECK(args.fd >= 0);
	CHECK_INT(fcntl(args.fd, F_GETFD), FD_CLOEXEC);
	return args.fd;
}

static int sync_cpu(const struct buffer *buffer, uint64_t flags)
{
	struct dma_buf_sync args = {.flags = flags};

	return ioctl(buffer->dma_buf, DMA_BUF_IOCTL_SYNC, &args);
}

TEST(fences_of_a_dma_buf)
{
	int card = sync_begin(), timeline = sync_timeline();
	struct buffer buffer = new_buffer(card);
	int readers = sync_timeline(), fd = export(&buffer, DMA_BUF_SYNC_WRITE);

	/* Nothing to wait for. */
	CHECK_INT(sync_status(fd), 1);
	CHECK(sync_readable(fd, 2000));
	close(fd);
	import(&buffer, sync_fence(readers, 1), DMA_BUF_SYNC_READ);
	int for_read = export(&buffer, DMA_BUF_SYNC_READ);
	int for_write = export(&buffer, DMA_BUF_SYNC_RW);
	CHECK_INT(sync_status(for_read), 1);
	CHECK_INT(sync_status(for_write), 0);
	close(for_read);
	close(for_write);
	import(&buffer, sync_fence(timeline, 1), DMA_BUF_SYNC_WRITE);
	for_read = export(&buffer, DMA_BUF_SYNC_READ);
	for_write = export(&buffer, DMA_BUF_SYNC_WRITE);
	CHECK_INT(sync_status(for_read), 0);
	sync_inc(timeline, 1);
	CHECK(sync_readable(for_read, 2000));
	CHECK_INT(sync_status(for_write), 0);
	sync_inc(readers, 1);
	CHECK(sync_readable(for_write, 2000));
	close(for_read);
	close(for_write);
	close(readers);
	close(timeline);
	free_buffer(card, &buffer);
	sync_end(card);
}

struct later {
	int timeline;
	int64_t done;
};

static void *inc_later(void *data)
{
	struct later *later = data;

	usleep(30000);
	later->done = sync_after(0);
	sync_inc(later->timeline, 1);
	return NULL;
}

TEST(cpu_access_waits)
{
	int card = sync_begin(), timeline = sync_timeline();
	struct later later = {timeline, 0};
	struct buffer buffer = new_buffer(card);
	pthread_t thread;

	import(&buffer, sync_fence(timeline, 1), DMA_BUF_SYNC_READ);
	/* Of who reads only writers wait; and nobody at the end of an access. */
	CHECK_INT(sync_cpu(&buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ), 0);
	CHECK_INT(sync_cpu(&buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW), 0);
	CHECK_INT(pthread_create(&thread, NULL, inc_later, &later), 0);
	CHECK_INT(sync_cpu(&buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE), 0);
	int64_t end = sync_after(0);
	pthread_join(thread, NULL);
	CHECK(later.done && end >= later.done);
	close(timeline);
	free_buffer(card, &buffer);
	sync_end(card);
}

TEST(refused_of_a_dma_buf)
{
	int card = sync_begin();
	struct buffer buffer = new_buffer(card);
	struct dma_buf_export_sync_file out = {.flags = 0};
	struct dma_buf_import_sync_file in = {.flags = DMA_BUF_SYNC_RW, .fd = card};
	int foreign = memfd_create("no buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), EINVAL);
	out.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), EINVAL);
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, (void *)8), EFAULT);
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in), EINVAL);
	in.fd = 999;
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in), EINVAL);
	in.fd = -1;
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in), EINVAL);
	in.flags = 0;
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in), EINVAL);
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, (void *)8), EFAULT);
	CHECK_ERRNO(ioctl(buffer.dma_buf, DMA_BUF_IOCTL_SYNC, (void *)8), EFAULT);
	CHECK_ERRNO(sync_cpu(&buffer, 0), EINVAL);
	CHECK_ERRNO(sync_cpu(&buffer, DMA_BUF_SYNC_RW | 0x80), EINVAL);
	out.flags = DMA_BUF_SYNC_RW;
	CHECK_ERRNO(ioctl(foreign, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), ENOTTY);
	close(foreign);
	free_buffer(card, &buffer);
	sync_end(card);
}

/* ---- flips ---- */

static void on_flip(int fd, unsigned int sequence, unsigned int sec, unsigned int usec,
	unsigned int crtc, void *data)
{
	*(int64_t *)data = sec * 1000000000ll + usec * 1000ll;
}

TEST(flip_waits_for_the_dma_buf)
{
	int card = sync_begin(), timeline = sync_timeline();
	struct buffer front = new_buffer(card), back = new_buffer(card);
	drmModeRes *res = drmModeGetResources(card);
	drmModeConnector *connector = drmModeGetConnector(card, res->connectors[0]);
	drmEventContext context = {.version = 3, .page_flip_handler2 = on_flip};
	drmModeModeInfo mode = connector->modes[0];
	int64_t shown = 0;

	for (int i = 0; i < connector->count_modes; i++) {
		if (connector->modes[i].hdisplay == WIDTH && connector->modes[i].vdisplay == HEIGHT)
			mode = connector->modes[i];
	}
	CHECK_INT(drmModeSetCrtc(card, res->crtcs[0], front.fb, 0, 0, res->connectors, 1, &mode), 0);
	import(&back, sync_fence(timeline, 1), DMA_BUF_SYNC_WRITE);
	CHECK_INT(drmModePageFlip(card, res->crtcs[0], back.fb, DRM_MODE_PAGE_FLIP_EVENT, &shown),
		0);
	CHECK(!sync_readable(card, 80));
	CHECK_INT(drmModePageFlip(card, res->crtcs[0], front.fb, 0, NULL), -EBUSY);
	int64_t done = sync_after(0);
	sync_inc(timeline, 1);
	CHECK(sync_readable(card, 2000));
	CHECK_INT(drmHandleEvent(card, &context), 0);
	CHECK(shown + 1000 > done);
	drmModeFreeConnector(connector);
	drmModeFreeResources(res);
	free_buffer(card, &front);
	free_buffer(card, &back);
	close(timeline);
	sync_end(card);
}
