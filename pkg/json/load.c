/*
 * jansson's side: it parses, and what it found is made into values of ours. jansson refuses whole
 * numbers that are no int64; only then is the text parsed a second time, with marks in the place
 * of those numbers (scan.h).
 */
#include "load.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "scan.h"

#include <jansson.h>
#include <string.h>

/* Room for a double as text. */
#define REAL_MAX 40

struct loader {
	const struct json_source *src;
	struct json_doc *doc;
	unsigned depth;
	bool marked;
	struct err *err;
};

static int too_deep(const struct json_source *src, struct err *err)
{
	return err_set(err, ERR_LIMIT, "%s: nested deeper than %u levels", src->what,
		       src->depth_max);
}

static const char *reason(const json_error_t *why)
{
	switch (json_error_code(why)) {
	case json_error_null_character:
		return "a NUL character is not accepted";
	case json_error_null_byte_in_key:
		return "not a member name";
	case json_error_duplicate_key:
		return "this object has a member name twice";
	default:
		return why->text;
	}
}

static int refuse(const struct json_source *src, const json_error_t *why, struct err *err)
{
	const char *text = reason(why), *near;

	if (!*text)
		return err_nomem(err);
	if (json_error_code(why) == json_error_stack_overflow)
		return too_deep(src, err);
	/* The text itself is not quoted: it may be a secret, or talk to a terminal. */
	near = strstr(text, " near '");
	return err_set(err, ERR_INVALID, "%s: line %d, column %d: %.*s", src->what, why->line,
		       why->column, near ? (int)(near - text) : (int)strlen(text), text);
}

static int convert(struct loader *ld, json_t *v, struct json **ret);

static int make(struct loader *ld, enum json_make what, const char *text, size_t len,
		struct json **ret)
{
	struct json *v = json_make(ld->doc, what, text, len);

	if (!v)
		return err_set(ld->err, ERR_NOMEM, "%s: out of memory, or too many values",
			       ld->src->what);
	*ret = v;
	return 0;
}

static int make_integer(struct loader *ld, json_int_t n, struct json **ret)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, n);

	return make(ld, JSON_MAKE_NUMBER, digits, (size_t)len, ret);
}

/* The shortest text that is this double again, and not a whole number's. */
static int make_real(struct loader *ld, double d, struct json **ret)
{
	char text[REAL_MAX];
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text) - 2, "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	if (!strpbrk(text, ".e"))
		memcpy(text + strlen(text), ".0", 3);
	return make(ld, JSON_MAKE_NUMBER, text, strlen(text), ret);
}

static int make_string(struct loader *ld, const json_t *v, struct json **ret)
{
	const char *s = json_string_value(v);
	size_t len = json_string_length(v);
	struct str number;

	if (ld->marked && json_scan_unmark(s, len, ld->src->text, ld->src->len, &number))
		return make(ld, JSON_MAKE_NUMBER, number.ptr, number.len, ret);
	return make(ld, JSON_MAKE_STRING, s, len, ret);
}

static int add(struct loader *ld, struct json *parent, const char *name, json_t *v)
{
	struct json *item;
	int r = convert(ld, v, &item);

	if (r < 0)
		return r;
	return json_make_link(ld->doc, parent, name, item) ? 0 : err_nomem(ld->err);
}

static int make_list(struct loader *ld, json_t *v, struct json **ret)
{
	bool object = json_is_object(v);
	struct json *list = NULL;
	void *it;
	size_t i;
	int r;

	if (++ld->depth > ld->src->depth_max)
		return too_deep(ld->src, ld->err);
	r = make(ld, object ? JSON_MAKE_OBJECT : JSON_MAKE_ARRAY, NULL, 0, &list);
	for (it = json_object_iter(v); r == 0 && it; it = json_object_iter_next(v, it))
		r = add(ld, list, json_object_iter_key(it), json_object_iter_value(it));
	for (i = 0; r == 0 && i < json_array_size(v); i++)
		r = add(ld, list, NULL, json_array_get(v, i));
	ld->depth--;
	if (r == 0)
		*ret = list;
	return r;
}

static int convert(struct loader *ld, json_t *v, struct json **ret)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return make_list(ld, v, ret);
	case JSON_STRING:
		return make_string(ld, v, ret);
	case JSON_INTEGER:
		return make_integer(ld, json_integer_value(v), ret);
	case JSON_REAL:
		return make_real(ld, json_real_value(v), ret);
	case JSON_TRUE:
		return make(ld, JSON_MAKE_TRUE, NULL, 0, ret);
	case JSON_FALSE:
		return make(ld, JSON_MAKE_FALSE, NULL, 0, ret);
	case JSON_NULL:
		return make(ld, JSON_MAKE_NULL, NULL, 0, ret);
	}
	return err_set(ld->err, ERR_BUG, "%s: a value of unknown kind", ld->src->what);
}

static json_t *parse_marked(const struct json_source *src, size_t flags, json_error_t *why)
{
	AUTO_FREE char *copy = str_dup((struct str){src->text, src->len});

	why->text[0] = '\0';
	if (!copy)
		return NULL;
	json_scan_mark(copy, src->len);
	return json_loadb(copy, src->len, flags | JSON_ALLOW_NUL, why);
}

int json_load(const struct json_source *src, struct json_doc *doc, struct json **ret,
	      struct err *err)
{
	size_t flags = JSON_DECODE_ANY | (src->duplicates ? 0 : JSON_REJECT_DUPLICATES);
	struct loader ld = {.src = src, .doc = doc, .err = err};
	json_auto_t *v = NULL;
	json_error_t why;

	v = json_loadb(src->text, src->len, flags, &why);
	if (!v && json_error_code(&why) == json_error_numeric_overflow) {
		ld.marked = true;
		v = parse_marked(src, flags, &why);
	}
	if (!v)
		return refuse(src, &why, err);
	return convert(&ld, v, ret);
}
