/*
 * scan.h - what jansson does not do: a limit on the number of values that holds before memory is
 * spent, and whole numbers beyond 64 bits with a sign; private to pkg/json.
 *
 * Nothing here judges a text: it only has to be right for texts that jansson accepts, and must not
 * make it accept others.
 */
#ifndef PKG_JSON_SCAN_H
#define PKG_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct str;

/* The number of values in a well-formed text. */
size_t json_scan_values(const char *text, size_t len);

/*
 * Replaces every whole number that is no int64 by a string of the same length (with blanks) that
 * starts with a NUL and says where the number stood. Such a string cannot be mistaken: a NUL
 * escape in the text itself is made invalid, and no member may be called so. len < 10^9.
 */
void json_scan_mark(char *text, size_t len);
/* True, with the number's digits in the original text, when a string (as parsed) is a mark. */
bool json_scan_unmark(const char *s, size_t n, const char *text, size_t len, struct str *ret);

#endif
