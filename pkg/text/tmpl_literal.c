/* Literals of a template: strings with Go's escapes, characters, numbers. */
#include "tmpl_lex.h"
#include "utf8.h"
#include "base/buf.h"

#include <stdlib.h>

#define NUMBER_MAX 64

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* n digits of base at *p, moved over. */
static bool take_digits(const char **p, const char *end, int n, int base, uint32_t *ret)
{
	uint32_t v = 0;

	for (; n > 0; n--, (*p)++) {
		if (*p >= end || digit_value(**p) >= base)
			return false;
		v = v * (uint32_t)base + (uint32_t)digit_value(**p);
	}
	*ret = v;
	return true;
}

/* *p is behind a backslash. \x and octal give bytes, \u and \U characters. */
static bool take_escape(const char **p, const char *end, struct buf *out)
{
	static const char names[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
	char c = **p;
	const char *at = strchr(names, c);
	uint32_t v;

	if (c && at) {
		(*p)++;
		buf_addc(out, values[at - names]);
		return true;
	}
	if (c >= '0' && c <= '7') {
		if (!take_digits(p, end, 3, 8, &v) || v == 0 || v > 0xff)
			return false;
		buf_addc(out, (char)v);
		return true;
	}
	(*p)++;
	if (c == 'x') {
		if (!take_digits(p, end, 2, 16, &v) || v == 0)
			return false;
		buf_addc(out, (char)v);
		return true;
	}
	if ((c != 'u' && c != 'U') || !take_digits(p, end, c == 'u' ? 4 : 8, 16, &v))
		return false;
	if (v == 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return false;
	utf8_add(out, v);
	return true;
}

bool tmpl_unquote(struct str word, struct buf *out)
{
	const char *p = word.ptr + 1, *end = word.ptr + word.len - 1;

	while (p < end) {
		if (*p == '\\' && *word.ptr != '`') {
			p++;
			if (p >= end || !take_escape(&p, end, out))
				return false;
		} else {
			if (*p != '\r' || *word.ptr != '`')
				buf_addc(out, *p);
			p++;
		}
	}
	return true;
}

/* Whole numbers with Go's prefixes; 1 yes, 0 no, -1 too large. */
static int whole(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	unsigned base = 10;
	uint64_t v = 0;

	s += *s == '-' || *s == '+';
	if (*s == '0' && s[1]) {
		char c = (char)(s[1] | 0x20);

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		s += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	if (!*s)
		return 0;
	for (; *s; s++) {
		if (*s == '_' && digit_value(s[1]) < (int)base)
			continue;
		if (digit_value(*s) >= (int)base)
			return 0;
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (unsigned)digit_value(*s), &v))
			return -1;
	}
	if (v > (uint64_t)INT64_MAX + negative)
		return -1;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 1;
}

/* sign? digits? (. digits?)? (e sign? digits)?, as strtod reads it; no hex, inf or nan. */
static bool floating(const char *s, double *ret)
{
	char *end = NULL;

	if (s[strspn(s, "0123456789.eE+-")] || !strpbrk(s, "0123456789"))
		return false;
	*ret = strtod(s, &end);
	return !*end;
}

int tmpl_number(struct str word, int64_t *ret_int, double *ret_float)
{
	char s[NUMBER_MAX];
	int r;

	if (word.len >= sizeof(s))
		return 0;
	memcpy(s, word.ptr, word.len);
	s[word.len] = '\0';
	r = whole(s, ret_int);
	if (r != 0)
		return r > 0 ? 1 : 0;
	return floating(s, ret_float) ? 2 : 0;
}
