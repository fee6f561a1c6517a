#include "preload_keep.h"

#include <linux/ioctl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include "preload_door.h"
#include "preload_gather.h"
#include "preload_memory.h"
#include "preload_real.h"
#include "preload_watch.h"

enum {
	NUMBERS = 1 << _IOC_NRBITS,
	FILES = 8, /* power of two: by descriptor */
	WAYS = 4,  /* places where an answer may be */
	SMALL_COUNT = 128, SMALL_BYTES = 512,
	LARGE_COUNT = 16, LARGE_BYTES = PRELOAD_KEEP_BYTES,
	TYPE_DRM = 'd',
	/* A request that was never kept so often in a row is tried only now and then. */
	VAIN_MAX = 16,
};

enum { MODE_UNKNOWN, MODE_ON, MODE_OFF, MODE_CHECK };

/* A descriptor and the name that its file has; nothing else has that name. */
struct known_file {
	int fd;
	socklen_t name_length; /* 0 = none */
	struct sockaddr_un name;
	uint64_t instance;
	uint32_t id;
	const _Atomic uint64_t *counters[WIRE_WATCHES];
};

struct kept {
	uint64_t hash; /* 0 = nothing */
	uint64_t instance;
	uint32_t file_id, request;
	uint64_t stamp; /* sum of the counters: they only grow */
	uint16_t depends, key_size, extent_count;
	uint16_t data_size;
	int32_t result;
	uint8_t bytes[]; /* key, extents (from key_room on), their data */
};

/* A thread's own. Wiped in a forked child. */
struct keeper {
	bool busy; /* a signal handler that finds it set asks the server */
	struct known_file files[FILES];
	uint8_t vain[NUMBERS];
	uint32_t counts[NUMBERS], untold; /* answers given */
	unsigned victim;
	uint8_t small[SMALL_COUNT][SMALL_BYTES] __attribute__((aligned(8)));
	uint8_t large[LARGE_COUNT][LARGE_BYTES] __attribute__((aligned(8)));
	uint8_t fresh[LARGE_BYTES] __attribute__((aligned(8))); /* being made */
};

static __thread struct keeper *own __attribute__((tls_model("initial-exec")));

static int mode(void)
{
	static atomic_int known = MODE_UNKNOWN;
	int now = atomic_load_explicit(&known, memory_order_relaxed);

	if (now != MODE_UNKNOWN)
		return now;
	const char *wish = getenv("TESTCARD_HOT");
	now = wish && !strcmp(wish, "off") ? MODE_OFF :
		wish && !strcmp(wish, "check") ? MODE_CHECK : MODE_ON;
	atomic_store_explicit(&known, now, memory_order_relaxed);
	return now;
}

