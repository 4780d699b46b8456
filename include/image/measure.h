/*
 * measure.h - bytes on disk of parts of the store, also of files of subordinate IDs.
 */
#ifndef IMAGE_MEASURE_H
#define IMAGE_MEASURE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct store;
struct strv;

/* ret[i]: bytes of disk of paths->v[i] (below the graphroot) and all in it; absent ones count 0.
 * A rootless store is looked at by root of a user namespace with the user's subordinate IDs. */
int store_measure(struct store *s, const struct strv *paths, uint64_t *ret, struct err *err);
/* The same below another directory of the store's user. */
int store_measure_in(struct store *s, int dir, const struct strv *paths, uint64_t *ret,
		     struct err *err);

#endif
