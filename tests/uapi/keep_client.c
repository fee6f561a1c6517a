/*
 * Answers that a client keeps (wire.h): the very next one after somebody else changed what
 * it says is the new one, whoever that was and wherever he sat. An ordinary program under
 * "testcard exec"; each question is asked until it is answered without the server, first.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "test.h"

static int fd = -1;
static uint32_t crtc_id, connector_id;

/* The library's connection to the device is made before tests count descriptors. */
__attribute__((constructor))
static void connect_early(void)
{
	access("/dev/dri/card0", F_OK);
}

static void control(const char *line, char *reply, size_t size)
{
	int socket_fd = test_device_connect();
	size_t got = 0;
	ssize_t now;

	CHECK(dprintf(socket_fd, "%s\n", line) > 0);
	CHECK_INT(shutdown(socket_fd, SHUT_WR), 0);
	while (got < size - 1 && (now = read(socket_fd, reply + got, size - 1 - got)) > 0)
		got += now;
	reply[got] = '\0';
	close(socket_fd);
	CHECK(strncmp(reply, "{\"ok\":true", 10) == 0);
}

static void command(const char *line)
{
	char reply[1024];

	control(line, reply, sizeof(reply));
}

/* How often the server was asked name. */
static unsigned long asked(const char *name)
{
	char reply[65536], pattern[64];

	snprintf(pattern, sizeof(pattern), "\"name\":\"%s\",\"wire\":", name);
	control("ioctls", reply, sizeof(reply));
	const char *found = strstr(reply, pattern);
	return found ? strtoul(found + strlen(pattern), NULL, 10) : 0;
}

static void begin(void)
{
	fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	drmModeRes *res = drmModeGetResources(fd);
	CHECK(res && res->count_crtcs == 1 && res->count_connectors == 1);
	crtc_id = res->crtcs[0];
	connector_id = res->connectors[0];
	drmModeFreeResources(res);
}

/* In a process of its own, which shares fd with this one. */
static void in_sibling(void (*run)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		run();
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
}

static int get_cap(int file)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};

	return ioctl(file, DRM_IOCTL_GET_CAP, &cap) ? -errno : (int)cap.value;
}

enum { AGAIN = 3 }; /* asked once or twice, kept from then on */

/* ---- it works at all ---- */

TEST(the_server_is_not_asked)
{
	begin();
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(get_cap(fd), 1);
	unsigned long before = asked("GET_CAP");
	for (int i = 0; i < 1000; i++)
		CHECK_INT(get_cap(fd), 1);
	unsigned long after = asked("GET_CAP");
	const char *mode = getenv("TESTCARD_HOT");
	CHECK_INT(after - before, mode && *mode ? 1000 : 0);
	close(fd);
}

TEST(a_recording_has_all_of_them)
{
	char line[64];

	snprintf(line, sizeof(line), "trace start /dev/null");
	begin();
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(get_cap(fd), 1);
	command(line);
	unsigned long before = asked("GET_CAP");
	for (int i = 0; i < 10; i++)
		CHECK_INT(get_cap(fd), 1);
	CHECK_INT(asked("GET_CAP") - before, 10);
	command("trace stop");
	close(fd);
}

/* ---- which file it is ---- */

TEST(the_number_is_something_else)
{
	begin();
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(get_cap(fd), 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK_INT(dup2(null, fd), fd);
	CHECK_INT(get_cap(fd), -ENOTTY);
	close(null);
	close(fd);
	CHECK_INT(get_cap(fd), -EBADF);
}

static uint32_t create_dumb(int file, uint32_t width)
{
	struct drm_mode_create_dumb args = {.width = width, .height = 16, .bpp = 32};

	CHECK_INT(ioctl(file, DRM_IOCTL_MODE_CREATE_DUMB, &args), 0);
	return args.handle;
}

/* The place of a handle; 0 = it is none. */
static uint64_t map_dumb(int file, uint32_t handle)
{
	struct drm_mode_map_dumb args = {.handle = handle};

	if (ioctl(file, DRM_IOCTL_MODE_MAP_DUMB, &args) == 0)
		return args.offset;
	CHECK_INT(errno, ENOENT);
	return 0;
}

TEST(another_file_under_the_number)
{
	begin();
	int other = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	uint32_t handle = create_dumb(fd, 64);
	CHECK_INT(create_dumb(other, 64), handle);
	uint64_t offset = 0;
	for (int i = 0; i < AGAIN; i++)
		offset = map_dumb(fd, handle);
	uint64_t others = map_dumb(other, handle);
	CHECK(offset && others && offset != others);
	CHECK_INT(dup2(other, fd), fd);
	CHECK_INT(map_dumb(fd, handle), others);
	close(other);
	CHECK_INT(map_dumb(fd, handle), others);
	close(fd);
}

/* ---- handles ---- */

static uint32_t shared_handle;
static uint64_t *shared_offset;

static void destroy_there(void)
{
	struct drm_mode_destroy_dumb args = {.handle = shared_handle};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &args), 0);
}

