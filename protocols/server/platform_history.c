/* "history": what each plane showed at the last vblanks, and whose it was. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "kms_history.h"
#include "platform_internal.h"

static void print_plane(FILE *out, const struct kms_history_plane *plane)
{
	fprintf(out, "{\"plane\":%u,\"fb\":%u,\"buffer\":%" PRIu64 ",\"owner\":%d,\"creator\":%d,"
		"\"flink\":%u,\"inode\":%" PRIu64 "}", plane->plane_id, plane->fb_id,
		plane->buffer, plane->owner, plane->creator, plane->name, plane->ino);
}

static void print_vblank(FILE *out, const struct kms_history_vblank *vblank)
{
	fprintf(out, "{\"count\":%" PRIu64 ",\"time_ns\":%" PRIu64 ",\"flips\":%" PRIu64
		",\"plane_count\":%u,\"planes\":[", vblank->count, vblank->time_ns,
		vblank->flips, vblank->plane_count);
	for (unsigned i = 0; i < vblank->plane_count && i < KMS_HISTORY_PLANES; i++) {
		if (i > 0)
			fputc(',', out);
		print_plane(out, &vblank->planes[i]);
	}
	fputs("]}", out);
}

static int history(void *data, int argc, char **argv, FILE *out)
{
	struct platform_card *card = platform_take_card(data, &argc, argv, out);
	long index = 0, wanted = KMS_HISTORY_VBLANKS;

	if (!card)
		return 0;
	struct kms_device *kms = card->dev->kms;
	if (!platform_take_number("crtc", kms->crtc_count - 1, &argc, argv, &index, out))
		return 0;
	if (argc > 2 || (argc == 2 &&
	    !platform_parse_int(argv[1], 1, KMS_HISTORY_VBLANKS, &wanted)))
		return control_refuse(out, "usage: history [N] [crtc N] [card N], N at most %d",
			KMS_HISTORY_VBLANKS);
	struct kms_history_vblank *vblanks = malloc(wanted * sizeof(*vblanks));
	if (!vblanks)
		return -ENOMEM;
	unsigned count = kms_history_read(&kms->crtcs[index], vblanks, wanted);
	fprintf(out, "{\"ok\":true,\"crtc\":%u,\"vblanks\":[", kms->crtcs[index].base.id);
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			fputc(',', out);
		print_vblank(out, &vblanks[i]);
	}
	fputs("]}", out);
	free(vblanks);
	return 0;
}

int platform_add_history_command(struct platform *platform)
{
	return control_add(platform->control, "history", "[N] [crtc N] [card N]: what each plane "
		"showed at the last N vblanks, and whose it was", history, platform);
}
