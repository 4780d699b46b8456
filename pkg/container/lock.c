/* A container's lock: held by its monitor, and by commands that change the container. */
#include "containers.h"
#include "base/err.h"
#include "base/times.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

/* More than a monitor takes from the record of the end to its own (CGROUP_MS and CONFIRM_MS in
 * monitor/shim/monitor.h); others who change the container take less. */
#define LOCK_WAIT_NS (15 * NSEC_PER_SEC)
#define LOCK_PAUSE_NS 1000000L

static int gone(const struct container *c, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		       "no container with name or ID \"%s\" found: no such container", c->def.id);
}

/* One try: 1 taken, 0 somebody else has it. */
static int try_lock(struct container *c, int run, int *ret_lock, struct err *err)
{
	const struct state *s = &c->owner->state;
	AUTO_CLOSE int lock = -1;
	int r = lock_try_open(run, LOCK_FILE, LOCK_EXCLUSIVE, &lock, err);

	if (r != 0 && !state_has(s, c->def.id)) {
		/* Its run directory may be one that we made anew. */
		err_clear(err);
		r = state_remove_run(s, c->def.id, err);
		return r < 0 ? r : gone(c, err);
	}
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
		return state_has(&c->owner->state, c->def.id) ? r : gone(c, err);
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

int container_wait(struct container *c, struct err *err)
{
	AUTO_CLOSE int run = -1, lock = -1;
	int r;

	r = state_find_run(&c->owner->state, c->def.id, &run, err);
	if (r <= 0)
		return r;
	lock = openat(run, LOCK_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (lock < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", LOCK_FILE);
	/* The monitor holds it for writing until it has recorded the end. */
	r = lock_fd(lock, LOCK_SHARED, true, err);
	return r < 0 ? r : 0;
}
