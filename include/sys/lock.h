/*
 * lock.h - whole-file fcntl locks as open file descriptions (OFD): they conflict with the POSIX
 * locks that containers/storage takes, belong to the descriptor (shared with children that inherit
 * it), and go away with the last copy of it.
 */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <stdbool.h>

struct err;

/* (fcntl.h has macros LOCK_READ and LOCK_WRITE of its own.) */
enum lock_kind { LOCK_SHARED, LOCK_EXCLUSIVE };

/* Opens (creating it with mode 0644) and locks path below dir, waiting for it. */
int lock_open(int dir, const char *path, enum lock_kind kind, int *ret_fd, struct err *err);
/* As lock_open, without waiting: returns 1 with *ret_fd, 0 when somebody else holds it. */
int lock_try_open(int dir, const char *path, enum lock_kind kind, int *ret_fd, struct err *err);
/* Holds the directory path below dir with flock(2), as long as *ret_fd is open: 1, or 0 when
 * somebody else holds it, or it has not, or has no more, this name. For directories that are
 * renamed or removed by their holder; they need a file system of this machine. */
int lock_try_dir(int dir, const char *path, int *ret_fd, struct err *err);
/* Holds an open directory with flock(2) until its descriptor is closed: 1, or 0 where the file
 * system does not hold directories (NFS). ERR_IN_USE: somebody else keeps it for seconds, which
 * whoever may read a directory can do. */
int lock_dir(int dir_fd, struct err *err);
/* For lock files that their holder unlinks: as lock_try_open with LOCK_EXCLUSIVE, but only the file
 * that still has this name counts (a holder may have removed the one that was opened). */
int lock_try_named(int dir, const char *path, int *ret_fd, struct err *err);
/* Locks an open descriptor: 1 locked, 0 held by another (only without wait). */
int lock_fd(int fd, enum lock_kind kind, bool wait, struct err *err);
/* Is path below dir write-locked by anybody? 1 yes, 0 no or no such file. Takes nothing. */
int lock_is_held(int dir, const char *path, struct err *err);

#endif
