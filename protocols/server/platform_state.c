/*
 * "state": which client's buffer is on which plane at which vblank. Taken under
 * one hold of the device's lock, so that it is one moment.
 */
#include <errno.h>
#include <stdlib.h>

#include "kms_atomic.h"
#include "kms_mode.h"
#include "kms_plane.h"
#include "kms_vblank.h"
#include "platform_internal.h"
#include "platform_report.h"

#define STATE_FILES_MAX 512

/* Lists print their own commas. */
static void separate(FILE *out, bool *begun)
{
	if (*begun)
		fputc(',', out);
	*begun = true;
}

static void print_mode(FILE *out, const struct drm_mode_modeinfo *mode)
{
	fprintf(out, "{\"width\":%u,\"height\":%u,\"refresh\":%u,\"preferred\":%s}",
		mode->hdisplay, mode->vdisplay, kms_mode_vrefresh(mode),
		mode->type & DRM_MODE_TYPE_PREFERRED ? "true" : "false");
}

static void print_crtc(FILE *out, const struct kms_crtc *crtc)
{
	const struct kms_vblank *vblank = crtc->vblank;

	fprintf(out, "{\"id\":%u,\"index\":%u,\"active\":%s,\"mode\":", crtc->base.id,
		crtc->index, crtc->state.active ? "true" : "false");
	if (crtc->state.mode_blob)
		print_mode(out, &crtc->state.mode);
	else
		fputs("null", out);
	fprintf(out, ",\"pending\":%s,\"scanout_serial\":%llu,\"vblank\":{\"running\":%s,"
		"\"count\":%llu,\"time_ns\":%llu,\"period_ns\":%llu,\"late_count\":%llu,"
		"\"late_max_ns\":%llu}}",
		crtc->pending.active ? "true" : "false", (unsigned long long)crtc->scanout_serial,
		vblank->running ? "true" : "false", (unsigned long long)vblank->count,
		(unsigned long long)vblank->time_ns, (unsigned long long)vblank->period_ns,
		(unsigned long long)vblank->late_count, (unsigned long long)vblank->late_max_ns);
}

static void print_plane(FILE *out, const struct kms_plane *plane)
{
	const struct kms_plane_state *shown = &plane->scanout;

	fprintf(out, "{\"id\":%u,\"index\":%u,\"type\":\"%s\",\"zpos\":%u", plane->base.id,
		plane->index, kms_plane_type_name(plane->type), plane->state.zpos);
	if (!shown->crtc || !shown->fb) {
		fputs(",\"crtc\":null,\"fb\":null}", out);
		return;
	}
	fprintf(out, ",\"crtc\":%u,\"fb\":%u,\"buffer\":%llu,\"x\":%d,\"y\":%d,"
		"\"width\":%u,\"height\":%u,\"src\":[%.4f,%.4f,%.4f,%.4f]}",
		shown->crtc->base.id, shown->fb->base.id,
		(unsigned long long)shown->fb->planes[0].object->serial,
		shown->crtc_x, shown->crtc_y, shown->crtc_w, shown->crtc_h,
		shown->src_x / 65536.0, shown->src_y / 65536.0,
		shown->src_w / 65536.0, shown->src_h / 65536.0);
}

static void print_connector(FILE *out, const struct kms_connector *connector)
{
	fprintf(out, "{\"id\":%u,\"name\":", connector->base.id);
	control_json_string(out, connector->name);
	fprintf(out, ",\"connected\":%s,\"crtc\":", connector->connected ? "true" : "false");
	if (connector->state.crtc)
		fprintf(out, "%u", connector->state.crtc->base.id);
	else
		fputs("null", out);
	fputs(",\"modes\":[", out);
	for (unsigned i = 0; i < connector->mode_count; i++) {
		if (i > 0)
			fputc(',', out);
		print_mode(out, &connector->modes[i]);
	}
	fputs("]}", out);
}

static void print_framebuffer(FILE *out, const struct kms_framebuffer *fb, pid_t pid)
{
	fprintf(out, "{\"id\":%u,\"pid\":%d,\"width\":%u,\"height\":%u,\"pitch\":%u,\"format\":",
		fb->base.id, (int)pid, fb->width, fb->height, fb->planes[0].pitch);
	platform_print_fourcc(out, fb->format->fourcc);
	fprintf(out, ",\"modifier\":%llu,\"client\":%d,\"buffers\":[",
		(unsigned long long)fb->modifier, atomic_load(&fb->client));
	for (unsigned i = 0; i < fb->format->planes; i++)
		fprintf(out, "%s%llu", i ? "," : "",
			(unsigned long long)fb->planes[i].object->serial);
	fputs("]}", out);
}

