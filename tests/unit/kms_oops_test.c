/* The oops: its picture read back by the font, and how processes die that have it. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gem_journal.h"
#include "kms_oops.h"
#include "kms_text.h"
#include "test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* ---- reading a picture ---- */

static char read_cell(const struct kms_canvas *canvas, uint32_t column, uint32_t row,
	uint32_t scale)
{
	const struct kms_font *font = kms_font_builtin();
	uint8_t cell[16] = {0}, inverse[16];

	/* The corner of every character is paper. */
	const uint32_t *pixels = (const uint32_t *)canvas->pixels;
	uint32_t stride = canvas->pitch / 4;
	uint32_t paper = pixels[(row * 16 * scale) * stride + column * 8 * scale];

	for (unsigned y = 0; y < 16; y++) {
		for (unsigned x = 0; x < 8; x++) {
			uint32_t at = (row * 16 + y) * scale * stride + (column * 8 + x) * scale;
			if (pixels[at] != paper)
				cell[y] |= 0x80 >> x;
		}
		inverse[y] = ~cell[y];
	}
	for (uint32_t code = ' '; code < 0x7f; code++) {
		const uint8_t *glyph = kms_font_glyph(font, code);

		if (memcmp(glyph, cell, 16) == 0 || memcmp(glyph, inverse, 16) == 0)
			return code;
	}
	return '~';
}

