/* From the text of a template to its nodes: text, actions, blocks. */
#include "tmpl_parser.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int tmpl_parse_error(const struct tmpl_parser *p, size_t pos, struct err *err, const char *fmt, ...)
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

int tmpl_node_new(struct tmpl_parser *p, enum node_type type, size_t from, struct tmpl_node **ret,
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
int tmpl_node_add(struct tmpl_node *n, struct tmpl_node *kid, struct err *err)
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
	/* The analyzer does not know that tmpl_parse_error is negative. */
	n->to = kid->to; /* NOLINT(clang-analyzer-core.NullDereference) */
	return 0;
}

int tmpl_node_text(struct tmpl_node *n, struct str s, struct err *err)
{
	n->s = str_dup(s);
	n->len = s.len;
	return n->s ? 0 : err_nomem(err);
}

int tmpl_too_deep(const struct tmpl_parser *p, struct err *err)
{
	return err_set(err, ERR_LIMIT, "template: %s: nested deeper than %d", p->t->name,
		       TMPL_DEPTH_MAX);
}

void tmpl_skip_space(struct tmpl_parser *p)
{
	while (p->at < p->text.len && tmpl_is_space(p->text.ptr[p->at]))
		p->at++;
}

/* How a list of nodes was ended. */
enum list_end { END_OF_TEXT, END_WORD, ELSE_WORD };

static int parse_list(struct tmpl_parser *p, struct tmpl_node **ret, enum list_end *ret_end,
		      struct err *err);

/* The }} behind else, end, break, continue. */
static int end_action(struct tmpl_parser *p, const char *where, struct err *err)
{
	struct token t = tmpl_next_word(p);

	if (t.kind != TOK_END)
		return tmpl_unexpected(p, t, where, err);
	if (t.trim)
		tmpl_skip_space(p);
	return 0;
}

static void drop_vars(struct tmpl_parser *p, size_t keep)
{
	while (p->vars.n > keep)
		strv_remove(&p->vars, p->vars.n - 1);
}

static int parse_control(struct tmpl_parser *p, enum node_type type, size_t from,
			 struct tmpl_node **ret, struct err *err);

/* Behind {{else: the rest of the block, as node's third kid. */
static int parse_else(struct tmpl_parser *p, struct tmpl_node *node, struct err *err)
{
	struct tmpl_node *list = NULL, *inner = NULL;
	struct token t = tmpl_peek_word(p);
	enum list_end end;
	int r;

	if (t.kind == TOK_IDENT &&
	    (str_eq(tmpl_word(p, t), "if") || str_eq(tmpl_word(p, t), "with")) &&
	    node->type != NODE_RANGE) {
		(void)tmpl_next_word(p);
		r = tmpl_node_new(p, NODE_LIST, t.from, &list, err);
		if (r >= 0)
			r = parse_control(p, str_eq(tmpl_word(p, t), "if") ? NODE_IF : NODE_WITH,
					  t.from, &inner, err);
		if (r >= 0)
			r = tmpl_node_add(list, inner, err);
		return r < 0 ? r : tmpl_node_add(node, list, err);
	}
	r = end_action(p, "else", err);
	if (r >= 0)
		r = parse_list(p, &list, &end, err);
	if (r < 0)
		return r;
	if (end != END_WORD)
		return tmpl_parse_error(p, p->at, err, "expected end; found %s",
					end == ELSE_WORD ? "{{else}}" : "EOF");
	return tmpl_node_add(node, list, err);
}

/* if, with, range: behind the word, up to and with their {{end}}. */
static int parse_control(struct tmpl_parser *p, enum node_type type, size_t from,
			 struct tmpl_node **ret, struct err *err)
{
	const char *where = type == NODE_IF ? "if" : type == NODE_WITH ? "with" : "range";
	struct tmpl_node *n, *pipe = NULL, *list = NULL;
	size_t vars = p->vars.n;
	enum list_end end;
	int r;