static void replace_there(void)
{
	struct drm_gem_close args = {.handle = shared_handle};

	/* So that the place is not free again at once. */
	uint32_t blocker = create_dumb(fd, 16);
	CHECK(map_dumb(fd, blocker));
	CHECK_INT(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args), 0);
	CHECK_INT(create_dumb(fd, 1024), shared_handle);
	*shared_offset = map_dumb(fd, shared_handle);
}

TEST(a_handle_closed_by_a_sibling)
{
	begin();
	shared_handle = create_dumb(fd, 64);
	for (int i = 0; i < AGAIN; i++)
		CHECK(map_dumb(fd, shared_handle));
	in_sibling(destroy_there);
	CHECK_INT(map_dumb(fd, shared_handle), 0);
	close(fd);
}

TEST(a_handle_reused_by_a_sibling)
{
	begin();
	shared_offset = mmap(NULL, sizeof(*shared_offset), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared_handle = create_dumb(fd, 64);
	for (int i = 0; i < AGAIN; i++)
		CHECK(map_dumb(fd, shared_handle));
	in_sibling(replace_there);
	CHECK(*shared_offset);
	CHECK_INT(map_dumb(fd, shared_handle), *shared_offset);
	munmap(shared_offset, sizeof(*shared_offset));
	close(fd);
}

/* ---- caps, framebuffers ---- */

static unsigned count_planes(void)
{
	struct drm_mode_get_plane_res res = {0};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &res), 0);
	return res.count_planes;
}

static void *set_caps(void *data)
{
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, (uintptr_t)data), 0);
	return NULL;
}

TEST(a_client_cap_set_by_another_thread)
{
	unsigned overlays = 0;
	pthread_t thread;

	begin();
	for (int i = 0; i < AGAIN; i++)
		overlays = count_planes();
	CHECK_INT(pthread_create(&thread, NULL, set_caps, (void *)1l), 0);
	pthread_join(thread, NULL);
	CHECK_INT(count_planes(), overlays + 2);
	CHECK_INT(count_planes(), overlays + 2);
	CHECK_INT(pthread_create(&thread, NULL, set_caps, (void *)0l), 0);
	pthread_join(thread, NULL);
	CHECK_INT(count_planes(), overlays);
	close(fd);
}

static unsigned count_framebuffers(void)
{
	struct drm_mode_card_res res = {0};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	return res.count_fbs;
}

static uint32_t *shared_fb;

static void add_there(void)
{
	CHECK_INT(drmModeAddFB(fd, 64, 16, 24, 32, 256, shared_handle, shared_fb), 0);
}

static void remove_there(void)
{
	CHECK_INT(drmModeRmFB(fd, *shared_fb), 0);
}

TEST(a_framebuffer_of_a_sibling)
{
	begin();
	shared_fb = mmap(NULL, sizeof(*shared_fb), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared_handle = create_dumb(fd, 64);
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(count_framebuffers(), 0);
	in_sibling(add_there);
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(count_framebuffers(), 1);
	in_sibling(remove_there);
	CHECK_INT(count_framebuffers(), 0);
	munmap(shared_fb, sizeof(*shared_fb));
	close(fd);
}

/* ---- monitors ---- */

static unsigned connection(void)
{
	struct drm_mode_get_connector args = {.connector_id = connector_id, .count_modes = 1};
	struct drm_mode_modeinfo mode;

	args.modes_ptr = (uintptr_t)&mode;
	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &args), 0);
	return args.connection;
}

TEST(hotplug)
{
	begin();
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(connection(), DRM_MODE_CONNECTED);
	command("disconnect");
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(connection(), DRM_MODE_DISCONNECTED);
	command("connect");
	CHECK_INT(connection(), DRM_MODE_CONNECTED);
	close(fd);
}

