/* Files and links of the tree, and its beginning and end. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree_private.h"

enum { NAME_SIZE = 512, NFTW_FDS = 8 };

/* mkdir -p of all folders above name (or of name itself: whole). */
static int make_folders(struct tree *tree, const char *name, bool whole)
{
	char path[PATH_MAX];
	size_t root_len = strlen(tree->root);
	char *slash;

	snprintf(path, sizeof(path), "%s%s%s", tree->root, name, whole ? "/" : "");
	for (slash = strchr(path + root_len + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static void temporary_path(struct tree *tree, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/.new-%u", tree->root, tree->temporary++);
}

/* So that it can be taken away again. */
static int record(struct tree_card *card, const char *name)
{
	char **names = realloc(card->names, (card->name_count + 1) * sizeof(*names));

	if (!names)
		return -ENOMEM;
	card->names = names;
	names[card->name_count] = strdup(name);
	if (!names[card->name_count])
		return -ENOMEM;
	card->name_count++;
	return 0;
}

/* Puts the finished temporary in place of name. Most folders are there already. */
static int move_in(struct tree *tree, const char *temporary, const char *name)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%s%s", tree->root, name);
	ret = rename(temporary, path) < 0 ? -errno : 0;
	if (ret == -ENOENT) {
		ret = make_folders(tree, name, false);
		if (ret == 0)
			ret = rename(temporary, path) < 0 ? -errno : 0;
	}
	if (ret)
		unlink(temporary);
	return ret == 0 && tree->recording ? record(tree->recording, name) : ret;
}

int tree_write(struct tree *tree, const char *name, const void *data, size_t len)
{
	char temporary[PATH_MAX];
	const char *from = data;
	int fd, ret = 0;

	temporary_path(tree, temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	while (len > 0 && ret == 0) {
		ssize_t written = write(fd, from, len);

		if (written < 0) {
			ret = errno == EINTR ? 0 : -errno;
			continue;
		}
		from += written;
		len -= written;
	}
	close(fd);
	if (ret) {
		unlink(temporary);
		return ret;
	}
	return move_in(tree, temporary, name);
}

int tree_print(struct tree *tree, const char *name, const char *format, ...)
{
	va_list args;
	char *text;
	int len, ret;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	ret = tree_write(tree, name, text, len);
	free(text);
	return ret;
}

int tree_link(struct tree *tree, const char *name, const char *target)
{
	char temporary[PATH_MAX], relative[NAME_SIZE] = "";
	size_t common = 0, used = 0;

	/* Both begin with the same folders; common: the length up to their last '/'. */
	for (size_t i = 0; name[i] && name[i] == target[i]; i++)
		if (name[i] == '/')
			common = i;
	for (const char *at = strchr(name + common + 1, '/'); at; at = strchr(at + 1, '/'))
		used += snprintf(relative + used, sizeof(relative) - used, "../");
	used += snprintf(relative + used, sizeof(relative) - used, "%s", target + common + 1);
	if (used >= sizeof(relative))
		return -ENAMETOOLONG;
	temporary_path(tree, temporary);
	if (symlink(relative, temporary) < 0)
		return -errno;
	return move_in(tree, temporary, name);
}

static int link_in(struct tree *tree, const char *folder, const char *file, const char *target)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s/%s", folder, file);
	return tree_link(tree, name, target);
}

int tree_add_relations(struct tree *tree, const char *syspath, const char *device,
	const char *class)
{
	int ret = device ? link_in(tree, syspath, "device", device) : 0;

	return ret ? ret : link_in(tree, syspath, "subsystem", class);
}

int tree_add_to_class(struct tree *tree, const char *syspath, const char *class)
{
	return link_in(tree, class, tree_base_name(syspath), syspath);
}

int tree_add_class_node(struct tree *tree, const struct vfs_node *node, const char *syspath,
	const char *device, const char *class, const char *uevent)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s/dev", syspath);
	int ret = tree_print(tree, name, "%u:%u\n", node->major, node->minor);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s/uevent", syspath);
	ret = tree_print(tree, name, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\n%s", node->major,
		node->minor, node->path + strlen("/dev/"), uevent);
	if (ret == 0)
		ret = tree_add_relations(tree, syspath, device, class);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "/sys/dev/char/%u:%u", node->major, node->minor);
	ret = tree_link(tree, name, syspath);
	/* Placeholder: readdir sees it, everything else goes to the door. */
	if (ret == 0)
		ret = tree_write(tree, node->path, NULL, 0);
	return ret ? ret : tree_add_to_class(tree, syspath, class);
}

