#include <inttypes.h>

#include "control.h"
#include "platform_report.h"

#include "compositor_census.h"

static void print_buffer(const struct compositor_census_surface *surface, FILE *out)
{
	fprintf(out, ",\"kind\":\"%s\",\"name\":%u,\"buffer_width\":%d,\"buffer_height\":%d,"
		"\"format\":", compositor_buffer_kind_name(surface->kind), surface->name,
		surface->width, surface->height);
	if (surface->format)
		platform_print_fourcc(out, surface->format);
	else
		fputs("null", out);
	fprintf(out, ",\"modifier\":%" PRIu64 ",\"buffer\":", surface->modifier);
	if (surface->has_object)
		platform_print_census(out, &surface->object);
	else
		fputs("null", out);
}

static void print_plane(const struct compositor_census_surface *surface, FILE *out)
{
	if (surface->plane_id)
		fprintf(out, ",\"plane\":%u,\"plane_type\":\"%s\",\"fb\":%u", surface->plane_id,
			surface->plane_type ? surface->plane_type : "", surface->fb_id);
	else
		fputs(",\"plane\":null,\"plane_type\":null,\"fb\":null", out);
	fprintf(out, ",\"scanned_frames\":%" PRIu64 ",\"composited_frames\":%" PRIu64
		",\"copied_bytes\":%" PRIu64, surface->scanned_frames, surface->composited_frames,
		surface->copied_bytes);
}

static void print_surface(const struct compositor_census_output *output,
	const struct compositor_census_surface *surface, FILE *out)
{
	fputs("{\"output\":", out);
	control_json_string(out, output->name);
	fprintf(out, ",\"crtc\":%u,\"pid\":%d,\"process\":", output->crtc_id, (int)surface->pid);
	control_json_string(out, surface->process);
	fputs(",\"app_id\":", out);
	control_json_string(out, surface->app_id);
	fputs(",\"title\":", out);
	control_json_string(out, surface->title);
	fprintf(out, ",\"surface\":%u,\"role\":\"%s\",\"x\":%d,\"y\":%d,\"width\":%d,\"height\":%d",
		surface->surface, surface->is_cursor ? "cursor" : "window", surface->box.x,
		surface->box.y, surface->box.width, surface->box.height);
	print_buffer(surface, out);
	print_plane(surface, out);
	fputs("}", out);
}

void compositor_census_print(const struct compositor_census *census, FILE *out)
{
	const char *separator = "";

	fputs("\"surfaces\":[", out);
	for (unsigned i = 0; i < census->count; i++) {
		const struct compositor_census_output *output = &census->outputs[i];
		for (unsigned j = 0; j < output->count; j++) {
			fputs(separator, out);
			print_surface(output, &output->surfaces[j], out);
			separator = ",";
		}
	}
	fputs("]", out);
}
