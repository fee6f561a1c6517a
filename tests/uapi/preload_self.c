/* The device in this very process, behind an in-process door. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <pthread.h>

#include <drm.h>

#include "kms_time.h"
#include "preload_door.h"
#include "preload_test.h"
#include "test.h"
#include "tree.h"
#include "uapi_debugfs.h"
#include "uapi_sync.h"
#include "vfs_text.h"

static struct vfs *vfs;
static struct uapi_device *card;
static struct uapi_debugfs *debugfs;
static struct vfs_node card_node, render_node, sw_sync_node;
static struct evdev_device *inputs[INPUTS];
static struct tree *tree;
static char dir[64];

static const char *door_tree(void)
{
	return tree ? tree_root(tree) : "";
}

static void fill_node(const struct vfs_node *from, struct preload_node *node)
{
	memset(node, 0, sizeof(*node));
	node->major = from->major;
	node->minor = from->minor;
	node->mode = from->mode;
	node->uid = from->uid;
	node->gid = from->gid;
	snprintf(node->path, sizeof(node->path), "%s", from->path);
}

static int door_stat_node(const char *path, struct preload_node *node)
{
	/* No node goes in these programs. */
	const struct vfs_node *found = vfs_find_node(vfs, path);

	if (!found)
		return -ENOENT;
	fill_node(found, node);
	return 0;
}

static int door_fstat_node(int fd, struct preload_node *node)
{
	struct vfs_file *file;
	int ret = vfs_file_from_own_fd(vfs, fd, &file);

	if (ret)
		return ret;
	if (file->node) {
		fill_node(file->node, node);
	} else {
		*node = (struct preload_node){.mode = PRELOAD_ANONYMOUS_MODE};
		snprintf(node->path, sizeof(node->path), "%s", file->anonymous);
	}
	vfs_file_put(file);
	return 0;
}

static int door_open(const char *path, int flags)
{
	struct vfs_caller caller;
	int fd, ret;

	vfs_caller_init_self(&caller);
	ret = vfs_open(vfs, path, flags, &caller, &fd);
	return ret ? ret : fd;
}

static long door_ioctl(int fd, unsigned long request, void *arg)
{
	struct vfs_caller caller;
	struct vfs_file *file;
	long ret = vfs_file_from_own_fd(vfs, fd, &file);

	if (ret)
		return ret;
	vfs_caller_init_self(&caller);
	ret = file->ops->ioctl(file, request, (uintptr_t)arg, &caller);
	vfs_file_put(file);
	return ret;
}

static int door_mmap(int fd, uint64_t offset, uint64_t length, int prot, int *map_fd,
	uint64_t *map_offset)
{
	struct vfs_file *file;
	int ret = vfs_file_from_own_fd(vfs, fd, &file);

	if (ret)
		return ret;
	ret = file->ops->mmap ? file->ops->mmap(file, offset, length, prot, map_fd, map_offset) :
		-ENODEV;
	vfs_file_put(file);
	return ret;
}

static int door_fdinfo(int fd)
{
	struct vfs_file *file;
	int text, ret = vfs_file_from_own_fd(vfs, fd, &file);

	if (ret)
		return ret;
	ret = vfs_file_fdinfo(file, &text);
	vfs_file_put(file);
	return ret ? ret : text;
}

static int door_dma_buf(int fd, unsigned int request, uint32_t flags, int sync_file)
{
	struct vfs_dma_buf_request args = {fd, sync_file, request, flags};
	int out, ret = vfs_dma_buf(vfs, &args, &out);

	return ret ? ret : out < 0 ? 0 : out;
}

