/* The files that limits are written to, in both versions. */
#include "cgroup.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX 64
#define CPUSET_MAX 4096
#define PERIOD_DEFAULT 100000
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MAX 10000

static const char *const controllers[CGROUP_CONTROLLERS] = {
    [CGROUP_MEMORY] = "memory",
    [CGROUP_PIDS] = "pids",
    [CGROUP_CPU] = "cpu",
    [CGROUP_CPUSET] = "cpuset",
};

const char *cgroup_controller_name(enum cgroup_controller c)
{
	return controllers[c];
}

unsigned cgroup_needs(const struct cgroup_limits *l, unsigned *ret_optional)
{
	unsigned needs = 0;

	*ret_optional = 0;
	if (!l)
		return 0;
	if (l->memory || l->memory_swap > 0 || l->memory_reservation)
		needs |= 1U << CGROUP_MEMORY;
	if (l->pids > 0)
		needs |= 1U << CGROUP_PIDS;
	if (l->pids > 0 && l->pids_is_default)
		*ret_optional |= 1U << CGROUP_PIDS;
	if (l->cpu_quota || l->cpu_period || l->cpu_shares)
		needs |= 1U << CGROUP_CPU;
	if (l->cpuset_cpus || l->cpuset_mems)
		needs |= 1U << CGROUP_CPUSET;
	return needs;
}

const char *cgroup_option(const struct cgroup_limits *l, enum cgroup_controller c)
{
	switch (c) {
	case CGROUP_MEMORY:
		return l->memory ? "--memory" : "--memory-swap or --memory-reservation";
	case CGROUP_PIDS:
		return "--pids-limit";
	case CGROUP_CPU:
		return l->cpu_quota || l->cpu_period ? "--cpus" : "--cpu-shares";
	case CGROUP_CPUSET:
		return l->cpuset_cpus ? "--cpuset-cpus" : "--cpuset-mems";
	default:
		return "a limit";
	}
}

static int set_text(const struct cgroup_dir *d, const char *option, const char *file,
		    const char *value, struct err *err)
{
	AUTO_CLOSE int fd = openat(d->fd, file, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_UNSUPPORTED, "%s: this kernel has no %s", option, file);
	if (fd < 0 || write(fd, value, len) != (ssize_t)len)
		return err_sys(err, errno, "%s: writing %s to %s/%s", option, value, d->path, file);
	return 0;
}

static int set_number(const struct cgroup_dir *d, const char *option, const char *file,
		      int64_t value, struct err *err)
{
	char text[VALUE_MAX];

	if (value < 0 && !d->is_v1)
		return set_text(d, option, file, "max", err);
	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	return set_text(d, option, file, text, err);
}

/* Memory plus swap as docker and podman mean it: twice the memory when only that was given. */
static int set_swap(const struct cgroup_dir *d, const struct cgroup_limits *l, struct err *err)
{
	const char *file = d->is_v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
	bool asked = l->memory_swap != 0;
	int64_t swap = l->memory_swap;

	if (!asked && (l->memory <= 0 || l->memory > INT64_MAX / 2))
		return 0;
	/* Swap accounting may be switched off; that is nobody's wish that fails. */
	if (!asked && faccessat(d->fd, file, F_OK, 0) < 0)
		return 0;
	if (!asked)
		swap = 2 * l->memory;
	if (swap > 0 && swap < l->memory)
		return err_set(err, ERR_INVALID,
			       "--memory-swap: memory plus swap is less than --memory");
	if (swap > 0 && !d->is_v1)
		swap -= l->memory;
	return set_number(d, "--memory-swap", file, swap, err);
}

static int set_memory(const struct cgroup_dir *d, const struct cgroup_limits *l, struct err *err)
{
	int r = 0;

	if (l->memory)
		r = set_number(d, "--memory", d->is_v1 ? "memory.limit_in_bytes" : "memory.max",
			       l->memory, err);
	if (r == 0)
		r = set_swap(d, l, err);
	if (r == 0 && l->memory_reservation)
		r = set_number(d, "--memory-reservation",
			       d->is_v1 ? "memory.soft_limit_in_bytes" : "memory.low",
			       l->memory_reservation, err);
	return r;
}

