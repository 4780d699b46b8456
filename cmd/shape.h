/*
 * shape.h - documents (inspect, info, version) as templates see them: as structs of Go, with its
 * names, order and zero values. The JSON itself is made elsewhere.
 *
 * A field that the document has not is the zero value of its kind; a member of the document that
 * the shape has not is not seen by templates.
 */
#ifndef CMD_SHAPE_H
#define CMD_SHAPE_H

#include "json/json.h"
#include "text/tmpl.h"

enum shape_kind {
	SHAPE_TEXT,
	SHAPE_NUMBER,
	SHAPE_FLAG,
	SHAPE_TIME, /* RFC 3339 in the document */
	SHAPE_LIST,
	SHAPE_MAP,	    /* any key may be asked for */
	SHAPE_MAP_OF_LISTS, /* of what `of` says */
	SHAPE_STRUCT,
	SHAPE_POINTER, /* to a struct: nil when the document has none */
	SHAPE_NIL,     /* a pointer that is always nil here */
};

/* What the document has where there is no value (default: an empty one; pointers: nothing). */
enum {
	SHAPE_NULL = 1,
	SHAPE_OMIT = 2,
	SHAPE_MAYBE = 4, /* with SHAPE_OMIT: a pointer to the value, nil when there is none */
};

struct shape;

struct shape_field {
	const char *name; /* in Go */
	enum shape_kind kind;
	unsigned absent;	/* SHAPE_NULL ... */
	const char *json;	/* in the document; NULL: as in Go. Templates may use both */
	const struct shape *of; /* of structs and pointers; of what is in lists and maps (NULL:
				   strings) */
	const char *also;	/* one more name in templates */
};

struct shape {
	const char *type;		  /* Go's name, in errors: "define.HostInfo" */
	const struct shape_field *fields; /* ended by one without name */
};

/* v, an object of doc, with all members of the shape in its order: what is missing is filled in,
 * also within. *ret replaces v. */
int shape_complete(const struct shape *shape, struct json_doc *doc, struct json *v,
		   struct json **ret, struct err *err);

/* A document and what it is; both are borrowed by the value made of it. */
struct shaped {
	const struct shape *shape;
	const struct json *v; /* NULL: all zero */
};

struct tmpl_value shape_value(const struct shaped *s);

/* Prints documents by a template: format over the list of them, or with single over the one. */
int shape_print(const char *name, const struct shaped *docs, size_t n, bool single,
		const char *format, struct err *err);

#endif
