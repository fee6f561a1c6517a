#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compositor_quirks.h"

#define VARIABLE "LIBINPUT_QUIRKS_DIR"

static const char quirks[] =
	"[Testcard devices]\n"
	"MatchName=Testcard*\n"
	"ModelBouncingKeys=1\n";

int compositor_quirks_init(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/quirks", dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	setenv(VARIABLE, path, 1);
	snprintf(path, sizeof(path), "%s/quirks/testcard.quirks", dir);
	FILE *file = fopen(path, "we");
	if (!file || fputs(quirks, file) < 0 || fclose(file) != 0) {
		int err = -errno;
		compositor_quirks_finish(dir);
		return err;
	}
	return 0;
}

void compositor_quirks_finish(const char *dir)
{
	char path[PATH_MAX];

	unsetenv(VARIABLE);
	snprintf(path, sizeof(path), "%s/quirks/testcard.quirks", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/quirks", dir);
	rmdir(path);
}