	if (++p->depth > TMPL_DEPTH_MAX)
		return tmpl_too_deep(p, err);
	r = tmpl_node_new(p, type, from, &n, err);
	if (r >= 0)
		r = tmpl_parse_pipeline(p, where, TOK_END, &pipe, err);
	if (r >= 0)
		r = tmpl_node_add(n, pipe, err);
	if (r < 0)
		return r;
	p->in_range += type == NODE_RANGE;
	r = parse_list(p, &list, &end, err);
	p->in_range -= type == NODE_RANGE;
	if (r >= 0)
		r = tmpl_node_add(n, list, err);
	if (r < 0)
		return r;
	if (end == END_OF_TEXT)
		return tmpl_parse_error(p, p->at, err, "unexpected EOF");
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

static int parse_jump(struct tmpl_parser *p, enum node_type type, struct token t,
		      struct tmpl_node **ret, struct err *err)
{
	const char *word = type == NODE_BREAK ? "break" : "continue";
	int r;

	r = end_action(p, word, err);
	if (r < 0)
		return r;
	if (p->in_range == 0)
		return tmpl_parse_error(p, t.from, err, "{{%s}} outside {{range}}", word);
	return tmpl_node_new(p, type, t.from, ret, err);
}

/* The quoted name behind define, block and template, as a node. */
static int parse_name(struct tmpl_parser *p, const char *where, size_t from, struct tmpl_node **ret,
		      struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_TEXT_MAX);
	struct token t = tmpl_next_word(p);
	int r;

	if (t.kind != TOK_STRING && t.kind != TOK_RAW)
		return tmpl_unexpected(p, t, where, err);
	if (!tmpl_unquote(tmpl_word(p, t), &b))
		return tmpl_parse_error(p, t.from, err, "invalid syntax");
	r = tmpl_node_new(p, NODE_TEMPLATE, from, ret, err);
	if (r < 0)
		return r;
	(*ret)->to = t.to;
	return tmpl_node_text(*ret, (struct str){buf_str(&b), b.len}, err);
}

/* Optional: what the template called gets as its dot. Takes the }}, too. */
static int parse_new_dot(struct tmpl_parser *p, const char *where, bool required,
			 struct tmpl_node *n, struct err *err)
{
	struct token t = tmpl_peek_word(p);
	struct tmpl_node *pipe = NULL;
	size_t vars = p->vars.n;
	int r;

	if (t.kind == TOK_END && !required)
		return end_action(p, where, err);
	r = tmpl_parse_pipeline(p, where, TOK_END, &pipe, err);
	drop_vars(p, vars);
	return r < 0 ? r : tmpl_node_add(n, pipe, err);
}

/* The text of a template of its own up to its {{end}}: only $ is known there. */
static int parse_body(struct tmpl_parser *p, struct tmpl_node *name, struct err *err)
{
	struct strv outer = p->vars;
	unsigned in_range = p->in_range;
	struct tmpl_named *named;
	struct tmpl_node *list = NULL;
	enum list_end end = END_OF_TEXT;
	int r;

	if (++p->depth > TMPL_DEPTH_MAX)
		return tmpl_too_deep(p, err);
	p->vars = (struct strv)STRV_INIT;
	p->in_range = 0;
	r = strv_add(&p->vars, "$", err);
	if (r >= 0)
		r = parse_list(p, &list, &end, err);
	strv_fini(&p->vars);
	p->vars = outer;
	p->in_range = in_range;
	p->depth--;
	if (r < 0)
		return r;
	if (end != END_WORD)
		return tmpl_parse_error(p, p->at, err, "unexpected %s",
					end == ELSE_WORD ? "{{else}}" : "EOF");
	named = reallocarray(p->t->named, p->t->n_named + 1, sizeof(*named));
	if (!named)
		return err_nomem(err);
	p->t->named = named;
	named[p->t->n_named++] = (struct tmpl_named){name->s, list};
	return 0;
}

/* {{define "x"}}...{{end}} is not there when its turn comes: an empty list. Go allows it at the
 * outermost level only, but there podman's range around the user's text is in the way. */
static int parse_define(struct tmpl_parser *p, size_t from, struct tmpl_node **ret, struct err *err)
{
	struct tmpl_node *name = NULL;
	int r;

	r = parse_name(p, "define clause", from, &name, err);
	if (r >= 0)
		r = end_action(p, "define clause", err);
	if (r >= 0)
		r = parse_body(p, name, err);
	return r < 0 ? r : tmpl_node_new(p, NODE_LIST, from, ret, err);
}

