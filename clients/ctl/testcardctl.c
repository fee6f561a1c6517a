/*
 * testcardctl: sends one command to a platform's control socket and prints the
 * JSON it answers. The commands themselves live in the server.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

#define CTL_SOCKET_NAME "control.sock"
enum { CTL_LINE_MAX = 4096, CTL_TIMEOUT_SECONDS = 30, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const char usage[] =
	"usage: testcardctl [OPTIONS] COMMAND [ARGUMENT...]\n"
	"\n"
	"Sends COMMAND to a running testcard platform and prints its answer, one line of\n"
	"JSON. Exit status: 0 the answer says \"ok\":true; 1 it says false, or there was no\n"
	"answer; 2 wrong usage.\n"
	"\n"
	"  -d, --dir DIR          the platform's runtime folder (default: $TESTCARD_DIR)\n"
	"  -t, --timeout SECONDS  how long to wait for the answer (default: 30)\n"
	"  -h, --help             this text\n"
	"\n"
	"Commands of every platform:\n"
	"  help                          lists all commands of this platform\n"
	"  state                         crtcs, planes, buffers, who has them, surfaces\n"
	"  history [N] [crtc N]          what each plane showed at the last N vblanks\n"
	"  trace start FILE [json], trace stop\n"
	"                                records what happens, for ui.perfetto.dev\n"
	"  screenshot PATH [crtc N]      PNG of what crtc number N (default 0) shows now\n"
	"  wait-vblank [N]               answers after N vblanks (default 1)\n"
	"  key CODE|NAME [down|up]       key by number or KEY_ name (KEY_A, a, enter)\n"
	"  type TEXT...                  types TEXT on a US keyboard; \\n is Enter, \\t Tab\n"
	"  move DX DY                    relative pointer motion\n"
	"  move-to X Y                   absolute pointer position in pixels\n"
	"  button NAME [down|up]         left, right or middle\n"
	"  scroll N                      wheel notches; positive is down\n"
	"  mode WIDTHxHEIGHT[@HZ] [CONNECTOR]\n"
	"                                the connector now prefers this mode (hotplug)\n"
	"  time [now|freeze|real|fast]   the time of vblanks: says it, stops it, lets it run or leap\n"
	"  time step [N] [commit] [crtc N]\n"
	"                                frozen time goes on by N vblanks (each waits for a commit)\n"
	"  time step-ns N                frozen time goes on by N ns\n"
	"  flip delay N|lose [crtc N]    the next flip is late; its event never comes\n"
	"  console print TEXT...         on the text console (testcard device)\n"
	"  oops [REASON...], oops-clear  every screen shows an oops; or its planes again\n"
	"  connect, disconnect [CONNECTOR]\n"
	"                                plugs the connector in or out; names as HDMI-A-1\n"
	"  edid FILE|built [NAME] [CONNECTOR]\n"
	"                                its monitor has another EDID (hotplug)\n"
	"  link-status bad [CONNECTOR]   the link failed, until a modeset\n"
	"  vrr-capable on|off [CONNECTOR]\n"
	"  unplug, plug                  pulls the whole device out; puts it back\n"
	"  quit                          ends the platform\n"
	"A program may know more: see the answer of help.\n";

struct line {
	char text[CTL_LINE_MAX];
	size_t used;
};

static bool append(struct line *line, char c)
{
	if (line->used >= sizeof(line->text))
		return false;
	line->text[line->used++] = c;
	return true;
}

/* Always in quotes: then any text is one word to the server. */
static bool append_word(struct line *line, const char *word)
{
	bool ok = line->used == 0 || append(line, ' ');

	ok = ok && append(line, '"');
	for (; ok && *word; word++) {
		if (*word == '"' || *word == '\\' || *word == '\n')
			ok = append(line, '\\');
		ok = ok && append(line, *word == '\n' ? 'n' : *word);
	}
	return ok && append(line, '"');
}

/* The server has a working directory of its own. */
static bool append_path(struct line *line, const char *path)
{
	char cwd[PATH_MAX], *full = NULL;

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return append_word(line, path);
	bool ok = asprintf(&full, "%s/%s", cwd, path) >= 0 && append_word(line, full);
	free(full);
	return ok;
}

static bool build_line(struct line *line, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		bool is_path = (i == 1 && strcmp(argv[0], "screenshot") == 0) ||
			(i == 2 && strcmp(argv[0], "trace") == 0);
		if (!(is_path ? append_path(line, argv[i]) : append_word(line, argv[i])))
			return false;
	}
	return append(line, '\n');
}

/* Connected socket or -1, having said why. */
static int connect_to(const char *dir, long timeout)
{
	const struct timeval limit = {.tv_sec = timeout};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CTL_SOCKET_NAME, dir) >=
			(int)sizeof(address.sun_path)) {
		fprintf(stderr, "testcardctl: path too long: %s\n", dir);
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "testcardctl: %s: %s\n", address.sun_path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

static bool send_line(int fd, const struct line *line)
{
	for (size_t done = 0; done < line->used;) {
		ssize_t sent = send(fd, line->text + done, line->used - done, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		done += sent;
	}
	return true;
}

/* malloc'd, up to the first newline, which is cut; NULL: none came. */
static char *receive_line(int fd)
{
	size_t used = 0, size = 0;
	char *text = NULL;

	for (;;) {
		if (used == size) {
			size = size ? size * 2 : 4096;
			char *larger = realloc(text, size);
			if (!larger)
				break;
			text = larger;
		}
		ssize_t got = recv(fd, text + used, size - used, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = ECONNRESET;
		if (got <= 0)
			break;
		char *newline = memchr(text + used, '\n', got);
		if (newline) {
			*newline = '\0';
			return text;
		}
		used += got;
	}
	free(text);
	return NULL;
}

static int run(const char *dir, long timeout, const struct line *line)
{
	static const char ok[] = "{\"ok\":true";
	int status = EXIT_REFUSED;

	int fd = connect_to(dir, timeout);
	if (fd < 0)
		return EXIT_REFUSED;
	char *answer = send_line(fd, line) ? receive_line(fd) : NULL;
	if (answer) {
		puts(answer);
		/* Every answer begins with "ok" (control.h). */
		if (strncmp(answer, ok, sizeof(ok) - 1) == 0 && fflush(stdout) == 0)
			status = 0;
	} else {
		fprintf(stderr, "testcardctl: no answer: %s\n",
			errno == EAGAIN ? "timed out" : strerror(errno));
	}
	free(answer);
	close(fd);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"dir", required_argument, NULL, 'd'},
		{"timeout", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *dir = getenv(WIRE_ENV_DIR);
	long timeout = CTL_TIMEOUT_SECONDS;
	struct line line = {.used = 0};
	int option;

	/* "+": what follows the command is its own, e.g. move -5 3. */
	while ((option = getopt_long(argc, argv, "+d:t:h", options, NULL)) != -1) {
		if (option == 'd') {
			dir = optarg;
		} else if (option == 't' && (timeout = strtol(optarg, NULL, 10)) > 0) {
			continue;
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : EXIT_USAGE;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (!dir) {
		fputs("testcardctl: no --dir and no TESTCARD_DIR: which platform?\n", stderr);
		return EXIT_USAGE;
	}
	if (!build_line(&line, argc - optind, argv + optind)) {
		fputs("testcardctl: command too long\n", stderr);
		return EXIT_USAGE;
	}
	return run(dir, timeout, &line);
}
