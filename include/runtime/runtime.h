/*
 * runtime.h - makes, enters and signals a container. Knows nothing about stores, records or logs.
 *
 * A container is described by an open value, struct runtime_spec; everything in it is borrowed for
 * the call. Start with RUNTIME_SPEC_INIT (everything private, no mounts but the standard ones) and
 * fill in what differs. What is always made, unless a mount of the list has the same target:
 * /proc, /dev (tmpfs with the standard devices, fd, pts, shm, mqueue), /sys, /sys/fs/cgroup; then
 * the list in its order; then masked and read-only paths.
 *
 * Lists of strings end with NULL and may be NULL. Descriptors that are not given are -1.
 */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "sys/caps.h"
#include "sys/cgroup.h"
#include "sys/idmap.h"
#include "sys/tty.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct err;
struct strv;

enum runtime_ns {
	RUNTIME_USER,
	RUNTIME_MOUNT,
	RUNTIME_PID,
	RUNTIME_NET,
	RUNTIME_IPC,
	RUNTIME_UTS,
	RUNTIME_CGROUP,
	RUNTIME_NS_COUNT,
};

enum runtime_ns_mode { RUNTIME_NS_NEW, RUNTIME_NS_HOST, RUNTIME_NS_JOIN };

struct runtime_ns_plan {
	enum runtime_ns_mode mode;
	int fd; /* JOIN: of /proc/PID/ns/... */
};

struct runtime_rootfs {
	/* Overlay: a descriptor of <graphroot>/overlay, links "l/XXXX" below it (topmost layer
	 * first), the writable directories. overlay_dir -1: dir is the root itself. */
	int overlay_dir;
	/* Its path, for when the mount that the descriptor was opened on is gone; NULL: asked of
	 * the kernel. */
	const char *overlay_path;
	const char *const *lower;
	int upper, work;
	bool userxattr, is_volatile;
	const char *options; /* more mount options, comma-separated; or NULL */
	int dir;
};

enum runtime_mount_kind {
	RUNTIME_BIND,
	RUNTIME_TMPFS,
	RUNTIME_MQUEUE,
	RUNTIME_DEVPTS,
	RUNTIME_PROC,
	RUNTIME_SYSFS,
	RUNTIME_CGROUPFS,
};

struct runtime_mount {
	enum runtime_mount_kind kind;
	const char *target;  /* absolute, inside the container; created (dir or file) if missing */
	const char *source;  /* bind: host path, absolute; NULL: source_fd */
	int source_fd;	     /* bind without source */
	const char *options; /* tmpfs: "size=64m,mode=1777,..."; others NULL */
	bool ro, nosuid, nodev, noexec;
	bool allow_dev; /* bind: device nodes work; without it nodev is set on every bind of a
			 * container that is not privileged */
	bool recursive; /* bind: with the mounts below (rbind); attributes go to all of them */
	uint64_t propagation; /* 0 is MS_PRIVATE; MS_SLAVE, MS_SHARED, MS_UNBINDABLE */
};

struct runtime_rlimit {
	int resource; /* RLIMIT_* */
	struct rlimit64 value;
};

enum runtime_seccomp { RUNTIME_SECCOMP_DEFAULT, RUNTIME_SECCOMP_NONE, RUNTIME_SECCOMP_FILE };

#define RUNTIME_FDS_MAX 256

/* The process of a container, or one that joins it. */
struct runtime_process {
	const char *const *argv; /* the command; found in PATH of env, inside the container */
	const char *const *env;	 /* HOME (from passwd), PATH and, with terminal, TERM are added
				    when missing */
	const char *cwd;	 /* NULL is "/"; made when it is missing */
	bool cwd_must_exist;	 /* ERR_CMD_MISSING when it does not */
	const char *user; /* name|uid[:group|gid], looked up inside the container; NULL is root */
	const char *const *groups; /* additional, names or numbers */
	bool terminal;		   /* a pty of the container's own devpts; stdio is ignored */
	struct tty_size size;	   /* of the terminal; zero is left as it is */
	int stdio[3];		   /* -1 is /dev/null */
	/* Further descriptors that the command gets, under the numbers that they have here: from 3
	 * on, ascending, at most RUNTIME_FDS_MAX. No other process of the container has them. */
	const int *fds;
	size_t n_fds;
	uint64_t caps;	     /* what root may have (cut to what we have) */
	uint64_t caps_added; /* asked for by name: also an ordinary user has these */
	bool no_new_privs;
	enum runtime_seccomp seccomp;
	const char *seccomp_file; /* RUNTIME_SECCOMP_FILE: not supported yet, refused */
	int seccomp_cache;	  /* directory of compiled filters, or -1 */
	mode_t umask;		  /* 0022 in RUNTIME_PROCESS_INIT */
	const struct runtime_rlimit *rlimits;
	size_t n_rlimits;
	const int *oom_score_adj; /* NULL: inherited */
	const char *apparmor;	  /* not supported: must be NULL */
};

