/* Control command "input": the devices come and go, and give any event. */
#include <errno.h>
#include <string.h>

#include "platform_internal.h"

static void print_device(FILE *out, const struct evdev_device *dev)
{
	fprintf(out, "{\"id\":%u,\"kind\":\"%s\",\"path\":\"%s\",\"name\":", evdev_index(dev),
		evdev_kind_name(evdev_get_kind(dev)), evdev_node(dev)->path);
	control_json_string(out, evdev_name(dev));
	fputc('}', out);
}

static int list(struct platform *platform, FILE *out)
{
	const char *comma = "";

	fputs("{\"ok\":true,\"devices\":[", out);
	for (unsigned i = 0; i <= EVDEV_INDEX_MAX; i++) {
		struct evdev_device *dev = platform_input_lookup(platform, i);

		if (!dev)
			continue;
		fputs(comma, out);
		print_device(out, dev);
		comma = ",";
		evdev_put(dev);
	}
	fputs("]}", out);
	return 0;
}

static int add(struct platform *platform, int argc, char **argv, FILE *out)
{
	enum evdev_kind kind;
	unsigned index;

	if (argc > 4 || !evdev_kind_by_name(argv[2], &kind))
		return control_refuse(out, "usage: input add keyboard|pointer|tablet|touch|pen|pad|"
			"switch|gamepad [NAME]");
	/* Programs get the name as a line of a file and in quotes. */
	if (argc == 4 && (strlen(argv[3]) >= EVDEV_NAME_MAX || strpbrk(argv[3], "\n\"")))
		return control_refuse(out, "no name for a device");
	int ret = platform_input_add(platform, kind, argc == 4 ? argv[3] : NULL, &index);
	if (ret < 0)
		return ret;
	fprintf(out, "{\"ok\":true,\"id\":%u,\"path\":\"/dev/input/event%u\"}", index, index);
	return 0;
}

/* A device's number as input list says it. */
static bool parse_id(const char *word, unsigned *index)
{
	long value;

	if (!platform_parse_int(word, 0, EVDEV_INDEX_MAX, &value))
		return false;
	*index = value;
	return true;
}

static int remove_device(struct platform *platform, const char *id, FILE *out)
{
	unsigned index;

	if (!parse_id(id, &index) || platform_input_remove(platform, index) < 0)
		return control_refuse(out, "no device '%s'", id);
	fputs("{\"ok\":true}", out);
	return 0;
}

static bool parse_type(const char *word, uint16_t *type)
{
	static const struct {
		const char *name;
		uint16_t type;
	} types[] = {
		{"EV_SYN", EV_SYN}, {"EV_KEY", EV_KEY}, {"EV_REL", EV_REL}, {"EV_ABS", EV_ABS},
		{"EV_MSC", EV_MSC}, {"EV_SW", EV_SW}, {"EV_LED", EV_LED}, {"EV_REP", EV_REP},
	};
	long value;

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(types); i++) {
		if (strcmp(word, types[i].name))
			continue;
		*type = types[i].type;
		return true;
	}
	if (!platform_parse_int(word, 0, EV_MAX, &value))
		return false;
	*type = value;
	return true;
}

static bool parse_event(char **words, struct evdev_value *event)
{
	long code, value;

	if (!parse_type(words[0], &event->type) ||
			!platform_parse_int(words[2], INT32_MIN, INT32_MAX, &value))
		return false;
	event->value = value;
	if (platform_parse_int(words[1], 0, UINT16_MAX, &code)) {
		event->code = code;
		return true;
	}
	int key = event->type == EV_KEY ? platform_key_code(words[1]) : -1;
	event->code = key;
	return key >= 0;
}

static int event(struct platform *platform, int argc, char **argv, FILE *out)
{
	struct evdev_value events[CONTROL_WORDS_MAX / 3];
	unsigned count = 0, index;

	for (int i = 3; i + 2 < argc; i += 3) {
		if (!parse_event(argv + i, &events[count++]))
			return control_refuse(out, "no event: %s %s %s", argv[i], argv[i + 1],
				argv[i + 2]);
	}
	struct evdev_device *dev = parse_id(argv[2], &index) ?
		platform_input_lookup(platform, index) : NULL;
	if (!dev)
		return control_refuse(out, "no device '%s'", argv[2]);
	evdev_emit_frame(dev, events, count);
	evdev_put(dev);
	fputs("{\"ok\":true}", out);
	return 0;
}

static int input(void *data, int argc, char **argv, FILE *out)
{
	struct platform *platform = data;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list(platform, out);
	if (argc >= 3 && strcmp(argv[1], "add") == 0)
		return add(platform, argc, argv, out);
	if (argc == 3 && strcmp(argv[1], "remove") == 0)
		return remove_device(platform, argv[2], out);
	if (argc >= 6 && argc % 3 == 0 && strcmp(argv[1], "event") == 0)
		return event(platform, argc, argv, out);
	return control_refuse(out, "usage: input list | add KIND [NAME] | remove ID | "
		"event ID TYPE CODE VALUE [TYPE CODE VALUE]...");
}

int platform_add_input_commands(struct platform *platform)
{
	return control_add(platform->control, "input", "list | add KIND [NAME] | remove ID | "
		"event ID TYPE CODE VALUE...: input devices; event gives one frame of evdev events",
		input, platform);
}
