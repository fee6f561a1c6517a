#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <drm_fourcc.h>
#include <i915_drm.h>

#include "compositor_census.h"
#include "compositor_inspect.h"

__attribute__((format(printf, 2, 3)))
static void add_line(struct compositor_inspect_text *text, const char *format, ...)
{
	char *line = text->lines[text->count++];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(line, COMPOSITOR_INSPECT_LINE, format, args);
	va_end(args);
	if (length < COMPOSITOR_INSPECT_LINE)
		return;
	/* Not in the middle of a character. */
	length = COMPOSITOR_INSPECT_LINE - 1;
	while (length > 0 && ((unsigned char)line[length] & 0xc0) == 0x80)
		length--;
	line[length] = '\0';
}

static const char *modifier_name(uint64_t modifier)
{
	switch (modifier) {
	case DRM_FORMAT_MOD_LINEAR:
		return "linear";
	case I915_FORMAT_MOD_X_TILED:
		return "X-tiled";
	case I915_FORMAT_MOD_Y_TILED:
		return "Y-tiled";
	case DRM_FORMAT_MOD_INVALID:
		return "implicit layout";
	}
	return "vendor layout";
}

#define GPU_DOMAINS (I915_GEM_DOMAIN_RENDER | I915_GEM_DOMAIN_SAMPLER | I915_GEM_DOMAIN_COMMAND | \
	I915_GEM_DOMAIN_INSTRUCTION | I915_GEM_DOMAIN_VERTEX)

/* I915_GEM_DOMAIN_* as "GTT+CPU". */
static const char *domain_names(uint32_t domains, char *buffer, size_t size)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} known[] = {
		{I915_GEM_DOMAIN_CPU, "CPU"}, {GPU_DOMAINS, "GPU"}, {I915_GEM_DOMAIN_RENDER, "render"},
		{I915_GEM_DOMAIN_SAMPLER, "sampler"}, {I915_GEM_DOMAIN_COMMAND, "command"},
		{I915_GEM_DOMAIN_INSTRUCTION, "instruction"}, {I915_GEM_DOMAIN_VERTEX, "vertex"},
		{I915_GEM_DOMAIN_GTT, "GTT"}, {I915_GEM_DOMAIN_WC, "WC"},
	};
	size_t used = 0;

	snprintf(buffer, size, "none");
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]) && used < size; i++) {
		if ((domains & known[i].bit) != known[i].bit)
			continue;
		/* All of the GPU's at once are one word. */
		domains &= ~known[i].bit;
		used += snprintf(buffer + used, size - used, "%s%s", used ? "+" : "", known[i].name);
	}
	return buffer;
}

/* A number of bytes as people say it. */
static const char *size_name(uint64_t bytes, char *buffer, size_t size)
{
	static const char units[][4] = {"B", "KiB", "MiB", "GiB", "TiB"};
	unsigned unit = 0;
	double value = bytes;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, size, unit && value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buffer;
}

static void describe_kind(const struct compositor_census_surface *surface, unsigned extras,
	struct compositor_inspect_text *text)
{
	const char *fourcc = surface->format ? (const char *)&surface->format : "";
	const struct gem_census *object = &surface->object.object;

	switch (surface->kind) {
	case COMPOSITOR_BUFFER_NONE:
		add_line(text, "no buffer");
		return;
	case COMPOSITOR_BUFFER_SHM:
		if (extras)
			add_line(text, "shm %dx%d %.4s, and %u more surfaces", surface->width,
				surface->height, fourcc, extras);
		else
			add_line(text, "shm %dx%d %.4s", surface->width, surface->height, fourcc);
		return;
	case COMPOSITOR_BUFFER_FLINK:
		add_line(text, "flink name %" PRIu32 ", dma-buf inode %" PRIu64, surface->name,
			surface->has_object ? object->dma_buf_ino : 0);
		return;
	case COMPOSITOR_BUFFER_DMABUF:
		if (!surface->has_object)
			add_line(text, "dma-buf of another device");
		else if (object->name)
			add_line(text, "dma-buf inode %" PRIu64 ", flink name %" PRIu32,
				object->dma_buf_ino, object->name);
		else
			add_line(text, "dma-buf inode %" PRIu64, object->dma_buf_ino);
		return;
	}
}

