/*
 * table.h - JSON objects into C structures and back, driven by tables.
 *
 *	struct descriptor { char *media_type; char *digest; int64_t size; };
 *
 *	static const struct json_field descriptor_fields[] = {
 *		JSON_F_STR(struct descriptor, media_type, "mediaType", 0),
 *		JSON_F_STR(struct descriptor, digest, "digest", JSON_REQUIRED),
 *		JSON_F_I64(struct descriptor, size, "size", JSON_REQUIRED),
 *		{0},
 *	};
 *	const struct json_table descriptor_table = {descriptor_fields, sizeof(struct descriptor)};
 *
 * The structure owns everything in it; json_release frees it. A member that is absent or null
 * leaves its field zero. Unknown members are ignored, unless the table has a JSON_F_EXTRA.
 * Errors carry the JSON pointer: ERR_INVALID "image manifest: /config/digest: expected a string".
 */
#ifndef JSON_TABLE_H
#define JSON_TABLE_H

#include "base/strv.h"
#include "json/json.h"

enum json_field_type {
	JSON_T_STR,    /* char * */
	JSON_T_BOOL,   /* bool */
	JSON_T_I64,    /* int64_t */
	JSON_T_U64,    /* uint64_t */
	JSON_T_TIME,   /* int64_t, ns since 1970; RFC 3339 text */
	JSON_T_STRV,   /* struct strv; array of strings (null items count as "") */
	JSON_T_MAP,    /* struct strv of "key=value"; object of strings; cut at the first '=' */
	JSON_T_SET,    /* struct strv of keys; object whose values do not matter ({"80/tcp":{}}) */
	JSON_T_OBJECT, /* a structure in place, by sub-table */
	JSON_T_LIST,   /* pointer to and count of structures, by sub-table */
	JSON_T_RAW,    /* char *, the JSON text of any value, compact */
	JSON_T_EXTRA,  /* char *, an object of all members that the table does not name, or NULL */
};

enum {
	JSON_REQUIRED = 1,   /* absent or null is an error (an empty string is not) */
	JSON_OMIT_EMPTY = 2, /* json_put: leave it out when zero, empty or NULL */
	JSON_NULLABLE = 4,   /* json_put: an empty list or map is written as null, as Go does */
};

#pragma GCC visibility push(hidden) /* as in json.h */

struct json_table;

struct json_field {
	const char *name;
	enum json_field_type type;
	unsigned flags;
	size_t at;	 /* offset of the field */
	size_t at_count; /* JSON_T_LIST: offset of the size_t count */
	const struct json_table *sub;
};

struct json_table {
	const struct json_field *fields; /* up to the one without type and name */
	size_t size;			 /* of the structure */
};

/* The offset, after a check at compile time that the member has this type. */
#define JSON_AT(S, m, T)                                                                           \
	(offsetof(S, m) +                                                                          \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((S *)0)->m), T) ? 1 : -1]))

#define JSON_F_STR(S, m, name, flags)                                                              \
	{                                                                                          \
		name, JSON_T_STR, flags, JSON_AT(S, m, char *), 0, NULL                            \
	}
#define JSON_F_BOOL(S, m, name, flags)                                                             \
	{                                                                                          \
		name, JSON_T_BOOL, flags, JSON_AT(S, m, bool), 0, NULL                             \
	}
#define JSON_F_I64(S, m, name, flags)                                                              \
	{                                                                                          \
		name, JSON_T_I64, flags, JSON_AT(S, m, int64_t), 0, NULL                           \
	}
#define JSON_F_U64(S, m, name, flags)                                                              \
	{                                                                                          \
		name, JSON_T_U64, flags, JSON_AT(S, m, uint64_t), 0, NULL                          \
	}
#define JSON_F_TIME(S, m, name, flags)                                                             \
	{                                                                                          \
		name, JSON_T_TIME, flags, JSON_AT(S, m, int64_t), 0, NULL                          \
	}
#define JSON_F_STRV(S, m, name, flags)                                                             \
	{                                                                                          \
		name, JSON_T_STRV, flags, JSON_AT(S, m, struct strv), 0, NULL                      \
	}
#define JSON_F_MAP(S, m, name, flags)                                                              \
	{                                                                                          \
		name, JSON_T_MAP, flags, JSON_AT(S, m, struct strv), 0, NULL                       \
	}
#define JSON_F_SET(S, m, name, flags)                                                              \
	{                                                                                          \
		name, JSON_T_SET, flags, JSON_AT(S, m, struct strv), 0, NULL                       \
	}
#define JSON_F_OBJECT(S, m, name, flags, table)                                                    \
	{                                                                                          \
		name, JSON_T_OBJECT, flags, offsetof(S, m), 0, table                               \
	}
#define JSON_F_LIST(S, m, count, name, flags, table)                                               \
	{                                                                                          \
		name, JSON_T_LIST, flags, offsetof(S, m), JSON_AT(S, count, size_t), table         \
	}
#define JSON_F_RAW(S, m, name, flags)                                                              \
	{                                                                                          \
		name, JSON_T_RAW, flags, JSON_AT(S, m, char *), 0, NULL                            \
	}
#define JSON_F_EXTRA(S, m)                                                                         \
	{                                                                                          \
		"", JSON_T_EXTRA, 0, JSON_AT(S, m, char *), 0, NULL                                \
	}

/* Member names are matched without regard to case where no exact one exists, as Go does. */
enum { JSON_ANY_CASE = 1 };

/* On success the whole structure at ret is overwritten (not freed first). */
int json_read(const struct json *v, const struct json_table *table, unsigned flags,
	      const char *what, void *ret, struct err *err);
/* json_parse with parse_flags, then json_read. */
int json_read_text(const char *text, size_t len, unsigned parse_flags,
		   const struct json_table *table, unsigned flags, const char *what, void *ret,
		   struct err *err);
/* An array of structures: *ret_items is for json_release_items. */
int json_read_items(const struct json *v, const struct json_table *table, unsigned flags,
		    const char *what, void **ret_items, size_t *ret_n, struct err *err);
/* Frees what the structure holds and zeroes its fields, not the structure itself. */
void json_release(const struct json_table *table, void *st);
/* Frees the structures and the array. */
void json_release_items(const struct json_table *table, void *items, size_t n);

/* Sets obj's members from the structure; members that the table does not name stay as they are. */
int json_put(struct json_doc *doc, struct json *obj, const struct json_table *table, const void *st,
	     struct err *err);
/* A whole structure as text, json_dump's flags; appended to out (whose ceiling is the limit). */
int json_put_text(const struct json_table *table, const void *st, unsigned dump_flags,
		  struct buf *out, struct err *err);

#pragma GCC visibility pop

#endif
