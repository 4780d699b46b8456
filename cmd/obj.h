/*
 * obj.h - building JSON objects without checking every call: the first failure sticks, and is asked
 * for once.
 */
#ifndef CMD_OBJ_H
#define CMD_OBJ_H

#include "base/strv.h"
#include "json/json.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

struct obj {
	struct json_doc *doc;
	struct json *v;
	struct err *err;
	int r; /* negative once something failed */
};

/* An object in doc; failures go to err. */
struct obj obj_new(struct json_doc *doc, struct err *err);
void obj_put(struct obj *o, const char *name, struct json *value);
void obj_str(struct obj *o, const char *name, const char *value); /* NULL is "" */
void obj_int(struct obj *o, const char *name, int64_t value);
void obj_bool(struct obj *o, const char *name, bool value);
void obj_time(struct obj *o, const char *name, int64_t ns);
void obj_list(struct obj *o, const char *name, const struct strv *list);
/* "key=value" as an object of strings. */
void obj_map(struct obj *o, const char *name, const struct strv *map);
/* An empty object for each key, as Go shows a set. */
void obj_set(struct obj *o, const char *name, const struct strv *keys);
/* A finished part becomes a member; its failure becomes ours. */
void obj_part(struct obj *o, const char *name, const struct obj *part);

#endif
