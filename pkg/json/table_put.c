/* Structures into objects by table. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/table.h"

#include <string.h>

static inline const void *field_at(const void *st, const struct json_field *f)
{
	return (const char *)st + f->at;
}

static size_t list_count(const void *st, const struct json_field *f)
{
	return *(const size_t *)(const void *)((const char *)st + f->at_count);
}

static bool table_is_empty(const struct json_table *table, const void *st);

static bool field_is_empty(const struct json_field *f, const void *st)
{
	const void *at = field_at(st, f);

	switch (f->type) {
	case JSON_T_STR:
		return str_empty(*(char *const *)at);
	case JSON_T_RAW:
	case JSON_T_EXTRA:
		return !*(char *const *)at;
	case JSON_T_BOOL:
		return !*(const bool *)at;
	case JSON_T_I64:
	case JSON_T_U64:
	case JSON_T_TIME:
		return *(const int64_t *)at == 0;
	case JSON_T_STRV:
	case JSON_T_MAP:
	case JSON_T_SET:
		return ((const struct strv *)at)->n == 0;
	case JSON_T_OBJECT:
		return table_is_empty(f->sub, at);
	case JSON_T_LIST:
		return list_count(st, f) == 0;
	}
	return false;
}

static bool table_is_empty(const struct json_table *table, const void *st)
{
	const struct json_field *f;

	for (f = table->fields; f->name; f++)
		if (!field_is_empty(f, st))
			return false;
	return true;
}

/* An object of "key=value" texts, or of keys with empty objects. */
static int make_map(struct json_doc *doc, const struct strv *list, bool set, struct json **ret,
		    struct err *err)
{
	struct json *obj = json_object(doc), *value;
	AUTO_FREE char *key = NULL;
	size_t i, len;
	int r;

	for (i = 0; i < list->n; i++) {
		len = set ? strlen(list->v[i]) : strcspn(list->v[i], "=");
		free(key);
		key = str_dup((struct str){list->v[i], len});
		if (!key)
			return err_nomem(err);
		value = set ? json_object(doc)
			    : json_string(doc, list->v[i] + len + (list->v[i][len] == '='));
		r = json_set(doc, obj, key, value, err);
		if (r < 0)
			return r;
	}
	*ret = obj;
	return obj ? 0 : err_nomem(err);
}

static int make_list(struct json_doc *doc, const struct json_field *f, const void *st,
		     struct json **ret, struct err *err)
{
	const char *items = *(const char *const *)field_at(st, f);
	struct json *arr = json_array(doc), *item;
	size_t i, n = list_count(st, f);
	int r;

	for (i = 0; i < n; i++) {
		item = json_object(doc);
		r = json_append(arr, item, err);
		if (r < 0)
			return r;
		r = json_put(doc, item, f->sub, items + i * f->sub->size, err);
		if (r < 0)
			return r;
	}
	*ret = arr;
	return arr ? 0 : err_nomem(err);
}

static int make_raw(struct json_doc *doc, const char *text, const char *name, struct json **ret,
		    struct err *err)
{
	if (text)
		return json_parse_into(doc, text, strlen(text), 0, name, ret, err);
	*ret = json_null(doc);
	return *ret ? 0 : err_nomem(err);
}

static int make_object(struct json_doc *doc, struct json *old, const struct json_field *f,
		       const void *at, struct json **ret, struct err *err)
{
	struct json *obj = json_kind(old) == JSON_OBJECT ? old : json_object(doc);

	if (!obj)
		return err_nomem(err);
	*ret = obj;
	return json_put(doc, obj, f->sub, at, err);
}

static int make_value(struct json_doc *doc, struct json *old, const struct json_field *f,
		      const void *st, struct json **ret, struct err *err)
{
	const void *at = field_at(st, f);
	const char *s;

	switch (f->type) {
	case JSON_T_STR:
		s = *(char *const *)at;
		*ret = json_string(doc, s ? s : "");
		break;
	case JSON_T_BOOL:
		*ret = json_bool(doc, *(const bool *)at);
		break;
	case JSON_T_I64:
		*ret = json_i64(doc, *(const int64_t *)at);
		break;
	case JSON_T_U64:
		*ret = json_u64(doc, *(const uint64_t *)at);
		break;
	case JSON_T_TIME:
		*ret = json_time(doc, *(const int64_t *)at);
		break;
	case JSON_T_STRV:
		*ret = json_strv(doc, at);
		break;
	case JSON_T_MAP:
	case JSON_T_SET:
		return make_map(doc, at, f->type == JSON_T_SET, ret, err);
	case JSON_T_OBJECT:
		return make_object(doc, old, f, at, ret, err);
	case JSON_T_LIST:
		return make_list(doc, f, st, ret, err);
	case JSON_T_RAW:
	case JSON_T_EXTRA:
		return make_raw(doc, *(char *const *)at, f->name, ret, err);
	}
	return *ret ? 0 : err_nomem(err);
}

/* Adds the members of f's object that obj does not have. */
static int put_extra(struct json_doc *doc, struct json *obj, const struct json_field *f,
		     const void *st, struct err *err)
{
	struct json *extra, *it, *next;
	const char *name;
	int r;

	if (field_is_empty(f, st))
		return 0;
	r = make_value(doc, NULL, f, st, &extra, err);
	if (r < 0)
		return r;
	for (it = json_first(extra); it; it = next) {
		next = json_next(it);
		name = json_name(it);
		if (json_get(obj, name))
			continue;
		(void)json_remove_value(extra, it);
		r = json_set(doc, obj, name, it, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_field(struct json_doc *doc, struct json *obj, const struct json_field *f,
		     const void *st, struct err *err)
{
	struct json *value = NULL, *old;
	bool empty = field_is_empty(f, st);
	int r = 0;

	if (empty && (f->flags & JSON_OMIT_EMPTY)) {
		(void)json_remove(obj, f->name);
		return 0;
	}
	old = json_get(obj, f->name);
	if (empty && (f->flags & JSON_NULLABLE))
		value = json_null(doc);
	else
		r = make_value(doc, old, f, st, &value, err);
	if (r < 0)
		return r;
	return json_set(doc, obj, f->name, value, err);
}

int json_put(struct json_doc *doc, struct json *obj, const struct json_table *table, const void *st,
	     struct err *err)
{
	const struct json_field *f;
	int r;

	for (f = table->fields; f->name; f++) {
		r = f->type == JSON_T_EXTRA ? put_extra(doc, obj, f, st, err)
					    : put_field(doc, obj, f, st, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int json_put_text(const struct json_table *table, const void *st, unsigned dump_flags,
		  struct buf *out, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *obj;
	int r;

	r = json_new(&doc, err);
	if (r < 0)
		return r;
	obj = json_object(doc);
	if (!obj)
		return err_nomem(err);
	r = json_put(doc, obj, table, st, err);
	if (r < 0)
		return r;
	json_dump(obj, dump_flags, out);
	return buf_check(out, "JSON text", err);
}
