/*
 * toml.h - reading TOML 1.0 (https://toml.io/en/v1.0.0), the syntax of containers.conf,
 * storage.conf and registries.conf.
 *
 * struct toml is a parsed file and owns everything in it; struct toml_value is a node of it,
 * borrowed, valid as long as the file. Every node knows its file, line and key, so that errors read
 *
 *	/etc/containers/registries.conf:12: registry.location: expected a string
 *
 * Getters take a table and a path of bare keys ("storage.options.size"), and return 1 when found, 0
 * when absent (output untouched), negative when the value, or something on the way to it, is of
 * another kind. What was got, found or iterated counts as used; toml_unused lists the rest.
 *
 *	r = toml_parse(path, text, len, &t, err);
 *	r = toml_get_string(toml_root(t), "storage.driver", &driver, err);
 *	r = toml_get_array(toml_root(t), "registry", &list, err);
 *	for (i = 0; i < toml_count(list); i++)
 *		r = toml_get_bool(toml_at(list, i), "insecure", &insecure, err);
 *
 * Two differences from the standard: a string that holds U+0000 is refused, and dates and times are
 * checked for their form only and kept as text.
 */
#ifndef TEXT_TOML_H
#define TEXT_TOML_H

#include "base/auto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct strv;
struct toml;
struct toml_value;

enum toml_kind {
	TOML_STRING,
	TOML_INT,
	TOML_FLOAT,
	TOML_BOOL,
	TOML_TIME, /* any of the four date and time forms, as text */
	TOML_ARRAY,
	TOML_TABLE,
};

/* Parses len bytes of text; name (the file's) is copied and put in front of errors, which are
 * ERR_INVALID, or ERR_LIMIT for a file beyond the limits named in pkg/text/toml.c. */
int toml_parse(const char *name, const char *text, size_t len, struct toml **ret, struct err *err);
void toml_free(struct toml *t);
DEFINE_AUTO(struct toml, toml_free)

/* The top-level table. */
struct toml_value *toml_root(struct toml *t);
/* The name given to toml_parse. */
const char *toml_name(const struct toml *t);

/* Any kind: the value at path. */
int toml_find(struct toml_value *table, const char *path, struct toml_value **ret, struct err *err);
/* The value of one key of a table, taken literally ("a.b" is one key); NULL when absent. */
struct toml_value *toml_find_key(struct toml_value *table, const char *key);

int toml_get_string(struct toml_value *table, const char *path, const char **ret, struct err *err);
int toml_get_bool(struct toml_value *table, const char *path, bool *ret, struct err *err);
int toml_get_int(struct toml_value *table, const char *path, int64_t *ret, struct err *err);
/* As toml_get_int; a value outside min..max is an error. */
int toml_get_int_range(struct toml_value *table, const char *path, int64_t min, int64_t max,
		       int64_t *ret, struct err *err);
/* An int counts as a float. */
int toml_get_float(struct toml_value *table, const char *path, double *ret, struct err *err);
int toml_get_table(struct toml_value *table, const char *path, struct toml_value **ret,
		   struct err *err);
int toml_get_array(struct toml_value *table, const char *path, struct toml_value **ret,
		   struct err *err);
/* An array of strings; *ret is replaced. */
int toml_get_strings(struct toml_value *table, const char *path, struct strv *ret, struct err *err);
/* As toml_get_strings for containers.conf's lists, in which {append=true} may stand beside the
 * strings; *ret_append says whether it did. */
int toml_get_strings_append(struct toml_value *table, const char *path, struct strv *ret,
			    bool *ret_append, struct err *err);

/* Elements of an array or values of a table, in file order; 0 for other kinds. */
size_t toml_count(const struct toml_value *v);
struct toml_value *toml_at(struct toml_value *v, size_t i);

enum toml_kind toml_kind(const struct toml_value *v);
/* The node's own key, "" for array elements and the root. */
const char *toml_key(const struct toml_value *v);
unsigned toml_line(const struct toml_value *v);
/* The content when the kind is right (TOML_STRING or TOML_TIME, TOML_INT, TOML_FLOAT, TOML_BOOL);
 * NULL, 0 or false otherwise. */
const char *toml_str(const struct toml_value *v);
int64_t toml_int(const struct toml_value *v);
double toml_float(const struct toml_value *v);
bool toml_bool(const struct toml_value *v);

/* For a caller's own checks: "FILE:LINE: KEY: <text>", ERR_INVALID. */
int toml_error(const struct toml_value *v, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Marks v and everything below it as used. */
void toml_use_all(struct toml_value *v);
/* "FILE:LINE: KEY" for each key that nobody asked for, in file order (a table that nobody asked
 * for is listed without what is in it); ret is added to. */
int toml_unused(struct toml *t, struct strv *ret, struct err *err);

#endif
