/*
 * What is on the screen, and since when: requests go in through the ioctls, a
 * sink looks at every frame that comes out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "gem_resv.h"
#include "kms_framebuffer.h"
#include "kms_sink.h"
#include "kms_vblank.h"
#include "test.h"
#include "uapi.h"

enum { WIDTH = 1024, HEIGHT = 768, PROBES = 4, FRAMES = 1024 };
#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu
#define WHITE 0xffffffu

static struct vfs *vfs;
static struct uapi_device *card;
static struct vfs_node node;
static struct kms_device *kms;
static int fd;

/* ---- the client's side ---- */

static long request(unsigned int cmd, void *arg)
{
	struct vfs_caller caller;
	struct vfs_file *file;

	vfs_caller_init_self(&caller);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &file), 0);
	long ret = file->ops->ioctl(file, cmd, (uintptr_t)arg, &caller);
	vfs_file_put(file);
	return ret;
}

struct buffer {
	uint32_t handle, fb, width, height, pitch;
	uint32_t *pixels;
	size_t size;
	int memory; /* the client's descriptor of it */
};

static void paint(struct buffer *buffer, uint32_t color)
{
	for (size_t i = 0; i < buffer->size / 4; i++)
		buffer->pixels[i] = color;
}

static void buffer_create_open(struct buffer *buffer, uint32_t width, uint32_t height,
	uint32_t format, uint32_t color)
{
	struct drm_mode_create_dumb dumb = {.width = width, .height = height, .bpp = 32};
	struct drm_mode_map_dumb map = {0};
	struct drm_mode_fb_cmd2 cmd = {.width = width, .height = height, .pixel_format = format};
	struct vfs_file *file;
	uint64_t offset;
	int memory;

	CHECK_INT(request(DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	map.handle = cmd.handles[0] = dumb.handle;
	cmd.pitches[0] = dumb.pitch;
	CHECK_INT(request(DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	CHECK_INT(vfs_file_from_fd(vfs, fd, &file), 0);
	CHECK_INT(file->ops->mmap(file, map.offset, dumb.size, PROT_READ | PROT_WRITE, &memory,
		&offset), 0);
	vfs_file_put(file);
	*buffer = (struct buffer) {.handle = dumb.handle, .width = width, .height = height,
		.pitch = dumb.pitch, .size = dumb.size, .memory = memory};
	buffer->pixels = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, offset);
	CHECK(buffer->pixels != MAP_FAILED);
	CHECK_INT(request(DRM_IOCTL_MODE_ADDFB2, &cmd), 0);
	buffer->fb = cmd.fb_id;
	paint(buffer, color);
}

static void buffer_create(struct buffer *buffer, uint32_t width, uint32_t height, uint32_t format,
	uint32_t color)
{
	buffer_create_open(buffer, width, height, format, color);
	close(buffer->memory);
}

/* Memory of the client's own, that refuses to be sealed. */
static void buffer_import(struct buffer *buffer, uint32_t color)
{
	struct drm_prime_handle prime = {.fd = memfd_create("hostile", MFD_CLOEXEC)};
	struct drm_mode_fb_cmd2 cmd = {.width = WIDTH, .height = HEIGHT,
		.pixel_format = DRM_FORMAT_XRGB8888, .pitches = {WIDTH * 4}};

	*buffer = (struct buffer) {.width = WIDTH, .height = HEIGHT, .pitch = WIDTH * 4,
		.size = WIDTH * HEIGHT * 4, .memory = prime.fd};
	CHECK_INT(ftruncate(prime.fd, buffer->size), 0);
	buffer->pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, prime.fd, 0);
	CHECK(buffer->pixels != MAP_FAILED);
	paint(buffer, color);
	CHECK_INT(request(DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	buffer->handle = cmd.handles[0] = prime.handle;
	CHECK_INT(request(DRM_IOCTL_MODE_ADDFB2, &cmd), 0);
	buffer->fb = cmd.fb_id;
}

static long set_crtc(const struct buffer *buffer)
{
	uint32_t connector = kms->connectors[0].base.id;
	struct drm_mode_crtc cmd = {.crtc_id = kms->crtcs[0].base.id};

	if (buffer) {
		cmd.fb_id = buffer->fb;
		cmd.mode = kms->connectors[0].modes[0];
		cmd.mode_valid = 1;
		cmd.set_connectors_ptr = (uintptr_t)&connector;
		cmd.count_connectors = 1;
	}
	return request(DRM_IOCTL_MODE_SETCRTC, &cmd);
}

static long page_flip(const struct buffer *buffer)
{
	struct drm_mode_crtc_page_flip cmd = {.crtc_id = kms->crtcs[0].base.id,
		.fb_id = buffer->fb, .flags = DRM_MODE_PAGE_FLIP_EVENT, .user_data = buffer->fb};

	return request(DRM_IOCTL_MODE_PAGE_FLIP, &cmd);
}

/* buffer NULL = off. Source: all of it. */
static long set_plane(enum kms_plane_type type, const struct buffer *buffer, int32_t x, int32_t y)
{
	struct drm_mode_set_plane cmd = {.crtc_id = kms->crtcs[0].base.id, .crtc_x = x,
		.crtc_y = y};

	for (unsigned i = 0; i < kms->plane_count; i++) {
		if (kms->planes[i].type == type)
			cmd.plane_id = kms->planes[i].base.id;
	}
	if (buffer) {
		cmd.fb_id = buffer->fb;
		cmd.crtc_w = buffer->width;
		cmd.crtc_h = buffer->height;
		cmd.src_w = buffer->width << 16;
		cmd.src_h = buffer->height << 16;
	}
	return request(DRM_IOCTL_MODE_SETPLANE, &cmd);
}

static struct drm_event_vblank read_event(void)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	struct drm_event_vblank event;

	CHECK_INT(poll(&poll_fd, 1, 2000), 1);
	CHECK_INT(read(fd, &event, sizeof(event)), sizeof(event));
	CHECK_INT(event.base.type, DRM_EVENT_FLIP_COMPLETE);
	return event;
}

/* ---- the monitor's side ---- */

struct shown {
	uint64_t sequence, time_ns;
	uint32_t width, height;
	uint32_t probe[PROBES];
};

struct monitor {
	struct kms_sink sink;
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned count; /* lock */
	struct shown frames[FRAMES];
	struct {
		uint32_t x, y;
	} at[PROBES];
};

static void look(struct kms_sink *sink, const struct kms_frame *frame)
{
	struct monitor *monitor = (struct monitor *)sink;

	pthread_mutex_lock(&monitor->lock);
	struct shown *shown = &monitor->frames[monitor->count++ % FRAMES];
	*shown = (struct shown) {.sequence = frame->sequence, .time_ns = frame->time_ns,
		.width = frame->width, .height = frame->height};
	for (int i = 0; i < PROBES && frame->width; i++) {
		const uint32_t *row = (const uint32_t *)(frame->pixels +
			(size_t)monitor->at[i].y * frame->pitch);
		CHECK_INT(row[monitor->at[i].x] >> 24, 0xff);
		shown->probe[i] = row[monitor->at[i].x] & 0xffffff;
	}
	pthread_cond_broadcast(&monitor->more);
	pthread_mutex_unlock(&monitor->lock);
}

static void monitor_attach(struct monitor *monitor)
{
	pthread_mutex_init(&monitor->lock, NULL);
	pthread_cond_init(&monitor->more, NULL);
	monitor->sink.frame = look;
	kms_sink_attach(&monitor->sink, &kms->crtcs[0]);
}

static unsigned monitor_count(struct monitor *monitor)
{
	pthread_mutex_lock(&monitor->lock);
	unsigned count = monitor->count;
	pthread_mutex_unlock(&monitor->lock);
	return count;
}

/* The frame with number index (from 0), once it was shown. The test's limit ends the wait. */
static struct shown monitor_frame(struct monitor *monitor, unsigned index)
{
	pthread_mutex_lock(&monitor->lock);
	while (monitor->count <= index)
		pthread_cond_wait(&monitor->more, &monitor->lock);
	struct shown shown = monitor->frames[index % FRAMES];
	pthread_mutex_unlock(&monitor->lock);
	return shown;
}

/* The frame of a vblank; monitors with every_vblank only. */
static struct shown monitor_at(struct monitor *monitor, uint64_t sequence)
{
	unsigned index = 0;

	while (monitor_frame(monitor, index).sequence < sequence)
		index++;
	struct shown shown = monitor_frame(monitor, index);
	CHECK_INT(shown.sequence, sequence);
	return shown;
}

/* The last frame shown before a vblank: on a busy machine not the one just before it. */
static struct shown monitor_before(struct monitor *monitor, uint64_t sequence)
{
	unsigned index = 0;

	while (monitor_frame(monitor, index + 1).sequence < sequence)
		index++;
	return monitor_frame(monitor, index);
}

static void wait_vblanks(int count)
{
	union drm_wait_vblank wait = {.request = {.type = _DRM_VBLANK_RELATIVE,
		.sequence = count}};

	CHECK_INT(request(DRM_IOCTL_WAIT_VBLANK, &wait), 0);
}

static void start(void)
{
	struct drm_set_client_cap planes = {.capability = DRM_CLIENT_CAP_UNIVERSAL_PLANES,
		.value = 1};
	struct vfs_caller caller;

	CHECK_INT(vfs_create(&vfs), 0);
	CHECK_INT(uapi_device_create(kms_device_desc_default(), NULL, NULL, &card), 0);
	uapi_node_init(&node, card, UAPI_NODE_PRIMARY, 0);
	CHECK_INT(vfs_add_node(vfs, &node), 0);
	kms = card->kms;
	vfs_caller_init_self(&caller);
	CHECK_INT(vfs_open(vfs, "/dev/dri/card0", O_RDWR, &caller, &fd), 0);
	CHECK_INT(request(DRM_IOCTL_SET_CLIENT_CAP, &planes), 0);
}

static void stop(struct monitor *monitor)
{
	kms_sink_detach(&monitor->sink);
	if (fd >= 0)
		close(fd);
	vfs_remove_node(vfs, &node);
	vfs_destroy(vfs);
	uapi_device_destroy(card);
}

TEST(flip_is_shown_at_the_vblank_of_its_event)
{
	struct monitor monitor = {.sink.every_vblank = true};
	struct buffer buffers[2];

	start();
	monitor_attach(&monitor);
	buffer_create(&buffers[0], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	buffer_create(&buffers[1], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, BLUE);
	CHECK_INT(set_crtc(&buffers[0]), 0);
	uint32_t before = RED;
	for (int i = 1; i <= 40; i++) {
		/* At every place in the period, also right before its end. */
		usleep(i * 997 % 17000);
		uint32_t color = i % 2 ? BLUE : RED;
		CHECK_INT(page_flip(&buffers[i % 2]), 0);
		struct drm_event_vblank event = read_event();
		CHECK_INT(event.user_data, buffers[i % 2].fb);
		struct shown shown = monitor_at(&monitor, event.sequence);
		CHECK_INT(shown.probe[0], color);
		CHECK_INT(monitor_before(&monitor, event.sequence).probe[0], before);
		CHECK_INT(event.tv_sec * 1000000ull + event.tv_usec, shown.time_ns / 1000);
		before = color;
	}
	stop(&monitor);
}

/*
 * The buffer's memory is seen by the screen at once, so what is not finished must
 * not be there: red until the work is over, blue from then on, and never green.
 */
TEST(unfinished_picture_is_never_shown)
{
	struct monitor monitor = {.sink.every_vblank = true};
	struct buffer buffers[2];
	struct gem_fence *work;

	start();
	monitor_attach(&monitor);
	buffer_create(&buffers[0], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	buffer_create(&buffers[1], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, GREEN);
	CHECK_INT(set_crtc(&buffers[0]), 0);
	struct kms_framebuffer *fb = kms_framebuffer_lookup(kms, buffers[1].fb);
	CHECK_INT(gem_fence_create(gem_fence_context_alloc(), 1, 0, &work), 0);
	CHECK_INT(gem_object_add_fence(fb->planes[0].object, work, true), 0);
	CHECK_INT(page_flip(&buffers[1]), 0);
	wait_vblanks(4);
	paint(&buffers[1], BLUE);
	uint64_t done = kms_clock_now();
	gem_fence_signal(work, 0);
	struct drm_event_vblank event = read_event();
	CHECK(event.tv_sec * 1000000000ull + event.tv_usec * 1000ull + 1000 > done);
	for (unsigned i = 0; monitor_frame(&monitor, i).sequence < event.sequence; i++)
		CHECK(monitor_frame(&monitor, i).probe[0] == RED || !monitor_frame(&monitor, i).width);
	CHECK_INT(monitor_at(&monitor, event.sequence).probe[0], BLUE);
	gem_fence_put(work);
	kms_object_put(&fb->base);
	stop(&monitor);
}

/* A second flip before the first is latched is refused and changes nothing. */
TEST(busy_flip_is_not_shown)
{
	struct monitor monitor = {.sink.every_vblank = true};
	struct buffer buffers[3];
	int refused = 0;

	start();
	monitor_attach(&monitor);
	buffer_create(&buffers[0], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	buffer_create(&buffers[1], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, GREEN);
	buffer_create(&buffers[2], WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, BLUE);
	CHECK_INT(set_crtc(&buffers[0]), 0);
	for (int i = 0; i < 5; i++) {
		wait_vblanks(1);
		CHECK_INT(page_flip(&buffers[1]), 0);
		long ret = page_flip(&buffers[2]);
		struct drm_event_vblank event = read_event();
		if (ret == 0) /* the vblank was between the two */
			event = read_event();
		else
			CHECK_INT(ret, -EBUSY);
		CHECK_INT(monitor_at(&monitor, event.sequence).probe[0], ret ? GREEN : BLUE);
		refused += ret != 0;
	}
	CHECK(refused >= 3);
	stop(&monitor);
}

TEST(planes_lie_over_each_other)
{
	struct monitor monitor = {.at = {{0, 0}, {99, 50}, {100, 50}, {131, 81}}};
	struct buffer primary, overlay, cursor;

	start();
	buffer_create(&primary, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	buffer_create(&overlay, 128, 128, DRM_FORMAT_XRGB8888, GREEN);
	buffer_create(&cursor, 64, 64, DRM_FORMAT_ARGB8888, 0);
	/* Left half of the cursor: opaque white; right half: half of black over it. */
	for (int y = 0; y < 64; y++) {
		for (int x = 0; x < 64; x++)
			cursor.pixels[y * cursor.pitch / 4 + x] = x < 32 ? 0xffffffff : 0x80000000;
	}
	CHECK_INT(set_crtc(&primary), 0);
	CHECK_INT(set_plane(KMS_PLANE_OVERLAY, &overlay, 100, 50), 0);
	struct drm_mode_cursor set = {.flags = DRM_MODE_CURSOR_BO | DRM_MODE_CURSOR_MOVE,
		.crtc_id = kms->crtcs[0].base.id, .x = 90, .y = 60, .width = 64, .height = 64,
		.handle = cursor.handle};
	CHECK_INT(request(DRM_IOCTL_MODE_CURSOR, &set), 0);
	wait_vblanks(2);
	monitor_attach(&monitor);
	struct shown shown = monitor_frame(&monitor, 0);
	CHECK_INT(shown.probe[0], RED);
	CHECK_INT(shown.probe[1], RED);
	CHECK_INT(shown.probe[2], GREEN);
	/* (131,81) is x 41 of the cursor: green, halved. */
	CHECK_INT(shown.probe[3], 0x007f00);

	/* Moved: its white half is there now. Off the left edge: legal. */
	set.flags = DRM_MODE_CURSOR_MOVE;
	set.x = 120;
	CHECK_INT(request(DRM_IOCTL_MODE_CURSOR, &set), 0);
	CHECK_INT(monitor_frame(&monitor, 1).probe[3], WHITE);
	set.x = -10;
	set.y = -10;
	CHECK_INT(request(DRM_IOCTL_MODE_CURSOR, &set), 0);
	shown = monitor_frame(&monitor, 2);
	CHECK_INT(shown.probe[0], WHITE);
	CHECK_INT(shown.probe[3], GREEN);
	/* Overlay partly off the screen, then off. */
	CHECK_INT(set_plane(KMS_PLANE_OVERLAY, &overlay, -28, -47), 0);
	shown = monitor_frame(&monitor, 3);
	CHECK_INT(shown.probe[1], GREEN);
	CHECK_INT(shown.probe[2], RED);
	CHECK_INT(set_plane(KMS_PLANE_OVERLAY, NULL, 0, 0), 0);
	CHECK_INT(monitor_frame(&monitor, 4).probe[1], RED);
	stop(&monitor);
}

/* Drawing into the front buffer shows when the client says so. */
TEST(dirtyfb_gives_a_frame)
{
	struct monitor monitor = {0};
	struct buffer buffer;

	start();
	buffer_create(&buffer, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	CHECK_INT(set_crtc(&buffer), 0);
	wait_vblanks(1);
	monitor_attach(&monitor);
	CHECK_INT(monitor_frame(&monitor, 0).probe[0], RED);
	paint(&buffer, GREEN);
	wait_vblanks(3);
	CHECK_INT(monitor_count(&monitor), 1);
	struct drm_mode_fb_dirty_cmd dirty = {.fb_id = buffer.fb};
	CHECK_INT(request(DRM_IOCTL_MODE_DIRTYFB, &dirty), 0);
	CHECK_INT(monitor_frame(&monitor, 1).probe[0], GREEN);
	stop(&monitor);
}

TEST(refused_requests_change_nothing)
{
	struct monitor monitor = {0};
	struct buffer primary, small, gone;

	start();
	buffer_create(&primary, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	buffer_create(&small, 100, 100, DRM_FORMAT_XRGB8888, GREEN);
	buffer_create(&gone, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, BLUE);
	CHECK_INT(set_crtc(&primary), 0);
	wait_vblanks(1);
	monitor_attach(&monitor);
	CHECK_INT(monitor_frame(&monitor, 0).probe[0], RED);
	CHECK_INT(request(DRM_IOCTL_MODE_RMFB, &gone.fb), 0);
	CHECK_INT(set_crtc(&small), -ENOSPC);
	CHECK_INT(page_flip(&small), -ENOSPC);
	CHECK_INT(set_crtc(&gone), -ENOENT);
	CHECK_INT(page_flip(&gone), -ENOENT);
	CHECK_INT(set_plane(KMS_PLANE_OVERLAY, &gone, 0, 0), -ENOENT);
	CHECK_INT(set_plane(KMS_PLANE_PRIMARY, &small, 10, 10), -EINVAL);
	wait_vblanks(3);
	CHECK_INT(monitor_count(&monitor), 1);
	stop(&monitor);
}

TEST(off_and_on)
{
	struct monitor monitor = {.sink.every_vblank = true};
	struct buffer buffer;

	start();
	buffer_create(&buffer, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	CHECK_INT(set_crtc(&buffer), 0);
	wait_vblanks(1);
	monitor_attach(&monitor);
	CHECK_INT(monitor_frame(&monitor, 0).width, WIDTH);
	CHECK_INT(set_crtc(NULL), 0);
	unsigned index = 0;
	while (monitor_frame(&monitor, index).width)
		index++;
	usleep(100000);
	CHECK_INT(monitor_count(&monitor), index + 1);
	CHECK_INT(set_crtc(&buffer), 0);
	struct shown shown = monitor_frame(&monitor, index + 1);
	CHECK_INT(shown.width, WIDTH);
	CHECK_INT(shown.height, HEIGHT);
	CHECK_INT(shown.probe[0], RED);
	stop(&monitor);
}

/* The holder of the fbs dies: what they showed goes off. */
TEST(close_takes_the_picture_away)
{
	struct monitor monitor = {0};
	struct buffer buffer;

	start();
	buffer_create(&buffer, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	CHECK_INT(set_crtc(&buffer), 0);
	wait_vblanks(1);
	monitor_attach(&monitor);
	CHECK_INT(monitor_frame(&monitor, 0).probe[0], RED);
	close(fd);
	fd = -1;
	vfs_reap(vfs);
	CHECK_INT(monitor_frame(&monitor, 1).width, 0);
	munmap(buffer.pixels, buffer.size);
	stop(&monitor);
}

/* ---- clients that take away what the display reads ---- */

enum hostile_memory { DUMB, IMPORTED };

struct hostile_row {
	const char *name;
	enum hostile_memory memory;
	off_t left; /* bytes after the truncation */
};

static const struct hostile_row hostile_rows[] = {
	{"dumb buffer, all of it", DUMB, 0},
	{"dumb buffer, the lower half", DUMB, WIDTH * HEIGHT * 2},
	{"import that cannot be sealed, all of it", IMPORTED, 0},
	{"import that cannot be sealed, the lower half", IMPORTED, WIDTH * HEIGHT * 2},
};

/* The picture shows zeros there, and the display goes on for the others. */
TEST_ROWS(memory_truncated_on_the_screen, struct hostile_row, hostile_rows)
{
	struct monitor monitor = {.sink.every_vblank = true,
		.at = {{5, 5}, {700, 767}, {5, 5}, {5, 5}}};
	struct buffer hostile, honest;

	start();
	monitor_attach(&monitor);
	if (row->memory == DUMB)
		buffer_create_open(&hostile, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, RED);
	else
		buffer_import(&hostile, RED);
	buffer_create(&honest, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, GREEN);
	CHECK_INT(set_crtc(&hostile), 0);
	CHECK_INT(page_flip(&hostile), 0);
	CHECK_INT(monitor_at(&monitor, read_event().sequence).probe[1], RED);
	CHECK_INT(ftruncate(hostile.memory, row->left), 0);
	CHECK_INT(page_flip(&hostile), 0);
	struct shown shown = monitor_at(&monitor, read_event().sequence);
	CHECK_INT(shown.probe[0], row->left ? RED : 0);
	CHECK_INT(shown.probe[1], 0);
	CHECK_INT(page_flip(&honest), 0);
	CHECK_INT(monitor_at(&monitor, read_event().sequence).probe[1], GREEN);
	munmap(hostile.pixels, hostile.size);
	close(hostile.memory);
	stop(&monitor);
}
