/*
 * A whole platform in this process: assembled, used through its nodes and its
 * control socket, and taken down without a trace.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <png.h>

#include "platform_client.h"
#include "test.h"
#include "wire_uapi.h"

static char base[64];

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	CHECK(dir != NULL);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static int count_threads(void)
{
	return count_entries("/proc/self/task");
}

/* Ours, and those that a sanitizer starts with the first thread. */
static int threads_before;

static void *do_nothing(void *unused)
{
	return unused;
}

/* A folder that the platform must leave empty. */
static void base_make(void)
{
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, do_nothing, NULL), 0);
	pthread_join(thread, NULL);
	threads_before = count_threads();
	snprintf(base, sizeof(base), "%s/platform-test-XXXXXX", P_tmpdir);
	CHECK(mkdtemp(base) != NULL);
	setenv("XDG_RUNTIME_DIR", base, 1);
}

static void base_remove(void)
{
	CHECK_INT(count_entries(base), 0);
	CHECK_INT(rmdir(base), 0);
}

/* A detached thread may take a moment to be gone. */
static void check_alone(void)
{
	for (int i = 0; i < 200 && count_threads() > threads_before; i++)
		usleep(5000);
	CHECK_INT(count_threads(), threads_before);
}

static struct platform *start(const char *dir)
{
	struct platform_options options = {.input = PLATFORM_INPUT_DEFAULT, .render_node = true, .dir = dir};
	struct platform *platform;

	CHECK_INT(platform_create(&options, &platform), 0);
	CHECK_INT(control_server_start(platform->control, platform->dir), 0);
	return platform;
}

/* Sends a line, returns the reply (static, without newline). */
static const char *control(struct platform *platform, const char *line)
{
	static char reply[1 << 16];
	size_t used = 0;
	int fd = client_connect_control(platform);

	CHECK_INT(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	CHECK_INT(send(fd, "\n", 1, MSG_NOSIGNAL), 1);
	while (!memchr(reply, '\n', used)) {
		ssize_t got = recv(fd, reply + used, sizeof(reply) - 1 - used, 0);
		CHECK(got > 0);
		used += got;
	}
	reply[used - 1] = '\0';
	close(fd);
	return reply;
}

static void check_ok(struct platform *platform, const char *line)
{
	const char *reply = control(platform, line);

	if (strncmp(reply, "{\"ok\":true", 10) != 0)
		test_fail(__FILE__, __LINE__, "%s: %s", line, reply);
}

static void check_refused(struct platform *platform, const char *line)
{
	const char *reply = control(platform, line);

	if (strncmp(reply, "{\"ok\":false,\"error\":\"", 21) != 0)
		test_fail(__FILE__, __LINE__, "%s: %s", line, reply);
}

static void check_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		test_fail(__FILE__, __LINE__, "no %s in %s", part, text);
}

TEST(twenty_times_without_a_trace)
{
	base_make();
	for (int i = 0; i < 20; i++) {
		struct platform *platform = start(NULL);
		CHECK(strncmp(platform->dir, base, strlen(base)) == 0);
		struct stat st;
		CHECK_INT(stat(platform->dir, &st), 0);
		CHECK_INT(st.st_mode & 0777, 0700);
		platform_destroy(platform);
		check_alone();
	}
	base_remove();
}

