/* What stands within the braces of an action: operands, commands, pipelines. */
#include "tmpl_parser.h"
#include "utf8.h"
#include "base/buf.h"
#include "base/err.h"

#define PARENTHESES "parenthesized pipeline"

static struct token peek(const struct tmpl_parser *p)
{
	return tmpl_lex(p->text, p->at);
}

struct token tmpl_next(struct tmpl_parser *p)
{
	struct token t = tmpl_lex(p->text, p->at);

	p->at = t.to;
	return t;
}

struct token tmpl_next_word(struct tmpl_parser *p)
{
	struct token t = tmpl_next(p);

	return t.kind == TOK_SPACE ? tmpl_next(p) : t;
}

struct token tmpl_peek_word(const struct tmpl_parser *p)
{
	struct token t = peek(p);

	return t.kind == TOK_SPACE ? tmpl_lex(p->text, t.to) : t;
}

struct str tmpl_word(const struct tmpl_parser *p, struct token t)
{
	return (struct str){p->text.ptr + t.from, t.to - t.from};
}

bool tmpl_is_keyword(struct str w)
{
	static const char *const words[] = {"if",	"else",	    "end",   "range",
					    "with",	"define",   "block", "break",
					    "continue", "template", "nil"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(w, words[i]))
			return true;
	return false;
}

int tmpl_unexpected(struct tmpl_parser *p, struct token t, const char *where, struct err *err)
{
	struct str w = tmpl_word(p, t);

	if (t.kind == TOK_BAD)
		return tmpl_parse_error(p, t.from, err, "%s", t.error);
	if (t.kind == TOK_EOF)
		return tmpl_parse_error(p, t.from, err, "unclosed action");
	if (t.kind == TOK_CLOSE)
		return tmpl_parse_error(p, t.from, err, "unexpected right paren");
	if (t.kind == TOK_END && streq(where, PARENTHESES))
		return tmpl_parse_error(p, t.from, err, "unclosed left paren");
	if (t.kind == TOK_DOT || (t.kind == TOK_IDENT && tmpl_is_keyword(w)))
		return tmpl_parse_error(p, t.from, err, "unexpected <%.*s> in %s", (int)w.len,
					w.ptr, where);
	if (w.len > 10)
		return tmpl_parse_error(p, t.from, err, "unexpected \"%.10s\"... in %s", w.ptr,
					where);
	return tmpl_parse_error(p, t.from, err, "unexpected \"%.*s\" in %s", (int)w.len, w.ptr,
				where);
}

static int parse_string(struct tmpl_parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_TEXT_MAX);

	if (!tmpl_unquote(tmpl_word(p, t), &b))
		return tmpl_parse_error(p, t.from, err, "invalid syntax");
	n->type = NODE_STRING;
	n->len = b.len;
	n->s = buf_take(&b);
	return n->s ? 0 : err_nomem(err);
}

/* A character constant is its number. */
static int parse_char(struct tmpl_parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_TEXT_MAX);
	struct str w = tmpl_word(p, t);
	size_t len = 0;

	n->type = NODE_INT;
	if (tmpl_unquote(w, &b) && b.len > 0)
		n->i = utf8_get(b.ptr, b.len, &len);
	if (len == 0 || len != b.len)
		return tmpl_parse_error(p, t.from, err, "malformed character constant: %.*s",
					(int)w.len, w.ptr);
	return 0;
}

static int parse_number(struct tmpl_parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	struct str w = tmpl_word(p, t);
	double f = 0;
	int64_t i = 0;

	switch (tmpl_number(w, &i, &f)) {
	case 1:
		n->type = NODE_INT;
		n->i = i;
		return 0;
	case 2:
		n->type = NODE_FLOAT;
		n->f = f;
		return 0;
	default:
		return tmpl_parse_error(p, t.from, err, "bad number syntax: \"%.*s\"", (int)w.len,
					w.ptr);
	}
}

