#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "setup.h"
#include "sys/confined.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSCTL_PATH_MAX 256

/* podman's lists. */
const char *const runtime_masked[] = {
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/dev/block",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/fs/selinux",
    NULL,
};
const char *const runtime_readonly[] = {
    "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* One empty directory hides all others: the first is made, the rest are copies of its mount. */
static int mask_dir(struct setup *s, int target, const char *path, struct err *err)
{
	static const struct mount_opt opts[] = {
	    {"mode", "0"}, {"size", "0"}, {"nr_inodes", "1"}, {0}};
	AUTO_CLOSE int copy = -1;
	int r;

	if (s->masked_dir >= 0) {
		r = mount_clone(s->masked_dir, "", false, &copy, err);
		return r < 0 ? r : mount_attach(copy, target, path, err);
	}
	r = mount_fs("tmpfs", "tmpfs", opts,
		     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		     &s->masked_dir, err);
	return r < 0 ? r : mount_attach(s->masked_dir, target, path, err);
}

static int mask(struct setup *s, const char *path, struct err *err)
{
	AUTO_CLOSE int target = -1;
	AUTO_CLOSE int null = -1;
	struct stat st;
	int r;

	r = confined_find(s->root, path, O_PATH, &target, err);
	if (r <= 0)
		return r;
	if (fstat(target, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return mask_dir(s, target, path, err);
	r = mount_clone(s->null, "", false, &null, err);
	if (r == 0)
		r = mount_attrs(null, RUNTIME_NODE_ATTRS, 0, false, err);
	return r < 0 ? r : mount_attach(null, target, path, err);
}

static int make_readonly(struct setup *s, const char *path, struct err *err)
{
	AUTO_CLOSE int target = -1;
	AUTO_CLOSE int copy = -1;
	int r;

	r = confined_find(s->root, path, O_PATH, &target, err);
	if (r <= 0)
		return r;
	r = mount_clone(target, "", true, &copy, err);
	if (r == 0)
		r = mount_attrs(copy, MOUNT_ATTR_RDONLY, 0, true, err);
	return r < 0 ? r : mount_attach(copy, target, path, err);
}

int paths_protect(struct setup *s, struct err *err)
{
	const char *const *p;
	int r;

	for (p = s->spec->readonly_paths; p && *p; p++) {
		r = make_readonly(s, *p, err);
		if (r < 0)
			return err_wrap(err, "making %s read-only", *p);
	}
	for (p = s->spec->masked; p && *p; p++) {
		r = mask(s, *p, err);
		if (r < 0)
			return err_wrap(err, "hiding %s", *p);
	}
	return 0;
}

/* ---- kernel parameters ---- */

static const struct {
	const char *prefix;
	enum runtime_ns ns;
} own[] = {
    {"net.", RUNTIME_NET},
    {"fs.mqueue.", RUNTIME_IPC},
    {"kernel.msgmax=", RUNTIME_IPC},
    {"kernel.msgmnb=", RUNTIME_IPC},
    {"kernel.msgmni=", RUNTIME_IPC},
    {"kernel.sem=", RUNTIME_IPC},
    {"kernel.shmall=", RUNTIME_IPC},
    {"kernel.shmmax=", RUNTIME_IPC},
    {"kernel.shmmni=", RUNTIME_IPC},
    {"kernel.shm_rmid_forced=", RUNTIME_IPC},
    {"kernel.domainname=", RUNTIME_UTS},
};

int paths_check_sysctl(const struct runtime_spec *spec, const char *assignment, struct err *err)
{
	size_t i;

	if (!strchr(assignment, '=') || strstr(assignment, ".."))
		return err_set(err, ERR_INVALID, "--sysctl: \"%s\" is not name=value", assignment);
	for (i = 0; i < ARRAY_LEN(own); i++) {
		if (!str_starts(assignment, own[i].prefix))
			continue;
		if (spec->ns[own[i].ns].mode != RUNTIME_NS_HOST)
			return 0;
		return err_set(err, ERR_INVALID,
			       "--sysctl: %s would change the host: the container shares that "
			       "namespace with it",
			       assignment);
	}
	return err_set(err, ERR_INVALID,
		       "--sysctl: %s is not a parameter that a container can have for itself",
		       assignment);
}

static int set_sysctl(int root, const char *assignment, struct err *err)
{
	char path[SYSCTL_PATH_MAX] = "/proc/sys/";
	const char *equals = strchr(assignment, '=');
	size_t n = (size_t)(equals - assignment), at = strlen(path), i;
	AUTO_CLOSE int fd = -1;
	int r;

	if (at + n >= sizeof(path))
		return err_set(err, ERR_LIMIT, "--sysctl: the name of %s is too long", assignment);
	for (i = 0; i < n; i++)
		path[at + i] = (char)(assignment[i] == '.' ? '/' : assignment[i]);
	path[at + n] = '\0';
	r = confined_open(root, path, O_WRONLY, 0, &fd, err);
	if (r < 0)
		return err_wrap(err, "--sysctl");
	return fd_write_all(fd, equals + 1, strlen(equals + 1), path, err);
}

int paths_sysctls(const struct setup *s, struct err *err)
{
	const char *const *p;
	int r = 0;

	for (p = s->spec->sysctls; p && *p && r == 0; p++)
		r = set_sysctl(s->root, *p, err);
	return r;
}
