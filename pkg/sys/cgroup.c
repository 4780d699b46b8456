/*
 * Making, opening and entering the groups of one container.
 *
 * v2: below a base (cgroup_where.c), the group kist and in it one for each container. v1: each
 * controller has its own hierarchy below /sys/fs/cgroup; only root may write there.
 *
 * v2 children are born in their group (CLONE_INTO_CGROUP). In v1 the child writes "0" to `tasks`:
 * moving a single thread spares the kernel the lock over all process creation, which costs many
 * milliseconds (the price of writing to cgroup.procs).
 */
#include "cgroup.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PARENT "kist"
#define RECORD "cgroup"
#define PATHS_MAX (16 * 1024)

static void dir_fini(struct cgroup_dir *d)
{
	free(d->path);
	auto_close_p(&d->fd);
	auto_close_p(&d->tasks_fd);
	*d = (struct cgroup_dir){.fd = -1, .tasks_fd = -1};
}

void cgroup_free(struct cgroup *cg)
{
	size_t i;

	if (!cg)
		return;
	for (i = 0; i < cg->n; i++)
		dir_fini(&cg->dir[i]);
	free(cg);
}

/* Takes path over. */
static int add_dir(struct cgroup *cg, char *take_path, bool is_v1, unsigned controls,
		   struct err *err)
{
	if (!take_path)
		return err_nomem(err);
	if (cg->n == CGROUP_DIRS_MAX) {
		free(take_path);
		return err_set(err, ERR_BUG, "too many cgroups");
	}
	cg->dir[cg->n++] = (struct cgroup_dir){
	    .path = take_path, .fd = -1, .is_v1 = is_v1, .tasks_fd = -1, .controls = controls};
	return 0;
}