static void describe_holders(const struct compositor_census_surface *surface,
	struct compositor_inspect_text *text)
{
	const struct gem_census *object = &surface->object.object;
	char reads[64], writes[64];

	add_line(text, "domains %s / %s; %u refs, %u handles in %u files",
		domain_names(object->read_domains, reads, sizeof(reads)),
		domain_names(object->write_domain, writes, sizeof(writes)), object->refcount,
		object->handle_count, surface->object.holder_count);
}

static void describe_plane(const struct compositor_census_output *output,
	const struct compositor_census_surface *surface, struct compositor_inspect_text *text)
{
	char copied[16];

	size_name(surface->copied_bytes, copied, sizeof(copied));
	if (surface->plane_id)
		add_line(text, "on %s plane %" PRIu32 ", %s copied", surface->plane_type ?
			surface->plane_type : "a", surface->plane_id, copied);
	else if (output->picture_plane)
		add_line(text, "composited into plane %" PRIu32 ", %s copied", output->picture_plane,
			copied);
	else
		add_line(text, "composited, %s copied", copied);
}

void compositor_inspect_describe(const struct compositor_census_output *output,
	const struct compositor_census_surface *surface, unsigned extras,
	struct compositor_inspect_text *text)
{
	memset(text, 0, sizeof(*text));
	if (*surface->title && strcmp(surface->title, surface->process))
		add_line(text, "%s %d  “%s”", surface->process, (int)surface->pid, surface->title);
	else
		add_line(text, "%s %d", surface->process, (int)surface->pid);
	describe_kind(surface, extras, text);
	if (surface->format && surface->kind != COMPOSITOR_BUFFER_SHM)
		add_line(text, "%dx%d %.4s %s", surface->width, surface->height,
			(const char *)&surface->format, modifier_name(surface->modifier));
	if (surface->has_object)
		describe_holders(surface, text);
	describe_plane(output, surface, text);
}

void compositor_inspect_describe_pointer(const struct compositor_census_output *output,
	char line[COMPOSITOR_INSPECT_LINE])
{
	const struct compositor_census_surface *cursor = output->count > 0 ?
		&output->surfaces[output->count - 1] : NULL;
	struct compositor_inspect_text kind = {.count = 0};
	char where[48] = "composited";

	if (!cursor || !cursor->is_cursor) {
		if (output->cursor_plane)
			snprintf(line, COMPOSITOR_INSPECT_LINE, "the compositor's own, on plane %" PRIu32,
				output->cursor_plane);
		else
			snprintf(line, COMPOSITOR_INSPECT_LINE, "of no client");
		return;
	}
	if (cursor->plane_id)
		snprintf(where, sizeof(where), "on %s plane %" PRIu32,
			cursor->plane_type ? cursor->plane_type : "a", cursor->plane_id);
	describe_kind(cursor, 0, &kind);
	snprintf(line, COMPOSITOR_INSPECT_LINE, "%s %d, %s: %.48s", cursor->process,
		(int)cursor->pid, where, kind.lines[0]);
}

bool compositor_inspect_stands_for(const struct compositor_census_surface *surface,
	const struct compositor_census_surface *other)
{
	return surface != other && surface->pid == other->pid && !other->is_cursor &&
		surface->kind == COMPOSITOR_BUFFER_SHM && other->kind == COMPOSITOR_BUFFER_SHM &&
		!surface->plane_id && !other->plane_id &&
		strcmp(surface->title, other->title) == 0 &&
		strcmp(surface->app_id, other->app_id) == 0 &&
		(int64_t)surface->box.width * surface->box.height >
		4 * (int64_t)other->box.width * other->box.height;
}

uint32_t compositor_inspect_colour(const struct compositor_census_surface *surface)
{
	static const uint32_t overlays[] = {COMPOSITOR_INSPECT_OVERLAY, 0x81c784, 0xba8cf0, 0xfff176,
		0x4db6ac, 0xd4a373, 0xc0ca33};

	if (!surface->plane_id || !surface->plane_type)
		return COMPOSITOR_INSPECT_COMPOSITED;
	if (strcmp(surface->plane_type, "primary") == 0)
		return COMPOSITOR_INSPECT_PRIMARY;
	if (strcmp(surface->plane_type, "cursor") == 0)
		return COMPOSITOR_INSPECT_CURSOR;
	return overlays[surface->plane_index % (sizeof(overlays) / sizeof(overlays[0]))];
}
