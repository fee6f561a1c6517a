/*
 * What closes descriptors, or puts something else in their place. Only in
 * executables that carry the device: an in-process door remembers what it found
 * a number to be, and has to know when that ends. The preload library remembers
 * nothing and leaves these symbols alone.
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_real.h"
#include "preload_symbols.h"

/* The door is told before and after; the same one, whatever happens in between. */
static const struct preload_door *closing(unsigned first, unsigned last)
{
	const struct preload_door *door = preload_door_current();

	if (door->closing)
		door->closing(first, last);
	return door;
}

static void closed(const struct preload_door *door, unsigned first, unsigned last)
{
	if (door->closing)
		door->closed(first, last);
}

PRELOAD_EXPORT int close(int fd)
{
	const struct preload_door *door = closing(fd, fd);
	int ret = preload_real_close(fd);

	closed(door, fd, fd);
	return ret;
}

PRELOAD_EXPORT int dup2(int from, int to)
{
	const struct preload_door *door = closing(to, to);
	int ret = preload_real_dup2(from, to);

	closed(door, to, to);
	return ret;
}

PRELOAD_EXPORT int dup3(int from, int to, int flags)
{
	const struct preload_door *door = closing(to, to);
	int ret = preload_real_dup3(from, to, flags);

	closed(door, to, to);
	return ret;
}

PRELOAD_EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	const struct preload_door *door = closing(first, last);
	int ret = preload_real_close_range(first, last, flags);

	closed(door, first, last);
	return ret;
}

PRELOAD_EXPORT void closefrom(int first)
{
	const struct preload_door *door = closing(first < 0 ? 0 : first, UINT_MAX);

	preload_real_closefrom(first);
	closed(door, first < 0 ? 0 : first, UINT_MAX);
}

/* A stream without a descriptor says -1, which is no number that counts. */
PRELOAD_EXPORT int fclose(FILE *stream)
{
	int fd = fileno(stream);
	const struct preload_door *door = closing(fd, fd);
	int ret = preload_real_fclose(stream);

	closed(door, fd, fd);
	return ret;
}

PRELOAD_EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	int fd = fileno(stream);
	const struct preload_door *door = closing(fd, fd);
	FILE *result = preload_real_freopen(path, mode, stream);

	closed(door, fd, fd);
	return result;
}

PRELOAD_EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	return freopen(path, mode, stream);
}
