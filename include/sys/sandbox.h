/*
 * sandbox.h - what a process may ask of the kernel from now on, and its children with it, for good.
 * For roles that take foreign bytes apart: what a flaw in a parser can reach ends here. Every call
 * that is not needed fails with ENOSYS.
 */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum sandbox {
	/* Reading and writing what is open, memory, time, exit. No new descriptor, no code that was
	 * not loaded before. */
	SANDBOX_STREAMS,
	/* Also: files of every kind, and children. No program, no socket but a pair, no mount, no
	 * namespace, no other process, no kernel feature. */
	SANDBOX_FILES,
};

/* Sets no_new_privs. Nothing happens on an architecture that this was not built for, and on a
 * kernel without system call filters. */
int sandbox_calls(enum sandbox kind, struct err *err);

/* Files can be made, changed and removed below these directories alone (what is open stays open).
 * Reading is not limited. Sets no_new_privs. Nothing happens on a kernel without Landlock's
 * second version (Linux 5.19). */
int sandbox_writes(const int *dirs, size_t n, struct err *err);

/* Private memory of the process and each of its children, in bytes. */
int sandbox_memory(uint64_t max, struct err *err);

#endif
