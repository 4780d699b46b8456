/*
 * /dev is a tmpfs that is filled while it is still detached. Device nodes are made where the kernel
 * allows it (root of the machine), else bound from the host's. The umask is 0 here. A container
 * that may make nodes itself (CAP_MKNOD) gets a /dev on which nodes do not work, and ours are bound
 * into it one by one: without that, any disk would be a mknod away.
 */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "setup.h"
#include "sys/caps.h"
#include "sys/idmap.h"
#include "sys/tty.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SHM_SIZE_DEFAULT (64U * 1024 * 1024)
#define TTY_GROUP 5
#define NUMBER_MAX 32
/* Directories of the host's /dev that are walked for --privileged. */
#define WALK_DEPTH_MAX 8

static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = {
    {"null", 1, 3},   {"zero", 1, 5},	 {"full", 1, 7},
    {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *to, *name;
} links[] = {
    {"/proc/self/fd", "fd"},	   {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"},
    {"/proc/self/fd/2", "stderr"}, {"/proc/kcore", "core"},	 {"pts/ptmx", "ptmx"},
};

static bool may_make_nodes(const struct runtime_spec *spec)
{
	return (spec->process.caps & CAPS_BIT(CAP_MKNOD)) && !spec->privileged;
}

/* Binds a node of the host onto an empty file in /dev, which is attached by now. */
static int bind_node(int dev, int host_dir, const char *name, struct err *err)
{
	AUTO_CLOSE int tree = -1;
	AUTO_CLOSE int file = -1;
	AUTO_CLOSE int target = -1;
	int r;

	r = mount_clone(host_dir, name, false, &tree, err);
	if (r == 0)
		r = mount_attrs(tree, RUNTIME_NODE_ATTRS, 0, false, err);
	if (r < 0)
		return r;
	file = openat(dev, name, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (file < 0)
		return err_sys(err, errno, "making /dev/%s", name);
	target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_sys(err, errno, "opening /dev/%s", name);
	return mount_attach(tree, target, name, err);
}

/* 1 when all nodes were made; 0 when they must be bound, and none is there. */
static int make_nodes(int dev, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(nodes); i++)
		if (mknodat(dev, nodes[i].name, S_IFCHR | 0666,
			    makedev(nodes[i].major, nodes[i].minor)) < 0)
			break;
	if (i == ARRAY_LEN(nodes))
		return 1;
	if (errno != EPERM && errno != EACCES)
		return err_sys(err, errno, "making /dev/%s", nodes[i].name);
	while (i > 0)
		if (unlinkat(dev, nodes[--i].name, 0) < 0)
			return err_sys(err, errno, "removing /dev/%s", nodes[i].name);
	return 0;
}

static int bind_nodes(int dev, struct err *err)
{
	AUTO_CLOSE int host = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t i;
	int r;

	if (host < 0)
		return err_sys(err, errno, "opening /dev");
	for (i = 0; i < ARRAY_LEN(nodes); i++) {
		r = bind_node(dev, host, nodes[i].name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_links_and_dirs(int dev, struct err *err)
{
	static const char *const dirs[] = {"pts", "shm", "mqueue"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(dirs); i++)
		if (mkdirat(dev, dirs[i], 0755) < 0)
			return err_sys(err, errno, "making /dev/%s", dirs[i]);
	for (i = 0; i < ARRAY_LEN(links); i++)
		if (symlinkat(links[i].to, dev, links[i].name) < 0)
			return err_sys(err, errno, "making /dev/%s", links[i].name);
	return 0;
}

/* ---- --privileged: the host's devices ---- */

static bool is_skipped(const char *name)
{
	static const char *const names[] = {"pts",   "shm",	    "fd",      "mqueue", ".lxc",
					    ".udev", ".lxd-mounts", "console", "ptmx"};
	size_t i;

	if (streq(name, ".") || streq(name, ".."))
		return true;
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (streq(name, names[i]))
			return true;
	return false;
}

static int copy_node(int to, int from, const char *name, const struct stat *st, struct err *err)
{
	if (mknodat(to, name, st->st_mode, st->st_rdev) == 0) {
		if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, errno, "changing the owner of /dev/%s", name);
		return 0;
	}
	if (errno == EEXIST)
		return 0;
	if (errno != EPERM)
		return err_sys(err, errno, "making /dev/%s", name);
	return bind_node(to, from, name, err);
}

static int copy_devices(int to, int take_from, int depth, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = fdopendir(take_from);
	struct dirent *e;
	struct stat st;
	int r = 0;

	if (!d) {
		(void)close(take_from);
		return err_sys(err, errno, "reading /dev");
	}
	while (r == 0 && (e = readdir(d))) {
		AUTO_CLOSE int sub = -1;
		int from;

		if (is_skipped(e->d_name) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			r = copy_node(to, dirfd(d), e->d_name, &st, err);
		if (!S_ISDIR(st.st_mode) || depth == WALK_DEPTH_MAX)
			continue;
		if (mkdirat(to, e->d_name, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "making /dev/%s", e->d_name);
		sub = openat(to, e->d_name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		from = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* A directory of another user is nothing for us. */
		if (sub >= 0 && from >= 0)
			r = copy_devices(sub, from, depth + 1, err);
		else if (from >= 0)
			(void)close(from);
	}
	return r;
}

static int copy_host_devices(int dev, struct err *err)
{
	int host = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (host < 0)
		return err_sys(err, errno, "opening /dev");
	return copy_devices(dev, host, 0, err);
}

/* ---- what is mounted in it ---- */

static int attach_in(int dev, const char *name, int fd, struct err *err)
{
	AUTO_CLOSE int target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0)
		return err_sys(err, errno, "opening /dev/%s", name);
	return mount_attach(fd, target, name, err);
}

static int mount_in(int dev, const char *type, const struct mount_opt *opts, uint64_t attrs,
		    const char *name, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	r = mount_fs(type, type, opts, attrs, &fd, err);
	return r < 0 ? r : attach_in(dev, name, fd, err);
}

static int mount_pts(struct setup *s, struct err *err)
{
	const struct runtime_spec *spec = s->spec;
	struct mount_opt opts[] = {
	    {"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}, {0}};
	uint32_t ignored;
	int r;

	/* The group tty, unless it is not mapped. */
	if (spec->ns[RUNTIME_USER].mode == RUNTIME_NS_NEW &&
	    (!spec->maps || !idmap_to_outside(&spec->maps->gids, TTY_GROUP, &ignored)))
		opts[3] = (struct mount_opt){0};
	r = mount_fs("devpts", "devpts", opts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &s->pts, err);
	return r < 0 ? r : attach_in(s->dev, "pts", s->pts, err);
}

static int mount_shm(struct setup *s, struct err *err)
{
	char size[NUMBER_MAX];
	const struct mount_opt opts[] = {{"mode", "1777"}, {"size", size}, {0}};

	(void)snprintf(
	    size, sizeof(size), "%llu",
	    (unsigned long long)(s->spec->shm_size ? s->spec->shm_size : SHM_SIZE_DEFAULT));
	return mount_in(s->dev, "tmpfs", opts,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, "shm", err);
}

/* The kernel lets only the owner of the ipc namespace mount its queues; else the host's are shown.
 */
static int mount_mqueue(struct setup *s, struct err *err)
{
	uint64_t attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	AUTO_CLOSE int fd = -1;
	int r;

	if (s->spec->ns[RUNTIME_IPC].mode == RUNTIME_NS_NEW ||
	    s->spec->ns[RUNTIME_USER].mode == RUNTIME_NS_HOST)
		return mount_in(s->dev, "mqueue", NULL, attrs, "mqueue", err);
	if (faccessat(AT_FDCWD, "/dev/mqueue", F_OK, 0) < 0)
		return 0;
	r = mount_clone(AT_FDCWD, "/dev/mqueue", false, &fd, err);
	return r < 0 ? r : attach_in(s->dev, "mqueue", fd, err);
}

static int fill(struct setup *s, struct err *err)
{
	int r = 0;

	if (!mounts_find(s->spec, "/dev/pts"))
		r = mount_pts(s, err);
	if (r == 0 && !mounts_find(s->spec, "/dev/shm"))
		r = mount_shm(s, err);
	if (r == 0 && !mounts_find(s->spec, "/dev/mqueue"))
		r = mount_mqueue(s, err);
	if (r == 0 && s->spec->privileged)
		r = copy_host_devices(s->dev, err);
	return r;
}

int dev_make(struct setup *s, struct err *err)
{
	static const struct mount_opt opts[] = {{"mode", "755"}, {"size", "65536k"}, {0}};
	bool bound = may_make_nodes(s->spec);
	int r;

	r = mount_fs("tmpfs", "tmpfs", opts,
		     MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME | (bound ? MOUNT_ATTR_NODEV : 0),
		     &s->dev, err);
	if (r == 0)
		r = make_links_and_dirs(s->dev, err);
	if (r < 0)
		return r;
	if (!bound) {
		r = make_nodes(s->dev, err);
		if (r < 0)
			return r;
		bound = r == 0;
	}
	r = mounts_attach_at(s, s->dev, "/dev", err);
	if (r == 0 && bound)
		r = bind_nodes(s->dev, err);
	return r < 0 ? r : fill(s, err);
}

int dev_console(struct setup *s, struct err *err)
{
	AUTO_CLOSE int tree = -1;
	AUTO_CLOSE int file = -1;
	char name[NUMBER_MAX];
	unsigned number;
	int r;

	if (s->pts < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "a terminal needs kist's own /dev and /dev/pts, but the container "
			       "has other mounts there");
	r = launch_terminal(&s->launch, s->pts, &number, err);
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%u", number);
	r = mount_clone(s->pts, name, false, &tree, err);
	if (r < 0)
		return r;
	file = openat(s->dev, "console", O_CREAT | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return err_sys(err, errno, "making /dev/console");
	return attach_in(s->dev, "console", tree, err);
}
