/* Looking at values. */
#include "value.h"

#include <string.h>

enum json_kind json_kind(const struct json *v)
{
	return v ? v->kind : JSON_NULL;
}

static bool is_list(const struct json *v)
{
	return v && (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT);
}

void json_link(struct json *parent, struct json *item)
{
	if (parent->u.list.last)
		parent->u.list.last->next = item;
	else
		parent->u.list.first = item;
	parent->u.list.last = item;
	parent->n++;
}

size_t json_count(const struct json *v)
{
	return is_list(v) ? v->n : 0;
}

struct json *json_first(const struct json *v)
{
	return is_list(v) ? v->u.list.first : NULL;
}

struct json *json_next(const struct json *v)
{
	return v ? v->next : NULL;
}

const char *json_name(const struct json *v)
{
	return v ? v->name : NULL;
}

struct json *json_get(const struct json *v, const char *name)
{
	size_t len = strlen(name);
	struct json *it;

	if (json_kind(v) != JSON_OBJECT)
		return NULL;
	JSON_EACH(it, v)
	{
		if (it->name_len == len && memcmp(it->name, name, len) == 0)
			return it;
	}
	return NULL;
}

struct json *json_at(const struct json *v, size_t index)
{
	struct json *it;

	JSON_EACH(it, v)
	{
		if (index-- == 0)
			return it;
	}
	return NULL;
}

const char *json_text(const struct json *v)
{
	return json_kind(v) == JSON_STRING ? v->u.text : NULL;
}

bool json_get_bool(const struct json *v, bool *ret)
{
	if (json_kind(v) != JSON_BOOL)
		return false;
	*ret = v->u.yes;
	return true;
}

/* All of s[0..n) as decimal digits. */
static bool whole_number(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	if (n == 0)
		return false;
	for (i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (unsigned)(s[i] - '0'), &v))
			return false;
	*ret = v;
	return true;
}

bool json_get_u64(const struct json *v, uint64_t *ret)
{
	return json_kind(v) == JSON_NUMBER && whole_number(v->u.text, v->n, ret);
}

bool json_get_i64(const struct json *v, int64_t *ret)
{
	uint64_t u;
	bool minus;

	if (json_kind(v) != JSON_NUMBER)
		return false;
	minus = v->u.text[0] == '-';
	if (!whole_number(v->u.text + minus, v->n - minus, &u))
		return false;
	if (u > (uint64_t)INT64_MAX + minus)
		return false;
	*ret = minus ? (int64_t)(0 - u) : (int64_t)u;
	return true;
}

static bool same_text(const struct json *a, const struct json *b)
{
	return a->n == b->n && memcmp(a->u.text, b->u.text, a->n) == 0;
}

static bool same_object(const struct json *a, const struct json *b)
{
	const struct json *x, *y;

	JSON_EACH(x, a)
	{
		y = json_get(b, x->name);
		if (!y || !json_same(x, y))
			return false;
	}
	return a->n == b->n;
}

static bool same_array(const struct json *a, const struct json *b)
{
	const struct json *x, *y = json_first(b);

	if (a->n != b->n)
		return false;
	JSON_EACH(x, a)
	{
		if (!json_same(x, y))
			return false;
		y = json_next(y);
	}
	return true;
}

bool json_same(const struct json *a, const struct json *b)
{
	if (json_kind(a) != json_kind(b))
		return false;
	switch (json_kind(a)) {
	case JSON_NULL:
		return true;
	case JSON_BOOL:
		return a->u.yes == b->u.yes;
	case JSON_NUMBER:
	case JSON_STRING:
		return same_text(a, b);
	case JSON_ARRAY:
		return same_array(a, b);
	case JSON_OBJECT:
		return same_object(a, b);
	}
	return false;
}
