/*
 * Lookup of the C library's functions; see preload_real.h.
 *
 * Everything is looked up in a constructor, so that no lookup happens in a
 * signal handler later. Calls that come earlier look up their own function.
 */
#include "preload_real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum real_id {
	REAL_OPENAT, REAL_FSTATAT, REAL_FSTAT, REAL_STATX, REAL_READLINKAT, REAL_FACCESSAT,
	REAL_STATFS, REAL_FSTATFS, REAL_CHDIR, REAL_INOTIFY_ADD_WATCH, REAL_IOCTL, REAL_MMAP,
	REAL_READ, REAL_WRITE, REAL_READV, REAL_WRITEV, REAL_PREADV, REAL_PREADV2, REAL_SOCKET,
	REAL_BIND, REAL_GETSOCKNAME, REAL_RECVMSG, REAL_FOPEN, REAL_OPENDIR, REAL_FDOPENDIR,
	REAL_READDIR, REAL_REWINDDIR, REAL_CLOSEDIR, REAL_SCANDIR, REAL_SCANDIRAT, REAL_REALPATH, REAL_GETXATTR,
	REAL_LGETXATTR, REAL_LISTXATTR,
	REAL_LLISTXATTR, REAL_CLOSE, REAL_DUP2, REAL_DUP3, REAL_CLOSE_RANGE, REAL_CLOSEFROM,
	REAL_FREOPEN, REAL_FCLOSE, REAL_COUNT,
};

static const char *const names[REAL_COUNT] = {
	[REAL_OPENAT] = "openat",
	[REAL_FSTATAT] = "fstatat",
	[REAL_FSTAT] = "fstat",
	[REAL_STATX] = "statx",
	[REAL_READLINKAT] = "readlinkat",
	[REAL_FACCESSAT] = "faccessat",
	[REAL_STATFS] = "statfs",
	[REAL_FSTATFS] = "fstatfs",
	[REAL_CHDIR] = "chdir",
	[REAL_INOTIFY_ADD_WATCH] = "inotify_add_watch",
	[REAL_IOCTL] = "ioctl",
	[REAL_MMAP] = "mmap",
	[REAL_READ] = "read",
	[REAL_WRITE] = "write",
	[REAL_READV] = "readv",
	[REAL_WRITEV] = "writev",
	[REAL_PREADV] = "preadv",
	[REAL_PREADV2] = "preadv2",
	[REAL_SOCKET] = "socket",
	[REAL_BIND] = "bind",
	[REAL_GETSOCKNAME] = "getsockname",
	[REAL_RECVMSG] = "recvmsg",
	[REAL_FOPEN] = "fopen",
	[REAL_OPENDIR] = "opendir",
	[REAL_FDOPENDIR] = "fdopendir",
	[REAL_READDIR] = "readdir",
	[REAL_REWINDDIR] = "rewinddir",
	[REAL_CLOSEDIR] = "closedir",
	[REAL_SCANDIR] = "scandir",
	[REAL_SCANDIRAT] = "scandirat",
	[REAL_REALPATH] = "realpath",
	[REAL_GETXATTR] = "getxattr",
	[REAL_LGETXATTR] = "lgetxattr",
	[REAL_LISTXATTR] = "listxattr",
	[REAL_LLISTXATTR] = "llistxattr",
	[REAL_CLOSE] = "close",
	[REAL_DUP2] = "dup2",
	[REAL_DUP3] = "dup3",
	[REAL_CLOSE_RANGE] = "close_range",
	[REAL_CLOSEFROM] = "closefrom",
	[REAL_FREOPEN] = "freopen",
	[REAL_FCLOSE] = "fclose",
};

static _Atomic(void *) functions[REAL_COUNT];

/* This thread is inside dlsym; initial-exec, because a lazily made TLS block calls malloc. */
static __thread bool looking_up __attribute__((tls_model("initial-exec")));

