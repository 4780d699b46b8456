#include "priv.h"
#include "base/buf.h"
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
	for (i = 0; i < AREAS * OWN_MAX; i++)
		if (s->area_fd[i / OWN_MAX][i % OWN_MAX] >= 0)
			(void)close(s->area_fd[i / OWN_MAX][i % OWN_MAX]);
	for (i = 0; i < IX_KINDS; i++)
		index_reset(&s->transient[i]);
	if (s->runroot_fd >= 0)
		(void)close(s->runroot_fd);
	free(s->roots);
	free(s->runroot);
	free(s);
}

static bool has(int fd, const char *driver, const char *suffix)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s%s", driver, suffix);
	return faccessat(fd, name, F_OK, 0) == 0;
}

static int check_driver_name(const char *driver, struct err *err)
{
	if (str_empty(driver) || streq(driver, "overlay") || streq(driver, "overlay2"))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "storage driver %s: kist has only the overlay driver",
		       driver);
}

/*
 * Which driver made what is in this root? A distribution's storage.conf names overlay for
 * everybody: that alone is no reason to begin a second store beside one that is in use.
 */
static int check_driver(const struct store_options *o, int fd, const char *path, struct err *err)
{
	static const char *const others[] = {"vfs", "btrfs", "zfs", "aufs", "devicemapper"};
	bool overlay = has(fd, "overlay", "") || has(fd, "overlay", "-images");
	size_t i;

	if (o->driver_given || (overlay && !str_empty(o->driver)))
		return 0;
	for (i = 0; i < ARRAY_LEN(others); i++) {
		if (!has(fd, others[i], "-images"))
			continue;
		if (overlay)
			return err_set(
			    err, ERR_UNSUPPORTED,
			    "%s holds stores of the drivers %s and overlay: decide with "
			    "driver = \"overlay\" in storage.conf or --storage-driver overlay",
			    path, others[i]);
		return err_set(err, ERR_UNSUPPORTED,
			       "%s is a store of the driver %s; kist has only the overlay driver: "
			       "choose another --root, or begin an overlay store beside it with "
			       "--storage-driver overlay",
			       path, others[i]);
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
 * file comes first. An image store has neither file. */
static int make_tree(struct root *root, bool images_only, struct err *err)
{
	const char *network = images_only ? NULL : network_backend("");
	int r = 0;

	if (network)
		r = create_once(root->fd, "defaultNetworkBackend", 0644, network, err);
	if (r == 0)
		r = dir_make(root->fd, "overlay", ROOT_MODE, err);
	if (r == 0)
		r = dir_open(root->fd, "overlay", &root->overlay_fd, err);
	if (r == 0 && !images_only)
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

/* The next of our roots: the graphroot, then the image store. */
static int open_own(struct store *s, const char *path, const struct store_options *o,
		    struct err *err)
{
	struct root *root = &s->roots[s->n_roots];
	int r;

	r = name_root(root, path, err);
	s->img = s->n_roots++;
	s->n_own = s->n_roots;
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
	r = check_driver(o, root->fd, root->path, err);
	if (r < 0)
		return r;
	root->overlay_fd = openat(root->fd, "overlay", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->overlay_fd >= 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "opening %s", root->overlay_path);
	if (!s->create)
		return err_set(err, ERR_NOT_FOUND, "there is no store in %s", root->path);
	return make_tree(root, s->img > 0, err);
}

static bool is_same_dir(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

static int open_image_store(struct store *s, const struct store_options *o, struct err *err)
{
	const char *path = o->imagestore;
	int r;

	if (path[0] != '/')
		return err_set(err, ERR_INVALID, "imagestore %s: want an absolute path", path);
	r = open_own(s, path, o, err);
	if (r < 0)
		return err_wrap(err, "imagestore");
	if (is_same_dir(s->roots[0].fd, s->roots[1].fd))
		return err_set(err, ERR_INVALID,
			       "imagestore and graphroot are the same directory %s", path);
	return 0;
}

static void forget_last_root(struct store *s)
{
	struct root *root = &s->roots[--s->n_roots];

	root_fini(root);
	*root = (struct root){.fd = -1, .overlay_fd = -1};
}

static int open_additional(struct store *s, const char *path, const struct store_options *o,
			   struct err *err)
{
	struct root *root = &s->roots[s->n_roots];
	size_t i;
	int r;

	r = name_root(root, path, err);
	s->n_roots++;
	if (r < 0)
		return r;
	root->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd >= 0) {
		root->overlay_fd = openat(root->fd, "overlay", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (root->overlay_fd < 0 && errno == ENOENT) {
			r = check_driver(o, root->fd, path, err);
			errno = ENOENT;
		}
	}
	if (r < 0)
		return err_wrap(err, "additional image store");
	if (root->overlay_fd < 0 && errno != ENOENT)
		return err_sys(err, errno, "opening additional image store %s", path);
	/* Not there (yet): as if it were empty. */
	if (root->overlay_fd < 0) {
		forget_last_root(s);
		return 0;
	}
	for (i = 0; i + 1 < s->n_roots; i++) {
		if (!is_same_dir(s->roots[i].fd, root->fd))
			continue;
		forget_last_root(s); /* named twice, or one of ours */
		return 0;
	}
	return 0;
}

static struct store *new_store(const struct store_options *o, int flags)
{
	size_t n = OWN_MAX + (o->additional ? o->additional->n : 0);
	struct store *s = calloc(1, sizeof(*s));
	size_t i;

	if (!s)
		return NULL;
	s->runroot_fd = s->transient_lock = -1;
	for (i = 0; i < OWN_MAX; i++)
		s->trash[i].dir = s->trash[i].lock = -1;
	for (i = 0; i < AREAS * OWN_MAX; i++) {
		s->area_fd[i / OWN_MAX][i % OWN_MAX] = -1;
		s->held[i / OWN_MAX][i % OWN_MAX].fd = -1;
	}
	s->create = flags & STORE_CREATE;
	s->rootless = o->rootless;
	s->ignore_chown_errors = o->ignore_chown_errors;
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
	r = check_driver_name(o->driver, err);
	if (r < 0)
		return r;
	s = new_store(o, flags);
	if (!s)
		return err_nomem(err);
	r = open_own(s, o->graphroot, o, err);
	if (r == 0 && !str_empty(o->imagestore))
		r = open_image_store(s, o, err);
	for (i = 0; r == 0 && o->additional && i < o->additional->n; i++)
		r = open_additional(s, o->additional->v[i], o, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

int store_graphroot_fd(const struct store *s)
{
	return s->roots[0].fd;
}

int store_layers_fd(const struct store *s)
{
	return s->roots[s->img].overlay_fd;
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

size_t store_roots(const struct store *s, int ret_fds[STORE_ROOTS_MAX])
{
	size_t i;

	for (i = 0; i < s->n_own; i++)
		ret_fds[i] = s->roots[i].fd;
	return s->n_own;
}

const char *store_imagestore(const struct store *s)
{
	return s->img > 0 ? s->roots[s->img].path : NULL;
}

const char *store_root_path(const struct store *s, int where)
{
	return where >= 0 && (size_t)where < s->n_roots ? s->roots[where].path : NULL;
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

int store_area_fd(struct store *s, size_t where, enum area a, int *ret_fd, struct err *err)
{
	int *fd = &s->area_fd[a][where], r;

	if (*fd < 0) {
		r = dir_ensure(s->roots[where].fd, area_dirs[a], ROOT_MODE, fd, err);
		if (r < 0)
			return r;
	}
	*ret_fd = *fd;
	return 0;
}

int root_has_mount_program(const struct root *root, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	int r = file_read_line(root->overlay_fd, ".has-mount-program", &b, err);

	return r <= 0 ? r : streq(buf_str(&b), "true");
}

int store_rules(struct store *s, struct store_rules *ret, struct err *err)
{
	int r = root_has_mount_program(own(s), err);

	if (r < 0)
		return r;
	*ret = (struct store_rules){
	    .rootless = s->rootless,
	    .ignore_chown_errors = s->ignore_chown_errors,
	    .literal_whiteouts = r > 0,
	};
	return 0;
}

int store_sync(struct store *s, struct err *err)
{
	size_t i;

	for (i = 0; i < s->n_own; i++)
		if (syncfs(s->roots[i].overlay_fd) < 0)
			return err_sys(err, errno, "syncing %s", s->roots[i].overlay_path);
	return 0;
}
