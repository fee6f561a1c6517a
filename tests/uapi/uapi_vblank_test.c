/* WAIT_VBLANK and the sequence requests. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "test.h"
#include "uapi_card.h"

static int fd;

static void start(void)
{
	card_start();
	fd = card_open();
	card_light(fd);
}

static void finish(void)
{
	card_close(fd);
	card_stop();
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

static union drm_wait_vblank request(uint32_t type, uint32_t sequence, unsigned long signal)
{
	union drm_wait_vblank args;

	memset(&args, 0, sizeof(args));
	args.request.type = (enum drm_vblank_seq_type)type;
	args.request.sequence = sequence;
	args.request.signal = signal;
	return args;
}

static union drm_wait_vblank wait_vblank(uint32_t type, uint32_t sequence, unsigned long signal)
{
	union drm_wait_vblank args = request(type, sequence, signal);

	CHECK_INT(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), 0);
	return args;
}

static uint64_t reply_us(const union drm_wait_vblank *args)
{
	return args->reply.tval_sec * 1000000ull + args->reply.tval_usec;
}

TEST(sixty_relative_waits_take_a_second)
{
	start();
	union drm_wait_vblank last = wait_vblank(_DRM_VBLANK_RELATIVE, 1, 0), first = last;
	for (int i = 0; i < 60; i++) {
		union drm_wait_vblank next = wait_vblank(_DRM_VBLANK_RELATIVE, 1, 0);

		CHECK(next.reply.sequence > last.reply.sequence);
		CHECK(reply_us(&next) > reply_us(&last));
		CHECK(reply_us(&next) <= now_us());
		last = next;
	}
	/* Per vblank, so that a loaded machine that lost some does not fail it. */
	uint64_t period = (reply_us(&last) - reply_us(&first)) /
		(last.reply.sequence - first.reply.sequence);
	CHECK(period > 16600 && period < 16700);
	finish();
}

TEST(query_does_not_wait)
{
	start();
	union drm_wait_vblank query = wait_vblank(_DRM_VBLANK_RELATIVE, 0, 0);
	uint64_t before = now_us();
	for (int i = 0; i < 100; i++)
		query = wait_vblank(_DRM_VBLANK_RELATIVE, 0, 0);
	CHECK(now_us() - before < 1000000); /* 100 vblanks would be 1.67 s */
	CHECK(reply_us(&query) <= now_us());
	finish();
}

TEST(absolute_waits)
{
	start();
	union drm_wait_vblank query = wait_vblank(_DRM_VBLANK_RELATIVE, 0, 0);
	uint32_t target = query.reply.sequence + 3;
	union drm_wait_vblank reached = wait_vblank(_DRM_VBLANK_ABSOLUTE, target, 0);
	CHECK((int32_t)(reached.reply.sequence - target) >= 0);
	/* The past returns at once; with NEXTONMISS it means the next one. */
	wait_vblank(_DRM_VBLANK_ABSOLUTE, target - 2, 0);
	union drm_wait_vblank next = wait_vblank(_DRM_VBLANK_ABSOLUTE | _DRM_VBLANK_NEXTONMISS,
		target - 2, 0);
	CHECK((int32_t)(next.reply.sequence - reached.reply.sequence) > 0);
	finish();
}

TEST(events)
{
	struct drm_event_vblank event;

	start();
	union drm_wait_vblank queued = wait_vblank(_DRM_VBLANK_RELATIVE | _DRM_VBLANK_EVENT, 2, 77);
	CHECK(!(queued.request.type & _DRM_VBLANK_RELATIVE));
	CHECK(!card_has_event(fd));
	card_read_event(fd, &event);
	CHECK_INT(event.base.type, DRM_EVENT_VBLANK);
	CHECK_INT(event.base.length, 32);
	CHECK_INT(event.user_data, 77);
	CHECK_INT(event.crtc_id, card->kms->crtcs[0].base.id);
	CHECK((int32_t)(event.sequence - queued.reply.sequence) >= 0);
	CHECK(event.tv_sec * 1000000ull + event.tv_usec <= now_us());
	/* One that has passed comes at once. */
	wait_vblank(_DRM_VBLANK_ABSOLUTE | _DRM_VBLANK_EVENT, event.sequence - 1, 78);
	CHECK(card_has_event(fd));
	card_read_event(fd, &event);
	CHECK_INT(event.user_data, 78);
	finish();
}

struct bad_wait {
	const char *name;
	uint32_t type;
};

