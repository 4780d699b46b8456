#include "text/report.h"
#include "report_text.h"
#include "text/table.h"
#include "tmpl_run.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>

/* The output of one command. */
#define REPORT_MAX (256U << 20)
#define FORMAT_MAX (1U << 20)
#define INDENT 4

struct row {
	const struct report_type *type;
	const void *data;
};

/* What a template sees as the list of rows. */
struct rows {
	struct row *v;
	size_t n;
	const struct tmpl_ops *ops; /* of a row */
};

static size_t row_count(const void *obj)
{
	const struct row *row = obj;
	size_t n = 0;

	while (row->type->fields[n].name)
		n++;
	return n;
}

static int row_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		  struct tmpl_value *ret, struct err *err)
{
	const struct row *row = obj;

	*ret_key = row->type->fields[i].name;
	return row->type->fields[i].get(row->data, mem, ret, err);
}

static const struct report_field *find_field(const struct report_type *type, const char *name)
{
	const struct report_field *f;

	for (f = type->fields; f->name; f++)
		if (streq(f->name, name))
			return f;
	return NULL;
}

static int row_field(const void *obj, const char *name, struct tmpl_mem *mem,
		     struct tmpl_value *ret, struct err *err)
{
	const struct row *row = obj;
	const struct report_field *f = find_field(row->type, name);
	int r;

	if (!f)
		return 0;
	r = f->get(row->data, mem, ret, err);
	return r < 0 ? r : 1;
}

static int fields_json(const struct row *row, struct buf *out, struct err *err)
{
	AUTO(tmpl_mem_free_p) struct tmpl_mem *mem = tmpl_mem_new(err);
	const struct report_field *f;
	struct tmpl_value v = tmpl_nil();
	const char *sep = "{";
	int r;

	if (!mem)
		return -(int)err->code;
	for (f = row->type->fields; f->name; f++) {
		if (f->json && streq(f->json, "-"))
			continue;
		r = f->get(row->data, mem, &v, err);
		if (r < 0)
			return r;
		buf_addf(out, "%s\"%s\":", sep, f->json ? f->json : f->name);
		r = tmpl_print_json(v, mem, out, err);
		if (r < 0)
			return r;
		sep = ",";
	}
	buf_adds(out, *sep == '{' ? "{}" : "}");
	return 0;
}

static int write_row_json(const struct row *row, bool listed, struct buf *out, struct err *err)
{
	return row->type->json ? row->type->json(row->data, listed, out, err)
			       : fields_json(row, out, err);
}

static int row_json(const void *obj, struct buf *out, struct err *err)
{
	return write_row_json(obj, false, out, err);
}

static int row_call(const void *obj, const char *name, const struct tmpl_value *args, size_t n,
		    struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	const struct row *row = obj;

	if (!row->type->call || n != 1 || args[0].kind != TMPL_STRING)
		return 0;
	return row->type->call(row->data, name, args[0].s, mem, ret, err);
}

static const struct tmpl_ops row_ops = {
    .count = row_count, .at = row_at, .field = row_field, .call = row_call, .json = row_json};

static size_t rows_count(const void *obj)
{
	return ((const struct rows *)obj)->n;
}

static int rows_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		   struct tmpl_value *ret, struct err *err)
{
	const struct rows *rows = obj;

	(void)mem, (void)ret_key, (void)err;
	*ret = tmpl_object(rows->ops, &rows->v[i]);
	return 0;
}

static const struct tmpl_ops rows_ops = {.count = rows_count, .at = rows_at};

/* The same for values, which stand in the report itself. */
static size_t values_count(const void *obj)
{
	return ((const struct report *)obj)->n_rows;
}

static int values_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		     struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)ret_key, (void)err;
	*ret = ((const struct report *)obj)->values[i];
	return 0;
}

static const struct tmpl_ops values_ops = {.count = values_count, .at = values_at};

/* The header line is the same template over one map of names to headers. */
static int header_of(const struct report_field *f, struct tmpl_mem *mem, struct tmpl_value *ret,
		     struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(FORMAT_MAX);
	int r;

	if (f->header)
		buf_adds(&b, f->header);
	else
		report_header(f->name, &b);
	r = tmpl_keep(mem, buf_str(&b), b.len, ret, err);
	if (r >= 0)
		ret->header = true;
	return r;
}

static int header_field(const void *obj, const char *name, struct tmpl_mem *mem,
			struct tmpl_value *ret, struct err *err)
{
	const struct report_field *f = find_field(((const struct row *)obj)->type, name);
	int r;

	if (!f)
		return 0;
	r = header_of(f, mem, ret, err);
	return r < 0 ? r : 1;
}

static int header_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		     struct tmpl_value *ret, struct err *err)
{
	const struct report_field *f = &((const struct row *)obj)->type->fields[i];

	*ret_key = f->name;
	return header_of(f, mem, ret, err);
}

/* A method's column is headed by its name. */
static int header_call(const void *obj, const char *name, const struct tmpl_value *args, size_t n,
		       struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	const struct report_field method = {.name = name};
	int r;

	(void)args;
	if (n != 1 || !((const struct row *)obj)->type->call)
		return 0;
	r = header_of(&method, mem, ret, err);
	return r < 0 ? r : 1;
}

static const struct tmpl_ops header_ops = {
    .count = row_count, .at = header_at, .field = header_field, .call = header_call};

