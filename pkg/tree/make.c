#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"
#include "unpacker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int failed(const struct target *t, const char *what, struct err *err)
{
	return err_sys(err, errno, "%s: %s", t->path.text, what);
}

/* Something has the entry's name: removes it, unless the same entry was here before. */
static int clear_way(struct unpacker *u, const struct target *t, struct err *err)
{
	int r;

	if (seen_has(&u->seen, t->hash))
		return err_set(err, ERR_INVALID, "\"%.200s\" is in the layer twice", t->e->name);
	r = tree_remove(t->parent, t->path.name, err);
	if (r < 0)
		return err_wrap(err, "%s: making room", t->path.text);
	return 0;
}

/* Writable for its owner until the mode is set: an ordinary user sets attributes before. */
static int try_file(const struct target *t)
{
	return openat(t->parent, t->path.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      (t->e->mode & 0777) | 0600);
}

static int find_parent(struct unpacker *u, struct target *t, struct err *err)
{
	int r = dirs_parent(u->dirs, &t->path, &t->parent, err);

	if (r != 0)
		return r < 0 ? r : 0;
	return err_set(err, ERR_INVALID, "\"%.200s\": a part of the path is no directory",
		       t->e->name);
}

/* After something was removed, what is kept open may be gone: the parent is looked up again. */
static int clear_and_find(struct unpacker *u, struct target *t, struct err *err)
{
	int r = clear_way(u, t, err);

	if (r < 0)
		return r;
	dirs_forget(u->dirs);
	return find_parent(u, t, err);
}

int make_file(struct unpacker *u, struct target *t, int *ret_fd, struct err *err)
{
	int fd, r;

	r = find_parent(u, t, err);
	if (r < 0)
		return r;
	fd = try_file(t);
	if (fd < 0 && errno == EEXIST) {
		r = clear_and_find(u, t, err);
		if (r < 0)
			return r;
		fd = try_file(t);
	}
	if (fd < 0)
		return failed(t, "creating", err);
	*ret_fd = fd;
	return 0;
}

static int try_dir(const struct target *t)
{
	return mkdirat(t->parent, t->path.name, (t->e->mode & 0777) | 0700);
}

static bool is_dir(const struct target *t)
{
	struct stat st;

	return fstatat(t->parent, t->path.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int make_dir(struct unpacker *u, struct target *t, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct timespec times[2];
	int r;

	r = try_dir(t);
	if (r < 0 && errno == EEXIST && !is_dir(t)) {
		r = clear_and_find(u, t, err);
		if (r < 0)
			return r;
		r = try_dir(t);
	}
	if (r < 0 && errno != EEXIST)
		return failed(t, "creating the directory", err);
	fd = openat(t->parent, t->path.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(t, "opening the directory", err);
	r = meta_of_fd(u, t, fd, err);
	if (r < 0)
		return r;
	dirs_remember(u->dirs, &t->path, TAKE_FD(fd));
	meta_times(t->e, times);
	return dirs_note_times(u->dirs, &t->path, times, err);
}

/* The link's target, found inside the layer without following a symlink at its end. */
static int try_link(struct unpacker *u, const struct target *t, struct err *err)
{
	struct tree_path to;
	int dir, r;

	r = tree_path_clean(t->e->link, "hard link to", &to, err);
	if (r < 0)
		return r;
	r = dirs_parent_find(u->dirs, &to, &dir, err);
	if (r < 0)
		return r;
	if (r == 0 || to.len == 0)
		return err_set(err, ERR_INVALID,
			       "\"%.200s\" is a hard link to \"%.200s\", which is not in the layer",
			       t->e->name, t->e->link);
	return linkat(dir, to.name, t->parent, t->path.name, 0) < 0 ? errno : 0;
}

/* 0, errno, or a negative error. t->parent may be looked up again by a caller in between: the
 * cache holds more than the two directories of one link. */
static int try_node(struct unpacker *u, const struct target *t, struct err *err)
{
	const struct tar_entry *e = t->e;
	mode_t mode = e->mode & 0777;
	dev_t dev = makedev(e->dev_major, e->dev_minor);
	int r;

	switch (e->type) {
	case TAR_LINK:
		return try_link(u, t, err);
	case TAR_SYMLINK:
		r = symlinkat(e->link, t->parent, t->path.name);
		break;
	case TAR_FIFO:
		r = mknodat(t->parent, t->path.name, S_IFIFO | mode, 0);
		break;
	default:
		r = mknodat(t->parent, t->path.name,
			    (e->type == TAR_CHAR ? S_IFCHR : S_IFBLK) | mode, dev);
	}
	return r < 0 ? errno : 0;
}

static int link_failed(const struct target *t, int errnum, struct err *err)
{
	if (t->e->type != TAR_LINK)
		return err_sys(err, errnum, "%s: creating", t->path.text);
	if (errnum == ENOENT)
		return err_set(err, ERR_INVALID,
			       "\"%.200s\" is a hard link to \"%.200s\", which is not in the layer",
			       t->e->name, t->e->link);
	return err_sys(err, errnum, "%s: linking to %.200s", t->path.text, t->e->link);
}

static int make_node(struct unpacker *u, struct target *t, struct err *err)
{
	int r;

	r = try_node(u, t, err);
	if (r == EEXIST) {
		r = clear_and_find(u, t, err);
		if (r == 0)
			r = try_node(u, t, err);
	}
	if (r < 0)
		return r;
	if (r > 0)
		return link_failed(t, r, err);
	return meta_of_name(u, t, err);
}

int make_entry(struct unpacker *u, struct target *t, struct err *err)
{
	bool device = t->e->type == TAR_CHAR || t->e->type == TAR_BLOCK_DEV;
	int r;

	if (device && u->o.rootless) {
		u->layer.skipped_devices++;
		return 0;
	}
	r = find_parent(u, t, err);
	if (r < 0)
		return r;
	return t->e->type == TAR_DIR ? make_dir(u, t, err) : make_node(u, t, err);
}

/* ".wh.NAME" and its like; t->path.name is that. */
int make_whiteout(struct unpacker *u, struct target *t, struct err *err)
{
	const char *name = str_after(t->path.name, WHITEOUT_PREFIX);
	int r;

	if (!*name || streq(name, ".") || streq(name, ".."))
		return err_set(err, ERR_INVALID, "\"%.200s\" is a whiteout of no name", t->e->name);
	r = dirs_parent(u->dirs, &t->path, &t->parent, err);
	if (r <= 0)
		return r; /* below something that is whited out itself: there is nothing to hide */
	if (streq(t->path.name, WHITEOUT_OPAQUE))
		return meta_set_opaque(u, t, err);
	if (str_starts(t->path.name, WHITEOUT_META))
		return 0; /* other notes of aufs */
	t->path.name = name;
	if (mknodat(t->parent, name, S_IFCHR, makedev(0, 0)) < 0)
		return failed(t, "making a whiteout", err);
	return meta_owner_of_name(u, t, err);
}
