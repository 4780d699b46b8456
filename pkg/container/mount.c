#include "container/mount.h"
#include "containers.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/layer.h"
#include "store/store.h"
#include "sys/fd.h"
#include "sys/mounts.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MERGED_DIR "merged"
#define MERGED_MODE 0700
/* mount(2) takes one page of options. */
#define OPTIONS_MAX 4096

static char *merged_path(const struct container *c)
{
	return str_fmt("%s/kist/containers/%s/" MERGED_DIR, c->owner->graphroot, c->def.id);
}

struct overlay {
	const char *options, *home_path;
	int home, merged;
};

static int mount_here(void *arg, struct err *err)
{
	const struct overlay *o = arg;
	char target[FD_PATH_MAX];

	return mount_overlay(o->home, o->home_path, o->options, -1, MS_NODEV,
			     fd_path(o->merged, target), err);
}

static int add_lowers(const struct container *c, struct buf *out, struct overlay *o,
		      struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	size_t i;
	int r;

	r = store_layer_lowers(c->owner->store, c->def.image.top_layer, &lowers, err);
	if (r < 0)
		return r;
	o->home = store_lowers_dir(c->owner->store, &lowers);
	o->home_path = store_overlay_path(c->owner->store, lowers.home);
	buf_adds(out, "lowerdir=");
	for (i = 0; i < lowers.n; i++) {
		buf_adds(out, i ? ":" : "");
		store_lower_name(c->owner->store, &lowers, i, out);
	}
	return 0;
}

static int mount_stopped(struct container *c, struct err *err)
{
	AUTO_BUF struct buf options = BUF_INIT(OPTIONS_MAX - 1);
	struct overlay o = {.home = -1, .merged = -1};
	struct spawn role = {.name = "mount", .main = mount_here, .arg = &o};
	AUTO_CLOSE int merged = -1;
	char dir[FD_PATH_MAX];
	int r;

	if (str_empty(c->def.image.top_layer))
		return err_set(err, ERR_UNSUPPORTED, "its image has no layers");
	r = dir_ensure(c->dir, MERGED_DIR, MERGED_MODE, &merged, err);
	if (r == 0)
		r = add_lowers(c, &options, &o, err);
	if (r < 0)
		return r;
	(void)fd_path(c->dir, dir);
	buf_addf(&options, ",upperdir=%s/" UPPER_DIR ",workdir=%s/" WORK_DIR "%s", dir, dir,
		 c->owner->rootless ? ",userxattr" : "");
	r = buf_check(&options, "the list of layers for one mount", err);
	if (r < 0)
		return r;
	o.options = buf_str(&options);
	o.merged = merged;
	return spawn_run(&role, err);
}

int container_mount(struct container *c, char **ret_path, struct err *err)
{
	AUTO_CLOSE int run = -1, lock = -1;
	struct container_status st;
	AUTO_FREE char *path = NULL;
	int r;

	r = container_lock(c, &run, &lock, err);
	if (r == 0) {
		r = container_get_status(c, &st, err);
		if (r == 0 && st.pid == 0)
			r = err_set(err, ERR_IN_USE, "it is being started or ended: try again");
		path = r == 0 ? str_fmt("/proc/%d/root", st.pid) : NULL;
	} else if (r > 0) {
		r = mount_is_at(c->dir, MERGED_DIR) ? 0 : mount_stopped(c, err);
		path = r == 0 ? merged_path(c) : NULL;
	}
	if (r < 0)
		return err_wrap(err, "mounting container %s", c->def.name);
	if (!path)
		return err_nomem(err);
	*ret_path = TAKE(path);
	return 0;
}

int container_mounted(struct container *c, char **ret_path, struct err *err)
{
	char *path;

	if (!mount_is_at(c->dir, MERGED_DIR))
		return 0;
	path = merged_path(c);
	if (!path)
		return err_nomem(err);
	*ret_path = path;
	return 1;
}

int container_unmount(struct container *c, bool lazily, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (!mount_is_at(c->dir, MERGED_DIR))
		return 0;
	path = merged_path(c);
	if (!path)
		return err_nomem(err);
	if (umount2(path, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) < 0) {
		if (errno == EBUSY)
			return err_set(err, ERR_IN_USE,
				       "container %s is mounted at %s, and somebody works there",
				       c->def.name, path);
		return err_sys(err, errno, "unmounting %s", path);
	}
	return 1;
}
