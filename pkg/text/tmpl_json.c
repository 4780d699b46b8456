/* Values as JSON on one line, as Go's encoder writes it without HTML escapes. */
#include "tmpl_run.h"
#include "utf8.h"
#include "base/buf.h"
#include "base/err.h"

#include <math.h>

static void add_string(const char *s, struct buf *out)
{
	static const char names[] = "nrt", values[] = "\n\r\t";
	size_t len = strlen(s), n;
	const char *at;

	buf_addc(out, '"');
	for (; len > 0; s += n, len -= n) {
		n = utf8_len(s, len);
		at = strchr(values, *s);
		if (n == 0) {
			buf_adds(out, "\\ufffd");
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			buf_addf(out, "\\%c", *s);
		} else if (at) {
			buf_addf(out, "\\%c", names[at - values]);
		} else if ((unsigned char)*s < ' ') {
			buf_addf(out, "\\u%04x", (unsigned char)*s);
		} else if (n == 3 && (memcmp(s, "\u2028", 3) == 0 || memcmp(s, "\u2029", 3) == 0)) {
			buf_addf(out, "\\u202%c", s[2] == '\xa8' ? '8' : '9');
		} else {
			buf_add(out, s, n);
		}
	}
	buf_addc(out, '"');
}

static int add_value(struct tmpl_value v, struct tmpl_mem *mem, unsigned depth, struct buf *out,
		     struct err *err);

static int add_container(struct tmpl_value v, struct tmpl_mem *mem, unsigned depth, struct buf *out,
			 struct err *err)
{
	struct tmpl_value e = tmpl_nil();
	const char *key = NULL;
	size_t i, n = tmpl_count(v);
	int r;

	if (depth >= TMPL_VALUE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "a value is nested deeper than %d",
			       TMPL_VALUE_DEPTH_MAX);
	buf_addc(out, v.kind == TMPL_LIST ? '[' : '{');
	for (i = 0; i < n && buf_ok(out); i++) {
		r = tmpl_at(v, i, mem, &key, &e, err);
		if (r < 0)
			return r;
		if (i > 0)
			buf_addc(out, ',');
		if (v.kind != TMPL_LIST) {
			add_string(key, out);
			buf_addc(out, ':');
		}
		r = add_value(e, mem, depth + 1, out, err);
		if (r < 0)
			return r;
	}
	buf_addc(out, v.kind == TMPL_LIST ? ']' : '}');
	return 0;
}

static int add_value(struct tmpl_value v, struct tmpl_mem *mem, unsigned depth, struct buf *out,
		     struct err *err)
{
	switch (v.kind) {
	case TMPL_NIL:
		buf_adds(out, "null");
		return 0;
	case TMPL_BOOL:
		buf_adds(out, v.b ? "true" : "false");
		return 0;
	case TMPL_INT:
		buf_addf(out, "%lld", (long long)v.i);
		return 0;
	case TMPL_FLOAT:
		if (isnan(v.f) || isinf(v.f))
			buf_adds(out, "null");
		else
			tmpl_print_float(v.f, true, out);
		return 0;
	case TMPL_STRING:
		add_string(v.s, out);
		return 0;
	default:
		if (v.ops->json)
			return v.ops->json(v.obj, out, err);
		return add_container(v, mem, depth, out, err);
	}
}

int tmpl_print_json(struct tmpl_value v, struct tmpl_mem *mem, struct buf *out, struct err *err)
{
	int r = add_value(v, mem, 0, out, err);

	return r < 0 ? r : buf_check(out, "the output", err);
}

int tmpl_json(struct tmpl_value v, struct buf *out, struct err *err)
{
	AUTO(tmpl_mem_free_p) struct tmpl_mem *mem = tmpl_mem_new(err);
	struct buf_mark before = buf_mark(out);
	int r;

	if (!mem)
		return -(int)err->code;
	r = tmpl_print_json(v, mem, out, err);
	if (r < 0)
		buf_back_to(out, before);
	return r;
}
