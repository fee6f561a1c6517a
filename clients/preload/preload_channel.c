#include "preload_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload_keep.h"
#include "preload_real.h"

/*
 * Where channels' descriptors lie: programs expect the low numbers for
 * themselves (dup2 targets, select, "the next fd is 3").
 */
static const int high_numbers[] = {700, 200, 100};

/* initial-exec: no allocation on first use in a thread, whatever it is doing. */
static __thread struct preload_channel own __attribute__((tls_model("initial-exec")));

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

/* Is the number still our socket, and not something the program put there? */
static bool owns_fd(const struct preload_channel *channel)
{
	struct stat st;

	/* Bare: the C library's way is the longer one, and every ioctl comes here. */
	return syscall(SYS_fstat, (long)channel->fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
		st.st_ino == channel->ino;
}

static void close_channel(struct preload_channel *channel)
{
	if (channel->live && owns_fd(channel))
		preload_channel_close_fd(channel->fd);
	channel->live = false;
}

static void free_channel(struct preload_channel *channel)
{
	close_channel(channel);
	if (channel->memory)
		munmap(channel->memory, sizeof(*channel->memory));
	channel->memory = NULL;
}

/* At the end of the program no destructor of the main thread's runs. */
__attribute__((destructor)) static void program_ends(void)
{
	if (own.live && !own.busy && own.memory->here && owns_fd(&own))
		preload_kept_tell(&own);
}

static void thread_ends(void *data)
{
	program_ends();
	free_channel(data);
	preload_keep_finish();
}

static void make_key(void)
{
	pthread_key_create(&key, thread_ends);
}

const char *preload_channel_dir(void)
{
	const char *dir = getenv(WIRE_ENV_DIR);

	return dir && *dir ? dir : NULL;
}

static int move_high(int fd)
{
	for (size_t i = 0; i < sizeof(high_numbers) / sizeof(high_numbers[0]); i++) {
		int high = fcntl(fd, F_DUPFD_CLOEXEC, high_numbers[i]);
		if (high >= 0) {
			preload_channel_close_fd(fd);
			return high;
		}
	}
	return fd;
}

static int dial(struct preload_channel *channel)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *dir = preload_channel_dir();
	struct stat st;

	if (!dir || snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir,
		WIRE_SOCKET_NAME) >= (int)sizeof(address.sun_path))
		return -ENODEV;
	int fd = preload_real_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	fd = move_high(fd);
	int ret;
	do {
		ret = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	} while (ret < 0 && errno == EINTR);
	if (ret < 0 || preload_real_fstat(fd, &st) < 0) {
		preload_channel_close_fd(fd);
		return -ENODEV;
	}
	channel->fd = fd;
	channel->ino = st.st_ino;
	channel->uid = geteuid();
	channel->gid = getegid();
	channel->memory->here = true;
	channel->live = true;
	channel->unwatched = false;
	memset(channel->attached, 0, sizeof(channel->attached));
	return 0;
}

static int receive(struct preload_channel *channel, struct preload_reply *reply);

/*
 * A server that lets nobody in says why and hangs up: then the hello can not be sent, or
 * was lost (the first receive says that and no more), but the answer is there.
 */
static int call_hello(struct preload_channel *channel, struct wire_hello *hello,
	struct preload_reply *reply)
{
	struct iovec vec = {hello, sizeof(*hello)};

	hello->header.result = sched_getcpu();
	preload_channel_send(channel, &vec, 1, NULL, 0);
	return receive(channel, reply) == 0 ? 0 : receive(channel, reply);
}

static int greet(struct preload_channel *channel)
{
	struct wire_hello hello = {.header.op = WIRE_HELLO, .version = WIRE_VERSION,
		.pid = getpid()};
	struct preload_reply reply = {0};
	int ret = call_hello(channel, &hello, &reply);

	if (!ret) {
		preload_reply_close_fds(&reply);
		ret = reply.header->result;
		if (ret >= 0 && reply.header->size != sizeof(hello))
			ret = -ENODEV;
	}
	if (ret < 0) {
		close_channel(channel);
		/* EPROTO: a server of another version, which is none of ours. */
		return ret == -EPROTO ? -ENODEV : ret;
	}
	channel->instance = ((const struct wire_hello *)reply.header)->instance;
	return 0;
}

