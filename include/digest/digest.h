/*
 * digest.h - sha256 for everything that is named by its content, and the CRC-64 of tar-split.
 *
 * sha256 is OpenSSL's (libcrypto, loaded by the first call that can fail: sha256_new, sha256_once,
 * sha256_fd). A hash in progress survives fork: parent and child each go on with their own copy.
 */
#ifndef DIGEST_DIGEST_H
#define DIGEST_DIGEST_H

#include "base/auto.h"

#include <stddef.h>
#include <stdint.h>

struct err;
struct sha256;

#define SHA256_LEN 32
/* "sha256:", 64 hex digits, NUL */
#define SHA256_TEXT_MAX (7 + 2 * SHA256_LEN + 1)

int sha256_new(struct sha256 **ret, struct err *err);
void sha256_free(struct sha256 *h);
DEFINE_AUTO(struct sha256, sha256_free)
/* Cannot fail from the caller's view: a failure inside the library is kept for sha256_final. */
void sha256_update(struct sha256 *h, const void *data, size_t n);
/* sha256_update with the signature of a stream tap (archive/stream.h); arg is the hash. */
void sha256_tap(void *arg, const void *data, size_t n);
/* The digest of all bytes since sha256_new or the last sha256_final; starts anew. */
int sha256_final(struct sha256 *h, uint8_t out[SHA256_LEN], struct err *err);

int sha256_once(const void *data, size_t n, uint8_t out[SHA256_LEN], struct err *err);
/* From the descriptor's position to the end; ret_size (bytes) may be NULL. */
int sha256_fd(int fd, const char *what, uint8_t out[SHA256_LEN], uint64_t *ret_size,
	      struct err *err);
/* "sha256:<64 hex digits>"; returns out. */
const char *sha256_text(const uint8_t digest[SHA256_LEN], char out[SHA256_TEXT_MAX]);
/* Exactly that form; ERR_INVALID names the text otherwise. */
int sha256_parse(const char *text, uint8_t out[SHA256_LEN], struct err *err);

/* CRC-64/GO-ISO (Go's hash/crc64 with the ISO polynomial): begin with 0, feed the result back.
 * "123456789" gives 0xb90956c775a41001. */
uint64_t crc64_iso(uint64_t crc, const void *data, size_t n);

#endif
