/*
 * dirs.h - the directories of a tree that is being written: reached through the kernel's resolver,
 * the last ones kept open, their times set at the very end.
 */
#ifndef TREE_DIRS_H
#define TREE_DIRS_H

#include "base/buf.h"
#include "path.h"

#include <time.h>

struct dirs;

/* root is borrowed. */
int dirs_new(int root, struct dirs **ret, struct err *err);
void dirs_free(struct dirs *d);

/* The directory that p is in; missing ones are made (mode 0755). *ret_fd (O_PATH) stays with the
 * cache and is valid until the next call. 1, or 0 when something on the way is no directory. */
int dirs_parent(struct dirs *d, const struct tree_path *p, int *ret_fd, struct err *err);
/* As dirs_parent, making nothing: 0 also when it is not there. */
int dirs_parent_find(struct dirs *d, const struct tree_path *p, int *ret_fd, struct err *err);
/* How many directories were made because they were on the way. */
uint64_t dirs_made(const struct dirs *d);
/* Takes fd over as the directory p. */
void dirs_remember(struct dirs *d, const struct tree_path *p, int take_fd);
/* Something was removed: what is kept open may be something else now. */
void dirs_forget(struct dirs *d);

/* Notes the directory's times, in a file without a name: memory stays bounded. */
int dirs_note_times(struct dirs *d, const struct tree_path *p, const struct timespec times[2],
		    struct err *err);
/* Sets all noted times. */
int dirs_set_times(struct dirs *d, struct err *err);

#endif
