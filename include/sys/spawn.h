/*
 * spawn.h - child processes. A child is a role: a name, the descriptors it keeps, the rights it
 * has, its main function (docs/processes.md lists them). There is no other fork in the tree.
 *
 * The child is a copy of the caller (no exec): main and arg see the caller's memory as it was. What
 * main returns decides: 0 ends the child with exit code 0; negative sends *err to the parent, where
 * spawn_wait returns it as its own error. When main execs a program, the parent sees that as
 * "started" (spawn_started).
 *
 *	struct spawn role = {.name = "unpack", .flags = SPAWN_CONFINED, .fds = fds, .n_fds = 2,
 *			     .main = unpack_main, .arg = &u};
 *	r = spawn_run(&role, err);
 */
#ifndef SYS_SPAWN_H
#define SYS_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct idmaps;

enum spawn_flags {
	SPAWN_SESSION = 1 << 0,	      /* setsid */
	SPAWN_DEATHSIG = 1 << 1,      /* SIGKILL when the parent ends */
	SPAWN_RESET_SIGNALS = 1 << 2, /* default actions, empty mask */
	SPAWN_CLOSE_FDS = 1 << 3,     /* keep only 0-2 and fds[] (numbers do not change) */
	SPAWN_NULL_STDIO = 1 << 4,    /* 0-2 become /dev/null, except those listed in fds[] */
	SPAWN_CONFINED = SPAWN_DEATHSIG | SPAWN_RESET_SIGNALS | SPAWN_CLOSE_FDS,
};

struct spawn {
	const char *name; /* of the role; begins the text of errors about the child itself */
	unsigned flags;
	const int *fds;
	size_t n_fds;
	uint64_t clone_flags;	   /* CLONE_NEW*, CLONE_INTO_CGROUP, passed to clone3(2) */
	const struct idmaps *maps; /* with CLONE_NEWUSER: set before main runs, which is then uid
				      and gid 0 of the new namespace with all capabilities */
	int cgroup_fd;		   /* with CLONE_INTO_CGROUP */
	int status_min; /* lower numbers are main's to give to a program; 0: the usual ones */
	/* Called in the parent when the child exists (and is mapped), before main runs; may be
	 * NULL. A failure kills the child. */
	int (*prepare)(void *arg, pid_t pid, struct err *err);
	int (*main)(void *arg, struct err *err);
	void *arg; /* of both */
};

struct child {
	pid_t pid;
	int pidfd;
	int status_fd; /* end of file: exec'ed or ended; see base/err.h err_recv */
	int stderr_fd; /* of spawn_program_start */
};

#define CHILD_INIT                                                                                 \
	{                                                                                          \
		.pid = 0, .pidfd = -1, .status_fd = -1, .stderr_fd = -1                            \
	}
/* Kills a child that still runs, reaps it, closes the descriptors. */
#define AUTO_CHILD __attribute__((cleanup(child_fini)))
void child_fini(struct child *c);

int spawn_start(const struct spawn *s, struct child *ret, struct err *err);
/* Waits until the child has exec'ed or ended well; its error otherwise (then it is reaped). */
int spawn_started(struct child *c, struct err *err);
/* Reaps the child. Its own error, or "<name>: ended with exit code N" / "killed by signal N"
 * (ERR_BUG) when it ended without telling. */
int spawn_wait(struct child *c, const char *name, struct err *err);
/* start and wait. */
int spawn_run(const struct spawn *s, struct err *err);

/* Runs a program (absolute path, or found in PATH) with /dev/null for stdin and stdout and reaps
 * it. ERR_NOT_FOUND when it does not exist; a failure carries the first line of its stderr. */
int spawn_program(const char *const *argv, struct err *err);
/* In two halves, to run several at once. */
int spawn_program_start(const char *const *argv, struct child *ret, struct err *err);
int spawn_program_wait(struct child *c, const char *name, struct err *err);

#endif