static void *real_lookup(enum real_id id)
{
	void *function = atomic_load_explicit(&functions[id], memory_order_acquire);

	if (function || looking_up)
		return function;
	looking_up = true;
	function = dlsym(RTLD_NEXT, names[id]);
	looking_up = false;
	atomic_store_explicit(&functions[id], function, memory_order_release);
	return function;
}

__attribute__((constructor(101)))
static void real_lookup_all(void)
{
	for (int i = 0; i < REAL_COUNT; i++)
		real_lookup(i);
}

int preload_real_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	int (*real)(int, const char *, int, ...) = real_lookup(REAL_OPENAT);

	if (!real)
		return syscall(SYS_openat, dirfd, path, flags, mode);
	return real(dirfd, path, flags, mode);
}

int preload_real_fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	int (*real)(int, const char *, struct stat *, int) = real_lookup(REAL_FSTATAT);

	if (!real)
		return syscall(SYS_newfstatat, dirfd, path, st, flags);
	return real(dirfd, path, st, flags);
}

int preload_real_fstat(int fd, struct stat *st)
{
	int (*real)(int, struct stat *) = real_lookup(REAL_FSTAT);

	if (!real)
		return syscall(SYS_fstat, fd, st);
	return real(fd, st);
}

int preload_real_statx(int dirfd, const char *path, int flags, unsigned int mask,
	struct statx *stx)
{
	int (*real)(int, const char *, int, unsigned int, struct statx *) =
		real_lookup(REAL_STATX);

	if (!real)
		return syscall(SYS_statx, dirfd, path, flags, mask, stx);
	return real(dirfd, path, flags, mask, stx);
}

ssize_t preload_real_readlinkat(int dirfd, const char *path, char *buf, size_t size)
{
	ssize_t (*real)(int, const char *, char *, size_t) = real_lookup(REAL_READLINKAT);

	if (!real)
		return syscall(SYS_readlinkat, dirfd, path, buf, size);
	return real(dirfd, path, buf, size);
}

int preload_real_faccessat(int dirfd, const char *path, int mode, int flags)
{
	int (*real)(int, const char *, int, int) = real_lookup(REAL_FACCESSAT);

	if (!real)
		return syscall(SYS_faccessat2, dirfd, path, mode, flags);
	return real(dirfd, path, mode, flags);
}

int preload_real_statfs(const char *path, struct statfs *st)
{
	int (*real)(const char *, struct statfs *) = real_lookup(REAL_STATFS);

	if (!real)
		return syscall(SYS_statfs, path, st);
	return real(path, st);
}

int preload_real_fstatfs(int fd, struct statfs *st)
{
	int (*real)(int, struct statfs *) = real_lookup(REAL_FSTATFS);

	if (!real)
		return syscall(SYS_fstatfs, fd, st);
	return real(fd, st);
}

int preload_real_chdir(const char *path)
{
	int (*real)(const char *) = real_lookup(REAL_CHDIR);

	if (!real)
		return syscall(SYS_chdir, path);
	return real(path);
}

int preload_real_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	int (*real)(int, const char *, uint32_t) = real_lookup(REAL_INOTIFY_ADD_WATCH);

	if (!real)
		return syscall(SYS_inotify_add_watch, fd, path, mask);
	return real(fd, path, mask);
}

ssize_t preload_real_getxattr(const char *path, const char *name, void *value, size_t size)
{
	ssize_t (*real)(const char *, const char *, void *, size_t) = real_lookup(REAL_GETXATTR);

	if (!real)
		return syscall(SYS_getxattr, path, name, value, size);
	return real(path, name, value, size);
}

ssize_t preload_real_lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	ssize_t (*real)(const char *, const char *, void *, size_t) = real_lookup(REAL_LGETXATTR);

	if (!real)
		return syscall(SYS_lgetxattr, path, name, value, size);
	return real(path, name, value, size);
}