static int parse_ident(struct tmpl_parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	struct str w = tmpl_word(p, t);
	int r;

	if (str_eq(w, "true") || str_eq(w, "false")) {
		n->type = NODE_BOOL;
		n->b = w.len == 4;
		return 0;
	}
	if (str_eq(w, "nil")) {
		n->type = NODE_NIL;
		return 0;
	}
	if (tmpl_is_keyword(w))
		return tmpl_unexpected(p, t, "operand", err);
	n->type = NODE_IDENT;
	r = tmpl_node_text(n, w, err);
	if (r < 0)
		return r;
	if (!tmpl_builtin_find(n->s))
		return tmpl_parse_error(p, t.from, err, "function \"%s\" not defined", n->s);
	return 0;
}

static int parse_variable(struct tmpl_parser *p, struct token t, struct tmpl_node *n,
			  struct err *err)
{
	int r;

	n->type = NODE_VARIABLE;
	r = tmpl_node_text(n, tmpl_word(p, t), err);
	if (r < 0)
		return r;
	if (strv_find(&p->vars, n->s) < 0)
		return tmpl_parse_error(p, t.from, err, "undefined variable \"%s\"", n->s);
	return 0;
}

static bool starts_operand(enum tok kind)
{
	switch (kind) {
	case TOK_DOT:
	case TOK_FIELD:
	case TOK_VARIABLE:
	case TOK_IDENT:
	case TOK_NUMBER:
	case TOK_CHAR:
	case TOK_STRING:
	case TOK_RAW:
	case TOK_OPEN:
		return true;
	default:
		return false;
	}
}

/* One operand without fields behind it; t starts one. */
static int parse_term(struct tmpl_parser *p, struct token t, struct tmpl_node **ret,
		      struct err *err)
{
	struct str w = tmpl_word(p, t);
	struct tmpl_node *n;
	int r;

	if (t.kind == TOK_OPEN)
		return tmpl_parse_pipeline(p, PARENTHESES, TOK_CLOSE, ret, err);
	r = tmpl_node_new(p, NODE_DOT, t.from, &n, err);
	if (r < 0)
		return r;
	n->to = t.to;
	*ret = n;
	switch (t.kind) {
	case TOK_FIELD:
		n->type = NODE_FIELD;
		return strv_addn(&n->names, (struct str){w.ptr + 1, w.len - 1}, err);
	case TOK_VARIABLE:
		return parse_variable(p, t, n, err);
	case TOK_IDENT:
		return parse_ident(p, t, n, err);
	case TOK_NUMBER:
		return parse_number(p, t, n, err);
	case TOK_CHAR:
		return parse_char(p, t, n, err);
	case TOK_STRING:
	case TOK_RAW:
		return parse_string(p, t, n, err);
	default:
		return 0;
	}
}

/* A term and the fields that follow it without a blank: .A.B, $x.A, (pipeline).A */
static int parse_operand(struct tmpl_parser *p, struct tmpl_node **ret, struct err *err)
{
	struct tmpl_node *n = NULL, *chain;
	struct token t = tmpl_next_word(p);
	struct str w;
	int r;

	r = parse_term(p, t, &n, err);
	if (r < 0)
		return r;
	if (peek(p).kind == TOK_FIELD && n->type != NODE_FIELD && n->type != NODE_VARIABLE) {
		if (n->type >= NODE_NIL && n->type <= NODE_STRING)
			return tmpl_parse_error(p, t.from, err, "unexpected . after term \"%.*s\"",
						(int)(n->to - n->from), p->text.ptr + n->from);
		r = tmpl_node_new(p, NODE_CHAIN, t.from, &chain, err);
		if (r >= 0)
			r = tmpl_node_add(chain, n, err);
		if (r < 0)
			return r;
		chain->pos = peek(p).from;
		n = chain;
	} else if (peek(p).kind == TOK_FIELD) {
		n->pos = peek(p).from;
	}
	while (peek(p).kind == TOK_FIELD) {
		t = tmpl_next(p);
		w = tmpl_word(p, t);
		n->to = t.to;
		r = strv_addn(&n->names, (struct str){w.ptr + 1, w.len - 1}, err);
		if (r < 0)
			return r;
	}
	*ret = n;
	return 0;
}

