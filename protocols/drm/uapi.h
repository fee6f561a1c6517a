/*
 * The DRM uAPI: one ioctl table for every door (kernel: drm_ioctl.c).
 *
 * A row has the request's number, the kernel's struct size and direction, its
 * access rule and its handler. The argument is copied in (shorter structs are
 * zero-extended, longer ones cut, as drm_ioctl does), the handler works on the
 * copy, and the copy goes back. Errors are the kernel's.
 */
#ifndef UAPI_H
#define UAPI_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <drm.h>

#include "gem_device.h"
#include "gem_file.h"
#include "gpu_device.h"
#include "kms_device.h"
#include "vfs.h"

/*
 * What a lessee has, bits by the objects' index. Written with dev->master_lock,
 * read without: a lease only ever becomes empty.
 */
struct uapi_lease {
	_Atomic uint64_t crtcs, connectors, planes;
};

/*
 * What files that look to the same master share (kernel: struct drm_master):
 * the magics they asked for, whether the bus id was asked for, and leases.
 */
struct uapi_master {
	unsigned refcount;     /* dev->master_lock, as all below */
	struct gem_idr magics; /* magic -> file, NULL once authenticated; from 1 */
	bool unique_set;       /* SET_VERSION >= 1.1 was called: GET_UNIQUE answers */
	/* Whom this is a lessee of, a reference; NULL = it has the device itself. */
	struct uapi_master *lessor;
	uint32_t lessee_id;    /* in lessor->lessee_ids */
	struct uapi_lease lease;
	struct gem_list lessee_link;
	struct gem_list lessees;   /* lessee_link: those of this one, the oldest first */
	struct gem_idr lessee_ids; /* id -> lessee; from 1 */
};

/* The part that a card of driver "i915" says it is: a G33, gen3. */
enum {
	UAPI_PCI_VENDOR = 0x8086,
	UAPI_PCI_DEVICE = 0x29c2,
	UAPI_PCI_REVISION = 0x02,
	UAPI_PCI_CLASS = 0x030000, /* VGA compatible controller */
};

/* Where a card hangs, for GET_UNIQUE and for sysfs (protocols/tree). */
struct uapi_place {
	bool pci;        /* else a platform device */
	char name[16];   /* on its bus: "0000:00:02.0", "testcard" */
	char unique[24]; /* "pci:0000:00:02.0", "testcard" */
};

/* A card: GEM, GPU and KMS parts, and what the DRM core knows about its files. */
struct uapi_device {
	struct gem_device gem;
	struct gpu_device *gpu;  /* NULL from uapi_device_stop on */
	struct kms_device *kms;
	const char *driver_name; /* DRM_IOCTL_VERSION; "testcard" by default */
	const char *driver_desc;
	bool render_dumb; /* see uapi_options; fixed */
	const char *driver_date; /* "20261121" */
	int version[3];
	struct uapi_place place; /* set by uapi_node_init */
	pthread_mutex_t master_lock;
	struct uapi_master *master; /* current master, a reference; master_lock */
	struct gem_list files;      /* uapi_file.link; master_lock */
	unsigned open_count;        /* of this generation; master_lock */
	/* Counts unplugs: files of before one have no device any more. */
	_Atomic unsigned generation; /* changes under master_lock */
	gem_counter *access_changes; /* moves with generation, and when leases end */
	/* A lease is over, and its lessor to be told: see uapi_master_unlock. master_lock. */
	bool lease_ended;
	void (*on_lease_end)(struct uapi_device *dev, void *data); /* NULL = nobody; master_lock */
	void *on_lease_end_data;                                   /* the same */
	/* Every crtc is off, no file open; master_lock held. NULL = nobody; master_lock. */
	void (*on_last_close)(struct uapi_device *dev, void *data);
	void *on_last_close_data;                                  /* the same */
	char node_paths[2][32];     /* by enum uapi_node_kind; set by uapi_node_init */
};

enum uapi_node_kind { UAPI_NODE_PRIMARY, UAPI_NODE_RENDER };

struct uapi_file {
	struct vfs_file base; /* first */
	struct uapi_device *dev;
	enum uapi_node_kind kind;
	unsigned generation; /* the device's when this was opened; fixed */
	struct gem_file gem;
	struct kms_file kms;
	/* Primary nodes only: own master or the one at the time of open. dev->master_lock. */
	struct uapi_master *master;
	/* What a lessee's file may see, in master; fixed before it has a holder. NULL = all. */
	const struct uapi_lease *lease;
	bool is_master;      /* master is this file's own; current if also dev->master. dev->master_lock */
	uint32_t magic;      /* 0 = never asked; dev->master_lock */
	bool authenticated;  /* dev->master_lock */
	bool was_master;     /* dev->master_lock; SET/DROP_MASTER without root needs it */
	struct gem_list link; /* dev->master_lock */
};

