/* The generated tree: what is in it, that it follows hotplug, and that nothing is left. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kms_mode.h"
#include "test.h"
#include "tree.h"

struct setup {
	char dir[64], root[80];
	struct vfs *vfs;
	struct uapi_device *card;
	struct vfs_node card_node, render_node;
	struct evdev_device *keyboard, *touch;
	struct tree *tree;
};

static void make_tree_of(struct setup *s, const char *driver)
{
	strcpy(s->dir, "/tmp/tree-test-XXXXXX");
	CHECK(mkdtemp(s->dir));
	snprintf(s->root, sizeof(s->root), "%s/tree", s->dir);
	CHECK_INT(vfs_create(&s->vfs), 0);
	CHECK_INT(uapi_device_create(kms_device_desc_default(), driver, NULL, &s->card), 0);
	uapi_node_init(&s->card_node, s->card, UAPI_NODE_PRIMARY, 0);
	uapi_node_init(&s->render_node, s->card, UAPI_NODE_RENDER, 0);
	CHECK_INT(evdev_create(s->vfs, &(struct evdev_options){.kind = EVDEV_KEYBOARD},
		&s->keyboard), 0);
	CHECK_INT(evdev_create(s->vfs, &(struct evdev_options){.kind = EVDEV_TOUCH, .index = 1,
		.abs_max_x = 1023, .abs_max_y = 767}, &s->touch), 0);
	CHECK_INT(tree_create(s->root, NULL, &s->tree), 0);
	CHECK_INT(tree_add_drm(s->tree, s->card, &s->card_node, &s->render_node), 0);
	CHECK_INT(tree_add_input(s->tree, s->keyboard), 0);
	CHECK_INT(tree_add_input(s->tree, s->touch), 0);
}

static void make_tree(struct setup *s)
{
	make_tree_of(s, NULL);
}

static void remove_tree(struct setup *s)
{
	tree_destroy(s->tree);
	evdev_destroy(s->keyboard);
	evdev_destroy(s->touch);
	uapi_device_destroy(s->card);
	vfs_destroy(s->vfs);
	CHECK_INT(rmdir(s->dir), 0); /* fails when anything is left */
}

/* A file's bytes; -errno when it is not there. */
static int read_file(struct setup *s, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s%s", s->root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	close(fd);
	CHECK(len >= 0);
	buf[len] = '\0';
	return len;
}

struct content_row {
	const char *name, *path, *content;
	bool part; /* content is somewhere in it */
};

static const struct content_row content_rows[] = {
	{"card numbers", "/sys/dev/char/226:0/dev", "226:0\n"},
	{"card uevent", "/sys/class/drm/card0/uevent",
		"MAJOR=226\nMINOR=0\nDEVNAME=dri/card0\nDEVTYPE=drm_minor\n"},
	{"render numbers", "/sys/class/drm/renderD128/dev", "226:128\n"},
	{"sibling by device/drm", "/sys/dev/char/226:0/device/drm/renderD128/dev", "226:128\n"},
	{"card from render node", "/sys/dev/char/226:128/device/drm/card0/dev", "226:0\n"},
	{"bus", "/sys/bus/platform/devices/testcard/modalias", "platform:testcard\n"},
	{"modalias for libdrm", "/sys/class/drm/card0/device/uevent",
		"DRIVER=testcard\nMODALIAS=platform:testcard\n"},
	{"driver", "/sys/class/drm/card0/device/driver/testcard/modalias", "platform:testcard\n"},
	{"drm version", "/sys/class/drm/version", "drm 1.1.0 20060810\n"},
	{"status", "/sys/class/drm/card0-Virtual-1/status", "connected\n"},
	{"status below card", "/sys/class/drm/card0/card0-Virtual-1/status", "connected\n"},
	{"enabled", "/sys/class/drm/card0-Virtual-1/enabled", "disabled\n"},
	{"dpms", "/sys/class/drm/card0-Virtual-1/dpms", "On\n"},
	{"modes", "/sys/class/drm/card0-Virtual-1/modes", "1024x768\n", true},
	{"connector's card", "/sys/class/drm/card0-Virtual-1/device/dev", "226:0\n"},
	{"connector uevent", "/sys/class/drm/card0-Virtual-1/uevent", "DEVTYPE=drm_connector\n"},
	{"udev: seat's master", "/run/udev/data/c226:0", "G:master-of-seat\n", true},
	{"udev: initialized", "/run/udev/data/c226:0", "I:", true},
	{"udev: link", "/run/udev/data/c226:0", "S:dri/by-path/platform-testcard-card\n", true},
	{"udev: no seat for render", "/run/udev/data/c226:128", "G:uaccess\nQ:uaccess\nV:1\n", true},
	{"udev: control", "/run/udev/control", ""},
	{"udev: tag", "/run/udev/tags/seat/c226:0", ""},
	{"node in dev", "/dev/dri/card0", ""},
	{"node by path", "/dev/dri/by-path/platform-testcard-card", ""},
	{"event numbers", "/sys/class/input/event0/dev", "13:64\n"},
	{"event by numbers", "/sys/dev/char/13:65/uevent",
		"MAJOR=13\nMINOR=65\nDEVNAME=input/event1\n"},
	{"input name", "/sys/class/input/event0/device/name", "Testcard Keyboard\n"},
	{"bus type", "/sys/class/input/input0/id/bustype", "0006\n"},
	{"event types", "/sys/class/input/input0/capabilities/ev", "120013\n"},
	{"lights", "/sys/class/input/input0/capabilities/led", "7\n"},
	{"no axes", "/sys/class/input/input0/capabilities/abs", "0\n"},
	{"touch axes", "/sys/class/input/input1/capabilities/abs", "660800000000003\n"},
	{"touch key", "/sys/class/input/input1/capabilities/key", "400 0 0 0 0 0\n"},
	{"touch property", "/sys/class/input/input1/properties", "2\n"},
	{"input uevent", "/sys/class/input/input1/uevent", "PRODUCT=6/7c0d/4/1\n"
		"NAME=\"Testcard Touchscreen\"\n", true},
	{"udev: keyboard", "/run/udev/data/c13:64", "E:ID_INPUT_KEYBOARD=1\n", true},
	{"udev: touch", "/run/udev/data/c13:65", "E:ID_INPUT_TOUCHSCREEN=1\n", true},
	{"udev: parent", "/run/udev/data/+input:input1", "E:ID_INPUT_TOUCHSCREEN=1\n", true},
};

