/*
 * Handing controllers of v2 down to the groups of containers: they are switched on in the base and
 * in the group kist, only those that limits need.
 *
 * A group below the root may not have processes of its own and hand controllers down as well. The
 * base has some where kist runs in a container or in a service with a delegated group. When a limit
 * was asked for, they move into a group "init" beside kist's (podman makes the same one); for a
 * limit that is only a default nothing is moved. The kernel would even take "+pids" or "+cpu" (they
 * work for threads, too), but then no process could be born in the groups below.
 */
#include "cgroup.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LEAF "init"
#define CONTROLLERS_MAX 1024
#define PROCS_MAX (1024 * 1024)
/* Processes that are being made while others move need another round. */
#define MOVE_ROUNDS 100

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

static bool is_on(const char *dir, unsigned c)
{
	return file_has_word(dir, "cgroup.subtree_control", cgroup_controller_name(c));
}

static int check_has(const char *dir, unsigned c, struct err *err)
{
	if (file_has_word(dir, "cgroup.controllers", cgroup_controller_name(c)))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "cgroup %s has no %s controller (%s)", dir,
		       cgroup_controller_name(c),
		       geteuid() == 0
			   ? "the kernel has it switched off, it was not handed down, or "
			     "cgroup v1 uses it"
			   : "it is not delegated to this user: an administrator adds "
			     "it to Delegate= of that unit; or run as root");
}

/* Switches a controller on for the groups below dir. */
static int switch_on(const char *dir, unsigned c, struct err *err)
{
	AUTO_FREE char *path = str_fmt("%s/cgroup.subtree_control", dir);
	AUTO_FREE char *text = str_fmt("+%s", cgroup_controller_name(c));
	AUTO_CLOSE int fd = -1;

	if (!path || !text)
		return err_nomem(err);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(err, errno, "switching on the %s controller in %s", text + 1, dir);
	return 0;
}

/* ---- processes in the base ---- */

static int read_procs(const char *base, struct buf *out, struct err *err)
{
	AUTO_FREE char *path = str_fmt("%s/cgroup.procs", base);

	if (!path)
		return err_nomem(err);
	buf_reset(out);
	return file_read(AT_FDCWD, path, out, err);
}

/* The true root is exempt: it has no such file. */
static bool is_exempt(const char *base)
{
	AUTO_FREE char *path = str_fmt("%s/cgroup.type", base);

	return path && access(path, F_OK) < 0;
}

/* Those that are gone by now are fine, as is all else that the next round finds again. A process
 * of another pid namespace is listed as 0, which would be ourselves. */
static void move_listed(const char *list, int leaf)
{
	struct str rest = str_of(list), line;

	while ((line = str_cut(&rest, '\n')).ptr)
		if (line.len > 0 && line.ptr[0] != '0')
			(void)!write(leaf, line.ptr, line.len);
}

static int move_processes(const char *base, struct buf *list, struct err *err)
{
	AUTO_FREE char *dir = str_fmt("%s/" LEAF, base);
	AUTO_FREE char *procs = str_fmt("%s/" LEAF "/cgroup.procs", base);
	AUTO_CLOSE int leaf = -1;
	int i, r;

	if (!dir || !procs)
		return err_nomem(err);
	r = cgroup_make_dir(dir, err);
	if (r < 0)
		return r;
	leaf = open(procs, O_WRONLY | O_CLOEXEC);
	if (leaf < 0)
		return err_sys(err, errno, "opening %s", procs);
	for (i = 0; i < MOVE_ROUNDS; i++) {
		r = read_procs(base, list, err);
		if (r < 0 || list->len == 0)
			return r < 0 ? r : 0;
		move_listed(buf_str(list), leaf);
	}
	return err_set(err, ERR_UNSUPPORTED,
		       "cgroup %s has processes of its own that cannot be moved to %s, so that its "
		       "controllers cannot be handed down",
		       base, LEAF);
}

/* Makes it possible to switch the missing controllers on in the base, or gives up those that are
 * only a default. */
static int make_room(const char *base, unsigned optional, unsigned missing, unsigned *controls,
		     struct err *err)
{
	AUTO_BUF struct buf list = BUF_INIT(PROCS_MAX);
	int r;

	if (!missing || is_exempt(base))
		return 0;
	r = read_procs(base, &list, err);
	if (r < 0 || list.len == 0)
		return r < 0 ? r : 0;
	if (missing & ~optional)
		return move_processes(base, &list, err);
	*controls &= ~missing;
	return 0;
}

/* ---- */

static int switch_on_one(const char *base, const char *parent, unsigned c, bool is_missing,
			 struct err *err)
{
	int r = 0;

	if (is_missing)
		r = switch_on(base, c, err);
	return r < 0 || is_on(parent, c) ? r : switch_on(parent, c, err);
}

/* A controller that cannot be had: an error for who asked for it, nothing for a default. */
static int give_up(const struct cgroup_limits *l, unsigned c, unsigned optional, unsigned *controls,
		   const struct err *why, struct err *err)
{
	*controls &= ~(1U << c);
	if (optional & (1U << c))
		return 0;
	*err = *why;
	return err_wrap(err, "%s", cgroup_option(l, c));
}

int cgroup_enable(const char *parent, const struct cgroup_limits *l, unsigned optional,
		  unsigned *controls, struct err *err)
{
	AUTO_FREE char *base = cgroup_parent(parent);
	struct err why = ERR_INIT;
	unsigned c, missing = 0;
	int r = 0;

	if (!base)
		return err_nomem(err);
	for (c = 0; c < CGROUP_CONTROLLERS && r == 0; c++) {
		if (!(*controls & (1U << c)) || is_on(base, c))
			continue;
		if (check_has(base, c, &why) < 0)
			r = give_up(l, c, optional, controls, &why, err);
		else
			missing |= 1U << c;
	}
	if (r == 0)
		r = make_room(base, optional, missing, controls, err);
	for (c = 0; c < CGROUP_CONTROLLERS && r == 0; c++)
		if (*controls & (1U << c) &&
		    switch_on_one(base, parent, c, missing & (1U << c), &why) < 0)
			r = give_up(l, c, optional, controls, &why, err);
	return r;
}
