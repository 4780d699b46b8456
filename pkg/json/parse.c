/* Text into documents: the limits, and our side of what load.c finds. */
#include "base/auto.h"
#include "base/err.h"
#include "load.h"
#include "scan.h"
#include "value.h"

#include <string.h>

struct json *json_make(struct json_doc *doc, enum json_make what, const char *text, size_t len)
{
	switch (what) {
	case JSON_MAKE_NULL:
		return json_null(doc);
	case JSON_MAKE_FALSE:
	case JSON_MAKE_TRUE:
		return json_bool(doc, what == JSON_MAKE_TRUE);
	case JSON_MAKE_NUMBER:
		return json_text_new(doc, JSON_NUMBER, text, len);
	case JSON_MAKE_STRING:
		return json_text_new(doc, JSON_STRING, text, len);
	case JSON_MAKE_ARRAY:
		return json_array(doc);
	case JSON_MAKE_OBJECT:
		return json_object(doc);
	}
	return NULL;
}

bool json_make_link(struct json_doc *doc, struct json *parent, const char *name, struct json *item)
{
	if (name && !json_name_set(doc, item, name, strlen(name)))
		return false;
	json_link(parent, item);
	return true;
}

/* Before jansson spends memory: a value costs it up to 300 bytes. */
static int check_size(const char *text, size_t len, unsigned flags, const char *what,
		      struct err *err)
{
	size_t max = flags & JSON_FOREIGN ? JSON_FOREIGN_VALUES_MAX : JSON_VALUES_MAX;

	if (len > JSON_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", what, JSON_TEXT_MAX);
	/* A value and its comma are two bytes, so that most texts need not be looked at. */
	if (len / 2 >= max && json_scan_values(text, len) > max)
		return err_set(err, ERR_LIMIT, "%s: more than %zu values", what, max);
	return 0;
}

int json_parse_into(struct json_doc *doc, const char *text, size_t len, unsigned flags,
		    const char *what, struct json **ret, struct err *err)
{
	struct json_source src = {
	    .text = len > 0 ? text : "",
	    .len = len,
	    .what = what,
	    .duplicates = flags & JSON_DUPLICATES,
	    .depth_max = JSON_DEPTH_MAX,
	};
	int r;

	r = check_size(text, len, flags, what, err);
	if (r < 0)
		return r;
	return json_load(&src, doc, ret, err);
}

int json_parse(const char *text, size_t len, unsigned flags, const char *what,
	       struct json_doc **ret, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *root;
	int r;

	r = json_new(&doc, err);
	if (r < 0)
		return r;
	r = json_parse_into(doc, text, len, flags, what, &root, err);
	if (r < 0)
		return r;
	r = json_set_root(doc, root, err);
	if (r < 0)
		return r;
	*ret = TAKE(doc);
	return 0;
}