TEST_ROWS(content, struct content_row, content_rows)
{
	struct setup s;
	char text[4096];

	make_tree(&s);
	CHECK(read_file(&s, row->path, text, sizeof(text)) >= 0);
	if (row->part ? !strstr(text, row->content) : strcmp(text, row->content) != 0)
		test_fail(__FILE__, __LINE__, "%s is \"%s\", want \"%s\"", row->path, text,
			row->content);
	remove_tree(&s);
}

struct link_row {
	const char *name, *path, *target;
};

static const struct link_row link_rows[] = {
	{"class link", "/sys/class/drm/card0", "../../devices/platform/testcard/drm/card0"},
	{"number link", "/sys/dev/char/226:0", "../../devices/platform/testcard/drm/card0"},
	{"subsystem link", "/sys/devices/platform/testcard/drm/card0/subsystem",
		"../../../../../class/drm"},
	{"bus link", "/sys/devices/platform/testcard/subsystem", "../../../bus/platform"},
	{"input link", "/sys/class/input/event0", "../../devices/virtual/input/input0/event0"},
	{"device link", "/sys/devices/platform/testcard/drm/card0/device", "../../../testcard"},
};

TEST_ROWS(links, struct link_row, link_rows)
{
	struct setup s;
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	make_tree(&s);
	snprintf(path, sizeof(path), "%s%s", s.root, row->path);
	len = readlink(path, target, sizeof(target) - 1);
	CHECK(len > 0);
	target[len] = '\0';
	if (strcmp(target, row->target))
		test_fail(__FILE__, __LINE__, "link is \"%s\", want \"%s\"", target, row->target);
	/* And it leads somewhere inside. */
	CHECK(realpath(path, target));
	CHECK(!strncmp(target, s.root, strlen(s.root)));
	remove_tree(&s);
}

TEST(edid_is_whole)
{
	struct setup s;
	char edid[512];
	unsigned char sum = 0;

	make_tree(&s);
	CHECK_INT(read_file(&s, "/sys/class/drm/card0-Virtual-1/edid", edid, sizeof(edid)), 128);
	CHECK(!memcmp(edid, "\0\xff\xff\xff\xff\xff\xff\0", 8));
	for (int i = 0; i < 128; i++)
		sum += edid[i];
	CHECK_INT(sum, 0);
	remove_tree(&s);
}

