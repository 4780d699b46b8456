/* Documents: memory, making values, changing them. */
#include "base/err.h"
#include "base/strv.h"
#include "base/times.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_FIRST 2048
#define CHUNK_MAX ((size_t)256 << 10)
#define GO_ZERO_TIME "0001-01-01T00:00:00Z"

struct chunk {
	struct chunk *next;
	size_t used, cap;
	char data[] __attribute__((aligned(16)));
};

struct json_doc {
	struct chunk *chunks; /* the one being filled is the first */
	size_t next_cap;
	size_t n_values;
	struct json *root;
};

int json_new(struct json_doc **ret, struct err *err)
{
	struct json_doc *d = calloc(1, sizeof(*d));

	if (!d)
		return err_nomem(err);
	d->next_cap = CHUNK_FIRST;
	*ret = d;
	return 0;
}

void json_free(struct json_doc *doc)
{
	struct chunk *c, *next;

	if (!doc)
		return;
	for (c = doc->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(doc);
}

static struct chunk *chunk_new(size_t cap)
{
	struct chunk *c = malloc(sizeof(*c) + cap);

	if (!c)
		return NULL;
	c->used = 0;
	c->cap = cap;
	return c;
}

/* A piece of its own, behind the chunk that is being filled. */
static void *alloc_large(struct json_doc *doc, size_t n)
{
	struct chunk *c = chunk_new(n);

	if (!c)
		return NULL;
	c->used = n;
	if (doc->chunks) {
		c->next = doc->chunks->next;
		doc->chunks->next = c;
	} else {
		c->next = NULL;
		doc->chunks = c;
	}
	return c->data;
}

void *json_alloc(struct json_doc *doc, size_t n)
{
	struct chunk *c = doc->chunks;
	void *p;

	if (n > JSON_TEXT_MAX + 1)
		return NULL;
	n = (n + 7) & ~(size_t)7;
	if (!c || c->cap - c->used < n) {
		if (n > doc->next_cap / 4)
			return alloc_large(doc, n);
		c = chunk_new(doc->next_cap);
		if (!c)
			return NULL;
		c->next = doc->chunks;
		doc->chunks = c;
		if (doc->next_cap < CHUNK_MAX)
			doc->next_cap *= 2;
	}
	p = c->data + c->used;
	c->used += n;
	return p;
}

struct json *json_value_new(struct json_doc *doc, enum json_kind kind)
{
	struct json *v;

	if (doc->n_values >= JSON_VALUES_MAX)
		return NULL;
	v = json_alloc(doc, sizeof(*v));
	if (!v)
		return NULL;
	*v = (struct json){.kind = kind};
	doc->n_values++;
	return v;
}

struct json *json_root(const struct json_doc *doc)
{
	return doc ? doc->root : NULL;
}

int json_set_root(struct json_doc *doc, struct json *value, struct err *err)
{
	if (!value)
		return err_nomem(err);
	doc->root = value;
	return 0;
}

struct json *json_null(struct json_doc *doc)
{
	return json_value_new(doc, JSON_NULL);
}

struct json *json_bool(struct json_doc *doc, bool value)
{
	struct json *v = json_value_new(doc, JSON_BOOL);

	if (v)
		v->u.yes = value;
	return v;
}

struct json *json_text_new(struct json_doc *doc, enum json_kind kind, const char *s, size_t n)
{
	struct json *v = json_value_new(doc, kind);
	char *copy = v ? json_alloc(doc, n + 1) : NULL;

	if (!copy)
		return NULL;
	memcpy(copy, s, n);
	copy[n] = '\0';
	v->u.text = copy;
	v->n = n;
	return v;
}

struct json *json_i64(struct json_doc *doc, int64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)value);

	return json_text_new(doc, JSON_NUMBER, digits, (size_t)n);
}

struct json *json_u64(struct json_doc *doc, uint64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);

	return json_text_new(doc, JSON_NUMBER, digits, (size_t)n);
}

struct json *json_string(struct json_doc *doc, const char *value)
{
	return json_text_new(doc, JSON_STRING, value, strlen(value));
}

struct json *json_time(struct json_doc *doc, int64_t ns)
{
	char out[RFC3339_MAX];

	return json_string(doc, ns == 0 ? GO_ZERO_TIME : time_rfc3339(ns, out));
}

struct json *json_strv(struct json_doc *doc, const struct strv *list)
{
	struct json *arr = json_array(doc), *item;
	size_t i;

