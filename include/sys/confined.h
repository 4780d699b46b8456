/*
 * confined.h - reaching files below a root that belongs to an image or a container: every
 * component is resolved by the kernel (openat2), so that no symlink, "..", absolute target or
 * magic link leads outside the root, also while somebody changes the tree.
 *
 * Needs Linux 5.6. Paths may be absolute or relative; both mean below root.
 */
#ifndef SYS_CONFINED_H
#define SYS_CONFINED_H

#include <sys/types.h>

struct err;

/* As open(2) with O_CLOEXEC; symlinks are followed inside the root (RESOLVE_IN_ROOT) unless
 * O_NOFOLLOW is among flags (last component only). */
int confined_open(int root, const char *path, int flags, mode_t mode, int *ret_fd, struct err *err);
/* As confined_open; returns 1, or 0 (no error) when there is no such path (ENOENT, ENOTDIR). */
int confined_find(int root, const char *path, int flags, int *ret_fd, struct err *err);
/* mkdir -p below root, returns the last directory opened with O_PATH. Existing symlinks to
 * directories are followed inside the root. */
int confined_mkdirs(int root, const char *path, mode_t mode, int *ret_fd, struct err *err);
/* Opens the parent directory of path (O_PATH), creating nothing; *ret_name points at the last
 * component within path (never "", "." or "..": those are ERR_INVALID). */
int confined_parent(int root, const char *path, int *ret_fd, const char **ret_name,
		    struct err *err);

#endif
