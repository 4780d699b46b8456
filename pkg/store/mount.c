/* Mounting layers for people to look at. */
#include "store/mount.h"
#include "mounts.h"
#include "priv.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/layer.h"
#include "sys/fd.h"
#include "sys/mounts.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_MODE 0700
/* How often a mount may be hidden at once. */
#define HIDDEN_TRIES 8
/* mount(2) takes one page of options. */
#define OPTIONS_MAX 4096

int store_mount_list(struct store *s, struct store_mount_list *ret, struct err *err)
{
	AUTO_STORE_MOUNT_LIST struct store_mount_list list = {0};
	struct store_mount one;
	size_t i, n = 0;
	int r;

	r = mounts_look(s, &list, err);
	if (r < 0)
		return r;
	for (i = 0; i < list.n; i++) {
		if (!mount_is_at(AT_FDCWD, list.v[i].path))
			continue;
		one = list.v[n];
		list.v[n++] = list.v[i];
		list.v[i] = one;
	}
	/* The rest is freed with the whole. */
	mounts_cut(&list, n);
	*ret = list;
	list = (struct store_mount_list){0};
	return 0;
}

struct overlay {
	const char *options, *home_path;
	int home, merged;
};

static int mount_here(void *arg, struct err *err)
{
	const struct overlay *o = arg;
	char target[FD_PATH_MAX];

	return mount_overlay(o->home, o->home_path, o->options, -1,
			     MS_RDONLY | MS_NODEV | MS_NOSUID, fd_path(o->merged, target), err);
}

/* Only lower directories, of which the kernel wants two. */
static int options_of(struct store *s, const char *id, int dir, struct buf *out, struct overlay *o,
		      struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	char path[FD_PATH_MAX];
	size_t i;
	int r;

	r = store_layer_lowers(s, id, &lowers, err);
	if (r < 0)
		return r;
	o->home = store_lowers_dir(s, &lowers);
	o->home_path = store_overlay_path(s, lowers.home);
	buf_adds(out, "lowerdir=");
	for (i = 0; i < lowers.n; i++) {
		buf_adds(out, i ? ":" : "");
		store_lower_name(s, &lowers, i, out);
	}
	if (lowers.n == 1) {
		r = dir_make(dir, "empty", DIR_MODE, err);
		if (r < 0)
			return r;
		buf_addf(out, ":%s/empty", fd_path(dir, path));
	}
	if (s->rootless)
		buf_adds(out, ",userxattr");
	if (!buf_ok(out))
		return err_set(err, ERR_LIMIT, "%zu layers are more than one mount takes",
			       lowers.n);
	return 0;
}

/* A child mounts, because it has to be in another directory for it. */
static int mount_layer(struct store *s, int dir, const char *id, struct err *err)
{
	AUTO_BUF struct buf options = BUF_INIT(OPTIONS_MAX - 1);
	AUTO_CLOSE int merged = -1;
	struct overlay o = {.home = -1};
	struct spawn role = {.name = "mount", .main = mount_here, .arg = &o};
	int r;

	r = dir_ensure(dir, "merged", DIR_MODE, &merged, err);
	if (r == 0)
		r = options_of(s, id, dir, &options, &o, err);
	if (r < 0)
		return r;
	o.options = buf_str(&options);
	o.merged = merged;
	return spawn_run(&role, err);
}