/* No malloc: a signal handler may be in the middle of one. */
static struct keeper *create(void)
{
	struct keeper *keeper = preload_real_mmap(NULL, sizeof(*keeper), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (keeper == MAP_FAILED)
		return NULL;
	if (madvise(keeper, sizeof(*keeper), MADV_WIPEONFORK) < 0) {
		munmap(keeper, sizeof(*keeper));
		return NULL;
	}
	return keeper;
}

/* Bytes of a key, so that what follows is aligned. */
static size_t key_room(size_t key_size)
{
	return (key_size + 3) & ~(size_t)3;
}

static struct keeper *begin(void)
{
	if (!own)
		own = create();
	if (!own || own->busy)
		return NULL;
	own->busy = true;
	atomic_signal_fence(memory_order_seq_cst);
	return own;
}

static void end(struct keeper *keeper)
{
	atomic_signal_fence(memory_order_seq_cst);
	keeper->busy = false;
}

void preload_keep_finish(void)
{
	struct keeper *keeper = own;

	/* First: a signal handler may look. */
	own = NULL;
	if (keeper)
		munmap(keeper, sizeof(*keeper));
}

uint32_t preload_keep_take_count(unsigned number)
{
	uint32_t count = own ? own->counts[number] : 0;

	if (count) {
		own->counts[number] = 0;
		own->untold -= count;
	}
	return count;
}

uint32_t preload_keep_untold(void)
{
	return own ? own->untold : 0;
}

/* ---- finding ---- */

static struct known_file *file_slot(struct keeper *keeper, int fd)
{
	return &keeper->files[fd & (FILES - 1)];
}

/* NULL: unknown, or the number is something else by now. */
static const struct known_file *find_file(struct keeper *keeper, int fd)
{
	const struct known_file *file = file_slot(keeper, fd);
	struct sockaddr_un name;
	socklen_t length = sizeof(name);

	if (!file->name_length || file->fd != fd ||
	    preload_real_getsockname(fd, (struct sockaddr *)&name, &length) < 0 ||
	    length != file->name_length || memcmp(&name, &file->name, length))
		return NULL;
	return file;
}

static bool is_kept(const struct kept *kept, const struct preload_ticket *ticket)
{
	return kept->hash == ticket->hash && kept->file_id == ticket->file_id &&
		kept->instance == ticket->instance && kept->request == ticket->request &&
		kept->key_size == ticket->key_size &&
		!memcmp(kept->bytes, ticket->key, ticket->key_size);
}

static struct kept *small_at(struct keeper *keeper, uint64_t hash, unsigned way)
{
	return (struct kept *)keeper->small[((hash >> 8) + way) % SMALL_COUNT];
}

static struct kept *large_at(struct keeper *keeper, uint64_t hash, unsigned way)
{
	return (struct kept *)keeper->large[((hash >> 8) + way) % LARGE_COUNT];
}

static struct kept *find(struct keeper *keeper, const struct preload_ticket *ticket)
{
	for (unsigned way = 0; way < WAYS; way++) {
		if (is_kept(small_at(keeper, ticket->hash, way), ticket))
			return small_at(keeper, ticket->hash, way);
		if (is_kept(large_at(keeper, ticket->hash, way), ticket))
			return large_at(keeper, ticket->hash, way);
	}
	return NULL;
}

/* False: one of them can not be watched. */
static bool stamp_of(const _Atomic uint64_t *const counters[WIRE_WATCHES], unsigned depends,
	uint64_t *stamp)
{
	*stamp = 0;
	/* Most depend on one or two of them. */
	for (depends &= (1u << WIRE_WATCHES) - 1; depends; depends &= depends - 1) {
		const _Atomic uint64_t *counter = counters[__builtin_ctz(depends)];

		if (!counter)
			return false;
		*stamp += atomic_load_explicit(counter, memory_order_acquire);
	}
	return true;
}

static struct wire_extent *extents_of(struct kept *kept)
{
	return (struct wire_extent *)(kept->bytes + key_room(kept->key_size));
}

static uint8_t *data_of(struct kept *kept)
{
	return (uint8_t *)(extents_of(kept) + kept->extent_count);
}

/* ---- answering ---- */

static long write_answer(struct kept *kept, const struct preload_ticket *ticket)
{
	const struct wire_extent *extent = extents_of(kept), *end = extent + kept->extent_count;
	uint8_t *data = data_of(kept);

	for (; extent < end; data += extent->length, extent++) {
		if (extent->segment == 0)
			preload_ticket_put_pointers(ticket, extent, data, true);
		int ret = preload_memory_write(ticket->segments[extent->segment].address +
			extent->offset, data, extent->length);
		if (ret)
			return ret;
	}
	return kept->result;
}

static bool answer(struct keeper *keeper, int fd, struct preload_ticket *ticket, long *result)
{
	const struct known_file *file = find_file(keeper, fd);
	uint64_t stamp;

	if (!file)
		return false;
	ticket->file_id = file->id;
	ticket->instance = file->instance;
	struct kept *kept = find(keeper, ticket);
	if (!kept || !stamp_of(file->counters, kept->depends, &stamp) || stamp != kept->stamp)
		return false;
	*result = write_answer(kept, ticket);
	keeper->counts[_IOC_NR(ticket->request)]++;
	keeper->untold++;
	return true;
}

/* Most of what was asked in vain so often is never kept. */
static bool in_vain(struct keeper *keeper, uint32_t request)
{
	uint8_t *vain = &keeper->vain[_IOC_NR(request)];

	if (*vain < VAIN_MAX)
		return false;
	*vain = *vain == UINT8_MAX ? VAIN_MAX - 1 : *vain + 1;
	return true;
}

bool preload_keep_answer(int fd, uint32_t request, uint64_t arg, struct preload_ticket *ticket,
	long *result)
{
	bool answered = false;
	struct keeper *keeper;

	ticket->open = ticket->watched = false;
	if (_IOC_TYPE(request) != TYPE_DRM || mode() == MODE_OFF)
		return false;
	keeper = begin();
	if (!keeper)
		return false;
	if (!in_vain(keeper, request) && !preload_kept_wait(keeper->untold)) {
		ticket->open = preload_ticket_open(ticket, request, arg);
		answered = ticket->open && mode() != MODE_CHECK &&
			answer(keeper, fd, ticket, result);
	}
	end(keeper);
	return answered;
}

/* ---- keeping ---- */

void preload_keep_watch(struct preload_ticket *ticket, struct preload_channel *channel,
	uint32_t file_id)
{
	const struct preload_attached *attached = preload_channel_attached(channel, file_id);

	ticket->watched = false;
	if (!ticket->open || !attached)
		return;
	const uint8_t *memory = preload_watch_memory(channel);
	if (!memory)
		return;
	ticket->file_id = file_id;
	ticket->instance = channel->instance;
	for (unsigned i = 0; i < WIRE_WATCHES; i++) {
		uint32_t place = attached->places[i];
		bool there = place && place % sizeof(uint64_t) == 0 && place < WIRE_WATCH_SIZE;

		ticket->counters[i] = there ? (const _Atomic uint64_t *)(memory + place) : NULL;
		ticket->seen[i] = there ?
			atomic_load_explicit(ticket->counters[i], memory_order_acquire) : 0;
	}
	ticket->watched = true;
}

/* The segments of both are the same: nothing was trimmed, nothing left out. */
static bool as_gathered(const struct preload_ticket *ticket, const struct preload_gather *gather)
{
	return gather->memfd < 0 && gather->head.segment_count == ticket->segment_count &&
		!memcmp(gather->scratch->segments, ticket->segments,
			ticket->segment_count * sizeof(ticket->segments[0]));
}

static void learn_file(struct keeper *keeper, const struct preload_ticket *ticket, int fd)
{
	struct known_file *file = file_slot(keeper, fd);
	uint64_t instance;
	uint32_t id;

	if (file->name_length && file->fd == fd && file->id == ticket->file_id &&
	    file->instance == ticket->instance)
		return;
	file->name_length = 0;
	if (!preload_fd_is_device(fd, &instance, &id) || id != ticket->file_id ||
	    instance != ticket->instance)
		return;
	socklen_t length = sizeof(file->name);
	if (preload_real_getsockname(fd, (struct sockaddr *)&file->name, &length) < 0 ||
	    length > sizeof(file->name))
		return;
	file->fd = fd;
	file->id = id;
	file->instance = instance;
	memcpy(file->counters, ticket->counters, sizeof(file->counters));
	file->name_length = length;
}

/* A place for size bytes: of an answer that is none any more, or else the next in turn. */
static struct kept *choose(struct keeper *keeper, const struct preload_ticket *ticket, size_t size)
{
	struct kept *(*at)(struct keeper *, uint64_t, unsigned) =
		size <= SMALL_BYTES ? small_at : large_at;
	struct kept *old = find(keeper, ticket);

