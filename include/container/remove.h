/*
 * remove.h - removing trees whose files belong to subordinate IDs of this user.
 */
#ifndef CONTAINER_REMOVE_H
#define CONTAINER_REMOVE_H

struct err;

/* As tree_remove (sys/fd.h); what this user may not remove itself is removed by root of a user
 * namespace with the user's subordinate IDs. Fits store_options.remove_tree. */
int remove_tree_of_subids(void *unused, int dir, const char *path, struct err *err);

#endif
