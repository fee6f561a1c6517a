#include "preload_memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SPAN_BATCH = 64, TOUCH_BYTES = 8, TOUCH_MAX = 4 * 4096 };
#define SPAN_PAGE 4096ull

/* A sandbox may refuse the calls; plain copies then serve honest programs. */
static atomic_bool denied;

static ssize_t transfer(long number, const struct iovec *local, const struct iovec *remote,
	unsigned long remote_count)
{
	ssize_t ret = syscall(number, (long)getpid(), local, 1ul, remote, remote_count, 0ul);

	if (ret < 0 && errno != EFAULT)
		atomic_store_explicit(&denied, true, memory_order_relaxed);
	return ret;
}

/* Bytes 0 to 7 at address: the kernel reads a set of signals there, and refuses what to do. */
static bool can_read(uint64_t address)
{
	return syscall(SYS_rt_sigprocmask, -1l, address, 0l, (long)TOUCH_BYTES) == 0 ||
		errno != EFAULT;
}

/* As above; the kernel leaves the thread's own set there. */
static bool can_write(uint64_t address)
{
	return syscall(SYS_rt_sigprocmask, 0l, 0l, address, (long)TOUCH_BYTES) == 0 ||
		errno != EFAULT;
}

/*
 * Copies between the program's own pages cost a system call ten times dearer than one
 * that only touches each page, so little memory is touched first and then copied. Who
 * unmaps memory in one thread while another's ioctl uses it crashes where the kernel
 * might have said EFAULT. Only bytes of the range are touched.
 */
static bool can_touch(bool (*touch)(uint64_t address), uint64_t address, size_t length)
{
	uint64_t end = address + length;

	/* NULL would be no address for the kernel. */
	if (end < address || !address)
		return false;
	for (uint64_t at = address; at < end; at = (at | (SPAN_PAGE - 1)) + 1) {
		if (!touch(at < end - TOUCH_BYTES ? at : end - TOUCH_BYTES))
			return false;
	}
	return true;
}

struct word {
	uint64_t value;
} __attribute__((packed, may_alias));

/*
 * Not memcpy: in a program with the address sanitizer that is the sanitizer's, which
 * judges what the program has pointed to; a kernel copies what is there.
 */
__attribute__((no_sanitize("address", "undefined"))) static void copy(void *dst, const void *src,
	size_t length)
{
	volatile uint8_t *to = dst;
	const volatile uint8_t *from = src;

	for (; length >= sizeof(struct word); length -= sizeof(struct word)) {
		((volatile struct word *)to)->value = ((const volatile struct word *)from)->value;
		to += sizeof(struct word);
		from += sizeof(struct word);
	}
	while (length--)
		*to++ = *from++;
}

/*
 * Most arguments are locals of the function that calls: nobody unmaps the stack he stands
 * on. What was found to be writable above a frame stays so while the thread is at that
 * frame or below it, and needs no system call any more.
 */
static __thread struct {
	uint64_t low, high; /* equal = nothing is known */
	unsigned grown;
} stack __attribute__((tls_model("initial-exec")));

enum { STACK_NEAR = 64 << 10, STACK_GROWN_MAX = 1024 };

/* Where the thread stands. */
#define STACK_HERE ((uintptr_t)__builtin_frame_address(0))

static bool on_stack(uint64_t here, uint64_t address, size_t length)
{
	return here >= stack.low && address >= here && address <= stack.high &&
		length <= stack.high - address;
}

/* length bytes at address were just found to be writable. */
static void note_stack(uint64_t here, uint64_t address, size_t length)
{
	uint64_t low = here & ~(SPAN_PAGE - 1), high = address + length;

	if (address < here || high - here > STACK_NEAR || stack.grown == STACK_GROWN_MAX)
		return;
	stack.grown++;
	for (uint64_t at = low; at < address; at += SPAN_PAGE) {
		if (!can_read(at < here ? here : at))
			return;
	}
	/* Joined to what is known, when there is no gap. */
	bool joins = low <= stack.high && high >= stack.low;
	stack.low = joins && stack.low < low ? stack.low : low;
	stack.high = joins && stack.high > high ? stack.high : high;
}