	for (i = 0; arr && i < list->n; i++) {
		item = json_string(doc, list->v[i]);
		if (!item)
			return NULL;
		json_link(arr, item);
	}
	return arr;
}

struct json *json_array(struct json_doc *doc)
{
	return json_value_new(doc, JSON_ARRAY);
}

struct json *json_object(struct json_doc *doc)
{
	return json_value_new(doc, JSON_OBJECT);
}

bool json_name_set(struct json_doc *doc, struct json *v, const char *name, size_t len)
{
	char *copy = json_alloc(doc, len + 1);

	if (!copy)
		return false;
	memcpy(copy, name, len);
	copy[len] = '\0';
	v->name = copy;
	v->name_len = (unsigned)len;
	return true;
}

static struct json *copy_list(struct json_doc *doc, const struct json *v)
{
	struct json *to = json_value_new(doc, v->kind), *item;
	const struct json *it;

	if (!to)
		return NULL;
	JSON_EACH(it, v)
	{
		item = json_copy(doc, it);
		if (!item || (it->name && !json_name_set(doc, item, it->name, it->name_len)))
			return NULL;
		json_link(to, item);
	}
	return to;
}

struct json *json_copy(struct json_doc *doc, const struct json *v)
{
	switch (json_kind(v)) {
	case JSON_NULL:
		return json_null(doc);
	case JSON_BOOL:
		return json_bool(doc, v->u.yes);
	case JSON_NUMBER:
	case JSON_STRING:
		return json_text_new(doc, v->kind, v->u.text, v->n);
	case JSON_ARRAY:
	case JSON_OBJECT:
		return copy_list(doc, v);
	}
	return NULL;
}

static void forget_place(struct json *v)
{
	v->next = NULL;
	v->name = NULL;
	v->name_len = 0;
}

/* Puts value where old stands. */
static void replace(struct json *obj, struct json *old, struct json *value)
{
	struct json **at = &obj->u.list.first;

	value->name = old->name;
	value->name_len = old->name_len;
	value->next = old->next;
	while (*at != old)
		at = &(*at)->next;
	*at = value;
	if (obj->u.list.last == old)
		obj->u.list.last = value;
	forget_place(old);
}

int json_set(struct json_doc *doc, struct json *obj, const char *name, struct json *value,
	     struct err *err)
{
	struct json *old;

	if (!value || !obj)
		return err_nomem(err);
	if (obj->kind != JSON_OBJECT)
		return err_set(err, ERR_BUG, "setting \"%s\" in a value that is no object", name);
	old = json_get(obj, name);
	if (old == value)
		return 0;
	if (old) {
		replace(obj, old, value);
		return 0;
	}
	if (!json_name_set(doc, value, name, strlen(name)))
		return err_nomem(err);
	json_link(obj, value);
	return 0;
}

static int array_check(const struct json *arr, const struct json *value, struct err *err)
{
	if (!value || !arr)
		return err_nomem(err);
	if (arr->kind != JSON_ARRAY)
		return err_set(err, ERR_BUG, "adding to a value that is no array");
	return 0;
}

int json_append(struct json *arr, struct json *value, struct err *err)
{
	int r = array_check(arr, value, err);

	if (r == 0)
		json_link(arr, value);
	return r;
}

int json_prepend(struct json *arr, struct json *value, struct err *err)
{
	int r = array_check(arr, value, err);

	if (r < 0)
		return r;
	value->next = arr->u.list.first;
	arr->u.list.first = value;
	if (!arr->u.list.last)
		arr->u.list.last = value;
	arr->n++;
	return 0;
}

bool json_remove_value(struct json *parent, struct json *value)
{
	struct json **at, *before = NULL;

	if (!value || (json_kind(parent) != JSON_ARRAY && json_kind(parent) != JSON_OBJECT))
		return false;
	for (at = &parent->u.list.first; *at && *at != value; at = &(*at)->next)
		before = *at;
	if (!*at)
		return false;
	*at = value->next;
	if (parent->u.list.last == value)
		parent->u.list.last = before;
	parent->n--;
	forget_place(value);
	return true;
}

bool json_remove(struct json *obj, const char *name)
{
	return json_remove_value(obj, json_get(obj, name));
}

bool json_remove_at(struct json *arr, size_t index)
{
	return json_kind(arr) == JSON_ARRAY && json_remove_value(arr, json_at(arr, index));
}
