/* "buffers" of the state: the objects behind the framebuffers, and who holds them. */
#include <inttypes.h>
#include <stdlib.h>

#include <i915_drm.h>

#include "kms_framebuffer.h"
#include "platform_internal.h"
#include "platform_report.h"
#include "uapi_debugfs.h"

void platform_print_fourcc(FILE *out, uint32_t fourcc)
{
	char name[5] = {fourcc, fourcc >> 8, fourcc >> 16, fourcc >> 24, '\0'};

	control_json_string(out, name);
}

static void print_domains(FILE *out, uint32_t domains)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{I915_GEM_DOMAIN_CPU, "cpu"},
		{I915_GEM_DOMAIN_RENDER, "render"},
		{I915_GEM_DOMAIN_SAMPLER, "sampler"},
		{I915_GEM_DOMAIN_COMMAND, "command"},
		{I915_GEM_DOMAIN_INSTRUCTION, "instruction"},
		{I915_GEM_DOMAIN_VERTEX, "vertex"},
		{I915_GEM_DOMAIN_GTT, "gtt"},
		{I915_GEM_DOMAIN_WC, "wc"},
	};
	bool begun = false;

	fputc('[', out);
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(names); i++) {
		if (domains & names[i].bit) {
			fprintf(out, "%s\"%s\"", begun ? "," : "", names[i].name);
			begun = true;
		}
	}
	fputc(']', out);
}

static void print_holders(FILE *out, const struct uapi_census *census)
{
	char comm[16];

	fprintf(out, ",\"holder_count\":%u,\"settled\":%s,\"holders\":[", census->holder_count,
		census->settled ? "true" : "false");
	for (unsigned i = 0; i < census->holder_count && i < UAPI_CENSUS_HOLDERS; i++) {
		const struct uapi_holder *holder = &census->holders[i];

		uapi_debugfs_comm(holder->pid, comm);
		fprintf(out, "%s{\"file\":%u,\"pid\":%d,\"process\":", i ? "," : "",
			holder->file, (int)holder->pid);
		control_json_string(out, comm);
		fprintf(out, ",\"node\":\"%s\",\"handle\":%u,\"handles\":%u}",
			holder->render ? "render" : "primary", holder->handle, holder->handles);
	}
	fputc(']', out);
}

static void print_sharing(FILE *out, const struct gem_census *object)
{
	fprintf(out, ",\"flink\":%u,\"dma_buf\":", object->name);
	if (object->dma_buf_ino)
		fprintf(out, "{\"dev\":%" PRIu64 ",\"inode\":%" PRIu64 ",\"exported\":%s,"
			"\"imports\":%u}", object->dma_buf_dev, object->dma_buf_ino,
			object->exported ? "true" : "false", object->imports);
	else
		fputs("null", out);
	fputs(",\"imported_from\":", out);
	if (!object->imported)
		fputs("null", out);
	else if (!object->exporter)
		fputs("{\"node\":null,\"serial\":0}", out);
	else
		fprintf(out, "{\"node\":\"%s\",\"serial\":%" PRIu64 "}",
			gem_container_of(object->exporter, struct uapi_device, gem)->
				node_paths[UAPI_NODE_PRIMARY], object->exporter_serial);
}

void platform_print_census(FILE *out, const struct uapi_census *census)
{
	const struct gem_census *object = &census->object;

	fprintf(out, "{\"serial\":%" PRIu64 ",\"node\":\"%s\",\"size\":%" PRIu64
		",\"creator\":%d,\"references\":%u,\"handle_count\":%u", object->serial,
		census->node, object->size, object->creator, object->refcount,
		object->handle_count);
	print_sharing(out, object);
	fputs(",\"read_domains\":", out);
	print_domains(out, object->read_domains);
	fputs(",\"write_domain\":", out);
	print_domains(out, object->write_domain);
	fprintf(out, ",\"tiling\":\"%s\",\"stride\":%u,\"caching\":%s,\"pins\":%u,"
		"\"framebuffers\":%u,\"backing\":\"%s\",\"region\":",
		gem_tiling_name(object->tiling), object->stride,
		object->cache_level == GEM_CACHE_LLC ? "true" : "false", object->pins,
		object->framebuffers, object->backing);
	if (object->region)
		control_json_string(out, object->region);
	else
		fputs("null", out);
	fprintf(out, ",\"residence\":\"%s\",\"busy\":%s",
		gem_residence_name(object->residence), object->busy ? "true" : "false");
	print_holders(out, census);
	fputc('}', out);
}

/* ---- of all framebuffers ---- */

static int compare(const void *a, const void *b)
{
	const struct gem_object *const *one = a, *const *other = b;

	return (*one)->serial < (*other)->serial ? -1 : (*one)->serial > (*other)->serial;
}

static void add_objects(struct platform_objects *objects, const struct kms_framebuffer *fb)
{
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(fb->planes); i++) {
		struct gem_object *obj = fb->planes[i].object;

		if (obj && objects->count < PLATFORM_OBJECTS_MAX)
			objects->list[objects->count++] = gem_object_get(obj);
	}
}

void platform_collect_objects_locked(struct platform_objects *objects, struct uapi_device *dev)
{
	struct kms_framebuffer *fb;
	struct uapi_file *file;

	objects->count = 0;
	/* What is on the screen comes first: it may be nobody's any more. */
	for (unsigned i = 0; i < dev->kms->plane_count; i++) {
		if (dev->kms->planes[i].scanout.fb)
			add_objects(objects, dev->kms->planes[i].scanout.fb);
	}
	gem_list_for_each(file, &dev->files, link) {
		gem_list_for_each(fb, &file->kms.framebuffers, file_link)
			add_objects(objects, fb);
	}
}

void platform_print_objects(FILE *out, struct platform_objects *objects)
{
	struct uapi_census census;
	bool begun = false;

	qsort(objects->list, objects->count, sizeof(*objects->list), compare);
	fputs(",\"buffers\":[", out);
	for (unsigned i = 0; i < objects->count; i++) {
		/* Once each; a reference of ours is one that the census leaves out. */
		while (i + 1 < objects->count && objects->list[i] == objects->list[i + 1])
			gem_object_put(objects->list[i++]);
		uapi_census_take(objects->list[i], &census);
		gem_object_put(objects->list[i]);
		if (begun)
			fputc(',', out);
		begun = true;
		platform_print_census(out, &census);
	}
	fputc(']', out);
}
