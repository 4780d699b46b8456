/* secret64.h - base64 of credentials, as auth files hold it; private to pkg/config. */
#ifndef PKG_CONFIG_SECRET64_H
#define PKG_CONFIG_SECRET64_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

void secret64_encode(const void *data, size_t len, struct buf *out);
/* False for what is not base64 with padding; line ends are skipped, as Go does. */
bool secret64_decode(const char *text, struct buf *out);

#endif
