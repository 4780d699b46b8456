/*
 * From "in the right namespaces, with all rights" to the command.
 *
 * The order matters: what needs rights (files of the image that only root reads, the working
 * directory, limits, the filter without no_new_privs) comes before they are given up; the parent's
 * death signal comes after, because a change of identity clears it; nothing of kist is open when
 * the stub runs.
 */
#include "process.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/confined.h"
#include "sys/fd.h"
#include "sys/seccomp.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FLAGS_MAX 16
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_TERM "TERM=xterm"
#define ENV_MAX 100000
#define NULL_DEVICE makedev(1, 3)

/* ---- terminal ---- */

static int send_master(int sock, int master, struct err *err)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &master, sizeof(int));
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) != 1)
		return err_sys(err, errno, "handing over the terminal");
	return 0;
}

int launch_terminal(struct launch *l, int pts, unsigned *ret_number, struct err *err)
{
	const struct runtime_process *p = l->process;
	AUTO_CLOSE int master = -1;
	AUTO_CLOSE int slave = -1;
	int r, i;

	r = tty_open_master(pts, "ptmx", &master, ret_number, err);
	if (r == 0)
		r = tty_open_slave(master, &slave, err);
	if (r == 0 && p->size.rows && p->size.cols)
		r = tty_set_size(master, p->size, err);
	if (r == 0)
		r = send_master(l->tty[1], master, err);
	for (i = 0; i < 3 && r == 0; i++) {
		l->stdio[i] = fcntl(slave, F_DUPFD_CLOEXEC, l->above);
		if (l->stdio[i] < 0)
			r = err_sys(err, errno, "copying the terminal's descriptor");
	}
	return r;
}

/* ---- environment ---- */

static const char *env_get(const char *const *env, const char *name)
{
	const char *value;
	size_t n = strlen(name);

	for (; env && *env; env++) {
		value = str_after(*env, name);
		if (value && (*env)[n] == '=')
			return value + 1;
	}
	return NULL;
}

/* In place of an empty one, or behind the last. */
static void set_home(const char **list, size_t n, const char *home)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (streq(list[i], "HOME="))
			break;
	list[i] = home;
}

/* The list that the command gets: what was asked for, and what everybody needs. */
static int make_env(const struct runtime_process *p, const char *home, const char ***ret,
		    struct err *err)
{
	const char *const *e = p->env;
	AUTO_FREE char *home_text = NULL;
	const char **list;
	size_t n = 0;

	while (e && e[n])
		n++;
	if (n > ENV_MAX)
		return err_set(err, ERR_LIMIT, "more than %d environment variables", ENV_MAX);
	list = calloc(n + 4, sizeof(*list));
	home_text = str_fmt("HOME=%s", home);
	if (!list || !home_text) {
		free(list);
		return err_nomem(err);
	}
	if (n > 0)
		memcpy(list, e, n * sizeof(*list));
	if (!env_get(e, "PATH"))
		list[n++] = DEFAULT_PATH;
	if (p->terminal && !env_get(e, "TERM"))
		list[n++] = DEFAULT_TERM;
	if (str_empty(env_get(e, "HOME")))
		set_home(list, n, TAKE(home_text));
	*ret = list;
	return 0;
}

/* ---- working directory ---- */

static int enter_cwd(int root, const struct runtime_process *p, const struct user *u,
		     struct err *err)
{
	const char *path = p->cwd;
	AUTO_CLOSE int dir = -1;
	char where[PATH_MAX];
	int r;

	if (!path)
		path = "/";
	if (*path != '/')
		return err_set(err, ERR_INVALID, "working directory %s is not an absolute path",
			       path);
	r = confined_find(root, path, O_PATH | O_DIRECTORY, &dir, err);
	if (r == 0 && p->cwd_must_exist)
		return err_set(err, ERR_CMD_MISSING, "working directory %s: no such directory",
			       path);
	if (r == 0) {
		r = confined_mkdirs(root, path, 0755, &dir, err);
		if (r == 0 && fchownat(dir, "", u->uid, u->gid, AT_EMPTY_PATH) < 0)
			r = err_sys(err, errno, "changing its owner");
	}
	if (r < 0)
		return err_wrap(err, "working directory %s", path);
	if (fchdir(dir) < 0)
		return err_sys(err, errno, "working directory %s", path);
	/* It cannot be outside; if it were, the kernel would say "(unreachable)". */
	if (!getcwd(where, sizeof(where)) || where[0] != '/')
		return err_set(err, ERR_DENIED, "working directory %s is outside the container",
			       path);
	return 0;
}

