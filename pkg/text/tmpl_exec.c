/* Executing a template: nodes, pipelines, variables. The rules are those of Go's text/template. */
#include "tmpl_run.h"
#include "text/report.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Nodes visited in one execution; a format over 10,000 rows needs some hundred thousand. */
#define STEPS_MAX 5000000UL
#define ARGS_MAX 64
/* Templates that call templates, each of them up to TMPL_DEPTH_MAX deep on the stack. */
#define CALLS_MAX 20

struct variable {
	const char *name;
	struct tmpl_value value;
};

struct exec {
	const struct tmpl *t;
	struct tmpl_mem *mem;
	struct buf *out;
	struct variable *vars;
	size_t n_vars, cap_vars;
	size_t base; /* of the variables of the template that runs: its $ */
	unsigned calls;
	unsigned long steps;
};

enum flow { FLOW_ON = 0, FLOW_BREAK = 1, FLOW_CONTINUE = 2 };

int tmpl_error(const struct tmpl *t, const struct tmpl_node *n, struct err *err, const char *fmt,
	       ...)
{
	char text[ERR_TEXT_MAX], source[256];
	unsigned line;
	size_t col, i, len = n->to - n->from;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(source, sizeof(source), "%.*s", (int)len, t->text + n->from);
	for (i = 0; source[i]; i++)
		if (source[i] == '\t' || source[i] == '\n')
			source[i] = ' ';
	tmpl_place(t, n->pos, &line, &col);
	return err_set(err, ERR_INVALID, "template: %s:%u:%zu: executing \"%s\" at <%s>: %s",
		       t->name, line, col, t->name, source, text);
}

static int push_var(struct exec *x, const char *name, struct tmpl_value v, struct err *err)
{
	size_t cap = x->cap_vars ? x->cap_vars * 2 : 16;
	struct variable *vars;

	if (x->n_vars == x->cap_vars) {
		vars = reallocarray(x->vars, cap, sizeof(*vars));
		if (!vars)
			return err_nomem(err);
		x->vars = vars;
		x->cap_vars = cap;
	}
	x->vars[x->n_vars++] = (struct variable){name, v};
	return 0;
}

/* The parser has made sure that it is there. */
static struct variable *find_var(struct exec *x, const char *name)
{
	size_t i = x->n_vars;

	while (--i > x->base)
		if (streq(x->vars[i].name, name))
			break;
	return &x->vars[i];
}

static int eval_pipe(struct exec *x, struct tmpl_value dot, const struct tmpl_node *pipe,
		     struct tmpl_value *ret, struct err *err);

/* "ImageID" of the header line, asked for a field: its name in capitals. */
static int header_field(struct exec *x, const char *name, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	int r;

	report_header(name, &b);
	r = tmpl_keep(x->mem, buf_str(&b), b.len, ret, err);
	ret->header = true;
	return r;
}

/* One name of .A.B.C asked of v. args: what stands behind it in the command. */
static int eval_field(struct exec *x, const struct tmpl_node *n, const char *name,
		      struct tmpl_value v, const struct tmpl_value *args, size_t n_args,
		      struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value found = tmpl_nil();
	int r;

	if (v.kind == TMPL_NIL && v.b)
		return tmpl_error(x->t, n, err, "nil pointer evaluating .%s", name);
	if (v.kind == TMPL_NIL) {
		*ret = tmpl_nil();
		return 0;
	}
	if (v.kind == TMPL_STRING && v.header)
		return header_field(x, name, ret, err);
	if ((v.kind == TMPL_OBJECT || v.kind == TMPL_MAP) && n_args > 0 && v.ops->call) {
		r = v.ops->call(v.obj, name, args, n_args, x->mem, ret, err);
		if (r != 0)
			return r;
	}
	r = v.kind == TMPL_OBJECT || v.kind == TMPL_MAP ? tmpl_field(v, name, x->mem, &found, err)
							: 0;
	if (r < 0)
		return r;
	if (n_args > 0 && v.kind == TMPL_MAP)
		return tmpl_error(x->t, n, err, "%s is not a method but has arguments", name);
	if (r == 0 && v.kind != TMPL_MAP)
		return tmpl_error(x->t, n, err, "can't evaluate field %s in type %s", name,
				  tmpl_type(v));
	if (n_args > 0)
		return tmpl_error(x->t, n, err,
				  "%s has arguments but cannot be invoked as function", name);
	*ret = r > 0 ? found : tmpl_nil();
	return 0;
}

