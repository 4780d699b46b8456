#include "base/str.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool str_eq(struct str a, const char *b)
{
	return strlen(b) == a.len && memcmp(a.ptr, b, a.len) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return str_after(s, prefix) != NULL;
}

const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

struct str str_cut(struct str *rest, char sep)
{
	struct str part = *rest;
	const char *at;

	if (!rest->ptr)
		return part;
	at = memchr(rest->ptr, sep, rest->len);
	if (!at) {
		*rest = (struct str){NULL, 0};
		return part;
	}
	part.len = (size_t)(at - rest->ptr);
	rest->len -= part.len + 1;
	rest->ptr = at + 1;
	return part;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool str_u32(struct str s, uint32_t *ret)
{
	uint64_t v = 0;
	size_t i;

	if (s.len == 0 || s.len > 10)
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s.ptr[i] - '0');
	}
	if (v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

char *str_dup(struct str s)
{
	char *p = malloc(s.len + 1);

	if (!p)
		return NULL;
	if (s.len > 0)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return p;
}

char *str_fmt(const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) < 0)
		p = NULL;
	va_end(ap);
	return p;
}

int str_set(char **slot, const char *value, struct err *err)
{
	char *copy = NULL;

	if (value) {
		copy = strdup(value);
		if (!copy)
			return err_nomem(err);
	}
	free(*slot);
	*slot = copy;
	return 0;
}

/* The length of the UTF-8 sequence that begins with c, 0 when none does. */
static size_t utf8_len(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c < 0xe0)
		return 2;
	if ((c & 0xf0) == 0xe0)
		return 3;
	return c >= 0xf0 && c < 0xf5 ? 4 : 0;
}

static bool utf8_second_ok(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

bool str_is_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;
	size_t n, i;

	while (p < end) {
		n = utf8_len(*p);
		if (n == 0 || (size_t)(end - p) < n)
			return false;
		for (i = 1; i < n; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		if (n > 1 && !utf8_second_ok(p[0], p[1]))
			return false;
		p += n;
	}
	return true;
}

bool str_is_hex(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

#define NEAREST_MAX 32

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits (insert, delete, replace) that turn a into b. */
static unsigned edits(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[NEAREST_MAX + 1], diag, up;
	size_t i, j;

	for (j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= n; i++) {
		diag = row[0];
		row[0] = (unsigned)i;
		for (j = 1; j <= m; j++) {
			up = row[j];
			row[j] = min3(up + 1, row[j - 1] + 1, diag + (a[i - 1] != b[j - 1]));
			diag = up;
		}
	}
	return row[m];
}

const char *str_nearest(const char *s, const char *const *names, size_t n)
{
	size_t len = strlen(s), i;
	unsigned best = (unsigned)(len / 3 + 1), d;
	const char *found = NULL;

	if (len > NEAREST_MAX)
		return NULL;
	for (i = 0; i < n; i++) {
		if (strlen(names[i]) > NEAREST_MAX)
			continue;
		d = edits(s, len, names[i], strlen(names[i]));
		if (d < best || (d == best && !found)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
