/* Text files: rendered anew by each open, read-only, and nobody's to change. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"
#include "vfs_text.h"

static struct vfs *vfs;
static int error;
static atomic_int renders;

static int render(void *data, FILE *out)
{
	fprintf(out, "%s %d\n", (const char *)data, atomic_fetch_add(&renders, 1) + 1);
	return error;
}

static void start(struct vfs_node *node)
{
	CHECK_INT(vfs_create(&vfs), 0);
	vfs_text_node_init(node, "/sys/test/text", render, "render");
	CHECK_INT(vfs_add_node(vfs, node), 0);
}

static int open_text(int flags, uid_t uid)
{
	struct vfs_caller caller;
	int fd = -1;

	vfs_caller_init_self(&caller);
	caller.uid = caller.gid = uid;
	int ret = vfs_open(vfs, "/sys/test/text", flags, &caller, &fd);
	return ret ? ret : fd;
}

static void check_text(int fd, const char *want)
{
	char got[64] = "";

	CHECK_INT(read(fd, got, sizeof(got)), strlen(want));
	CHECK(strcmp(got, want) == 0);
	CHECK_INT(read(fd, got, sizeof(got)), 0);
}

TEST(each_open_renders)
{
	struct vfs_node node;

	start(&node);
	int first = open_text(O_RDONLY | O_CLOEXEC, 1000), second = open_text(O_RDONLY, 0);
	CHECK(first >= 0 && second >= 0);
	CHECK_INT(fcntl(first, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fcntl(second, F_GETFD), 0);
	check_text(second, "render 2\n");
	check_text(first, "render 1\n");
	CHECK_INT(lseek(first, 0, SEEK_SET), 0);
	check_text(first, "render 1\n");
	close(first);
	close(second);
	vfs_destroy(vfs);
}

TEST(nobody_writes)
{
	struct vfs_node node;
	char path[32];

	start(&node);
	CHECK_INT(open_text(O_RDWR, 1000), -EACCES);
	CHECK_INT(open_text(O_WRONLY, 0), -EACCES); /* root passes the mode, not the text */
	CHECK_INT(open_text(O_RDONLY | O_DIRECTORY, 0), -ENOTDIR);
	int fd = open_text(O_RDONLY, 1000);
	CHECK_ERRNO(write(fd, "x", 1), EBADF);
	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	/* A holder that opens it anew, even as root, meets the seals. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0) {
		CHECK_ERRNO(write(again, "x", 1), EPERM);
		CHECK_ERRNO(ftruncate(again, 0), EPERM);
		close(again);
	}
	check_text(fd, "render 1\n");
	close(fd);
	vfs_destroy(vfs);
}

TEST(a_failed_render_is_the_openers_error)
{
	struct vfs_node node;

	start(&node);
	error = -EIO;
	CHECK_INT(open_text(O_RDONLY, 0), -EIO);
	node.mode = 0400;
	error = 0;
	CHECK_INT(open_text(O_RDONLY, 1000), node.uid == 1000 ? 0 : -EACCES);
	vfs_destroy(vfs);
}

static int render_much(void *data, FILE *out)
{
	for (int i = 0; i < 1 << 20; i++)
		fprintf(out, "%07d\n", i);
	return 0;
}

TEST(long_texts)
{
	char line[8];
	int fd;

	CHECK_INT(vfs_text_open("long", render_much, NULL, O_RDONLY, &fd), 0);
	CHECK_INT(lseek(fd, 0, SEEK_END), 8 << 20);
	CHECK_INT(pread(fd, line, 8, (8 << 20) - 8), 8);
	CHECK(memcmp(line, "1048575\n", 8) == 0);
	close(fd);
}

static void *open_often(void *unused)
{
	for (int i = 0; i < 200; i++) {
		int fd = open_text(O_RDONLY | O_CLOEXEC, 1000);
		CHECK(fd >= 0);
		close(fd);
	}
	return NULL;
}

TEST(threads_read)
{
	struct vfs_node node;
	pthread_t threads[3];

	start(&node);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, open_often, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(renders, 600);
	vfs_destroy(vfs);
}