int tree_add_text(struct tree *tree, const struct vfs_node *node)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", tree->root, node->path);
	pthread_mutex_lock(&tree->lock);
	int ret = tree_write(tree, node->path, NULL, 0);
	if (ret == 0 && chmod(path, node->mode) < 0)
		ret = -errno;
	pthread_mutex_unlock(&tree->lock);
	return ret;
}

int tree_add_link(struct tree *tree, const char *name, const char *target)
{
	pthread_mutex_lock(&tree->lock);
	int ret = tree_link(tree, name, target);
	pthread_mutex_unlock(&tree->lock);
	return ret;
}

/* What is there without any device. */
static int fill(struct tree *tree)
{
	static const char *const folders[] = {
		"/dev/dri", "/dev/input", "/sys/bus/platform/devices", "/sys/bus/platform/drivers",
		TREE_CLASS_DRM, TREE_CLASS_INPUT, "/sys/dev/char", "/sys/devices/platform",
		"/run/udev/data", "/run/udev/tags",
	};
	int ret;

	for (size_t i = 0; i < GEM_ARRAY_SIZE(folders); i++) {
		ret = make_folders(tree, folders[i], true);
		if (ret)
			return ret;
	}
	ret = tree_print(tree, TREE_CLASS_DRM "/version", "drm 1.1.0 20060810\n");
	/* libudev's monitor listens to udevd only while this is there. */
	return ret ? ret : tree_write(tree, "/run/udev/control", NULL, 0);
}

int tree_create(const char *root, struct vfs *vfs, struct tree **out)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	char real[PATH_MAX];
	int ret;

	if (!tree)
		return -ENOMEM;
	pthread_mutex_init(&tree->lock, NULL);
	gem_list_init(&tree->texts);
	tree->vfs = vfs;
	if (mkdir(root, 0755) < 0) {
		ret = -errno;
		goto free_tree;
	}
	if (!realpath(root, real)) {
		ret = -errno;
		goto remove_root;
	}
	if (strlen(real) >= sizeof(tree->root)) {
		ret = -ENAMETOOLONG;
		goto remove_root;
	}
	strcpy(tree->root, real);
	ret = fill(tree);
	if (ret) {
		tree_destroy(tree);
		return ret;
	}
	*out = tree;
	return 0;

remove_root:
	rmdir(root);
free_tree:
	pthread_mutex_destroy(&tree->lock);
	free(tree);
	return ret;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (remove(path) < 0)
		gem_warn("tree", "%s stays: %s", path, strerror(errno));
	return 0;
}

void tree_remove_locked(struct tree *tree, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", tree->root, name);
	nftw(path, remove_entry, NFTW_FDS, FTW_DEPTH | FTW_PHYS);
}

void tree_remove(struct tree *tree, const char *name)
{
	pthread_mutex_lock(&tree->lock);
	tree_remove_locked(tree, name);
	pthread_mutex_unlock(&tree->lock);
}

void tree_destroy(struct tree *tree)
{
	for (unsigned i = 0; i < tree->subscriber_count; i++)
		close(tree->subscribers[i]);
	tree_remove_texts(tree, NULL);
	for (unsigned i = 0; i < tree->card_count; i++)
		tree_forget_card(&tree->cards[i]);
	nftw(tree->root, remove_entry, NFTW_FDS, FTW_DEPTH | FTW_PHYS);
	pthread_mutex_destroy(&tree->lock);
	free(tree);
}

const char *tree_root(const struct tree *tree)
{
	return tree->root;
}
