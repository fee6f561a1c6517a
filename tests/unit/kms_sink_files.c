/* Sinks that write files: PNGs, videos. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <png.h>

#include "kms_sink_fixture.h"
#include "test.h"

/* Read by libpng's simplified interface, which shares no code path with the writer's. */
static void check_png(const char *path, const uint8_t *want, uint32_t width, uint32_t height,
	uint32_t pitch)
{
	png_image image = {.version = PNG_IMAGE_VERSION};

	CHECK(png_image_begin_read_from_file(&image, path));
	CHECK_INT(image.width, width);
	CHECK_INT(image.height, height);
	image.format = PNG_FORMAT_BGRA;
	uint8_t *got = malloc(PNG_IMAGE_SIZE(image));
	CHECK(png_image_finish_read(&image, NULL, got, 0, NULL));
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++)
			CHECK(memcmp(got + (y * width + x) * 4, want + y * pitch + x * 4, 3) == 0);
	}
	free(got);
}

static char *make_dir(void)
{
	static char dir[64];

	snprintf(dir, sizeof(dir), "%s/sink-test-XXXXXX", P_tmpdir);
	CHECK(mkdtemp(dir) != NULL);
	return dir;
}

static int count_files(const char *dir)
{
	DIR *stream = opendir(dir);
	int count = 0;
	struct dirent *entry;

	CHECK(stream != NULL);
	while ((entry = readdir(stream)))
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

TEST(png_round_trip)
{
	enum { W = 129, H = 67, PITCH = W * 4 + 20 };
	static uint8_t pixels[PITCH * H];
	char path[128];
	char *dir = make_dir();

	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = random();
	snprintf(path, sizeof(path), "%s/a.png", dir);
	CHECK_INT(kms_png_write(path, pixels, W, H, PITCH), 0);
	check_png(path, pixels, W, H, PITCH);
	/* Over an older picture: the new one, whole. */
	CHECK_INT(kms_png_write(path, pixels, W, H / 2, PITCH), 0);
	check_png(path, pixels, W, H / 2, PITCH);
	CHECK_INT(count_files(dir), 1);
	unlink(path);
	rmdir(dir);
	CHECK_INT(kms_png_write(path, pixels, W, H, PITCH), -ENOENT);
	CHECK_INT(kms_png_write("/dev/full/x", pixels, W, H, PITCH), -ENOTDIR);
	CHECK_INT(kms_png_write(path, pixels, 0, 0, 0), -EINVAL);
}

TEST(png_full_disk)
{
	static uint8_t pixels[64 * 64 * 4];
	char path[128];
	char *dir = make_dir();
	char link[160];

	/* What it writes beside the target is /dev/full. */
	snprintf(path, sizeof(path), "%s/a.png", dir);
	snprintf(link, sizeof(link), "%s.part-%d", path, (int)gettid());
	CHECK_INT(symlink("/dev/full", link), 0);
	CHECK_INT(kms_png_write(path, pixels, 64, 64, 256), -ENOSPC);
	CHECK_INT(count_files(dir), 0);
	rmdir(dir);
}

TEST(png_sink_writes_changed_frames)
{
	struct picture red, blue;
	struct kms_sink *sink;
	char path[128], name[192];
	char *dir = make_dir();
	uint32_t want[WIDTH * HEIGHT];

	device_init();
	picture_init(&red, RED);
	picture_init(&blue, BLUE);
	snprintf(path, sizeof(path), "%s/frames", dir);
	CHECK_INT(kms_png_sink_create(crtc, path, "", &sink), 0);
	show(1, &red, 0);
	run_vblank(7, 0);
	run_vblank(8, 0);
	show(1, &blue, 0);
	run_vblank(123456789, 0);
	turn(false);
	run_vblank(123456790, 0);
	kms_queue_sink_destroy(sink);
	CHECK_INT(count_files(path), 2);
	snprintf(name, sizeof(name), "%s/crtc0-00000007.png", path);
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		want[i] = RED;
	check_png(name, (uint8_t *)want, WIDTH, HEIGHT, WIDTH * 4);
	unlink(name);
	snprintf(name, sizeof(name), "%s/crtc0-123456789.png", path);
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		want[i] = BLUE;
	check_png(name, (uint8_t *)want, WIDTH, HEIGHT, WIDTH * 4);
	unlink(name);
	rmdir(path);
	rmdir(dir);
}

/* More than may wait: the vblank thread is not held up, the rest is written. */
TEST(png_sink_drops_when_full)
{
	struct kms_sink *sink;
	char name[192];
	char *dir = make_dir();
	int written = 0;

	device_init();
	crtc->state.mode.hdisplay = 512;
	crtc->state.mode.vdisplay = 512;
	CHECK_INT(kms_png_sink_create(crtc, dir, "", &sink), 0);
	for (int i = 0; i < 200; i++) {
		show(1, NULL, 0);
		run_vblank(i, 0);
	}
	kms_queue_sink_destroy(sink);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%s/crtc0-%08d.png", dir, i);
		written += unlink(name) == 0;
	}
	CHECK(written >= 32 && written < 200);
	CHECK_INT(rmdir(dir), 0);
}

