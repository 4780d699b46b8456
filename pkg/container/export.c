/*
 * Export: the layers are mounted read-only, the writable one on top of them, in a mount namespace
 * that ends with the process that packs them.
 */
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "container/changes.h"
#include "containers.h"
#include "store/layer.h"
#include "store/store.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/mounts.h"
#include "sys/spawn.h"
#include "tree/pack.h"
#include "tree/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

/* One page of mount options. */
#define OPTIONS_MAX 4096

struct exporting {
	int upper, out;
	const struct store_lowers *lowers;
	struct store *store;
	bool rootless, one_id;
};

int container_open_upper(struct container *c, int *ret_fd, struct err *err)
{
	return dir_open(c->dir, UPPER_DIR, ret_fd, err);
}

/* The same directory as this mount namespace has it: overlay takes no other. */
static int reopen(int fd, int *ret_fd, struct err *err)
{
	char path[MOUNT_PATH_MAX];
	int r = mount_path_of(fd, path, err);

	return r < 0 ? r : mount_reopen(fd, path, ret_fd, err);
}

static int mount_options(const struct exporting *e, int upper, struct buf *out, struct err *err)
{
	char path[FD_PATH_MAX];
	size_t i;

	buf_addf(out, "lowerdir=%s", fd_path(upper, path));
	for (i = 0; i < e->lowers->n; i++) {
		buf_addc(out, ':');
		store_lower_name(e->store, e->lowers, i, out);
	}
	if (e->rootless)
		buf_adds(out, ",userxattr");
	return buf_check(out, "the list of layers", err);
}

static int export_main(void *arg, struct err *err)
{
	const struct exporting *e = arg;
	AUTO_BUF struct buf options = BUF_INIT(OPTIONS_MAX - 1);
	struct tree_pack_options o = {
	    .rootless = e->rootless, .owner_xattr = e->one_id, .plain = true};
	struct sink_fd to = {e->out, "the archive"};
	struct sink sink = sink_to_fd(&to);
	struct tree_pack_result result;
	AUTO_CLOSE int root = -1, upper = -1;
	int r;

	/* An error, when the reader is gone. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return err_sys(err, errno, "making mounts private");
	r = reopen(e->upper, &upper, err);
	if (r == 0)
		r = mount_options(e, upper, &options, err);
	if (r == 0)
		r = mount_overlay(store_lowers_dir(e->store, e->lowers),
				  store_overlay_path(e->store, e->lowers->home), buf_str(&options),
				  -1, MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, "/", err);
	if (r < 0)
		return r;
	root = open("/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "opening the container's file system");
	r = tree_confine(NULL, 0, err);
	return r < 0 ? r : tree_pack_dir(root, &o, &sink, &result, err);
}

int container_export_start(struct container *c, int out, struct child *ret, struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	struct store *store = c->owner->store;
	AUTO_CLOSE int upper = -1;
	struct exporting e = {
	    .out = out, .lowers = &lowers, .store = store, .rootless = c->owner->rootless};
	struct idmaps maps = {0};
	int fds[] = {-1, out, -1}, r;
	struct spawn role = {
	    .name = "exporter",
	    .flags = SPAWN_CONFINED | SPAWN_NULL_STDIO,
	    .fds = fds,
	    .n_fds = ARRAY_LEN(fds),
	    .clone_flags = CLONE_NEWNS | (e.rootless ? CLONE_NEWUSER : 0),
	    .maps = e.rootless ? &maps : NULL,
	    .main = export_main,
	    .arg = &e,
	};

	r = container_open_upper(c, &upper, err);
	if (r == 0 && !str_empty(c->def.image.top_layer))
		r = store_layer_lowers(store, c->def.image.top_layer, &lowers, err);
	if (r == 0 && e.rootless)
		r = idmap_load(getuid(), getgid(), &maps, err);
	if (r < 0)
		return r;
	e.one_id = e.rootless && maps.single;
	fds[0] = store_lowers_dir(store, &lowers);
	e.upper = fds[2] = upper;
	return spawn_start(&role, ret, err);
}

int container_export(struct container *c, int out, struct err *err)
{
	AUTO_CHILD struct child child = CHILD_INIT;
	int r;

	r = container_export_start(c, out, &child, err);
	if (r == 0)
		r = spawn_wait(&child, "exporter", err);
	return r < 0 ? err_wrap(err, "exporting container %s", c->def.name) : 0;
}
