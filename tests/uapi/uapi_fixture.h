/*
 * A card behind a vfs, for tests that go through the ioctl table in process:
 * open, ioctl and mmap as a door does them. Results are as of the system
 * calls: -1 and errno.
 */
#ifndef UAPI_FIXTURE_H
#define UAPI_FIXTURE_H

#include "test.h"
#include "uapi.h"

struct uapi_fixture {
	struct vfs *vfs;
	struct uapi_device *dev;
	struct vfs_node card, render;
	struct vfs_caller caller; /* of all calls below; tests change its uid and pid */
};

/* The default topology. caller starts as this process with uid 1000. */
void fixture_init(struct uapi_fixture *fixture);
/* Another topology. */
void fixture_init_desc(struct uapi_fixture *fixture, const struct kms_device_desc *desc);
/* Files that are still open are closed by force; objects left fail the test. */
void fixture_finish(struct uapi_fixture *fixture);

int fixture_open(struct uapi_fixture *fixture, const char *path, int flags);
/* "/dev/dri/card0" and "/dev/dri/renderD128", O_RDWR; must succeed. */
int fixture_open_card(struct uapi_fixture *fixture);
int fixture_open_render(struct uapi_fixture *fixture);
int fixture_ioctl(struct uapi_fixture *fixture, int fd, unsigned long request, void *arg);
/* As MAP_SHARED; MAP_FAILED and errno. */
void *fixture_mmap(struct uapi_fixture *fixture, int fd, uint64_t offset, size_t length,
	int prot);

#endif
