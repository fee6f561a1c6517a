/*
 * The compositor's census: for every output, every surface that can be seen on it, from
 * the lowest to the highest, with the buffer it has and who else holds that buffer. The
 * pointer's picture is the last of them when a client has set it. What the "state" command
 * prints and the inspector draws. Main thread.
 */
#ifndef COMPOSITOR_CENSUS_H
#define COMPOSITOR_CENSUS_H

#include <wlr/util/box.h>

#include "compositor_server.h"
#include "uapi_census.h"

struct wlr_buffer;

#define COMPOSITOR_CENSUS_TEXT 64

enum compositor_buffer_kind {
	COMPOSITOR_BUFFER_NONE,  /* no buffer any more, or one of no client */
	COMPOSITOR_BUFFER_SHM,
	COMPOSITOR_BUFFER_FLINK, /* the client handed it over by its flink name */
	COMPOSITOR_BUFFER_DMABUF,
};

/* "none", "shm", "flink", "dma-buf". Static. */
const char *compositor_buffer_kind_name(enum compositor_buffer_kind kind);

struct compositor_census_surface {
	pid_t pid;           /* the Wayland client */
	char process[16];    /* its name now, "<unknown>" when it is gone */
	char app_id[COMPOSITOR_CENSUS_TEXT], title[COMPOSITOR_CENSUS_TEXT]; /* of its window, or "" */
	uint32_t surface;    /* wl_surface's id in that client */
	bool is_cursor;      /* set by wl_pointer.set_cursor */
	struct wlr_box box;  /* on the output, in its pixels; may stick out */
	enum compositor_buffer_kind kind;
	uint32_t name;       /* of FLINK: the name it came by (object.name is the present one) */
	int width, height;   /* of the buffer, pixels; 0 without one */
	uint32_t format;     /* DRM_FORMAT_*; 0 = not known */
	uint64_t modifier;   /* DRM_FORMAT_MOD_INVALID = implicit, or not known */
	/* Of its first plane's object, which is the one of the card that exported it. */
	bool has_object;
	struct uapi_census object;
	/* What shows it; 0 = it is composited. */
	uint32_t plane_id;
	unsigned plane_index;   /* in its device */
	const char *plane_type; /* "primary", "overlay", "cursor"; static */
	/* While on a plane: its framebuffer; of a cursor the compositor's, with a copy of it. */
	uint32_t fb_id;
	/*
	 * compositor_usage: since the surface exists; without the copy of shm into a texture.
	 * Cursors are not counted.
	 */
	uint64_t scanned_frames, composited_frames, copied_bytes;
};

struct compositor_census_output {
	const char *name; /* wlr_output's */
	uint32_t crtc_id;
	unsigned crtc_index;
	int width, height;
	/* What shows the composited picture, and the pointer; 0 = no plane does. */
	uint32_t picture_plane, cursor_plane;
	struct compositor_census_surface *surfaces; /* the lowest first */
	unsigned count, room;
};

struct compositor_census {
	struct compositor_census_output *outputs; /* as compositor_server.screens */
	unsigned count, room;
	/* compositor_usage.bytes of all surfaces that ever were. */
	uint64_t copied_bytes;
};

/*
 * Fills census, which is zeroed or has been filled before: memory is used again. Strings
 * and ids are valid until the main thread goes on to other things. False = no memory;
 * census is as good as empty then.
 */
bool compositor_census_take(struct compositor_server *server, struct compositor_census *census);
/* Frees its memory. */
void compositor_census_finish(struct compositor_census *census);

/* A wl_drm client handed buffer over by a flink name: for as long as buffer lives. */
void compositor_census_set_name(struct wlr_buffer *buffer, uint32_t name);

/* compositor_census_print.c: the member "surfaces" of "state", without a comma. */
void compositor_census_print(const struct compositor_census *census, FILE *out);

#endif
