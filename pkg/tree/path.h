/* path.h - names of tar entries as paths below one directory. */
#ifndef TREE_PATH_H
#define TREE_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* A cleaned path "a/b/c": no empty component, no "." and "..", no slash in front or behind. "" is
 * the directory itself. */
struct tree_path {
	char text[PATH_MAX];
	size_t len;
	size_t parent_len; /* of "a/b" */
	const char *name;  /* "c": within text; "" when text is */
};

/* Cleans lexically: "/a" and "./a/" are "a". ERR_INVALID for names that climb out, ERR_LIMIT for
 * those longer than PATH_MAX - 1. `what` ("entry", "hard link to") begins the message. */
int tree_path_clean(const char *name, const char *what, struct tree_path *ret, struct err *err);
uint64_t tree_path_hash(const struct tree_path *p);

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

/* Who a file would belong to: stores of one ID (containers/storage's force_mask). */
#define TREE_OVERRIDE_XATTR "user.containers.override_stat"

/* Does a directory on the way have a whiteout's name? */
bool tree_path_below_whiteout(const struct tree_path *p);

#endif