static int add_memory(struct preload_channel *channel)
{
	void *memory = preload_real_mmap(NULL, sizeof(*channel->memory), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	if (madvise(memory, sizeof(*channel->memory), MADV_WIPEONFORK) < 0) {
		munmap(memory, sizeof(*channel->memory));
		return -ENOMEM;
	}
	channel->memory = memory;
	return 0;
}

static int prepare(struct preload_channel *channel)
{
	/* A forked child leaves the parent's channel to the parent. */
	if (channel->live && (!channel->memory->here || !owns_fd(channel)))
		close_channel(channel);
	if (!channel->memory) {
		int ret = add_memory(channel);
		if (ret)
			return ret;
	}
	if (channel->live)
		return 0;
	int ret = dial(channel);
	return ret ? ret : greet(channel);
}

int preload_channel_acquire(struct preload_channel **out)
{
	struct preload_channel *channel = &own;

	if (channel->busy) {
		/* No malloc: the caller may be a signal handler. */
		channel = preload_real_mmap(NULL, sizeof(*channel), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (channel == MAP_FAILED)
			return -ENOMEM;
	}
	channel->busy = true;
	int ret = prepare(channel);
	if (ret) {
		preload_channel_release(channel);
		return ret;
	}
	if (channel == &own) {
		pthread_once(&key_once, make_key);
		pthread_setspecific(key, channel);
	}
	*out = channel;
	return 0;
}

int preload_channel_be_current(struct preload_channel *channel)
{
	if (channel->uid == geteuid() && channel->gid == getegid())
		return 0;
	close_channel(channel);
	return prepare(channel);
}

void preload_channel_release(struct preload_channel *channel)
{
	if (channel != &own) {
		free_channel(channel);
		munmap(channel, sizeof(*channel));
		return;
	}
	channel->busy = false;
}

const struct preload_attached *preload_channel_attached(const struct preload_channel *channel,
	uint32_t file_id)
{
	for (unsigned i = 0; i < PRELOAD_CHANNEL_FILES; i++) {
		if (channel->attached[i].file_id == file_id)
			return &channel->attached[i];
	}
	return NULL;
}

struct preload_scratch *preload_channel_scratch(struct preload_channel *channel)
{
	return &channel->memory->scratch;
}

void preload_reply_close_fds(struct preload_reply *reply)
{
	for (unsigned i = 0; i < reply->fd_count; i++)
		preload_channel_close_fd(reply->fds[i]);
	reply->fd_count = 0;
}

/* The ioctl failed: its descriptors are not the program's to know. */
void preload_reply_close_installed(struct preload_reply *reply)
{
	for (unsigned i = 0; i < reply->installed_count; i++)
		preload_channel_close_fd(reply->installed[i]);
	reply->installed_count = 0;
}

/* Bare system calls: sendmsg and recvmsg are cancellation points, ioctl is not. */
static ssize_t send_packet(int fd, const struct msghdr *message)
{
	ssize_t ret;

	do {
		ret = syscall(SYS_sendmsg, (long)fd, message, (long)MSG_NOSIGNAL);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

/* The answer is lost to a bad address of the program's; the channel is in order. */
static int receive_fault(struct preload_channel *channel, struct preload_reply *reply)
{
	struct wire_ioctl_reply *head = (struct wire_ioctl_reply *)channel->memory->reply;

	*head = (struct wire_ioctl_reply){.header = {WIRE_MAGIC, WIRE_IOCTL, 0, sizeof(*head),
		-EFAULT}};
	reply->header = &head->header;
	return 0;
}

static int receive(struct preload_channel *channel, struct preload_reply *reply)
{
	const size_t head = sizeof(struct wire_ioctl_reply) + sizeof(struct wire_extent);
	union {
		char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	uint8_t *memory = channel->memory->reply;
	struct iovec whole = {memory, WIRE_PACKET_MAX}, parts[2] = {{memory, head}};
	struct msghdr message = {.msg_iov = &whole, .msg_iovlen = 1, .msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	ssize_t size;

	if (reply->landing) {
		parts[1] = *reply->landing;
		message.msg_iov = parts;
		message.msg_iovlen = 2;
	}
	do {
		size = reply->plain ?
			syscall(SYS_recvfrom, (long)channel->fd, memory, (long)WIRE_PACKET_MAX, 0l,
				NULL, NULL) :
			syscall(SYS_recvmsg, (long)channel->fd, &message, (long)MSG_CMSG_CLOEXEC);
	} while (size < 0 && errno == EINTR);
	reply->header = (const struct wire_header *)memory;
	reply->fd_count = 0;
	if (size < 0 && errno == EFAULT && reply->landing)
		return receive_fault(channel, reply);
	if (size < (ssize_t)sizeof(*reply->header) || reply->header->magic != WIRE_MAGIC ||
	    reply->header->size != size)
		return -ENODEV;
	struct cmsghdr *first = reply->plain ? NULL : CMSG_FIRSTHDR(&message);
	if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
		reply->fd_count = (first->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(reply->fds, CMSG_DATA(first), reply->fd_count * sizeof(int));
	}
	return 0;
}

ssize_t preload_channel_send(struct preload_channel *channel, struct iovec *vec,
	unsigned vec_count, const int *fds, unsigned fd_count)
{
	struct wire_header *header = vec[0].iov_base;
	union {
		char space[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct msghdr message = {.msg_iov = vec, .msg_iovlen = vec_count};

	header->magic = WIRE_MAGIC;
	header->fds = fd_count;
	header->size = 0;
	for (unsigned i = 0; i < vec_count; i++)
		header->size += vec[i].iov_len;
	if (fd_count) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * fd_count);
	}
	return send_packet(channel->fd, &message);
}

enum { PLAIN_MAX = 1024 };

/* One small piece costs the kernel less than a message of several. */
static ssize_t send_plain(struct preload_channel *channel, struct iovec *vec, unsigned vec_count)
{
	uint8_t packet[PLAIN_MAX] __attribute__((aligned(8)));
	struct wire_header *header = (struct wire_header *)packet;
	size_t size = 0;
	ssize_t ret;

	for (unsigned i = 0; i < vec_count; i++) {
		if (vec[i].iov_len > sizeof(packet) - size)
			return preload_channel_send(channel, vec, vec_count, NULL, 0);
		memcpy(packet + size, vec[i].iov_base, vec[i].iov_len);
		size += vec[i].iov_len;
	}
	header->magic = WIRE_MAGIC;
	header->fds = 0;
	header->size = size;
	do {
		ret = syscall(SYS_sendto, (long)channel->fd, packet, size, (long)MSG_NOSIGNAL, NULL,
			0l);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

/* A reply, after any number of questions. */
static int wait_for_reply(struct preload_channel *channel, struct preload_reply *reply)
{
	int ret;

	for (;;) {
		ret = receive(channel, reply);
		if (ret || reply->header->op != WIRE_UPCALL)
			return ret;
		ret = reply->upcalls ? preload_channel_answer(channel, reply) : -ENODEV;
		if (ret) {
			preload_reply_close_fds(reply);
			return ret;
		}
	}
}

int preload_channel_call(struct preload_channel *channel, struct iovec *vec, unsigned vec_count,
	const int *fds, unsigned fd_count, struct preload_reply *reply)
{
	((struct wire_header *)vec[0].iov_base)->result = sched_getcpu();
	ssize_t sent = reply->plain && !fd_count ? send_plain(channel, vec, vec_count) :
		preload_channel_send(channel, vec, vec_count, fds, fd_count);

	if (sent == -EFAULT || (sent == -EBADF && fd_count))
		return sent;
	if (sent < 0) {
		close_channel(channel);
		return sent == -EPIPE || sent == -ECONNRESET ? -EPIPE : -ENODEV;
	}
	int ret = wait_for_reply(channel, reply);
	if (ret) {
		close_channel(channel);
		preload_reply_close_installed(reply);
	}
	/* The table of descriptors was full: the kernel dropped some of them. */
	if (!ret && reply->fd_count < reply->header->fds) {
		preload_reply_close_fds(reply);
		preload_reply_close_installed(reply);
		return -EMFILE;
	}
	return ret;
}
