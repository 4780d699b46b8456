/*
 * Where groups are: which hierarchies there are, the base below which kist makes its own, and the
 * group of a process.
 *
 * The base is the root of the hierarchy for root; for a user it is the topmost of the groups it is
 * in that it may write (what systemd delegates: user@UID.service), since the kernel lets nobody
 * move a process out of a subtree that is not his.
 */
#include "cgroup.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define OWN_MAX (64 * 1024)

enum cgroup_mode cgroup_mode(void)
{
	struct statfs fs;

	if (statfs(CGROUP_MOUNT, &fs) < 0)
		return CGROUP_NONE;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_V2;
	if (fs.f_type != TMPFS_MAGIC)
		return CGROUP_NONE;
	if (statfs(CGROUP_UNIFIED, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_HYBRID;
	return CGROUP_V1;
}

const char *cgroup_version(void)
{
	return cgroup_mode() == CGROUP_V2 ? "v2" : "v1";
}

char *cgroup_parent(const char *path)
{
	return str_dup((struct str){path, (size_t)(strrchr(path, '/') - path)});
}

int cgroup_make_dir(const char *path, struct err *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "making cgroup %s", path);
	return 0;
}

bool cgroup_may_write(const char *dir)
{
	AUTO_FREE char *procs = str_fmt("%s/cgroup.procs", dir);

	return procs && access(dir, W_OK) == 0 && access(procs, W_OK) == 0;
}

/* The group of a process in the v2 hierarchy ("0::/path"), as this cgroup namespace names it;
 * caller frees, NULL when there is none or it lies outside. who: "self" or a pid. */
static char *group_of(const char *who)
{
	AUTO_FREE char *path = str_fmt("/proc/%s/cgroup", who);
	AUTO_BUF struct buf text = BUF_INIT(OWN_MAX);
	struct err ignored = ERR_INIT;
	struct str rest, line;

	if (!path || file_read(AT_FDCWD, path, &text, &ignored) <= 0 ||
	    strstr(buf_str(&text), "/.."))
		return NULL;
	for (rest = str_of(buf_str(&text)); (line = str_cut(&rest, '\n')).ptr;)
		if (line.len > 3 && memcmp(line.ptr, "0::", 3) == 0)
			return str_dup((struct str){line.ptr + 3, line.len - 3});
	return NULL;
}

char *cgroup_base(const char *mount)
{
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *path = NULL;
	char *best = NULL, *slash;

	if (cgroup_may_write(mount))
		return str_dup(str_of(mount));
	own = group_of("self");
	if (!own)
		return NULL;
	path = str_fmt("%s%s", mount, own);
	while (path && strlen(path) > strlen(mount) && cgroup_may_write(path)) {
		free(best);
		best = str_dup(str_of(path));
		slash = strrchr(path, '/');
		*slash = '\0';
	}
	return best;
}

int cgroup_open_group_of(const struct cgroup *cg, pid_t pid, int *ret_fd, struct err *err)
{
	const char *mount = cgroup_mode() == CGROUP_V2 ? CGROUP_MOUNT : CGROUP_UNIFIED;
	const struct cgroup_dir *top = NULL;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *own = NULL;
	char who[16];
	size_t i;

	for (i = 0; i < cg->n && !top; i++)
		top = cg->dir[i].is_v1 ? NULL : &cg->dir[i];
	(void)snprintf(who, sizeof(who), "%d", (int)pid);
	own = group_of(who);
	if (own)
		path = str_fmt("%s%s", mount, own);
	if (!top || !path || !str_starts(path, top->path) || path[strlen(top->path)] != '/')
		return 0;
	*ret_fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "opening cgroup %s", path) : 1;
}
