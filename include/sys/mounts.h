/*
 * mounts.h - the new mount API (open_tree, fsopen, fsmount, mount_setattr, move_mount; Linux 5.12):
 * mounts are made detached, as descriptors, and attached to descriptors, never to joined paths.
 * (Not called mount.h: that would hide libc's <sys/mount.h>.)
 */
#ifndef SYS_MOUNTS_H
#define SYS_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* One "key=value" (or "key" with NULL value) for a file system. A list ends with {0}. */
struct mount_opt {
	const char *key, *value;
};

/* A new file system as a detached mount. attrs: MOUNT_ATTR_* of <sys/mount.h>. */
int mount_fs(const char *type, const char *source, const struct mount_opt *opts, uint64_t attrs,
	     int *ret_fd, struct err *err);
/* A detached copy of what path (below dir; "" is dir itself) shows, for a bind mount. */
int mount_clone(int dir, const char *path, bool recursive, int *ret_fd, struct err *err);
/* set: MOUNT_ATTR_* to add; propagation: 0 or MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE. */
int mount_attrs(int fd, uint64_t set, uint64_t propagation, bool recursive, struct err *err);
/* Attaches a detached mount onto target (an O_PATH descriptor of the same kind: directory on
 * directory, file on file). what: for the error. */
int mount_attach(int fd, int target, const char *what, struct err *err);

/* "The same file, seen through our present mount namespace": a descriptor from another one cannot
 * be bind-mounted nor be an overlay's layer. Goes by its path (mount_path_of, taken where the
 * descriptor came from) and checks that the inode is the same. */
#define MOUNT_PATH_MAX 4096
int mount_path_of(int fd, char out[MOUNT_PATH_MAX], struct err *err);
int mount_reopen(int fd, const char *path, int *ret_fd, struct err *err);

/* Is something mounted on path below dir (AT_FDCWD for absolute paths)? Follows no symlink at the
 * end, and triggers no automount. */
bool mount_is_at(int dir, const char *path);

/*
 * Mounts an overlay of the options on target. Paths in them are relative to the directory dir,
 * which is entered by its path (see mount_reopen): others may mount something over it and unmount
 * it again at any moment, and the kernel takes no layer of a mount that is gone, so that it is
 * tried again. work: the work directory that a volatile overlay's options name, else -1: a mount
 * that failed leaves there what would make the next one fail. Changes the working directory.
 */
int mount_overlay(int dir, const char *path, const char *options, int work, unsigned long flags,
		  const char *target, struct err *err);

#endif