/* ---- rights ---- */

static int set_rlimits(const struct runtime_process *p, struct err *err)
{
	size_t i;

	for (i = 0; i < p->n_rlimits; i++)
		if (setrlimit64((__rlimit_resource_t)p->rlimits[i].resource, &p->rlimits[i].value) <
		    0)
			return err_sys(err, errno, "--ulimit: setting limit %d",
				       p->rlimits[i].resource);
	return 0;
}

static int set_groups(const struct launch *l, const struct user *u, struct err *err)
{
	if (l->single) {
		if (l->process->groups)
			return err_set(err, ERR_UNSUPPORTED,
				       "--group-add: only one group is mapped into the container's "
				       "user namespace (see /etc/subgid)");
		return 0;
	}
	if (setgroups(u->n_groups, u->groups) < 0)
		return err_sys(err, errno, "setting the groups of the container's user%s",
			       errno == EINVAL ? " (not within the mapped subordinate groups)"
					       : "");
	return 0;
}

static int set_ids(const struct user *u, struct err *err)
{
	const char *hint = "";

	if (setresgid(u->gid, u->gid, u->gid) < 0) {
		if (errno == EINVAL)
			hint = ": it is not mapped into the container's user namespace (see "
			       "/etc/subgid)";
		return err_sys(err, errno, "changing to group %u%s", u->gid, hint);
	}
	if (setresuid(u->uid, u->uid, u->uid) < 0) {
		if (errno == EINVAL)
			hint = ": it is not mapped into the container's user namespace (see "
			       "/etc/subuid)";
		return err_sys(err, errno, "changing to user %u%s", u->uid, hint);
	}
	return 0;
}

static int install_filter(const struct launch *l, bool now, struct err *err)
{
	return now && l->filter.len ? seccomp_install(l->filter.ptr, l->filter.len, err) : 0;
}

static int drop_rights(const struct launch *l, const struct user *u, struct err *err)
{
	const struct runtime_process *p = l->process;
	struct caps_sets sets = caps_for_user(p->caps, p->caps_added, u->uid == 0);
	int r;

	if (p->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "no_new_privs");
	r = caps_drop_bounding(sets.bounding, err);
	if (r == 0)
		r = set_groups(l, u, err);
	/* Without no_new_privs the filter needs CAP_SYS_ADMIN, which goes now. */
	if (r == 0)
		r = install_filter(l, !p->no_new_privs, err);
	if (r == 0 && prctl(PR_SET_KEEPCAPS, 1) < 0)
		r = err_sys(err, errno, "keeping capabilities");
	if (r == 0)
		r = set_ids(u, err);
	if (r == 0 && prctl(PR_SET_KEEPCAPS, 0) < 0)
		r = err_sys(err, errno, "keeping capabilities");
	if (r == 0)
		r = caps_set(&sets, err);
	return r < 0 ? r : install_filter(l, p->no_new_privs, err);
}

/* ---- the end ---- */

/* Not the host's: through an open descriptor, root in the container could change the mode of the
 * node that the whole machine uses. What the container has in its place may be anything. */
static int open_null(const struct launch *l, int root, int *ret, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r;

	r = confined_open(root, "/dev/null", O_RDWR | O_NONBLOCK | O_NOCTTY, 0, &fd, err);
	if (r < 0)
		return err_wrap(err, "the container's null device");
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != NULL_DEVICE)
		return err_set(err, ERR_DENIED, "the container's /dev/null is another file");
	if (fcntl(fd, F_SETFL, 0) < 0)
		return err_sys(err, errno, "the container's null device");
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, l->above);
	return *ret < 0 ? err_sys(err, errno, "copying a descriptor") : 0;
}

static int fill_stdio(struct launch *l, int root, struct err *err)
{
	int r = 0, i;

	for (i = 0; i < 3 && r == 0; i++)
		if (l->stdio[i] < 0)
			r = open_null(l, root, &l->stdio[i], err);
	return r;
}