TEST(no_render_node)
{
	struct setup s;
	struct tree *other;
	char root[sizeof(s.dir) + 16], path[sizeof(s.dir) + 64];

	make_tree(&s);
	snprintf(root, sizeof(root), "%s/other", s.dir);
	CHECK_INT(tree_create(root, NULL, &other), 0);
	CHECK_INT(tree_add_drm(other, s.card, &s.card_node, NULL), 0);
	snprintf(path, sizeof(path), "%s/sys/class/drm/renderD128", root);
	CHECK_ERRNO(access(path, F_OK), ENOENT);
	snprintf(path, sizeof(path), "%s/dev/dri/card0", root);
	CHECK_INT(access(path, F_OK), 0);
	tree_destroy(other);
	remove_tree(&s);
}

TEST(connector_update)
{
	struct setup s;
	struct kms_connector *connector;
	struct drm_mode_modeinfo mode;
	char text[4096];

	make_tree(&s);
	connector = &s.card->kms->connectors[0];
	CHECK_INT(kms_mode_cvt(1234, 620, 60, &mode), 0);
	CHECK_INT(kms_connector_set(connector, true, &mode, 1), 0);
	CHECK_INT(tree_update_connector(s.tree, connector), 0);
	CHECK(read_file(&s, "/sys/class/drm/card0-Virtual-1/modes", text, sizeof(text)) > 0);
	CHECK(strstr(text, "1232x620\n") || strstr(text, "1234x620\n"));
	CHECK(!strstr(text, "1024x768"));
	CHECK_INT(kms_connector_set(connector, false, NULL, 0), 0);
	CHECK_INT(tree_update_connector(s.tree, connector), 0);
	CHECK_INT(read_file(&s, "/sys/class/drm/card0-Virtual-1/edid", text, sizeof(text)), 0);
	CHECK_INT(read_file(&s, "/sys/class/drm/card0-Virtual-1/modes", text, sizeof(text)), 0);
	CHECK(read_file(&s, "/sys/class/drm/card0-Virtual-1/status", text, sizeof(text)) > 0);
	CHECK(!strcmp(text, "disconnected\n"));
	remove_tree(&s);
}

