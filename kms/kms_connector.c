#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kms_connector.h"
#include "kms_mode.h"

const char *kms_connector_type_name(uint32_t type)
{
	static const char *const names[] = {
		[DRM_MODE_CONNECTOR_Unknown] = "Unknown",
		[DRM_MODE_CONNECTOR_VGA] = "VGA",
		[DRM_MODE_CONNECTOR_DVII] = "DVI-I",
		[DRM_MODE_CONNECTOR_DVID] = "DVI-D",
		[DRM_MODE_CONNECTOR_DVIA] = "DVI-A",
		[DRM_MODE_CONNECTOR_Composite] = "Composite",
		[DRM_MODE_CONNECTOR_SVIDEO] = "SVIDEO",
		[DRM_MODE_CONNECTOR_LVDS] = "LVDS",
		[DRM_MODE_CONNECTOR_Component] = "Component",
		[DRM_MODE_CONNECTOR_9PinDIN] = "DIN",
		[DRM_MODE_CONNECTOR_DisplayPort] = "DP",
		[DRM_MODE_CONNECTOR_HDMIA] = "HDMI-A",
		[DRM_MODE_CONNECTOR_HDMIB] = "HDMI-B",
		[DRM_MODE_CONNECTOR_TV] = "TV",
		[DRM_MODE_CONNECTOR_eDP] = "eDP",
		[DRM_MODE_CONNECTOR_VIRTUAL] = "Virtual",
		[DRM_MODE_CONNECTOR_DSI] = "DSI",
		[DRM_MODE_CONNECTOR_DPI] = "DPI",
		[DRM_MODE_CONNECTOR_WRITEBACK] = "Writeback",
		[DRM_MODE_CONNECTOR_SPI] = "SPI",
		[DRM_MODE_CONNECTOR_USB] = "USB",
	};

	return type < GEM_ARRAY_SIZE(names) ? names[type] : names[DRM_MODE_CONNECTOR_Unknown];
}

/* Copies modes into list as the connector's: first preferred, names and rates filled in. */
static int import_modes(struct drm_mode_modeinfo *list, const struct drm_mode_modeinfo *modes,
	unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int ret = kms_mode_check(&modes[i]);
		if (ret < 0)
			return ret;
		list[i] = modes[i];
		list[i].vrefresh = kms_mode_vrefresh(&modes[i]);
		list[i].type = DRM_MODE_TYPE_DRIVER | (i == 0 ? DRM_MODE_TYPE_PREFERRED : 0);
		list[i].name[DRM_DISPLAY_MODE_LEN - 1] = '\0';
		if (list[i].name[0] == '\0')
			snprintf(list[i].name, sizeof(list[i].name), "%ux%u", modes[i].hdisplay,
				modes[i].vdisplay);
	}
	return 0;
}

static int make_edid(struct kms_connector *connector, const struct drm_mode_modeinfo *modes,
	unsigned mode_count, struct kms_blob **out)
{
	uint8_t edid[KMS_EDID_SIZE];

	kms_edid_build(edid, connector->monitor, connector->index + 1, modes, mode_count);
	return kms_blob_create(connector->base.dev, NULL, edid, sizeof(edid), out);
}

static uint32_t millimetres(uint32_t pixels)
{
	return (pixels * 254 + 480) / 960;
}

/* Takes over edid's reference. Returns the old EDID, whose reference is the caller's. */
static struct kms_blob *publish_locked(struct kms_connector *connector, bool connected,
	const struct drm_mode_modeinfo *modes, unsigned mode_count, struct kms_blob *edid)
{
	struct kms_blob *old = connector->edid;
	int index = kms_object_property_index(&connector->base, connector->base.dev->props.edid);

	connector->connected = connected;
	connector->mode_count = mode_count;
	memcpy(connector->modes, modes, mode_count * sizeof(modes[0]));
	connector->mm_width = mode_count ? millimetres(modes[0].hdisplay) : 0;
	connector->mm_height = mode_count ? millimetres(modes[0].vdisplay) : 0;
	connector->edid = edid;
	connector->base.values[index] = edid ? edid->base.id : 0;
	connector->epoch++;
	return old;
}

