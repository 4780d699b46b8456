/* seen.h - which paths and which owners there were, in bounded memory. */
#ifndef TREE_SEEN_H
#define TREE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Hashes of all paths, eight bytes each, in one mapping that grows without being copied. Twins are
 * found at the end by sorting, so that an entry costs nothing in between; seen_has, a linear
 * search, is for the rare case that something is in the way, to name it early.
 */
struct seen {
	uint64_t *v;
	size_t n, cap;
	unsigned searches;
};

void seen_fini(struct seen *s);
int seen_add(struct seen *s, uint64_t hash, struct err *err);
/* May miss after many searches: an attacker would make each of them long. */
bool seen_has(struct seen *s, uint64_t hash);
/* Sorts. */
bool seen_twins(struct seen *s);

/* Sorted, without twins. */
struct ids {
	uint32_t *v;
	size_t n, cap;
};

void ids_fini(struct ids *s);
/* ERR_LIMIT with more than max. */
int ids_add(struct ids *s, uint32_t id, size_t max, struct err *err);

#endif
