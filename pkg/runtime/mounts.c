/* What is mounted below the new root. Targets are opened below it (sys/confined.h): symlinks of
 * the image are followed inside only. */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "setup.h"
#include "sys/caps.h"
#include "sys/confined.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NOTHING (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define TMPFS_OPTIONS_MAX 32
#define OPTION_TEXT_MAX 1024

/* Targets that differ only in slashes at the end are the same. */
static bool same_target(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	while (na > 1 && a[na - 1] == '/')
		na--;
	while (nb > 1 && b[nb - 1] == '/')
		nb--;
	return na == nb && memcmp(a, b, na) == 0;
}

const struct runtime_mount *mounts_find(const struct runtime_spec *spec, const char *target)
{
	size_t i;

	for (i = 0; i < spec->n_mounts; i++)
		if (same_target(spec->mounts[i].target, target))
			return &spec->mounts[i];
	return NULL;
}

static int make_file(int root, const char *path, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int parent = -1;
	AUTO_CLOSE int made = -1;
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *dir = NULL;
	int r;

	dir = slash && slash > path ? str_dup((struct str){path, (size_t)(slash - path)})
				    : str_dup(str_of("/"));
	if (!dir)
		return err_nomem(err);
	r = confined_mkdirs(root, dir, 0755, &parent, err);
	if (r == 0)
		r = confined_open(root, path, O_CREAT | O_WRONLY | O_NONBLOCK | O_NOCTTY, 0644,
				  &made, err);
	if (r < 0)
		return r;
	return confined_open(root, path, O_PATH, 0, ret_fd, err);
}

