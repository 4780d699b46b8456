/* value.h - what a value and its document are made of; private to pkg/json. */
#ifndef PKG_JSON_VALUE_H
#define PKG_JSON_VALUE_H

#include "json/json.h"

/*
 * Values and the text they point to live in the document's chunks and are freed with it only.
 * Members and items are singly linked: documents are read in order and have few members an object.
 */
struct json {
	struct json *next;
	const char *name; /* NUL-terminated, NULL outside of an object */
	union {
		struct {
			struct json *first, *last;
		} list;		  /* JSON_ARRAY, JSON_OBJECT */
		const char *text; /* JSON_STRING (NUL-terminated), JSON_NUMBER (n bytes) */
		bool yes;	  /* JSON_BOOL */
	} u;
	size_t n; /* members, items, or bytes of text */
	unsigned name_len;
	enum json_kind kind;
};

/* Room in the document, aligned for a struct json; NULL when out of memory. */
void *json_alloc(struct json_doc *doc, size_t n);
/* An unlinked value; NULL when out of memory or beyond JSON_VALUES_MAX. */
struct json *json_value_new(struct json_doc *doc, enum json_kind kind);
/* A number or a string with a copy of s; NULL when out of memory. */
struct json *json_text_new(struct json_doc *doc, enum json_kind kind, const char *s, size_t n);
/* Gives v a copy of name; false when out of memory. */
bool json_name_set(struct json_doc *doc, struct json *v, const char *name, size_t len);
/* Links item at the end of parent. */
void json_link(struct json *parent, struct json *item);

#endif
