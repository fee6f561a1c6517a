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
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gem_base.h"
#include "gem_idr.h"
#include "gem_publish.h"
#include "kms_desc.h"
#include "kms_object.h"
#include "kms_property.h"

struct gem_fence;
struct kms_event;
struct kms_fence_wait;
struct kms_sink;
struct gem_pool;
struct kms_writeback_job;

/* ---- mode state; see kms_atomic.h for how it changes ---- */

struct kms_plane_state {
	struct kms_crtc *crtc;          /* NULL = off; NULL exactly when fb is NULL */
	struct kms_framebuffer *fb;     /* reference */
	int32_t crtc_x, crtc_y;         /* pixels */
	uint32_t crtc_w, crtc_h;        /* pixels */
	uint32_t src_x, src_y, src_w, src_h; /* 16.16 fixed point, before rotation */
	uint16_t alpha;                 /* 0xffff = opaque */
	enum kms_blend blend;
	uint32_t rotation;              /* DRM_MODE_ROTATE_* | DRM_MODE_REFLECT_* */
	uint32_t zpos;                  /* as asked for; see normalized_zpos */
	uint32_t normalized_zpos;       /* place on its crtc, from 0; set by check */
	enum kms_color_encoding encoding;
	enum kms_color_range range;
	/*
	 * Of one commit only, references: what changed since the last one
	 * (struct drm_mode_rect, in fb's pixels; NULL = all of it), and what to
	 * wait for before fb is read. NULL again in the next state.
	 */
	struct kms_blob *damage;
	struct gem_fence *in_fence;
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
	struct kms_crtc *crtc;         /* NULL = unused */
	uint32_t link_status;          /* DRM_MODE_LINK_STATUS_* */
	uint32_t content_type;         /* DRM_MODE_CONTENT_TYPE_* */
	uint32_t max_bpc;
	uint32_t colorspace;           /* DRM_MODE_COLORIMETRY_* */
	struct kms_blob *hdr_metadata; /* reference; NULL = none */
	/* Of one commit only, references: where the frame goes, and what says it is there. */
	struct kms_framebuffer *writeback_fb;
	struct gem_fence *writeback_fence; /* NULL = nobody asked */
};

struct kms_plane {
	struct kms_object base;
	unsigned index;
	/* Copy of its description; its arrays are the plane's own. Fixed. */
	struct kms_plane_desc desc;
	uint32_t type, possible_crtcs; /* those of desc, as are formats */
	uint32_t *formats;
	unsigned format_count;
	struct kms_plane_state state;  /* committed; dev->lock */
	/* What the hardware shows: latched from state at vblank. dev->lock. */
	struct kms_plane_state scanout;
	/* What an asynchronous update of it waits for; NULL = nothing. Owned; dev->lock. */
	struct kms_fence_wait *wait;
};

/* True when plane scans fourcc in modifier's layout out. */
bool kms_plane_takes(const struct kms_plane *plane, uint32_t fourcc, uint64_t modifier);

/*
 * A commit that a crtc has taken over and not yet shown: a flip. It becomes
 * scanout at the first vblank whose grid time lies after time_ns.
 */
struct kms_pending_commit {
	bool active;
	uint64_t serial;         /* kms_device.commit_serial of the commit */
	uint64_t time_ns;        /* when it was committed, of kms_time_now */
	uint64_t traced_ns;      /* the same, of gem_trace_now */
	int32_t client;          /* whose commit it is: gem_trace_client */
	uint64_t plane_mask;     /* planes to latch; bit = kms_plane.index */
	struct kms_event *event; /* owned; NULL = nobody asked */
	struct kms_writeback_job *writebacks; /* list, owned: due with the latch */
	struct kms_fence_wait *wait; /* owned; NULL = its fbs are finished */
	struct gem_fence *out_fence; /* reference; NULL = nobody asked */
};

struct kms_crtc {
	struct kms_object base;
	unsigned index;
	struct kms_plane *primary, *cursor; /* cursor NULL when there is none */
	struct kms_crtc_desc desc;          /* copy of its description; fixed */
	struct kms_crtc_state state;        /* committed; dev->lock */
	/* What the hardware does: latched from state with the planes. dev->lock. */
	struct kms_crtc_state scanout;
	struct kms_vblank *vblank;          /* kms_vblank.h */
	struct kms_pending_commit pending;  /* dev->lock */
	uint64_t fence_context;             /* of its out-fences; fixed */
	_Atomic uint64_t fence_seqno;       /* the last one's */
	uint64_t flip_count;                /* commits shown at a vblank; dev->lock */
	uint64_t traced_fence;              /* of the latest flip that had one; dev->lock */
	struct kms_history *history;        /* kms_history.h */
	uint64_t async_planes; /* changed without a pending commit (cursor): to latch; dev->lock */
	struct gem_list sinks;              /* kms_sink.link; dev->lock */
	uint64_t scanout_serial;            /* changes when scanout pixels may have; dev->lock */
	uint64_t scanout_since;             /* vblank that showed that state first; dev->lock */
	struct kms_writeback_job *writebacks; /* due, for the vblank thread to take; dev->lock */
	/* Composition buffer of the sinks' frames: kms_sink.c, there while there are sinks. */
	uint8_t *sink_pixels;               /* of the running kms_sinks_run, else dev->lock */
	size_t sink_pixels_size;
	struct kms_sink_run *sink_run;      /* from kms_sinks_begin_locked to _run */
	bool sinks_running;                 /* between begin and the end of run; dev->lock */
	/* Legacy cursor: last position by MOVE, hot spot for state dumps. dev->lock. */
	int32_t cursor_x, cursor_y, cursor_hot_x, cursor_hot_y;
};

