/* utf8.h - characters as bytes, for what this module writes. */
#ifndef PKG_TEXT_UTF8_H
#define PKG_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

struct buf;

void utf8_add(struct buf *b, uint32_t c);
/* Bytes of the character at s (len > 0 of them are there); 0 when it is malformed. */
size_t utf8_len(const char *s, size_t len);
/* The character at s and in *ret_len its bytes; a malformed byte is itself, of length 1. */
uint32_t utf8_get(const char *s, size_t len, size_t *ret_len);
/* Characters in s, each malformed byte counting as one. */
size_t utf8_count(const char *s, size_t len);

#endif