/* All names of a node, the last one with the arguments. */
static int eval_fields(struct exec *x, const struct tmpl_node *n, struct tmpl_value v,
		       const struct tmpl_value *args, size_t n_args, struct tmpl_value *ret,
		       struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < n->names.n; i++) {
		bool last = i + 1 == n->names.n;

		r = eval_field(x, n, n->names.v[i], v, args, last ? n_args : 0, &v, err);
		if (r < 0)
			return r;
	}
	*ret = v;
	return 0;
}

static int call_function(struct exec *x, struct tmpl_value dot, const struct tmpl_node *cmd,
			 const struct tmpl_value *piped, struct tmpl_value *ret, struct err *err);

/* A single operand, with arguments when it is the first of a command. */
static int eval_operand(struct exec *x, struct tmpl_value dot, const struct tmpl_node *n,
			const struct tmpl_value *args, size_t n_args, struct tmpl_value *ret,
			struct err *err)
{
	struct tmpl_node call = {.type = NODE_COMMAND, .pos = n->pos, .from = n->from, .to = n->to};
	struct tmpl_node *self[] = {(struct tmpl_node *)n};
	struct tmpl_value v = tmpl_nil();
	int r;

	switch (n->type) {
	case NODE_FIELD:
		return eval_fields(x, n, dot, args, n_args, ret, err);
	case NODE_VARIABLE:
		v = find_var(x, n->s)->value;
		if (n->names.n == 0 && n_args > 0)
			return tmpl_error(x->t, n, err, "can't give argument to non-function %s",
					  n->s);
		return eval_fields(x, n, v, args, n_args, ret, err);
	case NODE_CHAIN:
		r = eval_operand(x, dot, n->kids[0], NULL, 0, &v, err);
		return r < 0 ? r : eval_fields(x, n, v, args, n_args, ret, err);
	case NODE_IDENT:
		call.kids = self;
		call.n_kids = 1;
		return call_function(x, dot, &call, NULL, ret, err);
	default:
		break;
	}
	if (n_args > 0)
		return tmpl_error(x->t, n, err, "can't give argument to non-function %.*s",
				  (int)(n->to - n->from), x->t->text + n->from);
	switch (n->type) {
	case NODE_PIPE:
		return eval_pipe(x, dot, n, ret, err);
	case NODE_BOOL:
		*ret = tmpl_bool(n->b);
		return 0;
	case NODE_INT:
		*ret = tmpl_int(n->i);
		return 0;
	case NODE_FLOAT:
		*ret = tmpl_float(n->f);
		return 0;
	case NODE_STRING:
		*ret = tmpl_string(n->s);
		return 0;
	case NODE_NIL:
		*ret = tmpl_nil();
		return 0;
	default:
		*ret = dot;
		return 0;
	}
}

/* and, or: the first argument that decides is the result; the rest is not evaluated. */
static int call_logic(struct exec *x, struct tmpl_value dot, const struct tmpl_node *cmd,
		      const struct tmpl_value *piped, struct tmpl_value *ret, struct err *err)
{
	bool stop_at = streq(cmd->kids[0]->s, "or");
	struct tmpl_value v = tmpl_nil();
	size_t i;
	int r;

	for (i = 1; i < cmd->n_kids; i++) {
		r = eval_operand(x, dot, cmd->kids[i], NULL, 0, &v, err);
		if (r < 0)
			return r;
		if (tmpl_truth(v) == stop_at) {
			*ret = v;
			return 0;
		}
	}
	*ret = piped ? *piped : v;
	return 0;
}

