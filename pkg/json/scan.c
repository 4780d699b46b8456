/* Looking at a text beside jansson. */
#include "scan.h"
#include "base/err.h"
#include "base/str.h"

#include <stdio.h>

#define INT64_DIGITS 19
#define MARK_DIGITS 9
/* A quote, the NUL's escape, the place, a quote: no longer than the shortest number replaced. */
#define MARK_LEN (1 + 6 + MARK_DIGITS + 1)

_Static_assert(MARK_LEN <= INT64_DIGITS, "a mark must fit in the place of a number");

/* p is at an opening quote; returns what is behind the closing one. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && end - p > 1)
			p++;
	return p < end ? p + 1 : end;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t json_scan_values(const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	bool opened = false; /* the last thing seen was an opening bracket */
	size_t n = 1;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			opened = false;
			continue;
		}
		if (*p == ',' || *p == '[' || *p == '{')
			n++;
		else if (opened && (*p == ']' || *p == '}'))
			n--;
		if (!is_blank(*p))
			opened = *p == '[' || *p == '{';
		p++;
	}
	return n;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What a number may consist of, in no order. */
static size_t number_len(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && (is_digit(*p) || (*p && strchr("+-.eE", *p))))
		p++;
	return (size_t)(p - s);
}

static bool is_wide(const char *s, size_t n)
{
	bool minus = n > 0 && *s == '-';
	size_t i;

	s += minus;
	n -= minus;
	if (n < INT64_DIGITS || *s == '0')
		return false;
	for (i = 0; i < n; i++)
		if (!is_digit(s[i]))
			return false;
	return n > INT64_DIGITS ||
	       memcmp(s, minus ? "9223372036854775808" : "9223372036854775807", n) > 0;
}

static void break_nuls(char *from, const char *to)
{
	for (; to - from >= 6; from++)
		if (*from == '\\') {
			if (memcmp(from + 1, "u0000", 5) == 0)
				from[1] = 'x';
			from++;
		}
}

void json_scan_mark(char *text, size_t len)
{
	char *p = text, *end = text + len, *to, mark[32];
	size_t n;

	for (; p < end; p = to) {
		if (*p == '"') {
			to = text + (skip_string(p, end) - text);
			break_nuls(p, to);
			continue;
		}
		n = number_len(p, end);
		to = p + (n > 0 ? n : 1);
		if (!is_wide(p, n))
			continue;
		(void)snprintf(mark, sizeof(mark), "\"\\u0000%0*zu\"", MARK_DIGITS,
			       (size_t)(p - text));
		memcpy(p, mark, MARK_LEN);
		memset(p + MARK_LEN, ' ', n - MARK_LEN);
	}
}

bool json_scan_unmark(const char *s, size_t n, const char *text, size_t len, struct str *ret)
{
	struct err ignored = ERR_INIT;
	uint64_t at;

	if (n != 1 + MARK_DIGITS || s[0] != '\0' ||
	    parse_u64(s + 1, "place", 0, len - 1, &at, &ignored) < 0)
		return false;
	*ret = (struct str){text + at, number_len(text + at, text + len)};
	return true;
}
