/* changes.h - what a container has written: its own directory, and its whole file system. */
#ifndef CONTAINER_CHANGES_H
#define CONTAINER_CHANGES_H

struct child;
struct container;
struct container_def;
struct err;
struct strv;

/* The environment that an image made of the container has: without the host name of this one. *ret
 * must be empty. */
int container_own_env(const struct container_def *def, struct strv *ret, struct err *err);
/* The writable directory, open for reading; files may belong to subordinate IDs. The caller
 * closes. */
int container_open_upper(struct container *c, int *ret_fd, struct err *err);
/* Writes a tar of the file system, without what is mounted into it, to out. The container may
 * run. */
int container_export(struct container *c, int out, struct err *err);
/* The same by a child, for spawn_wait (sys/spawn.h). */
int container_export_start(struct container *c, int out, struct child *ret, struct err *err);

#endif
