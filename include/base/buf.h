/*
 * buf.h - a growing byte buffer with a ceiling.
 *
 * A failed append (out of memory, ceiling met) sticks: later appends do nothing, and the caller
 * checks once with buf_ok. What is held is always followed by a NUL that is not counted in len.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

struct buf {
	char *ptr;
	size_t len, cap, max;
	bool failed;
};

#define BUF_INIT(limit)                                                                            \
	{                                                                                          \
		.max = (limit)                                                                     \
	}
#define AUTO_BUF __attribute__((cleanup(buf_fini)))

void buf_fini(struct buf *b);
/* Forgets content and failure, keeps the memory. */
void buf_reset(struct buf *b);

void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Room for n more bytes at ptr + len, or NULL; buf_grew says how many of them were used. */
char *buf_space(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);
void buf_truncate(struct buf *b, size_t len);

bool buf_ok(const struct buf *b);
/* The text, never NULL ("" for an empty buffer); borrowed, valid until the next change. */
const char *buf_str(const struct buf *b);
/* Caller frees; NULL when !buf_ok(). The buffer is empty afterwards. */
char *buf_take(struct buf *b);
/* ERR_LIMIT "WHAT is larger than N bytes" or ERR_NOMEM when !buf_ok(), else 0. */
int buf_check(const struct buf *b, const char *what, struct err *err);

#endif
