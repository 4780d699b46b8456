/*
 * Starting a container.
 *
 * The command makes what is needed (run directory, pipes, listening socket), holding the
 * container's lock, and spawns the monitor-to-be. That process starts the container's first process
 * as its own child, records it, and becomes the monitor by exec; it inherits the lock. The command
 * learns of every failure through the spawn's status pipe, and of success when it closes on exec.
 */
#include "containers.h"
#include "rspec.h"
#include "base/err.h"
#include "container/mount.h"
#include "base/times.h"
#include "config/containers.h"
#include "monitor/client.h"
#include "monitor/setup.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Everything the monitor-to-be works with. Descriptors are -1 where there is none. */
struct launch {
	struct container *c;
	const struct container_start_options *o;
	struct rspec rs;
	int run, lock, listen, client, log;
	int in[2], out[2], errs[2]; /* pipes: read end, write end */
};

#define LAUNCH_INIT                                                                                \
	{                                                                                          \
		.rs = {.upper = -1, .work = -1, .seccomp_cache = -1}, .run = -1, .lock = -1,       \
		.listen = -1, .client = -1, .log = -1, .in = {-1, -1}, .out = {-1, -1}, .errs = {  \
			-1,                                                                        \
			-1                                                                         \
		}                                                                                  \
	}