static const struct bad_wait bad_waits[] = {
	{"signal", _DRM_VBLANK_RELATIVE | _DRM_VBLANK_SIGNAL},
	{"unknown bit", _DRM_VBLANK_RELATIVE | 0x100},
	{"flip bit", _DRM_VBLANK_RELATIVE | _DRM_VBLANK_FLIP},
	{"secondary crtc", _DRM_VBLANK_RELATIVE | _DRM_VBLANK_SECONDARY},
	{"high crtc", _DRM_VBLANK_RELATIVE | 1 << _DRM_VBLANK_HIGH_CRTC_SHIFT},
	{"highest crtc", _DRM_VBLANK_RELATIVE | _DRM_VBLANK_HIGH_CRTC_MASK},
};

TEST_ROWS(bad_wait, struct bad_wait, bad_waits)
{
	start();
	union drm_wait_vblank args = request(row->type, 0, 0);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), EINVAL);
	finish();
}

TEST(nothing_to_wait_for_while_off)
{
	struct drm_crtc_get_sequence get = {.crtc_id = 0};
	struct drm_crtc_queue_sequence queue = {.flags = DRM_CRTC_SEQUENCE_RELATIVE};

	card_start();
	fd = card_open();
	union drm_wait_vblank args = request(_DRM_VBLANK_RELATIVE, 0, 0);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), EINVAL);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_CRTC_GET_SEQUENCE, &get), ENOENT);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, &queue), ENOENT);
	get.crtc_id = queue.crtc_id = card->kms->crtcs[0].base.id;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_CRTC_GET_SEQUENCE, &get), EINVAL);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, &queue), EINVAL);
	finish();
}

TEST(sequences)
{
	struct drm_crtc_get_sequence get = {0};
	struct drm_crtc_queue_sequence queue = {0};
	struct drm_event_crtc_sequence event;

	start();
	get.crtc_id = queue.crtc_id = card->kms->crtcs[0].base.id;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_CRTC_GET_SEQUENCE, &get), 0);
	CHECK_INT(get.active, 1);
	queue.flags = DRM_CRTC_SEQUENCE_RELATIVE;
	queue.sequence = 2;
	queue.user_data = 0x123456789abcull;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, &queue), 0);
	CHECK(queue.sequence >= get.sequence + 2);
	card_read_event(fd, &event);
	CHECK_INT(event.base.type, DRM_EVENT_CRTC_SEQUENCE);
	CHECK_INT(event.user_data, 0x123456789abcull);
	CHECK(event.sequence >= queue.sequence);
	CHECK(event.time_ns > get.sequence_ns);
	/* Past: at once, and says when that was; NEXT_ON_MISS: the next. */
	queue.flags = 0;
	queue.sequence = event.sequence - 1;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, &queue), 0);
	CHECK(queue.sequence >= (uint64_t)event.sequence);
	CHECK(card_has_event(fd));
	card_read_event(fd, &event);
	queue.flags = DRM_CRTC_SEQUENCE_NEXT_ON_MISS;
	queue.sequence = event.sequence - 1;
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, &queue), 0);
	CHECK(queue.sequence > (uint64_t)event.sequence);
	card_read_event(fd, &event);
	queue.flags = 4;
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, &queue), EINVAL);
	finish();
}

/* 128 events fit, whether they wait for their vblank or to be read. */
TEST(event_space_runs_out)
{
	struct drm_event_vblank event;

	start();
	for (int i = 0; i < 128; i++)
		wait_vblank(_DRM_VBLANK_RELATIVE | _DRM_VBLANK_EVENT, i % 2, i);
	union drm_wait_vblank args = request(_DRM_VBLANK_RELATIVE | _DRM_VBLANK_EVENT, 1, 0);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), ENOMEM);
	wait_vblank(_DRM_VBLANK_RELATIVE, 2, 0);
	CHECK_ERRNO(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), ENOMEM);
	card_read_event(fd, &event);
	args = request(_DRM_VBLANK_RELATIVE | _DRM_VBLANK_EVENT, 1, 0);
	CHECK_INT(card_ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), 0);
	for (int i = 0; i < 128; i++)
		card_read_event(fd, &event);
	finish();
}

TEST(closing_with_events_queued)
{
	start();
	int other = card_open();
	for (int i = 0; i < 50; i++) {
		union drm_wait_vblank args = request(_DRM_VBLANK_RELATIVE | _DRM_VBLANK_EVENT, 1, i);
		CHECK_INT(card_ioctl(other, DRM_IOCTL_WAIT_VBLANK, &args), 0);
	}
	card_close(other);
	wait_vblank(_DRM_VBLANK_RELATIVE, 3, 0);
	finish();
}
