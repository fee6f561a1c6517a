/*
 * sd-login(3) asks no bus: it reads files. They lie in the generated tree, where the
 * preload library finds them for whoever opens /run/systemd/...
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logind.h"

static int make_folder(const struct logind *logind, const char *name)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s", logind->run, name);
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Readers see the old text or the new one. */
static FILE *open_file(const struct logind *logind, const char *name, char *path, char *temporary,
	size_t size)
{
	snprintf(path, size, "%s%s", logind->run, name);
	snprintf(temporary, size, "%s%s.new", logind->run, name);
	return fopen(temporary, "we");
}

static int close_file(FILE *file, const char *path, const char *temporary)
{
	return fclose(file) || rename(temporary, path) < 0 ? -errno : 0;
}

static int write_session(const struct logind *logind)
{
	char path[PATH_MAX + 64], temporary[PATH_MAX + 64];
	FILE *file = open_file(logind, "/sessions/" LOGIND_SESSION_ID, path, temporary,
		sizeof(path));

	if (!file)
		return -errno;
	fprintf(file, "UID=%u\nACTIVE=%d\nSTATE=%s\nREMOTE=0\nTYPE=%s\nCLASS=user\n"
		"SEAT=" LOGIND_SEAT_ID "\nIS_DISPLAY=1\nVTNR=%d\nLEADER=%d\n", getuid(),
		logind->active, logind->active ? "active" : "online", logind->type, LOGIND_VT,
		(int)getpid());
	return close_file(file, path, temporary);
}

static int write_seat(const struct logind *logind)
{
	char path[PATH_MAX + 64], temporary[PATH_MAX + 64];
	FILE *file = open_file(logind, "/seats/" LOGIND_SEAT_ID, path, temporary, sizeof(path));

	if (!file)
		return -errno;
	fprintf(file, "IS_SEAT0=1\nCAN_MULTI_SESSION=1\nCAN_TTY=1\nCAN_GRAPHICAL=1\n"
		"SESSIONS=" LOGIND_SESSION_ID "\nUIDS=%u\n", getuid());
	if (logind->active)
		fprintf(file, "ACTIVE=" LOGIND_SESSION_ID "\nACTIVE_UID=%u\n", getuid());
	return close_file(file, path, temporary);
}

static int write_user(const struct logind *logind)
{
	char path[PATH_MAX + 64], temporary[PATH_MAX + 64], name[32];

	snprintf(name, sizeof(name), "/users/%u", getuid());
	FILE *file = open_file(logind, name, path, temporary, sizeof(path));
	if (!file)
		return -errno;
	fprintf(file, "STATE=%s\nDISPLAY=" LOGIND_SESSION_ID "\nSESSIONS=" LOGIND_SESSION_ID "\n"
		"SEATS=" LOGIND_SEAT_ID "\n", logind->active ? "active" : "online");
	if (logind->active)
		fprintf(file, "ACTIVE_SESSIONS=" LOGIND_SESSION_ID "\n"
			"ACTIVE_SEATS=" LOGIND_SEAT_ID "\n");
	return close_file(file, path, temporary);
}

int logind_files_write(const struct logind *logind)
{
	static const char *const folders[] = {"", "/sessions", "/seats", "/users"};
	int ret = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && ret == 0; i++)
		ret = make_folder(logind, folders[i]);
	if (ret == 0)
		ret = write_session(logind);
	if (ret == 0)
		ret = write_seat(logind);
	return ret ? ret : write_user(logind);
}

void logind_files_remove(const struct logind *logind)
{
	static const char *const names[] = {"/sessions/" LOGIND_SESSION_ID,
		"/seats/" LOGIND_SEAT_ID};
	static const char *const folders[] = {"/sessions", "/seats", "/users", ""};
	char path[PATH_MAX + 64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", logind->run, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/users/%u", logind->run, getuid());
	unlink(path);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", logind->run, folders[i]);
		rmdir(path);
	}
}
