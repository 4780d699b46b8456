/*
 * Private to the runtime: the last part of a container's process and of one that joins it, from
 * "inside the right namespaces" to the command.
 */
#ifndef PKG_RUNTIME_PROCESS_H
#define PKG_RUNTIME_PROCESS_H

#include "base/buf.h"
#include "base/strv.h"
#include "runtime/runtime.h"

#include <stdbool.h>

/* Made in the parent. All descriptors are above those that the command and the stub will have. */
enum launch_place { LAUNCH_STATUS, LAUNCH_PID, LAUNCH_STUB };

struct launch {
	const struct runtime_process *process;
	bool single;	   /* the user namespace has one group and denies setgroups(2) */
	struct buf filter; /* compiled system call filter; empty for none */
	int stub;	   /* the program of stub/, in a sealed memory file */
	int status[2];	   /* the stub's error */
	int pid[2];	   /* the joining process's pid */
	int tty[2];	   /* socket for the master */
	int stdio[3];
	int places[3]; /* the numbers of the stub's descriptors: enum launch_place */
	int above;     /* the lowest number that is nobody's there */
	int keep[10 + RUNTIME_FDS_MAX]; /* what the child needs */
	size_t n_keep;
};

void launch_fini(struct launch *l);
/* privileged without a filter choice of its own: the caller decides and says so in process. */
int launch_init(struct launch *l, const struct runtime_process *p, bool joins, struct err *err);

/* In the child: slave of a new terminal of this devpts becomes stdio; the master is sent.
 * ret_number: N of /dev/pts/N. */
int launch_terminal(struct launch *l, int pts, unsigned *ret_number, struct err *err);
/* In the child, with root and cwd in the container: user, rights, stdio; then the stub. Returns
 * only on failure. flags: the stub's. */
int launch_exec(struct launch *l, int root, const char *flags, struct err *err);

/* In the parent: the master that launch_terminal sent; *ret stays -1 when the child failed before
 * (its error tells). */
int launch_take_terminal(struct launch *l, int *ret, struct err *err);
/* Waits for the command to be executed; the stub's error otherwise. */
int launch_wait(struct launch *l, struct err *err);
/* The pid that a joining stub reports; 0 when it failed before. */
pid_t launch_take_pid(struct launch *l);
/* Closes the child's ends in the parent. */
void launch_parent(struct launch *l);

#endif
