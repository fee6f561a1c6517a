#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gem_journal.h"
#include "kms_connector.h"
#include "kms_edid.h"
#include "kms_mode.h"
#include "kms_standard.h"

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

/* Copy of size bytes; NULL for no bytes, too. */
static void *copy(const void *from, size_t size)
{
	void *to = size ? malloc(size) : NULL;

	if (to)
		memcpy(to, from, size);
	return to;
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

/* The monitor's own EDID, malloc'd; NULL and *size = 0 when it has none. */
static void *copy_edid(struct kms_connector *connector, size_t *size, char name[14])
{
	struct kms_device *dev = connector->base.dev;
	void *edid = NULL;

	pthread_mutex_lock(&dev->lock);
	memcpy(name, connector->monitor, sizeof(connector->monitor));
	*size = connector->desc.edid ? connector->desc.edid_size : 0;
	if (*size)
		edid = copy(connector->desc.edid, *size);
	pthread_mutex_unlock(&dev->lock);
	return edid;
}

/* Monitors of these have a CTA-861 block; panels, older and virtual screens have not. */
static bool has_extension(uint32_t type)
{
	return type == DRM_MODE_CONNECTOR_HDMIA || type == DRM_MODE_CONNECTOR_HDMIB ||
		type == DRM_MODE_CONNECTOR_DisplayPort;
}

static int make_edid(struct kms_connector *connector, const struct drm_mode_modeinfo *modes,
	unsigned mode_count, struct kms_blob **out)
{
	const struct kms_connector_desc *desc = &connector->desc;
	uint8_t built[KMS_EDID_MADE_MAX];
	char name[sizeof(connector->monitor)];
	size_t size;
	void *own = copy_edid(connector, &size, name);
	int ret;

	if (size && !own)
		return -ENOMEM;
	if (!size) {
		const struct kms_edid_wish wish = {
			.name = name,
			.serial = connector->index + 1,
			.modes = modes,
			.mode_count = mode_count,
			.mm_width = desc->mm_width,
			.mm_height = desc->mm_height,
			.connector_type = desc->type,
			.vrr = desc->vrr_capable && desc->type != DRM_MODE_CONNECTOR_VIRTUAL,
			.hdr = desc->hdr_metadata && has_extension(desc->type),
			.extension = has_extension(desc->type),
		};
		size = kms_edid_make(built, &wish);
	}
	ret = kms_blob_create(connector->base.dev, NULL, own ? own : built, size, out);
	free(own);
	return ret;
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

	gem_publish_move(connector->base.dev->state_changes);
	connector->connected = connected;
	connector->mode_count = mode_count;
	memcpy(connector->modes, modes, mode_count * sizeof(modes[0]));
	connector->mm_width = connector->mm_height = 0;
	if (mode_count) {
		const struct kms_connector_desc *desc = &connector->desc;

		connector->mm_width = desc->mm_width ? desc->mm_width
						     : millimetres(modes[0].hdisplay);
		connector->mm_height = desc->mm_height ? desc->mm_height
						       : millimetres(modes[0].vdisplay);
	}
	connector->edid = edid;
	if (index >= 0)
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
	gem_journal_add("%s: %s, %u modes", connector->name,
		connected ? "connected" : "disconnected", mode_count);
	gem_info("kms", "%s %s", connector->name, connected ? "connected" : "disconnected");
	if (dev->hotplug)
		dev->hotplug(dev, connector, 0, dev->hotplug_data);
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

static int init_encoder(struct kms_connector *connector)
{
	struct kms_device *dev = connector->base.dev;
	const struct kms_connector_desc *desc = &connector->desc;
	struct kms_encoder *encoder = &dev->encoders[dev->encoder_count];
	int ret;

	encoder->index = dev->encoder_count;
	encoder->type = desc->encoder_type ? desc->encoder_type : DRM_MODE_ENCODER_VIRTUAL;
	encoder->possible_crtcs = desc->possible_crtcs;
	encoder->possible_clones = desc->possible_clones | 1u << encoder->index;
	ret = kms_object_add(dev, &encoder->base, DRM_MODE_OBJECT_ENCODER, NULL);
	if (ret < 0)
		return ret;
	dev->encoder_count++;
	connector->encoder = encoder;
	return 0;
}

/* ---- properties, in the kernel's order: the core's, then what drivers add ---- */

static void attach(struct kms_connector *connector, struct kms_property *prop, uint64_t value)
{
	if (prop)
		kms_object_attach_property(&connector->base, prop, value);
}

static void attach_writeback(struct kms_connector *connector, uint32_t formats)
{
	const struct kms_standard_props *props = &connector->base.dev->props;

	attach(connector, props->dpms, 0);
	attach(connector, props->link_status, 0);
	attach(connector, props->non_desktop, 0);
	attach(connector, props->tile, 0);
	attach(connector, props->connector_crtc_id, 0);
	attach(connector, props->writeback_out_fence_ptr, 0);
	attach(connector, props->writeback_fb_id, 0);
	attach(connector, props->writeback_pixel_formats, formats);
}

static void attach_monitor(struct kms_connector *connector, uint32_t tile)
{
	struct kms_device *dev = connector->base.dev;
	const struct kms_standard_props *props = &dev->props;
	const struct kms_connector_desc *desc = &connector->desc;

	attach(connector, props->edid, 0);
	attach(connector, props->dpms, 0);
	attach(connector, props->link_status, 0);
	attach(connector, props->non_desktop, desc->non_desktop);
	attach(connector, props->tile, tile);
	attach(connector, props->connector_crtc_id, 0);
	if (desc->panel_orientation)
		attach(connector, props->panel_orientation, desc->panel_orientation - 1);
	attach(connector, dev->connector_props[connector->index].max_bpc, 0);
	if (desc->content_type)
		attach(connector, props->content_type, 0);
	if (desc->hdr_metadata)
		attach(connector, props->hdr_metadata, 0);
	attach(connector, dev->connector_props[connector->index].colorspace, 0);
	if (desc->vrr)
		attach(connector, props->vrr_capable, desc->vrr_capable);
}

static int attach_properties(struct kms_connector *connector)
{
	struct kms_device *dev = connector->base.dev;
	const struct kms_connector_desc *desc = &connector->desc;
	struct kms_blob *blob = NULL;
	int ret = 0;

	if (desc->type == DRM_MODE_CONNECTOR_WRITEBACK) {
		ret = kms_blob_create(dev, NULL, desc->formats,
			desc->format_count * sizeof(desc->formats[0]), &blob);
		if (ret == 0)
			attach_writeback(connector, blob->base.id);
		return ret;
	}
	ret = kms_standard_create_connector(dev, connector->index, desc);
	if (ret == 0 && desc->tile)
		ret = kms_blob_create(dev, NULL, desc->tile, strlen(desc->tile) + 1, &blob);
	if (ret == 0)
		attach_monitor(connector, blob ? blob->base.id : 0);
	return ret;
}

/* ---- beginning and end ---- */

static void free_arrays(struct kms_connector *connector)
{
	free((void *)connector->desc.edid);
	free((void *)connector->desc.formats);
}

static int copy_desc(struct kms_connector *connector, const struct kms_connector_desc *desc)
{
	size_t formats_size = desc->format_count * sizeof(desc->formats[0]);

	connector->desc = *desc;
	connector->desc.modes = NULL;
	connector->desc.monitor = connector->monitor;
	connector->desc.edid = copy(desc->edid, desc->edid ? desc->edid_size : 0);
	connector->desc.formats = copy(desc->formats, formats_size);
	if ((desc->edid && !connector->desc.edid) || (formats_size && !connector->desc.formats)) {
		free_arrays(connector);
		return -ENOMEM;
	}
	return 0;
}

int kms_connector_init(struct kms_device *dev, const struct kms_connector_desc *desc)
{
	struct kms_connector *connector = &dev->connectors[dev->connector_count];
	int ret = copy_desc(connector, desc);

	if (ret < 0)
		return ret;
	connector->index = dev->connector_count;
	connector->type = desc->type;
	connector->type_id = next_type_id(dev, desc->type);
	snprintf(connector->name, sizeof(connector->name), "%s-%u",
		kms_connector_type_name(desc->type), connector->type_id);
	snprintf(connector->monitor, sizeof(connector->monitor), "%s",
		desc->monitor ? desc->monitor : "Testcard");
	connector->dpms = DRM_MODE_DPMS_ON;
	connector->state = kms_connector_first_state(connector);
	ret = kms_object_add(dev, &connector->base, DRM_MODE_OBJECT_CONNECTOR, NULL);
	if (ret < 0) {
		free_arrays(connector);
		return ret;
	}
	dev->connector_count++;
	ret = attach_properties(connector);
	if (ret == 0)
		ret = init_encoder(connector);
	if (ret < 0)
		return ret;
	return set(connector, desc->connected, desc->modes, desc->mode_count);
}

struct kms_connector_state kms_connector_first_state(const struct kms_connector *connector)
{
	return (struct kms_connector_state) {
		.link_status = DRM_MODE_LINK_STATUS_GOOD,
		.content_type = DRM_MODE_CONTENT_TYPE_NO_DATA,
		.max_bpc = connector->desc.max_bpc,
	};
}

void kms_connector_finish(struct kms_connector *connector)
{
	const struct kms_standard_props *props = &connector->base.dev->props;

	if (connector->edid)
		kms_object_put(&connector->edid->base);
	kms_object_put_blob_value(&connector->base, props->tile);
	kms_object_put_blob_value(&connector->base, props->writeback_pixel_formats);
	free_arrays(connector);
}