/* {{template "x" pipeline}}; {{block "x" pipeline}}...{{end}} is that with the definition. */
static int parse_template(struct tmpl_parser *p, bool block, size_t from, struct tmpl_node **ret,
			  struct err *err)
{
	const char *where = block ? "block clause" : "template clause";
	int r;

	r = parse_name(p, where, from, ret, err);
	if (r >= 0)
		r = parse_new_dot(p, where, block, *ret, err);
	return r < 0 || !block ? r : parse_body(p, *ret, err);
}

/* Behind {{: anything but end and else. */
static int parse_action(struct tmpl_parser *p, struct tmpl_node **ret, struct err *err)
{
	struct token t = tmpl_peek_word(p);
	struct str w = tmpl_word(p, t);
	struct tmpl_node *n, *pipe = NULL;
	int r;

	if (t.kind == TOK_IDENT && tmpl_is_keyword(w) && !str_eq(w, "nil")) {
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
		if (str_eq(w, "define"))
			return parse_define(p, t.from, ret, err);
		return parse_template(p, str_eq(w, "block"), t.from, ret, err);
	}
	r = tmpl_node_new(p, NODE_ACTION, t.from, &n, err);
	if (r >= 0)
		r = tmpl_parse_pipeline(p, "command", TOK_END, &pipe, err);
	if (r < 0)
		return r;
	*ret = n;
	return tmpl_node_add(n, pipe, err);
}

/* Behind {{ when a comment is there: up to and with its }}. 1: there was one. */
static int skip_comment(struct tmpl_parser *p, struct err *err)
{
	const char *start = p->text.ptr + p->at, *end;
	bool trim;
	size_t n;

	if (!str_starts(start, "/*"))
		return 0;
	end = strstr(start + 2, "*/");
	if (!end)
		return tmpl_parse_error(p, p->at, err, "unclosed comment");
	p->at = (size_t)(end + 2 - p->text.ptr);
	n = tmpl_right_delim(p->text, p->at, &trim);
	if (n == 0)
		return tmpl_parse_error(p, p->at, err, "comment ends before closing delimiter");
	p->at += n;
	if (trim)
		tmpl_skip_space(p);
	return 1;
}

/* Text up to the next {{ or the end, as a kid of list when there is any. 1: behind {{. */
static int parse_text(struct tmpl_parser *p, struct tmpl_node *list, struct err *err)
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
		r = tmpl_node_new(p, NODE_TEXT, (size_t)(start - p->text.ptr), &n, err);
		if (r >= 0)
			r = tmpl_node_text(n, (struct str){start, len}, err);
		if (r >= 0)
			r = tmpl_node_add(list, n, err);
		if (r < 0)
			return r;
	}
	return end ? 1 : 0;
}

/* Text and actions up to {{end}}, {{else (left there) or the end of the text. */
static int parse_list(struct tmpl_parser *p, struct tmpl_node **ret, enum list_end *ret_end,
		      struct err *err)
{
	struct tmpl_node *list, *n = NULL;
	struct token t;
	int r;

	r = tmpl_node_new(p, NODE_LIST, p->at, &list, err);
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
		t = tmpl_peek_word(p);
		if (t.kind == TOK_IDENT && str_eq(tmpl_word(p, t), "end")) {
			p->at = t.to;
			*ret_end = END_WORD;
			return end_action(p, "end", err);
		}
		if (t.kind == TOK_IDENT && str_eq(tmpl_word(p, t), "else")) {
			p->at = t.to;
			*ret_end = ELSE_WORD;
			return 0;
		}
		r = parse_action(p, &n, err);
		if (r >= 0)
			r = tmpl_node_add(list, n, err);
		if (r < 0)
			return r;
	}
}

static int parse_all(struct tmpl *t, struct err *err)
{
	struct tmpl_parser p = {.t = t, .text = str_of(t->text)};
	enum list_end end = END_OF_TEXT;
	int r;

	r = strv_add(&p.vars, "$", err);
	if (r >= 0)
		r = parse_list(&p, &t->root, &end, err);
	if (r >= 0 && end != END_OF_TEXT)
		r = tmpl_parse_error(&p, p.at, err, "unexpected {{%s}}",
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
	if (strlen(text) > TMPL_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "template: %s: larger than %u bytes", name,
			       TMPL_TEXT_MAX);
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
	free(t->named);
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
