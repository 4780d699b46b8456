/* From the text of a template to its nodes. */
#include "tmpl_ast.h"
#include "tmpl_lex.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A --format comes from a command line, where one word is at most this long. */
#define TEXT_MAX (128U << 10)
/* Blocks and parentheses within each other; bounds all recursion here and in tmpl_exec.c. */
#define DEPTH_MAX 100
#define PARENTHESES "parenthesized pipeline"

struct parser {
	struct tmpl *t;
	struct str text;
	size_t at;
	struct strv vars; /* variables in scope, "$" first */
	unsigned depth, in_range;
};

static int parse_error(const struct parser *p, size_t pos, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static int parse_error(const struct parser *p, size_t pos, struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	unsigned line;
	va_list ap;
	size_t col;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tmpl_place(p->t, pos, &line, &col);
	return err_set(err, ERR_INVALID, "template: %s:%u: %s", p->t->name, line, text);
}

static int new_node(struct parser *p, enum node_type type, size_t from, struct tmpl_node **ret,
		    struct err *err)
{
	struct tmpl *t = p->t;
	struct tmpl_node *n, **all;
	size_t cap = t->cap_nodes ? t->cap_nodes * 2 : 32;

	if (t->n_nodes == t->cap_nodes) {
		all = reallocarray(t->nodes, cap, sizeof(struct tmpl_node *));
		if (!all)
			return err_nomem(err);
		t->nodes = all;
		t->cap_nodes = cap;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return err_nomem(err);
	n->type = type;
	n->pos = n->from = n->to = from;
	t->nodes[t->n_nodes++] = n;
	*ret = n;
	return 0;
}

/* The array doubles whenever its length reaches a power of two. */
static int add_kid(struct tmpl_node *n, struct tmpl_node *kid, struct err *err)
{
	struct tmpl_node **kids;

	if ((n->n_kids & (n->n_kids - 1)) == 0) {
		kids = reallocarray(n->kids, n->n_kids ? n->n_kids * 2 : 1,
				    sizeof(struct tmpl_node *));
		if (!kids)
			return err_nomem(err);
		n->kids = kids;
	}
	n->kids[n->n_kids++] = kid;
	n->to = kid->to;
	return 0;
}

static struct token peek(const struct parser *p)
{
	return tmpl_lex(p->text, p->at);
}

static struct token next(struct parser *p)
{
	struct token t = tmpl_lex(p->text, p->at);

	p->at = t.to;
	return t;
}

static struct token next_word(struct parser *p)
{
	struct token t = next(p);

	return t.kind == TOK_SPACE ? next(p) : t;
}

static struct token peek_word(const struct parser *p)
{
	struct token t = peek(p);

	return t.kind == TOK_SPACE ? tmpl_lex(p->text, t.to) : t;
}

static struct str word_of(const struct parser *p, struct token t)
{
	return (struct str){p->text.ptr + t.from, t.to - t.from};
}

static bool is_keyword(struct str w)
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

static int unexpected(struct parser *p, struct token t, const char *where, struct err *err)
{
	struct str w = word_of(p, t);

	if (t.kind == TOK_BAD)
		return parse_error(p, t.from, err, "%s", t.error);
	if (t.kind == TOK_EOF)
		return parse_error(p, t.from, err, "unclosed action");
	if (t.kind == TOK_CLOSE)
		return parse_error(p, t.from, err, "unexpected right paren");
	if (t.kind == TOK_END && streq(where, PARENTHESES))
		return parse_error(p, t.from, err, "unclosed left paren");
	if (t.kind == TOK_DOT || (t.kind == TOK_IDENT && is_keyword(w)))
		return parse_error(p, t.from, err, "unexpected <%.*s> in %s", (int)w.len, w.ptr,
				   where);
	if (w.len > 10)
		return parse_error(p, t.from, err, "unexpected \"%.10s\"... in %s", w.ptr, where);
	return parse_error(p, t.from, err, "unexpected \"%.*s\" in %s", (int)w.len, w.ptr, where);
}

static int parse_pipeline(struct parser *p, const char *where, enum tok end, struct tmpl_node **ret,
			  struct err *err);

static int set_text(struct tmpl_node *n, struct str s, struct err *err)
{
	n->s = str_dup(s);
	n->len = s.len;
	return n->s ? 0 : err_nomem(err);
}

static int parse_string(struct parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);

	if (!tmpl_unquote(word_of(p, t), &b))
		return parse_error(p, t.from, err, "invalid syntax");
	n->type = NODE_STRING;
	n->len = b.len;
	n->s = buf_take(&b);
	return n->s ? 0 : err_nomem(err);
}

/* A character constant is its number. */
static int parse_char(struct parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);
	const unsigned char *c;
	struct str w = word_of(p, t);

	if (!tmpl_unquote(w, &b) || b.len == 0 || b.len > 4)
		return parse_error(p, t.from, err, "malformed character constant: %.*s", (int)w.len,
				   w.ptr);
	c = (const unsigned char *)b.ptr;
	n->type = NODE_INT;
	if (b.len == 1)
		n->i = c[0];
	else if (!str_is_utf8(b.ptr, b.len))
		return parse_error(p, t.from, err, "malformed character constant: %.*s", (int)w.len,
				   w.ptr);
	else if (b.len == 2)
		n->i = (c[0] & 0x1f) << 6 | (c[1] & 0x3f);
	else if (b.len == 3)
		n->i = (c[0] & 0x0f) << 12 | (c[1] & 0x3f) << 6 | (c[2] & 0x3f);
	else
		n->i =
		    (c[0] & 0x07) << 18 | (c[1] & 0x3f) << 12 | (c[2] & 0x3f) << 6 | (c[3] & 0x3f);
	return 0;
}

