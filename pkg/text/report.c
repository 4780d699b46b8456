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

/* What is shown: rows as objects, or the values of the report. */
struct shown {
	const struct tmpl_value *v;
	size_t n;
};

static size_t shown_count(const void *obj)
{
	return ((const struct shown *)obj)->n;
}

static int shown_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		    struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)ret_key, (void)err;
	*ret = ((const struct shown *)obj)->v[i];
	return 0;
}

static const struct tmpl_ops shown_ops = {.count = shown_count, .at = shown_at};

/* The header line is the same template over a map of names to headers. */
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

/* How the format is to be understood. */
struct plan {
	bool json, aligned, headings;
	bool whole;   /* executed once, over the list; else for each row */
	bool newline; /* behind each execution */
	struct tmpl *t;
};

static void plan_fini(struct plan *p)
{
	tmpl_free(p->t);
}

static int parse(const struct report *r, const char *text, struct plan *p, struct err *err)
{
	p->newline = !str_ends(text, "\n");
	return tmpl_parse(r->type->name, text, &p->t, err);
}

/* A user's text: \t and \n are replaced first, and if the template is then no longer well-formed
 * (since they stand within quotes) it is taken as it was. */
static int parse_user(const struct report *r, const char *text, struct plan *p, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(FORMAT_MAX);
	struct err first = ERR_INIT;

	p->whole = r->single || (!p->aligned && report_has_range(text));
	report_unescape(text, p->aligned, &b);
	if (!buf_ok(&b))
		return buf_check(&b, "the format", err);
	if (parse(r, buf_str(&b), p, &first) >= 0)
		return 0;
	if (strchr(text, '\\') && parse(r, text, p, err) >= 0)
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
		return parse(r, r->type->table, p, err);
	}
	table = str_after(format, "table ");
	p->aligned = table != NULL;
	p->headings = p->aligned && !r->values;
	return parse_user(r, table ? table : format, p, err);
}

static int write_json(const struct report *r, const struct row *rows, size_t n, struct buf *out,
		      struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(REPORT_MAX);
	size_t i;
	int e;

	buf_addc(&b, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(&b, ',');
		e = write_row_json(&rows[i], true, &b, err);
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

static int execute(const struct plan *p, struct tmpl_value dot, struct buf *out, struct err *err)
{
	int e = tmpl_exec(p->t, dot, out, err);

	if (e >= 0 && p->newline)
		buf_addc(out, '\n');
	return e;
}

static int write_template(const struct report *r, const struct plan *p, const struct shown *shown,
			  struct buf *out, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(REPORT_MAX);
	struct buf *to = p->aligned ? &b : out;
	const struct row heading = {.type = r->type};
	size_t i;
	int e = 0;

	if (p->headings && !r->no_heading)
		e = execute(p, tmpl_map(&header_ops, &heading), to, err);
	if (e >= 0 && p->whole)
		e = execute(p, r->single ? shown->v[0] : tmpl_list(&shown_ops, shown), to, err);
	for (i = 0; e >= 0 && !p->whole && i < shown->n; i++)
		e = execute(p, shown->v[i], to, err);
	if (e >= 0)
		e = buf_check(to, "the output", err);
	if (e < 0)
		return e;
	return p->aligned ? table_align((struct str){buf_str(&b), b.len}, out, err) : 0;
}

static int write_rows(const struct report *r, const struct plan *p, struct buf *out,
		      struct err *err)
{
	AUTO_FREE struct tmpl_value *values = calloc(r->n_rows + 1, sizeof(*values));
	AUTO_FREE struct row *rows = calloc(r->n_rows + 1, sizeof(*rows));
	struct shown shown = {values, r->n_rows};
	struct tmpl_ops ops = row_ops;
	size_t i;

	if (!values || !rows)
		return err_nomem(err);
	ops.type = r->type->type;
	for (i = 0; i < r->n_rows; i++) {
		rows[i] = (struct row){r->type, r->rows[i]};
		values[i] = tmpl_object(&ops, &rows[i]);
	}
	return p->json ? write_json(r, rows, r->n_rows, out, err)
		       : write_template(r, p, &shown, out, err);
}

int report_write(const struct report *r, struct buf *out, struct err *err)
{
	AUTO(plan_fini) struct plan plan = {0};
	struct shown values = {r->values, r->n_rows};
	struct buf_mark before = buf_mark(out);
	int e;

	e = make_plan(r, &plan, err);
	if (e < 0)
		return e;
	e = r->values ? write_template(r, &plan, &values, out, err)
		      : write_rows(r, &plan, out, err);
	if (e < 0)
		buf_back_to(out, before);
	return e < 0 ? e : 0;
}
