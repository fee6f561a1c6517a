/* What a run leaves: processes of the program's, the folder of a card that was killed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testcard.h"
#include "wire.h"

enum { PATIENCE_SECONDS = 5 };

static bool late(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

/* Who has been told to end; a second SIGTERM may mean something else to a program. */
struct told {
	pid_t pids[256];
	unsigned count;
};

static void tell(struct told *told, pid_t pid)
{
	for (unsigned i = 0; i < told->count; i++) {
		if (told->pids[i] == pid)
			return;
	}
	kill(pid, SIGTERM);
	kill(pid, SIGCONT); /* a stopped one does not hear it */
	if (told->count < sizeof(told->pids) / sizeof(told->pids[0]))
		told->pids[told->count++] = pid;
}

/*
 * Reaps our children but the card, and tells those that live to end (told NULL: kills them).
 * The card's process group is not told: its reporter of deaths, our child when the card has
 * died, has work to do. How many live.
 */
static unsigned end_children(pid_t card, pid_t card_group, struct told *told)
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	unsigned count = 0;
	int pid;

	if (!file)
		return 0;
	while (fscanf(file, "%d", &pid) == 1) {
		if (pid == card || waitpid(pid, NULL, WNOHANG) == pid)
			continue;
		count++;
		if (!told)
			kill(pid, SIGKILL);
		else if (getpgid(pid) != card_group)
			tell(told, pid);
	}
	fclose(file);
	return count;
}

void testcard_end_orphans(pid_t card, pid_t card_group)
{
	const struct timespec slice = {0, 20000000};
	struct told told = {.count = 0};
	struct timespec end;
	sigset_t child;
	bool killed = false;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += PATIENCE_SECONDS;
	/* Those who were orphaned by the death of others hear of it in their turn. */
	while (end_children(card, card_group, killed ? NULL : &told)) {
		sigtimedwait(&child, NULL, &slice);
		if (!late(&end))
			continue;
		if (killed)
			return; /* not even that ends them: they hang in the kernel */
		fputs("testcard: what the program left running does not end; killed\n", stderr);
		killed = true;
		end.tv_sec += PATIENCE_SECONDS;
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

void testcard_remove_folder(const char *folder)
{
	char path[2 * PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISSOCK(st.st_mode))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	snprintf(path, sizeof(path), "%s/%s", folder, WIRE_TREE_NAME);
	if ((nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT) ||
	    rmdir(folder) < 0)
		fprintf(stderr, "testcard: %s stays: %s\n", folder, strerror(errno));
}