static int set(struct kms_connector *connector, bool connected,
	const struct drm_mode_modeinfo *modes, unsigned mode_count)
{
	struct kms_device *dev = connector->base.dev;
	struct drm_mode_modeinfo list[KMS_MAX_MODES];
	struct kms_blob *edid = NULL, *old;
	int ret;

	if (!connected)
		mode_count = 0;
	if (mode_count > KMS_MAX_MODES || (connected && mode_count == 0))
		return -EINVAL;
	ret = import_modes(list, modes, mode_count);
	if (ret < 0)
		return -EINVAL;
	if (connected) {
		ret = make_edid(connector, list, mode_count, &edid);
		if (ret < 0)
			return ret;
	}
	pthread_mutex_lock(&dev->lock);
	old = publish_locked(connector, connected, list, mode_count, edid);
	pthread_mutex_unlock(&dev->lock);
	if (old)
		kms_object_put(&old->base);
	return 0;
}

int kms_connector_set(struct kms_connector *connector, bool connected,
	const struct drm_mode_modeinfo *modes, unsigned mode_count)
{
	struct kms_device *dev = connector->base.dev;
	int ret = set(connector, connected, modes, mode_count);

	if (ret < 0)
		return ret;
	gem_info("kms", "%s %s", connector->name, connected ? "connected" : "disconnected");
	if (dev->hotplug)
		dev->hotplug(dev, connector, dev->hotplug_data);
	return 0;
}

/* Connectors of one type are counted from 1. */
static uint32_t next_type_id(const struct kms_device *dev, uint32_t type)
{
	uint32_t id = 1;

	for (unsigned i = 0; i < dev->connector_count; i++)
		id += dev->connectors[i].type == type;
	return id;
}

static int init_encoder(struct kms_device *dev, uint32_t possible_crtcs,
	struct kms_encoder **out)
{
	struct kms_encoder *encoder = &dev->encoders[dev->encoder_count];
	int ret;

	encoder->index = dev->encoder_count;
	encoder->type = DRM_MODE_ENCODER_VIRTUAL;
	encoder->possible_crtcs = possible_crtcs;
	ret = kms_object_add(dev, &encoder->base, DRM_MODE_OBJECT_ENCODER, NULL);
	if (ret < 0)
		return ret;
	dev->encoder_count++;
	*out = encoder;
	return 0;
}

static void attach_properties(struct kms_connector *connector)
{
	struct kms_object *obj = &connector->base;
	struct kms_device *dev = obj->dev;

	kms_object_attach_property(obj, dev->props.edid, 0);
	kms_object_attach_property(obj, dev->props.dpms, DRM_MODE_DPMS_ON);
	kms_object_attach_property(obj, dev->props.link_status, DRM_MODE_LINK_STATUS_GOOD);
	kms_object_attach_property(obj, dev->props.non_desktop, 0);
	kms_object_attach_property(obj, dev->props.tile, 0);
	kms_object_attach_property(obj, dev->props.connector_crtc_id, 0);
}

int kms_connector_init(struct kms_device *dev, const struct kms_connector_desc *desc)
{
	struct kms_connector *connector = &dev->connectors[dev->connector_count];
	int ret;

	connector->index = dev->connector_count;
	connector->type = desc->type;
	connector->type_id = next_type_id(dev, desc->type);
	snprintf(connector->name, sizeof(connector->name), "%s-%u",
		kms_connector_type_name(desc->type), connector->type_id);
	snprintf(connector->monitor, sizeof(connector->monitor), "%s",
		desc->monitor ? desc->monitor : "Testcard");
	connector->dpms = DRM_MODE_DPMS_ON;
	ret = kms_object_add(dev, &connector->base, DRM_MODE_OBJECT_CONNECTOR, NULL);
	if (ret < 0)
		return ret;
	attach_properties(connector);
	dev->connector_count++;
	ret = init_encoder(dev, desc->possible_crtcs, &connector->encoder);
	if (ret < 0)
		return ret;
	return set(connector, desc->connected, desc->modes, desc->mode_count);
}
