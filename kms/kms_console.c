#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "gem_journal.h"
#include "gem_thread.h"
#include "kms_console.h"

#define INK 0xffd0d0d0u
#define PAPER 0xff000000u
enum { TAB = 8, DIRTY_MS = 50 };

struct kms_console {
	struct kms_fbdev *fbdev;
	struct kms_text_style style;
	pthread_t thread;
	pthread_mutex_t lock;
	struct kms_canvas canvas; /* the part that screens show; lock */
	uint32_t columns, rows;   /* of it; lock */
	uint32_t column, row; /* of the cursor; lock */
	unsigned watchers;    /* lock */
	bool ending;          /* lock */
	uint64_t start_ns;
	uint64_t seen;        /* lines of the journal that were printed; the thread's */
};

/* ---- drawing; lock held ---- */

static void draw_cursor_locked(struct kms_console *console, uint32_t color)
{
	const struct kms_font *font = console->style.font;
	uint32_t thick = font->height / 8 ? font->height / 8 : 1;

	if (console->column < console->columns)
		kms_text_fill(&console->canvas, console->column * font->width,
			(console->row + 1) * font->height - thick, font->width, thick, color);
}

/* Down to the last row, the text moves up. */
static void scroll_locked(struct kms_console *console)
{
	const struct kms_canvas *canvas = &console->canvas;
	uint32_t height = console->style.font->height, last = console->rows - 1;
	uint32_t by = console->row - last;
	size_t row_size = (size_t)height * canvas->pitch;

	memmove(canvas->pixels, canvas->pixels + row_size * by, row_size * last);
	kms_text_fill(canvas, 0, last * height, canvas->width, canvas->height, PAPER);
	console->row = last;
}

/* The screens may be others by now. */
static void fit_locked(struct kms_console *console)
{
	const struct kms_font *font = console->style.font;
	struct kms_canvas *canvas = &console->canvas;

	kms_fbdev_size(console->fbdev, &canvas->width, &canvas->height);
	console->columns = canvas->width / font->width;
	console->rows = canvas->height / font->height;
	if (console->rows > 0 && console->row >= console->rows)
		scroll_locked(console);
}

static void new_line_locked(struct kms_console *console)
{
	console->column = 0;
	if (++console->row >= console->rows)
		scroll_locked(console);
}

static void put_glyph_locked(struct kms_console *console, uint32_t code)
{
	const struct kms_font *font = console->style.font;

	if (console->column >= console->columns)
		new_line_locked(console);
	kms_text_glyph(&console->canvas, console->column * font->width,
		console->row * font->height, code, &console->style);
	console->column++;
}

static void put_code_locked(struct kms_console *console, uint32_t code)
{
	switch (code) {
	case '\n':
		new_line_locked(console);
		break;
	case '\r':
		console->column = 0;
		break;
	case '\b':
		if (console->column > 0)
			console->column--;
		break;
	case '\t':
		do
			put_glyph_locked(console, ' ');
		while (console->column % TAB && console->column < console->columns);
		break;
	default:
		if (code >= ' ' && code != 0x7f)
			put_glyph_locked(console, code);
	}
}

static void print_locked(struct kms_console *console, const char *text)
{
	uint32_t code;

	draw_cursor_locked(console, PAPER);
	fit_locked(console);
	if (console->rows == 0 || console->columns == 0)
		return;
	while ((code = kms_text_next(&text)))
		put_code_locked(console, code);
	draw_cursor_locked(console, INK);
}

void kms_console_print(struct kms_console *console, const char *text)
{
	pthread_mutex_lock(&console->lock);
	print_locked(console, text);
	pthread_mutex_unlock(&console->lock);
	kms_fbdev_dirty(console->fbdev);
}

/* ---- the thread ---- */

static bool print_journal(struct kms_console *console)
{
	uint64_t count = gem_journal_count();
	struct gem_journal_line line;
	char text[GEM_JOURNAL_TEXT + 32];

	if (console->seen >= count)
		return false;
	if (count - console->seen > GEM_JOURNAL_SIZE)
		console->seen = count - GEM_JOURNAL_SIZE;
	for (; console->seen < count; console->seen++) {
		if (!gem_journal_read(console->seen, &line))
			continue;
		uint64_t us = line.time_ns > console->start_ns ?
			(line.time_ns - console->start_ns) / 1000 : 0;

		snprintf(text, sizeof(text), "[%5llu.%06llu] %s\n",
			(unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000),
			line.text);
		pthread_mutex_lock(&console->lock);
		print_locked(console, text);
		pthread_mutex_unlock(&console->lock);
	}
	return true;
}

static void *console_thread(void *data)
{
	struct kms_console *console = data;

	prctl(PR_SET_NAME, "tc-console");
	for (;;) {
		pthread_mutex_lock(&console->lock);
		bool ending = console->ending, watched = console->watchers > 0;
		pthread_mutex_unlock(&console->lock);
		if (ending)
			return NULL;
		if (print_journal(console) || watched)
			kms_fbdev_dirty(console->fbdev);
		gem_journal_wait(console->seen, watched ? DIRTY_MS : -1);
	}
}

void kms_console_watch(struct kms_console *console, bool on)
{
	pthread_mutex_lock(&console->lock);
	console->watchers += on ? 1 : -1;
	pthread_mutex_unlock(&console->lock);
	gem_journal_wake();
}

/* ---- life ---- */

static uint64_t first_time(void)
{
	struct gem_journal_line line;

	return gem_journal_read(0, &line) ? line.time_ns : 0;
}

int kms_console_create(struct kms_fbdev *fbdev, const struct kms_font *font, const char *banner,
	struct kms_console **out)
{
	struct kms_console *console = calloc(1, sizeof(*console));

	if (!console)
		return -ENOMEM;
	console->fbdev = fbdev;
	console->canvas = *kms_fbdev_canvas(fbdev);
	console->style = (struct kms_text_style) {
		.font = font, .scale = 1, .fg = INK, .bg = PAPER,
	};
	fit_locked(console);
	console->start_ns = first_time();
	pthread_mutex_init(&console->lock, NULL);
	kms_text_fill(kms_fbdev_canvas(fbdev), 0, 0, UINT32_MAX, UINT32_MAX, PAPER);
	if (banner)
		print_locked(console, banner);
	int ret = gem_thread_start(&console->thread, NULL, console_thread, console);
	if (ret < 0) {
		pthread_mutex_destroy(&console->lock);
		free(console);
		return ret;
	}
	*out = console;
	return 0;
}

void kms_console_destroy(struct kms_console *console)
{
	pthread_mutex_lock(&console->lock);
	console->ending = true;
	pthread_mutex_unlock(&console->lock);
	gem_journal_wake();
	pthread_join(console->thread, NULL);
	pthread_mutex_destroy(&console->lock);
	free(console);
}
