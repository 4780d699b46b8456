#include "shape.h"
#include "app.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "text/report.h"

#include <stdlib.h>

static int field_value(const struct shape_field *f, const struct json *v, struct tmpl_mem *mem,
		       struct tmpl_value *ret, struct err *err);

static bool is_map(enum shape_kind kind)
{
	return kind == SHAPE_MAP || kind == SHAPE_MAP_OF_LISTS;
}

static int dump(const struct json *v, const char *zero, struct buf *out, struct err *err)
{
	if (v && json_kind(v) != JSON_NULL)
		json_dump(v, JSON_PLAIN, out);
	else
		buf_adds(out, zero);
	return buf_check(out, "the output", err);
}

/* ---- structs ---- */

static size_t struct_count(const void *obj)
{
	const struct shaped *s = obj;
	size_t n = 0;

	while (s->shape->fields[n].name)
		n++;
	return n;
}

static const struct json *member(const struct shaped *s, const struct shape_field *f)
{
	return s->v ? json_get(s->v, f->json ? f->json : f->name) : NULL;
}

static int struct_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		     struct tmpl_value *ret, struct err *err)
{
	const struct shaped *s = obj;
	const struct shape_field *f = &s->shape->fields[i];

	*ret_key = f->name;
	return field_value(f, member(s, f), mem, ret, err);
}

static int struct_field(const void *obj, const char *name, struct tmpl_mem *mem,
			struct tmpl_value *ret, struct err *err)
{
	const struct shaped *s = obj;
	const struct shape_field *f;
	int r;

	for (f = s->shape->fields; f->name; f++) {
		if (!streq(f->name, name) && !(f->json && streq(f->json, name)) &&
		    !(f->also && streq(f->also, name)))
			continue;
		r = field_value(f, member(s, f), mem, ret, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

static const char *struct_type(const void *obj)
{
	return ((const struct shaped *)obj)->shape->type;
}

static int struct_json(const void *obj, struct buf *out, struct err *err)
{
	return dump(((const struct shaped *)obj)->v, "{}", out, err);
}

static const struct tmpl_ops struct_ops = {
    .type_of = struct_type,
    .count = struct_count,
    .at = struct_at,
    .field = struct_field,
    .json = struct_json,
};

struct tmpl_value shape_value(const struct shaped *s)
{
	return tmpl_object(&struct_ops, s);
}

/* ---- lists and maps ---- */

/* Maps are gone through in the order of their keys. */
struct many {
	struct shape_field element;
	const struct json *v;
	const struct json **sorted; /* maps only */
};

static size_t many_count(const void *obj)
{
	const struct many *m = obj;

	return m->v ? json_count(m->v) : 0;
}

static int list_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		   struct tmpl_value *ret, struct err *err)
{
	const struct many *m = obj;

	(void)ret_key;
	return field_value(&m->element, json_at(m->v, i), mem, ret, err);
}

static int map_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		  struct tmpl_value *ret, struct err *err)
{
	const struct many *m = obj;

	*ret_key = json_name(m->sorted[i]);
	return field_value(&m->element, m->sorted[i], mem, ret, err);
}

static int map_field(const void *obj, const char *name, struct tmpl_mem *mem,
		     struct tmpl_value *ret, struct err *err)
{
	const struct many *m = obj;
	const struct json *v = m->v ? json_get(m->v, name) : NULL;
	int r;

	if (!v)
		return 0;
	r = field_value(&m->element, v, mem, ret, err);
	return r < 0 ? r : 1;
}

static const char *list_type(const void *obj)
{
	return ((const struct many *)obj)->element.of ? "[]interface {}" : "[]string";
}

static const char *map_type(const void *obj)
{
	return ((const struct many *)obj)->element.of ? "map[string]interface {}"
						      : "map[string]string";
}

static int many_json(const void *obj, struct buf *out, struct err *err)
{
	return dump(((const struct many *)obj)->v, "null", out, err);
}

static const struct tmpl_ops list_ops = {
    .type_of = list_type, .count = many_count, .at = list_at, .json = many_json};
static const struct tmpl_ops map_ops = {
    .type_of = map_type, .count = many_count, .at = map_at, .field = map_field, .json = many_json};

static int by_name(const void *a, const void *b)
{
	return strcmp(json_name(*(const struct json *const *)a),
		      json_name(*(const struct json *const *)b));
}

static int sort_members(struct many *m, struct tmpl_mem *mem, struct err *err)
{
	const struct json *v;
	size_t i = 0, n = many_count(m);

	m->sorted = tmpl_alloc(mem, (n + 1) * sizeof(struct json *), err);
	if (!m->sorted)
		return -(int)err->code;
	for (v = m->v ? json_first(m->v) : NULL; v; v = json_next(v))
		m->sorted[i++] = v;
	qsort(m->sorted, n, sizeof(struct json *), by_name);
	return 0;
}

static int many_value(const struct shape_field *f, const struct json *v, struct tmpl_mem *mem,
		      struct tmpl_value *ret, struct err *err)
{
	struct many *m = tmpl_alloc(mem, sizeof(*m), err);
	int r = 0;