/* Whether text stands in one row of the picture. */
static bool shows(const struct kms_canvas *canvas, const char *text)
{
	uint32_t scale = canvas->width / 960 ? canvas->width / 960 : 1;
	char line[1024];

	for (uint32_t row = 0; row < canvas->height / (16 * scale); row++) {
		uint32_t columns = canvas->width / (8 * scale);

		for (uint32_t column = 0; column < columns; column++)
			line[column] = read_cell(canvas, column, row, scale);
		line[columns] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

static struct kms_canvas canvas_create(uint32_t width, uint32_t height)
{
	return (struct kms_canvas) {
		.pixels = malloc((size_t)width * height * 4), .width = width, .height = height,
		.pitch = width * 4,
	};
}

/* ---- one that lives on ---- */

static void start(const char *dir, unsigned watchdog_ms)
{
	const struct kms_oops_options options = {
		.version = "9.8.7", .frames_dir = dir, .watchdog_ms = watchdog_ms,
	};

	/* What the reporter says is not TAP. */
	CHECK(freopen("/dev/null", "w", stderr) != NULL);
	CHECK_INT(kms_oops_start(&options), 0);
}

TEST(picture)
{
	static const struct {
		uint32_t width, height;
	} sizes[] = {{640, 480}, {1024, 768}, {1920, 1080}, {3840, 2160}};

	CHECK_INT(kms_oops_trigger("too early"), -ENOSYS);
	CHECK(!kms_oops_active());
	start(NULL, 0);
	CHECK_INT(kms_oops_start(&(struct kms_oops_options) {0}), -EBUSY);
	for (int i = 0; i < 100; i++)
		gem_journal_add("event number %d", i);
	CHECK_INT(kms_oops_trigger("because of this test"), 0);
	CHECK_INT(kms_oops_trigger("a second one"), -EBUSY);
	CHECK(kms_oops_active());
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct kms_canvas canvas = canvas_create(sizes[i].width, sizes[i].height);

		kms_oops_draw(&canvas);
		CHECK(shows(&canvas, "Testcard oops"));
		CHECK(shows(&canvas, "because of this test"));
		CHECK(shows(&canvas, "9.8.7"));
		CHECK(shows(&canvas, "kms_oops_trigger+0x"));
		CHECK(shows(&canvas, "event number 99"));
		free(canvas.pixels);
	}
	CHECK_INT(kms_oops_clear(), 0);
	CHECK_INT(kms_oops_clear(), -EALREADY);
	CHECK(!kms_oops_active());
	kms_oops_stop();
}

/* Nothing is written outside of whatever small screen. */
TEST(small_pictures)
{
	uint32_t pixels[40 * 40];

	start(NULL, 0);
	CHECK_INT(kms_oops_trigger("a reason that is longer than any of the screens is wide"), 0);
	for (uint32_t width = 1; width <= 38; width++) {
		struct kms_canvas canvas = {(uint8_t *)(pixels + 41), width, 39 - width, 160};

		for (unsigned i = 0; i < 40 * 40; i++)
			pixels[i] = 77;
		kms_oops_draw(&canvas);
		for (unsigned i = 0; i < 40 * 40; i++) {
			unsigned x = i % 40 - 1, y = i / 40 - 1;
			CHECK((pixels[i] == 77) == (x >= width || y >= canvas.height));
		}
	}
	kms_oops_stop();
}

TEST(reasons_of_any_length)
{
	char reason[600];
	struct kms_canvas canvas = canvas_create(640, 480);

	start(NULL, 0);
	memset(reason, 'x', sizeof(reason));
	reason[sizeof(reason) - 1] = '\0';
	CHECK_INT(kms_oops_trigger(reason), 0);
	kms_oops_draw(&canvas);
	CHECK(shows(&canvas, "xxxxxxxx"));
	free(canvas.pixels);
	kms_oops_stop();
}

/* ---- those that die ---- */

static char *make_dir(char *dir)
{
	strcpy(dir, "/tmp/kms_oops_XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	return dir;
}

/* The reporter may outlive who dies without a word. */
static bool wait_for_picture(const char *dir)
{
	char path[64];
	struct stat stat_;
	bool there = false;

	snprintf(path, sizeof(path), "%s/oops-crtc0.png", dir);
	for (int i = 0; i < 300 && !there; i++) {
		there = stat(path, &stat_) == 0 && stat_.st_size > 1000;
		if (!there)
			nanosleep(&(struct timespec) {.tv_nsec = 10000000}, NULL);
	}
	unlink(path);
	rmdir(dir);
	return there;
}

static void crash(void)
{
	volatile int *volatile nothing = NULL;

	*nothing = 1;
}

static void divide(void)
{
	volatile int zero = 0, one = 1;

	one = one / zero;
}

static void kill_hard(void)
{
	raise(SIGKILL);
}

static void illegal(void)
{
	__builtin_trap();
}

static const struct death {
	const char *name;
	void (*die)(void);
	int signal;
} deaths[] = {
	{"SIGSEGV", crash, SIGSEGV}, {"SIGABRT", abort, SIGABRT}, {"SIGFPE", divide, SIGFPE},
	{"SIGILL", illegal, SIGILL}, {"SIGKILL", kill_hard, SIGKILL},
};

TEST_ROWS(dies_as_without_us, struct death, deaths)
{
	char dir[32];
	int status;

	if (SANITIZED)
		SKIP("a sanitizer has handlers of its own");
	make_dir(dir);
	pid_t child = fork();
	if (child == 0) {
		start(dir, 0);
		row->die();
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), row->signal);
	CHECK(wait_for_picture(dir));
}

/* Both ways to end in order leave no picture. */
TEST(ends_in_order)
{
	for (int way = 0; way < 2; way++) {
		char dir[32];
		int status;

		make_dir(dir);
		pid_t child = fork();
		if (child == 0) {
			start(dir, 0);
			if (way == 0)
				kms_oops_stop();
			exit(5);
		}
		CHECK_INT(waitpid(child, &status, 0), child);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
		nanosleep(&(struct timespec) {.tv_nsec = 200000000}, NULL);
		CHECK_INT(rmdir(dir), 0);
	}
}

/* A child of the process is not the process. */
TEST(children_may_die)
{
	char dir[32];
	int status;

	if (SANITIZED)
		SKIP("a sanitizer has handlers of its own");
	make_dir(dir);
	start(dir, 0);
	pid_t child = fork();
	if (child == 0)
		crash();
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	child = fork();
	if (child == 0)
		exit(0);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(!kms_oops_active());
	CHECK_INT(kms_oops_trigger("still alive"), 0);
	CHECK(wait_for_picture(dir));
	kms_oops_stop();
}

/* ---- the watchdog ---- */

static void hang(void)
{
	for (;;)
		pause();
}

static void stop(void)
{
	raise(SIGSTOP);
}

static const struct watched {
	const char *name;
	void (*hang)(void);
	bool dies;
} watched[] = {{"a thread that hangs", hang, true}, {"a process that is stopped", stop, false}};

TEST_ROWS(watchdog, struct watched, watched)
{
	char dir[32];
	int status;

	if (SANITIZED)
		SKIP("a sanitizer has handlers of its own");
	make_dir(dir);
	pid_t child = fork();
	if (child == 0) {
		start(dir, 200);
		for (int i = 0; i < 10; i++) {
			kms_oops_beat(KMS_OOPS_MAIN);
			nanosleep(&(struct timespec) {.tv_nsec = 20000000}, NULL);
		}
		row->hang();
		_exit(0);
	}
	CHECK(wait_for_picture(dir));
	if (!row->dies) {
		CHECK_INT(waitpid(child, &status, WNOHANG), 0);
		kill(child, SIGCONT);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	rmdir(dir);
}

/* ---- the journal ---- */

TEST(journal)
{
	struct gem_journal_line line;
	uint64_t from = gem_journal_count();

	for (int i = 0; i < GEM_JOURNAL_SIZE + 10; i++)
		gem_journal_add("line %d %0200d", i, 0);
	CHECK_INT(gem_journal_count(), from + GEM_JOURNAL_SIZE + 10);
	CHECK(!gem_journal_read(from + 9, &line));
	CHECK(gem_journal_read(from + 10, &line));
	CHECK(strncmp(line.text, "line 10 000", 11) == 0);
	CHECK_INT(strlen(line.text), sizeof(line.text) - 1);
	CHECK(!gem_journal_read(gem_journal_count(), &line));
}
