/*
 * A program that knows nothing of the device's ways: paths, directories,
 * descriptors, read, mmap and ioctl as on a machine with a card.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/input.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>

#include "preload_test.h"
#include "test.h"

#define CARD "/dev/dri/card0"
#define CARD_SYSPATH "/sys/devices/platform/testcard/drm/card0"

static int open_card(int flags)
{
	int fd = open(CARD, O_RDWR | O_CLOEXEC | flags);

	CHECK(fd >= 0);
	return fd;
}

static void check_card_stat(const struct stat *st)
{
	CHECK(S_ISCHR(st->st_mode));
	CHECK_INT(major(st->st_rdev), 226);
	CHECK_INT(minor(st->st_rdev), 0);
}

TEST(stat_family)
{
	struct stat by_path, st;
	struct stat64 st64;
	struct statx stx;
	int fd, dir;

	preload_test_begin();
	CHECK_INT(stat(CARD, &by_path), 0);
	check_card_stat(&by_path);
	CHECK_INT(lstat("//dev/./dri//card0", &st), 0);
	check_card_stat(&st);
	CHECK_INT(lstat64(CARD, &st64), 0);
	CHECK(S_ISCHR(st64.st_mode));
	fd = open_card(0);
	CHECK_INT(fstat(fd, &st), 0);
	check_card_stat(&st);
	CHECK_INT(st.st_ino, by_path.st_ino);
	CHECK_INT(st.st_dev, by_path.st_dev);
	CHECK_INT(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
	check_card_stat(&st);
	CHECK_INT(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &stx), 0);
	CHECK(S_ISCHR(stx.stx_mode));
	CHECK_INT(stx.stx_rdev_major, 226);
	CHECK_INT(statx(AT_FDCWD, CARD, 0, STATX_ALL, &stx), 0);
	CHECK_INT(stx.stx_rdev_major, 226);
	close(fd);
	fd = open(CARD, O_PATH | O_CLOEXEC);
	CHECK_INT(fstat(fd, &st), 0);
	check_card_stat(&st);
	close(fd);
	dir = open("/dev/dri", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir >= 0);
	CHECK_INT(fstatat(dir, "card0", &st, AT_SYMLINK_NOFOLLOW), 0);
	check_card_stat(&st);
	fd = openat(dir, "card0", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(fstat(fd, &st), 0);
	check_card_stat(&st);
	close(fd);
	close(dir);
	CHECK_INT(stat("/dev/dri/by-path/platform-testcard-card", &st), 0);
	check_card_stat(&st);
	CHECK_INT(lstat("/dev/dri/by-path/platform-testcard-card", &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_INT(stat("/dev/input/event0", &st), 0);
	CHECK_INT(st.st_rdev, makedev(13, 64));
	CHECK_ERRNO(stat("/dev/dri/card7", &st), ENOENT);
	preload_test_end();
}

TEST(machine_is_still_there)
{
	struct stat st;
	int fd, fds[2], pending;
	char byte = 'x';

	preload_test_begin();
	CHECK_INT(stat("/dev/null", &st), 0);
	CHECK_INT(st.st_rdev, makedev(1, 3));
	CHECK_INT(stat("/sys/devices/system/cpu", &st), 0);
	CHECK_INT(access("/proc/cpuinfo", R_OK), 0);
	CHECK_ERRNO(open("/dev/nope", O_RDONLY), ENOENT);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_SET_MASTER, 0), ENOTTY);
	CHECK_ERRNO(ioctl(-1, DRM_IOCTL_SET_MASTER, 0), EBADF);
	CHECK_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, ENODEV);
	close(fd);
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	CHECK_INT(write(fds[1], &byte, 1), 1);
	CHECK_INT(ioctl(fds[0], FIONREAD, &pending), 0);
	CHECK_INT(pending, 1);
	CHECK_INT(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
	preload_test_end();
}

TEST(open_flags)
{
	int fd;

	preload_test_begin();
	CHECK_ERRNO(open(CARD, O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open(CARD, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERRNO(open("/dev/dri/card9", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/dev/dri/new", O_RDWR | O_CREAT, 0600), EACCES);
	CHECK_ERRNO(open("/sys/class/drm/version", O_WRONLY), EACCES);
	CHECK(!fopen("/sys/class/drm/version", "r+"));
	fd = open(CARD, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	fd = open(CARD, O_RDWR);
	CHECK(!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	close(fd);
	preload_test_end();
}

TEST(access_family)
{
	preload_test_begin();
	CHECK_INT(access(CARD, R_OK | W_OK), 0);
	CHECK_ERRNO(access(CARD, X_OK), EACCES);
	CHECK_INT(faccessat(AT_FDCWD, CARD, R_OK, AT_EACCESS), 0);
	CHECK_INT(euidaccess(CARD, W_OK), 0);
	CHECK_ERRNO(access("/dev/dri/card3", F_OK), ENOENT);
	CHECK_INT(access("/run/udev/control", F_OK), 0);
	preload_test_end();
}

TEST(links)
{
	char buf[PATH_MAX], *path;
	ssize_t len;

	preload_test_begin();
	CHECK(realpath("/sys/dev/char/226:0", buf));
	CHECK(!strcmp(buf, CARD_SYSPATH));
	path = realpath("/sys/dev/char/226:0/device/subsystem", NULL);
	CHECK(path && !strcmp(path, "/sys/bus/platform"));
	free(path);
	path = canonicalize_file_name("/sys/class/drm/card0/../../..");
	CHECK(path && !strcmp(path, "/sys/devices/platform"));
	free(path);
	CHECK(realpath(CARD, buf) && !strcmp(buf, CARD));
	CHECK(realpath("/dev/dri/by-path/platform-testcard-card", buf) && !strcmp(buf, CARD));
	CHECK(realpath("/usr/../dev/null", buf) && !strcmp(buf, "/dev/null"));
	CHECK(!realpath("/sys/class/drm/card5", buf) && errno == ENOENT);
	len = readlink("/sys/class/drm/card0", buf, sizeof(buf));
	CHECK(len > 0 && !strncmp(buf, "../../devices/platform/testcard/drm/card0", len));
	CHECK_ERRNO(readlink(CARD, buf, sizeof(buf)), EINVAL);
	preload_test_end();
}

TEST(proc_self_fd)
{
	char proc[64], buf[PATH_MAX];
	struct drm_auth first = {0}, second = {0};
	struct stat st;
	int fd, again;
	ssize_t len;

	preload_test_begin();
	fd = open_card(0);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	len = readlink(proc, buf, sizeof(buf));
	CHECK_INT(len, strlen(CARD));
	CHECK(!memcmp(buf, CARD, len));
	CHECK_INT(readlink(proc, buf, 4), 4);
	CHECK_INT(stat(proc, &st), 0);
	check_card_stat(&st);
	again = open(proc, O_RDWR | O_CLOEXEC); /* a new file, not a dup */
	CHECK(again >= 0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_GET_MAGIC, &first), 0);
	CHECK_INT(ioctl(again, DRM_IOCTL_GET_MAGIC, &second), 0);
	CHECK(first.magic != second.magic);
	close(again);
	close(fd);
	fd = open("/sys/class/drm/version", O_RDONLY | O_CLOEXEC);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	len = readlink(proc, buf, sizeof(buf));
	CHECK_INT(len, strlen("/sys/class/drm/version"));
	CHECK(!memcmp(buf, "/sys/class/drm/version", len));
	close(fd);
	preload_test_end();
}