ssize_t preload_real_listxattr(const char *path, char *list, size_t size)
{
	ssize_t (*real)(const char *, char *, size_t) = real_lookup(REAL_LISTXATTR);

	if (!real)
		return syscall(SYS_listxattr, path, list, size);
	return real(path, list, size);
}

ssize_t preload_real_llistxattr(const char *path, char *list, size_t size)
{
	ssize_t (*real)(const char *, char *, size_t) = real_lookup(REAL_LLISTXATTR);

	if (!real)
		return syscall(SYS_llistxattr, path, list, size);
	return real(path, list, size);
}

int preload_real_ioctl(int fd, unsigned long request, void *arg)
{
	int (*real)(int, unsigned long, ...) = real_lookup(REAL_IOCTL);

	if (!real)
		return syscall(SYS_ioctl, fd, request, arg);
	return real(fd, request, arg);
}

void *preload_real_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	void *(*real)(void *, size_t, int, int, int, off_t) = real_lookup(REAL_MMAP);

	if (!real)
		return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
	return real(addr, length, prot, flags, fd, offset);
}

ssize_t preload_real_read(int fd, void *buf, size_t count)
{
	ssize_t (*real)(int, void *, size_t) = real_lookup(REAL_READ);

	if (!real)
		return syscall(SYS_read, fd, buf, count);
	return real(fd, buf, count);
}

ssize_t preload_real_write(int fd, const void *buf, size_t count)
{
	ssize_t (*real)(int, const void *, size_t) = real_lookup(REAL_WRITE);

	if (!real)
		return syscall(SYS_write, fd, buf, count);
	return real(fd, buf, count);
}

ssize_t preload_real_readv(int fd, const struct iovec *vec, int count)
{
	ssize_t (*real)(int, const struct iovec *, int) = real_lookup(REAL_READV);

	if (!real)
		return syscall(SYS_readv, fd, vec, count);
	return real(fd, vec, count);
}

ssize_t preload_real_writev(int fd, const struct iovec *vec, int count)
{
	ssize_t (*real)(int, const struct iovec *, int) = real_lookup(REAL_WRITEV);

	if (!real)
		return syscall(SYS_writev, fd, vec, count);
	return real(fd, vec, count);
}

/* The position is one word; the kernel takes the upper half of a larger one besides. */
ssize_t preload_real_preadv(int fd, const struct iovec *vec, int count, off_t offset)
{
	ssize_t (*real)(int, const struct iovec *, int, off_t) = real_lookup(REAL_PREADV);

	if (!real)
		return syscall(SYS_preadv, fd, vec, count, offset, 0l);
	return real(fd, vec, count, offset);
}

ssize_t preload_real_preadv2(int fd, const struct iovec *vec, int count, off_t offset, int flags)
{
	ssize_t (*real)(int, const struct iovec *, int, off_t, int) = real_lookup(REAL_PREADV2);

	if (!real)
		return syscall(SYS_preadv2, fd, vec, count, offset, 0l, flags);
	return real(fd, vec, count, offset, flags);
}

int preload_real_socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int) = real_lookup(REAL_SOCKET);

	if (!real)
		return syscall(SYS_socket, domain, type, protocol);
	return real(domain, type, protocol);
}

int preload_real_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = real_lookup(REAL_BIND);

	if (!real)
		return syscall(SYS_bind, fd, addr, len);
	return real(fd, addr, len);
}

int preload_real_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	int (*real)(int, struct sockaddr *, socklen_t *) = real_lookup(REAL_GETSOCKNAME);

	if (!real)
		return syscall(SYS_getsockname, fd, addr, len);
	return real(fd, addr, len);
}

ssize_t preload_real_recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = real_lookup(REAL_RECVMSG);

	if (!real)
		return syscall(SYS_recvmsg, fd, msg, flags);
	return real(fd, msg, flags);
}

int preload_real_close(int fd)
{
	int (*real)(int) = real_lookup(REAL_CLOSE);

	if (!real)
		return syscall(SYS_close, fd);
	return real(fd);
}

