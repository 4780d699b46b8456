/*
 * changes.h - what a layer's directory changes of the layers below it: docker's A, C and D.
 */
#ifndef TREE_CHANGES_H
#define TREE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/*
 * Appends "<letter> <path>" and NUL for each change: A added, C changed, D deleted; paths begin
 * with '/'. A directory counts as changed when something was added to it or removed from it, or
 * when its own mode, owner or time differ. diff and lowers (topmost first) are open for reading;
 * whiteouts are those of overlay. ERR_LIMIT beyond out's ceiling. It runs as one who may read the
 * directories.
 */
int tree_changes(int diff, const int *lowers, size_t n_lowers, struct buf *out, struct err *err);

#endif