static bool is_little(size_t length)
{
	return length >= TOUCH_BYTES && length <= TOUCH_MAX;
}

bool preload_memory_at_hand(uint64_t address, size_t length)
{
	return on_stack(STACK_HERE, address, length);
}

int preload_memory_read(void *dst, uint64_t address, size_t length)
{
	struct iovec local, remote;

	if (on_stack(STACK_HERE, address, length)) {
		copy(dst, (const void *)(uintptr_t)address, length);
		return 0;
	}
	local = (struct iovec){dst, length};
	remote = (struct iovec){(void *)(uintptr_t)address, length};
	if (is_little(length)) {
		if (!can_touch(can_read, address, length))
			return -EFAULT;
	} else if (!atomic_load_explicit(&denied, memory_order_relaxed)) {
		ssize_t ret = transfer(SYS_process_vm_readv, &local, &remote, 1);
		if (!atomic_load_explicit(&denied, memory_order_relaxed))
			return ret == (ssize_t)length ? 0 : -EFAULT;
	}
	copy(dst, remote.iov_base, length);
	return 0;
}

int preload_memory_collect(void *dst, const struct iovec *parts, unsigned count)
{
	struct iovec local = {dst, 0};
	uint8_t *at = dst;

	for (unsigned i = 0; i < count; i++)
		local.iov_len += parts[i].iov_len;
	if (!atomic_load_explicit(&denied, memory_order_relaxed)) {
		ssize_t ret = transfer(SYS_process_vm_readv, &local, parts, count);
		if (!atomic_load_explicit(&denied, memory_order_relaxed))
			return ret == (ssize_t)local.iov_len ? 0 : -EFAULT;
	}
	for (unsigned i = 0; i < count; i++) {
		copy(at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	return 0;
}

int preload_memory_write(uint64_t address, const void *src, size_t length)
{
	struct iovec local, remote;

	if (on_stack(STACK_HERE, address, length)) {
		copy((void *)(uintptr_t)address, src, length);
		return 0;
	}
	local = (struct iovec){(void *)src, length};
	remote = (struct iovec){(void *)(uintptr_t)address, length};
	if (is_little(length)) {
		if (!can_touch(can_write, address, length))
			return -EFAULT;
		note_stack(STACK_HERE, address, length);
	} else if (!atomic_load_explicit(&denied, memory_order_relaxed)) {
		ssize_t ret = transfer(SYS_process_vm_writev, &local, &remote, 1);
		if (!atomic_load_explicit(&denied, memory_order_relaxed))
			return ret == (ssize_t)length ? 0 : -EFAULT;
	}
	copy(remote.iov_base, src, length);
	return 0;
}

/* One byte of each page, many pages a call: the call stops at the first bad one. */
uint64_t preload_memory_span(uint64_t address, uint64_t length)
{
	uint64_t done = 0;

	while (done < length) {
		char bytes[SPAN_BATCH];
		struct iovec remote[SPAN_BATCH], local = {bytes, sizeof(bytes)};
		uint64_t at = address + done, end = done;
		unsigned count = 0;

		while (count < SPAN_BATCH && end < length) {
			remote[count++] = (struct iovec){(void *)(uintptr_t)at, 1};
			at = (at | (SPAN_PAGE - 1)) + 1;
			end = at - address;
		}
		ssize_t good = transfer(SYS_process_vm_readv, &local, remote, count);
		if (atomic_load_explicit(&denied, memory_order_relaxed))
			return length;
		if (good <= 0)
			break;
		done = ((address + done) | (SPAN_PAGE - 1)) + 1 + (good - 1) * SPAN_PAGE - address;
		if (good < (ssize_t)count)
			break;
	}
	return done < length ? done : length;
}
