/*
 * The last step before a container's command, and the init of --init: a program without libc that
 * runs from a sealed memory file. So no process in a container ever has kist itself as
 * /proc/PID/exe, which its files could be tricked into executing or overwriting
 * (docs/decisions/0006-runtime.md). It runs with the command's final rights.
 *
 * Arguments: "kist-init" FLAGS COMMAND [ARGUMENT]..., FLAGS with two numbers at its end ("xt3,4"):
 *	x	join: fork the command as a child of our parent, write its pid to the second
 *	i	stay as PID 1: forward signals to the command, reap, end with its exit code
 *	t	descriptor 0 becomes the controlling terminal
 * The first is a descriptor that gets a struct err when the command cannot be executed, and closes
 * when it is. What else is open from 3 on is the command's.
 */
#include "base/err.h"
#include "entry.h"
#include "sys/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PATH_BYTES 4096
#define KERNEL_SIGSET_BYTES 8
#define EXIT_INVOKE 126
#define EXIT_MISSING 127
#define ALL_SIGNALS (~0ULL)

/* The compiler may turn loops and initialisers into calls of these. */
void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
_Noreturn void stub_main(long *stack) __attribute__((used));

void *memset(void *to, int c, size_t n)
{
	volatile char *p = to;

	while (n--)
		*p++ = (char)c;
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	volatile char *p = to;
	const char *q = from;

	while (n--)
		*p++ = *q++;
	return to;
}

static struct err report; /* zero: a kilobyte is not initialised on the stack */

static int status_fd, pid_fd;

static size_t text_add(size_t at, const char *s)
{
	while (*s && at + 1 < sizeof(report.text))
		report.text[at++] = *s++;
	return at;
}

static _Noreturn void leave(int code)
{
	for (;;)
		(void)sys1(SYS_exit_group, code);
}

/* The parent adds the errno's words. */
static _Noreturn void fail(enum err_code code, int errnum, const char *before, const char *name,
			   const char *behind)
{
	size_t at;

	report.code = code;
	report.sys_errno = errnum;
	at = text_add(0, before);
	at = text_add(at, name);
	(void)text_add(at, behind);
	(void)sys3(SYS_write, status_fd, &report, sizeof(report));
	leave(code == ERR_CMD_MISSING ? EXIT_MISSING : EXIT_INVOKE);
}

static bool has(const char *s, char c)
{
	for (; *s; s++)
		if (*s == c)
			return true;
	return false;
}

static const char *env_path(char **env)
{
	for (; *env; env++)
		if ((*env)[0] == 'P' && (*env)[1] == 'A' && (*env)[2] == 'T' && (*env)[3] == 'H' &&
		    (*env)[4] == '=')
			return *env + 5;
	return "";
}

