/* "ioctls": how often each was called, and who answered. */
#include <inttypes.h>
#include <string.h>

#include "platform_internal.h"
#include "uapi_count.h"

enum { NUMBERS = 256 };

static void print(FILE *out, const struct uapi_ioctl *row, const struct uapi_count *count,
	bool first)
{
	fprintf(out, "%s{\"name\":\"%s\",\"wire\":%" PRIu64 ",\"in_process\":%" PRIu64
		",\"kept\":%" PRIu64 ",\"errors\":%" PRIu64 "}", first ? "" : ",", row->name,
		count->wire, count->self, count->kept, count->errors);
}

static int ioctls(void *data, int argc, char **argv, FILE *out)
{
	bool first = true;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "reset")))
		return control_refuse(out, "usage: ioctls [reset]");
	fputs("{\"ok\":true,\"ioctls\":[", out);
	for (unsigned nr = 0; nr < NUMBERS; nr++) {
		const struct uapi_ioctl *row = uapi_ioctl_find(nr);
		struct uapi_count count;

		if (!row)
			continue;
		uapi_count_read(nr, &count);
		if (count.wire || count.self || count.kept) {
			print(out, row, &count, first);
			first = false;
		}
	}
	fputs("]}", out);
	if (argc == 2)
		uapi_count_reset();
	return 0;
}

int platform_add_count_command(struct platform *platform)
{
	return control_add(platform->control, "ioctls", "[reset]: how often each ioctl was called "
		"over the wire and in process, and answered by a client to itself as it says",
		ioctls, NULL);
}