static bool has_entry(const char *path, const char *name)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	CHECK(dir);
	while ((entry = readdir(dir)))
		found |= !strcmp(entry->d_name, name);
	closedir(dir);
	return found;
}

static int only_cards(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "card", 4);
}

TEST(directories)
{
	struct dirent **names;
	int count;

	preload_test_begin();
	CHECK(has_entry("/dev/dri", "card0"));
	CHECK(has_entry("/dev/input/", "event1"));
	CHECK(has_entry("/sys/class", "drm"));
	CHECK(has_entry("/sys/class/input", "event2"));
	CHECK(has_entry("/dev", "null"));
	count = scandir("/sys/class/drm", &names, only_cards, alphasort);
	CHECK_INT(count, 3);
	CHECK(!strcmp(names[0]->d_name, "card0"));
	CHECK(!strcmp(names[1]->d_name, "card0-Virtual-1"));
	CHECK(!strcmp(names[2]->d_name, "card0-Writeback-1"));
	free(names[0]);
	free(names[1]);
	free(names[2]);
	free(names);
	CHECK(!opendir(CARD) && errno == ENOTDIR);
	CHECK(!opendir("/dev/dri/none") && errno == ENOENT);
	preload_test_end();
}

static int only_devices(const struct dirent *entry)
{
	return entry->d_type == DT_CHR;
}

