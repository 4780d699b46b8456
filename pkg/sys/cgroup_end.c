/* Killing, removing and asking groups by their recorded paths, with the groups that a container
 * made in its own. */
#include "cgroup.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <dirent.h>
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
/* A container's own groups that lie deeper are left: each level holds a descriptor. */
#define DEPTH_MAX 64

/* "<...>/kist/<id>" */
bool cgroup_is_ours(const char *path)
{
	AUTO_FREE char *parent = NULL;

	if (!str_starts(path, CGROUP_MOUNT "/") || str_ends(path, "/") || strstr(path, "/.."))
		return false;
	parent = cgroup_parent(path);
	return parent && str_ends(parent, "/kist");
}

static DIR *open_group(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		(void)close(fd);
	return d;
}

/* The next group in the directory, NULL behind the last. */
static const char *next_group(DIR *d)
{
	struct dirent *e;

	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && !streq(e->d_name, ".") && !streq(e->d_name, ".."))
			return e->d_name;
	return NULL;
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
	struct err e = ERR_INIT;
	struct str rest, line;
	uint64_t pid;
	char number[16];
	int r;

	r = file_read(dir, "cgroup.procs", &text, &e);
	/* ENODEV: somebody removed the group after it was opened, as its monitor does. */
	if (r == 0 || (r < 0 && err_is_errno(&e, ENODEV)))
		return 0;
	if (r < 0) {
		*err = e;
		return err_wrap(err, "%s", path);
	}
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

/* Without cgroup.kill: each group by its list. */
static int kill_group(int parent, const char *path, int depth, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = open_group(parent, path);
	const char *child;
	int r;

	if (!d || depth == DEPTH_MAX)
		return 0;
	r = kill_listed(dirfd(d), path, err);
	while (r == 0 && (child = next_group(d)))
		r = kill_group(dirfd(d), child, depth + 1, err);
	return r;
}

int cgroup_kill_paths(const struct strv *paths, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < paths->n; i++) {
		AUTO_CLOSE int dir = -1;
		AUTO_CLOSE int file = -1;

		if (!cgroup_is_ours(paths->v[i]))
			return err_set(err, ERR_BUG, "%s is no control group of kist", paths->v[i]);
		dir = open(paths->v[i], O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		file = openat(dir, "cgroup.kill", O_WRONLY | O_CLOEXEC);
		if (file >= 0 && write(file, "1", 1) == 1)
			continue;
		r = kill_group(AT_FDCWD, paths->v[i], 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* With the groups in it. EBUSY while something in them has not ended. */
static int remove_group(int parent, const char *name, int depth, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = NULL;
	struct err ignored = ERR_INIT;
	const char *child;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENODEV)
		return 0;
	if (errno != EBUSY || depth == DEPTH_MAX)
		return err_sys(err, errno, "removing control group %s", name);
	d = open_group(parent, name);
	while (d && (child = next_group(d)))
		(void)remove_group(dirfd(d), child, depth + 1, &ignored);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	return err_sys(err, errno, "removing control group %s", name);
}

static int remove_one(const char *path, struct err *err)
{
	struct timespec pause = {0, REMOVE_PAUSE_NS};
	int i, r = 0;

	for (i = 0; i < REMOVE_TRIES; i++) {
		err_clear(err);
		r = remove_group(AT_FDCWD, path, 0, err);
		if (r == 0 || !err_is_errno(err, EBUSY))
			return r;
		(void)nanosleep(&pause, NULL);
	}
	return r;
}

int cgroup_remove_paths(const struct strv *paths, struct err *err)
{
	struct err later = ERR_INIT;
	int failed = 0, r;
	size_t i;

	for (i = 0; i < paths->n; i++) {
		if (!cgroup_is_ours(paths->v[i]))
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
