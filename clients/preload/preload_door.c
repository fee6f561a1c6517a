/*
 * Which door is used, and what a descriptor is. The wire door is the default;
 * an executable that carries the device replaces it.
 */
#include "preload_door.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/un.h>

#include "preload_real.h"

/* As VFS_NAME_FORMAT of protocols/vfs/vfs.h: "testcard/<instance in hex>/<id>". */
#define DEVICE_NAME_PREFIX "testcard/"
enum { PREFIX_LEN = sizeof(DEVICE_NAME_PREFIX) - 1, INSTANCE_DIGITS = 16, ID_DIGITS = 10 };

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

/*
 * Digits from at on in that base, at most max of them. Behind them, or at when there is
 * none. Every request's descriptor comes here.
 */
static inline const char *parse_number(const char *at, const char *end, unsigned base,
	unsigned max, uint64_t *value)
{
	uint64_t sum = 0;

	if (end - at > max)
		end = at + max;
	for (; at < end; at++) {
		unsigned digit = (unsigned char)*at - '0';

		if (digit > 9)
			digit = *at >= 'a' && *at <= 'f' ? *at - 'a' + 10u : base;
		if (digit >= base)
			break;
		sum = sum * base + digit;
	}
	*value = sum;
	return at;
}

bool preload_fd_is_device(int fd, uint64_t *instance, uint32_t *file_id)
{
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);
	const char *at, *end, *behind;
	uint64_t id;

	if (preload_real_getsockname(fd, (struct sockaddr *)&addr, &len) < 0 ||
	    addr.sun_family != AF_UNIX || len > sizeof(addr))
		return false;
	end = (const char *)&addr + len;
	at = addr.sun_path + 1 + PREFIX_LEN;
	if (at >= end || addr.sun_path[0] != '\0' ||
	    memcmp(addr.sun_path + 1, DEVICE_NAME_PREFIX, PREFIX_LEN))
		return false;
	behind = parse_number(at, end, 16, INSTANCE_DIGITS, instance);
	if (behind == at || behind == end || *behind != '/')
		return false;
	at = behind + 1;
	behind = parse_number(at, end, 10, ID_DIGITS, &id);
	if (behind == at || behind != end || id > UINT32_MAX)
		return false;
	preload_fd_note_device();
	*file_id = id;
	return true;
}
