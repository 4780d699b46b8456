/*
 * cgroup.h - one control group for each container, below a parent of ours ("kist").
 *
 * v2: <root>/kist/<id> for root, <own cgroup>/kist/<id> for a user with a delegated one. v1 and
 * hybrid: only in the hierarchies that a limit needs, and in the v2 hierarchy of a hybrid (for kill
 * and freeze). A limit that was asked for and cannot be set is an error; without limits a host with
 * no usable cgroup gives an empty struct cgroup. Groups not made by us are never touched.
 */
#ifndef SYS_CGROUP_H
#define SYS_CGROUP_H

#include "base/auto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct strv;

enum cgroup_mode { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

/* 0 (or NULL) means not asked for. */
struct cgroup_limits {
	int64_t memory;	     /* bytes */
	int64_t memory_swap; /* memory plus swap, bytes; -1 unlimited */
	int64_t memory_reservation;
	int64_t pids;	      /* -1 unlimited */
	bool pids_is_default; /* not asked for: skipped silently where it cannot be set */
	int64_t cpu_quota;    /* microseconds in each period */
	int64_t cpu_period;   /* microseconds; 100000 when 0 and quota is set */
	uint64_t cpu_shares;  /* v1 scale, 2..262144 */
	const char *cpuset_cpus, *cpuset_mems;
};

enum cgroup_mode cgroup_mode(void);
/* "v1" or "v2", as `info` shows it; hybrid counts as v1. */
const char *cgroup_version(void);

/* Opaque: the directories made for one container. */
struct cgroup;
/* Makes the groups and sets the limits (NULL: none). *ret is never NULL on success. On failure
 * nothing is left. record: a directory that gets the file `cgroup`, the absolute paths one a line,
 * before anything is made (so that a killed command leaves nothing unnamed); or -1. */
int cgroup_create(const char *id, const struct cgroup_limits *limits, int record,
		  struct cgroup **ret, struct err *err);
/* Opens groups made before, by the paths that cgroup_paths gave. */
int cgroup_open(const struct strv *paths, struct cgroup **ret, struct err *err);
void cgroup_free(struct cgroup *cg); /* closes; the groups stay */
DEFINE_AUTO(struct cgroup, cgroup_free)

/* v2 directory for clone3(CLONE_INTO_CGROUP), or -1; borrowed. */
int cgroup_clone_fd(const struct cgroup *cg);
/* The v2 group that process pid is in, when it lies below the container's own: where the container
 * hands controllers down itself (systemd does), no process may be born in its topmost group.
 * Returns 1, or 0 when it is not below. */
int cgroup_open_group_of(const struct cgroup *cg, pid_t pid, int *ret_fd, struct err *err);
/* From now on, processes of the v2 group open no devices but those of a container's /dev (null,
 * zero, full, random, urandom, terminals). For as long as the group exists. */
int cgroup_limit_devices(const struct cgroup *cg, struct err *err);
/* Moves the calling (single-threaded) process into the v1 groups; cheap: by thread, without the
 * kernel's global lock. */
int cgroup_join_v1(const struct cgroup *cg, struct err *err);
/* The descriptors that a child needs for cgroup_join_v1; returns how many. cg may be NULL. */
#define CGROUP_FDS_MAX 8
size_t cgroup_v1_fds(const struct cgroup *cg, int out[CGROUP_FDS_MAX]);
/* The n-th v1 controller that the group has a directory for ("memory"), NULL behind the last. */
const char *cgroup_v1_controller(const struct cgroup *cg, size_t n);
/* Absolute paths of the directories, to be stored by the caller for cgroup_remove_paths. */
int cgroup_paths(const struct cgroup *cg, struct strv *ret, struct err *err);

/* 1 when the kernel killed a process of the group for memory, 0 when not or not known. */
int cgroup_oom_killed(const struct strv *paths, struct err *err);
/* SIGKILL to every process in the groups. */
int cgroup_kill_paths(const struct strv *paths, struct err *err);
/* Stops all processes of the v2 group; returns when they stand still. ERR_UNSUPPORTED: there is no
 * v2 group. ERR_TIMEOUT: they do not; then they go on. */
int cgroup_freeze_paths(const struct strv *paths, struct err *err);
/* They go on. Groups that are gone are fine. */
int cgroup_thaw_paths(const struct strv *paths, struct err *err);
/* Removes the directories (each must end in "/kist/<id>"), with a bounded wait for dying
 * processes. Absent is fine. */
int cgroup_remove_paths(const struct strv *paths, struct err *err);

#endif
