/* Functions of templates: the table, comparing, looking into lists. */
#include "tmpl_func.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int tmpl_call_error(const struct tmpl_call *c, struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return tmpl_error(c->t, c->node, err, "error calling %s: %s", c->name, text);
}

static int wrong_type(const struct tmpl_call *c, int i, const char *wanted, struct err *err)
{
	const struct tmpl_node *n = c->arg_nodes[i];
	struct tmpl_value v = c->args[i];

	if (n && n->type >= NODE_NIL && n->type <= NODE_STRING)
		return tmpl_error(c->t, n, err, "expected %s; found %.*s", wanted,
				  (int)(n->to - n->from), c->t->text + n->from);
	if (v.kind == TMPL_NIL)
		return tmpl_error(c->t, n ? n : c->node, err, "invalid value; expected %s", wanted);
	return tmpl_error(c->t, n ? n : c->node, err, "wrong type for value; expected %s; got %s",
			  wanted, tmpl_type(v));
}

int tmpl_arg_string(const struct tmpl_call *c, int i, const char **ret, struct err *err)
{
	if (c->args[i].kind != TMPL_STRING)
		return wrong_type(c, i, "string", err);
	*ret = c->args[i].s;
	return 0;
}

int tmpl_arg_int(const struct tmpl_call *c, int i, int64_t *ret, struct err *err)
{
	if (c->args[i].kind != TMPL_INT)
		return wrong_type(c, i, "int", err);
	*ret = c->args[i].i;
	return 0;
}

int tmpl_result(const struct tmpl_call *c, struct buf *b, struct tmpl_value *ret, struct err *err)
{
	int r = buf_check(b, "a value", err);

	return r < 0 ? r : tmpl_keep(c->mem, buf_str(b), b->len, ret, err);
}

static int equal_texts(const struct tmpl_call *c, struct tmpl_value a, struct tmpl_value b,
		       struct err *err)
{
	const char *x = "", *y = "";
	int r = a.ops->text(a.obj, c->mem, &x, err);

	if (r == 0)
		r = b.ops->text(b.obj, c->mem, &y, err);
	return r < 0 ? r : streq(x, y);
}

/* <0 and error, or 1 equal, 0 different. */
static int equal(const struct tmpl_call *c, struct tmpl_value a, struct tmpl_value b,
		 struct err *err)
{
	if (a.kind == TMPL_NIL || b.kind == TMPL_NIL)
		return a.kind == b.kind;
	/* Of the structs only times are compared, by what they show. */
	if (a.kind == TMPL_OBJECT && b.kind == TMPL_OBJECT && a.ops == b.ops && a.ops->text)
		return equal_texts(c, a, b, err);
	if (a.kind >= TMPL_LIST || b.kind >= TMPL_LIST)
		return tmpl_call_error(c, err, "non-comparable type %s",
				       tmpl_type(a.kind >= TMPL_LIST ? a : b));
	if (a.kind != b.kind)
		return tmpl_call_error(c, err, "incompatible types for comparison");
	switch (a.kind) {
	case TMPL_BOOL:
		return a.b == b.b;
	case TMPL_INT:
		return a.i == b.i;
	case TMPL_FLOAT:
		return a.f == b.f;
	default:
		return streq(a.s, b.s);
	}
}

static int fn_eq(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	int i, r = 0;

	if (c->n < 2)
		return tmpl_call_error(c, err, "missing argument for comparison");
	for (i = 1; i < c->n && r == 0; i++)
		r = equal(c, c->args[0], c->args[i], err);
	if (r < 0)
		return r;
	*ret = tmpl_bool(r > 0);
	return 0;
}

static int fn_ne(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	int r = equal(c, c->args[0], c->args[1], err);

	if (r < 0)
		return r;
	*ret = tmpl_bool(r == 0);
	return 0;
}

/* *less, *same of the two arguments; floats that are no numbers are neither. */
static int order(const struct tmpl_call *c, bool *less, bool *same, struct err *err)
{
	struct tmpl_value a = c->args[0], b = c->args[1];

	if (a.kind == TMPL_NIL || a.kind == TMPL_BOOL || a.kind >= TMPL_LIST)
		return tmpl_call_error(c, err, "invalid type for comparison");
	if (a.kind != b.kind)
		return tmpl_call_error(c, err, "incompatible types for comparison");
	if (a.kind == TMPL_INT) {
		*less = a.i < b.i;
		*same = a.i == b.i;
	} else if (a.kind == TMPL_FLOAT) {
		*less = a.f < b.f;
		*same = a.f == b.f;
	} else {
		*less = strcmp(a.s, b.s) < 0;
		*same = streq(a.s, b.s);
	}
	return 0;
}

static int fn_order(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	bool less = false, same = false, result;
	int r;

	r = order(c, &less, &same, err);
	if (r < 0)
		return r;
	if (c->name[0] == 'l')
		result = less || (c->name[1] == 'e' && same);
	else
		result = c->name[1] == 'e' ? !less : !less && !same;
	*ret = tmpl_bool(result);
	return 0;
}

static int fn_not(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	(void)err;
	*ret = tmpl_bool(!tmpl_truth(c->args[0]));
	return 0;
}

static int fn_len(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value v = c->args[0];

	if (v.kind == TMPL_STRING)
		*ret = tmpl_int((int64_t)strlen(v.s));
	else if (v.kind == TMPL_LIST || v.kind == TMPL_MAP)
		*ret = tmpl_int((int64_t)tmpl_count(v));
	else if (v.kind == TMPL_NIL)
		return tmpl_call_error(c, err, "len of nil pointer");
	else
		return tmpl_call_error(c, err, "len of type %s", tmpl_type(v));
	return 0;
}

