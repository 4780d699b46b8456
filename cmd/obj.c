#include "obj.h"
#include "base/auto.h"
#include "base/err.h"

#include <string.h>

struct obj obj_new(struct json_doc *doc, struct err *err)
{
	struct obj o = {doc, json_object(doc), err, 0};

	if (!o.v)
		o.r = err_nomem(err);
	return o;
}

void obj_put(struct obj *o, const char *name, struct json *value)
{
	if (o->r == 0)
		o->r = json_set(o->doc, o->v, name, value, o->err);
}

void obj_str(struct obj *o, const char *name, const char *value)
{
	obj_put(o, name, json_string(o->doc, value ? value : ""));
}

void obj_int(struct obj *o, const char *name, int64_t value)
{
	obj_put(o, name, json_i64(o->doc, value));
}

void obj_bool(struct obj *o, const char *name, bool value)
{
	obj_put(o, name, json_bool(o->doc, value));
}

void obj_time(struct obj *o, const char *name, int64_t ns)
{
	obj_put(o, name, json_time(o->doc, ns));
}

void obj_list(struct obj *o, const char *name, const struct strv *list)
{
	obj_put(o, name, json_strv(o->doc, list));
}

void obj_map(struct obj *o, const char *name, const struct strv *map)
{
	struct obj part = obj_new(o->doc, o->err);
	size_t i;

	for (i = 0; i < map->n; i++) {
		const char *eq = strchr(map->v[i], '=');
		AUTO_FREE char *key = str_dup(
		    (struct str){map->v[i], eq ? (size_t)(eq - map->v[i]) : strlen(map->v[i])});

		if (!key) {
			part.r = err_nomem(o->err);
			break;
		}
		obj_str(&part, key, eq ? eq + 1 : "");
	}
	obj_part(o, name, &part);
}

void obj_set(struct obj *o, const char *name, const struct strv *keys)
{
	struct obj part = obj_new(o->doc, o->err);
	size_t i;

	for (i = 0; i < keys->n; i++)
		obj_put(&part, keys->v[i], json_object(o->doc));
	obj_part(o, name, &part);
}

void obj_part(struct obj *o, const char *name, const struct obj *part)
{
	if (o->r == 0)
		o->r = part->r;
	obj_put(o, name, part->v);
}
