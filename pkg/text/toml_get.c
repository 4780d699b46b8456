/* Answers from a parsed file; declared in text/toml.h. */
#include "text/toml.h"
#include "toml_node.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

#define PLACE_MAX 768

static const char *const wanted[] = {
    [TOML_STRING] = "expected a string",     [TOML_INT] = "expected a whole number",
    [TOML_FLOAT] = "expected a number",	     [TOML_BOOL] = "expected true or false",
    [TOML_TIME] = "expected a date or time", [TOML_ARRAY] = "expected an array",
    [TOML_TABLE] = "expected a table",
};

struct toml_value *toml_root(struct toml *t)
{
	return t->root;
}

const char *toml_name(const struct toml *t)
{
	return t->name;
}

static bool has_list(const struct toml_value *v)
{
	return v->kind == TOML_ARRAY || v->kind == TOML_TABLE;
}

static int want_kind(const struct toml_value *v, enum toml_kind kind, struct err *err)
{
	return v->kind == kind ? 0 : toml_error_at(v, 0, err, wanted[kind]);
}

int toml_find(struct toml_value *table, const char *path, struct toml_value **ret, struct err *err)
{
	struct str rest = str_of(path), part;
	struct toml_value *v = table;
	int r;

	for (part = str_cut(&rest, '.'); part.ptr; part = str_cut(&rest, '.')) {
		r = want_kind(v, TOML_TABLE, err);
		if (r < 0)
			return r;
		v = toml_node_child(v, part.ptr, part.len);
		if (!v)
			return 0;
		v->used = true;
	}
	*ret = v;
	return 1;
}

struct toml_value *toml_find_key(struct toml_value *table, const char *key)
{
	struct toml_value *v = NULL;

	if (table->kind == TOML_TABLE)
		v = toml_node_child(table, key, strlen(key));
	if (v)
		v->used = true;
	return v;
}

/* 1 and a value of that kind, 0 when absent. */
static int find_kind(struct toml_value *table, const char *path, enum toml_kind kind,
		     struct toml_value **ret, struct err *err)
{
	struct toml_value *v = NULL;
	int r;

	r = toml_find(table, path, &v, err);
	if (r <= 0)
		return r;
	r = want_kind(v, kind, err);
	if (r < 0)
		return r;
	*ret = v;
	return 1;
}

int toml_get_string(struct toml_value *table, const char *path, const char **ret, struct err *err)
{
	struct toml_value *v;
	int r = find_kind(table, path, TOML_STRING, &v, err);

	if (r > 0)
		*ret = v->s;
	return r;
}

int toml_get_bool(struct toml_value *table, const char *path, bool *ret, struct err *err)
{
	struct toml_value *v;
	int r = find_kind(table, path, TOML_BOOL, &v, err);

	if (r > 0)
		*ret = v->b;
	return r;
}

int toml_get_int(struct toml_value *table, const char *path, int64_t *ret, struct err *err)
{
	return toml_get_int_range(table, path, INT64_MIN, INT64_MAX, ret, err);
}

int toml_get_int_range(struct toml_value *table, const char *path, int64_t min, int64_t max,
		       int64_t *ret, struct err *err)
{
	struct toml_value *v;
	int r = find_kind(table, path, TOML_INT, &v, err);

	if (r <= 0)
		return r;
	if (v->i < min || v->i > max)
		return toml_error(v, err, "%lld is not between %lld and %lld", (long long)v->i,
				  (long long)min, (long long)max);
	*ret = v->i;
	return 1;
}

int toml_get_float(struct toml_value *table, const char *path, double *ret, struct err *err)
{
	struct toml_value *v;
	int r = toml_find(table, path, &v, err);

	if (r <= 0)
		return r;
	if (v->kind == TOML_INT) {
		*ret = (double)v->i;
		return 1;
	}
	r = want_kind(v, TOML_FLOAT, err);
	if (r < 0)
		return r;
	*ret = v->f;
	return 1;
}

int toml_get_table(struct toml_value *table, const char *path, struct toml_value **ret,
		   struct err *err)
{
	return find_kind(table, path, TOML_TABLE, ret, err);
}

int toml_get_array(struct toml_value *table, const char *path, struct toml_value **ret,
		   struct err *err)
{
	return find_kind(table, path, TOML_ARRAY, ret, err);
}

/* 1: v is {append = BOOL}. */
static int read_append(struct toml_value *v, bool *ret, struct err *err)
{
	if (v->kind != TOML_TABLE || toml_count(v) != 1 || !streq(v->list.v[0]->key, "append"))
		return 0;
	return toml_get_bool(v, "append", ret, err);
}

static int get_strings(struct toml_value *table, const char *path, struct strv *ret,
		       bool *ret_append, struct err *err)
{
	AUTO_STRV struct strv list = STRV_INIT;
	struct toml_value *v, *e;
	bool append = false;
	size_t i;
	int r;

	r = find_kind(table, path, TOML_ARRAY, &v, err);
	if (r <= 0)
		return r;
	for (i = 0; i < v->list.n; i++) {
		e = toml_at(v, i);
		r = ret_append ? read_append(e, &append, err) : 0;
		if (r == 0 && e->kind != TOML_STRING)
			r = toml_error_at(e, 0, err, "expected only strings in the array");
		if (r == 0)
			r = strv_add(&list, e->s, err);
		if (r < 0)
			return r;
	}
	strv_fini(ret);
	*ret = list;
	list = (struct strv)STRV_INIT;
	if (ret_append)
		*ret_append = append;
	return 1;
}

int toml_get_strings(struct toml_value *table, const char *path, struct strv *ret, struct err *err)
{
	return get_strings(table, path, ret, NULL, err);
}

int toml_get_strings_append(struct toml_value *table, const char *path, struct strv *ret,
			    bool *ret_append, struct err *err)
{
	return get_strings(table, path, ret, ret_append, err);
}

size_t toml_count(const struct toml_value *v)
{
	return has_list(v) ? v->list.n : 0;
}

struct toml_value *toml_at(struct toml_value *v, size_t i)
{
	v->list.v[i]->used = true;
	return v->list.v[i];
}

enum toml_kind toml_kind(const struct toml_value *v)
{
	return v->kind;
}

const char *toml_key(const struct toml_value *v)
{
	return v->key ? v->key : "";
}

unsigned toml_line(const struct toml_value *v)
{
	return v->line;
}

const char *toml_str(const struct toml_value *v)
{
	return v->kind == TOML_STRING || v->kind == TOML_TIME ? v->s : NULL;
}

int64_t toml_int(const struct toml_value *v)
{
	return v->kind == TOML_INT ? v->i : 0;
}

double toml_float(const struct toml_value *v)
{
	return v->kind == TOML_FLOAT ? v->f : 0;
}

bool toml_bool(const struct toml_value *v)
{
	return v->kind == TOML_BOOL && v->b;
}

void toml_use_all(struct toml_value *v)
{
	size_t i;

	v->used = true;
	if (has_list(v))
		for (i = 0; i < v->list.n; i++)
			toml_use_all(v->list.v[i]);
}

static int add_unused(struct toml_value *v, struct strv *ret, struct err *err)
{
	char place[PLACE_MAX];
	size_t i;
	int r;

	if (!v->used) {
		toml_node_place(v, 0, place, sizeof(place));
		return strv_add(ret, place, err);
	}
	if (!has_list(v))
		return 0;
	for (i = 0; i < v->list.n; i++) {
		r = add_unused(v->list.v[i], ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int toml_unused(struct toml *t, struct strv *ret, struct err *err)
{
	return add_unused(t->root, ret, err);
}
