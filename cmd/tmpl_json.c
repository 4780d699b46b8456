#include "tmpl_json.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <strings.h>

static size_t count(const void *obj)
{
	return json_count(obj);
}

static int at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
	      struct tmpl_value *ret, struct err *err)
{
	const struct json *v = json_at(obj, i);

	(void)mem;
	(void)err;
	if (ret_key)
		*ret_key = json_name(v);
	*ret = tmpl_of_json(v);
	return 0;
}

/* The i-th key in the order of its bytes, as Go's templates go through maps. */
static int at_sorted(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		     struct tmpl_value *ret, struct err *err)
{
	const struct json *v, *w;
	size_t before;

	(void)mem;
	(void)err;
	for (v = json_first(obj); v; v = json_next(v)) {
		before = 0;
		for (w = json_first(obj); w; w = json_next(w))
			before += strcmp(json_name(w), json_name(v)) < 0;
		if (before == i)
			break;
	}
	*ret_key = json_name(v);
	*ret = tmpl_of_json(v);
	return 0;
}

static int field(const void *obj, const char *name, struct tmpl_mem *mem, struct tmpl_value *ret,
		 struct err *err)
{
	const struct json *v = json_get(obj, name);

	(void)mem;
	(void)err;
	/* Templates use Go's names of fields (.Store.GraphRoot), the document has those of JSON
	 * ("graphRoot"): the case may differ. */
	if (!v)
		for (v = json_first(obj); v; v = json_next(v))
			if (strcasecmp(json_name(v), name) == 0)
				break;
	if (!v)
		return 0;
	*ret = tmpl_of_json(v);
	return 1;
}

static int to_json(const void *obj, struct buf *out, struct err *err)
{
	json_dump(obj, 0, out);
	return buf_check(out, "the output", err);
}

static const struct tmpl_ops list_ops = {
    .type = "[]interface {}", .count = count, .at = at, .json = to_json};
static const struct tmpl_ops object_ops = {
    .type = "*define.InspectData", .count = count, .at = at, .field = field, .json = to_json};

static const struct tmpl_ops map_ops = {
    .type = "map[string]string", .count = count, .at = at_sorted, .json = to_json};

/* Members that are maps in Go: any key may be asked for, and index works on them. */
static bool is_map(const struct json *v)
{
	static const char *const maps[] = {"Labels", "Annotations", "ExposedPorts", "Volumes"};
	const char *name = json_name(v);
	size_t i;

	for (i = 0; name && i < ARRAY_LEN(maps); i++)
		if (streq(name, maps[i]))
			return true;
	return false;
}

struct tmpl_value tmpl_of_json(const struct json *v)
{
	int64_t i;
	bool b;

	switch (json_kind(v)) {
	case JSON_BOOL:
		b = false;
		(void)json_get_bool(v, &b);
		return tmpl_bool(b);
	case JSON_NUMBER:
		i = 0;
		(void)json_get_i64(v, &i);
		return tmpl_int(i);
	case JSON_STRING:
		return tmpl_string(json_text(v));
	case JSON_ARRAY:
		return tmpl_list(&list_ops, v);
	case JSON_OBJECT:
		return is_map(v) ? tmpl_map(&map_ops, v) : tmpl_object(&object_ops, v);
	default:
		return tmpl_nil();
	}
}