struct runtime_spec {
	const char *id;
	const char *hostname; /* NULL: left as it is (the host's) */
	struct runtime_rootfs rootfs;
	bool readonly;		   /* the root file system */
	uint64_t root_propagation; /* 0 is MS_PRIVATE; MS_SLAVE, MS_SHARED */
	struct runtime_ns_plan ns[RUNTIME_NS_COUNT];
	const struct idmaps *maps; /* a new user namespace's */
	const struct runtime_mount *mounts;
	size_t n_mounts;
	const char *const *masked;	   /* runtime_masked, or NULL for none */
	const char *const *readonly_paths; /* runtime_readonly, or NULL for none */
	bool privileged;	    /* all of the host's devices; /sys and cgroups writable */
	uint64_t shm_size;	    /* bytes; 0 is 64 MiB */
	bool init;		    /* a tiny init as PID 1 forwards signals and reaps */
	const char *const *sysctls; /* "net.core.somaxconn=64" */
	bool no_cgroup;		    /* make none (--cgroups=disabled) */
	const struct cgroup_limits *limits; /* NULL: none */
	int cgroup_record;		    /* directory that gets the file `cgroup`: paths of the
					       container's cgroups, one a line, written before
					       they are made; or -1 */
	/* Called in the parent when the namespaces exist and before anything is set up in them
	 * (networks); pid is the container's first process. May be NULL. */
	int (*prepare)(void *arg, pid_t pid, struct err *err);
	void *prepare_arg;
	struct runtime_process process;
};

#define RUNTIME_PROCESS_INIT                                                                       \
	{                                                                                          \
		.stdio = {-1, -1, -1}, .caps = CAPS_DEFAULT, .seccomp_cache = -1, .umask = 0022    \
	}
/* The user namespace is the host's: a rootless caller sets ns[RUNTIME_USER] to NEW, and maps. */
#define RUNTIME_SPEC_INIT                                                                          \
	{                                                                                          \
		.rootfs = {.overlay_dir = -1, .upper = -1, .work = -1, .dir = -1},                 \
		.ns = {[RUNTIME_USER] = {RUNTIME_NS_HOST, -1}}, .cgroup_record = -1,               \
		.process = RUNTIME_PROCESS_INIT                                                    \
	}

/* podman's lists for containers that are not privileged. */
extern const char *const runtime_masked[];
extern const char *const runtime_readonly[];

/* A started process: a child of the caller, to be waited for. The caller closes pidfd and pty. */
struct runtime_proc {
	pid_t pid;
	int pidfd;
	int pty; /* master, or -1 */
	uint64_t start_time;
	/* runtime_exec: the kernel did not let us put it into the container's cgroup (an ordinary
	 * user in another login session), so that the container's limits do not hold for it. */
	bool outside_cgroup;
};

#define RUNTIME_PROC_INIT                                                                          \
	{                                                                                          \
		.pid = 0, .pidfd = -1, .pty = -1, .start_time = 0                                  \
	}

/*
 * Makes the container and starts its command. Called in the process that shall be its parent and
 * that stays (the monitor, which may exec): when that process ends, the kernel kills the container.
 * Returns when the command was really executed. ERR_CMD_MISSING (exit code 127), ERR_CMD_INVOKE
 * (126), other codes for what failed while setting up; nothing is left then.
 * *ret_cgroups gets the absolute paths of the container's cgroups; may be empty.
 */
int runtime_start(const struct runtime_spec *spec, struct runtime_proc *ret,
		  struct strv *ret_cgroups, struct err *err);

struct runtime_exec_spec {
	pid_t pid; /* of the container's first process */
	uint64_t start_time;
	const struct strv *cgroups; /* as runtime_start gave them; NULL or empty: not joined */
	bool privileged;
	struct runtime_process process;
};

#define RUNTIME_EXEC_INIT                                                                          \
	{                                                                                          \
		.process = RUNTIME_PROCESS_INIT                                                    \
	}

/* Runs another process in a running container. It is a child of the caller and is killed when the
 * caller ends. Errors as runtime_start; ERR_NOT_FOUND when the container does not run. */
int runtime_exec(const struct runtime_exec_spec *spec, struct runtime_proc *ret, struct err *err);

/* Sends a signal to the container's first process. ERR_NOT_FOUND when it does not run. */
int runtime_signal(pid_t pid, uint64_t start_time, int sig, struct err *err);

#endif