int mounts_target(int root, const char *path, bool is_dir, int *ret_fd, struct err *err)
{
	int r;

	r = confined_find(root, path, O_PATH, ret_fd, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return is_dir ? confined_mkdirs(root, path, 0755, ret_fd, err)
		      : make_file(root, path, ret_fd, err);
}

/* The kernel's own file systems go onto real directories: with a symlink there, an image could have
 * them where nothing expects them. */
int mounts_attach_at(struct setup *s, int fd, const char *path, struct err *err)
{
	AUTO_CLOSE int target = -1;
	struct stat st;
	int r;

	r = confined_find(s->root, path, O_PATH | O_NOFOLLOW, &target, err);
	if (r == 0)
		r = confined_mkdirs(s->root, path, 0755, &target, err);
	if (r < 0)
		return r;
	if (fstat(target, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_DENIED, "the image has no directory %s, but something else",
			       path);
	return mount_attach(fd, target, path, err);
}

static int mount_at(struct setup *s, const char *type, const struct mount_opt *opts, uint64_t attrs,
		    const char *path, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	r = mount_fs(type, type, opts, attrs, &fd, err);
	return r < 0 ? r : mounts_attach_at(s, fd, path, err);
}

/* ---- sources of binds, opened while the host's tree is untouched ---- */

int mounts_open_sources(struct setup *s, struct err *err)
{
	const struct runtime_spec *spec = s->spec;
	const struct runtime_mount *m;
	size_t i;
	int r;

	s->host_sys = -1;
	s->binds = calloc(spec->n_mounts + 1, sizeof(*s->binds));
	if (!s->binds)
		return err_nomem(err);
	for (i = 0; i < spec->n_mounts; i++) {
		AUTO_CLOSE int same = -1;

		m = &spec->mounts[i];
		s->binds[i] = -1;
		if (m->kind != RUNTIME_BIND)
			continue;
		if (m->source)
			r = mount_clone(AT_FDCWD, m->source, m->recursive, &s->binds[i], err);
		else
			r = mount_reopen(m->source_fd, s->sources.v[i], &same, err);
		if (r == 0 && !m->source)
			r = mount_clone(same, "", m->recursive, &s->binds[i], err);
		if (r < 0)
			return err_wrap(err, "mount on %s", m->target);
	}
	if (!root_needs_own_sysfs(spec) && !mounts_find(spec, "/sys")) {
		r = mount_clone(AT_FDCWD, "/sys", true, &s->host_sys, err);
		if (r < 0)
			return r;
	}
	s->null = open("/dev/null", O_PATH | O_CLOEXEC);
	return s->null < 0 ? err_sys(err, errno, "opening /dev/null") : 0;
}

/* ---- the standard ones ---- */

static int mount_sys(struct setup *s, struct err *err)
{
	uint64_t attrs = NOTHING | (s->spec->privileged ? 0 : MOUNT_ATTR_RDONLY);
	int r;

	if (s->host_sys < 0)
		return mount_at(s, "sysfs", NULL, attrs, "/sys", err);
	r = mount_attrs(s->host_sys, attrs, MS_PRIVATE, true, err);
	return r < 0 ? r : mounts_attach_at(s, s->host_sys, "/sys", err);
}

/* v1: only the hierarchies in which the container has a group of its own. */
static int mount_cgroup_v1(struct setup *s, uint64_t attrs, struct err *err)
{
	static const struct mount_opt opts[] = {{"mode", "755"}, {"size", "1m"}, {0}};
	AUTO_CLOSE int top = -1;
	const char *controller;
	size_t i;
	int r;

	if (!cgroup_v1_controller(s->cgroup, 0))
		return 0;
	r = mount_fs("tmpfs", "tmpfs", opts, NOTHING, &top, err);
	if (r == 0)
		r = mounts_attach_at(s, top, "/sys/fs/cgroup", err);
	for (i = 0; r == 0 && (controller = cgroup_v1_controller(s->cgroup, i)); i++) {
		const struct mount_opt which[] = {{controller, NULL}, {0}};
		AUTO_CLOSE int fd = -1;
		AUTO_CLOSE int target = -1;

		if (mkdirat(top, controller, 0755) < 0)
			return err_sys(err, errno, "making /sys/fs/cgroup/%s", controller);
		target = openat(top, controller, O_PATH | O_CLOEXEC);
		r = mount_fs("cgroup", "cgroup", which, attrs, &fd, err);
		if (r == 0)
			r = mount_attach(fd, target, controller, err);
	}
	return r < 0 ? r : mount_attrs(top, MOUNT_ATTR_RDONLY, 0, false, err);
}

static int mount_cgroups(struct setup *s, struct err *err)
{
	uint64_t attrs = NOTHING | (s->spec->privileged ? 0 : MOUNT_ATTR_RDONLY);
	enum cgroup_mode mode = cgroup_mode();

	if (s->spec->ns[RUNTIME_CGROUP].mode == RUNTIME_NS_HOST || mode == CGROUP_NONE)
		return 0;
	if (mode == CGROUP_V2)
		return mount_at(s, "cgroup2", NULL, attrs, "/sys/fs/cgroup", err);
	return s->cgroup ? mount_cgroup_v1(s, attrs, err) : 0;
}

int mounts_standard(struct setup *s, struct err *err)
{
	int r = 0;

	if (!mounts_find(s->spec, "/proc"))
		r = mount_at(s, "proc", NULL, NOTHING, "/proc", err);
	if (r == 0 && !mounts_find(s->spec, "/dev"))
		r = dev_make(s, err);
	if (r == 0 && !mounts_find(s->spec, "/sys")) {
		r = mount_sys(s, err);
		if (r == 0 && !mounts_find(s->spec, "/sys/fs/cgroup"))
			r = mount_cgroups(s, err);
	}
	return r;
}

/* ---- the list ---- */

static uint64_t attrs_of(const struct setup *s, const struct runtime_mount *m)
{
	uint64_t attrs = 0;

	if (m->ro)
		attrs |= MOUNT_ATTR_RDONLY;
	if (m->nosuid)
		attrs |= MOUNT_ATTR_NOSUID;
	if (m->noexec)
		attrs |= MOUNT_ATTR_NOEXEC;
	/* A device node on a volume would give the host's disks to the container. */
	if (m->nodev || (m->kind == RUNTIME_BIND && !m->allow_dev && !s->spec->privileged))
		attrs |= MOUNT_ATTR_NODEV;
	return attrs;
}

/* A symlink of the image must not turn a volume into a piece of /proc, on which our own writes and
 * the kernel's answers to the container's tools depend. */
static int check_target(const struct runtime_mount *m, int target, struct err *err)
{
	struct statfs fs;

	if (fstatfs(target, &fs) < 0)
		return err_sys(err, errno, "mount on %s", m->target);
	if (fs.f_type == PROC_SUPER_MAGIC && !str_starts(m->target, "/proc/"))
		return err_set(err, ERR_DENIED, "mount on %s: the image leads it into /proc",
			       m->target);
	return 0;
}

static int bind_one(struct setup *s, const struct runtime_mount *m, int tree, struct err *err)
{
	AUTO_CLOSE int target = -1;
	uint64_t propagation = m->propagation ? m->propagation : MS_PRIVATE;
	struct stat st;
	int r;

	if (fstat(tree, &st) < 0)
		return err_sys(err, errno, "mount on %s", m->target);
	r = mount_attrs(tree, attrs_of(s, m), 0, m->recursive, err);
	/* Shared stays what it is on the host. */
	if (r == 0 && propagation != MS_SHARED)
		r = mount_attrs(tree, 0, propagation, m->recursive, err);
	if (r == 0)
		r = mounts_target(s->root, m->target, S_ISDIR(st.st_mode), &target, err);
	if (r == 0)
		r = check_target(m, target, err);
	if (r == 0)
		r = mount_attach(tree, target, m->target, err);
	return r;
}

struct flag {
	const char *name;
	uint64_t set, clear;
};

static const struct flag flags[] = {
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"atime", 0, MOUNT_ATTR_NOATIME},
    {"noatime", MOUNT_ATTR_NOATIME, 0},
    {"relatime", 0, 0},
    {"notmpcopyup", 0, 0},
    {"private", 0, 0},
    {"rprivate", 0, 0},
};

static bool take_flag(const char *word, uint64_t *attrs)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(flags); i++)
		if (streq(word, flags[i].name)) {
			*attrs = (*attrs & ~flags[i].clear) | flags[i].set;
			return true;
		}
	return false;
}