TEST(png_sink_bad_dir)
{
	struct kms_sink *sink;

	device_init();
	CHECK_INT(kms_png_sink_create(crtc, "/dev/null/frames", "", &sink), -ENOTDIR);
	CHECK(gem_list_empty(&crtc->sinks));
}

/* ---- videos ---- */

static size_t read_file(const char *path, uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "rb");

	CHECK(file != NULL);
	size_t got = fread(bytes, 1, size, file);
	fclose(file);
	unlink(path);
	return got;
}

/* Three vblanks of red, of which two were not told, one of blue; another size. */
static void record(const char *path, struct picture *red, struct picture *blue)
{
	struct kms_sink *sink;

	device_init();
	picture_init(red, RED);
	picture_init(blue, BLUE);
	counter.period_num = 1344 * 806 * 1000000ull;
	counter.period_den = 65000;
	CHECK_INT(kms_video_sink_create(crtc, path, &sink), 0);
	show(1, red, 0);
	run_vblank(10, 0);
	run_vblank(11, 0);
	show(1, blue, 0);
	run_vblank(13, 0);
	crtc->state.mode.hdisplay = WIDTH / 2;
	show(1, red, 0);
	run_vblank(14, 0);
	kms_queue_sink_destroy(sink);
}

TEST(video_raw)
{
	enum { FRAME = WIDTH * HEIGHT * 4 };
	static uint8_t bytes[8 * FRAME];
	struct picture red, blue;
	char path[128], *dir = make_dir();

	snprintf(path, sizeof(path), "%s/a.raw", dir);
	record(path, &red, &blue);
	CHECK_INT(read_file(path, bytes, sizeof(bytes)), 4 * FRAME);
	for (int i = 0; i < 4; i++)
		CHECK_INT(((uint32_t *)bytes)[i * WIDTH * HEIGHT], 0xff000000 | (i < 3 ? RED : BLUE));
	snprintf(path, sizeof(path), "%s/a-1.raw", dir);
	CHECK_INT(read_file(path, bytes, sizeof(bytes)), FRAME / 2);
	CHECK_INT(rmdir(dir), 0);
}

TEST(video_y4m)
{
	enum { COUNT = WIDTH * HEIGHT, FRAME = 6 + 3 * COUNT };
	static const char head[] = "YUV4MPEG2 W8 H4 F65000000:1083264 Ip A1:1 C444\n";
	static uint8_t bytes[4096];
	struct picture red, blue;
	char path[128], *dir = make_dir();

	snprintf(path, sizeof(path), "%s/a.y4m", dir);
	record(path, &red, &blue);
	CHECK_INT(read_file(path, bytes, sizeof(bytes)), sizeof(head) - 1 + 4 * FRAME);
	CHECK(memcmp(bytes, head, sizeof(head) - 1) == 0);
	for (int i = 0; i < 4; i++) {
		const uint8_t *frame = bytes + sizeof(head) - 1 + i * FRAME;
		/* BT.601's own numbers for red and blue. */
		CHECK(memcmp(frame, "FRAME\n", 6) == 0);
		CHECK_INT(frame[6], i < 3 ? 81 : 41);
		CHECK_INT(frame[6 + COUNT], i < 3 ? 90 : 240);
		CHECK_INT(frame[6 + 2 * COUNT], i < 3 ? 240 : 110);
	}
	snprintf(path, sizeof(path), "%s/a-1.y4m", dir);
	CHECK(read_file(path, bytes, sizeof(bytes)) > 0);
	CHECK(memcmp(bytes, "YUV4MPEG2 W4 H4 ", 16) == 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(video_bad_place)
{
	struct kms_sink *sink;

	device_init();
	CHECK_INT(kms_video_sink_create(crtc, "/dev/null/a.y4m", &sink), -ENOTDIR);
	CHECK_INT(kms_video_sink_create(crtc, "a.avi", &sink), -EINVAL);
	CHECK_INT(kms_video_sink_create(crtc, "a", &sink), -EINVAL);
	CHECK(gem_list_empty(&crtc->sinks));
}
