#include "priv.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/fd.h"
#include "sys/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_MODE 0700
#define LINKS_MODE 0755

static const char *const area_dirs[AREAS] = {
    [AREA_LAYERS] = "overlay-layers",
    [AREA_IMAGES] = "overlay-images",
    [AREA_CONTAINERS] = "overlay-containers",
};

static void root_fini(struct root *root)
{
	int i;

	for (i = 0; i < IX_KINDS; i++)
		index_reset(&root->index[i]);
	if (root->fd >= 0)
		(void)close(root->fd);
	if (root->overlay_fd >= 0)
		(void)close(root->overlay_fd);
	free(root->path);
	free(root->overlay_path);
}

void store_close(struct store *s)
{
	size_t i;

	if (!s)
		return;
	store_unlock(s);
	for (i = 0; i < s->n_roots; i++)
		root_fini(&s->roots[i]);
	for (i = 0; i < AREAS; i++)
		if (s->area_fd[i] >= 0)
			(void)close(s->area_fd[i]);
	if (s->runroot_fd >= 0)
		(void)close(s->runroot_fd);
	free(s->roots);
	free(s->runroot);
	free(s);
}

static bool has_driver(int fd, const char *driver)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s-images", driver);
	return faccessat(fd, name, F_OK, 0) == 0;
}

/* Which driver made what is in this root? */
static int check_driver(const struct store_options *o, int fd, struct err *err)
{
	static const char *const others[] = {"vfs", "btrfs", "zfs", "aufs", "devicemapper"};
	size_t i;

	if (!str_empty(o->driver)) {
		if (streq(o->driver, "overlay") || streq(o->driver, "overlay2"))
			return 0;
		return err_set(err, ERR_UNSUPPORTED,
			       "storage driver %s: kist has only the overlay driver", o->driver);
	}
	for (i = 0; i < ARRAY_LEN(others); i++) {
		if (!has_driver(fd, others[i]))
			continue;
		if (has_driver(fd, "overlay"))
			return err_set(err, ERR_UNSUPPORTED,
				       "%s holds stores of the drivers %s and overlay: choose with "
				       "--storage-driver overlay",
				       o->graphroot, others[i]);
		return err_set(err, ERR_UNSUPPORTED,
			       "%s is a store of the driver %s; kist has only the overlay driver: "
			       "choose another --root",
			       o->graphroot, others[i]);
	}
	return 0;
}

/* Best effort where another tool may be doing the same: an existing file is left as it is. */
static int create_once(int dir, const char *name, mode_t mode, const char *text, struct err *err)
{
	struct err e = ERR_INIT;

	if (file_create(dir, name, mode, text, strlen(text), &e) < 0 && !err_is_errno(&e, EEXIST)) {
		*err = e;
		return -(int)e.code;
	}
	return 0;
}

/* A new tree. podman 4 judges a store with images but without defaultNetworkBackend by them, so the
 * file comes first. */
static int make_tree(struct root *root, struct err *err)
{
	const char *network = network_backend("");
	int r = 0;

	if (network)
		r = create_once(root->fd, "defaultNetworkBackend", 0644, network, err);
	if (r == 0)
		r = dir_make(root->fd, "overlay", ROOT_MODE, err);
	if (r == 0)
		r = dir_open(root->fd, "overlay", &root->overlay_fd, err);
	if (r == 0)
		r = create_once(root->overlay_fd, ".has-mount-program", 0600, "false", err);
	if (r == 0)
		r = dir_make(root->overlay_fd, "l", LINKS_MODE, err);
	return r < 0 ? err_wrap(err, "making a store in %s", root->path) : 0;
}

static int name_root(struct root *root, const char *path, struct err *err)
{
	root->fd = root->overlay_fd = -1;
	root->path = str_fmt("%s", path);
	root->overlay_path = str_fmt("%s/overlay", path);
	return root->path && root->overlay_path ? 0 : err_nomem(err);
}

static int open_own(struct store *s, const struct store_options *o, struct err *err)
{
	struct root *root = own(s);
	int r;

	s->n_roots = 1;
	r = name_root(root, o->graphroot, err);
	if (r < 0)
		return r;
	root->fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0 && errno == ENOENT && !s->create)
		return err_set(err, ERR_NOT_FOUND, "there is no store in %s", root->path);
	if (root->fd < 0 && errno != ENOENT)
		return err_sys(err, errno, "opening store %s", root->path);
	if (root->fd < 0) {
		r = dir_ensure(AT_FDCWD, root->path, ROOT_MODE, &root->fd, err);
		if (r < 0)
			return err_wrap(err, "making a store");
	}
	r = check_driver(o, root->fd, err);
	if (r < 0)
		return r;
	root->overlay_fd = openat(root->fd, "overlay", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->overlay_fd >= 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "opening %s", root->overlay_path);
	if (!s->create)
		return err_set(err, ERR_NOT_FOUND, "there is no store in %s", root->path);
	return make_tree(root, err);
}

