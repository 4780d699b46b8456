/* A container's lock: held by its monitor, and by commands that change the container. */
#include "containers.h"
#include "base/err.h"
#include "base/times.h"
#include "sys/lock.h"

#include <time.h>

/* More than a monitor takes from the record of the end to its own (CGROUP_MS and CONFIRM_MS in
 * monitor/shim/monitor.h); others who change the container take less. */
#define LOCK_WAIT_NS (15 * NSEC_PER_SEC)
#define LOCK_PAUSE_NS 1000000L

/* After an error, and after the lock was taken: it may be the lock of a run directory that was made
 * anew after the container was removed. Returns before when the container is there. */
static int if_gone(const struct container *c, int before, struct err *err)
{
	const struct state *s = &c->owner->state;
	struct err e = ERR_INIT;
	int r = state_has(s, c->def.id, &e);

	if (r > 0)
		return before;
	if (r == 0)
		r = state_remove_run(s, c->def.id, &e);
	if (r == 0)
		r = container_not_found(c->def.id, &e);
	*err = e;
	return r;
}

static int try_lock(struct container *c, int run, int *ret_lock, struct err *err)
{
	AUTO_CLOSE int lock = -1;
	int r = lock_try_open(run, LOCK_FILE, LOCK_EXCLUSIVE, &lock, err);

	if (r != 0)
		r = if_gone(c, r, err);
	if (r > 0)
		*ret_lock = TAKE_FD(lock);
	return r;
}

int container_lock(struct container *c, int *ret_run, int *ret_lock, struct err *err)
{
	int64_t until = time_monotonic_ns() + LOCK_WAIT_NS;
	AUTO_CLOSE int run = -1;
	int r;

	r = state_open_run(&c->owner->state, c->def.id, &run, err);
	if (r < 0)
		return if_gone(c, r, err);
	for (;;) {
		r = try_lock(c, run, ret_lock, err);
		if (r > 0)
			*ret_run = TAKE_FD(run);
		if (r != 0)
			return r;
		/* Held, and not running: it is being started, ended or removed, or waited for. */
		r = container_runs(c, run, err);
		if (r != 0 || time_monotonic_ns() >= until)
			return r < 0 ? r : 0;
		(void)nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
	}
}
