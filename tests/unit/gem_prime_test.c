/* PRIME: identity, access, foreign memory, and threads at each other's objects. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <drm.h>

#include "gem_card.h"
#include "gem_prime.h"

static int export_fd(struct gem_file *file, uint32_t handle, uint32_t flags)
{
	int fd = -1;

	CHECK_INT(gem_prime_handle_to_fd(file, handle, flags, &fd), 0);
	CHECK(fd >= 0);
	return fd;
}

static uint32_t import_fd(struct gem_file *file, int fd)
{
	uint32_t handle;

	CHECK_INT(gem_prime_fd_to_handle(file, fd, &handle), 0);
	return handle;
}

TEST(prime_self_import_is_the_same_object)
{
	struct card card;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	int fd = export_fd(&card.a, handle, DRM_CLOEXEC | DRM_RDWR);
	CHECK_INT(import_fd(&card.a, fd), handle);
	CHECK_INT(import_fd(&card.a, fd), handle);
	uint32_t other = import_fd(&card.b, fd);
	CHECK(object_of(&card.b, other) == object_of(&card.a, handle));
	CHECK_INT(import_fd(&card.b, fd), other);
	CHECK_INT(object_of(&card.a, handle)->handle_count, 2);
	/* a reopened, read-only, duplicated one is the same dma-buf */
	int read_only = export_fd(&card.b, other, DRM_CLOEXEC);
	int copy = dup(read_only);
	CHECK_INT(import_fd(&card.a, copy), handle);
	close(fd);
	close(read_only);
	close(copy);
	card_finish(&card);
}

TEST(prime_handle_is_forgotten_when_closed)
{
	struct card card;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	struct gem_object *obj = object_of(&card.a, handle);
	int fd = export_fd(&card.a, handle, DRM_CLOEXEC);
	CHECK_INT(import_fd(&card.b, fd), 1);
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	CHECK_INT(dumb(&card.a), handle); /* the number is someone else's now */
	uint32_t again = import_fd(&card.a, fd);
	CHECK(again != handle);
	CHECK(object_of(&card.a, again) == obj);
	close(fd);
	card_finish(&card);
}

TEST(prime_handle_closed_while_another_is_left)
{
	struct card card;
	uint32_t second;

	card_init(&card);
	uint32_t first = dumb(&card.a);
	struct gem_object *obj = object_of(&card.a, first);
	int fd = export_fd(&card.a, first, DRM_CLOEXEC);
	CHECK_INT(gem_handle_create(&card.a, obj, &second), 0);
	CHECK_INT(gem_handle_delete(&card.a, first), 0);
	CHECK_INT(dumb(&card.a), first);
	CHECK(object_of(&card.a, import_fd(&card.a, fd)) == obj);
	close(fd);
	card_finish(&card);
}

/* The seeds: the loop object -> dma-buf -> object is broken at the last handle. */
TEST(prime_loop_is_broken)
{
	struct card card;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	struct gem_object *obj = gem_object_get(object_of(&card.a, handle));
	int fd = export_fd(&card.a, handle, DRM_CLOEXEC);
	CHECK(obj->dma_buf != NULL);
	CHECK_INT(obj->refcount, 3); /* ours, the handle's, the dma-buf's */
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	CHECK(obj->dma_buf == NULL);
	CHECK_INT(obj->refcount, 1);
	/* still the same object for who comes with the descriptor */
	handle = import_fd(&card.b, fd);
	CHECK(object_of(&card.b, handle) == obj);
	CHECK(obj->dma_buf != NULL);
	gem_object_put(obj);
	close(fd);
	card_finish(&card);
}

/* All handles closed while a client keeps the dma-buf: its memory comes back as ours. */
TEST(prime_orphan_comes_back_mappable)
{
	struct card card;
	uint64_t offset;
	void *pages;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	CHECK_INT(gem_object_pin_pages(object_of(&card.a, handle), &pages), 0);
	strcpy(pages, "kept");
	gem_object_unpin_pages(object_of(&card.a, handle));
	int fd = export_fd(&card.a, handle, DRM_CLOEXEC);
	CHECK_INT(gem_handle_delete(&card.a, handle), 0);
	CHECK_INT(card.dev.object_count, 0);
	handle = import_fd(&card.a, fd);
	CHECK_INT(import_fd(&card.b, fd), 1);
	CHECK_INT(card.dev.object_count, 1);
	CHECK(object_of(&card.a, handle)->import_attach == NULL);
	CHECK_INT(gem_dumb_map_offset(&card.a, handle, &offset), 0);
	CHECK_INT(gem_object_pin_pages(object_of(&card.a, handle), &pages), 0);
	CHECK(strcmp(pages, "kept") == 0);
	gem_object_unpin_pages(object_of(&card.a, handle));
	close(fd);
	card_finish(&card);
}