static void close_all(const int *fds, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

static void launch_fini(struct launch *l)
{
	const int fds[] = {l->run,   l->lock,	l->listen, l->client,  l->log,	  l->in[0],
			   l->in[1], l->out[0], l->out[1], l->errs[0], l->errs[1]};

	close_all(fds, ARRAY_LEN(fds));
	rspec_fini(&l->rs);
}

/* What an earlier run of this container left. */
static int forget_last_run(struct launch *l, struct err *err)
{
	int r = container_clean_cgroups(l->run, err);

	if (r < 0)
		return r;
	/* Absent is fine; so is the order, since we hold the lock. */
	(void)unlinkat(l->c->dir, STARTED_FILE, 0);
	(void)unlinkat(l->run, STARTED_FILE, 0);
	(void)unlinkat(l->c->dir, EXIT_FILE, 0);
	(void)unlinkat(l->run, EXIT_FILE, 0);
	(void)unlinkat(l->run, PID_FILE, 0);
	return 0;
}

static int open_log(struct launch *l, struct err *err)
{
	const char *path = l->c->def.log_path;

	if (streq(l->c->def.log_driver ? l->c->def.log_driver : "", "none"))
		return 0;
	l->log = openat(path ? AT_FDCWD : l->c->dir, path ? path : LOG_FILE,
			O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	return l->log < 0 ? err_sys(err, errno, "opening the log %s", path ? path : LOG_FILE) : 0;
}

static int make_stdio(struct launch *l, struct runtime_process *p, struct err *err)
{
	int r = 0;

	if (p->terminal)
		return 0;
	if (l->c->def.process.stdin_open)
		r = fd_pipe(l->in, err);
	if (r == 0)
		r = fd_pipe(l->out, err);
	if (r == 0)
		r = fd_pipe(l->errs, err);
	p->stdio[0] = l->in[0];
	p->stdio[1] = l->out[1];
	p->stdio[2] = l->errs[1];
	return r;
}

/* Where start and end are recorded. A container that removes itself needs no record that outlives
 * the machine's run, and files on tmpfs are cheap. */
static int records_of(const struct launch *l)
{
	return l->c->def.auto_remove ? l->run : l->c->dir;
}

/* Written before the container runs, since it may fill the disk at once; named when it does run. */
static int write_started(int dir, struct err *err)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld\n", (long long)time_now_ns());
	(void)unlinkat(dir, STARTED_NEW, 0); /* of a command that was killed */
	return file_create(dir, STARTED_NEW, 0600, text, strlen(text), err);
}

static int name_started(int dir, struct err *err)
{
	if (renameat(dir, STARTED_NEW, dir, STARTED_FILE) < 0)
		return err_sys(err, errno, "naming %s", STARTED_FILE);
	return 0;
}

static int write_pid(int run, const struct runtime_proc *proc, struct err *err)
{
	char text[PROC_ID_MAX];

	(void)proc_id_format(proc->pid, proc->start_time, text);
	return file_replace(run, PID_FILE, 0600, text, strlen(text), 0, err);
}

static int become_monitor(struct launch *l, const struct runtime_proc *proc, struct err *err)
{
	const struct container_def *def = &l->c->def;
	int64_t log_max = l->c->owner->conf->log_size_max;
	struct monitor_setup setup = {
	    .id = def->id,
	    .pid = proc->pid,
	    .flags = l->client >= 0 ? MONITOR_STDIN_ONCE : 0,
	    .lock_fd = l->lock,
	    .state_fd = l->c->dir,
	    .run_fd = l->run,
	    .log_fd = l->log,
	    .log_dir_fd = l->c->dir,
	    .log_name = LOG_FILE,
	    .log_size_max = log_max > 0 && !def->log_path ? (uint64_t)log_max : 0,
	    .tty_fd = proc->pty,
	    .stdin_fd = l->in[1],
	    .stdout_fd = l->out[0],
	    .stderr_fd = l->errs[0],
	    .listen_fd = l->listen,
	    .client_fd = l->client,
	    .client_wants = MONITOR_WANT_STDOUT | MONITOR_WANT_STDERR | MONITOR_WANT_FOREGROUND |
			    (def->process.stdin_open ? MONITOR_WANT_STDIN : 0) |
			    (def->auto_remove ? MONITOR_WANT_REMOVE : 0),
	    .cleanup_argv = def->auto_remove ? l->o->rerun : NULL,
	    .cleanup_env = (const char *const *)environ,
	};

	return monitor_exec(&setup, err);
}

/* Runs in the monitor-to-be. What fails here ends it, and with it the container. */
static int launch_main(void *arg, struct err *err)
{
	AUTO_STRV struct strv cgroups = STRV_INIT;
	struct runtime_proc proc = RUNTIME_PROC_INIT;
	struct launch *l = arg;
	const int others[] = {l->in[0], l->out[1], l->errs[1]};
	int records = records_of(l), r;

	r = write_started(records, err);
	if (r < 0)
		return r;
	r = runtime_start(&l->rs.spec, &proc, &cgroups, err);
	if (r < 0) {
		(void)unlinkat(records, STARTED_NEW, 0); /* the next start does it, too */
		return r;
	}
	/* The container's ends must be its own, or the end of its output is never seen. */
	close_all(others, ARRAY_LEN(others));
	close_all(l->o->fds, l->o->n_fds);
	r = write_pid(l->run, &proc, err);
	if (r == 0)
		r = name_started(records, err);
	return r < 0 ? r : become_monitor(l, &proc, err);
}

static int spawn_monitor(struct launch *l, struct err *err)
{
	struct spawn role = {
	    .name = "monitor",
	    .flags = SPAWN_SESSION | SPAWN_RESET_SIGNALS,
	    .main = launch_main,
	    .arg = l,
	};
	struct child child = CHILD_INIT;
	int r;

	r = spawn_start(&role, &child, err);
	if (r < 0)
		return r;
	r = spawn_started(&child, err);
	/* It stays: only our own descriptors of it are closed. */
	close_all((const int[]){child.pidfd, child.status_fd}, 2);
	return r;
}

static int launch_prepare(struct launch *l, int *ret_client, struct err *err)
{
	int pair[2] = {-1, -1}, r;

	r = forget_last_run(l, err);
	if (r == 0)
		r = rspec_build(l->c, l->run, &l->rs, err);
	l->rs.spec.process.fds = l->o->fds;
	l->rs.spec.process.n_fds = l->o->n_fds;
	if (r == 0)
		r = make_stdio(l, &l->rs.spec.process, err);
	if (r == 0)
		r = open_log(l, err);
	if (r == 0)
		r = monitor_listen(l->run, &l->listen, err);
	if (r == 0 && l->o->attach) {
		r = fd_socketpair(SOCK_SEQPACKET, pair, err);
		l->client = pair[1];
		*ret_client = pair[0];
	}
	return r;
}

int container_start(struct container *c, const struct container_start_options *o, int *ret_client,
		    struct err *err)
{
	AUTO(launch_fini) struct launch l = LAUNCH_INIT;
	AUTO_CLOSE int client = -1;
	int r;

	l.c = c;
	l.o = o;
	r = container_lock(c, &l.run, &l.lock, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_IN_USE, "container %s is already running", c->def.name);
	/* Two mounts of one writable layer would damage it. */
	r = container_unmount(c, false, err);
	if (r == -ERR_IN_USE) {
		/* Which is said of those that run. */
		err->code = ERR_INVALID;
		return -ERR_INVALID;
	}
	if (r >= 0)
		r = launch_prepare(&l, &client, err);
	if (r == 0)
		r = spawn_monitor(&l, err);
	if (r < 0) {
		(void)unlinkat(l.run, "attach", 0);
		return r;
	}
	if (o->attach)
		*ret_client = TAKE_FD(client);
	return 0;
}

int container_attach(struct container *c, int *ret_client, struct err *err)
{
	AUTO_CLOSE int run = -1;
	int r;

	r = state_find_run(&c->owner->state, c->def.id, &run, err);
	if (r > 0)
		r = monitor_connect(run, ret_client, err);
	else if (r == 0)
		r = err_set(err, ERR_NOT_FOUND, "no monitor");
	if (r == -ERR_NOT_FOUND)
		return err_set(
		    err, ERR_INVALID,
		    "you can only attach to running containers: container %s does not run",
		    c->def.name);
	return r;
}