/* Cuts text (changed) into options for the file system and attributes of the mount. */
static int parse_options(char *text, struct mount_opt opts[TMPFS_OPTIONS_MAX + 1], uint64_t *attrs,
			 struct err *err)
{
	char *word, *next, *equals;
	size_t n = 0;

	for (word = text; word && *word; word = next) {
		next = strchr(word, ',');
		if (next)
			*next++ = '\0';
		if (!*word || take_flag(word, attrs))
			continue;
		if (n == TMPFS_OPTIONS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d options", TMPFS_OPTIONS_MAX);
		equals = strchr(word, '=');
		if (equals)
			*equals = '\0';
		opts[n++] = (struct mount_opt){word, equals ? equals + 1 : NULL};
	}
	opts[n] = (struct mount_opt){0};
	return 0;
}

static int mount_tmpfs(struct setup *s, const struct runtime_mount *m, struct err *err)
{
	struct mount_opt opts[TMPFS_OPTIONS_MAX + 1];
	AUTO_FREE char *text = str_dup(str_of(m->options ? m->options : ""));
	AUTO_CLOSE int target = -1;
	AUTO_CLOSE int fd = -1;
	uint64_t attrs = attrs_of(s, m);
	int r;

	if (!text)
		return err_nomem(err);
	r = parse_options(text, opts, &attrs, err);
	if (r == 0)
		r = mounts_target(s->root, m->target, true, &target, err);
	if (r == 0)
		r = check_target(m, target, err);
	if (r == 0)
		r = mount_fs("tmpfs", "tmpfs", opts, attrs, &fd, err);
	return r < 0 ? r : mount_attach(fd, target, m->target, err);
}

static int mount_listed(struct setup *s, size_t i, struct err *err)
{
	const struct runtime_mount *m = &s->spec->mounts[i];
	uint64_t attrs = attrs_of(s, m);

	switch (m->kind) {
	case RUNTIME_BIND:
		return bind_one(s, m, s->binds[i], err);
	case RUNTIME_TMPFS:
		return mount_tmpfs(s, m, err);
	case RUNTIME_MQUEUE:
		return mount_at(s, "mqueue", NULL, attrs, m->target, err);
	case RUNTIME_DEVPTS:
		return mount_at(s, "devpts", NULL, attrs, m->target, err);
	case RUNTIME_PROC:
		return mount_at(s, "proc", NULL, attrs, m->target, err);
	case RUNTIME_SYSFS:
		return mount_at(s, "sysfs", NULL, attrs, m->target, err);
	case RUNTIME_CGROUPFS:
		return mount_at(s, "cgroup2", NULL, attrs, m->target, err);
	}
	return err_set(err, ERR_BUG, "unknown kind of mount");
}

int mounts_listed(struct setup *s, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < s->spec->n_mounts; i++) {
		r = mount_listed(s, i, err);
		if (r < 0)
			return err_wrap(err, "mount on %s", s->spec->mounts[i].target);
	}
	return 0;
}
