/*
 * digest.h - digest values "sha256:<64 hex>" as text (OCI image spec, descriptor.md). Only sha256
 * is accepted where kist must check bytes; sha512 is recognised and refused by name.
 */
#ifndef SPEC_DIGEST_H
#define SPEC_DIGEST_H

#include <stdbool.h>

struct err;

#define SHA256_HEX 64
/* "sha256:" + hex + NUL */
#define SHA256_TEXT (7 + SHA256_HEX + 1)

/* Is it "sha256:" and 64 lower-case hex digits? */
bool digest_is_sha256(const char *s);
/* ERR_INVALID "<what>: ..." or ERR_UNSUPPORTED for another algorithm of correct form. */
int digest_check(const char *s, const char *what, struct err *err);
/* The hex digits of a checked digest: a pointer behind the colon. */
const char *digest_hex(const char *digest);

#endif