static int check_count(struct exec *x, const struct tmpl_builtin *f, const struct tmpl_node *ident,
		       int n, struct err *err)
{
	if (n >= f->min && (f->max < 0 || n <= f->max))
		return 0;
	return tmpl_error(x->t, ident, err, "wrong number of args for %s: want %s%d got %d",
			  f->name, f->max < 0 ? "at least " : "", f->min, n);
}

static int eval_args(struct exec *x, struct tmpl_value dot, const struct tmpl_node *cmd,
		     const struct tmpl_value *piped, struct tmpl_value *args, size_t *ret_n,
		     struct err *err)
{
	size_t i, n = cmd->n_kids - 1 + (piped != NULL);
	int r;

	if (n > ARGS_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: more than %d arguments", x->t->name,
			       ARGS_MAX);
	for (i = 1; i < cmd->n_kids; i++) {
		r = eval_operand(x, dot, cmd->kids[i], NULL, 0, &args[i - 1], err);
		if (r < 0)
			return r;
	}
	if (piped)
		args[n - 1] = *piped;
	*ret_n = n;
	return 0;
}

static int call_function(struct exec *x, struct tmpl_value dot, const struct tmpl_node *cmd,
			 const struct tmpl_value *piped, struct tmpl_value *ret, struct err *err)
{
	const struct tmpl_builtin *f = tmpl_builtin_find(cmd->kids[0]->s);
	const struct tmpl_node *nodes[ARGS_MAX] = {NULL};
	struct tmpl_value args[ARGS_MAX];
	struct tmpl_call call = {.t = x->t,
				 .mem = x->mem,
				 .node = cmd,
				 .name = f->name,
				 .args = args,
				 .arg_nodes = nodes};
	size_t n = cmd->n_kids - 1 + (piped != NULL), i;
	int r;

	r = check_count(x, f, cmd->kids[0], (int)n, err);
	if (r < 0)
		return r;
	if (!f->run)
		return call_logic(x, dot, cmd, piped, ret, err);
	r = eval_args(x, dot, cmd, piped, args, &n, err);
	if (r < 0)
		return r;
	for (i = 1; i < cmd->n_kids; i++)
		nodes[i - 1] = cmd->kids[i];
	call.n = (int)n;
	return f->run(&call, ret, err);
}

static int eval_command(struct exec *x, struct tmpl_value dot, const struct tmpl_node *cmd,
			const struct tmpl_value *piped, struct tmpl_value *ret, struct err *err)
{
	const struct tmpl_node *first = cmd->kids[0];
	struct tmpl_value args[ARGS_MAX];
	size_t n = 0;
	int r;

	if (++x->steps > STEPS_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: more than %lu steps", x->t->name,
			       STEPS_MAX);
	if (first->type == NODE_IDENT)
		return call_function(x, dot, cmd, piped, ret, err);
	if (first->type == NODE_NIL)
		return tmpl_error(x->t, first, err, "nil is not a command");
	r = eval_args(x, dot, cmd, piped, args, &n, err);
	if (r < 0)
		return r;
	return eval_operand(x, dot, first, args, n, ret, err);
}

/* The value of a pipeline, without setting its variables. */
static int eval_commands(struct exec *x, struct tmpl_value dot, const struct tmpl_node *pipe,
			 struct tmpl_value *ret, struct err *err)
{
	struct tmpl_value v = tmpl_nil(), out = tmpl_nil();
	size_t i;
	int r;

	for (i = 0; i < pipe->n_kids; i++) {
		r = eval_command(x, dot, pipe->kids[i], i > 0 ? &v : NULL, &out, err);
		if (r < 0)
			return r;
		v = out;
	}
	*ret = v;
	return 0;
}

static int set_var(struct exec *x, const struct tmpl_node *pipe, const char *name,
		   struct tmpl_value v, struct err *err)
{
	if (!pipe->b)
		return push_var(x, name, v, err);
	find_var(x, name)->value = v;
	return 0;
}

static int eval_pipe(struct exec *x, struct tmpl_value dot, const struct tmpl_node *pipe,
		     struct tmpl_value *ret, struct err *err)
{
	size_t i;
	int r;