static int parse_number(struct parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	struct str w = word_of(p, t);
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
		return parse_error(p, t.from, err, "bad number syntax: \"%.*s\"", (int)w.len,
				   w.ptr);
	}
}

static int parse_ident(struct parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	struct str w = word_of(p, t);
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
	if (is_keyword(w))
		return unexpected(p, t, "operand", err);
	n->type = NODE_IDENT;
	r = set_text(n, w, err);
	if (r < 0)
		return r;
	if (!tmpl_builtin_find(n->s))
		return parse_error(p, t.from, err, "function \"%s\" not defined", n->s);
	return 0;
}

static int parse_variable(struct parser *p, struct token t, struct tmpl_node *n, struct err *err)
{
	int r;

	n->type = NODE_VARIABLE;
	r = set_text(n, word_of(p, t), err);
	if (r < 0)
		return r;
	if (strv_find(&p->vars, n->s) < 0)
		return parse_error(p, t.from, err, "undefined variable \"%s\"", n->s);
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
static int parse_term(struct parser *p, struct token t, struct tmpl_node **ret, struct err *err)
{
	struct str w = word_of(p, t);
	struct tmpl_node *n;
	int r;

	if (t.kind == TOK_OPEN)
		return parse_pipeline(p, PARENTHESES, TOK_CLOSE, ret, err);
	r = new_node(p, NODE_DOT, t.from, &n, err);
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
static int parse_operand(struct parser *p, struct tmpl_node **ret, struct err *err)
{
	struct tmpl_node *n = NULL, *chain;
	struct token t = next_word(p);
	struct str w;
	int r;

	r = parse_term(p, t, &n, err);
	if (r < 0)
		return r;
	if (peek(p).kind == TOK_FIELD && n->type != NODE_FIELD && n->type != NODE_VARIABLE) {
		if (n->type >= NODE_NIL && n->type <= NODE_STRING)
			return parse_error(p, t.from, err, "unexpected . after term \"%.*s\"",
					   (int)(n->to - n->from), p->text.ptr + n->from);
		r = new_node(p, NODE_CHAIN, t.from, &chain, err);
		if (r >= 0)
			r = add_kid(chain, n, err);
		if (r < 0)
			return r;
		chain->pos = peek(p).from;
		n = chain;
	} else if (peek(p).kind == TOK_FIELD) {
		n->pos = peek(p).from;
	}
	while (peek(p).kind == TOK_FIELD) {
		t = next(p);
		w = word_of(p, t);
		n->to = t.to;
		r = strv_addn(&n->names, (struct str){w.ptr + 1, w.len - 1}, err);
		if (r < 0)
			return r;
	}
	*ret = n;
	return 0;
}

/* Operands up to a pipe (taken) or the end of the pipeline (left). */
static int parse_command(struct parser *p, struct tmpl_node **ret, struct err *err)
{
	struct tmpl_node *cmd, *operand = NULL;
	struct token t = peek_word(p);
	int r;

	r = new_node(p, NODE_COMMAND, t.from, &cmd, err);
	if (r < 0)
		return r;
	*ret = cmd;
	while (starts_operand(t.kind)) {
		r = parse_operand(p, &operand, err);
		if (r >= 0)
			r = add_kid(cmd, operand, err);
		if (r < 0)
			return r;
		t = peek(p);
		if (t.kind != TOK_SPACE)
			break;
		t = peek_word(p);
	}
	if (t.kind == TOK_PIPE) {
		(void)next_word(p);
		return 0;
	}
	if (t.kind == TOK_END || t.kind == TOK_CLOSE)
		return 0;
	return unexpected(p, t, "operand", err);
}

/* "$x := ", "$x = ", and for range "$i, $v := ". */
static int parse_declarations(struct parser *p, const char *where, struct tmpl_node *pipe,
			      struct err *err)
{
	struct token var = peek_word(p), sign;
	size_t start = p->at;
	int r;

	while (var.kind == TOK_VARIABLE) {
		(void)next_word(p);
		sign = peek_word(p);
		if (sign.kind != TOK_DECLARE && sign.kind != TOK_ASSIGN && sign.kind != TOK_COMMA) {
			p->at = start;
			return 0;
		}
		(void)next_word(p);
		pipe->b = sign.kind == TOK_ASSIGN;
		r = strv_addn(&pipe->names, word_of(p, var), err);
		if (r >= 0 && sign.kind != TOK_ASSIGN)
			r = strv_addn(&p->vars, word_of(p, var), err);
		if (r < 0)
			return r;
		if (sign.kind != TOK_COMMA)
			break;
		var = peek_word(p);
		if (!streq(where, "range") || pipe->names.n > 1)
			return parse_error(p, sign.from, err, "too many declarations in %s", where);
		if (var.kind != TOK_VARIABLE)
			return parse_error(p, sign.from, err,
					   "range can only initialize variables");
		start = p->at;
	}
	if (pipe->b && strv_find(&p->vars, pipe->names.v[pipe->names.n - 1]) < 0)
		return parse_error(p, pipe->from, err, "undefined variable \"%s\"",
				   pipe->names.v[pipe->names.n - 1]);
	return 0;
}

static int check_pipeline(struct parser *p, const struct tmpl_node *pipe, const char *where,
			  struct err *err)
{
	enum node_type first;
	size_t i;

	if (pipe->n_kids == 0)
		return parse_error(p, pipe->from, err, "missing value for %s", where);
	for (i = 1; i < pipe->n_kids; i++) {
		first = pipe->kids[i]->kids[0]->type;
		if (first >= NODE_DOT && first <= NODE_STRING)
			return parse_error(p, pipe->from, err,
					   "non executable command in pipeline stage %zu", i + 1);
	}
	return 0;
}

/* Up to and with its end. where names it in errors. */
static int parse_pipeline(struct parser *p, const char *where, enum tok end, struct tmpl_node **ret,
			  struct err *err)
{
	struct tmpl_node *pipe, *cmd = NULL;
	struct token t = peek_word(p);
	int r;

	if (++p->depth > DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: nested deeper than %d", p->t->name,
			       DEPTH_MAX);
	r = new_node(p, NODE_PIPE, t.from, &pipe, err);
	if (r < 0)
		return r;
	r = parse_declarations(p, where, pipe, err);
	if (r < 0)
		return r;
	for (t = peek_word(p); starts_operand(t.kind); t = peek_word(p)) {
		r = parse_command(p, &cmd, err);
		if (r >= 0)
			r = add_kid(pipe, cmd, err);
		if (r < 0)
			return r;
	}
	if (t.kind != end)
		return unexpected(p, t, where, err);
	r = check_pipeline(p, pipe, where, err);
	if (r < 0)
		return r;
	p->at = t.to;
	p->depth--;
	if (t.trim)
		while (p->at < p->text.len && tmpl_is_space(p->text.ptr[p->at]))
			p->at++;
	*ret = pipe;
	return 0;
}

/* How a list of nodes was ended. */
enum list_end { END_OF_TEXT, END_WORD, ELSE_WORD };

static int parse_list(struct parser *p, struct tmpl_node **ret, enum list_end *ret_end,
		      struct err *err);

/* The }} behind else, end, break, continue. */
static int end_action(struct parser *p, const char *where, struct err *err)
{
	struct token t = next_word(p);

	if (t.kind != TOK_END)
		return unexpected(p, t, where, err);
	if (t.trim)
		while (p->at < p->text.len && tmpl_is_space(p->text.ptr[p->at]))
			p->at++;
	return 0;
}

static void drop_vars(struct parser *p, size_t keep)
{
	while (p->vars.n > keep)
		strv_remove(&p->vars, p->vars.n - 1);
}

static int parse_control(struct parser *p, enum node_type type, size_t from, struct tmpl_node **ret,
			 struct err *err);

/* Behind {{else: the rest of the block, as node's third kid. */
static int parse_else(struct parser *p, struct tmpl_node *node, struct err *err)
{
	struct tmpl_node *list = NULL, *inner = NULL;
	struct token t = peek_word(p);
	enum list_end end;
	int r;

	if (t.kind == TOK_IDENT && (str_eq(word_of(p, t), "if") || str_eq(word_of(p, t), "with")) &&
	    node->type != NODE_RANGE) {
		(void)next_word(p);
		r = new_node(p, NODE_LIST, t.from, &list, err);
		if (r >= 0)
			r = parse_control(p, str_eq(word_of(p, t), "if") ? NODE_IF : NODE_WITH,
					  t.from, &inner, err);
		if (r >= 0)
			r = add_kid(list, inner, err);
		return r < 0 ? r : add_kid(node, list, err);
	}
	r = end_action(p, "else", err);
	if (r >= 0)
		r = parse_list(p, &list, &end, err);
	if (r < 0)
		return r;
	if (end != END_WORD)
		return parse_error(p, p->at, err, "expected end; found %s",
				   end == ELSE_WORD ? "{{else}}" : "EOF");
	return add_kid(node, list, err);
}

/* if, with, range: behind the word, up to and with their {{end}}. */
static int parse_control(struct parser *p, enum node_type type, size_t from, struct tmpl_node **ret,
			 struct err *err)
{
	const char *where = type == NODE_IF ? "if" : type == NODE_WITH ? "with" : "range";
	struct tmpl_node *n, *pipe = NULL, *list = NULL;
	size_t vars = p->vars.n;
	enum list_end end;
	int r;

	if (++p->depth > DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: nested deeper than %d", p->t->name,
			       DEPTH_MAX);
	r = new_node(p, type, from, &n, err);
	if (r >= 0)
		r = parse_pipeline(p, where, TOK_END, &pipe, err);
	if (r >= 0)
		r = add_kid(n, pipe, err);
	if (r < 0)
		return r;
	p->in_range += type == NODE_RANGE;
	r = parse_list(p, &list, &end, err);
	p->in_range -= type == NODE_RANGE;
	if (r >= 0)
		r = add_kid(n, list, err);
	if (r < 0)
		return r;
	if (end == END_OF_TEXT)
		return parse_error(p, p->at, err, "unexpected EOF");
	if (end == ELSE_WORD) {
		r = parse_else(p, n, err);
		if (r < 0)
			return r;
	}
	drop_vars(p, vars);
	p->depth--;
	*ret = n;
	return 0;
}

static int parse_jump(struct parser *p, enum node_type type, struct token t, struct tmpl_node **ret,
		      struct err *err)
{
	const char *word = type == NODE_BREAK ? "break" : "continue";
	int r;

	r = end_action(p, word, err);
	if (r < 0)
		return r;
	if (p->in_range == 0)
		return parse_error(p, t.from, err, "{{%s}} outside {{range}}", word);
	return new_node(p, type, t.from, ret, err);
}

/* Behind {{: anything but end and else. */
static int parse_action(struct parser *p, struct tmpl_node **ret, struct err *err)
{
	struct token t = peek_word(p);
	struct str w = word_of(p, t);
	struct tmpl_node *n, *pipe = NULL;
	int r;

	if (t.kind == TOK_IDENT && is_keyword(w) && !str_eq(w, "nil")) {
		p->at = t.to;
		if (str_eq(w, "if"))
			return parse_control(p, NODE_IF, t.from, ret, err);
		if (str_eq(w, "with"))
			return parse_control(p, NODE_WITH, t.from, ret, err);
		if (str_eq(w, "range"))
			return parse_control(p, NODE_RANGE, t.from, ret, err);
		if (str_eq(w, "break"))
			return parse_jump(p, NODE_BREAK, t, ret, err);
		if (str_eq(w, "continue"))
			return parse_jump(p, NODE_CONTINUE, t, ret, err);
		return parse_error(p, t.from, err, "{{%.*s}} is not supported", (int)w.len, w.ptr);
	}
	r = new_node(p, NODE_ACTION, t.from, &n, err);
	if (r >= 0)
		r = parse_pipeline(p, "command", TOK_END, &pipe, err);
	if (r < 0)
		return r;
	*ret = n;
	return add_kid(n, pipe, err);
}

/* Behind {{ when a comment is there: up to and with its }}. 1: there was one. */
static int skip_comment(struct parser *p, struct err *err)
{
	const char *start = p->text.ptr + p->at, *end;
	bool trim;
	size_t n;

	if (!str_starts(start, "/*"))
		return 0;
	end = strstr(start + 2, "*/");
	if (!end)
		return parse_error(p, p->at, err, "unclosed comment");
	p->at = (size_t)(end + 2 - p->text.ptr);
	n = tmpl_right_delim(p->text, p->at, &trim);
	if (n == 0)
		return parse_error(p, p->at, err, "comment ends before closing delimiter");
	p->at += n;
	if (trim)
		while (p->at < p->text.len && tmpl_is_space(p->text.ptr[p->at]))
			p->at++;
	return 1;
}

/* Text up to the next {{ or the end, as a kid of list when there is any. 1: behind {{. */
static int parse_text(struct parser *p, struct tmpl_node *list, struct err *err)
{
	const char *start = p->text.ptr + p->at, *end = strstr(start, "{{");
	size_t len = end ? (size_t)(end - start) : p->text.len - p->at, skip = 0;
	struct tmpl_node *n;
	bool trim = false;
	int r;

	if (end)
		skip = tmpl_left_delim(p->text, p->at + len, &trim);
	p->at += len + skip;
	while (trim && len > 0 && tmpl_is_space(start[len - 1]))
		len--;
	if (len > 0) {
		r = new_node(p, NODE_TEXT, (size_t)(start - p->text.ptr), &n, err);
		if (r >= 0)
			r = set_text(n, (struct str){start, len}, err);
		if (r >= 0)
			r = add_kid(list, n, err);
		if (r < 0)
			return r;
	}
	return end ? 1 : 0;
}

/* Text and actions up to {{end}}, {{else (left there) or the end of the text. */
static int parse_list(struct parser *p, struct tmpl_node **ret, enum list_end *ret_end,
		      struct err *err)
{
	struct tmpl_node *list, *n = NULL;
	struct token t;
	int r;

	r = new_node(p, NODE_LIST, p->at, &list, err);
	if (r < 0)
		return r;
	*ret = list;
	*ret_end = END_OF_TEXT;
	for (;;) {
		r = parse_text(p, list, err);
		if (r <= 0)
			return r;
		r = skip_comment(p, err);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		t = peek_word(p);
		if (t.kind == TOK_IDENT && str_eq(word_of(p, t), "end")) {
			p->at = t.to;
			*ret_end = END_WORD;
			return end_action(p, "end", err);
		}
		if (t.kind == TOK_IDENT && str_eq(word_of(p, t), "else")) {
			p->at = t.to;
			*ret_end = ELSE_WORD;
			return 0;
		}
		r = parse_action(p, &n, err);
		if (r >= 0)
			r = add_kid(list, n, err);
		if (r < 0)
			return r;
	}
}

static int parse_all(struct tmpl *t, struct err *err)
{
	struct parser p = {.t = t, .text = str_of(t->text)};
	enum list_end end = END_OF_TEXT;
	int r;

	r = strv_add(&p.vars, "$", err);
	if (r >= 0)
		r = parse_list(&p, &t->root, &end, err);
	if (r >= 0 && end != END_OF_TEXT)
		r = parse_error(&p, p.at, err, "unexpected {{%s}}",
				end == END_WORD ? "end" : "else");
	strv_fini(&p.vars);
	return r;
}

int tmpl_parse(const char *name, const char *text, struct tmpl **ret, struct err *err)
{
	AUTO(tmpl_free_p) struct tmpl *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_nomem(err);
	if (strlen(text) > TEXT_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: larger than %u bytes", name,
			       TEXT_MAX);
	r = str_set(&t->name, name, err);
	if (r >= 0)
		r = str_set(&t->text, text, err);
	if (r >= 0)
		r = parse_all(t, err);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

void tmpl_free(struct tmpl *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->n_nodes; i++) {
		free(t->nodes[i]->kids);
		strv_fini(&t->nodes[i]->names);
		free(t->nodes[i]->s);
		free(t->nodes[i]);
	}
	free(t->nodes);
	free(t->name);
	free(t->text);
	free(t);
}

void tmpl_place(const struct tmpl *t, size_t pos, unsigned *line, size_t *col)
{
	size_t i, start = 0;

	*line = 1;
	for (i = 0; i < pos && t->text[i]; i++)
		if (t->text[i] == '\n') {
			(*line)++;
			start = i + 1;
		}
	*col = pos - start;
}