	if (!m)
		return -(int)err->code;
	m->v = v && json_kind(v) != JSON_NULL ? v : NULL;
	m->element.of = f->of;
	m->element.kind = f->kind == SHAPE_MAP_OF_LISTS ? SHAPE_LIST
			  : f->of			? SHAPE_STRUCT
							: SHAPE_TEXT;
	if (is_map(f->kind))
		r = sort_members(m, mem, err);
	*ret = is_map(f->kind) ? tmpl_map(&map_ops, m) : tmpl_list(&list_ops, m);
	return r;
}

/* ---- one field ---- */

static int struct_value(const struct shape_field *f, const struct json *v, struct tmpl_mem *mem,
			struct tmpl_value *ret, struct err *err)
{
	struct shaped *s;

	if (f->kind == SHAPE_POINTER && (!v || json_kind(v) == JSON_NULL)) {
		*ret = tmpl_nil_pointer();
		return 0;
	}
	s = tmpl_alloc(mem, sizeof(*s), err);
	if (!s)
		return -(int)err->code;
	*s = (struct shaped){f->of, v};
	*ret = shape_value(s);
	return 0;
}

static int field_value(const struct shape_field *f, const struct json *v, struct tmpl_mem *mem,
		       struct tmpl_value *ret, struct err *err)
{
	int64_t number = 0;
	bool flag = false;

	if (!v && f->absent & SHAPE_MAYBE) {
		*ret = tmpl_nil_pointer();
		return 0;
	}
	switch (f->kind) {
	case SHAPE_TEXT:
		*ret = tmpl_string(v ? json_text(v) : "");
		return 0;
	case SHAPE_NUMBER:
		if (v)
			(void)json_get_i64(v, &number);
		*ret = tmpl_int(number);
		return 0;
	case SHAPE_FLAG:
		if (v)
			(void)json_get_bool(v, &flag);
		*ret = tmpl_bool(flag);
		return 0;
	case SHAPE_TIME:
		if (v && json_text(v) && time_parse_rfc3339(json_text(v), &number, err) < 0)
			return -(int)err->code;
		return tmpl_time(mem, number, false, ret, err);
	case SHAPE_LIST:
	case SHAPE_MAP:
	case SHAPE_MAP_OF_LISTS:
		return many_value(f, v, mem, ret, err);
	case SHAPE_STRUCT:
	case SHAPE_POINTER:
		return struct_value(f, v, mem, ret, err);
	default:
		*ret = tmpl_nil_pointer();
		return 0;
	}
}

/* ---- completing ---- */

static struct json *empty_value(const struct shape_field *f, struct json_doc *doc)
{
	if (f->absent & SHAPE_NULL)
		return json_null(doc);
	switch (f->kind) {
	case SHAPE_TEXT:
		return json_string(doc, "");
	case SHAPE_NUMBER:
		return json_i64(doc, 0);
	case SHAPE_FLAG:
		return json_bool(doc, false);
	case SHAPE_TIME:
		return json_time(doc, 0);
	case SHAPE_LIST:
		return json_array(doc);
	default:
		return json_object(doc);
	}
}

static int complete_field(const struct shape_field *f, struct json_doc *doc, struct json *from,
			  struct json *to, struct err *err)
{
	const char *name = f->json ? f->json : f->name;
	struct json *v = json_get(from, name);
	bool within = f->kind == SHAPE_STRUCT || f->kind == SHAPE_POINTER;
	int r = 0;

	if (!v && (f->absent & SHAPE_OMIT || f->kind == SHAPE_POINTER || f->kind == SHAPE_NIL) &&
	    !(f->absent & SHAPE_NULL))
		return 0;
	if (v)
		(void)json_remove_value(from, v);
	else
		v = empty_value(f, doc);
	if (v && within && json_kind(v) == JSON_OBJECT)
		r = shape_complete(f->of, doc, v, &v, err);
	return r < 0 ? r : json_set(doc, to, name, v, err);
}

int shape_complete(const struct shape *shape, struct json_doc *doc, struct json *v,
		   struct json **ret, struct err *err)
{
	struct json *to = json_object(doc);
	const struct shape_field *f;
	int r = to ? 0 : err_nomem(err);

	for (f = shape->fields; r == 0 && f->name; f++)
		r = complete_field(f, doc, v, to, err);
	if (r == 0)
		*ret = to;
	return r;
}

/* ---- printing ---- */

int shape_print(const char *name, const struct shaped *docs, size_t n, bool single,
		const char *format, struct err *err)
{
	AUTO_FREE struct tmpl_value *values = calloc(n + 1, sizeof(*values));
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	const struct report_type type = {.name = name};
	struct report report = {
	    .type = &type, .values = values, .n_rows = n, .format = format, .single = single};
	size_t i;
	int r;

	if (!values)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		values[i] = shape_value(&docs[i]);
	r = report_write(&report, &out, err);
	return r < 0 ? r : out_buf(&out, err);
}