/* Entries of the LUT that the legacy gamma requests talk of; 0 = crtc has none. */
static inline uint32_t kms_crtc_gamma_size(const struct kms_crtc *crtc)
{
	return crtc->desc.gamma_size < 256 ? crtc->desc.gamma_size : 256;
}

struct kms_encoder {
	struct kms_object base;
	unsigned index;
	uint32_t type, possible_crtcs, possible_clones; /* DRM_MODE_ENCODER_* */
};

struct kms_connector {
	struct kms_object base;
	unsigned index;
	uint32_t type, type_id;       /* "Virtual-1" */
	char name[32];
	/*
	 * Copy of its description but for modes and EDID; arrays are its own. Fixed, but
	 * for edid, edid_size and vrr_capable: those are the monitor's, dev->lock.
	 */
	struct kms_connector_desc desc;
	char monitor[14];             /* name in the EDID; dev->lock */
	struct kms_encoder *encoder;
	bool connected;               /* dev->lock, as all below */
	uint32_t mm_width, mm_height; /* of the screen */
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
	bool async_page_flip;
	unsigned card; /* number of the device's primary node, for reports; set before it has files */
	struct kms_plane planes[KMS_MAX_PLANES];
	struct kms_crtc crtcs[KMS_MAX_CRTCS];
	struct kms_encoder encoders[KMS_MAX_CONNECTORS];
	struct kms_connector connectors[KMS_MAX_CONNECTORS];
	unsigned plane_count, crtc_count, encoder_count, connector_count;
	struct kms_clock *clock;     /* kms_vblank.h: the vblank thread */
	struct gem_pool *compose_pool; /* helps to compose; NULL = no helpers. Fixed. */
	uint64_t fence_patience_ns;  /* kms_fence.h; fixed */
	uint64_t commit_serial;      /* commits so far, of every kind; lock */
	/*
	 * Move, under lock, when an object's state, properties or monitor may have become
	 * others, and with every vblank or when a crtc goes on or off.
	 */
	gem_counter *state_changes, *vblank_changes;
	gem_counter *life; /* moves when the vblank thread or this process ends */
	struct gem_list done_fences; /* out-fences to signal (kms_fence.h); lock */
	/* Standard properties; fixed after creation. */
	struct kms_standard_props {
		/* planes */
		struct kms_property *plane_type, *fb_id, *in_fence_fd, *plane_crtc_id;
		struct kms_property *crtc_x, *crtc_y, *crtc_w, *crtc_h;
		struct kms_property *src_x, *src_y, *src_w, *src_h;
		struct kms_property *in_formats, *damage_clips, *size_hints;
		/* crtcs */
		struct kms_property *active, *mode_id, *out_fence_ptr, *vrr_enabled;
		struct kms_property *degamma_lut, *degamma_lut_size, *ctm, *gamma_lut,
			*gamma_lut_size;
		/* connectors */
		struct kms_property *edid, *dpms, *link_status, *non_desktop, *tile,
			*connector_crtc_id;
		struct kms_property *panel_orientation, *content_type, *hdr_metadata,
			*vrr_capable;
		struct kms_property *writeback_out_fence_ptr, *writeback_fb_id,
			*writeback_pixel_formats;
	} props;
	/* Those whose values differ between objects: by index, NULL = not there. */
	struct {
		struct kms_property *zpos, *rotation, *alpha, *blend, *encoding, *range;
	} plane_props[KMS_MAX_PLANES];
	struct {
		struct kms_property *max_bpc, *colorspace;
	} connector_props[KMS_MAX_CONNECTORS];
	/*
	 * Told about hotplug (uevents), without the lock. property_id: the one property that
	 * changed, 0 = whatever. Set by the owner before files exist.
	 */
	void (*hotplug)(struct kms_device *dev, struct kms_connector *connector,
		uint32_t property_id, void *data);
	void *hotplug_data;
	/* kms_oops.h: sizes of the crtcs for the oops, by index; NULL = nobody asks. lock. */
	_Atomic uint32_t *oops_screens;
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
/*
 * Hotplug: the monitor has another EDID, size bytes; NULL = one that is built from
 * its modes, under this name (NULL = the one it had). The modes become those of edid,
 * when it says any; else they stay. -EINVAL: not whole blocks that begin with an
 * EDID's header and have its checksums; -ENOMEM.
 */
int kms_connector_set_edid(struct kms_connector *connector, const void *edid, size_t size,
	const char *name);
/* The link went bad: link-status says so until a modeset, and dev->hotplug is told. */
void kms_connector_set_link_bad(struct kms_connector *connector);
/* -EOPNOTSUPP when the connector has no vrr_capable. */
int kms_connector_set_vrr_capable(struct kms_connector *connector, bool capable);

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
	gem_counter *changes; /* moves with the client caps and framebuffers; dev->lock */
};

void kms_file_init(struct kms_file *file, struct kms_device *dev,
	const struct kms_event_ops *event_ops);
/*
 * Close: pending events are cancelled, framebuffers removed as by RMFB (what
 * they show goes off the screen), blobs dropped.
 */
void kms_file_finish(struct kms_file *file);

#endif
