/*
 * A child is made by clone3(2) without CLONE_VM, so as fork(2) makes it, but with new namespaces,
 * its pidfd and its control group in one call. All signals are blocked from before the clone until
 * the child has its own signal set-up, so that no handler of the parent runs in the child.
 *
 * Two pipes join them. status: the child's error comes up (base/err.h). go: one byte goes down when
 * the parent has written the ID maps and prepare() has returned; its end without a byte means that
 * the parent failed or died, and the child leaves.
 */
#include "sys/spawn.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/proc.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP_MAX 512
#define EXIT_FAILED 125
#define STDERR_LINE_MAX 400
#define STATUS_FD_MIN 32

struct pipes {
	int status[2], go[2];
};

static void close_pair(int p[2])
{
	auto_close_p(&p[0]);
	auto_close_p(&p[1]);
	p[0] = p[1] = -1;
}

static void close_pipes(struct pipes *p)
{
	close_pair(p->status);
	close_pair(p->go);
}

static void reset_signals(void)
{
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)signal(sig, SIG_DFL);
}

/* Closes everything but 0-2 and the sorted list. */
static int close_others(const int *sorted, size_t n, struct err *err)
{
	unsigned next = STDERR_FILENO + 1;
	size_t i;

	for (i = 0; i < n; i++) {
		if (sorted[i] < (int)next)
			continue;
		if ((unsigned)sorted[i] > next && close_range(next, (unsigned)sorted[i] - 1, 0) < 0)
			return err_sys(err, errno, "closing descriptors");
		next = (unsigned)sorted[i] + 1;
	}
	if (close_range(next, ~0U, 0) < 0)
		return err_sys(err, errno, "closing descriptors");
	return 0;
}

static int close_fds(const struct spawn *s, int status, struct err *err)
{
	int keep[KEEP_MAX + 1];
	size_t n = 0, i, j;
	int fd;

	if (s->n_fds > KEEP_MAX)
		return err_set(err, ERR_BUG, "%s: more than %d descriptors", s->name, KEEP_MAX);
	for (i = 0; i <= s->n_fds; i++) {
		fd = i < s->n_fds ? s->fds[i] : status;
		for (j = n++; j > 0 && keep[j - 1] > fd; j--)
			keep[j] = keep[j - 1];
		keep[j] = fd;
	}
	return close_others(keep, n, err);
}

static bool is_kept(const struct spawn *s, int fd)
{
	size_t i;

	for (i = 0; i < s->n_fds; i++)
		if (s->fds[i] == fd)
			return true;
	return false;
}

/* A sanitizer's report has to go somewhere. */
#ifdef __SANITIZE_ADDRESS__
#define LAST_NULLED STDOUT_FILENO
#else
#define LAST_NULLED STDERR_FILENO
#endif

static int null_stdio(const struct spawn *s, struct err *err)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd;

	if (null < 0)
		return err_sys(err, errno, "opening /dev/null");
	for (fd = 0; fd <= LAST_NULLED; fd++)
		if (!is_kept(s, fd) && dup2(null, fd) < 0)
			return err_sys(err, errno, "redirecting descriptor %d", fd);
	return 0;
}

/* Nobody reads the status pipe any more: the parent is gone. Works across pid namespaces, where
 * getppid(2) is always 0. */
