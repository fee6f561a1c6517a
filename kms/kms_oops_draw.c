/* The picture: white on blue, as much as fits. Pure: it reads the report and the journal. */
#include <string.h>

#include "gem_journal.h"
#include "kms_oops_internal.h"
#include "kms_text.h"

#define INK 0xffffffffu
#define PAPER 0xff0a2a7au

struct page {
	const struct kms_canvas *canvas;
	struct kms_text_style style;
	uint32_t cell_width, cell_height;
	uint32_t row, rows, columns; /* columns: without the margins */
};

/* Larger screens are looked at from as far: 640 to 1919 wide have the font as it is. */
static void page_init(struct page *page, const struct kms_canvas *canvas)
{
	const struct kms_font *font = kms_font_builtin();
	uint32_t scale = canvas->width / 960;

	page->canvas = canvas;
	page->style = (struct kms_text_style) {
		.font = font, .scale = scale ? scale : 1, .fg = INK, .bg = PAPER,
	};
	page->cell_width = font->width * page->style.scale;
	page->cell_height = font->height * page->style.scale;
	page->row = 0;
	page->rows = canvas->height / page->cell_height;
	page->columns = canvas->width / page->cell_width;
	page->columns = page->columns > 2 ? page->columns - 2 : 0;
	kms_text_fill(canvas, 0, 0, canvas->width, canvas->height, PAPER);
}

/* One row of the page, what does not fit is cut; indent in cells. */
static void page_line(struct page *page, uint32_t indent, const char *text)
{
	if (page->row < page->rows)
		kms_text_line(page->canvas, (1 + indent) * page->cell_width,
			page->row * page->cell_height, text, &page->style);
	page->row++;
}

static void page_title(struct page *page, const char *text)
{
	struct kms_text_style style = page->style;

	style.fg = PAPER;
	style.bg = INK;
	kms_text_fill(page->canvas, 0, 0, page->canvas->width, page->cell_height, INK);
	kms_text_line(page->canvas, page->cell_width, 0, text, &style);
	page->row = 2;
}

/* The reason may be longer than a narrow screen is wide. */
static void page_paragraph(struct page *page, const char *text)
{
	char line[KMS_OOPS_LINE];

	while (*text && page->columns > 0) {
		uint32_t length = 0;

		while (text[length] && length < page->columns && length < sizeof(line) - 1) {
			line[length] = text[length];
			length++;
		}
		line[length] = '\0';
		page_line(page, 0, line);
		text += length;
	}
}

static void put_seconds(struct kms_oops_text *text, uint64_t ns)
{
	uint64_t ms = ns / 1000000;

	kms_oops_put_number(text, ms / 1000);
	kms_oops_put(text, ".");
	kms_oops_put(text, ms % 1000 < 10 ? "00" : ms % 1000 < 100 ? "0" : "");
	kms_oops_put_number(text, ms % 1000);
}

static void draw_head(struct page *page, const struct kms_oops_shared *shared)
{
	const struct kms_oops_report *report = &shared->report;
	char line[KMS_OOPS_LINE];
	struct kms_oops_text text;

	page_title(page, report->fatal ? "Testcard oops: the display's process died" :
		"Testcard oops");
	page_paragraph(page, report->reason);
	kms_oops_text_init(&text, line, sizeof(line));
	kms_oops_put(&text, shared->program);
	kms_oops_put(&text, " ");
	kms_oops_put(&text, shared->version);
	kms_oops_put(&text, ", process ");
	kms_oops_put_number(&text, shared->owner);
	if (report->tid) {
		kms_oops_put(&text, ", thread ");
		kms_oops_put_number(&text, report->tid);
		kms_oops_put(&text, " ");
		kms_oops_put(&text, report->thread);
	}
	page_paragraph(page, line);
	kms_oops_text_init(&text, line, sizeof(line));
	kms_oops_put(&text, "after ");
	put_seconds(&text, report->time_ns - shared->start_ns);
	kms_oops_put(&text, " s");
	page_line(page, 0, line);
	page->row++;
}

static void draw_registers(struct page *page, const struct kms_oops_report *report)
{
	unsigned count = report->register_count;

	for (unsigned i = 0; i < count && i < KMS_OOPS_REGISTER_LINES; i++)
		page_line(page, 0, report->registers[i]);
	if (count > 0)
		page->row++;
}

static void draw_trace(struct page *page, const struct kms_oops_report *report, unsigned max)
{
	unsigned count = report->trace_count, named = report->symbol_count;
	char line[KMS_OOPS_LINE];
	struct kms_oops_text text;

	if (count == 0 || max < 2)
		return;
	page_line(page, 0, "Backtrace:");
	for (unsigned i = 0; i < count && i < KMS_OOPS_TRACE_MAX && i < max - 1; i++) {
		if (i < named) {
			page_line(page, 1, report->symbols[i]);
			continue;
		}
		kms_oops_text_init(&text, line, sizeof(line));
		kms_oops_put(&text, "0x");
		kms_oops_put_hex(&text, report->trace[i], 12);
		page_line(page, 1, line);
	}
	page->row++;
}

/* The newest at the bottom, as many as there is room for. */
static void draw_events(struct page *page, const struct kms_oops_shared *shared)
{
	uint64_t count = gem_journal_count(), room = page->rows - page->row - 1, at;
	struct gem_journal_line event;
	char line[KMS_OOPS_LINE + GEM_JOURNAL_TEXT];
	struct kms_oops_text text;

	if (page->row + 2 > page->rows || count == 0)
		return;
	page_line(page, 0, "Last events:");
	room = room > GEM_JOURNAL_SIZE ? GEM_JOURNAL_SIZE : room;
	for (at = count > room ? count - room : 0; at < count; at++) {
		if (!gem_journal_read(at, &event))
			continue;
		kms_oops_text_init(&text, line, sizeof(line));
		put_seconds(&text, event.time_ns > shared->start_ns ?
			event.time_ns - shared->start_ns : 0);
		kms_oops_put(&text, " ");
		kms_oops_put(&text, event.text);
		page_line(page, 1, line);
	}
}

void kms_oops_draw_shared(const struct kms_canvas *canvas, const struct kms_oops_shared *shared)
{
	const struct kms_oops_report *report = &shared->report;
	struct page page;

	page_init(&page, canvas);
	draw_head(&page, shared);
	draw_registers(&page, report);
	if (page.rows > page.row)
		draw_trace(&page, report, (page.rows - page.row) * 2 / 3);
	draw_events(&page, shared);
}
