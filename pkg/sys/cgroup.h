/* Private to the cgroup files: one directory of a container in one hierarchy. */
#ifndef PKG_SYS_CGROUP_H
#define PKG_SYS_CGROUP_H

#include "sys/cgroup.h"

#include <stddef.h>

/* v2, memory, pids, cpu, cpuset, freezer */
#define CGROUP_DIRS_MAX 6
#define CGROUP_MOUNT "/sys/fs/cgroup"
#define CGROUP_UNIFIED CGROUP_MOUNT "/unified"

enum cgroup_controller {
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_CPU,
	CGROUP_CPUSET,
	CGROUP_CONTROLLERS,
};

struct cgroup_dir {
	char *path; /* <hierarchy>/.../kist/<id> */
	int fd;
	bool is_v1;
	int tasks_fd;	   /* v1 */
	unsigned controls; /* bits of enum cgroup_controller that limits are set for */
};

struct cgroup {
	struct cgroup_dir dir[CGROUP_DIRS_MAX];
	size_t n;
};

/* The group above; caller frees, NULL without memory. */
char *cgroup_parent(const char *path);
int cgroup_make_dir(const char *path, struct err *err);
/* Is it a group that kist made for a container? */
bool cgroup_is_ours(const char *path);
/* May groups be made and processes be moved in? */
bool cgroup_may_write(const char *dir);
/* Below which group of the v2 hierarchy mounted there kist makes its own: caller frees, NULL when
 * there is none. */
char *cgroup_base(const char *mount);
/* Hands controllers down through <base>/kist; those that cannot be had and are only a default lose
 * their bit. */
int cgroup_enable(const char *parent, const struct cgroup_limits *l, unsigned optional,
		  unsigned *controls, struct err *err);

const char *cgroup_controller_name(enum cgroup_controller c);
/* Writes the limits of the controllers in d->controls. */
int cgroup_set_limits(const struct cgroup_dir *d, const struct cgroup_limits *l, struct err *err);
/* The controllers that limits ask for, as bits; of these in *ret_optional only by default. */
unsigned cgroup_needs(const struct cgroup_limits *l, unsigned *ret_optional);
/* The option that asks for a controller, for errors: "--memory". */
const char *cgroup_option(const struct cgroup_limits *l, enum cgroup_controller c);

#endif
