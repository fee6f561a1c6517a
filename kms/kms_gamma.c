#include <string.h>

#include "kms_gamma.h"
#include "kms_legacy_internal.h"
#include "kms_state.h"

struct gamma_request {
	struct kms_crtc *crtc;
	struct kms_blob *lut;
};

static int fill_gamma(struct kms_atomic_state *state, const void *data)
{
	const struct gamma_request *request = data;
	struct kms_crtc_state *crtc = kms_atomic_crtc(state, request->crtc);

	kms_state_set_blob(&crtc->degamma_lut, NULL);
	kms_state_set_blob(&crtc->ctm, NULL);
	kms_state_set_blob(&crtc->gamma_lut, request->lut);
	return 0;
}

int kms_gamma_set(struct kms_crtc *crtc, const struct drm_color_lut *lut)
{
	struct kms_device *dev = crtc->base.dev;
	struct gamma_request request = {.crtc = crtc};
	int ret = kms_blob_create(dev, NULL, lut, kms_crtc_gamma_size(crtc) * sizeof(*lut),
		&request.lut);

	if (ret)
		return ret;
	pthread_mutex_lock(&dev->lock);
	ret = kms_legacy_run_locked(dev, fill_gamma, &request, 0);
	pthread_mutex_unlock(&dev->lock);
	kms_object_put(&request.lut->base);
	return ret;
}

void kms_gamma_get(struct kms_crtc *crtc, struct drm_color_lut *lut)
{
	uint32_t size = kms_crtc_gamma_size(crtc);
	const struct kms_blob *used;

	for (uint32_t i = 0; i < size; i++) {
		uint16_t value = (uint16_t)(i * 0xffffu / (size > 1 ? size - 1 : 1));

		lut[i] = (struct drm_color_lut) {.red = value, .green = value, .blue = value};
	}
	pthread_mutex_lock(&crtc->base.dev->lock);
	used = crtc->state.gamma_lut;
	if (used && used->length == size * sizeof(*lut))
		memcpy(lut, used->data, used->length);
	pthread_mutex_unlock(&crtc->base.dev->lock);
}