TEST(prime_export_access)
{
	struct card card;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	int read_only = export_fd(&card.a, handle, DRM_CLOEXEC);
	int writable = export_fd(&card.a, handle, DRM_CLOEXEC | DRM_RDWR);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED);
	CHECK_INT(errno, EACCES);
	char *mine = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0);
	CHECK(mine != MAP_FAILED);
	char *seen = mmap(NULL, 4096, PROT_READ, MAP_SHARED, read_only, 0);
	CHECK(seen != MAP_FAILED);
	strcpy(mine, "one memory");
	CHECK(strcmp(seen, "one memory") == 0);
	CHECK_INT(lseek(read_only, 0, SEEK_END), 16384);
	munmap(mine, 4096);
	munmap(seen, 4096);
	close(read_only);
	close(writable);
	card_finish(&card);
}

TEST(prime_export_refusals)
{
	struct card card;
	int fd = -1;

	card_init(&card);
	uint32_t handle = dumb(&card.a);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, 1, &fd), -EINVAL);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, handle, DRM_CLOEXEC | O_WRONLY, &fd), -EINVAL);
	CHECK_INT(gem_prime_handle_to_fd(&card.a, 5, DRM_CLOEXEC, &fd), -ENOENT);
	CHECK_INT(gem_prime_handle_to_fd(&card.b, handle, DRM_CLOEXEC, &fd), -ENOENT);
	CHECK_INT(fd, -1);
	card_finish(&card);
}

TEST(prime_other_device_imports)
{
	struct card one, two;
	uint64_t offset;
	void *p, *q;

	card_init(&one);
	card_init(&two);
	uint32_t handle = dumb(&one.a);
	struct gem_object *exporter = object_of(&one.a, handle);
	int fd = export_fd(&one.a, handle, DRM_CLOEXEC);
	uint32_t imported = import_fd(&two.a, fd);
	struct gem_object *obj = object_of(&two.a, imported);
	CHECK(obj != exporter);
	CHECK(obj->import_attach != NULL);
	CHECK_INT(obj->size, exporter->size);
	CHECK_INT(gem_object_pin_pages(exporter, &p), 0);
	CHECK_INT(gem_object_pin_pages(obj, &q), 0);
	memcpy(p, "shared", 7);
	CHECK(memcmp(q, "shared", 7) == 0);
	gem_object_unpin_pages(exporter);
	gem_object_unpin_pages(obj);
	CHECK_INT(gem_dumb_map_offset(&two.a, imported, &offset), -EINVAL);
	/* exported again it is still the first device's dma-buf */
	int again = export_fd(&two.a, imported, DRM_CLOEXEC);
	CHECK_INT(import_fd(&one.a, again), handle);
	/* the importer keeps the exporter alive */
	CHECK_INT(gem_handle_delete(&one.a, handle), 0);
	CHECK_INT(one.dev.object_count, 1);
	CHECK_INT(gem_handle_delete(&two.a, imported), 0);
	CHECK_INT(one.dev.object_count, 0);
	close(fd);
	close(again);
	card_finish(&one);
	card_finish(&two);
}

static int make_memfd(off_t size, int flags, int seals)
{
	int fd = memfd_create("foreign", flags | MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, size), 0);
	if (seals)
		CHECK_INT(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

struct foreign_row {
	const char *name;
	off_t size;
	int memfd_flags, seals, want;
	bool read_only;
};

static const struct foreign_row foreign_rows[] = {
	{"sealed", 8192, MFD_ALLOW_SEALING, F_SEAL_SHRINK | F_SEAL_SEAL, 0},
	{"sealable", 8192, MFD_ALLOW_SEALING, 0, 0},
	{"sealable, read-only descriptor", 8192, MFD_ALLOW_SEALING, 0, 0, true},
	{"not sealable", 8192, 0, 0, 0},
	{"sealed against our seal", 8192, MFD_ALLOW_SEALING, F_SEAL_SEAL, 0},
	{"sealed against writing", 8192, MFD_ALLOW_SEALING, F_SEAL_SHRINK | F_SEAL_WRITE, -EINVAL},
	{"empty", 0, MFD_ALLOW_SEALING, F_SEAL_SHRINK, -EINVAL},
	{"not whole pages", 8191, MFD_ALLOW_SEALING, F_SEAL_SHRINK, -EINVAL},
};

TEST_ROWS(prime_foreign_memfd, struct foreign_row, foreign_rows)
{
	struct card card;
	uint32_t handle, other;
	uint64_t offset;
	char path[64];

	card_init(&card);
	int fd = make_memfd(row->size, row->memfd_flags, row->seals);
	if (row->read_only) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		int copy = open(path, O_RDONLY | O_CLOEXEC);
		CHECK(copy >= 0);
		close(fd);
		fd = copy;
	}
	CHECK_INT(gem_prime_fd_to_handle(&card.a, fd, &handle), row->want);
	CHECK_INT(card.dev.object_count, row->want == 0);
	if (row->want == 0) {
		struct gem_object *obj = object_of(&card.a, handle);
		CHECK_INT(obj->size, row->size);
		CHECK(obj->import_attach != NULL);
		CHECK(fcntl(fd, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_SEAL));
		CHECK_INT(import_fd(&card.a, fd), handle);
		CHECK_INT(gem_prime_fd_to_handle(&card.b, fd, &other), 0);
		CHECK_INT(gem_dumb_map_offset(&card.a, handle, &offset), -EINVAL);
	}
	close(fd);
	card_finish(&card);
}

