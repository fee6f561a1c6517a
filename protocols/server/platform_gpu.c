/* Control commands about the GPU: trouble on demand, and what it left behind. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kms_oops.h"
#include "platform_internal.h"

static int done(FILE *out)
{
	fputs("{\"ok\":true}", out);
	return 0;
}

static int hang(struct gpu_device *gpu, int argc, char **argv, FILE *out)
{
	bool copy = argc == 3 && strcmp(argv[2], "copy") == 0;

	if (argc > 2 && !copy && strcmp(argv[2], "render") != 0)
		return control_refuse(out, "usage: gpu hang [render|copy] [card N]");
	gpu_device_hang(gpu, copy ? GPU_CLASS_COPY : GPU_CLASS_RENDER);
	return done(out);
}

static int reset(struct gpu_device *gpu, int argc, char **argv, FILE *out)
{
	gpu_device_reset(gpu);
	return done(out);
}

/* Nothing that is drawn by it will be seen any more: the screens say why. */
static int wedge(struct gpu_device *gpu, int argc, char **argv, FILE *out)
{
	gpu_device_wedge(gpu);
	kms_oops_trigger("the GPU is wedged: every batch fails");
	return done(out);
}

static int unwedge(struct gpu_device *gpu, int argc, char **argv, FILE *out)
{
	gpu_device_unwedge(gpu);
	kms_oops_clear();
	return done(out);
}

static int print_text(struct gpu_device *gpu, const char *name,
	int (*print)(struct gpu_device *gpu, FILE *out), FILE *out)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		return -ENOMEM;
	int ret = print(gpu, memory);
	if (fclose(memory) != 0)
		ret = -ENOMEM;
	if (ret == 0) {
		fprintf(out, "{\"ok\":true,\"wedged\":%s,\"resets\":%u,\"%s\":",
			gpu_device_wedged(gpu) ? "true" : "false", gpu_device_reset_count(gpu),
			name);
		control_json_string(out, text);
		fputc('}', out);
	}
	free(text);
	return ret;
}

static int error(struct gpu_device *gpu, int argc, char **argv, FILE *out)
{
	return print_text(gpu, "error", gpu_device_print_error, out);
}

static int info(struct gpu_device *gpu, int argc, char **argv, FILE *out)
{
	return print_text(gpu, "engines", gpu_device_print_engines, out);
}

static int clear_error(struct gpu_device *gpu, int argc, char **argv, FILE *out)
{
	gpu_device_clear_error(gpu);
	return done(out);
}

static int gpu(void *data, int argc, char **argv, FILE *out)
{
	static const struct {
		const char *name;
		int (*run)(struct gpu_device *gpu, int argc, char **argv, FILE *out);
		int words; /* at most, with "gpu" and the name */
	} actions[] = {
		{"hang", hang, 3}, {"reset", reset, 2}, {"wedge", wedge, 2},
		{"unwedge", unwedge, 2}, {"error", error, 2}, {"clear-error", clear_error, 2},
		{"info", info, 2},
	};
	struct platform_card *card = platform_take_card(data, &argc, argv, out);

	if (!card)
		return 0;
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(actions) && argc >= 2; i++)
		if (strcmp(argv[1], actions[i].name) == 0 && argc <= actions[i].words)
			return actions[i].run(card->dev->gpu, argc, argv, out);
	return control_refuse(out, "usage: gpu hang [render|copy] | reset | wedge | unwedge | "
		"error | clear-error | info, then [card N]");
}

int platform_add_gpu_commands(struct platform *platform)
{
	return control_add(platform->control, "gpu", "hang [render|copy] | reset | wedge | "
		"unwedge | error | clear-error | info [card N]: trouble for the GPU, and its traces",
		gpu, platform);
}
