/*
 * The drm-lease protocol. wlroots has one for its own DRM backend only; this
 * one leases what our pipes have set aside for connectors that are no part of
 * the desktop: the connector, its crtc and its primary plane.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "drm-lease-v1-protocol.h"

#include "compositor_backend.h"
#include "compositor_log.h"
#include "compositor_server.h"

#define DEVICE_PATH "/dev/dri/card0"

struct compositor_leases {
	struct compositor_backend *backend;
	struct wl_display *display;
	struct wl_global *global;
	bool withdrawn;            /* global, while the device is gone: not destroyed yet */
	struct wl_list devices;    /* wl_resource_get_link of wp_drm_lease_device_v1 */
	struct wl_list connectors; /* of wp_drm_lease_connector_v1; user data = the pipe or NULL */
	struct wl_list leases;     /* lease.link */
	struct wl_listener changed;
};

/* A request that is being put together, then a lease. */
struct lease {
	struct compositor_leases *leases;
	struct wl_list link; /* compositor_leases.leases, or itself */
	struct wl_resource *resource; /* wp_drm_lease_request_v1, then wp_drm_lease_v1 */
	struct compositor_pipe *pipes[32];
	unsigned count;
	bool asked; /* for a connector at least, be it one that had been withdrawn */
	bool stale; /* one of the connectors had been withdrawn */
	uint32_t lessee; /* 0 = none, or none any more */
};

static void unlink_resource(struct wl_resource *resource)
{
	wl_list_remove(wl_resource_get_link(resource));
}

static void handle_destroy(struct wl_client *client, struct wl_resource *resource)
{
	wl_resource_destroy(resource);
}

static bool is_free(const struct compositor_pipe *pipe)
{
	return pipe->offered && !pipe->lessee;
}

/* ---- connectors ---- */

static const struct wp_drm_lease_connector_v1_interface connector_impl = {
	.destroy = handle_destroy,
};

static void describe(struct wl_resource *resource, struct compositor_pipe *pipe)
{
	drmModeConnector *connector =
		drmModeGetConnectorCurrent(pipe->backend->fd, pipe->connector_id);
	const char *type = connector ?
		drmModeGetConnectorTypeName(connector->connector_type) : NULL;
	char name[64];

	snprintf(name, sizeof(name), "%s-%u", type ? type : "Unknown",
		connector ? connector->connector_type_id : 0);
	drmModeFreeConnector(connector);
	wp_drm_lease_connector_v1_send_name(resource, name);
	wp_drm_lease_connector_v1_send_description(resource, name);
	wp_drm_lease_connector_v1_send_connector_id(resource, pipe->connector_id);
	wp_drm_lease_connector_v1_send_done(resource);
}

static void offer(struct compositor_leases *leases, struct wl_resource *device,
	struct compositor_pipe *pipe)
{
	struct wl_client *client = wl_resource_get_client(device);
	struct wl_resource *resource =
		wl_resource_create(client, &wp_drm_lease_connector_v1_interface, 1, 0);

	if (!resource) {
		wl_client_post_no_memory(client);
		return;
	}
	wl_resource_set_implementation(resource, &connector_impl, pipe, unlink_resource);
	wl_list_insert(&leases->connectors, wl_resource_get_link(resource));
	wp_drm_lease_device_v1_send_connector(device, resource);
	describe(resource, pipe);
}

static void withdraw(struct compositor_leases *leases, struct compositor_pipe *pipe)
{
	struct wl_resource *resource;

	wl_resource_for_each(resource, &leases->connectors) {
		if (wl_resource_get_user_data(resource) != pipe)
			continue;
		wl_resource_set_user_data(resource, NULL);
		wp_drm_lease_connector_v1_send_withdrawn(resource);
	}
}

/* Whether the pipe is on offer with the clients is what it should be. */
static void update_offer(struct compositor_leases *leases, struct compositor_pipe *pipe)
{
	struct wl_resource *device;

	withdraw(leases, pipe);
	wl_resource_for_each(device, &leases->devices) {
		if (is_free(pipe))
			offer(leases, device, pipe);
		wp_drm_lease_device_v1_send_done(device);
	}
}

/* ---- leases ---- */

static void lease_free(struct lease *lease)
{
	wl_list_remove(&lease->link);
	free(lease);
}

