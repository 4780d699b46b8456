/*
 * Private to the runtime: what the container's first process carries while it builds its world.
 * All of it is prepared in the parent; the child fills in descriptors as it goes.
 */
#ifndef PKG_RUNTIME_SETUP_H
#define PKG_RUNTIME_SETUP_H

#include "base/strv.h"
#include "process.h"
#include "runtime/runtime.h"
#include "sys/mounts.h"

#include <sys/mount.h>

/* A node of the host that is bound into a container works (special files are written to on
 * read-only mounts), but root in there cannot change the mode and owner that it has for the whole
 * machine. */
#define RUNTIME_NODE_ATTRS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

struct setup {
	const struct runtime_spec *spec;
	struct launch launch;
	struct cgroup *cgroup;
	/* Where the descriptors of the spec came from: in the new mount namespace they are opened
	 * again by these paths (sys/mounts.h). */
	char overlay[MOUNT_PATH_MAX], upper[MOUNT_PATH_MAX], work[MOUNT_PATH_MAX];
	struct strv sources; /* of the binds; "" for other mounts */

	/* In the child. */
	int *binds;	/* detached copies of the sources, by index of the mount; -1 for others */
	int host_sys;	/* detached copy of the host's /sys, where a new sysfs is not allowed; or -1
			 */
	int null;	/* the host's /dev/null */
	bool in_chroot; /* that kist runs in; "/" is not the mount namespace's root */
	int root;	/* the new root, a mount */
	int dev;	/* our /dev, or -1 */
	int pts;	/* our devpts, or -1 */
	int masked_dir; /* the empty read-only directory that hides others, once attached; or -1 */
};

/* root.c: the root file system on top of "/", *s->root. */
int root_mount(struct setup *s, struct err *err);
/* Makes the new root "/" and lets go of the old one. */
int root_enter(struct setup *s, struct err *err);
bool root_needs_own_sysfs(const struct runtime_spec *spec);

/* mounts.c */
int mounts_open_sources(struct setup *s, struct err *err);
int mounts_standard(struct setup *s, struct err *err);
int mounts_listed(struct setup *s, struct err *err);
/* Attaches a mount of the kernel's own to the directory path below the root. */
int mounts_attach_at(struct setup *s, int fd, const char *path, struct err *err);
/* The mount of the list with this target, or NULL. */
const struct runtime_mount *mounts_find(const struct runtime_spec *spec, const char *target);
/* Makes what path names below the root (a directory, or an empty file) if it is missing, and opens
 * it (O_PATH). */
int mounts_target(int root, const char *path, bool is_dir, int *ret_fd, struct err *err);

/* dev.c: /dev and what is in it. */
int dev_make(struct setup *s, struct err *err);
/* The container's terminal: its slave becomes stdio, the master goes to the parent. */
int dev_console(struct setup *s, struct err *err);

/* paths.c: masked and read-only paths, kernel parameters. */
int paths_protect(struct setup *s, struct err *err);
int paths_sysctls(const struct setup *s, struct err *err);
/* A kernel parameter that has its own value in these new namespaces. */
int paths_check_sysctl(const struct runtime_spec *spec, const char *assignment, struct err *err);

/* net.c: brings up lo. */
int net_loopback_up(struct err *err);

#endif
