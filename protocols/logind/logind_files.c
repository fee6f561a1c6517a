/*
 * sd-login(3) asks no bus: it reads files. They lie in the generated tree, where the
 * preload library finds them for whoever opens /run/systemd/...
 */
#include <errno.h>
#include <fcntl.h>
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
	char name[32];

	snprintf(name, sizeof(name), "/sessions/%s", logind->id);
	FILE *file = open_file(logind, name, path, temporary, sizeof(path));
	if (!file)
		return -errno;
	fprintf(file, "UID=%u\nACTIVE=%d\nSTATE=%s\nREMOTE=0\nTYPE=%s\nCLASS=user\n"
		"SEAT=" LOGIND_SEAT_ID "\nIS_DISPLAY=1\nVTNR=%u\nLEADER=%d\n", getuid(),
		logind->active, logind->active ? "active" : "online", logind->type, logind->number,
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
		"SESSIONS=%s\nUIDS=%u\n", logind->id, getuid());
	if (logind->active)
		fprintf(file, "ACTIVE=%s\nACTIVE_UID=%u\n", logind->id, getuid());
	return close_file(file, path, temporary);
}

static int write_user(const struct logind *logind)
{
	char path[PATH_MAX + 64], temporary[PATH_MAX + 64], name[32];

	snprintf(name, sizeof(name), "/users/%u", getuid());
	FILE *file = open_file(logind, name, path, temporary, sizeof(path));
	if (!file)
		return -errno;
	fprintf(file, "STATE=%s\nDISPLAY=%s\nSESSIONS=%s\nSEATS=" LOGIND_SEAT_ID "\n",
		logind->active ? "active" : "online", logind->id, logind->id);
	if (logind->active)
		fprintf(file, "ACTIVE_SESSIONS=%s\nACTIVE_SEATS=" LOGIND_SEAT_ID "\n", logind->id);
	return close_file(file, path, temporary);
}

int logind_files_claim(struct logind *logind)
{
	static const char *const folders[] = {"", "/sessions", "/seats", "/users"};
	char path[PATH_MAX + 64];
	int ret = 0, fd = -1;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && ret == 0; i++)
		ret = make_folder(logind, folders[i]);
	for (unsigned n = 1; n <= LOGIND_SESSIONS_MAX && ret == 0 && fd < 0; n++) {
		logind->number = n;
		snprintf(logind->id, sizeof(logind->id), "c%u", n);
		snprintf(path, sizeof(path), "%s/sessions/%s", logind->run, logind->id);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 && errno != EEXIST)
			ret = -errno;
	}
	if (ret || fd < 0)
		return ret ? ret : -EBUSY;
	close(fd);
	snprintf(logind->path, sizeof(logind->path), LOGIND_SESSIONS "/%s", logind->id);
	return 0;
}

int logind_files_write(const struct logind *logind)
{
	int ret = write_session(logind);

	if (ret == 0)
		ret = write_seat(logind);
	return ret ? ret : write_user(logind);
}

/* The seat's and the user's say who was last, until there is nobody. */
void logind_files_remove(const struct logind *logind)
{
	static const char *const folders[] = {"/seats", "/users", ""};
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/sessions/%s", logind->run, logind->id);
	unlink(path);
	snprintf(path, sizeof(path), "%s/sessions", logind->run);
	if (rmdir(path) < 0)
		return;
	snprintf(path, sizeof(path), "%s/seats/" LOGIND_SEAT_ID, logind->run);
	unlink(path);
	snprintf(path, sizeof(path), "%s/users/%u", logind->run, getuid());
	unlink(path);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", logind->run, folders[i]);
		rmdir(path);
	}
}
