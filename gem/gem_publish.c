#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gem_publish.h"

enum {
	LINE_BYTES = GEM_PUBLISH_LINE * sizeof(gem_counter),
	LINES = GEM_PUBLISH_SIZE / LINE_BYTES,
	LINE_SCRAP = 0, /* place 0: nobody watches it */
	LINE_BUSY,
	LINE_FIRST, /* of those that are given out */
};

/*
 * Always there, so that counters without an owner need no care; shared memory takes this
 * place while there are lines, and no descriptor is open while there are none.
 */
static uint8_t memory[GEM_PUBLISH_SIZE] __attribute__((aligned(1 << 16)));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int memory_fd = -1;         /* lock, as all below */
static unsigned used;              /* lines given out */
static unsigned fresh = LINE_FIRST; /* lines from here on were never used */
static uint32_t free_lines[LINES]; /* given back; the last is taken first */
static unsigned free_count;

static gem_counter *line_at(unsigned index)
{
	return (gem_counter *)(memory + (size_t)index * LINE_BYTES);
}

static bool share_memory_locked(void)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

	if (memory_fd >= 0)
		return true;
	int fd = memfd_create("testcard-published", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return false;
	/* Written through this mapping only: the seals come after it. */
	if (ftruncate(fd, GEM_PUBLISH_SIZE) < 0 ||
	    mmap(memory, GEM_PUBLISH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		0) == MAP_FAILED || fcntl(fd, F_ADD_SEALS, seals) < 0) {
		close(fd);
		return false;
	}
	memory_fd = fd;
	return true;
}

/* Private again, all zero: there is nobody to move a counter. */
static void unshare_memory_locked(void)
{
	mmap(memory, GEM_PUBLISH_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	close(memory_fd);
	memory_fd = -1;
	fresh = LINE_FIRST;
	free_count = 0;
}

gem_counter *gem_publish_alloc(void)
{
	unsigned index = LINE_SCRAP;

	pthread_mutex_lock(&lock);
	if (share_memory_locked()) {
		if (free_count)
			index = free_lines[--free_count];
		else if (fresh < LINES)
			index = fresh++;
		used += index != LINE_SCRAP;
		if (!used)
			unshare_memory_locked();
	}
	pthread_mutex_unlock(&lock);
	return line_at(index);
}

void gem_publish_free(gem_counter *line)
{
	unsigned index = (unsigned)(((uint8_t *)line - memory) / LINE_BYTES);

	if (index == LINE_SCRAP)
		return;
	for (unsigned i = 0; i < GEM_PUBLISH_LINE; i++)
		gem_publish_move(&line[i]);
	pthread_mutex_lock(&lock);
	free_lines[free_count++] = index;
	if (--used == 0)
		unshare_memory_locked();
	pthread_mutex_unlock(&lock);
}

uint32_t gem_publish_place(const gem_counter *counter)
{
	size_t place = (const uint8_t *)counter - memory;

	return place < LINE_BYTES ? 0 : (uint32_t)place;
}

int gem_publish_open(int *fd)
{
	char path[32];
	int ret = -ENODEV;

	pthread_mutex_lock(&lock);
	if (memory_fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_fd);
		*fd = open(path, O_RDONLY | O_CLOEXEC);
		ret = *fd < 0 ? -errno : 0;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a counter begins with its low half");

/*
 * The low half is the thread's number, as in a lock that it holds; when it dies the kernel
 * puts FUTEX_OWNER_DIED in its place, which is more than any number.
 */
void gem_publish_enter(struct gem_publish_life *life, gem_counter *counter)
{
	*life = (struct gem_publish_life){
		.head = {.list = {&life->link}, .futex_offset = (uint8_t *)counter -
			(uint8_t *)&life->link},
		.link = {&life->head.list},
		.counter = counter,
	};
	atomic_store(counter, (uint64_t)gettid());
	syscall(SYS_set_robust_list, &life->head, sizeof(life->head));
}

void gem_publish_leave(struct gem_publish_life *life)
{
	life->head.list.next = &life->head.list;
	atomic_store(life->counter, FUTEX_OWNER_DIED);
}

gem_counter *gem_publish_busy(void)
{
	return line_at(LINE_BUSY);
}
