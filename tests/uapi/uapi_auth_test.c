/* Master, authentication, and which node may do what. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <drm_mode.h>

#include "uapi_fixture.h"

#define IOCTL(fd, request, arg) fixture_ioctl(&fixture, fd, request, arg)

enum { ROOT = 0, USER = 1000 };

static struct uapi_fixture fixture;

static bool is_master(int fd)
{
	struct drm_auth auth = {0};

	/* magic 0 is never valid: EINVAL for the master, EACCES for others */
	CHECK_INT(IOCTL(fd, DRM_IOCTL_AUTH_MAGIC, &auth), -1);
	CHECK(errno == EINVAL || errno == EACCES);
	return errno == EINVAL;
}

static bool is_authenticated(int fd)
{
	struct drm_client client = {0};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_GET_CLIENT, &client), 0);
	return client.auth;
}

static uint32_t magic_of(int fd)
{
	struct drm_auth auth = {0};

	CHECK_INT(IOCTL(fd, DRM_IOCTL_GET_MAGIC, &auth), 0);
	CHECK(auth.magic != 0);
	return auth.magic;
}

static int authenticate(int fd, uint32_t magic)
{
	struct drm_auth auth = {magic};

	return IOCTL(fd, DRM_IOCTL_AUTH_MAGIC, &auth);
}

static int set_master(int fd)
{
	return IOCTL(fd, DRM_IOCTL_SET_MASTER, NULL);
}

static int drop_master(int fd)
{
	return IOCTL(fd, DRM_IOCTL_DROP_MASTER, NULL);
}

TEST(first_opener_is_master)
{
	fixture_init(&fixture);
	int first = fixture_open_card(&fixture), second = fixture_open_card(&fixture);
	CHECK(is_master(first));
	CHECK(is_authenticated(first));
	CHECK(!is_master(second));
	CHECK(!is_authenticated(second));
	/* the next one after the master's last close */
	close(first);
	int third = fixture_open_card(&fixture);
	CHECK(is_master(third));
	CHECK(!is_master(second));
	close(second);
	close(third);
	fixture_finish(&fixture);
}

TEST(render_node_is_never_master)
{
	struct drm_auth auth = {0};

	fixture_init(&fixture);
	int render = fixture_open_render(&fixture);
	CHECK_ERRNO(IOCTL(render, DRM_IOCTL_GET_MAGIC, &auth), EACCES);
	CHECK_ERRNO(set_master(render), EACCES);
	int card = fixture_open_card(&fixture);
	CHECK(is_master(card));
	close(card);
	close(render);
	fixture_finish(&fixture);
}

TEST(magic)
{
	fixture_init(&fixture);
	int master = fixture_open_card(&fixture), client = fixture_open_card(&fixture);
	int other = fixture_open_card(&fixture);
	uint32_t magic = magic_of(client);
	CHECK_INT(magic_of(client), magic);
	CHECK(magic_of(other) != magic);
	CHECK_ERRNO(authenticate(client, magic), EACCES);
	CHECK_ERRNO(authenticate(master, 0), EINVAL);
	CHECK_ERRNO(authenticate(master, 999), EINVAL);
	CHECK(!is_authenticated(client));
	CHECK_INT(authenticate(master, magic), 0);
	CHECK(is_authenticated(client));
	CHECK(!is_authenticated(other));
	CHECK_ERRNO(authenticate(master, magic), EINVAL); /* good for once */
	/* a closed file's magic is nobody's */
	magic = magic_of(other);
	close(other);
	CHECK_ERRNO(authenticate(master, magic), EINVAL);
	close(client);
	close(master);
	fixture_finish(&fixture);
}

TEST(drop_and_set)
{
	fixture_init(&fixture);
	int first = fixture_open_card(&fixture), second = fixture_open_card(&fixture);
	CHECK_INT(set_master(first), 0); /* it is: nothing to do */
	CHECK_ERRNO(set_master(second), EACCES); /* never was, not root */
	CHECK_ERRNO(drop_master(second), EACCES);
	CHECK_INT(drop_master(first), 0);
	CHECK(!is_master(first));
	CHECK(is_authenticated(first));
	CHECK_ERRNO(drop_master(first), EINVAL);
	CHECK_ERRNO(set_master(second), EACCES);
	CHECK_INT(set_master(first), 0);
	CHECK(is_master(first));
	close(first);
	close(second);
	fixture_finish(&fixture);
}

