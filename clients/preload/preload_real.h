/*
 * The C library's own functions behind the symbols that this folder replaces.
 *
 * All code of the preload library and of its doors calls these, never the
 * plain names: a plain call would come back into our own wrapper. They are
 * looked up with dlsym(RTLD_NEXT), so that other preloaded libraries (umockdev,
 * sanitizers) stay in the chain. Called before or during that lookup (malloc
 * and the dynamic linker may do so) they fall back to the bare system call.
 *
 * Results and errno are those of the C library's functions. Functions that are
 * not listed here (sendmsg, connect, poll, close, ...) are not replaced and may
 * be called plainly.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>

int preload_real_openat(int dirfd, const char *path, int flags, mode_t mode);
int preload_real_fstatat(int dirfd, const char *path, struct stat *st, int flags);
int preload_real_fstat(int fd, struct stat *st);
int preload_real_statx(int dirfd, const char *path, int flags, unsigned int mask,
	struct statx *stx);
ssize_t preload_real_readlinkat(int dirfd, const char *path, char *buf, size_t size);
int preload_real_faccessat(int dirfd, const char *path, int mode, int flags);
int preload_real_statfs(const char *path, struct statfs *st);
int preload_real_fstatfs(int fd, struct statfs *st);
int preload_real_chdir(const char *path);
int preload_real_inotify_add_watch(int fd, const char *path, uint32_t mask);

ssize_t preload_real_getxattr(const char *path, const char *name, void *value, size_t size);
ssize_t preload_real_lgetxattr(const char *path, const char *name, void *value, size_t size);
ssize_t preload_real_listxattr(const char *path, char *list, size_t size);
ssize_t preload_real_llistxattr(const char *path, char *list, size_t size);

int preload_real_ioctl(int fd, unsigned long request, void *arg);
void *preload_real_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
ssize_t preload_real_read(int fd, void *buf, size_t count);
ssize_t preload_real_write(int fd, const void *buf, size_t count);
struct iovec;
ssize_t preload_real_readv(int fd, const struct iovec *vec, int count);
ssize_t preload_real_writev(int fd, const struct iovec *vec, int count);
ssize_t preload_real_preadv(int fd, const struct iovec *vec, int count, off_t offset);
ssize_t preload_real_preadv2(int fd, const struct iovec *vec, int count, off_t offset, int flags);

/* Replaced in executables only (preload_close.c); others call the plain names. */
int preload_real_close(int fd);
int preload_real_dup2(int from, int to);
int preload_real_dup3(int from, int to, int flags);
int preload_real_close_range(unsigned int first, unsigned int last, int flags);
void preload_real_closefrom(int first);

int preload_real_socket(int domain, int type, int protocol);
int preload_real_bind(int fd, const struct sockaddr *addr, socklen_t len);
int preload_real_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
ssize_t preload_real_recvmsg(int fd, struct msghdr *msg, int flags);

/* No system call stands behind these: NULL or -1 with ENOSYS during the lookup itself. */
FILE *preload_real_fopen(const char *path, const char *mode);
FILE *preload_real_freopen(const char *path, const char *mode, FILE *stream);
int preload_real_fclose(FILE *stream);
DIR *preload_real_opendir(const char *path);
DIR *preload_real_fdopendir(int fd);
struct dirent *preload_real_readdir(DIR *dir);
void preload_real_rewinddir(DIR *dir);
int preload_real_closedir(DIR *dir);
int preload_real_scandir(const char *path, struct dirent ***list,
	int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **));
int preload_real_scandirat(int dirfd, const char *path, struct dirent ***list,
	int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **));
char *preload_real_realpath(const char *path, char *resolved);

#endif
