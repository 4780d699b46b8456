/* Killing, removing and asking groups by their recorded paths. */
#include "cgroup.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 4096
#define PROCS_MAX (1024 * 1024)
/* A process that was killed may need this long to leave its group: 2 s in all. */
#define REMOVE_TRIES 200
#define REMOVE_PAUSE_NS 10000000L

/* Only "<...>/kist/<id>" is ours. */
static bool is_ours(const char *path)
{
	const char *at = strstr(path, "/kist/");

	return str_starts(path, "/sys/fs/cgroup/") && at && at[6] && !strchr(at + 6, '/') &&
	       !strstr(path, "/..");
}

/* The number behind "oom_kill " in a file of "key value" lines. */
static bool counts_oom(int dir, const char *file)
{
	AUTO_BUF struct buf text = BUF_INIT(EVENTS_MAX);
	struct err ignored = ERR_INIT;
	struct str rest, line;

	if (file_read(dir, file, &text, &ignored) <= 0)
		return false;
	for (rest = str_of(buf_str(&text)); (line = str_cut(&rest, '\n')).ptr;)
		if (line.len > 9 && memcmp(line.ptr, "oom_kill ", 9) == 0)
			return line.ptr[9] != '0';
	return false;
}

int cgroup_oom_killed(const struct strv *paths, struct err *err)
{
	size_t i;

	(void)err; /* what cannot be read is not known */
	for (i = 0; i < paths->n; i++) {
		AUTO_CLOSE int dir = open(paths->v[i], O_DIRECTORY | O_CLOEXEC);

		if (dir >= 0 &&
		    (counts_oom(dir, "memory.events") || counts_oom(dir, "memory.oom_control")))
			return 1;
	}
	return 0;
}

static int kill_listed(int dir, const char *path, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(PROCS_MAX);
	struct str rest, line;
	uint64_t pid;
	char number[16];
	int r;

	r = file_read(dir, "cgroup.procs", &text, err);
	if (r <= 0)
		return r < 0 ? err_wrap(err, "%s", path) : 0;
	for (rest = str_of(buf_str(&text)); (line = str_cut(&rest, '\n')).ptr;) {
		if (line.len == 0 || line.len >= sizeof(number))
			continue;
		memcpy(number, line.ptr, line.len);
		number[line.len] = '\0';
		/* 0 is a process of another pid namespace: never hand that to kill(2). */
		if (parse_u64(number, "pid", 1, INT32_MAX, &pid, err) == 0)
			(void)kill((pid_t)pid, SIGKILL);
	}
	return 0;
}

int cgroup_kill_paths(const struct strv *paths, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < paths->n; i++) {
		AUTO_CLOSE int dir = -1;
		AUTO_CLOSE int file = -1;

		if (!is_ours(paths->v[i]))
			return err_set(err, ERR_BUG, "%s is no control group of kist", paths->v[i]);
		dir = open(paths->v[i], O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		file = openat(dir, "cgroup.kill", O_WRONLY | O_CLOEXEC);
		if (file >= 0 && write(file, "1", 1) == 1)
			continue;
		r = kill_listed(dir, paths->v[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int remove_one(const char *path, struct err *err)
{
	struct timespec pause = {0, REMOVE_PAUSE_NS};
	int i;

	for (i = 0; i < REMOVE_TRIES; i++) {
		if (rmdir(path) == 0 || errno == ENOENT || errno == ENODEV)
			return 0;
		if (errno != EBUSY)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return err_sys(err, errno, "removing control group %s", path);
}

int cgroup_remove_paths(const struct strv *paths, struct err *err)
{
	struct err later = ERR_INIT;
	int failed = 0, r;
	size_t i;

	for (i = 0; i < paths->n; i++) {
		if (!is_ours(paths->v[i]))
			r = err_set(&later, ERR_BUG, "%s is no control group of kist", paths->v[i]);
		else
			r = remove_one(paths->v[i], &later);
		if (r < 0 && !failed) {
			failed = r;
			*err = later;
		}
	}
	return failed;
}
