/*
 * The display engine: its topology (planes, crtcs, encoders, connectors), the
 * description it is made from, and what each open file has in it.
 *
 * Locks, outermost first:
 *   kms_device.lock         all mode state, file lists, event bookkeeping
 *   kms_device.object_lock  the id table
 * The vblank thread takes lock for each vblank. Nobody sleeps for a vblank
 * while holding it (kms_vblank.h has a condition variable).
 */
#ifndef KMS_DEVICE_H
#define KMS_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_base.h"
#include "gem_idr.h"
#include "kms_color.h"
#include "kms_object.h"
#include "kms_property.h"

struct kms_event;
struct kms_sink;

#define KMS_MAX_CRTCS 32
#define KMS_MAX_PLANES 64
#define KMS_MAX_CONNECTORS 32
#define KMS_MAX_MODES 32

/* ---- topology as data: what a device is made from ---- */

/* Values of the planes' "type" property; the uAPI headers have no names for them. */
enum kms_plane_type {
	KMS_PLANE_OVERLAY,
	KMS_PLANE_PRIMARY,
	KMS_PLANE_CURSOR,
};

struct kms_plane_desc {
	uint32_t type;           /* enum kms_plane_type */
	uint32_t possible_crtcs; /* bit i = crtc i */
	const uint32_t *formats; /* fourccs */
	unsigned format_count;
	uint32_t zpos;           /* immutable: range {zpos, zpos} (facts, pitfall 4) */
};

struct kms_connector_desc {
	uint32_t type;           /* DRM_MODE_CONNECTOR_* */
	uint32_t possible_crtcs;
	bool connected;
	const char *monitor;     /* name in the EDID, <= 13 characters */
	const struct drm_mode_modeinfo *modes; /* first = preferred */
	unsigned mode_count;
};

struct kms_device_desc {
	uint32_t min_width, min_height, max_width, max_height; /* framebuffers, pixels */
	uint32_t cursor_width, cursor_height;                  /* DRM_CAP_CURSOR_* */
	unsigned crtc_count;
	const struct kms_plane_desc *planes;
	unsigned plane_count;
	const struct kms_connector_desc *connectors;
	unsigned connector_count;
};

/*
 * One crtc, primary + overlay + cursor, one connected Virtual connector with
 * 1024x768 preferred and the standard sizes up to 1920x1080.
 */
const struct kms_device_desc *kms_device_desc_default(void);

/* ---- mode state; see kms_atomic.h for how it changes ---- */

struct kms_plane_state {
	struct kms_crtc *crtc;          /* NULL = off; NULL exactly when fb is NULL */
	struct kms_framebuffer *fb;     /* reference */
	int32_t crtc_x, crtc_y;         /* pixels */
	uint32_t crtc_w, crtc_h;        /* pixels */
	uint32_t src_x, src_y, src_w, src_h; /* 16.16 fixed point */
	uint16_t alpha;                 /* 0xffff = opaque */
	enum kms_blend blend;
	uint32_t rotation;              /* DRM_MODE_ROTATE_* | DRM_MODE_REFLECT_* */
	uint32_t zpos;                  /* as asked for; see normalized_zpos */
	uint32_t normalized_zpos;       /* place on its crtc, from 0; set by check */
	enum kms_color_encoding encoding;
	enum kms_color_range range;
};

struct kms_crtc_state {
	bool enable;                    /* has a mode and connectors */
	bool active;                    /* ACTIVE: scans out */
	struct kms_blob *mode_blob;     /* reference; NULL = no mode */
	struct drm_mode_modeinfo mode;  /* valid when mode_blob */
	/* Colour pipeline, references; NULL = not there. Sizes are those of check. */
	struct kms_blob *degamma_lut, *ctm, *gamma_lut;
	bool vrr_enabled;
};

struct kms_connector_state {
	struct kms_crtc *crtc; /* NULL = unused */
};

struct kms_plane {
	struct kms_object base;
	unsigned index;
	uint32_t type, possible_crtcs, zpos;
	uint32_t *formats; /* owned by the plane */
	unsigned format_count;
	struct kms_plane_state state; /* committed; dev->lock */
	/* What the hardware shows: latched from state at vblank. dev->lock. */
	struct kms_plane_state scanout;
};

/*
 * True when plane scans fourcc in modifier's layout out: LINEAR, and
 * I915_FORMAT_MOD_X_TILED on all but cursors.
 */
bool kms_plane_takes(const struct kms_plane *plane, uint32_t fourcc, uint64_t modifier);

/*
 * A commit that a crtc has taken over and not yet shown: a flip. It becomes
 * scanout at the first vblank whose grid time lies after time_ns.
 */
struct kms_pending_commit {
	bool active;
	uint64_t serial;         /* kms_device.commit_serial of the commit */
	uint64_t time_ns;        /* when it was committed, CLOCK_MONOTONIC */
	uint64_t plane_mask;     /* planes to latch; bit = kms_plane.index */
	struct kms_event *event; /* owned; NULL = nobody asked */
};

