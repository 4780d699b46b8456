/*
 * mount.h - a container's root file system for people on the host.
 *
 * One that runs is seen through /proc/<pid>/root. One that does not is mounted, writable, at
 * <graphroot>/kist/containers/<id>/merged; starting or removing it takes that mount away again.
 */
#ifndef CONTAINER_MOUNT_H
#define CONTAINER_MOUNT_H

#include "container/container.h"

#include <stdbool.h>

/* Caller frees *ret_path. Needs the right to mount. */
int container_mount(struct container *c, char **ret_path, struct err *err);
/* Where it is mounted: 1, or 0 when it is not (a running one is only after container_mount). */
int container_mounted(struct container *c, char **ret_path, struct err *err);
/* 1 unmounted, 0 it was not mounted. lazily: also while somebody works in it; ERR_IN_USE without.
 */
int container_unmount(struct container *c, bool lazily, struct err *err);

#endif
