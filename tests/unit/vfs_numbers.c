/* What the vfs remembers of a process's own descriptor numbers. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"
#include "vfs_fixture.h"

/* What a door's symbols do around a close(2). */
static void close_told(int fd)
{
	vfs_fds_closing(vfs, fd, fd);
	close(fd);
	vfs_fds_closed(vfs, fd, fd);
}

static struct vfs_file *own(int fd)
{
	struct vfs_file *file;

	if (vfs_file_from_own_fd(vfs, fd, &file))
		return NULL;
	vfs_file_put(file); /* open, so it stays */
	return file;
}

TEST(own_numbers_are_remembered_until_closed)
{
	int pair[2];

	setup(&plain_node);
	int fd = open_fd(O_RDWR), other = open_fd(O_RDWR);
	struct vfs_file *file = own(fd), *second = own(other);
	CHECK(file && second && file != second);
	CHECK(own(fd) == file); /* remembered */
	/* A copy keeps the file open while the number goes to another, to a socket, ... */
	int copy = dup(fd);
	CHECK(own(copy) == file);
	vfs_fds_closing(vfs, fd, fd);
	CHECK_INT(dup2(other, fd), fd);
	vfs_fds_closed(vfs, fd, fd);
	CHECK(own(fd) == second);
	close_told(fd);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_INT(pair[0], fd);
	CHECK(own(fd) == NULL);
	CHECK(own(copy) == file);
	/* ... to a new file (not by its own number: the server's end may get that). */
	close_told(fd);
	int fresh = open_fd(O_RDWR);
	CHECK_INT(dup2(fresh, fd), fd);
	CHECK(own(fd) == own(fresh));
	CHECK(own(fd) != file && own(fd) != second && own(fd));
	close_told(fresh);
	/* Ranges, all numbers among them. */
	vfs_fds_closing(vfs, copy, UINT_MAX);
	close(copy);
	vfs_fds_closed(vfs, copy, UINT_MAX);
	CHECK(own(copy) == NULL);
	CHECK(own(-1) == NULL);
	close_told(fd);
	close_told(other);
	close_told(pair[1]);
	teardown();
}

/* What was found while the close was under way is not believed afterwards. */
TEST(own_numbers_are_not_remembered_while_closing)
{
	int pair[2];

	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	vfs_fds_closing(vfs, fd, fd);
	CHECK(own(fd) != NULL);
	int copy = dup(fd);
	close(fd);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_INT(pair[0], fd);
	CHECK(own(fd) == NULL);
	vfs_fds_closed(vfs, fd, fd);
	CHECK(own(fd) == NULL);
	close_told(copy);
	close_told(pair[0]);
	close_told(pair[1]);
	teardown();
}

/* Even a close that nobody told of does not bring back a file that is released. */
TEST(own_numbers_of_released_files_are_forgotten)
{
	setup(&plain_node);
	int fd = open_fd(O_RDWR);
	CHECK(own(fd) != NULL);
	close(fd);
	vfs_reap(vfs);
	CHECK(own(fd) == NULL);
	/* vfs_open reaps, and gives the number out anew. */
	CHECK_INT(open_fd(O_RDWR), fd);
	CHECK(own(fd) != NULL);
	uint32_t id = own(fd)->id;
	close(fd);
	CHECK_INT(open_fd(O_RDWR), fd);
	CHECK(own(fd) && own(fd)->id == id + 1);
	close_told(fd);
	teardown();
}

struct taker {
	atomic_int fd;
	atomic_bool stop;
};

/* Looks a number up that others close and give out anew all the time. */
static void *take(void *data)
{
	struct taker *taker = data;
	struct vfs_file *file;

	while (!atomic_load(&taker->stop)) {
		if (vfs_file_from_own_fd(vfs, taker->fd, &file))
			continue;
		CHECK(file->ops == &driver_ops);
		vfs_file_put(file);
	}
	return NULL;
}

TEST(own_numbers_are_reused_under_lookups)
{
	enum { TAKERS = 3, ROUNDS = 2000 };
	struct taker taker = {0};
	pthread_t threads[TAKERS];
	uint32_t id = 0;

	setup(&plain_node);
	taker.fd = open_fd(O_RDWR);
	for (int i = 0; i < TAKERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, take, &taker), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct vfs_file *file;
		CHECK_INT(vfs_file_from_own_fd(vfs, taker.fd, &file), 0);
		CHECK(file->id > id);
		id = file->id;
		vfs_file_put(file);
		close_told(taker.fd);
		taker.fd = open_fd(O_RDWR);
	}
	atomic_store(&taker.stop, true);
	for (int i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	close_told(taker.fd);
	teardown();
}