static int open_dir(struct cgroup_dir *d, struct err *err)
{
	d->fd = open(d->path, O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		return err_sys(err, errno, "opening cgroup %s", d->path);
	if (!d->is_v1)
		return 0;
	d->tasks_fd = openat(d->fd, "tasks", O_WRONLY | O_CLOEXEC);
	if (d->tasks_fd < 0)
		return err_sys(err, errno, "opening %s/tasks", d->path);
	return 0;
}

static int make_group(struct cgroup_dir *d, const struct cgroup_limits *l, unsigned optional,
		      struct err *err)
{
	AUTO_FREE char *parent = cgroup_parent(d->path);
	int r;

	if (!parent)
		return err_nomem(err);
	r = cgroup_make_dir(parent, err);
	if (r == 0 && !d->is_v1 && d->controls)
		r = cgroup_enable(parent, l, optional, &d->controls, err);
	if (r == 0)
		r = cgroup_make_dir(d->path, err);
	if (r == 0)
		r = open_dir(d, err);
	return r == 0 && l ? cgroup_set_limits(d, l, err) : r;
}

/* ---- which groups ---- */

/* Without a place for groups: an error for the first limit that was asked for. */
static int no_base(const struct cgroup_limits *l, unsigned needs, struct err *err)
{
	const char *why = "this user may not make cgroups here, so no limit can be set (start it "
			  "through \"systemd-run --user --scope -p Delegate=yes\", or as root)";
	unsigned c;

	if (cgroup_mode() == CGROUP_NONE)
		why = "no limit can be set, as there is no cgroup file system at " CGROUP_MOUNT;
	else if (geteuid() == 0)
		why = "no limit can be set, as cgroups are read-only here (" CGROUP_MOUNT ")";
	for (c = 0; c < CGROUP_CONTROLLERS; c++)
		if (needs & (1U << c))
			return err_set(err, ERR_UNSUPPORTED, "%s: %s", cgroup_option(l, c), why);
	return 0;
}

static int plan_v2(struct cgroup *cg, const char *mount, const char *id,
		   const struct cgroup_limits *l, unsigned needs, unsigned optional,
		   struct err *err)
{
	AUTO_FREE char *base = cgroup_base(mount);

	if (!base)
		return no_base(l, needs & ~optional, err);
	return add_dir(cg, str_fmt("%s/" PARENT "/%s", base, id), false, needs, err);
}

static int plan_v1(struct cgroup *cg, const char *id, const struct cgroup_limits *l, unsigned needs,
		   unsigned optional, struct err *err)
{
	unsigned c;
	int r;

	for (c = 0; c < CGROUP_CONTROLLERS; c++) {
		AUTO_FREE char *top = str_fmt(CGROUP_MOUNT "/%s", cgroup_controller_name(c));

		if (!(needs & (1U << c)))
			continue;
		if (!top)
			return err_nomem(err);
		if (!cgroup_may_write(top) && (optional & (1U << c)))
			continue;
		if (access(top, F_OK) < 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: this machine has no %s controller (%s is missing)",
				       cgroup_option(l, c), cgroup_controller_name(c), top);
		if (!cgroup_may_write(top))
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: only root can set limits with cgroup v1 (%s is not "
				       "writable); boot with cgroup v2 for limits as a user",
				       cgroup_option(l, c), top);
		r = add_dir(cg, str_fmt("%s/" PARENT "/%s", top, id), true, 1U << c, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan(struct cgroup *cg, const char *id, const struct cgroup_limits *l,
		unsigned *optional, struct err *err)
{
	unsigned needs = cgroup_needs(l, optional);
	enum cgroup_mode mode = cgroup_mode();
	int r = 0;

	if (mode == CGROUP_V2)
		return plan_v2(cg, CGROUP_MOUNT, id, l, needs, *optional, err);
	if (mode == CGROUP_NONE)
		return no_base(l, needs & ~*optional, err);
	if (mode == CGROUP_HYBRID)
		r = plan_v2(cg, CGROUP_UNIFIED, id, l, 0, 0, err);
	return r < 0 ? r : plan_v1(cg, id, l, needs, *optional, err);
}

int cgroup_paths(const struct cgroup *cg, struct strv *ret, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; i < cg->n && r == 0; i++)
		r = strv_add(ret, cg->dir[i].path, err);
	return r;
}

static int write_record(const struct cgroup *cg, int record, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(PATHS_MAX);
	size_t i;
	int r;

	for (i = 0; i < cg->n; i++)
		buf_addf(&text, "%s\n", cg->dir[i].path);
	r = buf_check(&text, "paths of cgroups", err);
	if (r < 0)
		return r;
	return file_replace(record, RECORD, 0600, buf_str(&text), text.len, 0, err);
}

int cgroup_create(const char *id, const struct cgroup_limits *limits, int record,
		  struct cgroup **ret, struct err *err)
{
	AUTO(cgroup_free_p) struct cgroup *cg = calloc(1, sizeof(*cg));
	AUTO_STRV struct strv paths = STRV_INIT;
	struct err ignored = ERR_INIT;
	unsigned optional = 0;
	size_t i;
	int r;

	if (!cg)
		return err_nomem(err);
	r = plan(cg, id, limits, &optional, err);
	if (r == 0)
		r = cgroup_paths(cg, &paths, err);
	if (r == 0 && record >= 0 && cg->n > 0)
		r = write_record(cg, record, err);
	for (i = 0; i < cg->n && r == 0; i++)
		r = make_group(&cg->dir[i], limits, optional, err);
	if (r < 0) {
		(void)cgroup_remove_paths(&paths, &ignored); /* the first error counts */
		return r;
	}
	*ret = TAKE(cg);
	return 0;
}

int cgroup_open(const struct strv *paths, struct cgroup **ret, struct err *err)
{
	AUTO(cgroup_free_p) struct cgroup *cg = calloc(1, sizeof(*cg));
	struct statfs fs;
	size_t i;
	int r;

	if (!cg)
		return err_nomem(err);
	for (i = 0; i < paths->n; i++) {
		if (statfs(paths->v[i], &fs) < 0)
			return err_sys(err, errno, "cgroup %s", paths->v[i]);
		r = add_dir(cg, str_dup(str_of(paths->v[i])), fs.f_type == CGROUP_SUPER_MAGIC, 0,
			    err);
		if (r == 0)
			r = open_dir(&cg->dir[cg->n - 1], err);
		if (r < 0)
			return r;
	}
	*ret = TAKE(cg);
	return 0;
}

int cgroup_clone_fd(const struct cgroup *cg)
{
	size_t i;

	for (i = 0; i < cg->n; i++)
		if (!cg->dir[i].is_v1)
			return cg->dir[i].fd;
	return -1;
}

int cgroup_join_v1(const struct cgroup *cg, struct err *err)
{
	size_t i;

	for (i = 0; i < cg->n; i++)
		if (cg->dir[i].is_v1 && write(cg->dir[i].tasks_fd, "0", 1) != 1)
			return err_sys(err, errno, "entering cgroup %s", cg->dir[i].path);
	return 0;
}

size_t cgroup_v1_fds(const struct cgroup *cg, int out[CGROUP_FDS_MAX])
{
	size_t i, n = 0;

	for (i = 0; cg && i < cg->n; i++)
		if (cg->dir[i].is_v1)
			out[n++] = cg->dir[i].tasks_fd;
	return n;
}

const char *cgroup_v1_controller(const struct cgroup *cg, size_t n)
{
	size_t i;
	unsigned c;

	for (i = 0; i < cg->n; i++) {
		if (!cg->dir[i].is_v1 || n-- > 0)
			continue;
		for (c = 0; c < CGROUP_CONTROLLERS; c++)
			if (cg->dir[i].controls & (1U << c))
				return cgroup_controller_name(c);
	}
	return NULL;
}