	r = eval_commands(x, dot, pipe, ret, err);
	for (i = 0; r >= 0 && i < pipe->names.n; i++)
		r = set_var(x, pipe, pipe->names.v[i], *ret, err);
	return r;
}

static int run_node(struct exec *x, struct tmpl_value dot, const struct tmpl_node *n,
		    struct err *err);

static int run_list(struct exec *x, struct tmpl_value dot, const struct tmpl_node *list,
		    struct err *err)
{
	int r = FLOW_ON;
	size_t i;

	for (i = 0; i < list->n_kids && r == FLOW_ON; i++)
		r = run_node(x, dot, list->kids[i], err);
	return r;
}

static int run_action(struct exec *x, struct tmpl_value dot, const struct tmpl_node *n,
		      struct err *err)
{
	struct tmpl_value v = tmpl_nil();
	int r;

	r = eval_pipe(x, dot, n->kids[0], &v, err);
	if (r < 0 || n->kids[0]->names.n > 0)
		return r < 0 ? r : FLOW_ON;
	if (v.kind == TMPL_NIL)
		buf_adds(x->out, v.b ? "<nil>" : "<no value>");
	else
		r = tmpl_print(v, x->mem, x->out, err);
	return r < 0 ? r : FLOW_ON;
}

static int run_if_or_with(struct exec *x, struct tmpl_value dot, const struct tmpl_node *n,
			  struct err *err)
{
	struct tmpl_value v = tmpl_nil();
	size_t vars = x->n_vars;
	int r;

	r = eval_pipe(x, dot, n->kids[0], &v, err);
	if (r < 0)
		return r;
	if (tmpl_truth(v))
		r = run_list(x, n->type == NODE_WITH ? v : dot, n->kids[1], err);
	else if (n->n_kids > 2)
		r = run_list(x, dot, n->kids[2], err);
	x->n_vars = vars;
	return r;
}

/* One turn of a range: key and element into the variables, then the list. */
static int run_turn(struct exec *x, const struct tmpl_node *n, struct tmpl_value key,
		    struct tmpl_value e, struct err *err)
{
	const struct tmpl_node *pipe = n->kids[0];
	size_t vars = x->n_vars;
	int r = 0;

	if (pipe->names.n > 1)
		r = set_var(x, pipe, pipe->names.v[0], key, err);
	if (r >= 0 && pipe->names.n > 0)
		r = set_var(x, pipe, pipe->names.v[pipe->names.n - 1], e, err);
	if (r >= 0)
		r = run_list(x, e, n->kids[1], err);
	x->n_vars = vars;
	return r;
}

static int range_over(struct exec *x, const struct tmpl_node *n, struct tmpl_value v, size_t count,
		      struct err *err)
{
	struct tmpl_value e = tmpl_nil(), k;
	const char *key = NULL;
	size_t i;
	int r = 0;

	for (i = 0; i < count; i++) {
		if (++x->steps > STEPS_MAX)
			return err_set(err, ERR_LIMIT, "template: %s: more than %lu steps",
				       x->t->name, STEPS_MAX);
		if (v.kind == TMPL_INT)
			e = tmpl_int((int64_t)i);
		else
			r = tmpl_at(v, i, x->mem, &key, &e, err);
		if (r < 0)
			return r;
		k = v.kind == TMPL_MAP ? tmpl_string(key) : tmpl_int((int64_t)i);
		r = run_turn(x, n, k, e, err);
		if (r < 0)
			return r;
		if (r == FLOW_BREAK)
			break;
	}
	return FLOW_ON;
}

static int run_range(struct exec *x, struct tmpl_value dot, const struct tmpl_node *n,
		     struct err *err)
{
	struct tmpl_value v = tmpl_nil();
	AUTO_BUF struct buf b = BUF_INIT(256);
	size_t vars = x->n_vars, count = 0;
	int r;

