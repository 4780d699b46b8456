/* rspec.h - a container's definition as the runtime wants it. */
#ifndef CONTAINER_RSPEC_H
#define CONTAINER_RSPEC_H

#include "containers.h"
#include "runtime/runtime.h"
#include "store/layer.h"

#define RSPEC_RLIMITS_MAX 16

/* A runtime_spec with what it borrows. Made by rspec_build, released by rspec_fini. */
struct rspec {
	struct runtime_spec spec;
	struct idmaps maps;
	struct cgroup_limits limits;
	struct store_lowers lowers;
	struct strv lower_paths;
	struct runtime_mount *mounts;
	size_t n_mounts, cap_mounts;
	struct strv texts; /* what mounts point to */
	struct runtime_rlimit rlimits[RSPEC_RLIMITS_MAX];
	int upper, work, seccomp_cache;
	char hostname[CONTAINER_HOSTNAME_MAX];
};

void rspec_fini(struct rspec *rs);
/* run: the container's run directory, where hosts, hostname and resolv.conf are written. */
int rspec_build(struct container *c, int run, struct rspec *rs, struct err *err);
/* The list of mounts: the network's files, volumes, tmpfs. */
int rspec_mounts(struct container *c, int run, struct rspec *rs, struct err *err);
/* The part that exec shares: user, capabilities, filters, limits. */
int rspec_process(struct container *c, bool privileged, struct rspec *rs, struct runtime_process *p,
		  struct err *err);

#endif
