/*
 * json.h - JSON documents as values that can be looked at, edited and written again (RFC 8259).
 *
 * A document owns all of its values; a value (struct json *) is borrowed and lives as long as its
 * document. Members keep their order and whole numbers of any size their digits, so that a file
 * shared with other programs is written again without losing anything. Other numbers are read as a
 * double and written as its shortest text (1.50 becomes 1.5). jansson does the parsing.
 *
 * Refused when parsing: text longer than JSON_TEXT_MAX, nesting deeper than JSON_DEPTH_MAX, more
 * than JSON_VALUES_MAX values, a member name twice in one object (unless JSON_DUPLICATES: the last
 * one wins, in the place of the first), NUL characters also as \u0000, text that is not UTF-8 or
 * has half a surrogate pair, a number beyond a double, anything after the value.
 * Errors are ERR_INVALID "<what>: line 3, column 7: ..." (the place where the faulty piece ends;
 * columns are characters) or ERR_LIMIT. They do not quote the text, which may hold a secret.
 *
 * Editing: a constructor returns NULL when there is no memory, and every function that takes a
 * value accepts NULL for that and fails with ERR_NOMEM, so calls can be nested:
 *	r = json_set(doc, obj, "names", json_strv(doc, &names), err);
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct json;
struct json_doc;
struct strv;

/* jansson has functions of the same names. Hidden ones cannot stand in for them in the library. */
#pragma GCC visibility push(hidden)

#define JSON_TEXT_MAX ((size_t)256 << 20)
#define JSON_DEPTH_MAX 128
#define JSON_VALUES_MAX ((size_t)16 << 20)
#define JSON_FOREIGN_VALUES_MAX ((size_t)1 << 18)

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* json_parse: */
enum {
	JSON_DUPLICATES = 1, /* a repeated member name is no error, the last one counts */
	JSON_FOREIGN = 2,    /* a stranger's text: at most JSON_FOREIGN_VALUES_MAX values */
};

/* text is copied. `what` names the document in errors: "images.json". */
int json_parse(const char *text, size_t len, unsigned flags, const char *what,
	       struct json_doc **ret, struct err *err);
/* An empty document; its root is null until json_set_root. */
int json_new(struct json_doc **ret, struct err *err);
void json_free(struct json_doc *doc);
static inline void json_free_p(struct json_doc **doc)
{
	json_free(*doc);
}
#define AUTO_JSON __attribute__((cleanup(json_free_p)))

struct json *json_root(const struct json_doc *doc);
int json_set_root(struct json_doc *doc, struct json *value, struct err *err);

/* Looking. All accept NULL: kind JSON_NULL, no members, no text. */
enum json_kind json_kind(const struct json *v);
/* Members of an object or items of an array. */
size_t json_count(const struct json *v);
/* The member, or NULL when v is no object or has none of that name. */
struct json *json_get(const struct json *v, const char *name);
struct json *json_at(const struct json *v, size_t index);
/* The first member or item; the next one after v; NULL at the end. */
struct json *json_first(const struct json *v);
struct json *json_next(const struct json *v);
#define JSON_EACH(it, v) for ((it) = json_first(v); (it); (it) = json_next(it))
/* The member's name, NULL for a value that is not in an object. */
const char *json_name(const struct json *v);
/* NULL when v is no string. */
const char *json_text(const struct json *v);
/* False, and *ret untouched, when v is not that or (numbers) not whole or out of range. */
bool json_get_bool(const struct json *v, bool *ret);
bool json_get_i64(const struct json *v, int64_t *ret);
bool json_get_u64(const struct json *v, uint64_t *ret);
/* Same kind and content; order of members does not matter, numbers are compared as they
 * would be written. */
bool json_same(const struct json *a, const struct json *b);

/* Making. */
struct json *json_null(struct json_doc *doc);
struct json *json_bool(struct json_doc *doc, bool value);
struct json *json_i64(struct json_doc *doc, int64_t value);
struct json *json_u64(struct json_doc *doc, uint64_t value);
struct json *json_string(struct json_doc *doc, const char *value);
/* RFC 3339 text of nanoseconds since 1970; 0 gives Go's zero time. */
struct json *json_time(struct json_doc *doc, int64_t ns);
struct json *json_strv(struct json_doc *doc, const struct strv *list);
struct json *json_array(struct json_doc *doc);
struct json *json_object(struct json_doc *doc);
/* A deep copy, also from another document. */
struct json *json_copy(struct json_doc *doc, const struct json *v);
/* Parses text into doc (json_parse's rules); *ret is a value of doc. */
int json_parse_into(struct json_doc *doc, const char *text, size_t len, unsigned flags,
		    const char *what, struct json **ret, struct err *err);

/* Changing. A value is in one place only: it must be new, or have been taken out. json_set
 * replaces the member where it stands, or adds it at the end. */
int json_set(struct json_doc *doc, struct json *obj, const char *name, struct json *value,
	     struct err *err);
int json_append(struct json *arr, struct json *value, struct err *err);
/* Puts value in front of the items. */
int json_prepend(struct json *arr, struct json *value, struct err *err);
/* False when there was none. What is removed stays usable and can be put elsewhere. */
bool json_remove(struct json *obj, const char *name);
bool json_remove_at(struct json *arr, size_t index);
/* Takes one member or item out, wherever it stands in parent. */
bool json_remove_value(struct json *parent, struct json *value);

/* Writing. The default is compact, without a final newline, with the escapes of Go's encoder
 * (< > & U+2028 U+2029 as \uXXXX), which is how the shared index files look. */
enum {
	JSON_INDENT4 = 1, /* as `podman inspect` */
	JSON_TABS = 2,	  /* as auth.json */
	JSON_PLAIN = 4,	  /* < > & as they are */
};
/* Appends to out; a failure sticks there. */
void json_dump(const struct json *v, unsigned flags, struct buf *out);
/* One string with quotes and escapes. */
void json_dump_string(const char *s, unsigned flags, struct buf *out);

#pragma GCC visibility pop

#endif
