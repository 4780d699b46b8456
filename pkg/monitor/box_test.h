/*
 * box_test.h - an ordinary shell with a monitor, as a container would have it; for live tests.
 */
#ifndef MONITOR_BOX_TEST_H
#define MONITOR_BOX_TEST_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "monitor/client.h"
#include "monitor/logs.h"
#include "monitor/setup.h"
#include "sys/fd.h"
#include "sys/lock.h"
#include "sys/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

struct box {
	/* set before box_start */
	const char *script;
	bool tty, no_log, no_first;
	const char *log; /* NULL: ctr.log in the box */
	unsigned patience_ms;
	unsigned flags, wants; /* wants 0: stdout and stderr in the foreground */
	uint64_t log_max;
	const char *const *cleanup;
	/* filled */
	char path[64];
	int dir;
	pid_t monitor;
	int client; /* first client's end, -1 with no_first */
};

static inline pid_t box_shell(const struct box *b, int in, int out, int err)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setsid();
	if (b->tty)
		(void)ioctl(in, TIOCSCTTY, 0);
	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)dup2(err, 2);
	(void)execl("/bin/sh", "sh", "-c", b->script, (char *)NULL);
	_exit(127);
}

static inline void box_tty(const struct box *b, struct monitor_setup *s)
{
	struct err err = ERR_INIT;
	unsigned number;
	int slave;

	if (tty_open_master(AT_FDCWD, "/dev/ptmx", &s->tty_fd, &number, &err) < 0 ||
	    tty_open_slave(s->tty_fd, &slave, &err) < 0)
		_exit(99);
	s->pid = box_shell(b, slave, slave, slave);
	(void)close(slave);
}

static inline void box_pipes(const struct box *b, struct monitor_setup *s)
{
	int in[2], out[2], er[2];
	struct err err = ERR_INIT;

	if (fd_pipe(in, &err) < 0 || fd_pipe(out, &err) < 0 || fd_pipe(er, &err) < 0)
		_exit(99);
	s->pid = box_shell(b, in[0], out[1], er[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(er[1]);
	s->stdin_fd = in[1];
	s->stdout_fd = out[0];
	s->stderr_fd = er[0];
}

static inline void box_monitor(const struct box *b, int client)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	struct monitor_setup s = {.id = "0123456789abcdef",
				  .flags = b->flags,
				  .state_fd = b->dir,
				  .run_fd = b->dir,
				  .log_fd = -1,
				  .log_dir_fd = b->dir,
				  .log_name = "ctr.log",
				  .log_size_max = b->log_max,
				  .tty_fd = -1,
				  .stdin_fd = -1,
				  .stdout_fd = -1,
				  .stderr_fd = -1,
				  .client_fd = client,
				  .client_wants = b->wants,
				  .patience_ms = b->patience_ms,
				  .cleanup_argv = b->cleanup,
				  .cleanup_env = env};
	struct err err = ERR_INIT;

	(void)setsid();
	if (!b->no_log)
		s.log_fd = openat(b->dir, b->log ? b->log : "ctr.log",
				  O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (lock_open(b->dir, "lock", LOCK_EXCLUSIVE, &s.lock_fd, &err) < 0 ||
	    monitor_listen(b->dir, &s.listen_fd, &err) < 0)
		_exit(99);
	if (b->tty)
		box_tty(b, &s);
	else
		box_pipes(b, &s);
	(void)monitor_exec(&s, &err);
	(void)fprintf(stderr, "monitor_exec: %s\n", err.text);
	_exit(99);
}

static inline void box_make(struct box *b)
{
	(void)snprintf(b->path, sizeof(b->path), "/tmp/kist-monitor.XXXXXX");
	assert_non_null(mkdtemp(b->path));
	b->dir = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(b->dir >= 0);
}

static inline void box_remove(struct box *b)
{
	struct err err = ERR_INIT;

	assert_int_equal(tree_remove(AT_FDCWD, b->path, &err), 0);
	(void)close(b->dir);
}

static inline void box_start(struct box *b)
{
	int pair[2] = {-1, -1}, tries;
	struct stat st;

	if (b->wants == 0)
		b->wants = MONITOR_WANT_STDOUT | MONITOR_WANT_STDERR | MONITOR_WANT_FOREGROUND;
	box_make(b);
	if (!b->no_first)
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	b->monitor = fork();
	assert_true(b->monitor >= 0);
	if (b->monitor == 0)
		box_monitor(b, pair[1]);
	if (pair[1] >= 0)
		(void)close(pair[1]);
	b->client = pair[0];
	for (tries = 0; tries < 1000 && fstatat(b->dir, "attach", &st, 0) < 0; tries++)
		(void)usleep(1000);
}

/* Waits for the monitor's end; its wait status. */
static inline int box_wait(const struct box *b)
{
	int status = -1;

	assert_int_equal(waitpid(b->monitor, &status, 0), b->monitor);
	return status;
}

static inline void box_end(struct box *b)
{
	if (b->client >= 0)
		(void)close(b->client);
	box_remove(b);
}

/* A new file to write output to, named by its use. */
static inline int box_file(const struct box *b, const char *name)
{
	int fd = openat(b->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static inline void box_read(const struct box *b, const char *name, struct buf *out)
{
	struct err err = ERR_INIT;

	buf_reset(out);
	assert_int_equal(file_read(b->dir, name, out, &err), 1);
}

static inline void box_expect(const struct box *b, const char *name, const char *text)
{
	AUTO_BUF struct buf got = BUF_INIT(1 << 20);

	box_read(b, name, &got);
	assert_string_equal(buf_str(&got), text);
}

/* Attaches with our streams as files `in` (a descriptor), "out" and "err" in the box. */
static inline struct monitor_result box_attach(struct box *b, int sock, bool is_first, int in,
					       bool will_remove)
{
	AUTO_CLOSE int out = box_file(b, "out"), er = box_file(b, "err");
	struct monitor_attach a = {.user = {.want_stdin = in >= 0,
					    .want_stdout = true,
					    .want_stderr = true,
					    .want_tty = b->tty,
					    .fds = {in, out, er}},
				   .foreground = is_first,
				   .will_remove = will_remove,
				   .is_first = is_first};
	struct monitor_result result = {0};
	struct err err = ERR_INIT;

	if (monitor_attach(sock, &a, &result, &err) < 0)
		fail_msg("%s", err.text);
	return result;
}

/* The socket's file is there a moment before anybody listens. */
static inline int box_connect(const struct box *b)
{
	struct err err = ERR_INIT;
	int fd = -1, r, tries;

	r = monitor_connect(b->dir, &fd, &err);
	for (tries = 0; r == -ERR_NOT_FOUND && tries < 1000; tries++) {
		(void)usleep(1000);
		err = (struct err)ERR_INIT;
		r = monitor_connect(b->dir, &fd, &err);
	}
	if (r < 0)
		fail_msg("%s", err.text);
	return fd;
}

#endif
