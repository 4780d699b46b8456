/*
 * Where groups are made.
 *
 * v2: below a base, the group kist and in it one for each container. The base is the root of the
 * hierarchy for root; for a user it is the topmost of the groups it is in that it may write (what
 * systemd delegates: user@UID.service), since the kernel lets nobody move a process out of a
 * subtree that is not his. Controllers are switched on down to kist, only those that limits need.
 * v1: each controller has its own hierarchy below /sys/fs/cgroup; only root may write there.
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

#define MOUNT "/sys/fs/cgroup"
#define UNIFIED MOUNT "/unified"
#define PARENT "kist"
#define RECORD "cgroup"
#define SELF_MAX (64 * 1024)
#define PATHS_MAX (16 * 1024)
#define CONTROLLERS_MAX 1024

enum cgroup_mode cgroup_mode(void)
{
	struct statfs fs;

	if (statfs(MOUNT, &fs) < 0)
		return CGROUP_NONE;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_V2;
	if (fs.f_type != TMPFS_MAGIC)
		return CGROUP_NONE;
	if (statfs(UNIFIED, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_HYBRID;
	return CGROUP_V1;
}

const char *cgroup_version(void)
{
	return cgroup_mode() == CGROUP_V2 ? "v2" : "v1";
}

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

/* Our own group in the v2 hierarchy ("0::/path"); NULL without memory or such a line. */
static char *own_path(void)
{
	AUTO_BUF struct buf text = BUF_INIT(SELF_MAX);
	struct err ignored = ERR_INIT;
	struct str rest, line;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", &text, &ignored) <= 0)
		return NULL;
	for (rest = str_of(buf_str(&text)); (line = str_cut(&rest, '\n')).ptr;)
		if (line.len > 3 && memcmp(line.ptr, "0::", 3) == 0)
			return str_dup((struct str){line.ptr + 3, line.len - 3});
	return NULL;
}

static bool may_write(const char *dir)
{
	AUTO_FREE char *procs = str_fmt("%s/cgroup.procs", dir);

	return procs && access(dir, W_OK) == 0 && access(procs, W_OK) == 0;
}

/* The topmost group of ours that we may write: caller frees; NULL when there is none. */
static char *find_base(const char *mount)
{
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *path = NULL;
	char *best = NULL, *slash;

	if (may_write(mount))
		return str_dup(str_of(mount));
	own = own_path();
	if (!own || strstr(own, "/.."))
		return NULL;
	path = str_fmt("%s%s", mount, own);
	while (path && strlen(path) > strlen(mount) && may_write(path)) {
		free(best);
		best = str_dup(str_of(path));
		slash = strrchr(path, '/');
		*slash = '\0';
	}
	return best;
}

static bool has_word(const char *list, const char *word)
{
	struct str rest = str_of(list), w;

	while ((w = str_cut(&rest, ' ')).ptr)
		if (str_eq(w, word))
			return true;
	return false;
}

static bool file_has_word(const char *dir, const char *file, const char *word)
{
	AUTO_FREE char *path = str_fmt("%s/%s", dir, file);
	AUTO_BUF struct buf text = BUF_INIT(CONTROLLERS_MAX);
	struct err ignored = ERR_INIT;

	return path && file_read_line(AT_FDCWD, path, &text, &ignored) > 0 &&
	       has_word(buf_str(&text), word);
}

/* Switches a controller on for the groups below dir. */
static int enable(const char *dir, const char *controller, struct err *err)
{
	AUTO_FREE char *path = str_fmt("%s/cgroup.subtree_control", dir);
	AUTO_FREE char *text = str_fmt("+%s", controller);
	AUTO_CLOSE int fd = -1;

	if (!path || !text)
		return err_nomem(err);
	if (file_has_word(dir, "cgroup.subtree_control", controller))
		return 0;
	if (!file_has_word(dir, "cgroup.controllers", controller))
		return err_set(
		    err, ERR_UNSUPPORTED, "%s has no %s controller (%s)", dir, controller,
		    geteuid() == 0 ? "the kernel has it switched off, or cgroup v1 uses it"
				   : "delegate it to this user, or run as root");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		if (errno == EBUSY)
			return err_set(err, ERR_UNSUPPORTED,
				       "%s has processes of its own, so that its %s controller "
				       "cannot be handed down",
				       dir, controller);
		return err_sys(err, errno, "switching on the %s controller in %s", controller, dir);
	}
	return 0;
}

static int make_dir(const char *path, struct err *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "making cgroup %s", path);
	return 0;
}

/* The directory above the container's, "<base>/kist"; caller frees. */
static char *parent_of(const char *path)
{
	return str_dup((struct str){path, (size_t)(strrchr(path, '/') - path)});
}

/* Switches the wanted controllers on in the base and in kist. Those that were only a default may
 * fail: their bits go. */
static int enable_all(const char *parent, const struct cgroup_limits *l, unsigned optional,
		      unsigned *controls, struct err *err)
{
	AUTO_FREE char *base = parent_of(parent);
	struct err why = ERR_INIT;
	const char *name;
	unsigned c;
	int r;

	if (!base)
		return err_nomem(err);
	for (c = 0; c < CGROUP_CONTROLLERS; c++) {
		if (!(*controls & (1U << c)))
			continue;
		name = cgroup_controller_name(c);
		r = enable(base, name, &why);
		if (r == 0)
			r = enable(parent, name, &why);
		if (r < 0 && !(optional & (1U << c))) {
			*err = why;
			return err_wrap(err, "%s", cgroup_option(l, c));
		}
		if (r < 0)
			*controls &= ~(1U << c);
	}
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
	AUTO_FREE char *parent = parent_of(d->path);
	int r;

	if (!parent)
		return err_nomem(err);
	r = make_dir(parent, err);
	if (r == 0 && !d->is_v1 && d->controls)
		r = enable_all(parent, l, optional, &d->controls, err);
	if (r == 0)
		r = make_dir(d->path, err);
	if (r == 0)
		r = open_dir(d, err);
	return r == 0 && l ? cgroup_set_limits(d, l, err) : r;
}

/* ---- which groups ---- */

static int no_base(const struct cgroup_limits *l, unsigned needs, struct err *err)
{
	unsigned c;

	for (c = 0; c < CGROUP_CONTROLLERS; c++)
		if (needs & (1U << c))
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: this user may not make cgroups here, so no "
				       "limit can be set (log in through systemd with delegated "
				       "controllers, or run as root)",
				       cgroup_option(l, c));
	return 0;
}

static int plan_v2(struct cgroup *cg, const char *mount, const char *id,
		   const struct cgroup_limits *l, unsigned needs, unsigned optional,
		   struct err *err)
{
	AUTO_FREE char *base = find_base(mount);

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
		AUTO_FREE char *top = str_fmt(MOUNT "/%s", cgroup_controller_name(c));

		if (!(needs & (1U << c)))
			continue;
		if (!top)
			return err_nomem(err);
		if (!may_write(top) && (optional & (1U << c)))
			continue;
		if (access(top, F_OK) < 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: this machine has no %s controller (%s is missing)",
				       cgroup_option(l, c), cgroup_controller_name(c), top);
		if (!may_write(top))
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
		return plan_v2(cg, MOUNT, id, l, needs, *optional, err);
	if (mode == CGROUP_NONE)
		return no_base(l, needs & ~*optional, err);
	if (mode == CGROUP_HYBRID)
		r = plan_v2(cg, UNIFIED, id, l, 0, 0, err);
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
