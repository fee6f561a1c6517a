/* Files of descriptions: where they are, and what kind they are of. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "profile_dump.h"
#include "profile_internal.h"

/* A dump of a large device is a tenth of that. */
#define MAX_FILE_SIZE (16 << 20)

/* ---- files ---- */

static int read_all(int fd, char *bytes, size_t size, size_t *length)
{
	*length = 0;
	while (*length < size) {
		ssize_t got = read(fd, bytes + *length, size - *length);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		*length += got > 0 ? got : 0;
	}
	return 0;
}

/* What is no regular file (a pipe) has no size: as much as fits. */
static size_t room_for(int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size < max)
		return st.st_size + 1;
	return max + 1;
}

int profile_read_file(const char *path, size_t max, char **out, size_t *length)
{
	int ret, fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room;
	char *bytes;

	if (fd < 0)
		return -errno;
	room = room_for(fd, max);
	bytes = malloc(room + 1);
	ret = bytes ? read_all(fd, bytes, room, length) : -ENOMEM;
	close(fd);
	if (ret == 0 && *length > max)
		ret = -EFBIG;
	if (ret < 0) {
		free(bytes);
		return ret;
	}
	bytes[*length] = '\0';
	*out = bytes;
	return 0;
}

/* ---- text to JSON ---- */

static int wrong_text(const struct profile_value *root, const char *text, size_t at,
	const char *what)
{
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return profile_wrong(root, "line %u, column %u: %s", line, column, what);
}

static int parse_text(const struct profile_value *root, const char *text, size_t length,
	struct json_object **out)
{
	struct json_tokener *tokener = json_tokener_new();
	enum json_tokener_error error;
	size_t end;
	int ret = 0;

	if (!tokener)
		return profile_no_memory(root);
	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL: a number or word at the very end is complete only then. */
	*out = json_tokener_parse_ex(tokener, text, (int)length + 1);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	if (error == json_tokener_continue)
		ret = wrong_text(root, text, length, "the text ends too early");
	else if (error != json_tokener_success)
		ret = wrong_text(root, text, end < length ? end : length,
			json_tokener_error_desc(error));
	else if (end + strspn(text + end, " \t\r\n") < length)
		ret = wrong_text(root, text, end, "there is more after the end");
	json_tokener_free(tokener);
	return ret;
}

/* ---- JSON to a device ---- */

static int read_profile(struct profile_reader *reader, const char *text, size_t length)
{
	struct profile *profile = reader->profile;
	struct profile_value root = {.reader = reader};
	int ret = parse_text(&root, text, length, &profile->json);

	if (ret < 0)
		return ret;
	root.json = profile->json;
	ret = profile_is_dump(&root) ? profile_read_dump(&root) : profile_read_device(&root);
	if (ret == 0 && kms_device_desc_check(&profile->desc) < 0)
		ret = profile_wrong(&root, "there can be no such device: the line above says why");
	return ret;
}

int profile_parse(const char *text, size_t length, const char *file_name, struct profile **out,
	char *why, size_t size)
{
	struct profile *profile = calloc(1, sizeof(*profile));
	struct profile_reader reader = {profile, file_name, why, size};
	int ret;

	if (!profile) {
		snprintf(why, size, "%s: no memory", file_name);
		return -ENOMEM;
	}
	gem_list_init(&profile->memory);
	ret = read_profile(&reader, text, length);
	if (ret < 0) {
		profile_destroy(profile);
		return ret;
	}
	*out = profile;
	return 0;
}

/* ---- names ---- */

/* Beside the programs in the build tree, or where they are installed. */
static bool find_shipped(const char *name, char path[PATH_MAX])
{
	static const char *const places[] = {
		"../profile", "../protocols/profile", "../share/testcard/profiles",
	};
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return false;
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(places); i++) {
		if (snprintf(path, PATH_MAX, "%s/%s/%s.json", self, places[i], name) < PATH_MAX &&
		    access(path, R_OK) == 0)
			return true;
	}
	return false;
}

int profile_load(const char *name, struct profile **out, char *why, size_t size)
{
	char path[PATH_MAX], *text;
	size_t length;
	int ret;

	if (name[0] && !strpbrk(name, "/.")) {
		if (!find_shipped(name, path)) {
			snprintf(why, size, "%s: no such device is shipped (a file's name has a "
				"'/' or '.' in it)", name);
			return -ENOENT;
		}
	} else {
		snprintf(path, sizeof(path), "%s", name);
	}
	ret = profile_read_file(path, MAX_FILE_SIZE, &text, &length);
	if (ret < 0) {
		snprintf(why, size, "%s: %s", path, strerror(-ret));
		return ret;
	}
	ret = profile_parse(text, length, path, out, why, size);
	free(text);
	return ret;
}
