/*
 * The order matters: chown takes away set-user-ID bits and file capabilities, so it comes first;
 * nothing changes times after they are set.
 */
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"
#include "unpacker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OVERRIDE_MAX 64

/* By descriptor, or by name in a directory. */
struct object {
	int fd; /* -1: by name */
	int dir;
	const char *name;
	struct stat st;
};

static int failed(const struct target *t, const char *what, struct err *err)
{
	return err_sys(err, errno, "%s: %s", t->path.text, what);
}

static int inspect(const struct target *t, struct object *o, struct err *err)
{
	int r = o->fd >= 0 ? fstat(o->fd, &o->st)
			   : fstatat(o->dir, o->name, &o->st, AT_SYMLINK_NOFOLLOW);

	return r < 0 ? failed(t, "looking at what was made", err) : 0;
}

/* 1 when the owner is the wanted one now, 0 when that could not be and need not. */
static int set_owner(struct unpacker *u, const struct target *t, struct object *o, struct err *err)
{
	uid_t uid = (uid_t)t->e->uid;
	gid_t gid = (gid_t)t->e->gid;
	int r;

	if (o->st.st_uid == uid && o->st.st_gid == gid)
		return 1;
	r = o->fd >= 0 ? fchown(o->fd, uid, gid)
		       : fchownat(o->dir, o->name, uid, gid, AT_SYMLINK_NOFOLLOW);
	if (r == 0)
		return inspect(t, o, err) < 0 ? -(int)err->code : 1;
	if (u->o.ignore_chown_errors) {
		u->layer.skipped_owners++;
		return 0;
	}
	if (errno == EINVAL)
		return err_set(err, ERR_INVALID,
			       "%s: the owner %u:%u has no number in this user namespace (more "
			       "subordinate ids are needed in /etc/subuid and /etc/subgid)",
			       t->path.text, uid, gid);
	return failed(t, "setting the owner", err);
}

/* An attribute by any means; returns 0 or -errno. */
static int put_xattr(const struct object *o, const char *name, const void *value, size_t len)
{
	char path[FD_PATH_MAX], full[FD_PATH_MAX + NAME_MAX + 2];
	int r;

	if (o->fd >= 0) {
		r = fsetxattr(o->fd, name, value, len, 0);
	} else {
		r = snprintf(full, sizeof(full), "%s/%s", fd_path(o->dir, path), o->name);
		if (r < 0 || (size_t)r >= sizeof(full))
			return -ENAMETOOLONG;
		r = lsetxattr(full, name, value, len, 0);
	}
	return r < 0 ? -errno : 0;
}

static bool may_skip(const struct unpacker *u, int errnum)
{
	if (errnum == ENOTSUP)
		return true;
	return u->o.rootless && (errnum == EPERM || errnum == EACCES);
}

/* Labels come from the mount; the others are notes of the store, or of the program, that packed the
 * layer, about files of its own. */
static bool is_left_out(const char *name)
{
	return streq(name, "security.selinux") || streq(name, TREE_OVERRIDE_XATTR) ||
	       str_starts(name, "user.fuseoverlayfs.");
}

static int set_xattrs(struct unpacker *u, const struct target *t, const struct object *o,
		      struct err *err)
{
	const struct tar_xattr *x;
	size_t i;
	int r;

	for (i = 0; i < t->e->n_xattrs; i++) {
		x = &t->e->xattrs[i];
		if (is_left_out(x->name))
			continue;
		r = put_xattr(o, x->name, x->value, x->len);
		if (r < 0 && !may_skip(u, -r))
			return err_sys(err, -r, "%s: setting the attribute %.100s", t->path.text,
				       x->name);
		u->layer.skipped_xattrs += r < 0;
	}
	return 0;
}

/* For single-uid stores: who it would belong to. */
static int note_owner(struct unpacker *u, const struct target *t, const struct object *o,
		      struct err *err)
{
	char text[OVERRIDE_MAX];
	int n, r;

