#include "slice.h"

/* Deeper nesting than this is no index file. */
#define SLICE_DEPTH_MAX 64
#define I64_DIGITS 19

void slice_blanks(const char **p, const char *end)
{
	while (*p < end && (**p == ' ' || **p == '\n' || **p == '\t' || **p == '\r'))
		++*p;
}

/* *p stands on the opening quote; moves behind the closing one. */
static bool skip_string(const char **p, const char *end)
{
	const char *from = *p + 1, *q, *b;

	for (q = from; q < end; q++) {
		q = memchr(q, '"', (size_t)(end - q));
		if (!q)
			return false;
		for (b = q; b > from && b[-1] == '\\'; b--)
			;
		if ((q - b) % 2 == 0) {
			*p = q + 1;
			return true;
		}
	}
	return false;
}

static bool is_literal(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '+' || c == '.';
}

static bool skip_literal(const char **p, const char *end)
{
	const char *from = *p;

	while (*p < end && is_literal(**p))
		++*p;
	return *p > from;
}

/* Arrays and objects: brackets must match, strings must end. */
static bool skip_nested(const char **p, const char *end)
{
	char stack[SLICE_DEPTH_MAX];
	int depth = 0;

	do {
		if (*p >= end)
			return false;
		switch (**p) {
		case '[':
		case '{':
			if (depth == SLICE_DEPTH_MAX)
				return false;
			stack[depth++] = **p == '[' ? ']' : '}';
			++*p;
			break;
		case ']':
		case '}':
			if (stack[--depth] != **p)
				return false;
			++*p;
			break;
		case '"':
			if (!skip_string(p, end))
				return false;
			break;
		default:
			++*p;
		}
	} while (depth > 0);
	return true;
}

bool slice_value(const char **p, const char *end, struct str *ret)
{
	const char *from;
	bool ok;

	slice_blanks(p, end);
	if (*p >= end)
		return false;
	from = *p;
	if (*from == '"')
		ok = skip_string(p, end);
	else if (*from == '[' || *from == '{')
		ok = skip_nested(p, end);
	else
		ok = skip_literal(p, end);
	if (ok)
		*ret = (struct str){from, (size_t)(*p - from)};
	return ok;
}

bool slice_open(struct str value, char opener, struct slice_iter *it)
{
	if (value.len < 2 || value.ptr[0] != opener)
		return false;
	it->p = value.ptr + 1;
	it->end = value.ptr + value.len;
	it->closer = opener == '[' ? ']' : '}';
	it->first = true;
	return true;
}

int slice_next(struct slice_iter *it)
{
	slice_blanks(&it->p, it->end);
	if (it->p >= it->end)
		return -1;
	if (*it->p == it->closer)
		return 0;
	if (!it->first) {
		if (*it->p != ',')
			return -1;
		it->p++;
	}
	it->first = false;
	return 1;
}

int slice_item(struct slice_iter *it, struct str *ret)
{
	int r = slice_next(it);

	if (r > 0 && !slice_value(&it->p, it->end, ret))
		return -1;
	return r;
}

int slice_member(struct slice_iter *it, struct str *ret_key, struct str *ret)
{
	struct str key;
	int r = slice_next(it);

	if (r <= 0)
		return r;
	if (!slice_value(&it->p, it->end, &key) || !slice_text(key, ret_key))
		return -1;
	slice_blanks(&it->p, it->end);
	if (it->p >= it->end || *it->p != ':')
		return -1;
	it->p++;
	return slice_value(&it->p, it->end, ret) ? 1 : -1;
}

bool slice_text(struct str value, struct str *ret)
{
	if (value.len < 2 || value.ptr[0] != '"')
		return false;
	*ret = (struct str){value.ptr + 1, value.len - 2};
	return true;
}

bool slice_i64(struct str value, int64_t *ret)
{
	bool negative = value.len > 0 && value.ptr[0] == '-';
	size_t i = negative;
	int64_t n = 0;

	if (value.len == i || value.len - i > I64_DIGITS)
		return false;
	for (; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, value.ptr[i] - '0', &n))
			return false;
	}
	*ret = negative ? -n : n;
	return true;
}

bool slice_has(struct str array, const char *text)
{
	struct slice_iter it;
	struct str item, s;

	if (!slice_open(array, '[', &it))
		return false;
	while (slice_item(&it, &item) > 0) {
		if (slice_text(item, &s) && str_eq(s, text))
			return true;
	}
	return false;
}

struct str slice_get(struct str object, const char *key)
{
	struct str k, v, found = {NULL, 0};
	struct slice_iter it;

	if (!slice_open(object, '{', &it))
		return found;
	while (slice_member(&it, &k, &v) > 0) {
		if (str_eq(k, key))
			found = v; /* the last one counts, as in the other tools */
	}
	return found;
}