/* Operands up to a pipe (taken) or the end of the pipeline (left). */
static int parse_command(struct tmpl_parser *p, struct tmpl_node **ret, struct err *err)
{
	struct tmpl_node *cmd, *operand = NULL;
	struct token t = tmpl_peek_word(p);
	int r;

	r = tmpl_node_new(p, NODE_COMMAND, t.from, &cmd, err);
	if (r < 0)
		return r;
	*ret = cmd;
	while (starts_operand(t.kind)) {
		r = parse_operand(p, &operand, err);
		if (r >= 0)
			r = tmpl_node_add(cmd, operand, err);
		if (r < 0)
			return r;
		t = peek(p);
		if (t.kind != TOK_SPACE)
			break;
		t = tmpl_peek_word(p);
	}
	if (t.kind == TOK_PIPE) {
		(void)tmpl_next_word(p);
		return 0;
	}
	if (t.kind == TOK_END || t.kind == TOK_CLOSE)
		return 0;
	return tmpl_unexpected(p, t, "operand", err);
}

/* "$x := ", "$x = ", and for range "$i, $v := ". */
static int parse_declarations(struct tmpl_parser *p, const char *where, struct tmpl_node *pipe,
			      struct err *err)
{
	struct token var = tmpl_peek_word(p), sign;
	size_t start = p->at;
	int r;

	while (var.kind == TOK_VARIABLE) {
		(void)tmpl_next_word(p);
		sign = tmpl_peek_word(p);
		if (sign.kind != TOK_DECLARE && sign.kind != TOK_ASSIGN && sign.kind != TOK_COMMA) {
			p->at = start;
			return 0;
		}
		(void)tmpl_next_word(p);
		pipe->b = sign.kind == TOK_ASSIGN;
		r = strv_addn(&pipe->names, tmpl_word(p, var), err);
		if (r >= 0 && sign.kind != TOK_ASSIGN)
			r = strv_addn(&p->vars, tmpl_word(p, var), err);
		if (r < 0)
			return r;
		if (sign.kind != TOK_COMMA)
			break;
		var = tmpl_peek_word(p);
		if (!streq(where, "range") || pipe->names.n > 1)
			return tmpl_parse_error(p, sign.from, err, "too many declarations in %s",
						where);
		if (var.kind != TOK_VARIABLE)
			return tmpl_parse_error(p, sign.from, err,
						"range can only initialize variables");
		start = p->at;
	}
	if (pipe->b && strv_find(&p->vars, pipe->names.v[pipe->names.n - 1]) < 0)
		return tmpl_parse_error(p, pipe->from, err, "undefined variable \"%s\"",
					pipe->names.v[pipe->names.n - 1]);
	return 0;
}

static int check_pipeline(struct tmpl_parser *p, const struct tmpl_node *pipe, const char *where,
			  struct err *err)
{
	enum node_type first;
	size_t i;

	if (pipe->n_kids == 0)
		return tmpl_parse_error(p, pipe->from, err, "missing value for %s", where);
	for (i = 1; i < pipe->n_kids; i++) {
		first = pipe->kids[i]->kids[0]->type;
		if (first >= NODE_DOT && first <= NODE_STRING)
			return tmpl_parse_error(p, pipe->from, err,
						"non executable command in pipeline stage %zu",
						i + 1);
	}
	return 0;
}

/* Up to and with its end. where names it in errors. */
int tmpl_parse_pipeline(struct tmpl_parser *p, const char *where, enum tok end,
			struct tmpl_node **ret, struct err *err)
{
	struct tmpl_node *pipe, *cmd = NULL;
	struct token t = tmpl_peek_word(p);
	int r;

	if (++p->depth > TMPL_DEPTH_MAX)
		return tmpl_too_deep(p, err);
	r = tmpl_node_new(p, NODE_PIPE, t.from, &pipe, err);
	if (r < 0)
		return r;
	r = parse_declarations(p, where, pipe, err);
	if (r < 0)
		return r;
	for (t = tmpl_peek_word(p); starts_operand(t.kind); t = tmpl_peek_word(p)) {
		r = parse_command(p, &cmd, err);
		if (r >= 0)
			r = tmpl_node_add(pipe, cmd, err);
		if (r < 0)
			return r;
	}
	if (t.kind != end)
		return tmpl_unexpected(p, t, where, err);
	r = check_pipeline(p, pipe, where, err);
	if (r < 0)
		return r;
	p->at = t.to;
	p->depth--;
	if (t.trim)
		tmpl_skip_space(p);
	*ret = pipe;
	return 0;
}
