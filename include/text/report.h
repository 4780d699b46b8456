/*
 * report.h - what ps, images, version, info, search and others print: one description of the
 * fields, rows, and --format give the bytes.
 *
 *	NULL, "" or "table"	the default table with its header line
 *	"table {{.ID}}\t{{.Names}}"	a table with these columns; blanks count as tabs
 *	"json", "{{json}}"	an array of objects, indented
 *	anything else		a template for each row, one line each, no header: {{json .}} gives
 *				one object a line
 *
 * \t and \n written as two characters mean tab and newline. $ is the row, as in docker; a template
 * that ranges over . by itself ({{range .}}...{{end}}) is used as it is, over the list.
 */
#ifndef TEXT_REPORT_H
#define TEXT_REPORT_H

#include "base/str.h"
#include "text/tmpl.h"

struct report_field {
	const char *name;   /* "ImageID" */
	const char *header; /* NULL: from the name, "IMAGE ID" */
	int (*get)(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err);
	const char *json; /* name in JSON; NULL: name; "-": not in JSON */
};

struct report_type {
	const char *name; /* the verb, in error messages */
	const char *type; /* Go's type name of a row, in error messages; may be NULL */
	const struct report_field *fields; /* ended by a field without name */
	/* The default table without the word table: "{{.ID}}\t{{.Image}}". */
	const char *table;
	/* Optional: appends the row's JSON on one line, for --format json (listed) or {{json .}}.
	 * NULL: made from the fields. */
	int (*json)(const void *row, bool listed, struct buf *out, struct err *err);
	/* Optional: a method with an argument, as in {{.Label "app"}}: 1, or 0 when there is none
	 * of that name. */
	int (*call)(const void *row, const char *name, const char *arg, struct tmpl_mem *mem,
		    struct tmpl_value *ret, struct err *err);
	unsigned indent; /* blanks a level of --format json; 0: 4 */
};

/* How often a row may be asked for a field: every row is asked for those fields only that the
 * template names, each time it names them. */
struct report {
	const struct report_type *type;
	const void *const *rows;
	size_t n_rows;
	const char *format;
	bool no_heading;
	/* n_rows values instead of rows, where there are no fields to describe (inspect): format is
	 * a template then, also one of a table, without a header line. */
	const struct tmpl_value *values;
	/* The one value is . itself, not a list: version, info. */
	bool single;
};

int report_write(const struct report *r, struct buf *out, struct err *err);

/* "json" or "{{json}}", with blanks anywhere; "{{json .}}" is a template. */
bool report_is_json(const char *format);
/* Does the format name this field? To skip costly work before rows are made; NULL and "table" are
 * asked about the default table. Errs towards true. */
bool report_uses(const struct report_type *type, const char *format, const char *field);
/* Appends JSON text with line breaks and `indent` blanks a level, as Go's MarshalIndent. */
void report_indent_json(struct str json, unsigned indent, struct buf *out);
/* "ImageID" -> "IMAGE ID". */
void report_header(const char *name, struct buf *out);

#endif
