/* changes.h - what a container has written: its own directory, and its whole file system. */
#ifndef CONTAINER_CHANGES_H
#define CONTAINER_CHANGES_H

struct container;
struct err;

/* The writable directory, open for reading; files may belong to subordinate IDs. The caller
 * closes. */
int container_open_upper(struct container *c, int *ret_fd, struct err *err);
/* Writes a tar of the file system, without what is mounted into it, to out. The container may
 * run. */
int container_export(struct container *c, int out, struct err *err);

#endif
