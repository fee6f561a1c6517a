/* CRCs through debugfs (uapi_crc.h), as intel-gpu-tools and shells use them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "preload_test.h"
#include "test.h"

#define FOLDER "/sys/kernel/debug/dri/0/crtc-0/crc/"

enum { WIDTH = 1024, HEIGHT = 768, LINE = 23 };

struct picture {
	uint32_t handle, fb;
	uint32_t *pixels;
	size_t size;
};

static struct {
	int fd;
	uint32_t crtc, connector;
	drmModeModeInfo mode;
	struct picture pictures[2];
} card;

static void make_picture(struct picture *picture, uint32_t color)
{
	uint32_t pitch;
	uint64_t size, offset;

	CHECK_INT(drmModeCreateDumbBuffer(card.fd, WIDTH, HEIGHT, 32, 0, &picture->handle, &pitch,
		&size), 0);
	CHECK_INT(drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32, pitch, picture->handle, &picture->fb),
		0);
	CHECK_INT(drmModeMapDumbBuffer(card.fd, picture->handle, &offset), 0);
	picture->size = size;
	picture->pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, card.fd, offset);
	CHECK(picture->pixels != MAP_FAILED);
	for (size_t i = 0; i < size / 4; i++)
		picture->pixels[i] = color;
}

static void show(const struct picture *picture)
{
	CHECK_INT(drmModeSetCrtc(card.fd, card.crtc, picture->fb, 0, 0, &card.connector, 1,
		&card.mode), 0);
}

static void begin(void)
{
	preload_test_begin();
	card.fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(card.fd >= 0);
	drmModeRes *resources = drmModeGetResources(card.fd);
	card.crtc = resources->crtcs[0];
	card.connector = resources->connectors[0];
	drmModeFreeResources(resources);
	drmModeConnector *connector = drmModeGetConnector(card.fd, card.connector);
	card.mode = connector->modes[0];
	drmModeFreeConnector(connector);
	make_picture(&card.pictures[0], 0x123456);
	make_picture(&card.pictures[1], 0x123457);
}

static void end(void)
{
	for (int i = 0; i < 2; i++) {
		munmap(card.pictures[i].pixels, card.pictures[i].size);
		drmModeRmFB(card.fd, card.pictures[i].fb);
	}
	close(card.fd);
	preload_test_end();
}

static void control(const char *text, ssize_t want, int error)
{
	int fd = open(FOLDER "control", O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	if (want >= 0)
		CHECK_INT(write(fd, text, strlen(text)), want);
	else
		CHECK_ERRNO(write(fd, text, strlen(text)), error);
	close(fd);
}

/* Waits for a line of a vblank. */
static void read_line(int fd, unsigned *frame, unsigned *crc)
{
	char line[64];

	CHECK_INT(read(fd, line, sizeof(line)), LINE);
	CHECK_INT(line[LINE - 1], '\0');
	CHECK_INT(sscanf(line, "0x%8x 0x%8x\n", frame, crc), 2);
	CHECK_INT(line[LINE - 2], '\n');
}

/*
 * The CRC of the screen as it is from now on. Lines of vblanks that are past may wait to be
 * read, any number of them on a machine that stalls: two vblanks from now count.
 */
static unsigned settled(int fd)
{
	unsigned frame, crc, last = 0;
	uint64_t now;

	CHECK_INT(drmCrtcGetSequence(card.fd, card.crtc, &now, NULL), 0);
	do {
		read_line(fd, &frame, &crc);
		if (last != 0)
			CHECK_INT(frame, last + 1);
		last = frame;
	} while (frame < now + 2);
	return crc;
}

TEST(crc_control)
{
	char text[32] = "";
	char long_text[5000];
	int fd;

	begin();
	fd = open(FOLDER "control", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(read(fd, text, sizeof(text)), 6);
	CHECK(strcmp(text, "auto*\n") == 0);
	close(fd);
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	control("auto", 4, 0);
	control("auto\n", 5, 0);
	control("foo", -1, EINVAL);
	control("autos", -1, EINVAL);
	control("aut", -1, EINVAL);
	control("\n", -1, EINVAL);
	control("", 0, 0);
	control(long_text, -1, E2BIG);
	CHECK_ERRNO(open(FOLDER "control", O_RDWR | O_CLOEXEC), EACCES);
	end();
}

/* As programs do that have streams. */
TEST(crc_control_by_streams)
{
	static const struct { const char *text; int want; } writes[] = {
		{"auto", 0}, {"auto\n", 0}, {"foo", EOF},
	};

	begin();
	for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		FILE *stream = fopen(FOLDER "control", "w");
		CHECK(stream != NULL);
		CHECK(fputs(writes[i].text, stream) >= 0);
		CHECK_INT(fclose(stream), writes[i].want);
	}
	end();
}

