/*
 * The new root is mounted on top of "/" of the new mount namespace. The process's own root stays
 * below it, so that host paths go on working while the container is put together; "/.." reaches
 * the new root, because ".." of the root crosses to what is mounted there. No directory of the host
 * is needed as a mount point, and nothing of the host is hidden.
 */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "setup.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* mount(2) takes one page of options. fsconfig(2) has no such limit, but before Linux 6.5 takes a
 * list of layers of 255 bytes at most. */
#define OPTIONS_MAX 4096

bool root_needs_own_sysfs(const struct runtime_spec *spec)
{
	/* The kernel lets only the owner of the network namespace mount sysfs. */
	return spec->ns[RUNTIME_NET].mode == RUNTIME_NS_NEW ||
	       spec->ns[RUNTIME_USER].mode == RUNTIME_NS_HOST;
}

static int overlay_options(const struct runtime_rootfs *fs, int upper, int work, struct buf *out,
			   struct err *err)
{
	const char *const *lower;
	char path[FD_PATH_MAX];
	size_t n = 0;

	buf_adds(out, "lowerdir=");
	for (lower = fs->lower; lower && *lower; lower++) {
		if (n++ > 0)
			buf_addc(out, ':');
		buf_adds(out, *lower);
	}
	/* By descriptor: a path could contain what separates options. */
	buf_addf(out, ",upperdir=%s", fd_path(upper, path));
	buf_addf(out, ",workdir=%s", fd_path(work, path));
	if (fs->userxattr)
		buf_adds(out, ",userxattr");
	if (fs->is_volatile)
		buf_adds(out, ",volatile");
	if (!str_empty(fs->options))
		buf_addf(out, ",%s", fs->options);
	if (!buf_ok(out))
		return err_set(err, ERR_LIMIT,
			       "an image of %zu layers is more than one mount takes", n);
	return 0;
}

static int overlay_error(int upper, struct err *err)
{
	struct statfs fs;

	if (err_is_errno(err, EINVAL) && fstatfs(upper, &fs) == 0 &&
	    fs.f_type == OVERLAYFS_SUPER_MAGIC)
		return err_set(err, ERR_UNSUPPORTED,
			       "mounting the container's overlay: its directory is on an overlay "
			       "file system itself, which cannot hold another one (choose --root "
			       "on a disk or tmpfs)");
	return err_wrap(err, "the container's overlay");
}

static int mount_layers(struct setup *s, struct err *err)
{
	const struct runtime_rootfs *fs = &s->spec->rootfs;
	AUTO_BUF struct buf options = BUF_INIT(OPTIONS_MAX - 1);
	AUTO_CLOSE int upper = -1;
	AUTO_CLOSE int work = -1;
	int r;

	r = mount_reopen(fs->upper, s->upper, &upper, err);
	if (r == 0)
		r = mount_reopen(fs->work, s->work, &work, err);
	if (r == 0)
		r = overlay_options(fs, upper, work, &options, err);
	if (r < 0)
		return r;
	/* nodev: an image may contain device nodes, those that count are in our own /dev. */
	r = mount_overlay(fs->overlay_dir, s->overlay, buf_str(&options),
			  fs->is_volatile ? work : -1, MS_NODEV, "/", err);
	return r < 0 ? overlay_error(upper, err) : 0;
}

static int mount_directory(struct setup *s, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int tree = -1;
	AUTO_CLOSE int slash = -1;
	int r;

	r = mount_reopen(s->spec->rootfs.dir, s->overlay, &dir, err);
	if (r == 0)
		r = mount_clone(dir, "", true, &tree, err);
	if (r == 0)
		r = mount_attrs(tree, MOUNT_ATTR_NODEV, MS_PRIVATE, true, err);
	if (r < 0)
		return err_wrap(err, "root directory %s", s->overlay);
	slash = open("/", O_PATH | O_CLOEXEC);
	if (slash < 0)
		return err_sys(err, errno, "opening /");
	return mount_attach(tree, slash, "/", err);
}

/* From wherever a chroot(2) has put us to the root of the mount namespace. */
static int enter_namespace_root(struct err *err)
{
	AUTO_CLOSE int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (ns < 0)
		return err_sys(err, errno, "opening our mount namespace");
	if (setns(ns, CLONE_NEWNS) < 0)
		return err_sys(err, errno, "leaving the chroot that kist runs in");
	return 0;
}

static bool is_same_root(int a, int b)
{
	struct statx x, y;

	return statx(a, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &x) == 0 &&
	       statx(b, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &y) == 0 &&
	       x.stx_mnt_id == y.stx_mnt_id && x.stx_ino == y.stx_ino &&
	       x.stx_dev_major == y.stx_dev_major && x.stx_dev_minor == y.stx_dev_minor;
}

/* What is mounted from now on stays here, and the host's later changes do no harm: of all mounts,
 * which begin at the namespace's root. In a chroot that is not ours, which we keep meanwhile, since
 * paths are meant as they are seen there. */
static int be_slave(struct setup *s, struct err *err)
{
	AUTO_CLOSE int ours = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int root = -1;
	int r = enter_namespace_root(err);

	if (r < 0)
		return r;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ours < 0 || root < 0)
		return err_sys(err, errno, "opening /");
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(err, errno, "making mounts slaves of the host's");
	s->in_chroot = !is_same_root(ours, root);
	if (s->in_chroot && (fchdir(ours) < 0 || chroot(".") < 0))
		return err_sys(err, errno, "going back to the chroot");
	return 0;
}

int root_mount(struct setup *s, struct err *err)
{
	/* Binds that keep their propagation were copied before. */
	int r = be_slave(s, err);

	if (r < 0)
		return r;
	r = s->spec->rootfs.overlay_dir >= 0 ? mount_layers(s, err) : mount_directory(s, err);
	if (r < 0)
		return r;
	s->root = open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0)
		return err_sys(err, errno, "opening the container's root");
	return 0;
}

int root_enter(struct setup *s, struct err *err)
{
	uint64_t attrs = s->spec->readonly ? MOUNT_ATTR_RDONLY : 0;
	int r;

	r = mount_attrs(s->root, attrs,
			s->spec->root_propagation ? s->spec->root_propagation : MS_PRIVATE, false,
			err);
	if (r < 0)
		return r;
	/* Within a chroot pivot_root would leave the rest of the host above the container's root.
	 */
	r = s->in_chroot ? enter_namespace_root(err) : 0;
	if (r < 0)
		return r;
	if (fchdir(s->root) < 0)
		return err_sys(err, errno, "entering the container's root");
	/* The old root ends up on top of the new one; then it goes away with all of the host's
	 * mounts. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(err, errno, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "detaching the host's root");
	if (chdir("/") < 0)
		return err_sys(err, errno, "chdir to /");
	return 0;
}
