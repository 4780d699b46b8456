/*
 * userns.h - user namespaces: giving them their ID maps, and running code as their root.
 */
#ifndef SYS_USERNS_H
#define SYS_USERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct idmaps;

/* Writes the maps of the fresh user namespace of process pid: directly when they are single or we
 * may (root), else by newuidmap(1) and newgidmap(1), both at once. ERR_NOT_FOUND names the package
 * uidmap when they are missing. */
int userns_set_maps(pid_t pid, const struct idmaps *maps, struct err *err);

/* Runs fn in a child that is root of a new user namespace with these maps; for files that belong to
 * subordinate IDs. The child keeps stdio and fds[]; fn's error becomes the caller's. Changes that
 * fn makes to memory are not seen here: results go through a descriptor. */
enum userns_flags { USERNS_MOUNT = 1 << 0 /* also an own mount namespace */ };
int userns_run(const struct idmaps *maps, unsigned flags, const int *fds, size_t n_fds,
	       int (*fn)(void *arg, struct err *err), void *arg, struct err *err);

/* True when all IDs of the machine are mapped as they are (the initial namespace or like it). */
bool userns_is_initial(void);

#endif
