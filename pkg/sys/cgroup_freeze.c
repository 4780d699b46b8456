/* Stopping all processes of a v2 group for a while, in the groups below it, too. */
#include "cgroup.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/times.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define EVENTS_MAX 4096
#define FROZEN "frozen 1"
/* Who waits for a disk is not stopped before it has what it waits for. */
#define FREEZE_MS 10000
#define POLL_MS 100

/* Opens cgroup.freeze and its directory: 1, or 0 when none of the groups has one. */
static int open_freezer(const struct strv *paths, int *ret_dir, int *ret_file, struct err *err)
{
	size_t i;

	for (i = 0; i < paths->n; i++) {
		AUTO_CLOSE int dir = -1, file = -1;

		if (!cgroup_is_ours(paths->v[i]))
			return err_set(err, ERR_BUG, "%s is no control group of kist", paths->v[i]);
		dir = open(paths->v[i], O_DIRECTORY | O_CLOEXEC);
		file = dir < 0 ? -1 : openat(dir, "cgroup.freeze", O_WRONLY | O_CLOEXEC);
		if (file < 0)
			continue;
		*ret_dir = TAKE_FD(dir);
		*ret_file = TAKE_FD(file);
		return 1;
	}
	return 0;
}

static int is_frozen(int dir, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(EVENTS_MAX);
	int r = file_read(dir, "cgroup.events", &text, err);

	return r < 0 ? r : strstr(buf_str(&text), FROZEN) != NULL;
}

static int wait_frozen(int dir, struct err *err)
{
	int64_t until = time_monotonic_ns() + FREEZE_MS * (NSEC_PER_SEC / 1000);
	AUTO_CLOSE int events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd p = {.fd = events, .events = POLLPRI};
	int r;

	for (;;) {
		r = is_frozen(dir, err);
		if (r != 0)
			return r < 0 ? r : 0;
		if (time_monotonic_ns() >= until)
			return err_set(err, ERR_TIMEOUT,
				       "its processes cannot be stopped: one of them waits for the "
				       "kernel for more than %d s",
				       FREEZE_MS / 1000);
		(void)poll(&p, 1, POLL_MS);
	}
}

int cgroup_freeze_paths(const struct strv *paths, struct err *err)
{
	AUTO_CLOSE int dir = -1, file = -1;
	int r = open_freezer(paths, &dir, &file, err);

	if (r == 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "it has no control group of cgroup v2, by which its processes could "
			       "be stopped");
	if (r < 0)
		return r;
	if (write(file, "1", 1) != 1)
		return err_sys(err, errno, "stopping its processes");
	r = wait_frozen(dir, err);
	if (r < 0)
		(void)!write(file, "0", 1);
	return r;
}

int cgroup_thaw_paths(const struct strv *paths, struct err *err)
{
	AUTO_CLOSE int dir = -1, file = -1;
	int r = open_freezer(paths, &dir, &file, err);

	/* ENODEV: the container has ended, and its group is gone. */
	if (r > 0 && write(file, "0", 1) != 1 && errno != ENODEV)
		return err_sys(err, errno, "letting its processes go on");
	return r < 0 ? r : 0;
}