TEST(open_files_at_the_end)
{
	base_make();
	struct platform *platform = start(NULL);
	int card = client_open(platform, "/dev/dri/card0", O_RDWR);
	int render = client_open(platform, "/dev/dri/renderD128", O_RDWR);
	int key = client_open(platform, "/dev/input/event0", O_RDONLY);
	struct drm_mode_create_dumb dumb = {.width = 64, .height = 64, .bpp = 32};
	CHECK_INT(client_ioctl(platform, card, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	platform_destroy(platform);
	/* Their holders see the hang-up. */
	struct pollfd polls[3] = {{.fd = card}, {.fd = render}, {.fd = key}};
	CHECK_INT(poll(polls, 3, 0), 3);
	close(card);
	close(render);
	close(key);
	check_alone();
	base_remove();
}

TEST(one_platform_a_folder)
{
	struct platform_options options = {.input = PLATFORM_INPUT_DEFAULT};
	struct platform *second;

	base_make();
	struct platform *platform = start(NULL);
	options.dir = platform->dir;
	CHECK_INT(platform_create(&options, &second), -EADDRINUSE);
	check_ok(platform, "state");
	platform_destroy(platform);
	base_remove();
}

/* What a killed platform left goes; what is not a platform's stays. */
TEST(stale_folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[80], path[160];

	base_make();
	snprintf(dir, sizeof(dir), "%s/d", base);
	CHECK_INT(mkdir(dir, 0700), 0);
	snprintf(path, sizeof(path), "%s/tree", dir);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/tree/old", dir);
	close(creat(path, 0600));
	snprintf(path, sizeof(path), "%s/mine", dir);
	close(creat(path, 0600));
	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", dir,
			i ? "control" : "device");
		CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
	}
	struct platform *platform = start(dir);
	check_ok(platform, "state");
	snprintf(path, sizeof(path), "%s/tree/old", dir);
	CHECK_ERRNO(access(path, F_OK), ENOENT);
	platform_destroy(platform);
	snprintf(path, sizeof(path), "%s/mine", dir);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(rmdir(dir), 0);
	base_remove();
}

TEST(create_fails_without_a_trace)
{
	struct platform_options options = {.input = PLATFORM_INPUT_DEFAULT, .frames_dir = "/dev/null/frames"};
	struct platform *platform;
	char dir[200];

	base_make();
	CHECK_INT(platform_create(&options, &platform), -ENOTDIR);
	check_alone();
	options = (struct platform_options) {.dir = "/dev/null/dir"};
	CHECK_INT(platform_create(&options, &platform), -ENOTDIR);
	/* Sockets have short names. */
	snprintf(dir, sizeof(dir), "%s/%0*d", base, 100, 0);
	options.dir = dir;
	CHECK_INT(platform_create(&options, &platform), -ENAMETOOLONG);
	base_remove();
}

/* Legacy mode set of one colour; returns the dumb buffer's mapping. */
static uint32_t *show_color(struct platform *platform, int fd, uint32_t color, size_t *size)
{
	struct kms_device *kms = platform->card->kms;
	struct drm_mode_create_dumb dumb = {.width = 1024, .height = 768, .bpp = 32};
	struct drm_mode_fb_cmd2 fb = {.width = 1024, .height = 768,
		.pixel_format = DRM_FORMAT_XRGB8888};
	uint32_t connector = kms->connectors[0].base.id;
	struct drm_mode_crtc crtc = {.crtc_id = kms->crtcs[0].base.id, .mode_valid = 1,
		.mode = kms->connectors[0].modes[0], .count_connectors = 1,
		.set_connectors_ptr = (uintptr_t)&connector};
	struct drm_mode_map_dumb map = {0};
	struct vfs_file *file;
	uint64_t offset;
	int memory;

	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	map.handle = fb.handles[0] = dumb.handle;
	fb.pitches[0] = dumb.pitch;
	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	CHECK_INT(vfs_file_from_fd(platform->vfs, fd, &file), 0);
	CHECK_INT(file->ops->mmap(file, map.offset, dumb.size, PROT_READ | PROT_WRITE, &memory,
		&offset), 0);
	vfs_file_put(file);
	uint32_t *pixels = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, offset);
	CHECK(pixels != MAP_FAILED);
	close(memory);
	for (size_t i = 0; i < dumb.size / 4; i++)
		pixels[i] = color;
	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_ADDFB2, &fb), 0);
	crtc.fb_id = fb.fb_id;
	CHECK_INT(client_ioctl(platform, fd, DRM_IOCTL_MODE_SETCRTC, &crtc), 0);
	*size = dumb.size;
	return pixels;
}

