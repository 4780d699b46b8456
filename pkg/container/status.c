/* What state a container is in, as the kernel says. */
#include "containers.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "monitor/setup.h"
#include "sys/fd.h"
#include "sys/lock.h"
#include "sys/proc.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define KILLED_CODE (128 + SIGKILL)
#define LOOKS_MAX 16

/* In one of both directories (start.c); run may be -1. */
static int read_started(struct container *c, int run, int64_t *ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(SMALL_FILE_MAX);
	int r;

	*ret = 0;
	r = file_read_line(c->dir, STARTED_FILE, &text, err);
	if (r == 0 && run >= 0)
		r = file_read_line(run, STARTED_FILE, &text, err);
	if (r <= 0)
		return r;
	r = parse_i64(buf_str(&text), STARTED_FILE, 0, INT64_MAX, ret, err);
	return r < 0 ? r : 1;
}

/* "<pid> <start time>": 1, or 0 when it is not there yet. */
static int read_pid(int run, struct container_status *s, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(SMALL_FILE_MAX);
	AUTO_FREE char *pid_text = NULL;
	struct str rest;
	uint64_t pid;
	int r;

	r = file_read_line(run, PID_FILE, &text, err);
	if (r <= 0)
		return r;
	rest = str_of(buf_str(&text));
	pid_text = str_dup(str_cut(&rest, ' '));
	if (!pid_text)
		return err_nomem(err);
	r = parse_u64(pid_text, PID_FILE, 1, INT32_MAX, &pid, err);
	if (r == 0)
		r = parse_u64(rest.ptr ? rest.ptr : "", PID_FILE, 0, UINT64_MAX, &s->pid_start,
			      err);
	if (r < 0)
		return r;
	s->pid = (int)pid;
	return 1;
}

/* The first process dies with its monitor, unless it gave up the death signal by changing its user
 * (gosu, su-exec). The lock is held: nobody starts the container meanwhile. */
static int kill_orphan(int run, struct err *err)
{
	struct container_status s = {0};
	AUTO_CLOSE int pidfd = -1;
	int r;

	r = read_pid(run, &s, err);
	if (r > 0)
		r = proc_open(s.pid, s.pid_start, &pidfd, err);
	if (r > 0)
		r = proc_signal(pidfd, SIGKILL, err);
	return r < 0 ? r : container_clean_cgroups(run, err);
}

/* With the disk full it is in the run directory. */
int container_read_end(struct container *c, int run, struct container_status *s, struct err *err)
{
	struct monitor_exit e;
	int r;

	r = monitor_read_exit(c->dir, &e, err);
	if (r == 0 && run >= 0)
		r = monitor_read_exit(run, &e, err);
	if (r <= 0)
		return r;
	s->state = CONTAINER_EXITED;
	s->exit_code = e.code;
	s->finished_at = e.finished_ns;
	s->oom_killed = e.oom;
	return 1;
}

/* Where the disk is full or read-only the next one who looks finds out anew. */
static void write_end(struct container *c, int run, const struct container_status *s)
{
	struct err ignored = ERR_INIT;
	char text[64];

	(void)snprintf(text, sizeof(text), "%d %lld 0\n", s->exit_code, (long long)s->finished_at);
	if (file_replace(c->dir, EXIT_FILE, 0600, text, strlen(text), 0, &ignored) < 0)
		(void)file_replace(run, EXIT_FILE, 0600, text, strlen(text), 0, &ignored);
}

/* Started, and without a recorded end? */
static int is_open_ended(struct container *c, int run, struct err *err)
{
	struct container_status s = {0};
	int r = read_started(c, run, &s.started_at, err);

	if (r > 0)
		r = container_read_end(c, run, &s, err);
	return r < 0 ? r : s.started_at != 0 && r == 0;
}

static int process_lives(int run, struct err *err)
{
	struct container_status s = {0};
	AUTO_CLOSE int pidfd = -1;
	int r = read_pid(run, &s, err);

	return r > 0 ? proc_open(s.pid, s.pid_start, &pidfd, err) : r;
}

int container_runs(struct container *c, int run, struct err *err)
{
	int r = is_open_ended(c, run, err);

	return r <= 0 ? r : process_lives(run, err);
}

/* It was started, nobody watches it, and no end was recorded: its monitor was killed (and it with
 * the monitor), or the machine went down. Whoever sees it first records it, under the lock. Returns
 * 1, or 0 when another command was faster, or has started it anew. */
static int record_lost_end(struct container *c, struct container_status *s, struct err *err)
{
	AUTO_CLOSE int run = -1, lock = -1;
	int r;

	s->state = CONTAINER_EXITED;
	s->exit_code = KILLED_CODE;
	s->finished_at = time_now_ns();
	r = container_lock(c, &run, &lock, err);
	if (r == -ERR_NOT_FOUND) {
		err_clear(err); /* it is removed meanwhile: nothing is to be recorded */
		return 1;
	}
	if (r > 0)
		r = is_open_ended(c, run, err);
	if (r <= 0)
		return r;
	r = kill_orphan(run, err);
	if (r == 0)
		write_end(c, run, s);
	return r < 0 ? r : 1;
}

static int is_locked(struct container *c, int *ret_run, struct err *err)
{
	int r = state_find_run(&c->owner->state, c->def.id, ret_run, err);

	return r <= 0 ? r : lock_is_held(*ret_run, LOCK_FILE, err);
}

/* Of one that was started and has no recorded end: 1, or 0 to look again. */
static int status_without_end(struct container *c, int run, bool held, struct container_status *s,
			      struct err *err)
{
	int r;

	if (!held)
		return record_lost_end(c, s, err);
	r = read_pid(run, s, err);
	s->state = CONTAINER_RUNNING;
	return r < 0 ? r : 1;
}

/* 1, or 0 to look again. */
static int look(struct container *c, struct container_status *s, struct err *err)
{
	AUTO_CLOSE int run = -1;
	int r, held;

	held = is_locked(c, &run, err);
	if (held < 0)
		return held;
	r = read_started(c, run, &s->started_at, err);
	/* While it is being started an old end may be there still. */
	if (r == 0 && held)
		return 1;
	if (r >= 0)
		r = container_read_end(c, run, s, err);
	if (r == 0)
		r = s->started_at ? status_without_end(c, run, held, s, err) : 1;
	return r;
}

int container_get_status(struct container *c, struct container_status *ret, struct err *err)
{
	struct container_status s;
	int r, i;

	/* Each further look means that it was started or ended in between. */
	for (i = 0, r = 0; r == 0 && i < LOOKS_MAX; i++) {
		s = (struct container_status){.state = CONTAINER_CREATED};
		r = look(c, &s, err);
	}
	if (r < 0)
		return err_wrap(err, "container %s", c->def.name);
	*ret = s;
	return 0;
}

const char *container_state_name(enum container_state s)
{
	static const char *const names[] = {"created", "running", "exited"};

	return names[s];
}
