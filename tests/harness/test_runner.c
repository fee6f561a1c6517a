#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { TEST_LIMIT_SECONDS = 120, EXIT_SKIP = 77, EXIT_FAILED = 1 };

static struct test_case *first, **last = &first;
static int number, failures;

void test_register(struct test_case *test)
{
	*last = test;
	last = &test->next;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "# %s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	_exit(EXIT_FAILED);
}

void test_skip(const char *why)
{
	fprintf(stderr, "# skipped: %s\n", why);
	_exit(EXIT_SKIP);
}

int test_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* In the child. exit() rather than _exit(): leak checkers run at exit. */
static void run_child(const struct test_case *test, const void *row)
{
	int before = test_count_fds();

	alarm(TEST_LIMIT_SECONDS);
	test->run(row);
	int after = test_count_fds();
	if (after != before)
		test_fail(test->name, 0, "descriptor leak: %d open before, %d after", before, after);
	exit(0);
}

static void run(const struct test_case *test, const void *row)
{
	char name[256];
	int status;

	snprintf(name, sizeof(name), "%s%s%s", test->name, row ? " " : "",
		row ? *(const char *const *)row : "");
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		run_child(test, row);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("# fork");
		exit(EXIT_FAILED);
	}
	number++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %d - %s\n", number, name);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
		printf("ok %d - %s # SKIP see log\n", number, name);
	} else {
		failures++;
		printf("not ok %d - %s\n", number, name);
		if (WIFSIGNALED(status))
			printf("# killed by signal %d (%s)\n", WTERMSIG(status),
				strsignal(WTERMSIG(status)));
	}
	fflush(stdout);
}

static bool selected(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strstr(name, argv[i]))
			return true;
	}
	return argc <= 1;
}

int main(int argc, char **argv)
{
	bool list = argc > 1 && strcmp(argv[1], "-l") == 0;

	for (const struct test_case *test = first; test; test = test->next) {
		if (list) {
			printf("%s\n", test->name);
			continue;
		}
		if (!selected(test->name, argc, argv))
			continue;
		if (!test->rows)
			run(test, NULL);
		for (size_t i = 0; i < test->row_count; i++)
			run(test, (const char *)test->rows + i * test->row_size);
	}
	if (!list)
		printf("1..%d\n", number);
	return failures ? EXIT_FAILED : 0;
}