static uint32_t png_pixel(const char *path, uint32_t x, uint32_t y, uint32_t *width)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	uint32_t pixel;

	CHECK(png_image_begin_read_from_file(&image, path));
	image.format = PNG_FORMAT_BGRA;
	uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
	CHECK(png_image_finish_read(&image, NULL, pixels, 0, NULL));
	memcpy(&pixel, pixels + (y * image.width + x) * 4, 4);
	*width = image.width;
	free(pixels);
	return pixel & 0xffffff;
}

TEST(screen_commands)
{
	char path[128], line[160];
	uint32_t width;
	size_t size;

	base_make();
	struct platform *platform = start(NULL);
	check_refused(platform, "screenshot /nonexistent.png");
	int fd = client_open(platform, "/dev/dri/card0", O_RDWR);
	uint32_t *pixels = show_color(platform, fd, 0x12ab34, &size);
	pixels[767 * 1024 + 1023] = 0xffffff;
	check_ok(platform, "wait-vblank 2");
	snprintf(path, sizeof(path), "%s/a b.png", base);
	snprintf(line, sizeof(line), "screenshot \"%s\" crtc 0", path);
	check_ok(platform, line);
	CHECK_INT(png_pixel(path, 0, 0, &width), 0x12ab34);
	CHECK_INT(png_pixel(path, 1023, 767, &width), 0xffffff);
	CHECK_INT(width, 1024);
	unlink(path);
	check_refused(platform, "screenshot /nonexistent/x.png");
	check_refused(platform, "screenshot");
	check_refused(platform, "screenshot x crtc 1");
	check_refused(platform, "screenshot x crtc -1");
	check_refused(platform, "wait-vblank 0");
	check_refused(platform, "wait-vblank x");

	const char *state = control(platform, "state");
	check_contains(state, "\"type\":\"primary\",\"zpos\":0,\"crtc\":");
	check_contains(state, "\"width\":1024,\"height\":768,\"src\":[0.0000,0.0000,1024.0000,768.0000]");
	check_contains(state, "\"format\":\"XR24\"");
	snprintf(line, sizeof(line), "\"pid\":%d", (int)getpid());
	check_contains(state, line);
	check_contains(state, "\"master\":true");
	munmap(pixels, size);
	close(fd);
	platform_destroy(platform);
	base_remove();
}

static double seconds_of(struct platform *platform, const char *command)
{
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	check_ok(platform, command);
	clock_gettime(CLOCK_MONOTONIC, &after);
	return after.tv_sec - before.tv_sec + (after.tv_nsec - before.tv_nsec) / 1e9;
}

/*
 * 30 vblanks of 60 Hz, the first of which is under way. On a machine that stalls some may be
 * past when the first is waited for: not each time.
 */
TEST(vblanks_take_their_time)
{
	double seconds = 0;
	size_t size;

	base_make();
	struct platform *platform = start(NULL);
	int fd = client_open(platform, "/dev/dri/card0", O_RDWR);
	uint32_t *pixels = show_color(platform, fd, 0, &size);
	for (unsigned i = 0; i < 10 && seconds <= 29 / 60.5; i++)
		seconds = seconds_of(platform, "wait-vblank 30");
	CHECK(seconds > 29 / 60.5);
	munmap(pixels, size);
	close(fd);
	platform_destroy(platform);
	base_remove();
}

/* Somebody waits for a screen that never comes on: others work, the end is prompt. */
TEST(waiting_does_not_block)
{
	struct timespec before, after;

	base_make();
	struct platform *platform = start(NULL);
	int fd = client_connect_control(platform);
	CHECK_INT(send(fd, "wait-vblank\n", 12, 0), 12);
	usleep(50000);
	clock_gettime(CLOCK_MONOTONIC, &before);
	check_ok(platform, "state");
	platform_destroy(platform);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(after.tv_sec - before.tv_sec < 3);
	close(fd);
	base_remove();
}

