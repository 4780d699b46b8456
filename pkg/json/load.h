/*
 * load.h - the wall between jansson and our values; private to pkg/json.
 *
 * jansson.h and json/json.h share names (json_object, JSON_NULL...), so no file includes both:
 * load.c sees jansson and this header, all others see json/json.h. docs/decisions/0008-json.md.
 */
#ifndef PKG_JSON_LOAD_H
#define PKG_JSON_LOAD_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct json;
struct json_doc;

struct json_source {
	const char *text;
	size_t len;
	const char *what;
	bool duplicates;
	unsigned depth_max;
};

/* load.c: lets jansson parse the text, and makes values of doc from what it found. */
int json_load(const struct json_source *src, struct json_doc *doc, struct json **ret,
	      struct err *err);

enum json_make {
	JSON_MAKE_NULL,
	JSON_MAKE_FALSE,
	JSON_MAKE_TRUE,
	JSON_MAKE_NUMBER,
	JSON_MAKE_STRING,
	JSON_MAKE_ARRAY,
	JSON_MAKE_OBJECT,
};

/* parse.c: text is for numbers and strings, and copied. NULL when there is no memory, or beyond
 * JSON_VALUES_MAX. */
struct json *json_make(struct json_doc *doc, enum json_make what, const char *text, size_t len);
/* parse.c: links item at the end of parent; name is NULL in an array. False: no memory. */
bool json_make_link(struct json_doc *doc, struct json *parent, const char *name, struct json *item);

#endif
