/* Control commands about time: stop it, step it, and make flips late. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "gem_interrupt.h"
#include "platform_internal.h"

enum { STEP_VBLANKS_MAX = 1000000, FLIP_DELAY_MAX = 1000000 };
#define STEP_NS_MAX 1000000000000ll
/* Real time that a step waits for a crtc to go on, or a commit. */
#define STEP_WAIT_NS 10000000000ull

static const char time_usage[] = "usage: time [freeze | real | fast | now | "
	"step [N] [commit] [crtc N] | step-ns N], then [card N]";

bool platform_parse_clock(const char *text, enum kms_time_mode *mode)
{
	static const char *const names[] = {
		[KMS_TIME_REAL] = "real", [KMS_TIME_FROZEN] = "virtual", [KMS_TIME_FAST] = "fast",
	};

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*mode = i;
			return true;
		}
	}
	return false;
}

bool platform_take_number(const char *name, long max, int *argc, char **argv, long *value,
	FILE *out)
{
	if (*argc < 3 || strcmp(argv[*argc - 2], name) != 0)
		return true;
	if (!platform_parse_int(argv[*argc - 1], 0, max, value)) {
		control_refuse(out, "no %s %s", name, argv[*argc - 1]);
		return false;
	}
	*argc -= 2;
	return true;
}

static bool is_ending(void *data)
{
	return control_ending(data);
}

static int print_time(struct kms_device *kms, FILE *out)
{
	static const char *const modes[] = {
		[KMS_TIME_REAL] = "real", [KMS_TIME_FROZEN] = "frozen", [KMS_TIME_FAST] = "fast",
	};

	pthread_mutex_lock(&kms->lock);
	fprintf(out, "{\"ok\":true,\"time\":\"%s\",\"now_ns\":%llu,\"crtcs\":[",
		modes[kms_time_mode(kms)], (unsigned long long)kms_time_now(kms));
	for (unsigned i = 0; i < kms->crtc_count; i++) {
		const struct kms_vblank *vblank = kms->crtcs[i].vblank;

		fprintf(out, "%s{\"running\":%s,\"count\":%llu,\"time_ns\":%llu,\"flips\":%llu}",
			i ? "," : "", vblank->running ? "true" : "false",
			(unsigned long long)vblank->count, (unsigned long long)vblank->time_ns,
			(unsigned long long)kms->crtcs[i].flip_count);
	}
	pthread_mutex_unlock(&kms->lock);
	fputs("]}", out);
	return 0;
}

static int say_step(struct kms_device *kms, int ret, FILE *out)
{
	if (ret == -EINVAL)
		return control_refuse(out, "time is not frozen: time freeze first");
	if (ret == -ECANCELED)
		return control_refuse(out, "time is not frozen any more");
	return ret < 0 ? ret : print_time(kms, out);
}

static int step(struct kms_device *kms, int argc, char **argv, FILE *out)
{
	long index = 0, count = 1;
	uint64_t left;

	if (!platform_take_number("crtc", kms->crtc_count - 1, &argc, argv, &index, out))
		return 0;
	bool commits = argc > 2 && strcmp(argv[argc - 1], "commit") == 0;
	argc -= commits;
	if (argc > 3 || (argc == 3 && !platform_parse_int(argv[2], 1, STEP_VBLANKS_MAX, &count)))
		return control_refuse(out, "%s", time_usage);
	const struct kms_time_step wanted = {
		.crtc = &kms->crtcs[index], .vblanks = count, .commits = commits,
		.timeout_ns = STEP_WAIT_NS,
	};
	int ret = kms_time_step_vblanks(&wanted, &left);
	if (ret == -EAGAIN)
		return control_refuse(out, "crtc %ld %s; %llu vblanks left", index,
			commits ? "has no commit" : "is off",
			(unsigned long long)left);
	return say_step(kms, ret, out);
}

static int step_ns(struct kms_device *kms, int argc, char **argv, FILE *out)
{
	long ns;

	if (argc != 3 || !platform_parse_int(argv[2], 1, STEP_NS_MAX, &ns))
		return control_refuse(out, "%s", time_usage);
	return say_step(kms, kms_time_step_ns(kms, ns), out);
}

static int time_command(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;
	struct platform_card *card = platform_take_card(platform, &argc, argv, out);

	if (!card)
		return 0;
	struct kms_device *kms = card->dev->kms;
	const char *word = argc > 1 ? argv[1] : "now";
	int (*run)(struct kms_device *kms, int argc, char **argv, FILE *out) =
		strcmp(word, "step") == 0 ? step : strcmp(word, "step-ns") == 0 ? step_ns : NULL;
	if (run) {
		gem_interrupt_set(is_ending, platform->control);
		int ret = run(kms, argc, argv, out);
		gem_interrupt_set(NULL, NULL);
		return ret;
	}
	if (argc > 2)
		return control_refuse(out, "%s", time_usage);
	if (strcmp(word, "freeze") == 0)
		kms_time_set(kms, KMS_TIME_FROZEN);
	else if (strcmp(word, "real") == 0)
		kms_time_set(kms, KMS_TIME_REAL);
	else if (strcmp(word, "fast") == 0)
		kms_time_set(kms, KMS_TIME_FAST);
	else if (strcmp(word, "now") != 0)
		return control_refuse(out, "%s", time_usage);
	return print_time(kms, out);
}

static int flip(void *data, int argc, char **argv, FILE *out)
{
	struct platform_card *card = platform_take_card(data, &argc, argv, out);
	long index = 0, count;

	if (!card)
		return 0;
	struct kms_device *kms = card->dev->kms;
	if (!platform_take_number("crtc", kms->crtc_count - 1, &argc, argv, &index, out))
		return 0;
	if (argc == 3 && strcmp(argv[1], "delay") == 0 &&
			platform_parse_int(argv[2], 0, FLIP_DELAY_MAX, &count))
		kms_flip_delay(&kms->crtcs[index], count);
	else if (argc == 2 && strcmp(argv[1], "lose") == 0)
		kms_flip_lose(&kms->crtcs[index]);
	else
		return control_refuse(out, "usage: flip delay N | lose, then [crtc N] [card N]");
	fputs("{\"ok\":true}", out);
	return 0;
}

int platform_add_time_commands(struct platform *platform)
{
	int ret = control_add(platform->control, "flip", "delay N | lose [crtc N] [card N]: the "
		"next flip comes N vblanks late; its event never comes", flip, platform);

	if (ret < 0)
		return ret;
	return control_add_waiting(platform->control, "time", "[now | freeze | real | fast | "
		"step [N] [commit] [crtc N] | step-ns N] [card N]: the time of vblanks; a step "
		"answers when all is done", time_command, platform);
}