	r = eval_commands(x, dot, n->kids[0], &v, err);
	if (r < 0)
		return r;
	if (v.kind == TMPL_STRING && v.header)
		return run_turn(x, n, tmpl_int(0), v, err);
	if (v.kind == TMPL_LIST || v.kind == TMPL_MAP) {
		count = tmpl_count(v);
	} else if (v.kind == TMPL_INT) {
		count = v.i > 0 ? (size_t)v.i : 0;
	} else if (v.kind != TMPL_NIL) {
		(void)tmpl_print(v, x->mem, &b, err);
		return tmpl_error(x->t, n->kids[0], err, "range can't iterate over %s",
				  buf_str(&b));
	}
	if (count > 0)
		r = range_over(x, n, v, count, err);
	else
		r = n->n_kids > 2 ? run_list(x, dot, n->kids[2], err) : FLOW_ON;
	x->n_vars = vars;
	return r;
}

static const struct tmpl_node *find_named(const struct tmpl *t, const char *name)
{
	size_t i = t->n_named;

	while (i-- > 0)
		if (streq(t->named[i].name, name))
			return t->named[i].root;
	return NULL;
}

static int run_template(struct exec *x, struct tmpl_value dot, const struct tmpl_node *n,
			struct err *err)
{
	const struct tmpl_node *root = find_named(x->t, n->s);
	size_t vars = x->n_vars, base = x->base;
	struct tmpl_value v = tmpl_nil();
	int r = 0;

	if (!root)
		return tmpl_error(x->t, n, err, "template \"%s\" not defined", n->s);
	if (n->n_kids > 0)
		r = eval_pipe(x, dot, n->kids[0], &v, err);
	if (r < 0)
		return r;
	if (++x->calls > CALLS_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: more than %d templates in each other",
			       x->t->name, CALLS_MAX);
	r = push_var(x, "$", v, err);
	x->base = x->n_vars - 1;
	if (r >= 0)
		r = run_list(x, v, root, err);
	x->n_vars = vars;
	x->base = base;
	x->calls--;
	return r < 0 ? r : FLOW_ON;
}

static int run_node(struct exec *x, struct tmpl_value dot, const struct tmpl_node *n,
		    struct err *err)
{
	if (++x->steps > STEPS_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: more than %lu steps", x->t->name,
			       STEPS_MAX);
	if (!buf_ok(x->out))
		return buf_check(x->out, "the output", err);
	switch (n->type) {
	case NODE_TEXT:
		buf_add(x->out, n->s, n->len);
		return FLOW_ON;
	case NODE_ACTION:
		return run_action(x, dot, n, err);
	case NODE_IF:
	case NODE_WITH:
		return run_if_or_with(x, dot, n, err);
	case NODE_RANGE:
		return run_range(x, dot, n, err);
	case NODE_BREAK:
		return FLOW_BREAK;
	case NODE_CONTINUE:
		return FLOW_CONTINUE;
	case NODE_TEMPLATE:
		return run_template(x, dot, n, err);
	default:
		return run_list(x, dot, n, err);
	}
}

int tmpl_exec_in(const struct tmpl *t, struct tmpl_value dot, struct tmpl_mem *mem, struct buf *out,
		 struct err *err)
{
	struct exec x = {.t = t, .mem = mem, .out = out};
	struct buf_mark before = buf_mark(out);
	int r;

	r = push_var(&x, "$", dot, err);
	if (r >= 0)
		r = run_list(&x, dot, t->root, err);
	free(x.vars);
	if (r >= 0)
		r = buf_check(out, "the output", err);
	if (r < 0)
		buf_back_to(out, before);
	return r < 0 ? r : 0;
}

int tmpl_exec(const struct tmpl *t, struct tmpl_value dot, struct buf *out, struct err *err)
{
	AUTO(tmpl_mem_free_p) struct tmpl_mem *mem = tmpl_mem_new(err);

	return mem ? tmpl_exec_in(t, dot, mem, out, err) : -(int)err->code;
}

int tmpl_render(const char *name, const char *text, struct tmpl_value dot, struct buf *out,
		struct err *err)
{
	AUTO(tmpl_free_p) struct tmpl *t = NULL;
	int r;

	r = tmpl_parse(name, text, &t, err);
	return r < 0 ? r : tmpl_exec(t, dot, out, err);
}