static int only_links(const struct dirent *entry)
{
	return entry->d_type == DT_LNK;
}

static int only_folders(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

static int fail_at_heart(const struct dirent *entry)
{
	errno = EIO;
	return 1;
}

/* How many there are; whether name is one; and that they are in order. */
static int take_names(int count, struct dirent **names, const char *name, bool *found)
{
	*found = false;
	for (int i = 0; i < count; i++) {
		*found |= !strcmp(names[i]->d_name, name);
		CHECK(i == 0 || strcmp(names[i - 1]->d_name, names[i]->d_name) < 0);
	}
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return count;
}

/* Types, and that a filter sees them. */
TEST(types_of_entries)
{
	static const char by_path[] = "/dev/dri/by-path", link[] = "platform-testcard-card";
	struct dirent **names;
	struct dirent64 **names64;
	bool found;

	preload_test_begin();
	int count = scandir("/dev/dri", &names, only_devices, alphasort);
	CHECK(take_names(count, names, "card0", &found) >= 1 && found);
	count = scandir("/dev/dri", &names, only_folders, alphasort);
	CHECK(take_names(count, names, "by-path", &found) == 1 && found);
	count = scandir(by_path, &names, only_links, alphasort);
	CHECK(take_names(count, names, link, &found) >= 1 && found);
	count = scandir("/sys/class/drm", &names, only_links, alphasort);
	CHECK(take_names(count, names, "card0", &found) >= 3 && found);
	count = scandir("/sys/class/drm/card0/", &names, only_devices, alphasort);
	CHECK_INT(take_names(count, names, "", &found), 0);
	count = scandir64("/dev/input", &names64, NULL, alphasort64);
	for (int i = 0; i < count; i++)
		CHECK(strncmp(names64[i]->d_name, "event", 5) || names64[i]->d_type == DT_CHR);
	CHECK(take_names(count, (struct dirent **)names64, "event1", &found) > 4 && found);
	/* The machine's, and ours beside them. */
	count = scandir("/dev", &names, only_devices, alphasort);
	CHECK(take_names(count, names, "null", &found) > 1 && found);
	count = scandir("/dev", &names, only_folders, alphasort);
	CHECK(take_names(count, names, "dri", &found) > 1 && found);
	count = scandir("/proc/self", &names, only_links, alphasort);
	CHECK(take_names(count, names, "exe", &found) > 1 && found);
	/* What a filter leaves in errno is nobody's error. */
	errno = 0;
	count = scandir("/dev/dri", &names, fail_at_heart, alphasort);
	CHECK_INT(errno, 0);
	CHECK(take_names(count, names, "..", &found) > 3 && found);
	CHECK_ERRNO(scandir("/dev/dri/none", &names, NULL, NULL), ENOENT);
	CHECK_ERRNO(scandir(CARD, &names, NULL, NULL), ENOTDIR);
	int dir = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	count = scandirat(dir, "dri", &names, only_devices, alphasort);
	CHECK(take_names(count, names, "card0", &found) >= 1 && found);
	CHECK_ERRNO(scandirat(dir, "dri/none", &names, NULL, NULL), ENOENT);
	count = scandirat(dir, "/proc/self", &names, only_links, alphasort);
	CHECK(take_names(count, names, "exe", &found) > 1 && found);
	close(dir);
	preload_test_end();
}

/* As sd-device's chase_symlinks does: one component after the other from "/". */
TEST(walk_from_root)
{
	static const char *const parts[] = {"sys", "class", "drm", "card0-Virtual-1", "status"};
	int fd = -1, next;
	char text[32];
	ssize_t len;

	preload_test_begin();
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		next = openat(fd, parts[i], (i == 4 ? O_RDONLY : O_PATH) | O_CLOEXEC);
		CHECK(next >= 0);
		close(fd);
		fd = next;
	}
	len = read(fd, text, sizeof(text));
	CHECK(len > 0 && !strncmp(text, "connected\n", len));
	close(fd);
	preload_test_end();
}