TEST(root_takes_over)
{
	fixture_init(&fixture);
	int first = fixture_open_card(&fixture), second = fixture_open_card(&fixture);
	fixture.caller.uid = ROOT;
	CHECK_ERRNO(set_master(second), EBUSY);
	CHECK_ERRNO(drop_master(second), EINVAL);
	CHECK_INT(drop_master(first), 0);
	CHECK_INT(set_master(second), 0);
	CHECK(is_master(second));
	CHECK(is_authenticated(second));
	CHECK_ERRNO(set_master(first), EBUSY);
	/* having been master once, it may without root: a seat daemon's VT switch */
	fixture.caller.uid = USER;
	CHECK_INT(drop_master(second), 0);
	CHECK_INT(set_master(first), 0);
	close(first);
	close(second);
	fixture_finish(&fixture);
}

/* Another process that was given the file needs root (pid check of the kernel). */
TEST(was_master_counts_for_the_opener_only)
{
	fixture_init(&fixture);
	int fd = fixture_open_card(&fixture);
	fixture.caller.pid++;
	CHECK_ERRNO(drop_master(fd), EACCES);
	fixture.caller.uid = ROOT;
	CHECK_INT(drop_master(fd), 0);
	fixture.caller.uid = USER;
	CHECK_ERRNO(set_master(fd), EACCES);
	fixture.caller.pid--;
	CHECK_INT(set_master(fd), 0);
	close(fd);
	fixture_finish(&fixture);
}

/* The dead master's place is free at once, without an open in between. */
TEST(set_master_sees_a_close)
{
	fixture_init(&fixture);
	fixture.caller.uid = ROOT;
	int first = fixture_open_card(&fixture), second = fixture_open_card(&fixture);
	CHECK_ERRNO(set_master(second), EBUSY);
	close(first);
	CHECK_INT(set_master(second), 0);
	close(second);
	fixture_finish(&fixture);
}

/* Magics belong to the master at the time of open; a new master starts clean. */
TEST(magic_of_another_master)
{
	fixture_init(&fixture);
	fixture.caller.uid = ROOT;
	int first = fixture_open_card(&fixture);
	fixture.caller.uid = USER;
	int client = fixture_open_card(&fixture);
	uint32_t magic = magic_of(client);
	fixture.caller.uid = ROOT;
	int second = fixture_open_card(&fixture);
	CHECK_INT(magic_of(second), magic + 1);
	CHECK_INT(drop_master(first), 0);
	CHECK_INT(set_master(second), 0);
	CHECK_ERRNO(authenticate(second, magic), EINVAL);
	CHECK_INT(drop_master(second), 0);
	CHECK_INT(set_master(first), 0);
	/* second left this master: its magic is void, the client's is good */
	CHECK_ERRNO(authenticate(first, magic + 1), EINVAL);
	CHECK_INT(authenticate(first, magic), 0);
	close(first);
	close(second);
	close(client);
	fixture_finish(&fixture);
}

TEST(root_is_authenticated)
{
	fixture_init(&fixture);
	int master = fixture_open_card(&fixture);
	fixture.caller.uid = ROOT;
	int fd = fixture_open_card(&fixture);
	CHECK(is_authenticated(fd));
	CHECK(!is_master(fd));
	close(fd);
	close(master);
	fixture_finish(&fixture);
}

/* ---- who may call what ---- */

enum who { MASTER = 1, PLAIN = 2, AUTHENTICATED = 4, RENDER = 8, AS_ROOT = 16 };

struct access_row {
	const char *name;
	unsigned long request;
	unsigned allowed; /* enum who */
};

#define PRIMARY_ALL (MASTER | PLAIN | AUTHENTICATED | AS_ROOT)