/* Nobody reads the pipe: the command, and those after it, do not wait for that. */
TEST(trace_to_what_is_no_file)
{
	char fifo[128], line[160];

	base_make();
	struct platform *platform = start(NULL);
	snprintf(fifo, sizeof(fifo), "%s/fifo", platform->dir);
	snprintf(line, sizeof(line), "trace start %s", fifo);
	CHECK_INT(mkfifo(fifo, 0600), 0);
	check_refused(platform, line);
	int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(reader >= 0);
	check_refused(platform, line);
	check_refused(platform, "trace start /");
	check_refused(platform, "trace start \"\"");
	check_refused(platform, "trace stop");
	check_ok(platform, "trace start /dev/null");
	check_ok(platform, "trace stop");
	close(reader);
	CHECK_INT(unlink(fifo), 0);
	platform_destroy(platform);
	base_remove();
}

static void read_events(struct platform *platform, int fd, struct input_event *events, int count)
{
	for (int i = 0; i < count;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		CHECK_INT(poll(&poll_fd, 1, 10000), 1);
		long got = client_read_input(platform, fd, events + i, (count - i) * sizeof(*events));
		CHECK(got > 0 && got % sizeof(*events) == 0);
		i += got / sizeof(*events);
	}
}

static void check_event(const struct input_event *event, int type, int code, int value)
{
	if (event->type != type || event->code != code || event->value != value)
		test_fail(__FILE__, __LINE__, "event %d %d %d, want %d %d %d", event->type,
			event->code, event->value, type, code, value);
}

static void check_key(struct platform *platform, int fd, int code, int value)
{
	struct input_event events[3];

	read_events(platform, fd, events, 3);
	check_event(&events[0], EV_MSC, MSC_SCAN, code);
	check_event(&events[1], EV_KEY, code, value);
	check_event(&events[2], EV_SYN, SYN_REPORT, 0);
}

TEST(hands)
{
	struct input_event events[6];

	base_make();
	struct platform *platform = start(NULL);
	int keyboard = client_open(platform, "/dev/input/event0", O_RDONLY | O_NONBLOCK);
	int pointer = client_open(platform, "/dev/input/event1", O_RDONLY | O_NONBLOCK);
	int tablet = client_open(platform, "/dev/input/event2", O_RDONLY | O_NONBLOCK);

	check_ok(platform, "key KEY_ENTER");
	check_key(platform, keyboard, KEY_ENTER, 1);
	check_key(platform, keyboard, KEY_ENTER, 0);
	check_ok(platform, "key leftshift down");
	check_key(platform, keyboard, KEY_LEFTSHIFT, 1);
	check_ok(platform, "key 42 up");
	check_key(platform, keyboard, KEY_LEFTSHIFT, 0);
	check_ok(platform, "type \"A\\\\n\"");
	check_key(platform, keyboard, KEY_LEFTSHIFT, 1);
	check_key(platform, keyboard, KEY_A, 1);
	check_key(platform, keyboard, KEY_A, 0);
	check_key(platform, keyboard, KEY_LEFTSHIFT, 0);
	check_key(platform, keyboard, KEY_ENTER, 1);
	check_key(platform, keyboard, KEY_ENTER, 0);

	check_ok(platform, "move -3 4");
	read_events(platform, pointer, events, 3);
	check_event(&events[0], EV_REL, REL_X, -3);
	check_event(&events[1], EV_REL, REL_Y, 4);
	check_ok(platform, "button right");
	check_key(platform, pointer, BTN_RIGHT, 1);
	check_key(platform, pointer, BTN_RIGHT, 0);
	check_ok(platform, "scroll 1");
	read_events(platform, pointer, events, 3);
	check_event(&events[0], EV_REL, REL_WHEEL, -1);
	check_event(&events[1], EV_REL, REL_WHEEL_HI_RES, -120);

	check_ok(platform, "move-to 512 384");
	read_events(platform, tablet, events, 3);
	check_event(&events[0], EV_ABS, ABS_X, 16384);
	check_event(&events[1], EV_ABS, ABS_Y, 16384);
	/* Nothing is sent of a refused command. */
	static const char *const refused[] = {"key", "key nokey", "key a sideways", "type",
		"type ab\xc3\xa4", "move 1", "move 1 x", "move-to 1024 0", "move-to 0 -1", "button",
		"button fourth", "button left sideways", "scroll", "scroll 1000"};
	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		check_refused(platform, refused[i]);
	CHECK_INT(client_read_input(platform, keyboard, events, sizeof(events)), 0);
	CHECK_INT(client_read_input(platform, pointer, events, sizeof(events)), 0);
	CHECK_INT(client_read_input(platform, tablet, events, sizeof(events)), 0);
	close(keyboard);
	close(pointer);
	close(tablet);
	platform_destroy(platform);
	base_remove();
}

