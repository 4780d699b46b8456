/* base64.h - RFC 4648 section 4; private to pkg/config. */
#ifndef PKG_CONFIG_BASE64_H
#define PKG_CONFIG_BASE64_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

void base64_encode(const void *data, size_t len, struct buf *out);
/* False for what is not base64 with padding; line ends are skipped, as Go does. */
bool base64_decode(const char *text, struct buf *out);

#endif