static int make_socket(void)
{
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	return pair[0];
}

static int make_pipe(void)
{
	int pair[2];

	CHECK_INT(pipe(pair), 0);
	close(pair[1]);
	return pair[0];
}

static int make_plain_file(void)
{
	FILE *file = tmpfile();

	CHECK(file != NULL);
	int fd = dup(fileno(file));
	CHECK_INT(ftruncate(fd, 8192), 0);
	fclose(file);
	return fd;
}

static int make_directory(void)
{
	return open("/", O_RDONLY | O_DIRECTORY);
}

static int make_device(void)
{
	return open("/dev/null", O_RDWR);
}

static int make_closed(void)
{
	return 1000;
}

struct wrong_row {
	const char *name;
	int (*make)(void);
	int want;
};

static const struct wrong_row wrong_rows[] = {
	{"socket", make_socket, -EINVAL},
	{"pipe", make_pipe, -EINVAL},
	{"plain file", make_plain_file, -EINVAL},
	{"directory", make_directory, -EINVAL},
	{"device", make_device, -EINVAL},
	{"closed descriptor", make_closed, -EBADF},
};

TEST_ROWS(prime_import_of_other_things, struct wrong_row, wrong_rows)
{
	struct card card;
	uint32_t handle = 0;

	card_init(&card);
	int fd = row->make();
	CHECK_INT(gem_prime_fd_to_handle(&card.a, fd, &handle), row->want);
	CHECK_INT(handle, 0);
	CHECK_INT(card.dev.object_count, 0);
	close(fd);
	card_finish(&card);
}

/* ---- threads ---- */

enum { ROUNDS = 400 };

struct shared {
	struct card card;
	int fd; /* a dma-buf whose object dies and comes back */
	uint32_t name;
};

/* Imports, exports and closes in file a and b at once; the object comes and goes. */
static void *import_and_close(void *data)
{
	struct shared *shared = data;
	struct gem_object *obj;
	uint32_t handle;
	int fd;

	for (int i = 0; i < ROUNDS; i++) {
		struct gem_file *file = i & 1 ? &shared->card.a : &shared->card.b;
		CHECK_INT(gem_prime_fd_to_handle(file, shared->fd, &handle), 0);
		/* Another thread may close what is one handle in this file. */
		if (gem_object_lookup(file, handle, &obj) == 0) {
			CHECK_INT(obj->size, 16384);
			gem_object_put(obj);
		}
		if (gem_prime_handle_to_fd(file, handle, DRM_CLOEXEC, &fd) == 0)
			close(fd);
		gem_handle_delete(file, handle);
	}
	return NULL;
}

static void *flink_and_close(void *data)
{
	struct shared *shared = data;
	uint32_t handle, name, other;
	uint64_t size, offset;

	for (int i = 0; i < ROUNDS; i++) {
		handle = dumb(&shared->card.a);
		if (gem_flink(&shared->card.a, handle, &name) == 0 &&
		    gem_open(&shared->card.b, name, &other, &size) == 0) {
			gem_dumb_map_offset(&shared->card.b, other, &offset);
			gem_handle_delete(&shared->card.b, other);
		}
		gem_handle_delete(&shared->card.a, handle);
	}
	return NULL;
}

TEST(threads_settle)
{
	enum { THREADS = 4 };
	struct shared shared;
	pthread_t threads[THREADS];

	card_init(&shared.card);
	uint32_t handle = dumb(&shared.card.a);
	shared.fd = export_fd(&shared.card.a, handle, DRM_CLOEXEC);
	CHECK_INT(gem_handle_delete(&shared.card.a, handle), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL,
			i & 1 ? flink_and_close : import_and_close, &shared), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	close(shared.fd);
	card_finish(&shared.card);
}