/* With dev->master_lock and kms->lock. A flood of files does not make the answer endless. */
static void print_files_locked(FILE *out, struct uapi_device *dev)
{
	struct kms_framebuffer *fb;
	struct uapi_file *file;
	unsigned printed = 0;
	bool begun = false;

	fputs(",\"files\":[", out);
	gem_list_for_each(file, &dev->files, link) {
		if (printed++ >= STATE_FILES_MAX)
			break;
		separate(out, &begun);
		fprintf(out, "{\"id\":%u,\"pid\":%d,\"node\":\"%s\",\"master\":%s,"
			"\"authenticated\":%s}", file->base.id, (int)file->base.pid,
			file->kind == UAPI_NODE_PRIMARY ? "primary" : "render",
			file->is_master && file->master == dev->master ? "true" : "false",
			file->authenticated ? "true" : "false");
	}
	fputs("],\"framebuffers\":[", out);
	begun = false;
	printed = 0;
	gem_list_for_each(file, &dev->files, link) {
		gem_list_for_each(fb, &file->kms.framebuffers, file_link) {
			if (printed++ >= STATE_FILES_MAX)
				break;
			separate(out, &begun);
			print_framebuffer(out, fb, file->base.pid);
		}
	}
	fputc(']', out);
}

static void print_kms_locked(FILE *out, const struct kms_device *kms)
{
	bool begun = false;

	fputs(",\"crtcs\":[", out);
	for (unsigned i = 0; i < kms->crtc_count; i++) {
		separate(out, &begun);
		print_crtc(out, &kms->crtcs[i]);
	}
	fputs("],\"planes\":[", out);
	begun = false;
	for (unsigned i = 0; i < kms->plane_count; i++) {
		separate(out, &begun);
		print_plane(out, &kms->planes[i]);
	}
	fputs("],\"connectors\":[", out);
	begun = false;
	for (unsigned i = 0; i < kms->connector_count; i++) {
		separate(out, &begun);
		print_connector(out, &kms->connectors[i]);
	}
	fputc(']', out);
}

/* out is memory, so printing under the locks waits for nobody. */
static int state(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	struct platform_card *chosen = platform_take_card(platform, &argc, argv, out);

	if (!chosen)
		return 0;
	if (argc != 1)
		return control_refuse(out, "usage: state [card N]");
	struct uapi_device *card = chosen->dev;
	struct platform_objects *objects = malloc(sizeof(*objects));
	if (!objects)
		return -ENOMEM;
	fputs("{\"ok\":true,\"driver\":", out);
	control_json_string(out, card->driver_name);
	fputs(",\"dir\":", out);
	control_json_string(out, platform->dir);
	/* master_lock is outside kms->lock: it keeps the files, and so their lists, alive. */
	pthread_mutex_lock(&card->master_lock);
	pthread_mutex_lock(&card->kms->lock);
	print_kms_locked(out, card->kms);
	print_files_locked(out, card);
	platform_collect_objects_locked(objects, card);
	pthread_mutex_unlock(&card->kms->lock);
	pthread_mutex_unlock(&card->master_lock);
	platform_print_objects(out, objects);
	free(objects);
	fprintf(out, ",\"frames_composed\":%llu,\"objects\":%llu,\"object_bytes\":%llu",
		(unsigned long long)__atomic_load_n(&card->kms->frames_composed, __ATOMIC_RELAXED),
		(unsigned long long)__atomic_load_n(&card->gem.object_count, __ATOMIC_RELAXED),
		(unsigned long long)__atomic_load_n(&card->gem.object_bytes, __ATOMIC_RELAXED));
	if (platform->print_state)
		platform->print_state(platform->print_state_data, out);
	fputc('}', out);
	return 0;
}

int platform_add_state_command(struct platform *platform)
{
	return control_add(platform->control, "state",
		"[card N]: crtcs, planes, connectors, files, framebuffers, buffers and who has them", state, platform);
}
