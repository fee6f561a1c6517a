/*
 * Who has which buffer: what gem_census.h knows about an object, and the open files that
 * have handles for it. For reports (the "state" command, the compositor's inspector);
 * no request of a client comes here.
 */
#ifndef UAPI_CENSUS_H
#define UAPI_CENSUS_H

#include <sys/types.h>

#include "gem_census.h"
#include "uapi.h"

#define UAPI_CENSUS_HOLDERS 16

/* An open file that has the object. */
struct uapi_holder {
	uint32_t file;    /* vfs_file.id */
	pid_t pid;        /* who opened it */
	bool render;      /* on the render node */
	uint32_t handle;  /* one of its handles (gem_file_count_handles); 0 = not found */
	unsigned handles; /* how many it has */
};

struct uapi_census {
	struct gem_census object;
	const struct uapi_device *dev; /* the object's; not followed by who only reads */
	const char *node;              /* its primary node, "/dev/dri/card0"; of the device */
	/* The first ones in the order in which files were opened, of holder_count in all. */
	struct uapi_holder holders[UAPI_CENSUS_HOLDERS];
	unsigned holder_count;
	/*
	 * holders and object are of one moment: no handle came or went meanwhile. False
	 * when the object's handles changed through a few attempts in a row.
	 */
	bool settled;
};

/*
 * The caller has a reference to obj, of any card, and no lock. Takes the device's
 * master_lock, and inside it each file's table_lock.
 */
void uapi_census_take(struct gem_object *obj, struct uapi_census *census);
/*
 * The same of the object behind a dma-buf's descriptor, the exporter's if there is one. -ENOENT:
 * no card of this process has it.
 */
int uapi_census_take_dma_buf(int fd, struct uapi_census *census);

/*
 * For whom a compositor shows a framebuffer: process pid (0 = it does not say), for the
 * history of planes. -ENOENT.
 */
int uapi_framebuffer_set_client(struct uapi_device *dev, uint32_t fb_id, pid_t pid);

#endif
