/* out_dir.h - the directory that an image is saved into. It may hold what anybody put there:
 * nothing is reached through a symlink. Names are relative to it, "blobs/sha256/x". */
#ifndef IMAGE_OUT_DIR_H
#define IMAGE_OUT_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Is there a regular file of this name and size? */
bool out_dir_has(int top, const char *name, uint64_t size);
/* A nameless file in it. The caller closes. */
int out_dir_spool(int top, int *ret_fd, struct err *err);
/* The nameless file gets the name, instead of a file or link that has it; directories on the way
 * are made. ERR_INVALID names the one that is something else. */
int out_dir_place(int top, const char *name, int spool, struct err *err);
/* A small file, instead of one that is there; below a directory one of the same bytes stays. */
int out_dir_text(int top, const char *name, const void *data, size_t n, struct err *err);
/* Removes what saves that were killed left in the directory of such names; when the caller is not
 * alone there, only what is older than a day. */
int out_dir_sweep(int top, const char *name, bool alone, struct err *err);

#endif
