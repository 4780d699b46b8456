/* Signals and stopping. */
#include "containers.h"
#include "base/err.h"
#include "base/times.h"
#include "spec/signals.h"
#include "sys/proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define MS_PER_S 1000
/* A timeout above this is waited for in pieces. */
#define POLL_PIECE_MS 60000

/* A descriptor of the running first process: 1, or 0 when the container does not run. *ending: its
 * monitor has not said so yet. */
static int open_process(struct container *c, int *ret_pidfd, bool *ending, struct err *err)
{
	struct container_status s;
	int r;

	*ending = false;
	r = container_get_status(c, &s, err);
	if (r < 0)
		return r;
	if (s.state != CONTAINER_RUNNING || s.pid == 0)
		return 0;
	r = proc_open(s.pid, s.pid_start, ret_pidfd, err);
	*ending = r == 0;
	return r;
}

int container_kill(struct container *c, int sig, struct err *err)
{
	struct container_status s;
	AUTO_CLOSE int pidfd = -1;
	bool ending;
	int r;

	r = open_process(c, &pidfd, &ending, err);
	if (r > 0)
		r = proc_signal(pidfd, sig, err);
	if (r > 0)
		return sig == SIGKILL ? container_wait(c, err) : 0;
	if (r == 0)
		r = container_get_status(c, &s, err);
	if (r < 0)
		return r;
	return err_set(
	    err, ERR_INVALID,
	    "can only kill running containers. %s is in state %s: container state improper",
	    c->def.id, container_state_name(s.state));
}

/* 1 when the process ended in time. */
static int wait_process(int pidfd, int64_t timeout_s, struct err *err)
{
	int64_t end = time_monotonic_ns() + timeout_s * NSEC_PER_SEC, left;
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int n;

	for (;;) {
		left = (end - time_monotonic_ns()) / (NSEC_PER_SEC / MS_PER_S);
		if (left < 0)
			left = 0;
		n = poll(&p, 1, left > POLL_PIECE_MS ? POLL_PIECE_MS : (int)left);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "waiting for the container");
		if (left == 0)
			return 0;
	}
}

int container_stop(struct container *c, int64_t timeout, struct err *err)
{
	AUTO_CLOSE int pidfd = -1;
	int r, sig = SIGTERM;
	bool ending;

	r = open_process(c, &pidfd, &ending, err);
	if (r == 0 && ending) {
		r = container_wait(c, err);
		return r < 0 ? r : 1;
	}
	if (r <= 0)
		return r;
	if (timeout < 0)
		timeout = c->def.process.stop_timeout;
	if (!str_empty(c->def.process.stop_signal))
		r = signal_parse(c->def.process.stop_signal, &sig, err);
	if (r >= 0 && timeout > 0)
		r = proc_signal(pidfd, sig, err);
	if (r >= 0)
		r = timeout > 0 ? wait_process(pidfd, timeout, err) : 0;
	if (r == 0)
		r = proc_signal(pidfd, SIGKILL, err);
	if (r >= 0)
		r = container_wait(c, err);
	return r < 0 ? err_wrap(err, "stopping container %s", c->def.name) : 1;
}
