#include "gem_fence.h"
#include "kms_framebuffer.h"
#include "kms_state.h"

static void get_blob(struct kms_blob *blob)
{
	if (blob)
		kms_object_get(&blob->base);
}

static void put_blob(struct kms_blob *blob)
{
	if (blob)
		kms_object_put(&blob->base);
}

static void get_fb(struct kms_framebuffer *fb)
{
	if (fb)
		kms_object_get(&fb->base);
}

static void put_fb(struct kms_framebuffer *fb)
{
	if (fb)
		kms_object_put(&fb->base);
}

void kms_plane_state_get(const struct kms_plane_state *state)
{
	get_fb(state->fb);
	get_blob(state->damage);
	if (state->in_fence)
		gem_fence_get(state->in_fence);
}

void kms_plane_state_put(const struct kms_plane_state *state)
{
	put_fb(state->fb);
	put_blob(state->damage);
	gem_fence_put(state->in_fence);
}

void kms_crtc_state_get(const struct kms_crtc_state *state)
{
	get_blob(state->mode_blob);
	get_blob(state->degamma_lut);
	get_blob(state->ctm);
	get_blob(state->gamma_lut);
}

void kms_crtc_state_put(const struct kms_crtc_state *state)
{
	put_blob(state->mode_blob);
	put_blob(state->degamma_lut);
	put_blob(state->ctm);
	put_blob(state->gamma_lut);
}

void kms_connector_state_get(const struct kms_connector_state *state)
{
	get_blob(state->hdr_metadata);
	get_fb(state->writeback_fb);
	if (state->writeback_fence)
		gem_fence_get(state->writeback_fence);
}

void kms_connector_state_put(const struct kms_connector_state *state)
{
	put_blob(state->hdr_metadata);
	put_fb(state->writeback_fb);
	gem_fence_put(state->writeback_fence);
}

void kms_state_set_blob(struct kms_blob **slot, struct kms_blob *blob)
{
	get_blob(blob);
	put_blob(*slot);
	*slot = blob;
}