static bool is_dir(const char *path)
{
	struct stat st;

	return sys4(SYS_newfstatat, AT_FDCWD, path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static bool exists(const char *path)
{
	struct stat st;

	return sys4(SYS_newfstatat, AT_FDCWD, path, &st, 0) == 0;
}

static bool is_missing(int e)
{
	return e == ENOENT || e == ENOTDIR;
}

/* A path that was given, or found: why it was not executed. */
static _Noreturn void fail_path(const char *path, int e)
{
	if (is_missing(e) && exists(path))
		fail(ERR_CMD_MISSING, e, "executing \"", path,
		     "\": its interpreter or dynamic loader is missing");
	if (is_missing(e))
		fail(ERR_CMD_MISSING, e, "executable file \"", path, "\" not found");
	if (is_dir(path))
		fail(ERR_CMD_INVOKE, 0, "executing \"", path, "\": is a directory");
	fail(ERR_CMD_INVOKE, e, "executing \"", path, "\"");
}

static _Noreturn void run_in_path(char **argv, char **env)
{
	static char file[PATH_BYTES];
	const char *p = env_path(env), *name = argv[0], *q;
	bool denied = false;
	size_t n;
	int e;

	while (*name) {
		for (n = 0; *p && *p != ':' && n < PATH_BYTES - 1; p++)
			file[n++] = *p;
		if (n > 0 && n < PATH_BYTES - 1)
			file[n++] = '/';
		for (q = name; *q && n < PATH_BYTES - 1; q++)
			file[n++] = *q;
		file[n] = '\0';
		e = *q || n == PATH_BYTES - 1 ? ENOENT : (int)-sys3(SYS_execve, file, argv, env);
		if (!is_missing(e) && !(e == EACCES && is_dir(file))) {
			if (e != EACCES)
				fail_path(file, e);
			denied = true;
		} else if (is_missing(e) && exists(file)) {
			fail_path(file, e);
		}
		while (*p && *p != ':')
			p++;
		if (!*p++)
			break;
	}
	if (denied)
		fail(ERR_CMD_INVOKE, EACCES, "executing \"", name, "\"");
	fail(ERR_CMD_MISSING, 0, "executable file \"", name, "\" not found in $PATH");
}

static _Noreturn void run(char **argv, char **env)
{
	if (!has(argv[0], '/'))
		run_in_path(argv, env);
	fail_path(argv[0], (int)-sys3(SYS_execve, argv[0], argv, env));
}

static void set_mask(unsigned long long mask)
{
	(void)sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, KERNEL_SIGSET_BYTES);
}

static void close_from(unsigned first)
{
	(void)sys3(SYS_close_range, first, ~0U, 0);
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Ends when the command has ended; what it leaves behind dies with PID 1. */
static void reap(long command)
{
	int status;
	long pid;

	while ((pid = sys4(SYS_wait4, -1, &status, WNOHANG, NULL)) > 0)
		if (pid == command)
			leave(exit_code(status));
}

static _Noreturn void init(long command)
{
	unsigned long long all = ALL_SIGNALS;
	siginfo_t info;
	long sig;

	/* Nothing is held open: its pipes shall see the end when the command closes them. */
	close_from(0);
	for (;;) {
		sig = sys4(SYS_rt_sigtimedwait, &all, &info, NULL, KERNEL_SIGSET_BYTES);
		if (sig == SIGCHLD)
			reap(command);
		else if (sig > 0 && sig != SIGTTIN && sig != SIGTTOU)
			(void)sys2(SYS_kill, command, sig);
	}
}

static long fork_with(unsigned long flags)
{
	/* The order of clone's arguments differs between architectures; all others are 0. */
	return sys5(SYS_clone, flags, 0, 0, 0, 0);
}

static bool parent_is_gone(void)
{
	struct pollfd p = {.fd = status_fd};
	struct timespec now = {0, 0};

	return sys5(SYS_ppoll, &p, 1, &now, NULL, 0) == 1 && (p.revents & POLLERR);
}

static _Noreturn void fail_fork(long r, const char *what)
{
	fail(ERR_SYS, (int)-r, what, "",
	     r == -EAGAIN ? " (is the container's --pids-limit reached?)" : "");
}

/* Only the new process is in the container's pid namespace, and it never was kist. */
static void join(void)
{
	long pid = fork_with(CLONE_PARENT);
	int report_pid = (int)pid;

	if (pid < 0)
		fail_fork(pid, "making a process in the container");
	if (pid > 0) {
		(void)sys3(SYS_write, pid_fd, &report_pid, sizeof(report_pid));
		leave(0);
	}
	(void)sys1(SYS_close, pid_fd);
	(void)sys5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (parent_is_gone())
		leave(EXIT_INVOKE);
}

static void stay(void)
{
	long pid;

	set_mask(ALL_SIGNALS);
	pid = fork_with(SIGCHLD);
	if (pid < 0)
		fail_fork(pid, "making the container's command");
	if (pid > 0)
		init(pid);
	set_mask(0);
}

/* The number at *s, and on to what follows it. */
static int take_number(const char **s)
{
	int n = 0;

	while (**s >= '0' && **s <= '9')
		n = n * 10 + *(*s)++ - '0';
	return n;
}

static void take_numbers(const char *flags)
{
	while (*flags && (*flags < '0' || *flags > '9'))
		flags++;
	status_fd = take_number(&flags);
	if (*flags == ',')
		flags++;
	pid_fd = take_number(&flags);
}

void stub_main(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1), **env = argv + argc + 1;

	if (argc < 3)
		leave(EXIT_INVOKE);
	take_numbers(argv[1]);
	(void)sys3(SYS_fcntl, status_fd, F_SETFD, FD_CLOEXEC);
	(void)sys5(SYS_prctl, PR_SET_NAME, "kist-init", 0, 0, 0);
	if (has(argv[1], 'x'))
		join();
	if (has(argv[1], 'i'))
		stay();
	(void)sys1(SYS_setsid, 0);
	if (has(argv[1], 't'))
		(void)sys3(SYS_ioctl, 0, TIOCSCTTY, 0);
	run(argv + 2, env);
}
