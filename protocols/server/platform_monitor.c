/* Control commands about monitors, plugged in and out and what they say; and about whole cards. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kms_mode.h"
#include "platform_internal.h"

/* What a command is about: the connector its words name last, else the card's first. */
struct target {
	struct platform_card *card;
	struct kms_connector *connector;
	struct platform_monitor *monitor;
};

/* Takes the connector's name and "card N" out of the words. False: out says why. */
static bool take_target(void *data, int *argc, char **argv, FILE *out, struct target *target)
{
	struct platform_card *card = platform_take_card(data, argc, argv, out);

	if (!card)
		return false;
	if (card->unplugged) {
		control_refuse(out, "card %u is unplugged", card->index);
		return false;
	}
	struct kms_device *kms = card->dev->kms;
	unsigned index = 0;
	for (unsigned i = 0; i < kms->connector_count && *argc > 1; i++) {
		if (strcmp(kms->connectors[i].name, argv[*argc - 1]) != 0)
			continue;
		index = i;
		(*argc)--;
		break;
	}
	*target = (struct target) {card, &kms->connectors[index], &card->monitors[index]};
	if (target->connector->type == DRM_MODE_CONNECTOR_WRITEBACK) {
		control_refuse(out, "%s is no monitor's", target->connector->name);
		return false;
	}
	return true;
}

static int answer(const struct target *target, FILE *out)
{
	struct kms_connector *connector = target->connector;

	pthread_mutex_lock(&connector->base.dev->lock);
	bool connected = connector->connected;
	unsigned long long epoch = connector->epoch;
	pthread_mutex_unlock(&connector->base.dev->lock);
	fputs("{\"ok\":true,\"connector\":", out);
	control_json_string(out, connector->name);
	fprintf(out, ",\"connected\":%s,\"epoch\":%llu}", connected ? "true" : "false", epoch);
	return 0;
}

/* The connector's modes, or, while it has none, those it had last. */
static void remember_modes(const struct target *target)
{
	struct kms_connector *connector = target->connector;

	pthread_mutex_lock(&connector->base.dev->lock);
	if (connector->mode_count > 0) {
		memcpy(target->monitor->modes, connector->modes, sizeof(connector->modes));
		target->monitor->mode_count = connector->mode_count;
	}
	pthread_mutex_unlock(&connector->base.dev->lock);
}

static int plug(const struct target *target, bool connected, FILE *out)
{
	struct platform_monitor *monitor = target->monitor;
	int ret = 0;

	/* A connector that never had a monitor. */
	if (connected && monitor->mode_count == 0) {
		ret = kms_mode_standard(1024, 768, &monitor->modes[0]);
		monitor->mode_count = 1;
	}
	if (ret < 0)
		return ret;
	ret = kms_connector_set(target->connector, connected, monitor->modes, monitor->mode_count);
	return ret < 0 ? ret : answer(target, out);
}

static int plug_in(void *data, int argc, char **argv, FILE *out)
{
	struct target target;

	if (!take_target(data, &argc, argv, out, &target))
		return 0;
	if (argc != 1)
		return control_refuse(out, "no connector %s", argv[1]);
	remember_modes(&target);
	return plug(&target, strcmp(argv[0], "connect") == 0, out);
}

/* ---- modes ---- */

static int parse_mode(const char *text, struct kms_device *kms, struct drm_mode_modeinfo *mode)
{
	unsigned width, height, refresh = 0;
	int used = 0;

	if (sscanf(text, "%5ux%5u%n@%3u%n", &width, &height, &used, &refresh, &used) < 2 ||
			text[used] != '\0')
		return -EINVAL;
	if (width < kms->min_width || width > kms->max_width || width == 0 ||
			height < kms->min_height || height > kms->max_height || height == 0)
		return -ERANGE;
	return refresh ? kms_mode_cvt(width, height, refresh, mode) :
		kms_mode_standard(width, height, mode);
}

/* Puts mode in front; an equal one further back and the last of a full list go. */
static void prefer_mode(struct platform_monitor *monitor, const struct drm_mode_modeinfo *mode)
{
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	unsigned count = 1;

	modes[0] = *mode;
	modes[0].type |= DRM_MODE_TYPE_PREFERRED;
	for (unsigned i = 0; i < monitor->mode_count && count < KMS_MAX_MODES; i++) {
		if (kms_mode_equal(&monitor->modes[i], mode))
			continue;
		modes[count] = monitor->modes[i];
		modes[count++].type &= ~DRM_MODE_TYPE_PREFERRED;
	}
	memcpy(monitor->modes, modes, sizeof(modes));
	monitor->mode_count = count;
}