TEST(working_folder)
{
	struct stat st;
	char text[32];
	FILE *file;
	int fd;

	preload_test_begin();
	CHECK_INT(chdir("/sys/class/drm"), 0);
	file = fopen("card0/dev", "re");
	CHECK(file && fgets(text, sizeof(text), file));
	CHECK(!strcmp(text, "226:0\n"));
	fclose(file);
	CHECK_INT(chdir("/dev/dri"), 0);
	CHECK_INT(stat("card0", &st), 0);
	check_card_stat(&st);
	fd = open("./card0", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(fstat(fd, &st), 0);
	check_card_stat(&st);
	close(fd);
	CHECK_INT(chdir("/"), 0);
	CHECK_INT(stat("dev/dri/card0", &st), 0);
	check_card_stat(&st);
	preload_test_end();
}

TEST(file_system_type)
{
	struct statfs st;
	int fd;

	preload_test_begin();
	CHECK_INT(statfs("/sys/class/drm/card0", &st), 0);
	CHECK_INT(st.f_type, SYSFS_MAGIC);
	fd = open("/sys/class/drm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(fstatfs(fd, &st), 0);
	CHECK_INT(st.f_type, SYSFS_MAGIC);
	close(fd);
	CHECK_INT(statfs("/dev/dri", &st), 0);
	CHECK(st.f_type != SYSFS_MAGIC);
	preload_test_end();
}

static void ask_vblank(int fd, unsigned frames, unsigned long user)
{
	union drm_wait_vblank vblank = {.request = {
		.type = _DRM_VBLANK_RELATIVE | _DRM_VBLANK_EVENT,
		.sequence = frames,
		.signal = user,
	}};

	CHECK_INT(ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &vblank), 0);
}

static void wait_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	CHECK_INT(poll(&poll_fd, 1, 30000), 1);
}

/* Until what was asked for the next vblank, by whatever file, is there. */
static void wait_vblank_after(void)
{
	int fd = open_card(0);

	ask_vblank(fd, 2, 0);
	wait_readable(fd);
	close(fd);
}

/* Vblank events need a running crtc: the legacy way, with a dumb buffer. */
static void light_crtc(int fd)
{
	struct drm_mode_card_res res = {0};
	struct drm_mode_modeinfo modes[64];
	struct drm_mode_get_connector connector = {.modes_ptr = (uintptr_t)modes, .count_modes = 64};
	struct drm_mode_create_dumb dumb = {.bpp = 32};
	struct drm_mode_fb_cmd fb = {.bpp = 32, .depth = 24};
	struct drm_mode_crtc crtc = {.mode_valid = 1, .count_connectors = 1};
	uint32_t crtc_id, connector_id;

	res.crtc_id_ptr = (uintptr_t)&crtc_id;
	res.connector_id_ptr = (uintptr_t)&connector_id;
	res.count_crtcs = res.count_connectors = 1;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	CHECK_INT(res.count_crtcs, 1);
	connector.connector_id = connector_id;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &connector), 0);
	CHECK(connector.count_modes > 0);
	dumb.width = modes[0].hdisplay;
	dumb.height = modes[0].vdisplay;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	fb.width = dumb.width;
	fb.height = dumb.height;
	fb.pitch = dumb.pitch;
	fb.handle = dumb.handle;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_ADDFB, &fb), 0);
	crtc.crtc_id = crtc_id;
	crtc.fb_id = fb.fb_id;
	crtc.set_connectors_ptr = (uintptr_t)&connector_id;
	crtc.mode = modes[0];
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_SETCRTC, &crtc), 0);
}

