/* base64.h - RFC 4648 with padding, in one piece or in several. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* n must be a multiple of 3, except for the last piece; out has room for 4 * ((n + 2) / 3). Returns
 * how many characters were written. */
size_t base64_encode(const void *data, size_t n, char *out);
/* out may be in. Returns how many bytes, or -1 when it is not base64. */
ssize_t base64_decode(const char *in, size_t n, void *out);

#endif
