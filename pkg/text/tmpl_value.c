/* Looking into values. */
#include "tmpl_run.h"
#include "base/err.h"

const char *tmpl_type(struct tmpl_value v)
{
	switch (v.kind) {
	case TMPL_NIL:
		return "<nil>";
	case TMPL_BOOL:
		return "bool";
	case TMPL_INT:
		return "int";
	case TMPL_FLOAT:
		return "float64";
	case TMPL_STRING:
		return "string";
	default:
		break;
	}
	if (v.ops->type)
		return v.ops->type;
	if (v.ops->type_of)
		return v.ops->type_of(v.obj);
	return v.kind == TMPL_LIST  ? "[]interface {}"
	       : v.kind == TMPL_MAP ? "map[string]interface {}"
				    : "struct";
}

bool tmpl_truth(struct tmpl_value v)
{
	switch (v.kind) {
	case TMPL_NIL:
		return false;
	case TMPL_BOOL:
		return v.b;
	case TMPL_INT:
		return v.i != 0;
	case TMPL_FLOAT:
		return v.f != 0;
	case TMPL_STRING:
		return *v.s != '\0';
	case TMPL_OBJECT:
		return true;
	default:
		return tmpl_count(v) > 0;
	}
}

size_t tmpl_count(struct tmpl_value v)
{
	return v.ops->count ? v.ops->count(v.obj) : 0;
}

int tmpl_at(struct tmpl_value v, size_t i, struct tmpl_mem *mem, const char **ret_key,
	    struct tmpl_value *ret, struct err *err)
{
	return v.ops->at(v.obj, i, mem, ret_key, ret, err);
}

int tmpl_field(struct tmpl_value v, const char *name, struct tmpl_mem *mem, struct tmpl_value *ret,
	       struct err *err)
{
	const char *key = NULL;
	size_t i, n;
	int r;

	if (v.ops->field)
		return v.ops->field(v.obj, name, mem, ret, err);
	n = tmpl_count(v);
	for (i = 0; i < n; i++) {
		r = tmpl_at(v, i, mem, &key, ret, err);
		if (r < 0)
			return r;
		if (streq(key, name))
			return 1;
	}
	return 0;
}
