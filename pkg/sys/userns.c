#include "sys/userns.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "sys/caps.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The kernel takes a map in one write of less than a page. */
#define MAP_TEXT_MAX 4096
#define INITIAL_MAP_COUNT "4294967295"

static int write_proc(pid_t pid, const char *name, const char *text, size_t len, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "opening %s", path);
	if (write(fd, text, len) != (ssize_t)len)
		return err_sys(err, errno, "writing %s", path);
	return 0;
}

static int write_map(pid_t pid, const char *name, const struct idmap *m, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MAP_TEXT_MAX);
	size_t i;
	int r;

	for (i = 0; i < m->n; i++)
		buf_addf(&text, "%u %u %u\n", m->range[i].inside, m->range[i].outside,
			 m->range[i].count);
	r = buf_check(&text, "ID map", err);
	if (r < 0)
		return r;
	return write_proc(pid, name, buf_str(&text), text.len, err);
}

static int write_maps(pid_t pid, const struct idmaps *maps, struct err *err)
{
	int r;

	if (maps->single) {
		r = write_proc(pid, "setgroups", "deny", 4, err);
		if (r < 0)
			return r;
	}
	r = write_map(pid, "gid_map", &maps->gids, err);
	if (r < 0)
		return r;
	return write_map(pid, "uid_map", &maps->uids, err);
}

static int helper_start(const char *program, pid_t pid, const struct idmap *m, struct child *ret,
			struct err *err)
{
	AUTO_STRV struct strv argv = STRV_INIT;
	size_t i;
	int r;

	r = strv_add(&argv, program, err);
	if (r == 0)
		r = strv_addf(&argv, err, "%d", (int)pid);
	for (i = 0; i < m->n && r == 0; i++) {
		r = strv_addf(&argv, err, "%u", m->range[i].inside);
		if (r == 0)
			r = strv_addf(&argv, err, "%u", m->range[i].outside);
		if (r == 0)
			r = strv_addf(&argv, err, "%u", m->range[i].count);
	}
	if (r < 0)
		return r;
	r = spawn_program_start((const char *const *)argv.v, ret, err);
	if (r < 0 && err->code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND,
			       "%s is not installed: it gives an ordinary user its subordinate "
			       "IDs (package uidmap, on Fedora shadow-utils)",
			       program);
	return r;
}

static int helper_wait(struct child *c, const char *program, struct err *err)
{
	int r;

	r = spawn_program_wait(c, program, err);
	if (r < 0)
		return err_wrap(err,
				"mapping subordinate IDs (%s must be setuid root, and "
				"/etc/subuid and /etc/subgid must have these ranges)",
				program);
	return 0;
}

static int map_by_helpers(pid_t pid, const struct idmaps *maps, struct err *err)
{
	AUTO_CHILD struct child u = CHILD_INIT;
	AUTO_CHILD struct child g = CHILD_INIT;
	int r;

	r = helper_start("newuidmap", pid, &maps->uids, &u, err);
	if (r < 0)
		return r;
	r = helper_start("newgidmap", pid, &maps->gids, &g, err);
	if (r < 0)
		return r;
	r = helper_wait(&u, "newuidmap", err);
	if (r < 0)
		return r;
	return helper_wait(&g, "newgidmap", err);
}

int userns_set_maps(pid_t pid, const struct idmaps *maps, struct err *err)
{
	uint64_t need = CAPS_BIT(CAP_SETUID) | CAPS_BIT(CAP_SETGID);

	if (maps->single || (caps_effective() & need) == need)
		return write_maps(pid, maps, err);
	return map_by_helpers(pid, maps, err);
}

int userns_run(const struct idmaps *maps, unsigned flags, const int *fds, size_t n_fds,
	       int (*fn)(void *arg, struct err *err), void *arg, struct err *err)
{
	struct spawn s = {
	    .name = "userns",
	    .flags = SPAWN_CONFINED,
	    .fds = fds,
	    .n_fds = n_fds,
	    .clone_flags = CLONE_NEWUSER | (flags & USERNS_MOUNT ? CLONE_NEWNS : 0),
	    .maps = maps,
	    .main = fn,
	    .arg = arg,
	};

	return spawn_run(&s, err);
}

bool userns_is_initial(void)
{
	AUTO_BUF struct buf text = BUF_INIT(MAP_TEXT_MAX);
	struct err ignored = ERR_INIT;
	unsigned inside = 1, outside = 1;
	char count[16] = "";

	if (file_read(AT_FDCWD, "/proc/self/uid_map", &text, &ignored) <= 0)
		return false;
	return sscanf(buf_str(&text), "%u %u %15s", &inside, &outside, count) == 3 && inside == 0 &&
	       outside == 0 && streq(count, INITIAL_MAP_COUNT);
}