TEST(unplug)
{
	begin();
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(get_cap(fd), 1);
	command("unplug");
	CHECK_INT(get_cap(fd), -ENODEV);
	command("plug");
	CHECK_INT(get_cap(fd), -ENODEV); /* for ever: another device came */
	close(fd);
}

/* ---- properties ---- */

static uint64_t property(uint32_t object, uint32_t type, const char *name, uint32_t *id)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(fd, object, type);
	uint64_t value = 0;

	CHECK(list != NULL);
	for (uint32_t i = 0; i < list->count_props; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, list->props[i]);

		CHECK(prop != NULL);
		if (strcmp(prop->name, name) == 0) {
			*id = prop->prop_id;
			value = list->prop_values[i];
		}
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	return value;
}

static uint32_t plane_id, alpha_id;
static atomic_uint told;
enum { STEPS = 3000 };

static uint64_t alpha(void)
{
	uint64_t values[64];
	uint32_t ids[64];
	struct drm_mode_obj_get_properties args = {.props_ptr = (uintptr_t)ids,
		.prop_values_ptr = (uintptr_t)values, .count_props = 64, .obj_id = plane_id,
		.obj_type = DRM_MODE_OBJECT_PLANE};

	CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &args), 0);
	for (uint32_t i = 0; i < args.count_props; i++) {
		if (ids[i] == alpha_id)
			return values[i];
	}
	CHECK(!"alpha");
	return 0;
}

static void find_alpha(void)
{
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	plane_id = planes->planes[0];
	drmModeFreePlaneResources(planes);
	property(plane_id, DRM_MODE_OBJECT_PLANE, "alpha", &alpha_id);
	CHECK(alpha_id);
}

static void *raise_alpha(void *data)
{
	for (unsigned i = 1; i <= STEPS; i++) {
		CHECK_INT(drmModeObjectSetProperty(fd, plane_id, DRM_MODE_OBJECT_PLANE, alpha_id,
			i), 0);
		atomic_store(&told, i);
	}
	return NULL;
}

/* Who is told that it was done never sees what was before. */
TEST(a_property_that_another_thread_raises)
{
	pthread_t thread;
	uint64_t now = 0;

	begin();
	find_alpha();
	CHECK_INT(drmModeObjectSetProperty(fd, plane_id, DRM_MODE_OBJECT_PLANE, alpha_id, 0), 0);
	CHECK_INT(alpha(), 0);
	CHECK_INT(pthread_create(&thread, NULL, raise_alpha, NULL), 0);
	while (now < STEPS) {
		unsigned least = atomic_load(&told);

		now = alpha();
		CHECK(now >= least);
	}
	pthread_join(thread, NULL);
	close(fd);
}

static void lower_alpha(void)
{
	CHECK_INT(drmModeObjectSetProperty(fd, plane_id, DRM_MODE_OBJECT_PLANE, alpha_id, 7), 0);
}

TEST(a_property_set_by_a_sibling)
{
	begin();
	find_alpha();
	for (int i = 0; i < AGAIN; i++)
		alpha();
	in_sibling(lower_alpha);
	CHECK_INT(alpha(), 7);
	close(fd);
}

/* ---- leases, master ---- */

