/* tmpl_parser.h - between tmpl_parse.c (text and blocks) and tmpl_pipe.c (what stands in an
 * action). */
#ifndef PKG_TEXT_TMPL_PARSER_H
#define PKG_TEXT_TMPL_PARSER_H

#include "tmpl_ast.h"
#include "tmpl_lex.h"

/* A --format comes from a command line, where one word is at most this long. */
#define TMPL_TEXT_MAX (128U << 10)
/* Blocks and parentheses within each other; bounds all recursion here and in tmpl_exec.c. */
#define TMPL_DEPTH_MAX 100

struct tmpl_parser {
	struct tmpl *t;
	struct str text;
	size_t at;
	struct strv vars; /* variables in scope, "$" first */
	unsigned depth, in_range;
};

/* template: NAME:LINE: <text>; ERR_INVALID. */
int tmpl_parse_error(const struct tmpl_parser *p, size_t pos, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* "unexpected X in WHERE", or what the lexer says about X. */
int tmpl_unexpected(struct tmpl_parser *p, struct token t, const char *where, struct err *err);
int tmpl_too_deep(const struct tmpl_parser *p, struct err *err);

int tmpl_node_new(struct tmpl_parser *p, enum node_type type, size_t from, struct tmpl_node **ret,
		  struct err *err);
/* Sets its s and len. */
int tmpl_node_text(struct tmpl_node *n, struct str s, struct err *err);
int tmpl_node_add(struct tmpl_node *n, struct tmpl_node *kid, struct err *err);

struct token tmpl_next(struct tmpl_parser *p);
/* Over blanks. */
struct token tmpl_next_word(struct tmpl_parser *p);
struct token tmpl_peek_word(const struct tmpl_parser *p);
struct str tmpl_word(const struct tmpl_parser *p, struct token t);
bool tmpl_is_keyword(struct str w);
/* White space that a " -}}" takes with it. */
void tmpl_skip_space(struct tmpl_parser *p);

/* Up to and with its end. where names it in errors. */
int tmpl_parse_pipeline(struct tmpl_parser *p, const char *where, enum tok end,
			struct tmpl_node **ret, struct err *err);

#endif
