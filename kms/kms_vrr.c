#include "kms_vrr.h"

#include "kms_fence.h"
#include "kms_vblank.h"

#define NS_PER_SECOND 1000000000ull
#define LOWEST_RATE 48 /* Hz, of monitors that do not say */

/*
 * The display range limits of an EDID's first block (VESA E-EDID A.2, 3.10.3.3.1):
 * descriptor type, flags whose lowest two bits add 255 to the vertical rates, lowest rate.
 */
static unsigned edid_lowest_rate(const uint8_t *edid)
{
	enum { FIRST = 54, SIZE = 18, COUNT = 4, TYPE = 3, FLAGS = 4, LOWEST = 5, RANGE = 0xfd };
	const uint8_t both_beyond = 3;

	for (const uint8_t *at = edid + FIRST; at < edid + FIRST + COUNT * SIZE; at += SIZE) {
		/* A pixel clock in front makes it a timing. */
		if (at[0] || at[1] || at[TYPE] != RANGE)
			continue;
		return at[LOWEST] + ((at[FLAGS] & both_beyond) == both_beyond ? 255 : 0);
	}
	return 0;
}

static unsigned lowest_rate(const struct kms_connector *connector)
{
	unsigned rate = connector->desc.edid ? edid_lowest_rate(connector->desc.edid) : 0;

	return rate ? rate : LOWEST_RATE;
}

static const struct kms_connector *capable_connector(const struct kms_crtc *crtc)
{
	const struct kms_device *dev = crtc->base.dev;

	for (unsigned i = 0; i < dev->connector_count; i++) {
		const struct kms_connector *connector = &dev->connectors[i];

		if (connector->state.crtc == crtc && connector->desc.vrr_capable)
			return connector;
	}
	return NULL;
}

void kms_vrr_update_locked(struct kms_crtc *crtc)
{
	const struct kms_connector *connector =
		crtc->scanout.vrr_enabled ? capable_connector(crtc) : NULL;
	struct kms_vblank *vblank = crtc->vblank;

	vblank->vrr_max_ns = connector ? NS_PER_SECOND / lowest_rate(connector) : 0;
}

uint64_t kms_vrr_next_ns_locked(const struct kms_crtc *crtc, uint64_t earliest)
{
	const struct kms_pending_commit *pending = &crtc->pending;
	const struct kms_vblank *vblank = crtc->vblank;
	uint64_t last_call = earliest, ready;

	if (vblank->vrr_max_ns > vblank->period_ns)
		last_call += vblank->vrr_max_ns - vblank->period_ns;
	if (!pending->active || !kms_fence_wait_over(pending->wait, UINT64_MAX))
		return last_call;
	/* A vblank shows what was ready before it, not with it. */
	ready = pending->time_ns + 1;
	if (pending->wait && atomic_load(&pending->wait->signalled_ns) >= ready)
		ready = atomic_load(&pending->wait->signalled_ns) + 1;
	if (ready < earliest)
		return earliest;
	return ready < last_call ? ready : last_call;
}
