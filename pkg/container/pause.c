/*
 * A pause that ends with its owner: a child stops the container's processes, and lets them go on
 * when the pipe to the command closes, however that comes about.
 */
#include "container/pause.h"
#include "containers.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/cgroup.h"
#include "sys/fd.h"
#include "sys/lock.h"
#include "sys/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* In the run directory: held while the container is paused. */
#define PAUSE_LOCK "pause.lock"

struct container_pause {
	struct strv groups;
	struct child keeper;
	int hold; /* the keeper goes on until this is closed */
};

struct keeping {
	const struct strv *groups;
	int ready, hold;
};

static int keep_main(void *arg, struct err *err)
{
	const struct keeping *k = arg;
	ssize_t n;
	char byte = 0;
	int r;

	/* The command may be gone when the container stands still. */
	(void)signal(SIGPIPE, SIG_IGN);
	r = cgroup_freeze_paths(k->groups, err);
	if (r < 0)
		return r;
	if (write(k->ready, &byte, 1) == 1)
		do
			n = read(k->hold, &byte, 1);
		while (n < 0 && errno == EINTR);
	return cgroup_thaw_paths(k->groups, err);
}

/* The lock goes to the child, so that the next pause begins when this one is over. */
static int start_keeper(struct container_pause *p, int lock, int ready, int hold, struct err *err)
{
	struct keeping k = {.groups = &p->groups, .ready = ready, .hold = hold};
	int fds[] = {lock, ready, hold};
	struct spawn role = {
	    .name = "pause",
	    .flags = SPAWN_SESSION | SPAWN_RESET_SIGNALS | SPAWN_CLOSE_FDS | SPAWN_NULL_STDIO,
	    .fds = fds,
	    .n_fds = ARRAY_LEN(fds),
	    .main = keep_main,
	    .arg = &k,
	};

	return spawn_start(&role, &p->keeper, err);
}

static int pause_groups(struct container_pause *p, int run, struct err *err)
{
	AUTO_CLOSE int lock = -1;
	int ready[2] = {-1, -1}, hold[2] = {-1, -1}, r;
	char byte;

	r = lock_open(run, PAUSE_LOCK, LOCK_EXCLUSIVE, &lock, err);
	if (r == 0)
		r = fd_pipe(ready, err);
	if (r == 0)
		r = fd_pipe(hold, err);
	if (r == 0)
		r = start_keeper(p, lock, ready[1], hold[0], err);
	auto_close_p(&ready[1]);
	auto_close_p(&hold[0]);
	p->hold = hold[1];
	if (r == 0 && read(ready[0], &byte, 1) != 1)
		r = spawn_wait(&p->keeper, "pause", err);
	auto_close_p(&ready[0]);
	return r;
}

static int pause_running(struct container *c, struct container_pause *p, struct err *err)
{
	AUTO_CLOSE int run = -1;
	int r;

	r = state_open_run(&c->owner->state, c->def.id, &run, err);
	if (r == 0)
		r = container_read_cgroups(run, &p->groups, err);
	return r < 0 ? r : pause_groups(p, run, err);
}

int container_pause(struct container *c, struct container_pause **ret, struct err *err)
{
	AUTO(container_unpause_p) struct container_pause *p = calloc(1, sizeof(*p));
	struct container_status st;
	struct err e = ERR_INIT;
	int r;

	if (!p)
		return err_nomem(err);
	*p = (struct container_pause){.groups = STRV_INIT, .keeper = CHILD_INIT, .hold = -1};
	r = container_get_status(c, &st, err);
	if (r < 0 || st.state != CONTAINER_RUNNING)
		return r;
	if (pause_running(c, p, &e) == 0) {
		*ret = TAKE(p);
		return 0;
	}
	/* It may have ended meanwhile. */
	r = container_get_status(c, &st, err);
	if (r < 0 || st.state != CONTAINER_RUNNING)
		return r;
	*err = e;
	return err_wrap(err, "pausing container %s", c->def.name);
}

/* A keeper that was killed has left it to us. */
void container_unpause(struct container_pause *p)
{
	struct err ignored = ERR_INIT;

	if (!p)
		return;
	auto_close_p(&p->hold);
	if (p->keeper.pid > 0 && spawn_wait(&p->keeper, "pause", &ignored) < 0)
		(void)cgroup_thaw_paths(&p->groups, &ignored);
	strv_fini(&p->groups);
	free(p);
}