TEST(read_drm_events)
{
	struct drm_event_vblank events[8];
	void *volatile nowhere = NULL;
	int fd, status;

	preload_test_begin();
	fd = open_card(O_NONBLOCK);
	light_crtc(fd);
	CHECK_ERRNO(read(fd, events, sizeof(events)), EAGAIN);
	CHECK_ERRNO(read(fd, (void *)-1, 32), EFAULT); /* before waiting */
	ask_vblank(fd, 1, 0x1111);
	wait_readable(fd);
	CHECK_INT(read(fd, events, 8), 0); /* too small for an event: it stays */
	CHECK_ERRNO(read(fd, nowhere, sizeof(events)), EFAULT);
	CHECK_INT(read(fd, events, sizeof(events)), 32);
	CHECK_INT(events[0].base.type, DRM_EVENT_VBLANK);
	CHECK_INT(events[0].user_data, 0x1111);
	CHECK_ERRNO(read(fd, events, sizeof(events)), EAGAIN);
	for (int i = 0; i < 3; i++)
		ask_vblank(fd, 1, i);
	wait_vblank_after(); /* all three are there */
	CHECK_INT(read(fd, events, 70), 64); /* whole events, as many as fit */
	CHECK_INT(events[1].user_data, 1);
	CHECK_INT(read(fd, events, sizeof(events)), 32);
	CHECK_INT(events[0].user_data, 2);
	CHECK_ERRNO(write(fd, events, 32), EINVAL);
	/* Blocking, in a child, on the inherited file. */
	CHECK_INT(fcntl(fd, F_SETFL, O_RDWR), 0);
	ask_vblank(fd, 3, 7);
	if (fork() == 0)
		_exit(read(fd, events, sizeof(events)) == 32 && events[0].user_data == 7 ? 0 : 1);
	CHECK(wait(&status) > 0);
	CHECK_INT(status, 0);
	close(fd);
	preload_test_end();
}

/* Read after read, until one is not filled. */
TEST(read_drm_vectors)
{
	struct drm_event_vblank events[8];
	struct iovec none = {events, 0}, one = {&events[0], 32}, more = {&events[1], 40};
	void *volatile nowhere = NULL;
	void *volatile beyond = (void *)(1ull << 62);
	volatile int negative = -1, many = 1025; /* the compiler would warn */

	preload_test_begin();
	int fd = open_card(O_NONBLOCK);
	light_crtc(fd);
	CHECK_ERRNO(readv(fd, &one, 1), EAGAIN);
	for (int i = 0; i < 4; i++)
		ask_vblank(fd, 1, i);
	wait_vblank_after();
	CHECK_ERRNO(readv(fd, &one, negative), EINVAL);
	CHECK_ERRNO(readv(fd, &one, many), EINVAL);
	CHECK_ERRNO(readv(fd, nowhere, 1), EFAULT);
	CHECK_INT(readv(fd, nowhere, 0), 0);
	CHECK_ERRNO(readv(fd, (struct iovec[]){one, {beyond, 32}}, 2), EFAULT); /* not even the first */
	CHECK_ERRNO(readv(fd, (struct iovec[]){{nowhere, 32}, one}, 2), EFAULT);
	CHECK_INT(readv(fd, (struct iovec[]){{&events[0], 8}, more}, 2), 0); /* too small: it stays */
	CHECK_INT(readv(fd, (struct iovec[]){none, one, none, more, one}, 5), 64);
	CHECK_INT(events[0].user_data, 0);
	CHECK_INT(events[1].user_data, 1);
	/* What could be read was read. */
	CHECK_INT(readv(fd, (struct iovec[]){one, {nowhere, 32}}, 2), 32);
	CHECK_INT(events[0].user_data, 2);
	CHECK_ERRNO(preadv2(fd, &one, 1, -1, RWF_NOWAIT), EOPNOTSUPP);
	CHECK_ERRNO(preadv(fd, &one, 1, -1), EINVAL);
	CHECK_INT(preadv2(fd, &one, 1, -1, 0), 32);
	CHECK_INT(events[0].user_data, 3);
	CHECK_ERRNO(preadv(fd, &one, 1, 4096), EAGAIN);
	CHECK_ERRNO(writev(fd, &one, 1), EINVAL);
	close(fd);
	preload_test_end();
}

static int open_keyboard(int flags)
{
	int fd = open("/dev/input/event0", O_RDWR | O_CLOEXEC | flags);

	CHECK(fd >= 0);
	return fd;
}