static int set_mode(void *data, int argc, char **argv, FILE *out)
{
	struct drm_mode_modeinfo mode;
	struct target target;

	if (!take_target(data, &argc, argv, out, &target))
		return 0;
	if (argc != 2)
		return control_refuse(out, "usage: mode WIDTHxHEIGHT[@HZ] [CONNECTOR] [card N]");
	int ret = parse_mode(argv[1], target.card->dev->kms, &mode);
	if (ret < 0)
		return control_refuse(out, "mode %s: %s", argv[1],
			ret == -ERANGE ? "outside the device's limits" : strerror(-ret));
	remember_modes(&target);
	prefer_mode(target.monitor, &mode);
	return plug(&target, true, out);
}

/* ---- what else a monitor says ---- */

/* Bytes read, at most size; -errno, -EFBIG for more. */
static int read_file(const char *path, uint8_t *data, size_t size)
{
	struct stat st;
	size_t used = 0;
	ssize_t got = 0;
	/* Not to hang in a pipe's open: this is the thread of all commands. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	while (used < size && (got = read(fd, data + used, size - used)) > 0)
		used += (size_t)got;
	int ret = got < 0 ? -errno : st.st_size > (off_t)size ? -EFBIG : (int)used;
	close(fd);
	return ret;
}

static int set_edid(void *data, int argc, char **argv, FILE *out)
{
	uint8_t edid[KMS_MAX_EDID_SIZE];
	struct target target;
	int ret;

	if (!take_target(data, &argc, argv, out, &target))
		return 0;
	bool built = argc >= 2 && strcmp(argv[1], "built") == 0;
	if (argc < 2 || argc > (built ? 3 : 2))
		return control_refuse(out,
			"usage: edid FILE|built [NAME] [CONNECTOR] [card N]");
	if (built) {
		ret = kms_connector_set_edid(target.connector, NULL, 0, argc == 3 ? argv[2] : NULL);
	} else {
		ret = read_file(argv[1], edid, sizeof(edid));
		if (ret >= 0)
			ret = kms_connector_set_edid(target.connector, edid, (size_t)ret, NULL);
		if (ret == -EINVAL)
			return control_refuse(out, "%s: not an EDID", argv[1]);
	}
	if (ret < 0)
		return control_refuse(out, "%s: %s", argv[1], strerror(-ret));
	return answer(&target, out);
}

static int set_link(void *data, int argc, char **argv, FILE *out)
{
	struct target target;

	if (!take_target(data, &argc, argv, out, &target))
		return 0;
	if (argc != 2 || strcmp(argv[1], "bad") != 0)
		return control_refuse(out, "usage: link-status bad [CONNECTOR] [card N]");
	kms_connector_set_link_bad(target.connector);
	return answer(&target, out);
}

static int set_vrr(void *data, int argc, char **argv, FILE *out)
{
	struct target target;

	if (!take_target(data, &argc, argv, out, &target))
		return 0;
	if (argc != 2 || (strcmp(argv[1], "on") != 0 && strcmp(argv[1], "off") != 0))
		return control_refuse(out, "usage: vrr-capable on|off [CONNECTOR] [card N]");
	int ret = kms_connector_set_vrr_capable(target.connector, strcmp(argv[1], "on") == 0);
	if (ret == -EOPNOTSUPP)
		return control_refuse(out, "%s has no such property", target.connector->name);
	return ret < 0 ? ret : answer(&target, out);
}

/* ---- the whole device ---- */

static int unplug(void *data, int argc, char **argv, FILE *out)
{
	struct platform_card *card = platform_take_card(data, &argc, argv, out);
	bool wanted = strcmp(argv[0], "unplug") == 0;

	if (!card)
		return 0;
	if (argc != 1)
		return control_refuse(out, "usage: %s [card N]", argv[0]);
	if (card->unplugged == wanted)
		return control_refuse(out, "card %u is %s", card->index,
			wanted ? "unplugged already" : "plugged in already");
	int ret = wanted ? platform_unplug_card(card) : platform_plug_card(card);
	if (ret == 0)
		fputs("{\"ok\":true}", out);
	return ret;
}

int platform_add_monitor_commands(struct platform *platform)
{
	static const struct platform_command commands[] = {
		{"mode", "WIDTHxHEIGHT[@HZ] [CONNECTOR] [card N]: the connector now prefers this mode",
			set_mode},
		{"connect", "[CONNECTOR] [card N]: plugs the connector in", plug_in},
		{"disconnect", "[CONNECTOR] [card N]: plugs the connector out", plug_in},
		{"edid", "FILE|built [NAME] [CONNECTOR] [card N]: the monitor has another EDID",
			set_edid},
		{"link-status", "bad [CONNECTOR] [card N]: the link went bad, until a modeset",
			set_link},
		{"vrr-capable", "on|off [CONNECTOR] [card N]: what the monitor can do", set_vrr},
		{"unplug", "[card N]: pulls the whole device out", unplug},
		{"plug", "[card N]: puts the device back", unplug},
	};

	return platform_add_commands(platform, commands, GEM_ARRAY_SIZE(commands));
}
