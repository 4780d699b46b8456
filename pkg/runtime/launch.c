/* What a launch consists of before the child exists, and what the parent does with it after. */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "process.h"
#include "sys/fd.h"
#include "sys/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Descriptors of a launch are moved up to here, out of the way of those that the command gets, at
 * least. */
#define FD_FIRST 16

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

extern const char runtime_stub_start[], runtime_stub_end[];

static int move_up(const struct launch *l, int *fd, struct err *err)
{
	int up;

	if (*fd < 0 || *fd >= l->above)
		return 0;
	up = fcntl(*fd, F_DUPFD_CLOEXEC, l->above);
	if (up < 0)
		return err_sys(err, errno, "moving a descriptor");
	(void)close(*fd);
	*fd = up;
	return 0;
}

/* A copy of the program that nobody can change. */
static int open_stub(struct launch *l, struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("kist-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	size_t len = (size_t)(runtime_stub_end - runtime_stub_start);
	int r;

	/* Before Linux 6.3 the flag is unknown, and what it says is the rule. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("kist-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_sys(err, errno, "memfd_create%s",
			       errno == EACCES ? " (sysctl vm.memfd_noexec must not be 2)" : "");
	r = fd_write_all(fd, runtime_stub_start, len, "stub", err);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(err, errno, "sealing the stub");
	l->stub = TAKE_FD(fd);
	return move_up(l, &l->stub, err);
}

static int pipe_up(const struct launch *l, int p[2], struct err *err)
{
	int r;

	r = fd_pipe(p, err);
	if (r == 0)
		r = move_up(l, &p[0], err);
	return r < 0 ? r : move_up(l, &p[1], err);
}

/* Copies, so that the child can put them in place in any order. What is missing becomes the
 * container's own /dev/null, once it is in there (process.c). */
static int copy_stdio(struct launch *l, struct err *err)
{
	int i, from;

	for (i = 0; i < 3; i++) {
		from = l->process->stdio[i];
		if (from < 0)
			continue;
		l->stdio[i] = fcntl(from, F_DUPFD_CLOEXEC, l->above);
		if (l->stdio[i] < 0)
			return err_sys(err, errno, "descriptor %d for the command", i);
	}
	return 0;
}

static int load_filter(struct launch *l, struct err *err)
{
	const struct runtime_process *p = l->process;

	switch (p->seccomp) {
	case RUNTIME_SECCOMP_NONE:
		return 0;
	case RUNTIME_SECCOMP_DEFAULT:
		return seccomp_default(p->caps, p->seccomp_cache, &l->filter, err);
	case RUNTIME_SECCOMP_FILE:
		break;
	}
	return err_set(err, ERR_UNSUPPORTED,
		       "--security-opt seccomp=%s: profiles from files are not supported yet (only "
		       "the default one and unconfined)",
		       p->seccomp_file ? p->seccomp_file : "FILE");
}

static void keep(struct launch *l, int fd)
{
	if (fd >= 0)
		l->keep[l->n_keep++] = fd;
}

/* The stub gets the lowest numbers that the command does not use; the command never sees them. */
static int choose_places(struct launch *l, struct err *err)
{
	const struct runtime_process *p = l->process;
	int number = STDERR_FILENO + 1, i;
	size_t k = 0;

	if (p->n_fds > RUNTIME_FDS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d descriptors for the command",
			       RUNTIME_FDS_MAX);
	for (i = 0; i < (int)ARRAY_LEN(l->places); number++) {
		while (k < p->n_fds && p->fds[k] < number)
			k++;
		if (k == p->n_fds || p->fds[k] != number)
			l->places[i++] = number;
	}
	if (p->n_fds > 0 && p->fds[p->n_fds - 1] >= number)
		number = p->fds[p->n_fds - 1] + 1;
	l->above = number > FD_FIRST ? number : FD_FIRST;
	return 0;
}

int launch_init(struct launch *l, const struct runtime_process *p, bool joins, struct err *err)
{
	size_t k;
	int r, i;

	*l = (struct launch){.process = p,
			     .filter = BUF_INIT(SECCOMP_BPF_MAX),
			     .stub = -1,
			     .status = {-1, -1},
			     .pid = {-1, -1},
			     .tty = {-1, -1},
			     .stdio = {-1, -1, -1}};
	if (!p->argv || !p->argv[0])
		return err_set(err, ERR_INVALID, "no command was given");
	r = choose_places(l, err);
	if (r == 0)
		r = load_filter(l, err);
	if (r == 0)
		r = open_stub(l, err);
	if (r == 0)
		r = pipe_up(l, l->status, err);
	if (r == 0 && joins)
		r = pipe_up(l, l->pid, err);
	if (r == 0)
		r = p->terminal ? fd_socketpair(SOCK_STREAM, l->tty, err) : copy_stdio(l, err);
	if (r == 0)
		r = move_up(l, &l->tty[1], err);
	if (r < 0)
		return r;
	keep(l, l->stub);
	keep(l, l->status[1]);
	keep(l, l->pid[1]);
	keep(l, l->tty[1]);
	for (i = 0; i < 3; i++)
		keep(l, l->stdio[i]);
	for (k = 0; k < p->n_fds; k++)
		keep(l, p->fds[k]);
	return 0;
}

static void close_fd(int *fd)
{
	auto_close_p(fd);
	*fd = -1;
}

void launch_parent(struct launch *l)
{
	int i;

	close_fd(&l->stub);
	close_fd(&l->status[1]);
	close_fd(&l->pid[1]);
	close_fd(&l->tty[1]);
	for (i = 0; i < 3; i++)
		close_fd(&l->stdio[i]);
}

void launch_fini(struct launch *l)
{
	launch_parent(l);
	close_fd(&l->status[0]);
	close_fd(&l->pid[0]);
	close_fd(&l->tty[0]);
	buf_fini(&l->filter);
}

int launch_take_terminal(struct launch *l, int *ret, struct err *err)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(l->tty[0], &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, errno, "receiving the terminal");
	c = n == 1 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret, CMSG_DATA(c), sizeof(int));
	return 0;
}

int launch_wait(struct launch *l, struct err *err)
{
	struct err got = ERR_INIT;
	size_t len;

	if (err_recv(l->status[0], &got) == 0)
		return 0;
	/* The stub has no table of errno's words. */
	if (got.sys_errno) {
		len = strlen(got.text);
		(void)snprintf(got.text + len, sizeof(got.text) - len, ": %s",
			       strerrordesc_np(got.sys_errno) ? strerrordesc_np(got.sys_errno)
							      : "unknown error");
	}
	*err = got;
	return -(int)got.code;
}

pid_t launch_take_pid(struct launch *l)
{
	int pid = 0;
	ssize_t n;

	do
		n = read(l->pid[0], &pid, sizeof(pid));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(pid) && pid > 0 ? (pid_t)pid : 0;
}
