/*
 * Joining a running container, which may be hostile.
 *
 * A helper joins the namespaces by the pidfd of the container's first process; joining a pid
 * namespace concerns only its children, so nothing in the container sees the helper. It does all
 * that needs rights, gives them up, and executes the stub, which then forks the command: the
 * first process that the container can see was never kist, and has the command's rights. It is
 * born as a child of our caller (CLONE_PARENT), who waits for it as for any child.
 */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "process.h"
#include "sys/confined.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif

struct joining {
	const struct runtime_exec_spec *spec;
	struct launch launch;
	struct cgroup *cgroup;
	int target; /* pidfd of the container's first process */
	int ns;	    /* CLONE_NEW* of the namespaces that differ from ours */
	bool outside_cgroup;
};

static const struct {
	int flag;
	const char *name;
} namespaces[] = {
    {CLONE_NEWUSER, "user"},	 {CLONE_NEWNS, "mnt"},	{CLONE_NEWPID, "pid"},
    {CLONE_NEWNET, "net"},	 {CLONE_NEWIPC, "ipc"}, {CLONE_NEWUTS, "uts"},
    {CLONE_NEWCGROUP, "cgroup"},
};

/* ---- in the helper ---- */

static int join(const struct joining *j, struct err *err)
{
	if (setns(j->target, j->ns) < 0) {
		if (errno == ESRCH)
			return err_set(err, ERR_NOT_FOUND, "the container is not running");
		return err_sys(err, errno, "joining the container's namespaces");
	}
	/* Ours may have no meaning in its user namespace. */
	if ((j->ns & CLONE_NEWUSER) && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys(err, errno, "becoming root of the container");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return err_sys(err, errno, "making a session keyring");
	return 0;
}

static int open_terminal(struct joining *j, int root, struct err *err)
{
	AUTO_CLOSE int pts = -1;
	struct statfs fs;
	unsigned ignored;
	int r;

	r = confined_open(root, "/dev/pts", O_PATH | O_DIRECTORY, 0, &pts, err);
	if (r < 0)
		return err_wrap(err, "making a terminal");
	/* What is there belongs to the container; only the kernel's own devpts will do. */
	if (fstatfs(pts, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(err, ERR_DENIED, "making a terminal: /dev/pts is no devpts");
	return launch_terminal(&j->launch, pts, &ignored, err);
}

static int joining_main(void *arg, struct err *err)
{
	struct joining *j = arg;
	AUTO_CLOSE int root = -1;
	int r;

	/* A container in the host's pid namespace sees this process. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, errno, "hiding from the container");
	(void)umask(0);
	if (j->cgroup) {
		r = cgroup_join_v1(j->cgroup, err);
		if (r < 0)
			return r;
	}
	r = join(j, err);
	if (r < 0)
		return r;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "opening the container's root");
	if (j->spec->process.terminal) {
		r = open_terminal(j, root, err);
		if (r < 0)
			return r;
	}
	return launch_exec(&j->launch, root, j->spec->process.terminal ? "xt" : "x", err);
}

/* ---- in the caller ---- */

static bool same_namespace(pid_t pid, const char *name)
{
	struct stat a, b;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &a) < 0)
		return true; /* this kernel has none */
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int find_namespaces(pid_t pid)
{
	int flags = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(namespaces); i++)
		if (!same_namespace(pid, namespaces[i].name))
			flags |= namespaces[i].flag;
	return flags;
}

static bool denies_setgroups(pid_t pid)
{
	AUTO_BUF struct buf text = BUF_INIT(16);
	struct err ignored = ERR_INIT;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	return file_read_line(AT_FDCWD, path, &text, &ignored) > 0 && streq(buf_str(&text), "deny");
}

static void joining_fini(struct joining *j)
{
	launch_fini(&j->launch);
	cgroup_free(j->cgroup);
	auto_close_p(&j->target);
}

/* Where the container's own group takes no process (see sys/cgroup.h), the group of its first one
 * does. A user in another login session may not move processes into the group of the first: there
 * the helper stays outside. */
static int start_elsewhere(struct joining *j, struct spawn *role, struct child *ret,
			   struct err *err)
{
	AUTO_CLOSE int below = -1;
	struct err ignored = ERR_INIT;

	if (err_is_errno(err, EBUSY) || err_is_errno(err, EOPNOTSUPP)) {
		if (cgroup_open_group_of(j->cgroup, j->spec->pid, &below, &ignored) <= 0)
			return -(int)err->code;
		role->cgroup_fd = below;
	} else if (geteuid() != 0 && (err_is_errno(err, EACCES) || err_is_errno(err, EPERM))) {
		role->clone_flags = 0;
		j->outside_cgroup = true;
	} else {
		return -(int)err->code;
	}
	err_clear(err);
	return spawn_start(role, ret, err);
}

static int start_helper(struct joining *j, struct child *ret, struct err *err)
{
	struct spawn role = {
	    .name = "exec",
	    .flags = SPAWN_CONFINED,
	    .main = joining_main,
	    .arg = j,
	};
	int fds[ARRAY_LEN(j->launch.keep) + 1 + CGROUP_FDS_MAX], r;
	size_t i;

	for (i = 0; i < j->launch.n_keep; i++)
		fds[role.n_fds++] = j->launch.keep[i];
	fds[role.n_fds++] = j->target;
	role.n_fds += cgroup_v1_fds(j->cgroup, fds + role.n_fds);
	role.fds = fds;
	role.status_min = j->launch.above;
	role.cgroup_fd = j->cgroup ? cgroup_clone_fd(j->cgroup) : -1;
	if (role.cgroup_fd >= 0)
		role.clone_flags = CLONE_INTO_CGROUP;
	r = spawn_start(&role, ret, err);
	if (r < 0 && role.cgroup_fd >= 0)
		r = start_elsewhere(j, &role, ret, err);
	return r;
}

/* The number came through a pipe that a fast attacker in the container may write to before the
 * command's process has closed it. Only a child of ours is signalled and waited for. */
static int check_child(int pidfd, struct err *err)
{
	siginfo_t info;

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		return 0;
	return err_set(err, ERR_DENIED, "the container reported a process that is not its own");
}

/* The command's process exists: it is ours to reap when it cannot execute the command. */
static int take_command(struct joining *j, pid_t pid, struct runtime_proc *ret, struct err *err)
{
	AUTO_CHILD struct child command = CHILD_INIT;
	uint64_t start_time;
	int r;

	command.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (command.pidfd < 0)
		return err_sys(err, errno, "opening the command's process");
	r = check_child(command.pidfd, err);
	if (r < 0)
		return r;
	command.pid = pid;
	r = launch_wait(&j->launch, err);
	if (r == 0)
		r = proc_start_time(pid, &start_time, err);
	if (r < 0)
		return r;
	*ret = (struct runtime_proc){.pid = pid,
				     .pidfd = TAKE_FD(command.pidfd),
				     .pty = -1,
				     .start_time = start_time,
				     .outside_cgroup = j->outside_cgroup};
	command.pid = 0;
	return 0;
}

static int run_helper(struct joining *j, struct runtime_proc *ret, struct err *err)
{
	AUTO_CHILD struct child helper = CHILD_INIT;
	AUTO_CLOSE int pty = -1;
	pid_t pid;
	int r;

	r = start_helper(j, &helper, err);
	if (r < 0)
		return r;
	launch_parent(&j->launch);
	if (j->spec->process.terminal) {
		r = launch_take_terminal(&j->launch, &pty, err);
		if (r < 0)
			return r;
	}
	r = spawn_started(&helper, err);
	if (r < 0)
		return r;
	pid = launch_take_pid(&j->launch);
	if (pid == 0) {
		r = launch_wait(&j->launch, err);
		return r < 0 ? r : spawn_wait(&helper, "exec", err);
	}
	r = take_command(j, pid, ret, err);
	if (r < 0)
		return r;
	ret->pty = TAKE_FD(pty);
	return spawn_wait(&helper, "exec", err);
}

int runtime_exec(const struct runtime_exec_spec *spec, struct runtime_proc *ret, struct err *err)
{
	AUTO(joining_fini)
	struct joining j = {.spec = spec,
			    .launch = {.stub = -1,
				       .status = {-1, -1},
				       .pid = {-1, -1},
				       .tty = {-1, -1},
				       .stdio = {-1, -1, -1}},
			    .target = -1};
	struct runtime_proc proc = RUNTIME_PROC_INIT;
	int r;

	r = proc_open(spec->pid, spec->start_time, &j.target, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "the container is not running");
	if (r < 0)
		return r;
	j.ns = find_namespaces(spec->pid);
	r = launch_init(&j.launch, &spec->process, true, err);
	j.launch.single = (j.ns & CLONE_NEWUSER) && denies_setgroups(spec->pid);
	if (r == 0 && spec->cgroups && spec->cgroups->n > 0)
		r = cgroup_open(spec->cgroups, &j.cgroup, err);
	if (r == 0)
		r = run_helper(&j, &proc, err);
	if (r == 0)
		*ret = proc;
	return r;
}