static int open_additional(struct store *s, const char *path, struct err *err)
{
	struct root *root = &s->roots[s->n_roots];
	int r;

	r = name_root(root, path, err);
	s->n_roots++;
	if (r < 0)
		return r;
	root->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd >= 0)
		root->overlay_fd = openat(root->fd, "overlay", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->overlay_fd >= 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "opening additional image store %s", path);
	/* Not there (yet): as if it were empty. */
	root_fini(root);
	*root = (struct root){.fd = -1, .overlay_fd = -1};
	s->n_roots--;
	return 0;
}

static struct store *new_store(const struct store_options *o, int flags)
{
	size_t n = 1 + (o->additional ? o->additional->n : 0);
	struct store *s = calloc(1, sizeof(*s));
	size_t i;

	if (!s)
		return NULL;
	s->runroot_fd = s->trash.dir = s->trash.lock = -1;
	for (i = 0; i < AREAS; i++)
		s->area_fd[i] = s->lock_fd[i] = -1;
	s->create = flags & STORE_CREATE;
	s->rootless = o->rootless;
	s->remove_tree = o->remove_tree;
	s->remove_arg = o->remove_arg;
	s->runroot = str_fmt("%s", o->runroot ? o->runroot : "");
	s->roots = calloc(n, sizeof(*s->roots));
	if (s->runroot && s->roots)
		return s;
	store_close(s);
	return NULL;
}

int store_open(const struct store_options *o, int flags, struct store **ret, struct err *err)
{
	AUTO(store_close_p) struct store *s = NULL;
	size_t i;
	int r;

	if (str_empty(o->graphroot) || o->graphroot[0] != '/')
		return err_set(err, ERR_INVALID, "the store's root must be an absolute path");
	if (!str_empty(o->imagestore))
		return err_set(err, ERR_UNSUPPORTED,
			       "imagestore %s: a separate image store is not supported",
			       o->imagestore);
	s = new_store(o, flags);
	if (!s)
		return err_nomem(err);
	r = open_own(s, o, err);
	for (i = 0; r == 0 && o->additional && i < o->additional->n; i++)
		r = open_additional(s, o->additional->v[i], err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

int store_graphroot_fd(const struct store *s)
{
	return s->roots[0].fd;
}

int store_overlay_fd(const struct store *s)
{
	return s->roots[0].overlay_fd;
}

int store_overlay_reopen(const struct store *s, int *ret_fd, struct err *err)
{
	return mount_reopen(s->roots[0].overlay_fd, s->roots[0].overlay_path, ret_fd, err);
}

const char *store_graphroot(const struct store *s)
{
	return s->roots[0].path;
}

const char *store_runroot(const struct store *s)
{
	return s->runroot;
}

bool store_is_rootless(const struct store *s)
{
	return s->rootless;
}

const char *store_overlay_path(const struct store *s, int where)
{
	return where >= 0 && (size_t)where < s->n_roots ? s->roots[where].overlay_path : NULL;
}

int store_runroot_fd(struct store *s, int *ret_fd, struct err *err)
{
	int r = 0;

	if (s->runroot_fd < 0 && s->runroot[0] != '/')
		return err_set(err, ERR_INVALID, "the run root must be an absolute path");
	if (s->runroot_fd < 0 && s->create)
		r = dir_ensure(AT_FDCWD, s->runroot, ROOT_MODE, &s->runroot_fd, err);
	else if (s->runroot_fd < 0)
		r = dir_open(AT_FDCWD, s->runroot, &s->runroot_fd, err);
	if (r == 0)
		*ret_fd = s->runroot_fd;
	return r;
}

int store_private_dir(struct store *s, const char *sub, int *ret_fd, struct err *err)
{
	char path[64];

	if (snprintf(path, sizeof(path), "kist%s%s", sub ? "/" : "", sub ? sub : "") >=
	    (int)sizeof(path))
		return err_set(err, ERR_BUG, "%s: name too long", sub);
	return dir_ensure(own(s)->fd, path, ROOT_MODE, ret_fd, err);
}

int store_area_fd(struct store *s, enum area a, int *ret_fd, struct err *err)
{
	int r;

	if (s->area_fd[a] < 0) {
		r = dir_ensure(own(s)->fd, area_dirs[a], ROOT_MODE, &s->area_fd[a], err);
		if (r < 0)
			return r;
	}
	*ret_fd = s->area_fd[a];
	return 0;
}

int store_sync(struct store *s, struct err *err)
{
	if (syncfs(own(s)->overlay_fd) < 0)
		return err_sys(err, errno, "syncing %s", own(s)->overlay_path);
	return 0;
}