/* The device's side of it. Its connectors are on offer again. */
static void end_lease(struct lease *lease)
{
	struct compositor_leases *leases = lease->leases;
	uint32_t lessee = lease->lessee;

	if (!lessee)
		return;
	lease->lessee = 0;
	drmModeRevokeLease(leases->backend->fd, lessee);
	for (unsigned i = 0; i < lease->count; i++) {
		if (lease->pipes[i]->lessee != lessee)
			continue;
		lease->pipes[i]->lessee = 0;
		update_offer(leases, lease->pipes[i]);
	}
}

static void lease_resource_destroyed(struct wl_resource *resource)
{
	struct lease *lease = wl_resource_get_user_data(resource);

	if (!lease)
		return;
	end_lease(lease);
	lease_free(lease);
}

static const struct wp_drm_lease_v1_interface lease_impl = {
	.destroy = handle_destroy,
};

/* The lessee's file, or -errno; every connector has to be free still. */
static int create_lease(struct lease *lease)
{
	uint32_t objects[3 * 32];
	unsigned count = 0;

	for (unsigned i = 0; i < lease->count; i++) {
		if (!is_free(lease->pipes[i]))
			return -EBUSY;
		objects[count++] = lease->pipes[i]->connector_id;
		objects[count++] = lease->pipes[i]->crtc_id;
		objects[count++] = lease->pipes[i]->primary.id;
	}
	return drmModeCreateLease(lease->leases->backend->fd, objects, count, O_CLOEXEC,
		&lease->lessee);
}

static void grant(struct lease *lease)
{
	int fd = lease->stale ? -ENOENT : create_lease(lease);

	if (fd < 0) {
		compositor_info("no lease: %s", strerror(-fd));
		lease->count = 0;
		lease->lessee = 0;
		wp_drm_lease_v1_send_finished(lease->resource);
		return;
	}
	wp_drm_lease_v1_send_lease_fd(lease->resource, fd);
	close(fd);
	compositor_info("lease %u of %u connector(s)", lease->lessee, lease->count);
	for (unsigned i = 0; i < lease->count; i++) {
		lease->pipes[i]->lessee = lease->lessee;
		update_offer(lease->leases, lease->pipes[i]);
	}
}

/* ---- requests ---- */

static void handle_request_connector(struct wl_client *client, struct wl_resource *resource,
	struct wl_resource *connector)
{
	struct lease *lease = wl_resource_get_user_data(resource);
	struct compositor_pipe *pipe = wl_resource_get_user_data(connector);

	/* One that was withdrawn makes the whole request fail when it is submitted. */
	lease->asked = true;
	lease->stale |= !pipe;
	for (unsigned i = 0; pipe && i < lease->count; i++) {
		if (lease->pipes[i] == pipe) {
			wl_resource_post_error(resource,
				WP_DRM_LEASE_REQUEST_V1_ERROR_DUPLICATE_CONNECTOR,
				"a connector twice");
			return;
		}
	}
	if (lease->count < GEM_ARRAY_SIZE(lease->pipes))
		lease->pipes[lease->count++] = pipe;
}

static void handle_submit(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
	struct lease *lease = wl_resource_get_user_data(resource);
	struct wl_resource *made;

	if (!lease->asked) {
		wl_resource_post_error(resource, WP_DRM_LEASE_REQUEST_V1_ERROR_EMPTY_LEASE,
			"no connector");
		return;
	}
	made = wl_resource_create(client, &wp_drm_lease_v1_interface, 1, id);
	if (!made) {
		wl_client_post_no_memory(client);
		return;
	}
	/* The request's resource ends here; what it collected goes on as the lease. */
	wl_resource_set_user_data(resource, NULL);
	wl_resource_destroy(resource);
	lease->resource = made;
	wl_resource_set_implementation(made, &lease_impl, lease, lease_resource_destroyed);
	wl_list_remove(&lease->link);
	wl_list_insert(&lease->leases->leases, &lease->link);
	grant(lease);
}

static const struct wp_drm_lease_request_v1_interface request_impl = {
	.request_connector = handle_request_connector,
	.submit = handle_submit,
};

static void request_destroyed(struct wl_resource *resource)
{
	struct lease *lease = wl_resource_get_user_data(resource);

	if (lease)
		lease_free(lease);
}

/* ---- the device ---- */