/* Where a layer's merged directory is; one outside the graphroot gets it in the run root. */
static int mount_dir(struct store *s, const char *id, int *ret_fd, char **ret_path, struct err *err)
{
	char sub[STORE_ID_LEN + 16];
	const char *base = own(s)->overlay_path;
	AUTO_CLOSE int overlay = -1;
	AUTO_FREE char *path = NULL;
	int dir, r;

	r = store_overlay_reopen(s, &overlay, err);
	if (r < 0)
		return r;
	dir = overlay;
	(void)snprintf(sub, sizeof(sub), "%s", id);
	if (faccessat(dir, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		r = store_runroot_fd(s, &dir, err);
		if (r < 0)
			return r;
		(void)snprintf(sub, sizeof(sub), "overlay/%s", id);
		base = s->runroot;
	}
	path = str_fmt("%s/%s/merged", base, sub);
	if (!path)
		return err_nomem(err);
	r = dir_ensure(dir, sub, DIR_MODE, ret_fd, err);
	if (r == 0)
		*ret_path = TAKE(path);
	return r;
}

/* Where it was mounted, whatever was mounted over that since. */
static void unmount_below(int layer)
{
	char dir[FD_PATH_MAX], path[FD_PATH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/merged", fd_path(layer, dir));
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

/* Mounts the layer so that it is seen at its path: 1, or 0 when it was there. Another tool that
 * just begins may have found overlay/ uncovered (cover.c) before we covered it, and cover it when
 * we have mounted: then it is done again. */
static int mount_seen(struct store *s, const char *id, char **ret_path, struct err *err)
{
	int i, r, seen = 0;

	for (i = 0; i < HIDDEN_TRIES; i++) {
		AUTO_CLOSE int layer = -1;
		AUTO_FREE char *path = NULL;

		r = overlay_cover(s, err);
		if (r == 0)
			r = mount_dir(s, id, &layer, &path, err);
		if (r < 0)
			return r;
		seen = mount_is_at(AT_FDCWD, path);
		if (!seen)
			r = mount_layer(s, layer, id, err);
		if (r < 0)
			return r;
		if (seen || mount_is_at(AT_FDCWD, path)) {
			*ret_path = TAKE(path);
			return !seen;
		}
		unmount_below(layer);
	}
	return err_set(err, ERR_IN_USE, "%s is mounted over itself again and again: try again",
		       own(s)->overlay_path);
}

int store_mount_layer(struct store *s, const char *id, char **ret_path, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO_STORE_MOUNT_LIST struct store_mount_list list = {0};
	AUTO_CLOSE int dir = -1, lock = -1;
	AUTO_FREE char *path = NULL;
	struct store_mount *m = NULL;
	int r, made = 0;

	r = store_layer_exists(s, id, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", id);
	if (r > 0)
		r = store_lock(s, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = s;
	r = mounts_open(s, id, &dir, &lock, &list, err);
	if (r == 0)
		made = r = mount_seen(s, id, &path, err);
	if (r >= 0)
		r = mounts_entry_ensure(&list, id, path, &m, err);
	if (r < 0 || !m)
		return r < 0 ? err_wrap(err, "mounting layer %.12s", id) : r;
	/* Counted but not there: whoever mounted it is gone. */
	m->count = made > 0 ? 1 : m->count + 1;
	r = mounts_write(dir, lock, &list, err);
	if (r < 0)
		return err_wrap(err, "mounting layer %.12s", id);
	*ret_path = TAKE(path);
	return 0;
}

/* Another tool may have mounted overlay/ over itself when it was mounted already: then the layer's
 * mount is below that one. */
static int take_away(struct store *s, const char *path, bool others, struct err *err)
{
	bool there = others ? mount_is_at(AT_FDCWD, path) : overlay_uncover_to(s, path);

	if (there && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return err_sys(err, errno, "unmounting %s", path);
	if (!others)
		(void)overlay_uncover(s);
	return 0;
}

int store_unmount_layer(struct store *s, const char *id, bool force, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO_STORE_MOUNT_LIST struct store_mount_list list = {0};
	AUTO_CLOSE int dir = -1, lock = -1, layer = -1;
	AUTO_FREE char *path = NULL;
	struct store_mount *m = NULL;
	int r;

	r = store_lock(s, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = s;
	r = mounts_open(s, id, &dir, &lock, &list, err);
	if (r < 0)
		return r;
	m = mounts_entry(&list, id);
	if (!m)
		return 0;
	r = mount_dir(s, id, &layer, &path, err);
	if (r < 0)
		return r;
	m->count = force ? 0 : m->count - 1;
	if (m->count <= 0)
		r = take_away(s, path, mounts_any(&list), err);
	if (r == 0)
		r = mounts_write(dir, lock, &list, err);
	return r < 0 ? r : m->count <= 0;
}
