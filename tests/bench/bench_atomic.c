/*
 * Cost of a TEST_ONLY commit of three planes through the ioctl table, in
 * process, and how late the vblank thread is over some seconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "kms_vblank.h"
#include "uapi.h"

enum { TESTS = 200000, SECONDS = 5, PLANES = 3, PROPERTIES = 10 };

static struct vfs *vfs;
static struct uapi_device *card;
static struct vfs_file *file;
static struct vfs_caller caller;

static void call(unsigned request, void *arg, const char *what)
{
	long ret = file->ops->ioctl(file, request, (uintptr_t)arg, &caller);

	if (ret < 0) {
		fprintf(stderr, "%s: error %ld\n", what, ret);
		exit(1);
	}
}

static uint32_t create_fb(uint32_t width, uint32_t height)
{
	struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
	struct drm_mode_fb_cmd2 cmd = {.width = width, .height = height,
		.pixel_format = DRM_FORMAT_ARGB8888};

	call(DRM_IOCTL_MODE_CREATE_DUMB, &create, "CREATE_DUMB");
	cmd.handles[0] = create.handle;
	cmd.pitches[0] = create.pitch;
	call(DRM_IOCTL_MODE_ADDFB2, &cmd, "ADDFB2");
	return cmd.fb_id;
}

static void light(void)
{
	uint32_t connector = card->kms->connectors[0].base.id;
	struct drm_set_client_cap cap = {.capability = DRM_CLIENT_CAP_ATOMIC, .value = 1};
	struct drm_mode_crtc set = {
		.crtc_id = card->kms->crtcs[0].base.id,
		.fb_id = create_fb(1024, 768),
		.set_connectors_ptr = (uintptr_t)&connector,
		.count_connectors = 1,
		.mode_valid = 1,
		.mode = card->kms->connectors[0].modes[0],
	};

	call(DRM_IOCTL_SET_CLIENT_CAP, &cap, "SET_CLIENT_CAP");
	call(DRM_IOCTL_MODE_SETCRTC, &set, "SETCRTC");
}

static void fill_plane(unsigned i, uint32_t *properties, uint64_t *values)
{
	const struct kms_device *kms = card->kms;
	uint32_t width = i == 0 ? 1024 : 64, height = i == 0 ? 768 : 64;
	const struct {
		const struct kms_property *property;
		uint64_t value;
	} rows[PROPERTIES] = {
		{kms->props.fb_id, create_fb(width, height)},
		{kms->props.plane_crtc_id, kms->crtcs[0].base.id},
		{kms->props.crtc_x, 0}, {kms->props.crtc_y, 0},
		{kms->props.crtc_w, width}, {kms->props.crtc_h, height},
		{kms->props.src_x, 0}, {kms->props.src_y, 0},
		{kms->props.src_w, (uint64_t)width << 16}, {kms->props.src_h, (uint64_t)height << 16},
	};

	for (int row = 0; row < PROPERTIES; row++) {
		properties[row] = rows[row].property->base.id;
		values[row] = rows[row].value;
	}
}

static void bench_test_only(unsigned planes)
{
	uint32_t objects[PLANES], counts[PLANES], properties[PLANES * PROPERTIES];
	uint64_t values[PLANES * PROPERTIES];
	struct drm_mode_atomic args = {
		.flags = DRM_MODE_ATOMIC_TEST_ONLY, .count_objs = planes,
		.objs_ptr = (uintptr_t)objects, .count_props_ptr = (uintptr_t)counts,
		.props_ptr = (uintptr_t)properties, .prop_values_ptr = (uintptr_t)values,
	};

	for (unsigned i = 0; i < planes; i++) {
		objects[i] = card->kms->planes[i].base.id;
		counts[i] = PROPERTIES;
		fill_plane(i, properties + i * PROPERTIES, values + i * PROPERTIES);
	}
	uint64_t start = kms_clock_now();
	for (int i = 0; i < TESTS; i++)
		call(DRM_IOCTL_MODE_ATOMIC, &args, "ATOMIC");
	double seconds = (double)(kms_clock_now() - start) / 1e9;
	printf("TEST_ONLY, %u plane(s) of %d properties: %.0f/s (%.2f us)\n", planes, PROPERTIES,
		TESTS / seconds, seconds / TESTS * 1e6);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* From a waiter's point of view: grid time to running again. */
static void bench_lateness(void)
{
	struct kms_crtc *crtc = &card->kms->crtcs[0];
	static uint64_t late[60 * SECONDS];

	pthread_mutex_lock(&card->kms->lock);
	crtc->vblank->late_max_ns = crtc->vblank->late_count = 0;
	for (int i = 0; i < 60 * SECONDS; i++) {
		kms_vblank_wait_locked(crtc, crtc->vblank->count + 1, 1000000000);
		late[i] = kms_clock_now() - crtc->vblank->time_ns;
	}
	uint64_t worst = crtc->vblank->late_max_ns, missed = crtc->vblank->late_count;
	pthread_mutex_unlock(&card->kms->lock);
	qsort(late, 60 * SECONDS, sizeof(late[0]), compare);
	printf("waiter after vblank: p50 %.0f us, p99 %.0f us, max %.0f us; "
		"thread: max %.0f us late, %llu missed\n", late[30 * SECONDS] / 1e3,
		late[60 * SECONDS * 99 / 100] / 1e3, late[60 * SECONDS - 1] / 1e3, worst / 1e3,
		(unsigned long long)missed);
}

int main(void)
{
	static struct vfs_node node;
	int fd;

	vfs_caller_init_self(&caller);
	if (vfs_create(&vfs) || uapi_device_create(kms_device_desc_default(), NULL, NULL, &card))
		return 1;
	uapi_node_init(&node, card, UAPI_NODE_PRIMARY, 0);
	if (vfs_add_node(vfs, &node) || vfs_open(vfs, node.path, O_RDWR, &caller, &fd) ||
	    vfs_file_from_fd(vfs, fd, &file))
		return 1;
	light();
	bench_test_only(1);
	bench_test_only(PLANES);
	bench_lateness();
	vfs_file_put(file);
	close(fd);
	vfs_destroy(vfs);
	uapi_device_destroy(card);
	return 0;
}
