/*
 * exec.c - becoming the monitor: the embedded program in a memory file, its descriptors at their
 * places, nothing else open.
 */
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "monitor/setup.h"
#include "shim/wire.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

#define LISTEN_BACKLOG 16
/* Descriptors are parked from here on before they move to their final numbers. */
#define PARK_AT 64

extern const char monitor_program[], monitor_program_end[];

int monitor_listen(int run_fd, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char dir[FD_PATH_MAX];

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "making the attach socket");
	if (unlinkat(run_fd, "attach", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing an old attach socket");
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/attach", fd_path(run_fd, dir));
	/* bind takes the mode of the file from the socket. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, LISTEN_BACKLOG) < 0)
		return err_sys(err, errno, "binding the attach socket");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* A file in a directory of the container, for kernels whose administrator forbids to execute memory
 * files (sysctl vm.memfd_noexec=2). It has no name for longer than it takes to open it. */
static int program_in_file(int dir, int *ret_fd, struct err *err)
{
	static const char name[] = ".monitor-program";
	int r, fd;

	(void)unlinkat(dir, name, 0);
	r = file_create(dir, name, 0700, monitor_program,
			(size_t)(monitor_program_end - monitor_program), err);
	if (r < 0)
		return r;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	(void)unlinkat(dir, name, 0);
	if (fd < 0)
		return err_sys(err, errno, "opening the monitor program");
	*ret_fd = fd;
	return 0;
}

static int program_open(int dir, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("kist-monitor", MFD_CLOEXEC | MFD_EXEC);
	int r;

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("kist-monitor", MFD_CLOEXEC);
	if (fd < 0)
		return program_in_file(dir, ret_fd, err);
	r = fd_write_all(fd, monitor_program, (size_t)(monitor_program_end - monitor_program),
			 "the monitor program", err);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int32_t utc_offset(void)
{
	time_t now = time(NULL);
	struct tm tm;

	return localtime_r(&now, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

struct place {
	int fd, at;
};

static void places_of(const struct monitor_setup *s, int wire_pipe,
		      struct place out[FD_END - FD_SETUP])
{
	bool tty = s->tty_fd >= 0;
	const struct place all[FD_END - FD_SETUP] = {
	    {wire_pipe, FD_SETUP},
	    {s->lock_fd, FD_LOCK},
	    {s->state_fd, FD_STATE},
	    {s->run_fd, FD_RUN},
	    {s->log_fd, FD_LOG},
	    {s->log_size_max > 0 ? s->log_dir_fd : -1, FD_LOG_DIR},
	    {s->tty_fd, FD_TTY},
	    {tty ? -1 : s->stdin_fd, FD_STDIN},
	    {tty ? -1 : s->stdout_fd, FD_STDOUT},
	    {tty ? -1 : s->stderr_fd, FD_STDERR},
	    {s->listen_fd, FD_LISTEN},
	    {s->client_fd, FD_CLIENT},
	};

	memcpy(out, all, sizeof(all));
}

/* Out of the way of the final numbers first, so that no move overwrites a later one's source. */
static int park(int *fd, struct err *err)
{
	int moved;

	if (*fd < 0)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, PARK_AT);
	if (moved < 0)
		return err_sys(err, errno, "preparing the monitor's descriptors");
	*fd = moved;
	return 0;
}

static int take_places(struct place *p, size_t n, int *program, struct err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t i;
	int r = 0;

	if (null < 0)
		return err_sys(err, errno, "opening /dev/null");
	if (park(program, err) < 0 || park(&null, err) < 0)
		return -(int)err->code;
	for (i = 0; i < n && r == 0; i++)
		r = park(&p[i].fd, err);
	for (i = 0; i < 3 && r == 0; i++)
		if (dup3(null, (int)i, 0) < 0)
			r = err_sys(err, errno, "preparing the monitor's descriptors");
	for (i = 0; i < n && r == 0; i++) {
		if (p[i].fd < 0)
			(void)close(p[i].at);
		else if (dup3(p[i].fd, p[i].at, O_CLOEXEC) < 0)
			r = err_sys(err, errno, "preparing the monitor's descriptors");
	}
	return r;
}

/* After this the numbers below FD_END are for the program to keep, all others go with exec. */
static void mark_descriptors(const struct place *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i].fd >= 0)
			(void)fcntl(p[i].at, F_SETFD, 0);
	(void)syscall(SYS_close_range, FD_END, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
}

static bool is_in(int sig, const int *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] == sig)
			return true;
	return false;
}

/* Ignored rather than blocked, so that no system call of the monitor is interrupted. The cleanup
 * command gets the defaults back. */
static void ignore_signals(void)
{
	static const int keep[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS,
				   SIGILL,  SIGFPE,  SIGTRAP, SIGABRT, SIGSYS};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;
	int s;

	/* SIGCHLD must not be ignored even for a moment: the kernel would reap a container that
	 * ends just then, and its exit code would be lost. */
	for (s = 1; s < NSIG; s++)
		(void)sigaction(s, is_in(s, keep, ARRAY_LEN(keep)) ? &usual : &ignore, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int send_wire(const struct monitor_setup *s, int *ret_pipe, struct err *err)
{
	struct wire w = {.magic = WIRE_MAGIC,
			 .pid = (int32_t)s->pid,
			 .flags = s->flags,
			 .client_wants = s->client_wants,
			 .utc_offset = utc_offset(),
			 .patience_ms = s->patience_ms,
			 .log_size_max = s->log_fd >= 0 ? s->log_size_max : 0};
	struct place p[FD_END - FD_SETUP];
	int ends[2], r;
	size_t i;

	if (w.log_size_max > 0) {
		if (str_empty(s->log_name) || strlen(s->log_name) + 4 >= sizeof(w.log_name))
			return err_set(err, ERR_INVALID, "log file name too long for a size limit");
		memcpy(w.log_name, s->log_name, strlen(s->log_name) + 1);
	}
	places_of(s, -1, p);
	for (i = 0; i < ARRAY_LEN(p); i++)
		if (p[i].fd >= 0)
			w.fds |= 1U << p[i].at;
	r = fd_pipe(ends, err);
	if (r < 0)
		return r;
	r = fd_write_all(ends[1], &w, sizeof(w), "the monitor's setup", err);
	(void)close(ends[1]);
	if (r < 0)
		(void)close(ends[0]);
	else
		*ret_pipe = ends[0];
	return r;
}

static int set_nonblock(const struct monitor_setup *s, struct err *err)
{
	const int fds[] = {s->tty_fd, s->stdin_fd, s->stdout_fd, s->stderr_fd, s->listen_fd};
	size_t i;
	int r = 0;

	for (i = 0; i < ARRAY_LEN(fds) && r == 0; i++)
		if (fds[i] >= 0)
			r = fd_set_nonblock(fds[i], true, err);
	return r;
}

int monitor_exec(const struct monitor_setup *s, struct err *err)
{
	AUTO_STRV struct strv argv = STRV_INIT;
	static const char *const no_env[] = {NULL};
	struct place p[FD_END - FD_SETUP];
	int program = -1, wire = -1, r;
	size_t i;

	r = strv_add(&argv, "kist-monitor", err);
	if (r == 0)
		r = strv_add(&argv, s->id ? s->id : "", err);
	for (i = 0; r == 0 && s->cleanup_argv && s->cleanup_argv[i]; i++)
		r = strv_add(&argv, s->cleanup_argv[i], err);
	if (r == 0)
		r = set_nonblock(s, err);
	if (r == 0)
		r = program_open(s->log_dir_fd >= 0 ? s->log_dir_fd : s->state_fd, &program, err);
	if (r == 0)
		r = send_wire(s, &wire, err);
	if (r < 0)
		return r;
	places_of(s, wire, p);
	r = take_places(p, ARRAY_LEN(p), &program, err);
	if (r < 0)
		return r;
	(void)!chdir("/");
	ignore_signals();
	mark_descriptors(p, ARRAY_LEN(p));
	(void)syscall(SYS_execveat, program, "", argv.v, s->cleanup_env ? s->cleanup_env : no_env,
		      AT_EMPTY_PATH);
	return err_sys(err, errno, "starting the monitor");
}