struct kms_crtc {
	struct kms_object base;
	unsigned index;
	struct kms_plane *primary, *cursor; /* cursor NULL when there is none */
	struct kms_crtc_state state;        /* committed; dev->lock */
	uint32_t gamma_size;
	struct kms_vblank *vblank;          /* kms_vblank.h */
	struct kms_pending_commit pending;  /* dev->lock */
	uint64_t flip_count;                /* commits shown at a vblank; dev->lock */
	uint64_t async_planes; /* changed without a pending commit (cursor): to latch; dev->lock */
	struct gem_list sinks;              /* kms_sink.link; dev->lock */
	uint64_t scanout_serial;            /* changes when scanout pixels may have; dev->lock */
	/* Composition buffer of the sinks' frames: kms_sink.c, there while there are sinks. */
	uint8_t *sink_pixels;               /* of the running kms_sinks_run, else dev->lock */
	size_t sink_pixels_size;
	struct kms_sink_snapshot *sink_snapshot; /* from kms_sinks_begin_locked to _run */
	bool sinks_running;                 /* between begin and the end of run; dev->lock */
	/* Legacy cursor: last position by MOVE, hot spot for state dumps. dev->lock. */
	int32_t cursor_x, cursor_y, cursor_hot_x, cursor_hot_y;
};

struct kms_encoder {
	struct kms_object base;
	unsigned index;
	uint32_t type, possible_crtcs; /* DRM_MODE_ENCODER_VIRTUAL */
};

struct kms_connector {
	struct kms_object base;
	unsigned index;
	uint32_t type, type_id;       /* "Virtual-1" */
	char name[32];
	char monitor[14];             /* name in the EDID */
	struct kms_encoder *encoder;
	bool connected;               /* dev->lock, as all below */
	uint32_t mm_width, mm_height; /* of the screen at 96 dpi */
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
	unsigned mode_count;
	struct kms_blob *edid;        /* reference; NULL when disconnected */
	uint32_t dpms;                /* legacy DPMS property: DRM_MODE_DPMS_* */
	struct kms_connector_state state;
	uint64_t epoch;               /* changes at hotplug */
};

struct kms_device {
	pthread_mutex_t lock;        /* see the top of this file */
	pthread_mutex_t object_lock;
	struct gem_idr objects;      /* object_lock */
	uint32_t min_width, min_height, max_width, max_height;
	uint32_t cursor_width, cursor_height;
	struct kms_plane planes[KMS_MAX_PLANES];
	struct kms_crtc crtcs[KMS_MAX_CRTCS];
	struct kms_encoder encoders[KMS_MAX_CONNECTORS];
	struct kms_connector connectors[KMS_MAX_CONNECTORS];
	unsigned plane_count, crtc_count, encoder_count, connector_count;
	struct kms_clock *clock;     /* kms_vblank.h: the vblank thread */
	uint64_t commit_serial;      /* commits so far, of every kind; lock */
	/* Standard properties; fixed after creation. */
	struct {
		struct kms_property *plane_type, *fb_id, *plane_crtc_id;
		struct kms_property *crtc_x, *crtc_y, *crtc_w, *crtc_h;
		struct kms_property *src_x, *src_y, *src_w, *src_h;
		struct kms_property *in_formats, *zpos[KMS_MAX_PLANES]; /* zpos by plane index */
		struct kms_property *active, *mode_id;
		struct kms_property *connector_crtc_id, *edid, *dpms, *link_status, *non_desktop,
			*tile;
	} props;
	/* Told about hotplug (uevents). Set by the owner before files exist. */
	void (*hotplug)(struct kms_device *dev, struct kms_connector *connector, void *data);
	void *hotplug_data;
	/* Where screenshots and sinks report; counters are atomics for the bench. */
	uint64_t frames_composed;
};

int kms_device_create(const struct kms_device_desc *desc, struct kms_device **out);
/* Stops the vblank thread. No file may be left. */
void kms_device_destroy(struct kms_device *dev);

/*
 * Hotplug: new modes (first = preferred) and connection state; rebuilds the
 * EDID blob and calls dev->hotplug afterwards, without the lock. Does not
 * touch a running crtc: the compositor decides. modes may be what the connector
 * has now. -EINVAL no mode for a connected one, too many, or a bad one; -ENOMEM.
 */
int kms_connector_set(struct kms_connector *connector, bool connected,
	const struct drm_mode_modeinfo *modes, unsigned mode_count);

/* ---- per open file ---- */

/* Events of a file go through this (protocols/drm: the file's socket). */
struct kms_event_ops {
	/* Whole struct drm_event of len bytes. Lost when the holder is gone. */
	void (*send)(struct kms_file *file, const void *event, size_t len);
	/* Bytes of events sent and not yet read by the holder. */
	size_t (*unread)(struct kms_file *file);
};

struct kms_file {
	struct kms_device *dev;
	const struct kms_event_ops *event_ops;
	/* client caps; set through uapi SET_CLIENT_CAP. dev->lock. */
	bool universal_planes, atomic, aspect_ratio, stereo_3d, writeback;
	struct gem_list framebuffers; /* kms_framebuffer.file_link; dev->lock */
	unsigned framebuffer_count;   /* dev->lock */
	struct gem_list blobs;        /* kms_blob.file_link; dev->lock */
	size_t blob_bytes;            /* memory of those blobs; dev->lock */
	struct gem_list events;       /* pending events that will be sent to this file; dev->lock */
	size_t event_reserved;        /* bytes promised to pending events; dev->lock */
};

void kms_file_init(struct kms_file *file, struct kms_device *dev,
	const struct kms_event_ops *event_ops);
/*
 * Close: pending events are cancelled, framebuffers removed as by RMFB (what
 * they show goes off the screen), blobs dropped.
 */
void kms_file_finish(struct kms_file *file);

#endif
