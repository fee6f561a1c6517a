/* What changes about a monitor while it is connected. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kms_edid.h"
#include "kms_device.h"
#include "kms_vrr.h"

enum { EDID_BLOCK = 128 };

static void tell(struct kms_connector *connector, uint32_t property_id)
{
	struct kms_device *dev = connector->base.dev;

	if (dev->hotplug)
		dev->hotplug(dev, connector, property_id, dev->hotplug_data);
}

/* What any reader of an EDID looks at first. What it says is the giver's matter. */
static bool is_edid(const uint8_t *edid, size_t size)
{
	static const uint8_t header[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};

	if (size == 0 || size % EDID_BLOCK || size > KMS_MAX_EDID_SIZE)
		return false;
	if (memcmp(edid, header, sizeof(header)) != 0)
		return false;
	for (size_t block = 0; block < size; block += EDID_BLOCK) {
		uint8_t sum = 0;

		for (size_t i = 0; i < EDID_BLOCK; i++)
			sum += edid[block + i];
		if (sum != 0)
			return false;
	}
	return true;
}

int kms_connector_set_edid(struct kms_connector *connector, const void *edid, size_t size,
	const char *name)
{
	struct kms_device *dev = connector->base.dev;
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	struct kms_edid_info info;
	void *own = NULL;

	if (edid && !is_edid(edid, size))
		return -EINVAL;
	if (edid) {
		own = malloc(size);
		if (!own)
			return -ENOMEM;
		memcpy(own, edid, size);
	}
	pthread_mutex_lock(&dev->lock);
	void *old = (void *)connector->desc.edid;
	connector->desc.edid = own;
	connector->desc.edid_size = own ? (unsigned)size : 0;
	if (name)
		snprintf(connector->monitor, sizeof(connector->monitor), "%s", name);
	bool connected = connector->connected;
	unsigned mode_count = connector->mode_count;
	memcpy(modes, connector->modes, mode_count * sizeof(modes[0]));
	pthread_mutex_unlock(&dev->lock);
	free(old);
	/* The monitor's own modes; one that says none keeps those that are there. */
	if (edid && kms_edid_parse(edid, size, &info) == 0 && info.mode_count > 0) {
		mode_count = info.mode_count;
		memcpy(modes, info.modes, mode_count * sizeof(modes[0]));
	}
	return kms_connector_set(connector, connected, modes, mode_count);
}

void kms_connector_set_link_bad(struct kms_connector *connector)
{
	struct kms_device *dev = connector->base.dev;

	pthread_mutex_lock(&dev->lock);
	gem_publish_move(dev->state_changes);
	connector->state.link_status = DRM_MODE_LINK_STATUS_BAD;
	pthread_mutex_unlock(&dev->lock);
	gem_info("kms", "%s: link is bad", connector->name);
	tell(connector, dev->props.link_status->base.id);
}

int kms_connector_set_vrr_capable(struct kms_connector *connector, bool capable)
{
	struct kms_device *dev = connector->base.dev;
	int index = kms_object_property_index(&connector->base, dev->props.vrr_capable);

	if (index < 0)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&dev->lock);
	gem_publish_move(dev->state_changes);
	connector->desc.vrr_capable = capable;
	connector->base.values[index] = capable;
	if (connector->state.crtc)
		kms_vrr_update_locked(connector->state.crtc);
	pthread_mutex_unlock(&dev->lock);
	tell(connector, dev->props.vrr_capable->base.id);
	return 0;
}
