/* Finding our own files, and looking at the program's. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "testcard.h"

/* The first of the places, relative to our own folder, where there is a file. */
static bool find_own(char *path, const char *const *places, int mode)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0) {
		perror("testcard: /proc/self/exe");
		return false;
	}
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	for (const char *const *place = places; *place; place++) {
		char joined[2 * PATH_MAX];

		snprintf(joined, sizeof(joined), "%s/%s", self, *place);
		if (realpath(joined, path) && access(path, mode) == 0)
			return true;
	}
	fprintf(stderr, "testcard: %s is not in %s\n", strrchr(places[0], '/') + 1, self);
	return false;
}

bool testcard_find_device(char *path)
{
	static const char *const places[] = {"../../protocols/server/testcard-device",
		"testcard-device", NULL};

	return find_own(path, places, X_OK);
}

bool testcard_find_logind(char *path)
{
	static const char *const places[] = {"../../protocols/logind/testcard-logind",
		"testcard-logind", NULL};

	return find_own(path, places, X_OK);
}

bool testcard_find_preload(char *path)
{
	static const char *const places[] = {"../preload/libtestcard-preload.so",
		"../lib/testcard/libtestcard-preload.so", NULL};

	if (!find_own(path, places, R_OK))
		return false;
	if (strpbrk(path, ": ")) {
		fprintf(stderr, "testcard: LD_PRELOAD cannot name '%s'\n", path);
		return false;
	}
	return true;
}

/* The file that exec will take, as execvp searches it. */
static bool find_program(const char *name, char *path)
{
	const char *search = getenv("PATH");

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return access(path, X_OK) == 0;
	}
	if (!search)
		search = "/bin:/usr/bin";
	while (*search) {
		size_t len = strcspn(search, ":");

		snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, search, len ? "/" : "", name);
		if (access(path, X_OK) == 0)
			return true;
		search += len + (search[len] == ':');
	}
	return false;
}

/* Go's linker leaves one that says so, also in stripped programs. */
static bool is_go_note(int fd, const Elf64_Phdr *segment)
{
	static const char name[] = "Go\0";
	enum { BUILD_ID = 4 };
	off_t at = segment->p_offset, end = at + segment->p_filesz;
	Elf64_Nhdr note;
	char owner[sizeof(name)];

	while (at < end && pread(fd, &note, sizeof(note), at) == sizeof(note)) {
		at += sizeof(note);
		if (note.n_type == BUILD_ID && note.n_namesz == sizeof(owner) &&
		    pread(fd, owner, sizeof(owner), at) == sizeof(owner) &&
		    !memcmp(owner, name, sizeof(owner)))
			return true;
		at += ((off_t)note.n_namesz + 3) / 4 * 4 + ((off_t)note.n_descsz + 3) / 4 * 4;
	}
	return false;
}

static void look_at_segments(int fd, const Elf64_Ehdr *header, bool *interpreter, bool *go)
{
	*interpreter = *go = false;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;
		off_t at = header->e_phoff + (off_t)i * header->e_phentsize;

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment)) {
			*interpreter = true; /* odd; exec will tell */
			return;
		}
		*interpreter = *interpreter || segment.p_type == PT_INTERP;
		*go = *go || (segment.p_type == PT_NOTE && is_go_note(fd, &segment));
	}
}

static const char *problem_of(int fd)
{
	bool interpreter, go;
	Elf64_Ehdr header;
	struct stat st;

	if (fstat(fd, &st) == 0 && ((st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
	    (st.st_mode & S_ISGID && st.st_gid != getegid())))
		return "changes its user or group";
	/* In a container that has not got them the kernel does not even run it. */
	if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "has file capabilities (a copy of it has none)";
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG))
		return NULL;
	if (header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return "is for another architecture than testcard";
	/* The 64-bit layout is the one we know. */
	if (header.e_ident[EI_CLASS] != ELFCLASS64)
		return NULL;
	look_at_segments(fd, &header, &interpreter, &go);
	if (!interpreter)
		return "is statically linked";
	/* With cgo, too: its C parts see the card, what Go opens does not. */
	return go ? "is written in Go, which makes its system calls without the C library" : NULL;
}

void testcard_check_program(const char *name)
{
	char path[PATH_MAX];

	if (!find_program(name, path))
		return; /* exec says it better */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	const char *problem = problem_of(fd);
	close(fd);
	if (problem)
		fprintf(stderr, "testcard: warning: %s %s; LD_PRELOAD has no effect on it, it "
			"does not see the card\n", path, problem);
}