static int door_uevent(int flags)
{
	int fd, ret = tree_uevent_subscribe(tree, &fd);

	if (ret)
		return ret;
	if (flags & SOCK_NONBLOCK)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

static void door_closing(unsigned first, unsigned last)
{
	vfs_fds_closing(vfs, first, last);
}

static void door_closed(unsigned first, unsigned last)
{
	vfs_fds_closed(vfs, first, last);
}

static const struct preload_door door = {
	.tree = door_tree,
	.stat_node = door_stat_node,
	.fstat_node = door_fstat_node,
	.open = door_open,
	.ioctl = door_ioctl,
	.mmap = door_mmap,
	.fdinfo = door_fdinfo,
	.uevent = door_uevent,
	.dma_buf = door_dma_buf,
	.closing = door_closing,
	.closed = door_closed,
};

static void hotplug(struct kms_device *dev, struct kms_connector *connector, uint32_t property_id,
	void *data)
{
	tree_update_connector(tree, connector);
	tree_uevent_hotplug(tree, &card_node, connector->base.id, property_id);
}

static void lease_ended(struct uapi_device *dev, void *data)
{
	tree_uevent_lease(tree, &card_node);
}

static void create_inputs(void)
{
	static const enum evdev_kind kinds[INPUTS] = {
		[INPUT_KEYBOARD] = EVDEV_KEYBOARD, [INPUT_POINTER] = EVDEV_POINTER,
		[INPUT_TABLET] = EVDEV_TABLET, [INPUT_TOUCH] = EVDEV_TOUCH,
		[INPUT_SWITCH] = EVDEV_SWITCH, [INPUT_GAMEPAD] = EVDEV_GAMEPAD,
	};

	for (unsigned i = 0; i < INPUTS; i++) {
		const struct evdev_options options = {
			.kind = kinds[i], .index = i, .abs_max_x = 32767, .abs_max_y = 32767,
		};
		CHECK_INT(evdev_create(vfs, &options, &inputs[i]), 0);
	}
}

void preload_test_begin(void)
{
	char root[sizeof(dir) + 16];

	/* A tree a test: much slower on a disk's file system. */
	strcpy(dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/preload-test-XXXXXX" :
		"/tmp/preload-test-XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(root, sizeof(root), "%s/tree", dir);
	CHECK_INT(vfs_create(&vfs), 0);
	CHECK_INT(uapi_device_create(kms_device_desc_default(), NULL, NULL, &card), 0);
	uapi_node_init(&card_node, card, UAPI_NODE_PRIMARY, 0);
	uapi_node_init(&render_node, card, UAPI_NODE_RENDER, 0);
	CHECK_INT(vfs_add_node(vfs, &card_node), 0);
	CHECK_INT(vfs_add_node(vfs, &render_node), 0);
	vfs_set_dma_bufs(vfs, uapi_dma_buf);
	uapi_sw_sync_node_init(&sw_sync_node);
	CHECK_INT(vfs_add_node(vfs, &sw_sync_node), 0);
	create_inputs();
	CHECK_INT(tree_create(root, vfs, &tree), 0);
	CHECK_INT(tree_add_drm(tree, card, &card_node, &render_node), 0);
	CHECK_INT(tree_add_text(tree, &sw_sync_node), 0);
	CHECK_INT(uapi_debugfs_create(card, vfs, 0, &debugfs), 0);
	for (unsigned i = 0; uapi_debugfs_node(debugfs, i); i++)
		CHECK_INT(tree_add_text(tree, uapi_debugfs_node(debugfs, i)), 0);
	for (unsigned i = 0; i < INPUTS; i++)
		CHECK_INT(tree_add_input(tree, inputs[i]), 0);
	card->kms->hotplug = hotplug;
	card->on_lease_end = lease_ended;
	preload_set_door(&door);
}

void preload_test_end(void)
{
	preload_set_door(&preload_wire_door);
	vfs_reap(vfs);
	card->kms->hotplug = NULL;
	card->on_lease_end = NULL;
	tree_destroy(tree);
	tree = NULL;
	for (unsigned i = 0; i < INPUTS; i++)
		evdev_destroy(inputs[i]);
	uapi_debugfs_destroy(debugfs);
	vfs_destroy(vfs);
	uapi_device_destroy(card);
	CHECK_INT(rmdir(dir), 0);
}

void preload_test_key(uint16_t code, int value)
{
	evdev_press(inputs[INPUT_KEYBOARD], code, value);
}

void preload_test_input(unsigned id, const int (*events)[3], unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		evdev_emit(inputs[id], events[i][0], events[i][1], events[i][2]);
	evdev_sync(inputs[id]);
}

void preload_test_stall(unsigned ms)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		kill(getppid(), SIGSTOP);
		usleep(ms * 1000);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

void preload_test_hotplug(void)
{
	struct drm_mode_modeinfo mode = card->kms->connectors[0].modes[1];

	CHECK_INT(kms_connector_set(&card->kms->connectors[0], true, &mode, 1), 0);
}

void preload_test_time(const char *name)
{
	static const char *const modes[] = {
		[KMS_TIME_REAL] = "real", [KMS_TIME_FROZEN] = "frozen", [KMS_TIME_FAST] = "fast",
	};
	struct kms_device *kms = card->kms;
	unsigned mode = 0;

	while (strcmp(name, modes[mode]))
		CHECK(++mode < GEM_ARRAY_SIZE(modes));
	if (kms->commit_serial == 0 && kms_time_mode(kms) == KMS_TIME_REAL)
		kms_time_start(kms, mode);
	else
		kms_time_set(kms, mode);
}

void preload_test_step(unsigned vblanks)
{
	const struct kms_time_step step = {.crtc = &card->kms->crtcs[0], .vblanks = vblanks};
	uint64_t left;

	CHECK_INT(kms_time_step_vblanks(&step, &left), 0);
}

void preload_test_step_ns(uint64_t ns)
{
	CHECK_INT(kms_time_step_ns(card->kms, ns), 0);
}

/* ---- the door remembers numbers: every way to put something else in their place ---- */

static bool is_card(int fd)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_DUMB_BUFFER};
	int ret = ioctl(fd, DRM_IOCTL_GET_CAP, &cap);

	CHECK(ret == 0 || errno == ENOTTY || errno == EBADF);
	return ret == 0;
}

