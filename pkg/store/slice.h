/*
 * slice.h - finding the parts of an index file without building a tree: a value is a piece of the
 * text. Index files of thousands of records are looked through on the way to starting one
 * container, which a full parser is too slow for (docs/decisions/0002-store-locking.md); a record
 * that is wanted is then read by the json module, and one that nobody changed is written again as
 * the very bytes that were read.
 *
 * Checked here: brackets and strings of everything, commas and colons of the levels that are
 * walked.
 */
#ifndef PKG_STORE_SLICE_H
#define PKG_STORE_SLICE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Walks one array or object. Set up with slice_open. */
struct slice_iter {
	const char *p, *end;
	char closer;
	bool first;
};

/* Cuts the next value off *p (leading blanks too). False when there is none or it is broken. */
bool slice_value(const char **p, const char *end, struct str *ret);
void slice_blanks(const char **p, const char *end);
/* False when value does not begin with opener ('[' or '{'); it may be longer than the array or
 * object. */
bool slice_open(struct str value, char opener, struct slice_iter *it);
/* Moves to the next element: 1 it.p stands before it, 0 on the closer, -1 the text is broken. */
int slice_next(struct slice_iter *it);
/* 1 with the next item, 0 at the end, -1 when the text is broken. */
int slice_item(struct slice_iter *it, struct str *ret);
/* The same for members; key is the raw text between the quotes. */
int slice_member(struct slice_iter *it, struct str *ret_key, struct str *ret);

/* The raw text between the quotes, escapes as they are; false when value is not a string. */
bool slice_text(struct str value, struct str *ret);
bool slice_i64(struct str value, int64_t *ret);
/* Is value an array that holds exactly this string (one that needs no escapes)? */
bool slice_has(struct str array, const char *text);
/* The object's member, or ptr NULL. */
struct str slice_get(struct str object, const char *key);

static inline bool slice_same(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#endif
