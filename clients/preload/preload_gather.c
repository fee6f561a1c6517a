#include "preload_gather.h"

#include <errno.h>
#include <fcntl.h>
#include <i915_drm.h>
#include <linux/ioctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload_memory.h"

enum {
	SUM_BATCH = 256,
	SUM_COUNTS_MAX = 1 << 20, /* longer lists are cut: no device has so many objects */
	/* Counts are often uninitialised when the handler ignores them: no need for gigabytes. */
	ARRAY_MAX = 64 << 20,
	/* The argument struct counts too. */
	BULK_MAX = WIRE_DATA_MAX - (1 << _IOC_SIZEBITS),
	LINK_MAX = 256,
};

/* Bare system calls: the C library's are cancellation points, an ioctl is not. */
static bool file_read(int fd, void *dst, size_t length, uint64_t position)
{
	return syscall(SYS_pread64, (long)fd, dst, length, position) == (long)length;
}

static bool file_write(int fd, const void *src, size_t length, uint64_t position)
{
	return syscall(SYS_pwrite64, (long)fd, src, length, position) == (long)length;
}

/* The argument struct or a link of its chain, as far as the program's goes. */
struct record {
	const uint8_t *data;
	size_t size;
};

/* A field; 0 when the program's struct ends before it. */
static uint64_t record_field(const struct record *record, uint16_t offset, uint8_t size)
{
	uint64_t wide;
	uint32_t narrow;

	if (!record->data || offset + size > record->size)
		return 0;
	if (size == sizeof(wide)) {
		memcpy(&wide, record->data + offset, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, record->data + offset, sizeof(narrow));
	return narrow;
}


/* Sum of count u32 numbers at address, as far as they can be read. */
static uint64_t sum_counts(uint64_t address, uint64_t count)
{
	uint32_t batch[SUM_BATCH];
	uint64_t sum = 0;

	count = count < SUM_COUNTS_MAX ? count : SUM_COUNTS_MAX;
	while (count) {
		uint64_t now = count < SUM_BATCH ? count : SUM_BATCH;

		now = preload_memory_span(address, now * sizeof(*batch)) / sizeof(*batch);
		if (!now || preload_memory_read(batch, address, now * sizeof(*batch)))
			break;
		for (uint64_t i = 0; i < now; i++)
			sum += batch[i];
		address += now * sizeof(*batch);
		count -= now;
	}
	return sum;
}

static void add_segment(struct preload_gather *gather, uint64_t address, uint64_t length,
	uint32_t flags)
{
	if (!length || address + length < address)
		return;
	gather->segments[gather->head.segment_count++] =
		(struct wire_segment){address, length, flags};
}

static void add_array(struct preload_gather *gather, const struct record *record,
	const struct wire_array *array)
{
	uint64_t address = record_field(record, array->pointer, array->pointer_size);
	uint64_t count = array->kind == WIRE_COUNT_ONE ? 1 :
		record_field(record, array->count, array->count_size);

	if (!address || !count)
		return;
	if (array->kind == WIRE_COUNT_SUM)
		count = sum_counts(record_field(record, array->counts_pointer, sizeof(uint64_t)),
			count);
	uint64_t most = (array->kind == WIRE_COUNT_BULK ? BULK_MAX : ARRAY_MAX) / array->element;
	add_segment(gather, address, (count < most ? count : most) * array->element,
		array->direction);
}

static const struct wire_extension *find_extension(const struct wire_layout *layout, uint32_t name)
{
	for (unsigned i = 0; i < layout->extension_count; i++) {
		if (layout->extensions[i].name == name)
			return &layout->extensions[i];
	}
	return NULL;
}

static void add_chain(struct preload_gather *gather, uint64_t address)
{
	for (unsigned i = 0; address && i < WIRE_CHAIN_MAX; i++) {
		struct i915_user_extension head;
		uint8_t link[LINK_MAX];

		if (preload_memory_read(&head, address, sizeof(head)))
			return;
		const struct wire_extension *extension = find_extension(gather->layout, head.name);
		struct record record = {link, extension ? extension->size : sizeof(head)};

		add_segment(gather, address, record.size, WIRE_SEG_IN);
		if (extension && extension->has_array &&
		    !preload_memory_read(link, address, record.size))
			add_array(gather, &record, &extension->array);
		address = head.next_extension;
	}
}

void preload_gather_init(struct preload_gather *gather, uint32_t file_id, uint32_t request,
	uint64_t arg, uint8_t *scratch)
{
	const struct wire_layout *layout = wire_layout_find(request);
	uint32_t size = _IOC_SIZE(request), direction = wire_layout_direction(request);

	memset(&gather->head, 0, sizeof(gather->head));
	gather->head.header.op = WIRE_IOCTL;
	gather->head.arg = arg;
	gather->head.file_id = file_id;
	gather->head.request = request;
	gather->layout = layout;
	gather->copy = NULL;
	gather->number = -1;
	gather->memfd = -1;
	if (layout && layout->value)
		return;
	if (direction)
		add_segment(gather, arg, size, direction);
	if (!layout || !(direction & WIRE_SEG_IN) || preload_memory_read(scratch, arg, size))
		return;
	gather->copy = scratch;
	struct record record = {scratch, size};
	for (unsigned i = 0; i < layout->array_count; i++)
		add_array(gather, &record, &layout->arrays[i]);
	if (layout->chain)
		add_chain(gather, record_field(&record, layout->chain_head, sizeof(uint64_t)));
	if (layout->fd_in != WIRE_NO_FIELD && layout->fd_in + sizeof(int) <= size)
		gather->number = (int32_t)record_field(&record, layout->fd_in, sizeof(int));
}

void preload_gather_finish(struct preload_gather *gather)
{
	if (gather->memfd >= 0)
		close(gather->memfd);
}

/* Cuts what goes along to what can be read. */
static void trim(struct preload_gather *gather)
{
	for (unsigned i = 0; i < gather->head.segment_count; i++) {
		struct wire_segment *segment = &gather->segments[i];

		if (segment->flags & WIRE_SEG_IN)
			segment->length = preload_memory_span(segment->address, segment->length);
	}
	/* The program unmapped its argument since we looked. */
	if (gather->copy && gather->segments[0].length < _IOC_SIZE(gather->head.request))
		gather->copy = NULL;
}

static const void *data_of(const struct preload_gather *gather, unsigned i)
{
	if (i == 0 && gather->copy)
		return gather->copy;
	return (const void *)(uintptr_t)gather->segments[i].address;
}

/* 1 when the data fit in the packet, 0 when they are in a memfd, -errno. */
static int store_large(struct preload_gather *gather)
{
	uint64_t total = 0;
	uint64_t position = 0;

	for (unsigned i = 0; i < gather->head.segment_count; i++)
		total += gather->segments[i].length;
	if (total <= WIRE_INLINE_MAX)
		return 1;
	gather->memfd = memfd_create("testcard-ioctl", MFD_CLOEXEC);
	if (gather->memfd < 0)
		return -errno;
	trim(gather);
	for (unsigned i = 0; i < gather->head.segment_count; i++) {
		const struct wire_segment *segment = &gather->segments[i];

		if (segment->flags & WIRE_SEG_IN && segment->length &&
		    !file_write(gather->memfd, data_of(gather, i), segment->length, position))
			return errno == EFAULT ? -EFAULT : -ENOMEM;
		position += segment->length;
	}
	return 0;
}

static int send_once(struct preload_gather *gather, struct preload_channel *channel,
	bool data_inline, struct preload_reply *reply)
{
	struct iovec vec[3 + PRELOAD_SEGMENTS_MAX];
	unsigned vec_count = 0, fd_count = 0;
	int fds[2];

	gather->head.fd_count = gather->number >= 0;
	if (gather->number >= 0)
		fds[fd_count++] = gather->number;
	if (gather->memfd >= 0)
		fds[fd_count++] = gather->memfd;
	vec[vec_count++] = (struct iovec){&gather->head, sizeof(gather->head)};
	vec[vec_count++] = (struct iovec){gather->segments,
		gather->head.segment_count * sizeof(struct wire_segment)};
	if (gather->number >= 0)
		vec[vec_count++] = (struct iovec){&gather->number, sizeof(gather->number)};
	for (unsigned i = 0; data_inline && i < gather->head.segment_count; i++) {
		if (gather->segments[i].flags & WIRE_SEG_IN)
			vec[vec_count++] = (struct iovec){(void *)data_of(gather, i),
				gather->segments[i].length};
	}
	/* Whatever has no row in the table neither needs looking at nor patching. */
	gather->landing = (struct iovec){(void *)(uintptr_t)gather->segments[0].address,
		gather->segments[0].length};
	reply->landing = data_inline && !gather->layout && gather->head.segment_count == 1 ?
		&gather->landing : NULL;
	int ret = preload_channel_call(channel, vec, vec_count, fds, fd_count, reply);
	reply->landing = ret ? NULL : reply->landing;
	return ret;
}

int preload_gather_call(struct preload_gather *gather, struct preload_channel *channel,
	struct preload_reply *reply)
{
	int data_inline = gather->memfd >= 0 ? 0 : store_large(gather);

	if (data_inline < 0)
		return data_inline;
	int ret = send_once(gather, channel, data_inline, reply);
	if (ret == -EBADF) {
		gather->number = -1;
		ret = send_once(gather, channel, data_inline, reply);
	}
	if (ret == -EFAULT) {
		trim(gather);
		ret = send_once(gather, channel, data_inline, reply);
	}
	return ret;
}

/* The handler wrote WIRE_FD_BASE + i; the program gets its own number. */
static void patch_fd(const struct preload_gather *gather, const struct wire_extent *extent,
	uint8_t *data, const struct preload_reply *reply)
{
	uint16_t offset = gather->layout ? gather->layout->fd_out : WIRE_NO_FIELD;
	int32_t fd;

	if (extent->segment != 0 || offset == WIRE_NO_FIELD || offset < extent->offset ||
	    offset + sizeof(fd) > (uint64_t)extent->offset + extent->length)
		return;
	data += offset - extent->offset;
	memcpy(&fd, data, sizeof(fd));
	if (fd < WIRE_FD_BASE || fd >= WIRE_FD_BASE + (int)WIRE_FDS_MAX)
		return;
	unsigned i = fd - WIRE_FD_BASE;
	fd = i < reply->fd_count ? reply->fds[i] : -1;
	memcpy(data, &fd, sizeof(fd));
}

static uint64_t position_of(const struct preload_gather *gather, unsigned segment)
{
	uint64_t position = 0;

	for (unsigned i = 0; i < segment; i++)
		position += gather->segments[i].length;
	return position;
}

/* From the memfd straight into the program's memory, but for the patched struct. */
static int write_large(const struct preload_gather *gather, const struct wire_extent *extent,
	const struct preload_reply *reply)
{
	uint64_t address = gather->segments[extent->segment].address + extent->offset;
	uint64_t position = position_of(gather, extent->segment) + extent->offset;
	uint8_t data[1 << _IOC_SIZEBITS];

	if (extent->segment != 0 || extent->length > sizeof(data))
		return file_read(gather->memfd, (void *)(uintptr_t)address, extent->length,
			position) ? 0 : -EFAULT;
	if (!file_read(gather->memfd, data, extent->length, position))
		return -EFAULT;
	patch_fd(gather, extent, data, reply);
	return preload_memory_write(address, data, extent->length);
}

static int write_back(const struct preload_gather *gather, const struct preload_reply *reply)
{
	const struct wire_ioctl_reply *head = (const struct wire_ioctl_reply *)reply->header;
	const struct wire_extent *extents = (const struct wire_extent *)(head + 1);
	uint64_t used = sizeof(*head) + (uint64_t)head->extent_count * sizeof(*extents);
	int ret = 0;

	for (uint32_t i = 0; i < head->extent_count && !ret; i++) {
		const struct wire_extent *extent = &extents[i];
		uint8_t *data = (uint8_t *)head + used;

		if (used > head->header.size || extent->segment >= gather->head.segment_count)
			return -ENODEV;
		if (gather->memfd >= 0) {
			ret = write_large(gather, extent, reply);
			continue;
		}
		used += extent->length;
		if (used > head->header.size)
			return -ENODEV;
		patch_fd(gather, extent, data, reply);
		ret = preload_memory_write(gather->segments[extent->segment].address +
			extent->offset, data, extent->length);
	}
	return ret;
}

long preload_gather_finish_reply(struct preload_gather *gather, struct preload_reply *reply)
{
	const struct wire_ioctl_reply *head = (const struct wire_ioctl_reply *)reply->header;

	if (head->header.size < sizeof(*head)) {
		preload_reply_close_fds(reply);
		return -ENODEV;
	}
	int ret = reply->landing ? 0 : write_back(gather, reply);
	if (ret) {
		preload_reply_close_fds(reply);
		return ret;
	}
	for (unsigned i = 0; i < reply->fd_count; i++) {
		if (!(head->cloexec_mask & 1u << i))
			fcntl(reply->fds[i], F_SETFD, 0);
	}
	return head->header.result;
}