static void by_close(int fd)
{
	CHECK_INT(close(fd), 0);
}

static void by_dup2(int fd)
{
	CHECK_INT(dup2(STDIN_FILENO, fd), fd);
}

static void by_dup3(int fd)
{
	CHECK_INT(dup3(STDIN_FILENO, fd, O_CLOEXEC), fd);
}

static void by_close_range(int fd)
{
	CHECK_INT(close_range(fd, fd, 0), 0);
}

static void by_closefrom(int fd)
{
	closefrom(fd);
}

static void by_fclose(int fd)
{
	CHECK_INT(fclose(fdopen(fd, "r")), 0);
}

static void by_freopen(int fd)
{
	FILE *stream = freopen("/dev/null", "r", fdopen(fd, "r"));

	CHECK(stream);
	CHECK_INT(fileno(stream), fd);
}

static const struct {
	const char *name;
	void (*replace)(int fd);
} ways[] = {
	{"close", by_close}, {"dup2", by_dup2}, {"dup3", by_dup3}, {"close_range", by_close_range},
	{"closefrom", by_closefrom}, {"fclose", by_fclose}, {"freopen", by_freopen},
};

TEST_ROWS(number_means_something_else_after, __typeof__(ways[0]), ways)
{
	enum { KEPT = 800, NUMBER = 1000, OTHER = NUMBER - 64 };

	preload_test_begin();
	int card_fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	/* The file stays open by a lower number; OTHER's place in the door is NUMBER's. */
	CHECK_INT(dup2(card_fd, KEPT), KEPT);
	CHECK_INT(dup2(card_fd, NUMBER), NUMBER);
	CHECK_INT(dup2(card_fd, OTHER), OTHER);
	CHECK(is_card(OTHER) && is_card(NUMBER) && is_card(NUMBER) && is_card(OTHER));
	CHECK(is_card(NUMBER));
	row->replace(NUMBER);
	CHECK(!is_card(NUMBER));
	CHECK(is_card(KEPT));
	/* And back. */
	CHECK_INT(dup2(KEPT, NUMBER), NUMBER);
	CHECK(is_card(NUMBER) && is_card(NUMBER));
	close(NUMBER);
	CHECK(!is_card(NUMBER));
	close(OTHER);
	close(KEPT);
	close(card_fd);
	preload_test_end();
}

TEST(number_of_a_forked_child_is_its_own)
{
	preload_test_begin();
	int card_fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	CHECK(is_card(card_fd));
	pid_t child = fork();
	if (child == 0) {
		close(card_fd);
		_exit(0);
	}
	int status;
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK(is_card(card_fd));
	close(card_fd);
	preload_test_end();
}