static int place(int from, int to, struct err *err)
{
	if (from >= 0 && dup3(from, to, O_CLOEXEC) < 0)
		return err_sys(err, errno, "placing descriptor %d", to);
	return 0;
}

static int pass_on(int fd, struct err *err)
{
	return fcntl(fd, F_SETFD, 0) < 0 ? err_sys(err, errno, "passing on descriptor %d", fd) : 0;
}

static int place_fds(const struct launch *l, struct err *err)
{
	const struct runtime_process *p = l->process;
	int r = 0, i;
	size_t k;

	for (i = 0; i < 3 && r == 0; i++)
		if (dup2(l->stdio[i], i) < 0)
			r = err_sys(err, errno, "placing descriptor %d", i);
	if (r == 0)
		r = place(l->status[1], l->places[LAUNCH_STATUS], err);
	if (r == 0)
		r = place(l->pid[1], l->places[LAUNCH_PID], err);
	if (r == 0)
		r = place(l->stub, l->places[LAUNCH_STUB], err);
	/* All, also the one that carries our own errors, end with the exec, but: */
	if (r == 0 && close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		r = err_sys(err, errno, "closing descriptors");
	if (r == 0)
		r = pass_on(l->places[LAUNCH_STATUS], err);
	if (r == 0 && l->pid[1] >= 0)
		r = pass_on(l->places[LAUNCH_PID], err);
	for (k = 0; r == 0 && k < p->n_fds; k++)
		r = pass_on(p->fds[k], err);
	return r;
}

/* The terminal belongs to the user who types in it. */
static int own_terminal(const struct launch *l, const struct user *u, struct err *err)
{
	if (l->process->terminal && fchown(l->stdio[0], u->uid, (gid_t)-1) < 0)
		return err_sys(err, errno, "changing the owner of the terminal");
	return 0;
}

static const char **make_argv(const struct runtime_process *p, const char *flags)
{
	const char **list;
	size_t n = 0;

	while (p->argv[n])
		n++;
	list = calloc(n + 3, sizeof(*list));
	if (!list)
		return NULL;
	list[0] = "kist-init";
	list[1] = flags;
	memcpy(list + 2, p->argv, n * sizeof(*list));
	return list;
}

static bool parent_is_gone(int status)
{
	struct pollfd p = {.fd = status};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

int launch_exec(struct launch *l, int root, const char *flags, struct err *err)
{
	AUTO_FREE struct user *u = malloc(sizeof(*u));
	char text[FLAGS_MAX];
	AUTO_FREE const char **argv = make_argv(l->process, text);
	AUTO_FREE const char **env = NULL;
	int r;

	if (!u || !argv)
		return err_nomem(err);
	(void)snprintf(text, sizeof(text), "%s%d,%d", flags, l->places[LAUNCH_STATUS],
		       l->places[LAUNCH_PID]);
	r = user_lookup(root, l->process->user, l->process->groups, u, err);
	/* docker's and podman's exit code for it */
	if (r == -ERR_NOT_FOUND) {
		err->code = ERR_CMD_INVOKE;
		return -(int)err->code;
	}
	if (r == 0)
		r = make_env(l->process, u->home, &env, err);
	if (r == 0)
		r = enter_cwd(root, l->process, u, err);
	if (r == 0)
		r = fill_stdio(l, root, err);
	if (r == 0)
		r = own_terminal(l, u, err);
	if (r == 0)
		r = set_rlimits(l->process, err);
	if (r == 0)
		r = drop_rights(l, u, err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(err, errno, "setting the parent-death signal");
	if (parent_is_gone(l->status[1]))
		return err_set(err, ERR_BUG, "the parent is gone");
	(void)umask(l->process->umask);
	r = place_fds(l, err);
	if (r < 0)
		return r;
	/* execveat does not change the strings; its prototype is older than const. */
	(void)execveat(l->places[LAUNCH_STUB], "", (char *const *)(uintptr_t)argv,
		       (char *const *)(uintptr_t)env, AT_EMPTY_PATH);
	return err_sys(err, errno, "executing the stub");
}
