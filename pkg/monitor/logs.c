/* Following a log: waiting for more, rotation, the end. */
#include "monitor/logs.h"
#include "base/auto.h"
#include "base/err.h"
#include "logs_impl.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

/* How often running() is asked. */
#define FOLLOW_CHECK_MS 1000
/* Without inotify (its limits are used up) we look so often. */
#define FOLLOW_POLL_MS 200

struct follow {
	int dir;
	const char *name;
	int inotify; /* -1: not available */
	int *fd;     /* the log that is open now */
};

static int log_open(int dir, const char *name, int *ret_fd, struct err *err)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "there is no log %s", name);
	if (fd < 0)
		return err_sys(err, errno, "opening the log %s", name);
	*ret_fd = fd;
	return 0;
}

/* Watches the directory: changes of the log, and another file that takes its name. */
static int watch(int dir)
{
	char path[FD_PATH_MAX];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return -1;
	if (inotify_add_watch(fd, fd_path(dir, path),
			      IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_DELETE) >= 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void wait_for_change(const struct follow *f, const struct logs_query *q)
{
	struct pollfd p = {.fd = f->inotify, .events = POLLIN};
	int64_t ms = f->inotify >= 0 ? FOLLOW_CHECK_MS : FOLLOW_POLL_MS, left;
	char events[sizeof(struct inotify_event) + NAME_MAX + 1];

	if (q->until_ns != 0) {
		left = (q->until_ns - time_now_ns()) / 1000000 + 1;
		ms = left < 0 ? 0 : left < ms ? left : ms;
	}
	if (poll(&p, 1, (int)ms) > 0)
		while (read(f->inotify, events, sizeof(events)) > 0)
			continue;
}

/* The name may belong to another file now, or the file may have become shorter. */
static int switch_file(const struct follow *f, struct logs_reader *r, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct stat now, ours;
	int fd = -1, ret;

	if (fstat(*f->fd, &ours) < 0)
		return err_sys(err, errno, "reading the log");
	if (fstatat(f->dir, f->name, &now, 0) == 0 &&
	    (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev)) {
		/* What was written to the old one until it was replaced. */
		ret = logs_reader_run(r, err);
		if (ret != 0)
			return ret;
		if (log_open(f->dir, f->name, &fd, &ignored) < 0)
			return 0; /* gone again: next time */
		(void)close(*f->fd);
		*f->fd = r->fd = fd;
		r->offset = 0;
		r->have = 0;
	} else if (ours.st_size < r->offset) {
		r->offset = 0;
		r->have = 0;
	}
	return 0;
}

static int follow(const struct follow *f, struct logs_reader *r, const struct logs_query *q,
		  struct err *err)
{
	bool last = false;
	int ret;

	for (;;) {
		ret = switch_file(f, r, err);
		if (ret == 0)
			ret = logs_reader_run(r, err);
		if (ret != 0)
			return ret;
		if (last || (q->until_ns != 0 && time_now_ns() > q->until_ns))
			return 0;
		/* Asked before the last look, so that nothing between the two is missed. */
		last = q->running && !q->running(q->arg);
		if (!last)
			wait_for_change(f, q);
	}
}

int logs_read(int dir, const char *name, const struct logs_query *q, struct err *err)
{
	AUTO(logs_reader_fini) struct logs_reader r = LOGS_READER_INIT;
	AUTO_CLOSE int fd = -1, inotify = q->follow ? watch(dir) : -1;
	const struct follow f = {.dir = dir, .name = name, .inotify = inotify, .fd = &fd};
	int64_t from = 0;
	int ret;

	ret = log_open(dir, name, &fd, err);
	if (ret == 0 && q->tail != LOGS_TAIL_ALL)
		ret = logs_tail_offset(fd, q, &from, err);
	if (ret == 0)
		ret = logs_reader_init(&r, q, fd, err);
	if (ret < 0)
		return ret;
	r.offset = from;
	ret = q->follow ? follow(&f, &r, q, err) : logs_reader_run(&r, err);
	return ret < 0 ? ret : 0;
}
