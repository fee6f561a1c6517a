#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compositor_preload.h"
#include "gem_base.h"

static const char *const places[] = {
	"/../clients/preload/" TESTCARD_PRELOAD_NAME,
	"/../lib/testcard/" TESTCARD_PRELOAD_NAME,
};

int compositor_preload_find(char *variable, size_t size)
{
	char here[4096], path[4096 + 128];
	ssize_t length = readlink("/proc/self/exe", here, sizeof(here) - 1);

	if (length < 0)
		return -errno;
	here[length] = '\0';
	*strrchr(here, '/') = '\0';
	for (unsigned i = 0; i < GEM_ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s%s", here, places[i]);
		if (access(path, R_OK) == 0 &&
		    snprintf(variable, size, "LD_PRELOAD=%s", path) < (int)size)
			return 0;
	}
	return -ENOENT;
}