int preload_real_dup2(int from, int to)
{
	int (*real)(int, int) = real_lookup(REAL_DUP2);

	if (!real)
		return syscall(SYS_dup2, from, to);
	return real(from, to);
}

int preload_real_dup3(int from, int to, int flags)
{
	int (*real)(int, int, int) = real_lookup(REAL_DUP3);

	if (!real)
		return syscall(SYS_dup3, from, to, flags);
	return real(from, to, flags);
}

int preload_real_close_range(unsigned int first, unsigned int last, int flags)
{
	int (*real)(unsigned int, unsigned int, int) = real_lookup(REAL_CLOSE_RANGE);

	if (!real)
		return syscall(SYS_close_range, first, last, flags);
	return real(first, last, flags);
}

void preload_real_closefrom(int first)
{
	void (*real)(int) = real_lookup(REAL_CLOSEFROM);

	if (real)
		real(first);
	else
		syscall(SYS_close_range, first < 0 ? 0 : first, ~0u, 0);
}

FILE *preload_real_freopen(const char *path, const char *mode, FILE *stream)
{
	FILE *(*real)(const char *, const char *, FILE *) = real_lookup(REAL_FREOPEN);

	if (!real) {
		errno = ENOSYS;
		return NULL;
	}
	return real(path, mode, stream);
}

int preload_real_fclose(FILE *stream)
{
	int (*real)(FILE *) = real_lookup(REAL_FCLOSE);

	if (!real) {
		errno = ENOSYS;
		return EOF;
	}
	return real(stream);
}

FILE *preload_real_fopen(const char *path, const char *mode)
{
	FILE *(*real)(const char *, const char *) = real_lookup(REAL_FOPEN);

	if (!real) {
		errno = ENOSYS;
		return NULL;
	}
	return real(path, mode);
}

DIR *preload_real_opendir(const char *path)
{
	DIR *(*real)(const char *) = real_lookup(REAL_OPENDIR);

	if (!real) {
		errno = ENOSYS;
		return NULL;
	}
	return real(path);
}

DIR *preload_real_fdopendir(int fd)
{
	DIR *(*real)(int) = real_lookup(REAL_FDOPENDIR);

	if (!real) {
		errno = ENOSYS;
		return NULL;
	}
	return real(fd);
}

struct dirent *preload_real_readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) = real_lookup(REAL_READDIR);

	if (!real) {
		errno = ENOSYS;
		return NULL;
	}
	return real(dir);
}

void preload_real_rewinddir(DIR *dir)
{
	void (*real)(DIR *) = real_lookup(REAL_REWINDDIR);

	if (real)
		real(dir);
}

int preload_real_closedir(DIR *dir)
{
	int (*real)(DIR *) = real_lookup(REAL_CLOSEDIR);

	if (!real) {
		errno = ENOSYS;
		return -1;
	}
	return real(dir);
}

int preload_real_scandir(const char *path, struct dirent ***list,
	int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	int (*real)(const char *, struct dirent ***, int (*)(const struct dirent *),
		int (*)(const struct dirent **, const struct dirent **)) =
		real_lookup(REAL_SCANDIR);

	if (!real) {
		errno = ENOSYS;
		return -1;
	}
	return real(path, list, filter, compare);
}

int preload_real_scandirat(int dirfd, const char *path, struct dirent ***list,
	int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	int (*real)(int, const char *, struct dirent ***, int (*)(const struct dirent *),
		int (*)(const struct dirent **, const struct dirent **)) =
		real_lookup(REAL_SCANDIRAT);

	if (!real) {
		errno = ENOSYS;
		return -1;
	}
	return real(dirfd, path, list, filter, compare);
}

char *preload_real_realpath(const char *path, char *resolved)
{
	char *(*real)(const char *, char *) = real_lookup(REAL_REALPATH);

	if (!real) {
		errno = ENOSYS;
		return NULL;
	}
	return real(path, resolved);
}
