/*
 * calls.h - system calls as the fault injector sees them: what a call does to files, and to which.
 * A call that waits for our answer is described from outside: arguments, and paths in the memory of
 * the caller.
 */
#ifndef TEST_FAULTS_CALLS_H
#define TEST_FAULTS_CALLS_H

#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>

/* What a call does. */
enum {
	DOES_CHANGE = 1,  /* what is on disk is another thing afterwards */
	DOES_SPACE = 2,	  /* it can meet a full disk */
	DOES_SYNC = 4,	  /* it waits for the disk */
	DOES_READ = 8,	  /* it looks at what is on disk */
	DOES_TALK = 16,	  /* it starts a process or sends to one */
	DOES_KERNEL = 32, /* mounts and control groups, which outlive a process, too */
};

#define TARGET_MAX (PATH_MAX + 64)

struct seen {
	const char *name;	    /* of the call */
	unsigned does;		    /* of this very call: a write to a pipe only talks */
	char target[TARGET_MAX];    /* the file it is about, as well as that can be said */
	unsigned long takes, gives; /* bytes of disk, roughly */
};

/* A filter that asks for each call that can do one of `does`; the caller frees filter. */
struct sock_fprog calls_filter(unsigned does);
/* False when the call is of no interest: it is none of ours, or its caller is gone. */
bool calls_look(const struct seccomp_notif *n, struct seen *ret);

#endif
