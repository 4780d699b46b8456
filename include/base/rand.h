/* rand.h - random identifiers, and hex. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>

/* getrandom(2); never fails short of a kernel without it (then aborts). */
void rand_bytes(void *out, size_t n);
/* 2*n lower-case hex digits and NUL. */
void hex_encode(const void *data, size_t n, char *out);
/* Exactly 2*n lower-case hex digits; 0, or -1 when the text is anything else. */
int hex_decode(const char *s, void *out, size_t n);

#define ID_HEX_LEN 64
/* A container or layer ID: 64 hex digits whose first 12 are not all decimal (so that no tool takes
 * the short form for a number). */
void rand_id(char out[ID_HEX_LEN + 1]);

#endif