static int index_map(const struct tmpl_call *c, struct tmpl_value map, struct tmpl_value key,
		     struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value found = tmpl_nil();
	int r;

	if (key.kind != TMPL_STRING)
		return tmpl_call_error(c, err, "value has type %s; should be string",
				       tmpl_type(key));
	r = tmpl_field(map, key.s, c->mem, &found, err);
	if (r < 0)
		return r;
	if (r > 0)
		*ret = found;
	else
		*ret = str_ends(tmpl_type(map), "]string") ? tmpl_string("") : tmpl_nil();
	return 0;
}

/* v[key] */
static int index_one(const struct tmpl_call *c, struct tmpl_value v, struct tmpl_value key,
		     struct tmpl_value *ret, struct err *err)
{
	size_t n;

	if (v.kind == TMPL_NIL)
		return tmpl_call_error(c, err, "index of untyped nil");
	if (v.kind == TMPL_STRING && v.header) {
		*ret = v;
		return 0;
	}
	if (v.kind == TMPL_MAP)
		return index_map(c, v, key, ret, err);
	if (v.kind != TMPL_LIST && v.kind != TMPL_STRING)
		return tmpl_call_error(c, err, "can't index item of type %s", tmpl_type(v));
	if (key.kind != TMPL_INT)
		return tmpl_call_error(c, err, "cannot index slice/array with type %s",
				       tmpl_type(key));
	n = v.kind == TMPL_LIST ? tmpl_count(v) : strlen(v.s);
	if (key.i < 0 || (uint64_t)key.i >= n)
		return tmpl_call_error(c, err, "index out of range: %lld", (long long)key.i);
	if (v.kind == TMPL_LIST)
		return tmpl_at(v, (size_t)key.i, c->mem, NULL, ret, err);
	*ret = tmpl_int((unsigned char)v.s[key.i]);
	return 0;
}

static int fn_index(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value v = c->args[0], out = tmpl_nil();
	int i, r;

	for (i = 1; i < c->n; i++) {
		r = index_one(c, v, c->args[i], &out, err);
		if (r < 0)
			return r;
		v = out;
	}
	*ret = v;
	return 0;
}

static int slice_list(const struct tmpl_call *c, struct tmpl_value v, size_t from, size_t to,
		      struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value *all = tmpl_alloc(c->mem, (to - from + 1) * sizeof(*all), err);
	size_t i;
	int r;

	if (!all)
		return -(int)err->code;
	for (i = from; i < to; i++) {
		r = tmpl_at(v, i, c->mem, NULL, &all[i - from], err);
		if (r < 0)
			return r;
	}
	return tmpl_keep_list(c->mem, all, to - from, ret, err);
}

static int fn_slice(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value v = c->args[0];
	int64_t at[3];
	size_t n;
	int i;

	if (v.kind != TMPL_LIST && v.kind != TMPL_STRING)
		return tmpl_call_error(c, err, "can't slice item of type %s", tmpl_type(v));
	if (v.kind == TMPL_STRING && c->n > 3)
		return tmpl_call_error(c, err, "cannot 3-index slice a string");
	n = v.kind == TMPL_LIST ? tmpl_count(v) : strlen(v.s);
	at[0] = 0;
	at[1] = (int64_t)n;
	for (i = 1; i < c->n; i++) {
		if (c->args[i].kind != TMPL_INT)
			return tmpl_call_error(c, err, "cannot index slice/array with type %s",
					       tmpl_type(c->args[i]));
		at[i - 1] = c->args[i].i;
		if (at[i - 1] < 0 || (uint64_t)at[i - 1] > n)
			return tmpl_call_error(c, err, "index out of range: %lld",
					       (long long)at[i - 1]);
	}
	if (at[0] > at[1])
		return tmpl_call_error(c, err, "invalid slice index: %lld > %lld", (long long)at[0],
				       (long long)at[1]);
	if (v.kind == TMPL_LIST)
		return slice_list(c, v, (size_t)at[0], (size_t)at[1], ret, err);
	return tmpl_keep(c->mem, v.s + at[0], (size_t)(at[1] - at[0]), ret, err);
}

static const struct tmpl_builtin builtins[] = {
    {"and", 1, -1, NULL},
    {"eq", 1, -1, fn_eq},
    {"ge", 2, 2, fn_order},
    {"gt", 2, 2, fn_order},
    {"html", 0, -1, tmpl_fn_html},
    {"index", 1, -1, fn_index},
    {"join", 2, 2, tmpl_fn_join},
    {"js", 0, -1, tmpl_fn_js},
    {"json", 1, 1, tmpl_fn_json},
    {"le", 2, 2, fn_order},
    {"len", 1, 1, fn_len},
    {"lower", 1, 1, tmpl_fn_lower},
    {"lt", 2, 2, fn_order},
    {"ne", 2, 2, fn_ne},
    {"not", 1, 1, fn_not},
    {"or", 1, -1, NULL},
    {"pad", 3, 3, tmpl_fn_pad},
    {"print", 0, -1, tmpl_fn_print},
    {"printf", 1, -1, tmpl_fn_printf},
    {"println", 0, -1, tmpl_fn_println},
    {"slice", 1, 4, fn_slice},
    {"split", 2, 2, tmpl_fn_split},
    {"title", 1, 1, tmpl_fn_title},
    {"trim", 1, 1, tmpl_fn_trim},
    {"truncate", 2, 2, tmpl_fn_truncate},
    {"upper", 1, 1, tmpl_fn_upper},
    {"urlquery", 0, -1, tmpl_fn_urlquery},
};

const struct tmpl_builtin *tmpl_builtin_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(builtins); i++)
		if (streq(builtins[i].name, name))
			return &builtins[i];
	return NULL;
}
