/*
 * Which door is used, and what a descriptor is. The wire door is the default;
 * an executable that carries the device replaces it.
 */
#include "preload_door.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "preload_real.h"

/* As VFS_NAME_FORMAT of protocols/vfs/vfs.h. */
#define DEVICE_NAME_PREFIX "testcard/"
#define DEVICE_NAME_FORMAT DEVICE_NAME_PREFIX "%16llx/%u%n"

static _Atomic(const struct preload_door *) current = &preload_wire_door;

static atomic_bool device_seen;

static void use_wire_door(void)
{
	atomic_store(&current, &preload_wire_door);
}

void preload_set_door(const struct preload_door *door)
{
	static atomic_flag registered = ATOMIC_FLAG_INIT;

	/* A forked child has the door's memory, but none of the threads behind it. */
	if (door != &preload_wire_door && !atomic_flag_test_and_set(&registered))
		pthread_atfork(NULL, NULL, use_wire_door);
	atomic_store(&current, door);
}

const struct preload_door *preload_door_current(void)
{
	return atomic_load_explicit(&current, memory_order_acquire);
}

bool preload_fd_device_seen(void)
{
	return atomic_load_explicit(&device_seen, memory_order_relaxed);
}

void preload_fd_note_device(void)
{
	atomic_store_explicit(&device_seen, true, memory_order_relaxed);
}

bool preload_fd_is_device(int fd, uint64_t *instance, uint32_t *file_id)
{
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);
	char name[sizeof(addr.sun_path)];
	unsigned long long first;
	unsigned second;
	int used = 0, name_len;

	if (preload_real_getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return false;
	name_len = (int)len - (int)offsetof(struct sockaddr_un, sun_path) - 1;
	if (addr.sun_family != AF_UNIX || name_len < (int)sizeof(DEVICE_NAME_PREFIX) ||
	    addr.sun_path[0] != '\0' ||
	    memcmp(addr.sun_path + 1, DEVICE_NAME_PREFIX, sizeof(DEVICE_NAME_PREFIX) - 1))
		return false;
	memcpy(name, addr.sun_path + 1, name_len);
	name[name_len] = '\0';
	if (sscanf(name, DEVICE_NAME_FORMAT, &first, &second, &used) != 2 || used != name_len)
		return false;
	preload_fd_note_device();
	*instance = first;
	*file_id = second;
	return true;
}
