/* Waiting for a container's end. */
#include "containers.h"
#include "base/err.h"
#include "monitor/client.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Holds off, until both are closed, who would remove the container. */
static int wait_held(struct container *c, int *ret_run, int *ret_lock, struct err *err)
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
	if (r < 0)
		return r;
	*ret_run = TAKE_FD(run);
	*ret_lock = TAKE_FD(lock);
	return 0;
}

int container_wait(struct container *c, struct err *err)
{
	AUTO_CLOSE int run = -1, lock = -1;

	return wait_held(c, &run, &lock, err);
}

/* Of a container that removes itself: the monitor tells the end before that begins. 1, or 0 when
 * there is none, or it cannot tell. */
static int told_by_monitor(struct container *c, int *ret_code, struct err *err)
{
	const struct monitor_attach nothing = {.foreground = false};
	struct monitor_result result = {.end = MONITOR_LOST};
	AUTO_CLOSE int run = -1, sock = -1;
	struct err ignored = ERR_INIT;
	int r;

	if (!c->def.auto_remove)
		return 0;
	r = state_find_run(&c->owner->state, c->def.id, &run, err);
	if (r <= 0)
		return r;
	if (monitor_connect(run, &sock, &ignored) < 0 ||
	    monitor_attach(sock, &nothing, &result, &ignored) < 0 || result.end != MONITOR_EXITED)
		return 0;
	*ret_code = result.code;
	return 1;
}

static int recorded(struct container *c, int *ret_code, struct err *err)
{
	struct container_status st = {0};
	AUTO_CLOSE int run = -1, lock = -1;
	int r = wait_held(c, &run, &lock, err);

	if (r == 0)
		r = container_read_end(c, run, &st, err);
	*ret_code = st.exit_code;
	return r;
}

int container_wait_code(struct container *c, int *ret_code, struct err *err)
{
	struct container_status st = {0};
	int r = told_by_monitor(c, ret_code, err);

	if (r == 0)
		r = recorded(c, ret_code, err);
	if (r != 0)
		return r < 0 ? r : 0;
	/* It never ran, its monitor was killed, or it was removed meanwhile. */
	r = state_has(&c->owner->state, c->def.id, err);
	if (r == 0)
		return container_not_found(c->def.id, err);
	if (r > 0)
		r = container_get_status(c, &st, err);
	*ret_code = st.exit_code;
	return r < 0 ? r : 0;
}

int container_remove_ended(struct container *c, struct err *err)
{
	int r = container_wait(c, err);

	return r < 0 ? r : container_remove(c, false, err);
}

int container_reap(struct container *c, struct err *err)
{
	struct container_status st;
	int r;

	if (!c->def.auto_remove)
		return 0;
	r = container_wait(c, err);
	if (r == 0)
		r = container_get_status(c, &st, err);
	/* One that was never started stays; that of which nothing is left looks like it. */
	if (r == 0 && st.state == CONTAINER_EXITED)
		r = container_remove(c, false, err);
	if (r >= 0)
		state_await_removal(&c->owner->state, c->def.id);
	return r < 0 ? r : 0;
}