static int set_cpu_v1(const struct cgroup_dir *d, const struct cgroup_limits *l, struct err *err)
{
	int r = 0;

	if (l->cpu_shares)
		r = set_number(d, "--cpu-shares", "cpu.shares", (int64_t)l->cpu_shares, err);
	if (r == 0 && (l->cpu_period || l->cpu_quota > 0))
		r = set_number(d, "--cpus", "cpu.cfs_period_us",
			       l->cpu_period ? l->cpu_period : PERIOD_DEFAULT, err);
	if (r == 0 && l->cpu_quota)
		r = set_number(d, "--cpus", "cpu.cfs_quota_us", l->cpu_quota, err);
	return r;
}

/* Shares 2..262144 of v1 become weight 1..10000 of v2, as the OCI runtimes convert them. */
static uint64_t weight_of(uint64_t shares)
{
	if (shares < SHARES_MIN)
		shares = SHARES_MIN;
	if (shares > SHARES_MAX)
		shares = SHARES_MAX;
	return 1 + (shares - SHARES_MIN) * (WEIGHT_MAX - 1) / (SHARES_MAX - SHARES_MIN);
}

static int set_cpu_v2(const struct cgroup_dir *d, const struct cgroup_limits *l, struct err *err)
{
	char text[VALUE_MAX];
	long long period = l->cpu_period ? l->cpu_period : PERIOD_DEFAULT;
	int r = 0;

	if (l->cpu_shares)
		r = set_number(d, "--cpu-shares", "cpu.weight", (int64_t)weight_of(l->cpu_shares),
			       err);
	if (r < 0 || (!l->cpu_quota && !l->cpu_period))
		return r;
	if (l->cpu_quota > 0)
		(void)snprintf(text, sizeof(text), "%lld %lld", (long long)l->cpu_quota, period);
	else
		(void)snprintf(text, sizeof(text), "max %lld", period);
	return set_text(d, "--cpus", "cpu.max", text, err);
}

/* A fresh cpuset of v1 is empty and takes no task: its parents' values come down first. */
static int inherit_cpuset(const struct cgroup_dir *d, const char *file, struct err *err)
{
	AUTO_BUF struct buf have = BUF_INIT(CPUSET_MAX), above = BUF_INIT(CPUSET_MAX);
	AUTO_CLOSE int parent = openat(d->fd, "..", O_DIRECTORY | O_CLOEXEC);
	struct cgroup_dir up = {.path = d->path, .fd = parent, .is_v1 = true};
	AUTO_CLOSE int top = -1;
	int r;

	if (parent < 0)
		return err_sys(err, errno, "opening the parent of %s", d->path);
	r = file_read_line(parent, file, &have, err);
	if (r >= 0 && have.len == 0) {
		top = openat(parent, "..", O_DIRECTORY | O_CLOEXEC);
		r = file_read_line(top, file, &above, err);
		if (r >= 0)
			r = set_text(&up, "cpuset", file, buf_str(&above), err);
		buf_adds(&have, buf_str(&above));
	}
	if (r < 0)
		return r;
	return set_text(d, "cpuset", file, buf_str(&have), err);
}

static int set_cpuset(const struct cgroup_dir *d, const struct cgroup_limits *l, struct err *err)
{
	int r = 0;

	if (d->is_v1) {
		r = inherit_cpuset(d, "cpuset.cpus", err);
		if (r == 0)
			r = inherit_cpuset(d, "cpuset.mems", err);
	}
	if (r == 0 && l->cpuset_cpus)
		r = set_text(d, "--cpuset-cpus", "cpuset.cpus", l->cpuset_cpus, err);
	if (r == 0 && l->cpuset_mems)
		r = set_text(d, "--cpuset-mems", "cpuset.mems", l->cpuset_mems, err);
	return r;
}

int cgroup_set_limits(const struct cgroup_dir *d, const struct cgroup_limits *l, struct err *err)
{
	int r = 0;

	if (d->controls & (1U << CGROUP_MEMORY))
		r = set_memory(d, l, err);
	if (r == 0 && (d->controls & (1U << CGROUP_PIDS)))
		r = set_number(d, "--pids-limit", "pids.max", l->pids, err);
	if (r == 0 && (d->controls & (1U << CGROUP_CPU)))
		r = d->is_v1 ? set_cpu_v1(d, l, err) : set_cpu_v2(d, l, err);
	if (r == 0 && (d->controls & (1U << CGROUP_CPUSET)))
		r = set_cpuset(d, l, err);
	return r;
}