static unsigned count_crtcs(int file)
{
	struct drm_mode_card_res res = {0};

	CHECK_INT(ioctl(file, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
	return res.count_crtcs;
}

TEST(a_lease_that_is_revoked)
{
	uint32_t lessee_id;

	begin();
	CHECK_INT(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), 0);
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	uint32_t objects[] = {crtc_id, connector_id, planes->planes[0]};
	drmModeFreePlaneResources(planes);
	int lessee = drmModeCreateLease(fd, objects, 3, O_CLOEXEC, &lessee_id);
	CHECK(lessee >= 0);
	for (int i = 0; i < AGAIN; i++)
		CHECK_INT(count_crtcs(lessee), 1);
	CHECK_INT(drmModeRevokeLease(fd, lessee_id), 0);
	CHECK_INT(count_crtcs(lessee), 0);
	CHECK_INT(count_crtcs(fd), 1);
	close(lessee);
	close(fd);
}

TEST(a_master_that_is_none_any_more)
{
	begin();
	find_alpha();
	for (int i = 0; i < AGAIN; i++)
		alpha();
	CHECK_INT(drmDropMaster(fd), 0);
	int other = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK_INT(drmModeObjectSetProperty(fd, plane_id, DRM_MODE_OBJECT_PLANE, alpha_id, 9),
		-EACCES);
	CHECK_INT(drmSetClientCap(other, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	CHECK_INT(drmModeObjectSetProperty(other, plane_id, DRM_MODE_OBJECT_PLANE, alpha_id, 9), 0);
	CHECK_INT(alpha(), 9);
	close(other);
	close(fd);
}

/* ---- vblanks ---- */

static void light(void)
{
	uint32_t handle = create_dumb(fd, 1024 * 48), fb;
	drmModeConnector *connector = drmModeGetConnector(fd, connector_id);

	CHECK(connector->count_modes > 0);
	CHECK_INT(drmModeAddFB(fd, 1024, 768, 24, 32, 1024 * 4, handle, &fb), 0);
	for (int i = 0; i < connector->count_modes; i++) {
		if (connector->modes[i].hdisplay != 1024 || connector->modes[i].vdisplay != 768)
			continue;
		CHECK_INT(drmModeSetCrtc(fd, crtc_id, fb, 0, 0, &connector_id, 1,
			&connector->modes[i]), 0);
		drmModeFreeConnector(connector);
		return;
	}
	CHECK(!"1024x768");
}

static uint32_t vblank(void)
{
	union drm_wait_vblank args = {.request = {.type = _DRM_VBLANK_RELATIVE}};

	CHECK_INT(ioctl(fd, DRM_IOCTL_WAIT_VBLANK, &args), 0);
	return args.reply.sequence;
}

TEST(vblanks_are_counted)
{
	uint64_t sequence, ns;

	begin();
	light();
	command("time freeze");
	uint32_t first = vblank();
	CHECK_INT(drmCrtcGetSequence(fd, crtc_id, &sequence, &ns), 0);
	for (unsigned i = 1; i <= 5; i++) {
		for (int k = 0; k < AGAIN; k++)
			CHECK_INT(vblank(), first + i - 1);
		command("time step 1");
		uint64_t was = sequence, was_ns = ns;
		CHECK_INT(drmCrtcGetSequence(fd, crtc_id, &sequence, &ns), 0);
		CHECK_INT(sequence, was + 1);
		CHECK(ns > was_ns);
	}
	CHECK_INT(vblank(), first + 5);
	command("time real");
	close(fd);
}

/* ---- the answer goes where this one was asked to ---- */

TEST(arrays_of_other_lengths_and_places)
{
	uint32_t ids[8], crtcs[2], *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	begin();
	for (int i = 0; i < AGAIN; i++) {
		struct drm_mode_card_res res = {.crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 2};

		memset(crtcs, 0xff, sizeof(crtcs));
		CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
		CHECK_INT(crtcs[0], crtc_id);
		CHECK_INT(crtcs[1], UINT32_MAX);
		CHECK(res.crtc_id_ptr == (uintptr_t)crtcs);
	}
	for (int i = 0; i < 8; i++) {
		struct drm_mode_card_res res = {.crtc_id_ptr = (uintptr_t)&ids[i],
			.count_crtcs = 2};

		memset(ids, 0xff, sizeof(ids));
		CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
		for (int k = 0; k < 8; k++)
			CHECK_INT(ids[k], k == i ? crtc_id : UINT32_MAX);
		CHECK(res.crtc_id_ptr == (uintptr_t)&ids[i]);
	}
	/* What can not be written is not. */
	CHECK_INT(mprotect(page, 4096, PROT_READ), 0);
	struct drm_mode_card_res res = {.crtc_id_ptr = (uintptr_t)page, .count_crtcs = 2};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), EFAULT);
	CHECK_INT(munmap(page, 4096), 0);
	res.count_crtcs = 2;
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), EFAULT);
	res = (struct drm_mode_card_res){.count_crtcs = 2};
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), EFAULT);
	CHECK_ERRNO(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, page), EFAULT);
	munmap(page + 1024, 4096);
	close(fd);
}

/* One place for two arrays, and one within the argument: as the server would, in its order. */
TEST(arrays_that_overlap)
{
	begin();
	for (int i = 0; i < AGAIN; i++) {
		struct drm_mode_card_res res = {.count_crtcs = 1, .count_connectors = 1};
		uint32_t id = 0;

		res.crtc_id_ptr = res.connector_id_ptr = (uintptr_t)&id;
		CHECK_INT(ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res), 0);
		CHECK_INT(id, connector_id);
	}
	close(fd);
}
