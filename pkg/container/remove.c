/* Removing containers. */
#include "container/mount.h"
#include "container/remove.h"
#include "containers.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/hold.h"
#include "sys/cgroup.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/userns.h"

#include <errno.h>
#include <unistd.h>

struct removal {
	int dir;
	const char *path;
};

static int remove_as_root_of_userns(void *arg, struct err *err)
{
	const struct removal *rm = arg;

	return tree_remove(rm->dir, rm->path, err);
}

int remove_tree_of_subids(void *unused, int dir, const char *path, struct err *err)
{
	struct removal rm = {dir, path};
	struct err direct = ERR_INIT;
	struct idmaps maps;
	int r;

	(void)unused;
	r = tree_remove(dir, path, &direct);
	if (r == 0)
		return 0;
	if (!err_is_errno(&direct, EACCES) && !err_is_errno(&direct, EPERM)) {
		*err = direct;
		return r;
	}
	r = idmap_load(getuid(), getgid(), &maps, err);
	return r < 0 ? r : userns_run(&maps, 0, &dir, 1, remove_as_root_of_userns, &rm, err);
}

int container_read_cgroups(int run, struct strv *ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(SMALL_FILE_MAX);
	struct str rest, line;
	int r;

	r = file_read_line(run, "cgroup", &text, err);
	if (r <= 0)
		return r;
	rest = str_of(buf_str(&text));
	while ((line = str_cut(&rest, '\n')).ptr) {
		r = line.len > 0 ? strv_addn(ret, line, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int container_clean_cgroups(int run, struct err *err)
{
	AUTO_STRV struct strv paths = STRV_INIT;
	int r;

	r = container_read_cgroups(run, &paths, err);
	if (r < 0 || paths.n == 0)
		return r;
	r = cgroup_kill_paths(&paths, err);
	if (r == 0)
		r = cgroup_remove_paths(&paths, err);
	if (r == 0)
		(void)unlinkat(run, "cgroup", 0);
	return r;
}

int container_remove(struct container *c, bool force, struct err *err)
{
	AUTO_CLOSE int run = -1, lock = -1;
	int r;

	if (force) {
		r = container_stop(c, 0, err);
		if (r < 0)
			return r;
	}
	r = container_lock(c, &run, &lock, err);
	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(
		    err, ERR_IN_USE,
		    "cannot remove container %s as it is running - running or paused "
		    "containers cannot be removed without force: container state improper",
		    c->def.id);
	r = container_unmount(c, force, err);
	if (r >= 0)
		r = container_clean_cgroups(run, err);
	if (r == 0)
		r = state_remove(&c->owner->state, c->def.id, c->def.name, err);
	return r < 0 ? err_wrap(err, "removing container %s", c->def.name) : 1;
}

int containers_release_images(struct containers *cs, struct err *err)
{
	AUTO_STRV struct strv held = STRV_INIT;
	size_t i;
	int r;

	r = store_holder_list(cs->store, &held, err);
	for (i = 0; r >= 0 && i < held.n; i++)
		r = store_release_image(cs->store, held.v[i], containers_of_image, cs, err);
	return r < 0 ? r : 0;
}
