/* Reading objects into structures by table, and releasing those. */
#include "json/table.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A pointer in an error message is cut here. */
#define POINTER_MAX 400

/* The way from the document's root to the value being read. */
struct place {
	const struct place *up;
	const char *name; /* NULL for an item of an array */
	size_t index;
};

struct reader {
	const char *what;
	unsigned flags;
	struct err *err;
};

static inline void *field_at(void *st, const struct json_field *f)
{
	return (char *)st + f->at;
}

static bool is_end(const struct json_field *f)
{
	return !f->name;
}

/* JSON pointer (RFC 6901); control characters are not passed on to a terminal. */
static void add_pointer(const struct place *at, struct buf *out)
{
	const char *s;

	if (!at)
		return;
	add_pointer(at->up, out);
	buf_addc(out, '/');
	if (!at->name) {
		buf_addf(out, "%zu", at->index);
		return;
	}
	for (s = at->name; *s; s++) {
		if (*s == '~')
			buf_adds(out, "~0");
		else if (*s == '/')
			buf_adds(out, "~1");
		else
			buf_addc(out, (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
	}
}

static int fail(const struct reader *rd, const struct place *at, const char *reason)
{
	AUTO_BUF struct buf pointer = BUF_INIT(POINTER_MAX);

	add_pointer(at, &pointer);
	return err_set(rd->err, ERR_INVALID, "%s: %s%s%s", rd->what, buf_str(&pointer),
		       pointer.len > 0 ? ": " : "", reason);
}

static int read_object(const struct reader *rd, const struct place *at, const struct json *v,
		       const struct json_table *table, void *st);

static int read_string(const struct reader *rd, const struct place *at, const struct json *v,
		       char **ret)
{
	const char *s = json_text(v);

	if (!s)
		return fail(rd, at, "expected a string");
	*ret = strdup(s);
	return *ret ? 0 : err_nomem(rd->err);
}

static int read_time(const struct reader *rd, const struct place *at, const struct json *v,
		     int64_t *ret)
{
	struct err ignored = ERR_INIT;
	const char *s = json_text(v);

	if (!s)
		return fail(rd, at, "expected a time as a string");
	if (!*s)
		return 0;
	if (time_parse_rfc3339(s, ret, &ignored) < 0)
		return fail(rd, at, "expected an RFC 3339 time");
	return 0;
}

static int read_strv(const struct reader *rd, const struct place *at, const struct json *v,
		     struct strv *ret)
{
	struct place here = {.up = at};
	const struct json *it;
	const char *s;
	int r;

	if (json_kind(v) != JSON_ARRAY)
		return fail(rd, at, "expected an array of strings");
	JSON_EACH(it, v)
	{
		s = json_kind(it) == JSON_NULL ? "" : json_text(it);
		if (!s)
			return fail(rd, &here, "expected a string");
		r = strv_add(ret, s, rd->err);
		if (r < 0)
			return r;
		here.index++;
	}
	return 0;
}

static int read_map(const struct reader *rd, const struct place *at, const struct json *v,
		    struct strv *ret)
{
	struct place here = {.up = at};
	const struct json *it;
	const char *s;
	int r;

	if (json_kind(v) != JSON_OBJECT)
		return fail(rd, at, "expected an object of strings");
	JSON_EACH(it, v)
	{
		here.name = json_name(it);
		s = json_kind(it) == JSON_NULL ? "" : json_text(it);
		if (!s)
			return fail(rd, &here, "expected a string");
		r = strv_addf(ret, rd->err, "%s=%s", here.name, s);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_set(const struct reader *rd, const struct place *at, const struct json *v,
		    struct strv *ret)
{
	const struct json *it;
	int r;

	if (json_kind(v) != JSON_OBJECT)
		return fail(rd, at, "expected an object");
	JSON_EACH(it, v)
	{
		r = strv_add(ret, json_name(it), rd->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_raw(const struct reader *rd, const struct json *v, char **ret)
{
	AUTO_BUF struct buf text = BUF_INIT(JSON_TEXT_MAX);
	int r;

	json_dump(v, JSON_PLAIN, &text);
	r = buf_check(&text, rd->what, rd->err);
	if (r < 0)
		return r;
	*ret = buf_take(&text);
	return *ret ? 0 : err_nomem(rd->err);
}

static int read_items(const struct reader *rd, const struct place *at, const struct json *v,
		      const struct json_table *table, void **items, size_t *n)
{
	struct place here = {.up = at};
	const struct json *it;
	int r;

	if (json_kind(v) != JSON_ARRAY)
		return fail(rd, at, "expected an array");
	if (json_count(v) == 0)
		return 0;
	*items = calloc(json_count(v), table->size);
	if (!*items)
		return err_nomem(rd->err);
	JSON_EACH(it, v)
	{
		here.index = (*n)++;
		r = read_object(rd, &here, it, table, (char *)*items + here.index * table->size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_field(const struct reader *rd, const struct place *at, const struct json *v,
		      const struct json_field *f, void *st)
{
	switch (f->type) {
	case JSON_T_STR:
		return read_string(rd, at, v, field_at(st, f));
	case JSON_T_BOOL:
		if (json_get_bool(v, field_at(st, f)))
			return 0;
		return fail(rd, at, "expected true or false");
	case JSON_T_I64:
		if (json_get_i64(v, field_at(st, f)))
			return 0;
		return fail(rd, at, "expected a whole number of 64 bits");
	case JSON_T_U64:
		if (json_get_u64(v, field_at(st, f)))
			return 0;
		return fail(rd, at, "expected a whole number of 64 bits, not negative");
	case JSON_T_TIME:
		return read_time(rd, at, v, field_at(st, f));
	case JSON_T_STRV:
		return read_strv(rd, at, v, field_at(st, f));
	case JSON_T_MAP:
		return read_map(rd, at, v, field_at(st, f));
	case JSON_T_SET:
		return read_set(rd, at, v, field_at(st, f));
	case JSON_T_OBJECT:
		return read_object(rd, at, v, f->sub, field_at(st, f));
	case JSON_T_LIST:
		return read_items(rd, at, v, f->sub, field_at(st, f),
				  (size_t *)(void *)((char *)st + f->at_count));
	case JSON_T_RAW:
		return read_raw(rd, v, field_at(st, f));
	case JSON_T_EXTRA:
		break;
	}
	return 0;
}

/* As Go: an exact name, else any of the same letters, the last one of those. */
static const struct json *find_member(const struct reader *rd, const struct json *v,
				      const char *name)
{
	const struct json *it, *found = json_get(v, name);

	if (found || !(rd->flags & JSON_ANY_CASE))
		return found;
	JSON_EACH(it, v)
	{
		if (strcasecmp(json_name(it), name) == 0)
			found = it;
	}
	return found;
}

static bool is_known(const struct reader *rd, const struct json_table *table, const char *name)
{
	const struct json_field *f;

	for (f = table->fields; !is_end(f); f++)
		if (f->type != JSON_T_EXTRA &&
		    (strcmp(f->name, name) == 0 ||
		     ((rd->flags & JSON_ANY_CASE) && strcasecmp(f->name, name) == 0)))
			return true;
	return false;
}

static int read_extra(const struct reader *rd, const struct json *v, const struct json_table *table,
		      char **ret)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct json *it;
	struct json *obj;
	int r;

	r = json_new(&doc, rd->err);
	if (r < 0)
		return r;
	obj = json_object(doc);
	JSON_EACH(it, v)
	{
		if (is_known(rd, table, json_name(it)))
			continue;
		r = json_set(doc, obj, json_name(it), json_copy(doc, it), rd->err);
		if (r < 0)
			return r;
	}
	return json_count(obj) > 0 ? read_raw(rd, obj, ret) : 0;
}

static int read_object(const struct reader *rd, const struct place *at, const struct json *v,
		       const struct json_table *table, void *st)
{
	struct place here = {.up = at};
	const struct json_field *f;
	const struct json *m;
	int r;

	if (json_kind(v) != JSON_OBJECT)
		return fail(rd, at, "expected an object");
	for (f = table->fields; !is_end(f); f++) {
		here.name = f->name;
		m = f->type == JSON_T_EXTRA ? NULL : find_member(rd, v, f->name);
		r = 0;
		if (f->type == JSON_T_EXTRA)
			r = read_extra(rd, v, table, field_at(st, f));
		else if (json_kind(m) != JSON_NULL)
			r = read_field(rd, &here, m, f, st);
		else if (f->flags & JSON_REQUIRED)
			r = fail(rd, &here, "missing");
		if (r < 0)
			return r;
	}
	return 0;
}

static void release_field(const struct json_field *f, void *st)
{
	char **text;
	void **items;
	size_t *n;

	switch (f->type) {
	case JSON_T_STR:
	case JSON_T_RAW:
	case JSON_T_EXTRA:
		text = field_at(st, f);
		free(*text);
		*text = NULL;
		break;
	case JSON_T_STRV:
	case JSON_T_MAP:
	case JSON_T_SET:
		strv_fini(field_at(st, f));
		break;
	case JSON_T_OBJECT:
		json_release(f->sub, field_at(st, f));
		break;
	case JSON_T_LIST:
		items = field_at(st, f);
		n = (size_t *)(void *)((char *)st + f->at_count);
		json_release_items(f->sub, *items, *n);
		*items = NULL;
		*n = 0;
		break;
	case JSON_T_BOOL:
		*(bool *)field_at(st, f) = false;
		break;
	case JSON_T_I64:
	case JSON_T_U64:
	case JSON_T_TIME:
		*(int64_t *)field_at(st, f) = 0;
		break;
	}
}

void json_release(const struct json_table *table, void *st)
{
	const struct json_field *f;

	for (f = table->fields; !is_end(f); f++)
		release_field(f, st);
}

void json_release_items(const struct json_table *table, void *items, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		json_release(table, (char *)items + i * table->size);
	free(items);
}

int json_read(const struct json *v, const struct json_table *table, unsigned flags,
	      const char *what, void *ret, struct err *err)
{
	const struct reader rd = {what, flags, err};
	AUTO_FREE void *st = calloc(1, table->size);
	int r;

	if (!st)
		return err_nomem(err);
	r = read_object(&rd, NULL, v, table, st);
	if (r < 0) {
		json_release(table, st);
		return r;
	}
	memcpy(ret, st, table->size);
	return 0;
}

int json_read_text(const char *text, size_t len, unsigned parse_flags,
		   const struct json_table *table, unsigned flags, const char *what, void *ret,
		   struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	int r;

	r = json_parse(text, len, parse_flags, what, &doc, err);
	if (r < 0)
		return r;
	return json_read(json_root(doc), table, flags, what, ret, err);
}

int json_read_items(const struct json *v, const struct json_table *table, unsigned flags,
		    const char *what, void **ret_items, size_t *ret_n, struct err *err)
{
	const struct reader rd = {what, flags, err};
	void *items = NULL;
	size_t n = 0;
	int r;

	r = read_items(&rd, NULL, v, table, &items, &n);
	if (r < 0) {
		json_release_items(table, items, n);
		return r;
	}
	*ret_items = items;
	*ret_n = n;
	return 0;
}
