/* kist system reset */
#include "app.h"
#include "confirm.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/container.h"
#include "container/remove.h"
#include "store/layer.h"
#include "store/mount.h"
#include "store/store.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define WARNING_MAX 16384

struct reset_args {
	bool force;
};

static const struct opt opts[] = {
    {'f', "force", OPT_FLAG, offsetof(struct reset_args, force), NULL, "Do not ask"},
    {0},
};

static int ask(const struct app *app, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(WARNING_MAX);

	buf_addf(&text,
		 "WARNING! This will remove:\n"
		 "        - all containers\n"
		 "        - all images\n"
		 "        - the graphRoot directory: \"%s\"\n"
		 "        - the runRoot directory: \"%s\"\n",
		 app->storage.graphroot, app->storage.runroot);
	if (app->storage.imagestore)
		buf_addf(&text, "        - the imagestore directory: \"%s\"\n",
			 app->storage.imagestore);
	return confirm(buf_str(&text), err);
}

static int remove_containers(struct app *app, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	size_t i;
	int r;

	r = containers_list(app->containers, &list, err);
	for (i = 0; r >= 0 && i < list.n; i++)
		r = container_remove(list.v[i], true, err);
	return r < 0 ? r : 0;
}

/* podman mounts the directory over itself and leaves it so. */
static void unmount_self(int graphroot, const char *overlay)
{
	struct stat a, b;

	if (fstat(graphroot, &a) == 0 && lstat(overlay, &b) == 0 && a.st_dev == b.st_dev)
		(void)umount2(overlay, MNT_DETACH | UMOUNT_NOFOLLOW); /* mostly there is none */
}

/* A mount below would keep its directory, or worse, have its files removed. */
static int unmount_all(struct app *app, struct err *err)
{
	AUTO_STORE_MOUNT_LIST struct store_mount_list list = {0};
	size_t i;
	int r;

	r = store_mount_list(app->store, &list, err);
	for (i = 0; r >= 0 && i < list.n; i++)
		r = store_unmount_layer(app->store, list.v[i].layer, true, err);
	if (r >= 0)
		unmount_self(store_graphroot_fd(app->store), store_overlay_path(app->store, 0));
	return r < 0 ? r : 0;
}

/* Only what is a store: a wrong --root must not cost somebody's files. */
static bool is_of_a_store(const char *name)
{
	static const char *const known[] = {
	    "overlay",
	    "overlay-layers",
	    "overlay-images",
	    "overlay-containers",
	    "kist",
	    "storage.lock",
	    "userns.lock",
	    "defaultNetworkBackend",
	    "libpod",
	    "db.sql",
	    "volumes",
	    "mounts",
	    "tmp",
	    "networks",
	    "artifacts",
	    "secrets",
	    "overlay-locks",
	    "cache",
	    "mtab",
	    "l", /* podman makes it in an image store */
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++)
		if (streq(name, known[i]))
			return true;
	return false;
}

/* The directory's content; the directory itself where that can be done (it may be a mount). */
static int empty_dir(const char *path, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_CLOSE int dir = -1;
	size_t i;
	int r;

	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", path);
	r = dir_list(dir, ".", &names, err);
	/* What else lies there (credentials, in a user's run directory) is not ours. */
	for (i = 0; r == 0 && i < names.n; i++)
		r = is_of_a_store(names.v[i]) ? remove_tree_of_subids(NULL, dir, names.v[i], err)
					      : 0;
	if (r == 0)
		(void)rmdir(path);
	return r;
}

static int check_names(const char *path, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	size_t i;
	int r;

	if (access(path, F_OK) < 0)
		return 0;
	r = dir_list(AT_FDCWD, path, &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		if (!is_of_a_store(names.v[i]))
			return err_set(err, ERR_INVALID,
				       "%s/%s does not belong to a store: remove or move it first",
				       path, names.v[i]);
	return r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct reset_args *a = args;
	int r;

	(void)rest;
	if (!a->force) {
		r = ask(app, err);
		if (r <= 0)
			return r;
	}
	r = check_names(app->storage.graphroot, err);
	if (r == 0 && app->storage.imagestore)
		r = check_names(app->storage.imagestore, err);
	if (r == 0)
		r = remove_containers(app, err);
	if (r == 0)
		r = unmount_all(app, err);
	if (r == 0)
		r = empty_dir(app->storage.graphroot, err);
	if (r == 0 && app->storage.imagestore)
		r = empty_dir(app->storage.imagestore, err);
	if (r == 0)
		r = empty_dir(app->storage.runroot, err);
	return r;
}

const struct verb verb_reset = {
    .path = "system reset",
    .summary = "Remove all containers, images and the store itself",
    .help = "Removes all that kist and the other tools keep in this store. Containers of other\n"
	    "tools are not stopped first: end them with the tool that runs them.",
    .usage = "[options]",
    .opts = opts,
    .args_size = sizeof(struct reset_args),
    .needs = NEED_CONTAINERS,
    .run = run,
};
