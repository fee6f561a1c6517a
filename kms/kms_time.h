/*
 * The time of a device: what its vblanks, commits and events are stamped with.
 *
 * KMS_TIME_REAL: CLOCK_MONOTONIC, as a kernel driver's.
 * KMS_TIME_FROZEN: it stands still but for steps.
 * KMS_TIME_FAST: it leaps from vblank to vblank, without waiting, while somebody
 *   waits for one: a commit, an event, a waiting request, a sink that has not seen
 *   the newest picture. While nobody does, it stands still: what runs fast is the
 *   work, not an empty loop. Only for sinks that take every vblank (CRCs), it then
 *   goes on at the pace of real time.
 *
 * Frozen and fast are virtual time: it moves by vblanks and steps only, in one
 * order (by time, then by crtc), so that the same commands give the same events
 * byte for byte. The work of a vblank (latch, events, out-fences, sinks) is done
 * before the next one begins.
 *
 * Time never goes back. From real to virtual it goes on from where it was. Back
 * to real, it leaps to CLOCK_MONOTONIC, and the grids of vblanks leap with it: the
 * next vblank comes as long after the leap as it would have without; no count is
 * lost. Where virtual time is ahead by then, it stays ahead by as much.
 *
 * A blocking commit in frozen time waits until time is stepped. The time limits of
 * requests (WAIT_VBLANK's 3 s, a commit's 10 s when not frozen) are real time.
 */
#ifndef KMS_TIME_H
#define KMS_TIME_H

#include "kms_vblank.h"

enum kms_time_mode {
	KMS_TIME_REAL,
	KMS_TIME_FROZEN,
	KMS_TIME_FAST,
};

/* Where the time of a device begins that was never real: one second. */
#define KMS_TIME_FIRST_NS 1000000000ull

/* Of dev, in nanoseconds. Any thread. */
uint64_t kms_time_now(struct kms_device *dev);
enum kms_time_mode kms_time_mode(struct kms_device *dev);
/* Not under dev->lock, like all below. Steps that are on their way end with -ECANCELED. */
void kms_time_set(struct kms_device *dev, enum kms_time_mode mode);
/* For a device that no one has opened yet: virtual time begins at KMS_TIME_FIRST_NS. */
void kms_time_start(struct kms_device *dev, enum kms_time_mode mode);

/*
 * Steps of frozen time: -EINVAL in other modes. Return when all that the time
 * brought has happened, sinks included. One at a time: another one waits. -EINTR
 * (gem_interrupt.h), -ECANCELED.
 */

/* By ns, with all vblanks that lie in between. */
int kms_time_step_ns(struct kms_device *dev, uint64_t ns);

struct kms_time_step {
	struct kms_crtc *crtc;
	uint64_t vblanks;
	bool commits;        /* before each vblank waits until crtc has a commit to show */
	uint64_t timeout_ns; /* real time, for a crtc that is off or, see above, has none */
};

/*
 * To crtc's next vblank, and so on; the other crtcs' that lie in between come,
 * too. A crtc that is off may be on its way: it is waited for. -EAGAIN: still off
 * or without a commit at timeout_ns; *left says how many vblanks are left.
 */
int kms_time_step_vblanks(const struct kms_time_step *step, uint64_t *left);

/*
 * Trouble for crtc's next flips. Late: at the vblank that would show it, it is put
 * off, that many vblanks; once. Lost: it is shown, its out-fence signalled and the
 * way free for the next one, but its event never comes, as when the interrupt was
 * missed. That is the next flip's for which an event was asked.
 */
void kms_flip_delay(struct kms_crtc *crtc, unsigned vblanks);
void kms_flip_lose(struct kms_crtc *crtc);

#endif