TEST(hotplug)
{
	char event[4096], path[160], text[64] = "";
	int uevents;

	base_make();
	struct platform *platform = start(NULL);
	struct kms_connector *connector = &platform->card->kms->connectors[0];
	CHECK_INT(tree_uevent_subscribe(platform->tree, &uevents), 0);
	check_ok(platform, "mode 1280x720");
	CHECK_INT(connector->modes[0].hdisplay, 1280);
	CHECK_INT(connector->modes[0].vdisplay, 720);
	unsigned modes = connector->mode_count;
	/* The event comes after the files were written. */
	struct pollfd poll_fd = {.fd = uevents, .events = POLLIN};
	CHECK_INT(poll(&poll_fd, 1, 2000), 1);
	CHECK(recv(uevents, event, sizeof(event), 0) > 0);
	snprintf(path, sizeof(path), "%s/sys/class/drm/card0-%s/modes", tree_root(platform->tree),
		connector->name);
	FILE *file = fopen(path, "re");
	CHECK(file != NULL);
	CHECK(fgets(text, sizeof(text), file) != NULL);
	CHECK(strcmp(text, "1280x720\n") == 0);
	fclose(file);
	check_ok(platform, "mode 1280x720");
	CHECK_INT(connector->mode_count, modes);
	check_ok(platform, "disconnect");
	CHECK(!connector->connected);
	check_ok(platform, "connect");
	CHECK(connector->connected);
	CHECK_INT(connector->modes[0].hdisplay, 1280);
	CHECK_INT(connector->mode_count, modes);
	check_refused(platform, "mode");
	check_refused(platform, "mode 1280");
	check_refused(platform, "mode 1280x720x");
	check_refused(platform, "mode 0x0");
	check_refused(platform, "mode 99999x99999");
	CHECK_INT(connector->mode_count, modes);
	close(uevents);
	platform_destroy(platform);
	base_remove();
}

TEST(gpu_commands)
{
	static const char *const bad[] = {"gpu", "gpu x", "gpu hang video", "gpu hang copy copy",
		"gpu reset now", "gpu info card 7"};

	base_make();
	struct platform *platform = start(NULL);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(bad); i++)
		check_refused(platform, bad[i]);
	check_ok(platform, "gpu hang");
	check_ok(platform, "gpu hang copy");
	check_ok(platform, "gpu reset");
	CHECK_INT(gpu_device_reset_count(platform->card->gpu), 1);
	check_ok(platform, "gpu wedge card 0");
	CHECK(gpu_device_wedged(platform->card->gpu));
	check_contains(control(platform, "gpu error"),
		"{\"ok\":true,\"wedged\":true,\"resets\":1,\"error\":\"No error state collected\\u000a\"}");
	check_ok(platform, "gpu unwedge");
	CHECK(!gpu_device_wedged(platform->card->gpu));
	check_contains(control(platform, "gpu info"), "Global reset count: 1\\u000a");
	check_ok(platform, "gpu clear-error");
	platform_destroy(platform);
	base_remove();
}