	if (!u->o.owner_xattr || (t->e->type != TAR_FILE && t->e->type != TAR_DIR))
		return 0;
	n = snprintf(text, sizeof(text), "%u:%u:%04o:%s", (unsigned)t->e->uid, (unsigned)t->e->gid,
		     t->e->mode, t->e->type == TAR_DIR ? "dir" : "file");
	r = put_xattr(o, TREE_OVERRIDE_XATTR, text, (size_t)n);
	if (r < 0)
		return err_sys(err, -r, "%s: noting the owner in %s", t->path.text,
			       TREE_OVERRIDE_XATTR);
	return 0;
}

static int set_mode(const struct target *t, const struct object *o, struct err *err)
{
	int r;

	if (S_ISLNK(o->st.st_mode) || (o->st.st_mode & 07777) == t->e->mode)
		return 0;
	r = o->fd >= 0 ? fchmod(o->fd, t->e->mode)
		       : fchmodat(o->dir, o->name, t->e->mode, AT_SYMLINK_NOFOLLOW);
	return r < 0 ? failed(t, "setting the mode", err) : 0;
}

void meta_times(const struct tar_entry *e, struct timespec times[2])
{
	const struct timespec *a = &e->atime, *m = &e->mtime;
	bool earlier = a->tv_sec < m->tv_sec || (a->tv_sec == m->tv_sec && a->tv_nsec < m->tv_nsec);

	times[0] = earlier ? *m : *a;
	times[1] = *m;
}

static int set_times(const struct target *t, const struct object *o, struct err *err)
{
	struct timespec times[2];
	int r;

	meta_times(t->e, times);
	r = o->fd >= 0 ? futimens(o->fd, times)
		       : utimensat(o->dir, o->name, times, AT_SYMLINK_NOFOLLOW);
	return r < 0 ? failed(t, "setting times", err) : 0;
}

static int apply(struct unpacker *u, const struct target *t, struct object *o, struct err *err)
{
	int r, owned;

	r = inspect(t, o, err);
	if (r < 0)
		return r;
	owned = set_owner(u, t, o, err);
	r = owned < 0 ? owned : set_xattrs(u, t, o, err);
	if (r == 0 && !owned)
		r = note_owner(u, t, o, err);
	if (r == 0)
		r = set_mode(t, o, err);
	return r < 0 ? r : set_times(t, o, err);
}

int meta_of_fd(struct unpacker *u, const struct target *t, int fd, struct err *err)
{
	struct object o = {.fd = fd, .name = ""};

	return apply(u, t, &o, err);
}

int meta_of_name(struct unpacker *u, const struct target *t, struct err *err)
{
	struct object o = {.fd = -1, .dir = t->parent, .name = t->path.name};

	return apply(u, t, &o, err);
}

int meta_owner_of_name(struct unpacker *u, const struct target *t, struct err *err)
{
	struct object o = {.fd = -1, .dir = t->parent, .name = t->path.name};
	int r = inspect(t, &o, err);

	if (r == 0)
		r = set_owner(u, t, &o, err);
	return r < 0 ? r : 0;
}

int meta_check(const struct tar_entry *e, struct err *err)
{
	size_t i;

	if (e->uid >= UINT32_MAX || e->gid >= UINT32_MAX)
		return err_set(err, ERR_INVALID, "\"%.200s\": owner out of range", e->name);
	for (i = 0; i < e->n_xattrs; i++)
		if (str_starts(e->xattrs[i].name, "trusted.overlay.") ||
		    str_starts(e->xattrs[i].name, "user.overlay."))
			return err_set(err, ERR_INVALID,
				       "\"%.200s\" brings the attribute %.100s, which only the "
				       "store may set",
				       e->name, e->xattrs[i].name);
	return 0;
}

int meta_set_opaque(struct unpacker *u, const struct target *t, struct err *err)
{
	const char *name = u->o.rootless ? "user.overlay.opaque" : "trusted.overlay.opaque";
	char path[FD_PATH_MAX];

	if (setxattr(fd_path(t->parent, path), name, "y", 1, 0) < 0)
		return err_sys(err, errno, "%s: marking the directory opaque (%s)", t->path.text,
			       name);
	return 0;
}