TEST(removal_follows_no_link)
{
	struct setup s;
	char path[PATH_MAX], outside[sizeof(s.dir) + 16], inside[sizeof(s.dir) + 32];
	int fd;

	make_tree(&s);
	snprintf(outside, sizeof(outside), "%s/outside", s.dir);
	snprintf(inside, sizeof(inside), "%s/file", outside);
	CHECK_INT(mkdir(outside, 0700), 0);
	fd = open(inside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/sys/trap", s.root);
	CHECK_INT(symlink(outside, path), 0);
	tree_destroy(s.tree);
	CHECK_INT(access(s.root, F_OK), -1);
	CHECK_INT(access(inside, F_OK), 0);
	unlink(inside);
	rmdir(outside);
	CHECK_INT(tree_create(s.root, NULL, &s.tree), 0);
	remove_tree(&s);
}

#define PCI "/sys/bus/pci/devices/0000:00:02.0"

static const struct content_row pci_rows[] = {
	{"vendor", PCI "/vendor", "0x8086\n"},
	{"device", PCI "/device", "0x29c2\n"},
	{"class", PCI "/class", "0x030000\n"},
	{"subsystem vendor", PCI "/subsystem_vendor", "0x8086\n"},
	{"revision", PCI "/revision", "0x02\n"},
	{"modalias for libdrm", "/sys/class/drm/card0/device/uevent",
		"DRIVER=i915\nPCI_CLASS=30000\nPCI_ID=8086:29C2\nPCI_SUBSYS_ID=8086:29C2\n"
		"PCI_SLOT_NAME=0000:00:02.0\n"
		"MODALIAS=pci:v00008086d000029C2sv00008086sd000029C2bc03sc00i00\n"},
	{"aperture", PCI "/resource",
		"0x00000000d0000000 0x00000000dfffffff 0x0000000000042208\n", true},
	{"driver", PCI "/driver/0000:00:02.0/drm/card0/dev", "226:0\n"},
	{"bus of the card", "/sys/class/drm/card0/device/subsystem/drivers/i915/0000:00:02.0/vendor",
		"0x8086\n"},
	{"render node", "/sys/devices/pci0000:00/0000:00:02.0/drm/renderD128/dev", "226:128\n"},
	{"bridge", "/sys/devices/pci0000:00/uevent", ""},
	{"udev: link", "/run/udev/data/c226:0", "S:dri/by-path/pci-0000:00:02.0-card\n", true},
	{"udev: tag of the path", "/run/udev/data/c226:0", "E:ID_PATH_TAG=pci-0000_00_02_0\n", true},
	{"udev: vendor", "/run/udev/data/+pci:0000:00:02.0", "Intel Corporation\n", true},
	{"node by path", "/dev/dri/by-path/pci-0000:00:02.0-card", ""},
};

TEST_ROWS(pci, struct content_row, pci_rows)
{
	char buf[4096];
	struct setup s;

	make_tree_of(&s, "i915");
	CHECK(read_file(&s, row->path, buf, sizeof(buf)) >= 0);
	if (row->part ? !strstr(buf, row->content) : strcmp(buf, row->content) != 0)
		test_fail(__FILE__, __LINE__, "%s is \"%s\"", row->path, buf);
	remove_tree(&s);
}

TEST(pci_config_space)
{
	unsigned char config[4096];
	struct setup s;

	make_tree_of(&s, "i915");
	CHECK_INT(read_file(&s, PCI "/config", (char *)config, sizeof(config)), 256);
	CHECK(!memcmp(config, "\x86\x80\xc2\x29", 4));
	CHECK(!memcmp(config + 8, "\x02\x00\x00\x03", 4));       /* revision, class */
	CHECK(!memcmp(config + 0x18, "\x08\x00\x00\xd0", 4));    /* the aperture, prefetchable */
	/* A card of another bus has none of it. */
	remove_tree(&s);
	make_tree(&s);
	CHECK_INT(read_file(&s, PCI "/config", (char *)config, sizeof(config)), -ENOENT);
	CHECK_INT(read_file(&s, "/sys/devices/pci0000:00/uevent", (char *)config, 10), -ENOENT);
	remove_tree(&s);
}

TEST(create_fails_cleanly)
{
	struct tree *tree;
	char dir[] = "/tmp/tree-test-XXXXXX";

	CHECK(mkdtemp(dir));
	CHECK_INT(tree_create(dir, NULL, &tree), -EEXIST);
	CHECK_INT(rmdir(dir), 0);
	CHECK_INT(tree_create("/nowhere/at/all", NULL, &tree), -ENOENT);
}

static bool has_property(const char *at, size_t len, const char *property)
{
	for (const char *end = at + len; at < end; at += strlen(at) + 1)
		if (!strcmp(at, property))
			return true;
	return false;
}

TEST(uevents)
{
	struct setup s;
	struct {
		char prefix[8];
		uint32_t magic, header_size, offset, length, rest[4];
		char text[4096];
	} packet;
	int fds[2];

	make_tree(&s);
	for (int i = 0; i < 2; i++)
		CHECK_INT(tree_uevent_subscribe(s.tree, &fds[i]), 0);
	tree_uevent_hotplug(s.tree, &s.card_node, 42, 0);
	for (int i = 0; i < 2; i++) {
		ssize_t len = recv(fds[i], &packet, sizeof(packet), MSG_DONTWAIT);

		CHECK(len > 40);
		CHECK(!memcmp(packet.prefix, "libudev", 8));
		CHECK_INT(ntohl(packet.magic), 0xfeedcafe);
		CHECK_INT(packet.header_size, 40);
		CHECK_INT(packet.offset, 40);
		CHECK_INT(packet.offset + packet.length, len);
		CHECK(has_property(packet.text, packet.length, "ACTION=change"));
		CHECK(has_property(packet.text, packet.length, "HOTPLUG=1"));
		CHECK(has_property(packet.text, packet.length, "CONNECTOR=42"));
		CHECK(has_property(packet.text, packet.length, "SEQNUM=1"));
		CHECK(has_property(packet.text, packet.length,
			"DEVPATH=/devices/platform/testcard/drm/card0"));
	}
	/* One who left does not disturb the other; one who never reads neither. */
	close(fds[0]);
	for (int i = 0; i < 5000; i++)
		tree_uevent_hotplug(s.tree, &s.card_node, 1, 0);
	CHECK(recv(fds[1], &packet, sizeof(packet), MSG_DONTWAIT) > 40);
	close(fds[1]);
	remove_tree(&s);
}

TEST(subscribers_are_bounded_and_pruned)
{
	struct setup s;
	int fds[300], count = 0, ret = 0;

	make_tree(&s);
	while (count < 300 && (ret = tree_uevent_subscribe(s.tree, &fds[count])) == 0)
		count++;
	CHECK_INT(ret, -EMFILE);
	CHECK_INT(count, 256);
	while (count-- > 0)
		close(fds[count]);
	CHECK_INT(tree_uevent_subscribe(s.tree, &fds[0]), 0);
	close(fds[0]);
	remove_tree(&s);
}