/* Zeroed = defaults. */
struct uapi_options {
	struct gem_memory_options memory;
	struct gpu_options gpu;
	/*
	 * Its render node takes requests about dumb buffers, which a kernel's refuses: Mesa's
	 * software driver (kms_swrast) has no others, and crashes without.
	 */
	bool render_dumb;
};

/*
 * kms_desc: topology; see kms_device.h. driver_name NULL = "testcard"; stays the
 * caller's. options NULL = defaults. A card of driver "i915" is a PCI device, any
 * other a platform device.
 */
int uapi_device_create(const struct kms_device_desc *kms_desc, const char *driver_name,
	const struct uapi_options *options, struct uapi_device **out);
/* No file may be open. */
void uapi_device_destroy(struct uapi_device *dev);
/*
 * Ends the GPU's work, which may keep objects of other cards: called for all
 * cards of a platform before the first of them is destroyed. No file may be open.
 */
void uapi_device_stop(struct uapi_device *dev);

/*
 * The device is pulled out, as the kernel's drm_dev_unplug: requests on open files
 * give -ENODEV from now on and memory can not be mapped anew; what is mapped stays,
 * events that were due are sent, waits for vblanks end, batches fail with -EIO,
 * every screen goes dark. Its nodes are out of the vfs before.
 */
void uapi_device_unplug(struct uapi_device *dev);
/* It is there again, and new to everybody: before its nodes are. */
void uapi_device_plug(struct uapi_device *dev);
/* The device that file was opened on has been pulled out. */
bool uapi_file_unplugged(const struct uapi_file *file);

/*
 * Fills node for vfs_add_node, and dev->place: /dev/dri/card<index> (226:index) or
 * /dev/dri/renderD<128+index> (226:128+index). One node of each kind a device.
 * Mode 0666, owned by the server's user: there is no udev here that would give
 * the node to the user of the seat.
 */
void uapi_node_init(struct vfs_node *node, struct uapi_device *dev, enum uapi_node_kind kind,
	unsigned index);

/* Access rules of a row (kernel: drm_ioctl_flags). */
enum {
	UAPI_AUTH = 1 << 0,         /* primary node: must be authenticated */
	UAPI_MASTER = 1 << 1,       /* must be current master */
	UAPI_ROOT_ONLY = 1 << 2,
	UAPI_RENDER_ALLOW = 1 << 3, /* also on render nodes */
	/*
	 * Not access: the handler may reach memory and descriptors that did not come with
	 * the request (wire.h, WIRE_UPCALL; the row in wire_layout.c says it too). It holds
	 * no lock of the device while it uses the caller's ops: each may wait for a client
	 * that takes its time.
	 */
	UAPI_UPCALL = 1 << 4,
	UAPI_RENDER_DUMB = 1 << 5, /* on render nodes of a device with render_dumb */
};

/*
 * What the answers of a row depend on (vfs_caller.depends). A handler whose answers do so
 * only sometimes clears it in its caller.
 */
enum {
	UAPI_KEEPS = 1 << VFS_WATCH_LIFE | 1 << VFS_WATCH_ACCESS, /* else as long as the device is there */
	UAPI_KEEPS_STATE = UAPI_KEEPS | 1 << VFS_WATCH_STATE,
	UAPI_KEEPS_VBLANK = UAPI_KEEPS | 1 << VFS_WATCH_VBLANK,
	UAPI_KEEPS_FILE = UAPI_KEEPS | 1 << VFS_WATCH_FILE,
	UAPI_KEEPS_HANDLES = UAPI_KEEPS | 1 << VFS_WATCH_HANDLES,
	UAPI_KEEPS_IDLE = UAPI_KEEPS_HANDLES | 1 << VFS_WATCH_BUSY,
};

struct uapi_call {
	struct uapi_file *file;
	struct vfs_caller *caller;
};

struct uapi_ioctl {
	unsigned int cmd; /* the kernel's full number, with size and direction */
	unsigned int flags;
	uint32_t keeps; /* 0 = every request is to be asked; else UAPI_KEEPS... */
	int (*handler)(struct uapi_call *call, void *data);
	const char *name; /* "MODE_ATOMIC", for traces and refusal logs */
};

/* NULL when nr is not in the table. nr = _IOC_NR(request). */
const struct uapi_ioctl *uapi_ioctl_find(unsigned int nr);

bool uapi_file_is_master(struct uapi_file *file);

#endif
