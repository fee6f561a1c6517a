/*
 * Names that the C library exports (or exported once) and no header declares:
 * what fortified and older binaries call. All files with replaced symbols
 * include this and mark them PRELOAD_EXPORT; the list that must agree with them
 * is preload.list (a test compares).
 */
#ifndef PRELOAD_SYMBOLS_H
#define PRELOAD_SYMBOLS_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define PRELOAD_EXPORT __attribute__((visibility("default")))

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

int __xstat(int version, const char *path, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat64(int version, const char *path, struct stat64 *st);
int __fxstat(int version, int fd, struct stat *st);
int __fxstat64(int version, int fd, struct stat64 *st);
int __fxstatat(int version, int dirfd, const char *path, struct stat *st, int flags);
int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *st, int flags);

ssize_t __readlink_chk(const char *path, char *buf, size_t size, size_t buf_size);
ssize_t __readlinkat_chk(int dirfd, const char *path, char *buf, size_t size, size_t buf_size);
char *__realpath_chk(const char *path, char *resolved, size_t resolved_size);
ssize_t __read_chk(int fd, void *buf, size_t count, size_t buf_size);

/* glibc's own: ends the program with "buffer overflow detected". */
void __chk_fail(void) __attribute__((noreturn));

#endif