static bool parent_is_gone(int status)
{
	struct pollfd p = {.fd = status};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

static int child_setup(const struct spawn *s, int status, struct err *err)
{
	int r;

	if (s->maps && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys(err, errno, "becoming root of the user namespace");
	/* After the change of identity, which clears it. */
	if (s->flags & SPAWN_DEATHSIG) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			return err_sys(err, errno, "setting the parent-death signal");
		if (parent_is_gone(status))
			_exit(EXIT_FAILED);
	}
	if ((s->flags & SPAWN_SESSION) && setsid() < 0)
		return err_sys(err, errno, "making a session");
	if (s->flags & SPAWN_NULL_STDIO) {
		r = null_stdio(s, err);
		if (r < 0)
			return r;
	}
	return s->flags & SPAWN_CLOSE_FDS ? close_fds(s, status, err) : 0;
}

static void await_go(int go)
{
	char byte;
	ssize_t n;

	do
		n = read(go, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(EXIT_FAILED);
}

static _Noreturn void child_main(const struct spawn *s, struct pipes *p, const sigset_t *old)
{
	struct err err = ERR_INIT;
	int r;

	(void)close(p->status[0]);
	if (p->go[0] >= 0) {
		(void)close(p->go[1]);
		await_go(p->go[0]);
		(void)close(p->go[0]);
	}
	if (s->flags & SPAWN_RESET_SIGNALS) {
		sigset_t none;

		reset_signals();
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
	} else {
		(void)sigprocmask(SIG_SETMASK, old, NULL);
	}
	r = child_setup(s, p->status[1], &err);
	if (r == 0)
		r = s->main(s->arg, &err);
	if (r < 0) {
		err_send(p->status[1], &err);
		_exit(EXIT_FAILED);
	}
	_exit(0);
}

/* What the parent does while the child waits. */
static int let_go(const struct spawn *s, pid_t pid, int go, struct err *err)
{
	int r;

	if (s->maps) {
		r = userns_set_maps(pid, s->maps, err);
		if (r < 0)
			return r;
	}
	if (s->prepare) {
		r = s->prepare(s->arg, pid, err);
		if (r < 0)
			return r;
	}
	if (write(go, "", 1) != 1 && errno != EPIPE)
		return err_sys(err, errno, "%s: releasing the child", s->name);
	return 0;
}

/* Out of the way of low numbers, which main may want to give to a program. */
static int move_up(const struct spawn *s, int *fd, struct err *err)
{
	int min = s->status_min > STATUS_FD_MIN ? s->status_min : STATUS_FD_MIN;
	int up = fcntl(*fd, F_DUPFD_CLOEXEC, min);

	if (up < 0)
		return err_sys(err, errno, "moving a descriptor");
	(void)close(*fd);
	*fd = up;
	return 0;
}

static int make_pipes(const struct spawn *s, struct pipes *p, struct err *err)
{
	int r;

	r = fd_pipe(p->status, err);
	if (r == 0)
		r = move_up(s, &p->status[1], err);
	if (r == 0 && (s->maps || s->prepare))
		r = fd_pipe(p->go, err);
	if (r < 0)
		close_pipes(p);
	return r;
}

static pid_t clone_child(const struct spawn *s, struct pipes *p, int *ret_pidfd)
{
	struct clone_args args = {
	    .flags = s->clone_flags | CLONE_PIDFD,
	    .pidfd = (uintptr_t)ret_pidfd,
	    .exit_signal = SIGCHLD,
	    .cgroup = s->clone_flags & CLONE_INTO_CGROUP ? (uint64_t)s->cgroup_fd : 0,
	};
	sigset_t all, old;
	pid_t pid;
	int e;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child_main(s, p, &old);
	e = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = e;
	return pid;
}

static int clone_error(const struct spawn *s, int errnum, struct err *err)
{
	if (errnum == EAGAIN)
		return err_sys(err, errnum,
			       "%s: making a process (a limit is reached: the container's "
			       "--pids-limit, or this user's ulimit -u)",
			       s->name);
	if (!(s->clone_flags & CLONE_NEWUSER) ||
	    (errnum != EPERM && errnum != ENOSPC && errnum != EUSERS))
		return err_sys(err, errnum, "%s: making a process", s->name);
	return err_sys(
	    err, errnum,
	    "%s: making a user namespace (does kist run in a chroot, or are they switched "
	    "off? see sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone and "
	    "kernel.apparmor_restrict_unprivileged_userns)",
	    s->name);
}

int spawn_start(const struct spawn *s, struct child *ret, struct err *err)
{
	AUTO(close_pipes) struct pipes p = {{-1, -1}, {-1, -1}};
	AUTO_CHILD struct child c = CHILD_INIT;
	int r;

	r = make_pipes(s, &p, err);
	if (r < 0)
		return r;
	c.pid = clone_child(s, &p, &c.pidfd);
	if (c.pid < 0) {
		c.pid = 0;
		return clone_error(s, errno, err);
	}
	c.status_fd = TAKE_FD(p.status[0]);
	if (p.go[1] >= 0) {
		/* Else our own copy of the reading end keeps a write to a dead child from failing.
		 */
		(void)close(TAKE_FD(p.go[0]));
		r = let_go(s, c.pid, p.go[1], err);
		if (r < 0)
			return r;
	}
	*ret = c;
	c = (struct child)CHILD_INIT;
	return 0;
}

void child_fini(struct child *c)
{
	int code;
	struct err ignored = ERR_INIT;

	if (c->pid > 0) {
		(void)proc_signal(c->pidfd, SIGKILL, &ignored);
		(void)proc_wait(c->pid, &code, &ignored);
	}
	auto_close_p(&c->pidfd);
	auto_close_p(&c->status_fd);
	auto_close_p(&c->stderr_fd);
	*c = (struct child)CHILD_INIT;
}

int spawn_started(struct child *c, struct err *err)
{
	struct err got = ERR_INIT;

	if (err_recv(c->status_fd, &got) == 0)
		return 0;
	child_fini(c);
	*err = got;
	return -(int)got.code;
}

int spawn_wait(struct child *c, const char *name, struct err *err)
{
	struct err got = ERR_INIT;
	int has_error, code, r;

	has_error = err_recv(c->status_fd, &got);
	r = proc_wait(c->pid, &code, err);
	c->pid = 0;
	child_fini(c);
	if (has_error) {
		*err = got;
		return -(int)got.code;
	}
	if (r < 0)
		return r;
	if (code > 128)
		return err_set(err, ERR_BUG, "%s: killed by signal %d", name, code - 128);
	if (code != 0)
		return err_set(err, ERR_BUG, "%s: ended with exit code %d", name, code);
	return 0;
}

int spawn_run(const struct spawn *s, struct err *err)
{
	AUTO_CHILD struct child c = CHILD_INIT;
	int r;

	r = spawn_start(s, &c, err);
	if (r < 0)
		return r;
	return spawn_wait(&c, s->name, err);
}

struct program {
	const char *const *argv;
	int out;
};

static int program_main(void *arg, struct err *err)
{
	const struct program *p = arg;

	if (dup2(p->out, STDERR_FILENO) < 0)
		return err_sys(err, errno, "redirecting stderr");
	/* execvp(3) does not change the strings; its prototype is older than const. */
	(void)execvp(p->argv[0], (char *const *)(uintptr_t)p->argv);
	if (errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "%s: not found", p->argv[0]);
	return err_sys(err, errno, "executing %s", p->argv[0]);
}

int spawn_program_start(const char *const *argv, struct child *ret, struct err *err)
{
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int out = -1;
	AUTO_CHILD struct child c = CHILD_INIT;
	struct program p = {.argv = argv};
	int pair[2], r;

	r = fd_pipe(pair, err);
	if (r < 0)
		return r;
	in = pair[0];
	p.out = out = pair[1];
	r = spawn_start(&(struct spawn){.name = argv[0],
					.flags = SPAWN_CONFINED | SPAWN_NULL_STDIO,
					.fds = &p.out,
					.n_fds = 1,
					.main = program_main,
					.arg = &p},
			&c, err);
	if (r < 0)
		return r;
	r = spawn_started(&c, err);
	if (r < 0)
		return r;
	c.stderr_fd = TAKE_FD(in);
	*ret = c;
	c = (struct child)CHILD_INIT;
	return 0;
}

/* What the program said, cut at the end of its first line. */
static void first_line(int fd, char out[STDERR_LINE_MAX])
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < STDERR_LINE_MAX - 1) {
		n = read(fd, out + len, STDERR_LINE_MAX - 1 - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	out[len] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

int spawn_program_wait(struct child *c, const char *name, struct err *err)
{
	char line[STDERR_LINE_MAX];
	int code, r;

	first_line(c->stderr_fd, line);
	r = proc_wait(c->pid, &code, err);
	c->pid = 0;
	child_fini(c);
	if (r < 0)
		return r;
	if (code == 0)
		return 0;
	if (*line)
		return err_set(err, ERR_DENIED, "%s", line);
	return err_set(err, ERR_DENIED, "%s: ended with code %d", name, code);
}

int spawn_program(const char *const *argv, struct err *err)
{
	AUTO_CHILD struct child c = CHILD_INIT;
	int r;

	r = spawn_program_start(argv, &c, err);
	return r < 0 ? r : spawn_program_wait(&c, argv[0], err);
}