	if (old)
		old->hash = 0;
	for (unsigned way = 0; way < WAYS; way++) {
		struct kept *kept = at(keeper, ticket->hash, way);

		if (!kept->hash)
			return kept;
	}
	return at(keeper, ticket->hash, keeper->victim++ % WAYS);
}

/* TESTCARD_HOT=check: what the counters promised was not true. */
static void check(struct keeper *keeper, const struct preload_ticket *ticket, struct kept *now)
{
	static const char text[] = "testcard: an answer that was to stay true has changed\n";
	struct kept *kept = find(keeper, ticket);
	uint64_t stamp;

	if (mode() != MODE_CHECK || !kept || !stamp_of(ticket->counters, kept->depends, &stamp) ||
	    stamp != kept->stamp)
		return;
	if (kept->result == now->result && kept->extent_count == now->extent_count &&
	    kept->data_size == now->data_size && !memcmp(extents_of(kept), extents_of(now),
		kept->extent_count * sizeof(struct wire_extent) + kept->data_size))
		return;
	if (preload_real_write(STDERR_FILENO, text, sizeof(text) - 1) >= 0)
		abort();
}

/* What lies in the reply's extents is what the client has room for. */
static bool sound(const struct preload_ticket *ticket, const struct wire_ioctl_reply *head,
	size_t size)
{
	const struct wire_extent *extents = (const struct wire_extent *)(head + 1);
	uint64_t data = 0;

	if ((uint64_t)head->extent_count * sizeof(*extents) > size)
		return false;
	for (unsigned i = 0; i < head->extent_count; i++) {
		if (extents[i].segment >= ticket->segment_count ||
		    (uint64_t)extents[i].offset + extents[i].length >
			ticket->segments[extents[i].segment].length)
			return false;
		data += extents[i].length;
	}
	return head->extent_count * sizeof(*extents) + data == size;
}

/* So that equal answers are equal. */
static void drop_pointers(const struct preload_ticket *ticket, struct kept *kept)
{
	const struct wire_extent *extent = extents_of(kept), *end = extent + kept->extent_count;
	uint8_t *data = data_of(kept);

	for (; extent < end; data += extent->length, extent++) {
		if (extent->segment == 0)
			preload_ticket_put_pointers(ticket, extent, data, false);
	}
}

static void store(struct keeper *keeper, const struct preload_ticket *ticket,
	const struct wire_ioctl_reply *head)
{
	size_t size = head->header.size - sizeof(*head);
	size_t whole = sizeof(struct kept) + key_room(ticket->key_size) + size;
	uint64_t stamp = 0;

	for (unsigned i = 0; i < WIRE_WATCHES; i++) {
		if (head->depends >> i & 1)
			stamp += ticket->seen[i];
		if (head->depends >> i & 1 && !ticket->counters[i])
			return;
	}
	if (whole > LARGE_BYTES || !sound(ticket, head, size))
		return;
	struct kept *kept = (struct kept *)keeper->fresh;
	*kept = (struct kept){
		.hash = ticket->hash, .instance = ticket->instance, .file_id = ticket->file_id,
		.request = ticket->request, .stamp = stamp, .depends = head->depends,
		.key_size = ticket->key_size, .extent_count = head->extent_count,
		.data_size = size - head->extent_count * sizeof(struct wire_extent),
		.result = head->header.result,
	};
	memcpy(kept->bytes, ticket->key, ticket->key_size);
	memcpy(extents_of(kept), head + 1, size);
	drop_pointers(ticket, kept);
	check(keeper, ticket, kept);
	memcpy(choose(keeper, ticket, whole), kept, whole);
}

void preload_keep_store(const struct preload_ticket *ticket, int fd,
	const struct preload_gather *gather, const struct preload_reply *reply)
{
	const struct wire_ioctl_reply *head = (const struct wire_ioctl_reply *)reply->header;
	struct keeper *keeper;

	if (!ticket->open || !ticket->watched || head->header.size < sizeof(*head))
		return;
	keeper = begin();
	if (!keeper)
		return;
	uint8_t *vain = &keeper->vain[_IOC_NR(ticket->request)];
	if (head->header.result < 0 || !head->depends || reply->fd_count ||
	    !as_gathered(ticket, gather)) {
		*vain += *vain < VAIN_MAX;
	} else {
		*vain = 0;
		learn_file(keeper, ticket, fd);
		store(keeper, ticket, head);
	}
	end(keeper);
}