static const struct access_row access_rows[] = {
	{"VERSION", DRM_IOCTL_VERSION, PRIMARY_ALL | RENDER},
	{"GET_CAP", DRM_IOCTL_GET_CAP, PRIMARY_ALL | RENDER},
	{"GET_UNIQUE", DRM_IOCTL_GET_UNIQUE, PRIMARY_ALL},
	{"GET_MAGIC", DRM_IOCTL_GET_MAGIC, PRIMARY_ALL},
	{"GET_CLIENT", DRM_IOCTL_GET_CLIENT, PRIMARY_ALL},
	{"SET_CLIENT_CAP", DRM_IOCTL_SET_CLIENT_CAP, PRIMARY_ALL},
	{"SET_VERSION", DRM_IOCTL_SET_VERSION, MASTER},
	{"AUTH_MAGIC", DRM_IOCTL_AUTH_MAGIC, MASTER},
	{"FINISH", DRM_IOCTL_FINISH, MASTER | AUTHENTICATED | AS_ROOT},
	{"BLOCK", DRM_IOCTL_BLOCK, 0}, /* root and master at once */
	{"GEM_CLOSE", DRM_IOCTL_GEM_CLOSE, PRIMARY_ALL | RENDER},
	{"GEM_FLINK", DRM_IOCTL_GEM_FLINK, MASTER | AUTHENTICATED | AS_ROOT},
	{"GEM_OPEN", DRM_IOCTL_GEM_OPEN, MASTER | AUTHENTICATED | AS_ROOT},
	{"PRIME_HANDLE_TO_FD", DRM_IOCTL_PRIME_HANDLE_TO_FD, PRIMARY_ALL | RENDER},
	{"PRIME_FD_TO_HANDLE", DRM_IOCTL_PRIME_FD_TO_HANDLE, PRIMARY_ALL | RENDER},
	{"CREATE_DUMB", DRM_IOCTL_MODE_CREATE_DUMB, PRIMARY_ALL},
	{"MAP_DUMB", DRM_IOCTL_MODE_MAP_DUMB, PRIMARY_ALL},
	{"DESTROY_DUMB", DRM_IOCTL_MODE_DESTROY_DUMB, PRIMARY_ALL},
	{"GETRESOURCES", DRM_IOCTL_MODE_GETRESOURCES, PRIMARY_ALL},
	{"GETCRTC", DRM_IOCTL_MODE_GETCRTC, PRIMARY_ALL},
	{"GETCONNECTOR", DRM_IOCTL_MODE_GETCONNECTOR, PRIMARY_ALL},
	{"GETPLANE", DRM_IOCTL_MODE_GETPLANE, PRIMARY_ALL},
	{"ADDFB", DRM_IOCTL_MODE_ADDFB, PRIMARY_ALL},
	{"ADDFB2", DRM_IOCTL_MODE_ADDFB2, PRIMARY_ALL},
	{"RMFB", DRM_IOCTL_MODE_RMFB, PRIMARY_ALL},
	{"GETPROPERTY", DRM_IOCTL_MODE_GETPROPERTY, PRIMARY_ALL},
	{"CREATEPROPBLOB", DRM_IOCTL_MODE_CREATEPROPBLOB, PRIMARY_ALL},
	{"SETCRTC", DRM_IOCTL_MODE_SETCRTC, MASTER},
	{"SETPLANE", DRM_IOCTL_MODE_SETPLANE, MASTER},
	{"PAGE_FLIP", DRM_IOCTL_MODE_PAGE_FLIP, MASTER},
	{"CURSOR", DRM_IOCTL_MODE_CURSOR, MASTER},
	{"CURSOR2", DRM_IOCTL_MODE_CURSOR2, MASTER},
	{"DIRTYFB", DRM_IOCTL_MODE_DIRTYFB, MASTER},
	{"SETGAMMA", DRM_IOCTL_MODE_SETGAMMA, MASTER},
	{"OBJ_SETPROPERTY", DRM_IOCTL_MODE_OBJ_SETPROPERTY, MASTER},
	{"SETPROPERTY", DRM_IOCTL_MODE_SETPROPERTY, MASTER},
	{"ATOMIC", DRM_IOCTL_MODE_ATOMIC, MASTER},
};

/* Refused with EACCES, or let through to a handler that says something else. */
static void check_who(const struct access_row *row, int fd, unsigned who)
{
	uint64_t data[32] = {0};

	int ret = IOCTL(fd, row->request, data);
	bool refused = ret < 0 && errno == EACCES;
	if (refused == !!(row->allowed & who))
		test_fail(__FILE__, __LINE__, "%s as %u: %d, errno %d", row->name, who, ret, errno);
}

TEST_ROWS(access, struct access_row, access_rows)
{
	fixture_init(&fixture);
	int master = fixture_open_card(&fixture), plain = fixture_open_card(&fixture);
	int authenticated = fixture_open_card(&fixture), render = fixture_open_render(&fixture);
	CHECK_INT(authenticate(master, magic_of(authenticated)), 0);
	check_who(row, master, MASTER);
	check_who(row, plain, PLAIN);
	check_who(row, authenticated, AUTHENTICATED);
	check_who(row, render, RENDER);
	fixture.caller.uid = ROOT;
	int root = fixture_open_card(&fixture);
	check_who(row, root, AS_ROOT);
	close(root);
	close(render);
	close(authenticated);
	close(plain);
	close(master);
	fixture_finish(&fixture);
}

TEST(root_only_needs_root_and_master)
{
	fixture_init(&fixture);
	fixture.caller.uid = ROOT;
	int fd = fixture_open_card(&fixture);
	CHECK_INT(IOCTL(fd, DRM_IOCTL_BLOCK, &(struct drm_block){0}), 0);
	fixture.caller.uid = USER;
	CHECK_ERRNO(IOCTL(fd, DRM_IOCTL_BLOCK, &(struct drm_block){0}), EACCES);
	close(fd);
	fixture_finish(&fixture);
}
