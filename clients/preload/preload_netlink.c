/*
 * The substitute for the uevent netlink socket: a SEQPACKET descriptor of the
 * door's that libudev's and sd-device's monitors take for NETLINK_KOBJECT_UEVENT.
 *
 * It is bound to an abstract name of ours, so that a dup or a forked child
 * knows it too; the group of the program's own bind() is kept in the socket's
 * priority, a number that does nothing else on such a socket. Socket filters
 * (libudev attaches one) work on it as on netlink, since packets have the same
 * bytes. What differs is made up in recvmsg: the sender's netlink address, and
 * root as its user, which is whom the monitors trust.
 *
 * Listeners of the kernel's own group (1) get udev's packets too: sd-device
 * knows them by their header; one that parses "add@/devices/..." does not.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_path.h"
#include "preload_real.h"
#include "preload_symbols.h"

#define UEVENT_NAME_PREFIX "testcard-uevent/"
#define UDEV_GROUP 2u /* 1 is the kernel's own, 2 what udevd sends on */
#define GROUP_MAX 6u  /* highest priority that needs no privilege */

static atomic_bool uevent_seen;

static bool is_uevent_fd(int fd)
{
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);
	int saved_errno = errno;
	bool ours;

	if (!atomic_load_explicit(&uevent_seen, memory_order_relaxed))
		return false;
	ours = preload_real_getsockname(fd, (struct sockaddr *)&addr, &len) == 0 &&
		addr.sun_family == AF_UNIX &&
		len > offsetof(struct sockaddr_un, sun_path) + sizeof(UEVENT_NAME_PREFIX) &&
		addr.sun_path[0] == '\0' &&
		!memcmp(addr.sun_path + 1, UEVENT_NAME_PREFIX, sizeof(UEVENT_NAME_PREFIX) - 1);
	errno = saved_errno;
	return ours;
}

static int name_uevent_fd(int fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	unsigned long long key;
	int len;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		return -1;
	len = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, UEVENT_NAME_PREFIX "%016llx",
		key);
	return preload_real_bind(fd, (struct sockaddr *)&addr,
		offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

static int open_uevent_fd(int type)
{
	int fd = preload_door_current()->uevent(type & (SOCK_CLOEXEC | SOCK_NONBLOCK));

	if (fd < 0)
		return -1;
	if (name_uevent_fd(fd) < 0) {
		close(fd);
		return -1;
	}
	atomic_store(&uevent_seen, true);
	return fd;
}

PRELOAD_EXPORT int socket(int domain, int type, int protocol)
{
	int saved_errno = errno, fd = -1;

	if (domain == AF_NETLINK && protocol == NETLINK_KOBJECT_UEVENT && preload_path_tree())
		fd = open_uevent_fd(type);
	if (fd >= 0)
		return fd;
	errno = saved_errno;
	return preload_real_socket(domain, type, protocol);
}

PRELOAD_EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_nl *nl = (const struct sockaddr_nl *)addr;
	int group;

	if (!is_uevent_fd(fd))
		return preload_real_bind(fd, addr, len);
	if (len < sizeof(*nl) || nl->nl_family != AF_NETLINK) {
		errno = EINVAL;
		return -1;
	}
	group = nl->nl_groups > GROUP_MAX ? UDEV_GROUP : nl->nl_groups;
	return setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &group, sizeof(group));
}

static unsigned group_of(int fd)
{
	socklen_t len = sizeof(int);
	int group = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &group, &len) < 0)
		return 0;
	return group;
}

PRELOAD_EXPORT int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK};

	if (!is_uevent_fd(fd))
		return preload_real_getsockname(fd, addr, len);
	nl.nl_pid = getpid();
	nl.nl_groups = group_of(fd);
	memcpy(addr, &nl, *len < sizeof(nl) ? *len : sizeof(nl));
	*len = sizeof(nl);
	return 0;
}

static void trust_sender(struct msghdr *msg)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		struct ucred cred;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
		cred.uid = 0;
		cred.gid = 0;
		memcpy(CMSG_DATA(cmsg), &cred, sizeof(cred));
	}
}

static ssize_t receive_uevent(int fd, struct msghdr *msg, int flags)
{
	/* nl_pid: udevd's is any but 0, which is the kernel's. */
	struct sockaddr_nl from = {.nl_family = AF_NETLINK, .nl_groups = group_of(fd)};
	socklen_t room = msg->msg_namelen;
	ssize_t ret = preload_real_recvmsg(fd, msg, flags);

	if (ret < 0)
		return ret;
	from.nl_pid = from.nl_groups == UDEV_GROUP ? 1 : 0;
	if (msg->msg_name) {
		memcpy(msg->msg_name, &from, room < sizeof(from) ? room : sizeof(from));
		msg->msg_namelen = sizeof(from);
	}
	trust_sender(msg);
	return ret;
}

PRELOAD_EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t ret;

	if (is_uevent_fd(fd))
		return receive_uevent(fd, msg, flags);
	ret = preload_real_recvmsg(fd, msg, flags);
	/* Descriptors came along: one of them may be a device file (seatd, leases, DRI3). */
	if (ret >= 0 && msg->msg_controllen > 0 && preload_path_tree())
		preload_fd_note_device();
	return ret;
}
