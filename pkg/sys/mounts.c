#include "sys/mounts.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FS_LOG_MAX 256

/* The kernel leaves its reason as text lines ("e tmpfs: Bad value for 'size'") in the context. */
static int fs_error(int ctx, int errnum, const char *type, struct err *err)
{
	char log[FS_LOG_MAX];
	ssize_t n = read(ctx, log, sizeof(log) - 1);

	if (n <= 2)
		return err_sys(err, errnum, "mounting %s", type);
	log[n] = '\0';
	if (log[n - 1] == '\n')
		log[n - 1] = '\0';
	return err_sys(err, errnum, "mounting %s: %s", type, log + 2);
}

int mount_fs(const char *type, const char *source, const struct mount_opt *opts, uint64_t attrs,
	     int *ret_fd, struct err *err)
{
	AUTO_CLOSE int ctx = fsopen(type, FSOPEN_CLOEXEC);
	int fd, r;

	if (ctx < 0)
		return err_sys(err, errno, "mounting %s", type);
	if (source && fsconfig(ctx, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_error(ctx, errno, type, err);
	for (; opts && opts->key; opts++) {
		r = opts->value ? fsconfig(ctx, FSCONFIG_SET_STRING, opts->key, opts->value, 0)
				: fsconfig(ctx, FSCONFIG_SET_FLAG, opts->key, NULL, 0);
		if (r < 0)
			return fs_error(ctx, errno, type, err);
	}
	if (fsconfig(ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(ctx, errno, type, err);
	fd = fsmount(ctx, FSMOUNT_CLOEXEC, (unsigned)attrs);
	if (fd < 0)
		return fs_error(ctx, errno, type, err);
	*ret_fd = fd;
	return 0;
}

int mount_clone(int dir, const char *path, bool recursive, int *ret_fd, struct err *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int fd;

	if (recursive)
		flags |= AT_RECURSIVE;
	if (!*path)
		flags |= AT_EMPTY_PATH;
	fd = open_tree(dir, path, flags);
	if (fd < 0)
		return err_sys(err, errno, "binding %s", *path ? path : "a file");
	*ret_fd = fd;
	return 0;
}

int mount_attrs(int fd, uint64_t set, uint64_t propagation, bool recursive, struct err *err)
{
	struct mount_attr attr = {.attr_set = set, .propagation = propagation};
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (!set && !propagation)
		return 0;
	if (mount_setattr(fd, "", flags, &attr, sizeof(attr)) < 0)
		return err_sys(err, errno, "setting attributes of a mount");
	return 0;
}

int mount_attach(int fd, int target, const char *what, struct err *err)
{
	if (move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mounting on %s", what);
	return 0;
}

int mount_path_of(int fd, char out[MOUNT_PATH_MAX], struct err *err)
{
	char link[FD_PATH_MAX];
	ssize_t n;

	n = readlink(fd_path(fd, link), out, MOUNT_PATH_MAX);
	if (n < 0)
		return err_sys(err, errno, "reading the path of a descriptor");
	if (n >= MOUNT_PATH_MAX || out[0] != '/')
		return err_set(err, ERR_LIMIT, "a descriptor has no path shorter than %d bytes",
			       MOUNT_PATH_MAX);
	out[n] = '\0';
	return 0;
}

int mount_reopen(int fd, const char *path, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int again = open(path, O_PATH | O_CLOEXEC);
	struct stat a, b;

	if (again < 0)
		return err_sys(err, errno, "opening %s", path);
	if (fstat(fd, &a) < 0 || fstat(again, &b) < 0)
		return err_sys(err, errno, "%s", path);
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return err_set(err, ERR_IN_USE, "%s was replaced meanwhile", path);
	*ret_fd = TAKE_FD(again);
	return 0;
}

bool mount_is_at(int dir, const char *path)
{
	struct statx st;

	return statx(dir, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* How often what was entered may be unmounted before it was mounted from. */
#define OVERLAY_TRIES 20

int mount_overlay(int dir, const char *path, const char *options, int work, unsigned long flags,
		  const char *target, struct err *err)
{
	int i, r;

	for (i = 0; i < OVERLAY_TRIES; i++) {
		AUTO_CLOSE int now = -1;

		r = mount_reopen(dir, path, &now, err);
		if (r < 0)
			return r;
		if (fchdir(now) < 0)
			return err_sys(err, errno, "entering %s", path);
		if (mount("overlay", target, "overlay", flags, options) == 0)
			return 0;
		if (errno != EINVAL || i + 1 == OVERLAY_TRIES)
			break;
		r = work >= 0 ? tree_remove(work, "work", err) : 0;
		if (r < 0)
			return r;
	}
	return err_sys(err, errno, "mounting (%s)", options);
}
