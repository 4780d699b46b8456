#include "base/buf.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_CAP 64

void buf_fini(struct buf *b)
{
	free(b->ptr);
	b->ptr = NULL;
	b->len = b->cap = 0;
	b->failed = false;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

char *buf_space(struct buf *b, size_t n)
{
	size_t want, cap;
	char *p;

	if (b->failed)
		return NULL;
	if (n > b->max || b->len > b->max - n) {
		b->failed = true;
		return NULL;
	}
	want = b->len + n + 1;
	if (want <= b->cap)
		return b->ptr + b->len;
	cap = b->cap ? b->cap : BUF_FIRST_CAP;
	while (cap < want)
		cap += cap / 2 + 1;
	p = realloc(b->ptr, cap);
	if (!p) {
		b->failed = true;
		return NULL;
	}
	b->ptr = p;
	b->cap = cap;
	b->ptr[b->len] = '\0';
	return b->ptr + b->len;
}

void buf_grew(struct buf *b, size_t n)
{
	b->len += n;
	b->ptr[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	char *p = buf_space(b, n);

	if (!p)
		return;
	if (n > 0)
		memcpy(p, data, n);
	buf_grew(b, n);
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	p = buf_space(b, (size_t)n);
	if (!p)
		return;
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->ptr[len] = '\0';
}

bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

const char *buf_str(const struct buf *b)
{
	return b->ptr ? b->ptr : "";
}

char *buf_take(struct buf *b)
{
	char *p;

	if (b->failed)
		return NULL;
	p = b->ptr ? b->ptr : calloc(1, 1);
	b->ptr = NULL;
	b->len = b->cap = 0;
	return p;
}

int buf_check(const struct buf *b, const char *what, struct err *err)
{
	if (!b->failed)
		return 0;
	if (b->len + BUF_FIRST_CAP >= b->max / 2)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", what, b->max);
	return err_nomem(err);
}