TEST(crc_needs_a_picture)
{
	begin();
	CHECK_INT(drmModeSetCrtc(card.fd, card.crtc, 0, 0, 0, NULL, 0, NULL), 0);
	CHECK_ERRNO(open(FOLDER "data", O_RDONLY | O_CLOEXEC), EIO);
	end();
}

static void flipped(int fd, unsigned sequence, unsigned seconds, unsigned us, void *data)
{
	(void)fd, (void)sequence, (void)seconds, (void)us, (void)data;
}

TEST(crc_is_of_the_picture)
{
	drmEventContext events = {.version = 2, .page_flip_handler = flipped};
	unsigned first, second;
	int fd;

	begin();
	show(&card.pictures[0]);
	fd = open(FOLDER "data", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	first = settled(fd);
	/* One pixel, seen by none but the CRC: drawn right into the front buffer. */
	card.pictures[0].pixels[WIDTH * HEIGHT - 1] ^= 1;
	second = settled(fd);
	CHECK(first != second);
	card.pictures[0].pixels[WIDTH * HEIGHT - 1] ^= 1;
	CHECK_INT(settled(fd), first);
	/* Another buffer with the same picture. */
	memcpy(card.pictures[1].pixels, card.pictures[0].pixels, card.pictures[0].size);
	CHECK_INT(drmModePageFlip(card.fd, card.crtc, card.pictures[1].fb,
		DRM_MODE_PAGE_FLIP_EVENT, NULL), 0);
	CHECK_INT(drmHandleEvent(card.fd, &events), 0);
	CHECK_INT(settled(fd), first);
	close(fd);
	end();
}

TEST(crc_data_as_a_file)
{
	struct pollfd poll_fd = {.events = POLLIN};
	char line[64];
	unsigned frame, crc;

	begin();
	show(&card.pictures[0]);
	poll_fd.fd = open(FOLDER "data", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(poll_fd.fd >= 0);
	CHECK_ERRNO(open(FOLDER "data", O_RDONLY | O_CLOEXEC), EBUSY);
	control("auto", -1, EBUSY);
	CHECK_INT(poll(&poll_fd, 1, 5000), 1);
	CHECK_INT(poll_fd.revents, POLLIN);
	/* A buffer that is too small leaves the line where it is. */
	CHECK_ERRNO(read(poll_fd.fd, line, LINE - 1), EINVAL);
	CHECK_ERRNO(read(poll_fd.fd, (void *)-1ul, LINE), EFAULT);
	read_line(poll_fd.fd, &frame, &crc);
	for (int i = 0; i < 10000; i++) {
		errno = 0;
		if (read(poll_fd.fd, line, sizeof(line)) < 0)
			break;
	}
	CHECK_INT(errno, EAGAIN);
	/* Off: no vblanks, no lines. On again: they go on. */
	CHECK_INT(drmModeSetCrtc(card.fd, card.crtc, 0, 0, 0, NULL, 0, NULL), 0);
	while (read(poll_fd.fd, line, sizeof(line)) > 0)
		;
	CHECK_INT(poll(&poll_fd, 1, 60), 0);
	show(&card.pictures[0]);
	CHECK_INT(poll(&poll_fd, 1, 5000), 1);
	CHECK_ERRNO(write(poll_fd.fd, "x", 1), EINVAL);
	close(poll_fd.fd);
	/* Closed: it can be opened anew. */
	poll_fd.fd = open(FOLDER "data", O_RDONLY | O_CLOEXEC);
	CHECK(poll_fd.fd >= 0);
	close(poll_fd.fd);
	end();
}

/* ---- properties, seen on the screen ---- */

static uint32_t find_plane(uint64_t wanted)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(card.fd);
	uint32_t found = 0;

	for (unsigned i = 0; i < planes->count_planes && !found; i++) {
		drmModeObjectProperties *list = drmModeObjectGetProperties(card.fd,
			planes->planes[i], DRM_MODE_OBJECT_PLANE);
		for (unsigned n = 0; n < list->count_props; n++) {
			drmModePropertyRes *prop = drmModeGetProperty(card.fd, list->props[n]);
			if (strcmp(prop->name, "type") == 0 && list->prop_values[n] == wanted)
				found = planes->planes[i];
			drmModeFreeProperty(prop);
		}
		drmModeFreeObjectProperties(list);
	}
	drmModeFreePlaneResources(planes);
	CHECK(found);
	return found;
}

static void set(uint32_t object, uint32_t type, const char *name, uint64_t value)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(card.fd, object, type);
	bool found = false;

	for (unsigned n = 0; n < list->count_props; n++) {
		drmModePropertyRes *prop = drmModeGetProperty(card.fd, list->props[n]);
		if (strcmp(prop->name, name) == 0) {
			CHECK_INT(drmModeObjectSetProperty(card.fd, object, type, prop->prop_id,
				value), 0);
			found = true;
		}
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	if (!found)
		test_fail(__FILE__, __LINE__, "no property %s", name);
}

/* The CRC of the second picture, shown as it is. */
static unsigned crc_of_second(int fd)
{
	show(&card.pictures[1]);
	return settled(fd);
}

static void fill_pictures(void)
{
	const uint32_t count = WIDTH * HEIGHT;

	for (uint32_t i = 0; i < count; i++)
		card.pictures[0].pixels[i] = i * 2654435761u >> 8;
}

/* What a plane's property does is what the CPU draws. */
TEST(plane_properties_on_the_screen)
{
	const uint32_t count = WIDTH * HEIGHT;
	uint32_t plane, *from, *to;
	unsigned turned, faded, gone;
	int fd;

	begin();
	CHECK_INT(drmSetClientCap(card.fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	plane = find_plane(DRM_PLANE_TYPE_PRIMARY);
	fill_pictures();
	from = card.pictures[0].pixels;
	to = card.pictures[1].pixels;
	show(&card.pictures[0]);
	fd = open(FOLDER "data", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	set(plane, DRM_MODE_OBJECT_PLANE, "rotation", DRM_MODE_ROTATE_180);
	turned = settled(fd);
	set(plane, DRM_MODE_OBJECT_PLANE, "rotation", DRM_MODE_ROTATE_0);
	set(plane, DRM_MODE_OBJECT_PLANE, "alpha", 0x8080);
	faded = settled(fd);
	set(plane, DRM_MODE_OBJECT_PLANE, "alpha", 0);
	gone = settled(fd);
	set(plane, DRM_MODE_OBJECT_PLANE, "alpha", 0xffff);
	for (uint32_t i = 0; i < count; i++)
		to[i] = from[count - 1 - i];
	CHECK_INT(crc_of_second(fd), turned);
	for (uint32_t i = 0; i < count; i++) {
		to[i] = 0; /* each channel by 0x80 / 0xff, the nearest */
		for (unsigned shift = 0; shift < 24; shift += 8)
			to[i] |= (2 * (from[i] >> shift & 255) * 0x80 + 255) / 510 << shift;
	}
	CHECK_INT(crc_of_second(fd), faded);
	memset(to, 0, count * 4);
	CHECK_INT(crc_of_second(fd), gone);
	close(fd);
	end();
}

TEST(gamma_on_the_screen)
{
	uint16_t inverse[256], same[256];
	unsigned negative;
	int fd;

	begin();
	fill_pictures();
	for (int i = 0; i < 256; i++) {
		same[i] = i * 257;
		inverse[i] = (255 - i) * 257;
	}
	show(&card.pictures[0]);
	fd = open(FOLDER "data", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(drmModeCrtcSetGamma(card.fd, card.crtc, 256, inverse, inverse, inverse), 0);
	negative = settled(fd);
	CHECK_INT(drmModeCrtcSetGamma(card.fd, card.crtc, 256, same, same, same), 0);
	for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
		card.pictures[1].pixels[i] = ~card.pictures[0].pixels[i];
	CHECK_INT(crc_of_second(fd), negative);
	close(fd);
	end();
}