static int headers_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		      struct tmpl_value *ret, struct err *err)
{
	(void)i, (void)mem, (void)ret_key, (void)err;
	*ret = tmpl_map(&header_ops, obj);
	return 0;
}

static size_t headers_count(const void *obj)
{
	(void)obj;
	return 1;
}

static const struct tmpl_ops headers_ops = {.count = headers_count, .at = headers_at};

/* How the format is to be understood. */
struct plan {
	bool json, aligned, headings;
	struct tmpl *t;
};

static void plan_fini(struct plan *p)
{
	tmpl_free(p->t);
}

static int parse_wrapped(const struct report *r, const char *text, bool range, struct tmpl **ret,
			 struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(FORMAT_MAX);

	if (range)
		buf_adds(&b, "{{range .}}");
	buf_adds(&b, text);
	if (!str_ends(buf_str(&b), "\n"))
		buf_addc(&b, '\n');
	if (range)
		buf_adds(&b, "{{end -}}");
	if (!buf_ok(&b))
		return buf_check(&b, "the format", err);
	return tmpl_parse(r->type->name, buf_str(&b), ret, err);
}

/* A user's text: \t and \n are replaced first, and if the template is then no longer well-formed
 * (since they stand within quotes) it is taken as it was. */
static int parse_user(const struct report *r, const char *text, struct plan *p, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(FORMAT_MAX);
	bool range = !r->single && (p->aligned || !report_has_range(text));
	struct err first = ERR_INIT;

	report_unescape(text, p->aligned, &b);
	if (!buf_ok(&b))
		return buf_check(&b, "the format", err);
	if (parse_wrapped(r, buf_str(&b), range, &p->t, &first) >= 0)
		return 0;
	if (strchr(text, '\\') && parse_wrapped(r, text, range, &p->t, err) >= 0)
		return 0;
	*err = first;
	return -(int)first.code;
}

static int make_plan(const struct report *r, struct plan *p, struct err *err)
{
	const char *format = r->format, *table;

	if (!r->values && report_is_json(format)) {
		p->json = true;
		return 0;
	}
	if (!r->values && (str_empty(format) || streq(format, "table"))) {
		p->aligned = p->headings = true;
		return parse_wrapped(r, r->type->table, true, &p->t, err);
	}
	table = str_after(format, "table ");
	p->aligned = table != NULL;
	p->headings = p->aligned && !r->values;
	return parse_user(r, table ? table : format, p, err);
}

static int write_json(const struct report *r, const struct rows *rows, struct buf *out,
		      struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(REPORT_MAX);
	size_t i;
	int e;

	buf_addc(&b, '[');
	for (i = 0; i < rows->n; i++) {
		if (i > 0)
			buf_addc(&b, ',');
		e = write_row_json(&rows->v[i], true, &b, err);
		if (e < 0)
			return e;
	}
	buf_addc(&b, ']');
	if (!buf_ok(&b))
		return buf_check(&b, "the output", err);
	report_indent_json((struct str){buf_str(&b), b.len},
			   r->type->indent ? r->type->indent : INDENT, out);
	buf_addc(out, '\n');
	return buf_check(out, "the output", err);
}

static int write_template(const struct report *r, const struct plan *p, const struct rows *rows,
			  struct buf *out, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(REPORT_MAX);
	struct buf *to = p->aligned ? &b : out;
	const struct row heading = {.type = r->type};
	struct tmpl_value dot;
	int e;

	if (p->headings && !r->no_heading) {
		e = tmpl_exec(p->t, tmpl_list(&headers_ops, &heading), to, err);
		if (e < 0)
			return e;
	}
	if (r->values)
		dot = r->single ? r->values[0] : tmpl_list(&values_ops, r);
	else
		dot = tmpl_list(&rows_ops, rows);
	e = tmpl_exec(p->t, dot, to, err);
	if (e < 0)
		return e;
	return p->aligned ? table_align((struct str){buf_str(&b), b.len}, out, err) : 0;
}

int report_write(const struct report *r, struct buf *out, struct err *err)
{
	AUTO(plan_fini) struct plan plan = {0};
	AUTO_FREE struct row *all = NULL;
	struct tmpl_ops ops = row_ops;
	struct rows rows = {.n = r->values ? 0 : r->n_rows, .ops = &ops};
	struct buf_mark before = buf_mark(out);
	size_t i;
	int e;

	e = make_plan(r, &plan, err);
	if (e < 0)
		return e;
	rows.v = all = calloc(rows.n + 1, sizeof(*all));
	if (!all)
		return err_nomem(err);
	for (i = 0; i < rows.n; i++)
		all[i] = (struct row){r->type, r->rows[i]};
	ops.type = r->type->type;
	if (plan.json)
		e = write_json(r, &rows, out, err);
	else
		e = write_template(r, &plan, &rows, out, err);
	if (e < 0)
		buf_back_to(out, before);
	return e < 0 ? e : 0;
}

int report_object(struct tmpl_mem *mem, const struct report_type *type, const void *data,
		  struct tmpl_value *ret, struct err *err)
{
	struct tmpl_ops *ops = tmpl_alloc(mem, sizeof(*ops), err);
	struct row *row = ops ? tmpl_alloc(mem, sizeof(*row), err) : NULL;

	if (!row)
		return -(int)err->code;
	*ops = row_ops;
	ops->type = type->type;
	*row = (struct row){type, data};
	*ret = tmpl_object(ops, row);
	return 0;
}