static void handle_create_request(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
	struct lease *lease = calloc(1, sizeof(*lease));
	struct wl_resource *made = lease ?
		wl_resource_create(client, &wp_drm_lease_request_v1_interface, 1, id) : NULL;

	if (!made) {
		free(lease);
		wl_client_post_no_memory(client);
		return;
	}
	lease->leases = wl_resource_get_user_data(resource);
	lease->resource = made;
	wl_list_init(&lease->link);
	wl_resource_set_implementation(made, &request_impl, lease, request_destroyed);
}

static void handle_release(struct wl_client *client, struct wl_resource *resource)
{
	wp_drm_lease_device_v1_send_released(resource);
	wl_resource_destroy(resource);
}

static const struct wp_drm_lease_device_v1_interface device_impl = {
	.create_lease_request = handle_create_request,
	.release = handle_release,
};

/* A file to look at connectors with, which must not be the screen's master. */
static int open_other_file(void)
{
	int fd = open(DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && drmIsMaster(fd) && drmDropMaster(fd) != 0) {
		close(fd);
		return -EACCES;
	}
	return fd < 0 ? -errno : fd;
}

static void handle_bind(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
	struct compositor_leases *leases = data;
	struct compositor_pipe *pipe;
	struct wl_resource *resource =
		wl_resource_create(client, &wp_drm_lease_device_v1_interface, version, id);
	int fd = resource ? open_other_file() : -ENOMEM;

	if (fd < 0) {
		wl_client_post_no_memory(client);
		return;
	}
	wl_resource_set_implementation(resource, &device_impl, leases, unlink_resource);
	wl_list_insert(&leases->devices, wl_resource_get_link(resource));
	wp_drm_lease_device_v1_send_drm_fd(resource, fd);
	close(fd);
	wl_list_for_each(pipe, &leases->backend->pipes, link) {
		if (is_free(pipe))
			offer(leases, resource, pipe);
	}
	wp_drm_lease_device_v1_send_done(resource);
}

/* A pipe's monitor came or went, or its lessee ended by itself. */
static void handle_changed(struct wl_listener *listener, void *data)
{
	struct compositor_leases *leases = wl_container_of(listener, leases, changed);
	struct compositor_pipe *pipe = data;
	struct lease *lease;

	wl_list_for_each(lease, &leases->leases, link) {
		for (unsigned i = 0; i < lease->count && lease->lessee; i++) {
			if (lease->pipes[i] != pipe || (pipe->offered && pipe->lessee))
				continue;
			wp_drm_lease_v1_send_finished(lease->resource);
			end_lease(lease);
		}
	}
	update_offer(leases, pipe);
}

static int create_global(struct compositor_leases *leases)
{
	leases->global = wl_global_create(leases->display, &wp_drm_lease_device_v1_interface, 1,
		leases, handle_bind);
	return leases->global ? 0 : -ENOMEM;
}

void compositor_leases_lose_device(struct compositor_leases *leases)
{
	struct compositor_pipe *pipe;

	wl_list_for_each(pipe, &leases->backend->pipes, link) {
		pipe->offered = false;
		wl_signal_emit(&leases->backend->leases_changed, pipe);
	}
	if (leases->global && !leases->withdrawn)
		wl_global_remove(leases->global);
	leases->withdrawn = true;
}

int compositor_leases_find_device(struct compositor_leases *leases)
{
	if (leases->global)
		wl_global_destroy(leases->global);
	leases->withdrawn = false;
	return create_global(leases);
}

int compositor_leases_create(struct compositor_server *server, struct compositor_leases **out)
{
	struct compositor_leases *leases = calloc(1, sizeof(*leases));

	if (!leases)
		return -ENOMEM;
	leases->backend = server->backend;
	leases->display = server->display;
	wl_list_init(&leases->devices);
	wl_list_init(&leases->connectors);
	wl_list_init(&leases->leases);
	int err = create_global(leases);
	if (err < 0) {
		free(leases);
		return err;
	}
	compositor_listen(&server->backend->leases_changed, &leases->changed, handle_changed);
	*out = leases;
	return 0;
}

/* The clients are gone, and their leases with them. */
void compositor_leases_destroy(struct compositor_leases *leases)
{
	if (!leases)
		return;
	wl_list_remove(&leases->changed.link);
	if (leases->global)
		wl_global_destroy(leases->global);
	free(leases);
}