TEST(read_input_events)
{
	struct input_event events[16];
	int fd, again;

	preload_test_begin();
	fd = open_keyboard(O_NONBLOCK);
	CHECK_ERRNO(read(fd, events, sizeof(events)), EAGAIN);
	CHECK_ERRNO(read(fd, events, sizeof(events[0]) - 1), EINVAL);
	preload_test_key(KEY_Q, 1);
	preload_test_key(KEY_Q, 0);
	wait_readable(fd);
	/* In the middle of a frame, the rest by a dup of the descriptor. */
	memset(events, 0x55, sizeof(events));
	CHECK_INT(read(fd, events, 2 * sizeof(events[0]) + 5), 2 * sizeof(events[0]));
	CHECK_INT(events[0].type, EV_MSC);
	CHECK_INT(events[1].type, EV_KEY);
	CHECK_INT(events[1].code, KEY_Q);
	CHECK_INT(events[1].value, 1);
	CHECK_INT(events[2].code, 0x5555); /* not touched */
	again = dup(fd);
	CHECK_INT(read(again, events, 3 * sizeof(events[0])), 3 * sizeof(events[0]));
	CHECK_INT(events[0].type, EV_SYN);
	CHECK_INT(events[2].code, KEY_Q);
	CHECK_INT(events[2].value, 0);
	CHECK_INT(read(fd, events, sizeof(events)), sizeof(events[0]));
	CHECK_INT(events[0].type, EV_SYN);
	CHECK_ERRNO(read(fd, events, sizeof(events)), EAGAIN);
	close(again);
	/* Two frames in one read. */
	preload_test_key(KEY_Q, 1);
	preload_test_key(KEY_Q, 0);
	CHECK_INT(read(fd, events, sizeof(events)), 6 * sizeof(events[0]));
	close(fd);
	preload_test_end();
}

TEST(input_led_and_revoke)
{
	struct input_event led[2] = {{.type = EV_LED, .code = LED_CAPSL, .value = 1}};
	struct pollfd poll_fd;
	char name[64];
	int fd;

	preload_test_begin();
	fd = open_keyboard(O_NONBLOCK);
	CHECK_INT(write(fd, led, sizeof(led)), sizeof(led));
	CHECK_ERRNO(write(fd, led, 5), EINVAL);
	CHECK_INT(ioctl(fd, EVIOCGNAME(sizeof(name)), name), strlen("Testcard Keyboard") + 1);
	CHECK_INT(ioctl(fd, EVIOCGRAB, (void *)1), 0);
	CHECK_INT(ioctl(fd, EVIOCGRAB, NULL), 0);
	CHECK_INT(ioctl(fd, EVIOCREVOKE, NULL), 0);
	poll_fd = (struct pollfd){.fd = fd, .events = POLLIN};
	CHECK_INT(poll(&poll_fd, 1, 1000), 1);
	CHECK_INT(poll_fd.revents & POLLHUP, POLLHUP);
	for (int i = 0; i < 2; i++)
		CHECK_ERRNO(read(fd, led, sizeof(led)), ENODEV);
	CHECK_ERRNO(ioctl(fd, EVIOCGNAME(sizeof(name)), name), ENODEV);
	close(fd);
	preload_test_end();
}

TEST(map_dumb_buffer)
{
	struct drm_mode_create_dumb dumb = {.width = 64, .height = 64, .bpp = 32};
	struct drm_mode_map_dumb map = {0};
	struct drm_prime_handle prime = {.flags = DRM_CLOEXEC | DRM_RDWR};
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};
	uint32_t *first, *second;
	int fd;

	preload_test_begin();
	fd = open_card(0);
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	map.handle = dumb.handle;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	first = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, map.offset);
	CHECK(first != MAP_FAILED);
	second = mmap64(NULL, dumb.size, PROT_READ, MAP_SHARED, fd, map.offset);
	CHECK(second != MAP_FAILED);
	first[5] = 0xabcd1234;
	CHECK_INT(second[5], 0xabcd1234);
	CHECK_ERRNO(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, map.offset) ==
		MAP_FAILED ? -1 : 0, EINVAL);
	CHECK_ERRNO(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096) == MAP_FAILED ? -1 : 0,
		EINVAL);
	munmap(second, dumb.size);
	prime.handle = dumb.handle;
	CHECK_INT(ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	CHECK_INT(ioctl(prime.fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
	sync.flags = 0x80;
	CHECK_ERRNO(ioctl(prime.fd, DMA_BUF_IOCTL_SYNC, &sync), EINVAL);
	second = mmap(NULL, dumb.size, PROT_READ, MAP_SHARED, prime.fd, 0);
	CHECK(second != MAP_FAILED);
	CHECK_INT(second[5], 0xabcd1234);
	munmap(second, dumb.size);
	/* A bad descriptor in the argument is the device's EBADF. */
	close(prime.fd);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), EBADF);
	munmap(first, dumb.size);
	close(fd);
	preload_test_end();
}
