/* tmpl_lex.h - the words of an action. */
#ifndef PKG_TEXT_TMPL_LEX_H
#define PKG_TEXT_TMPL_LEX_H

#include "base/str.h"

enum tok {
	TOK_END,   /* }} or " -}}" */
	TOK_EOF,   /* the text ends within the action */
	TOK_SPACE, /* separates arguments, so it counts */
	TOK_DOT,
	TOK_FIELD,    /* .Name */
	TOK_VARIABLE, /* $ or $name */
	TOK_IDENT,    /* function, keyword, true, false, nil */
	TOK_NUMBER,
	TOK_CHAR,
	TOK_STRING,
	TOK_RAW,
	TOK_PIPE,
	TOK_OPEN,
	TOK_CLOSE,
	TOK_COMMA,
	TOK_DECLARE,
	TOK_ASSIGN,
	TOK_BAD, /* error holds why */
};

struct token {
	enum tok kind;
	size_t from, to;
	bool trim; /* TOK_END: white space behind it goes */
	char error[48];
};

/* The word at offset at of text; reads nothing before it. */
struct token tmpl_lex(struct str text, size_t at);

/* Length of "{{" or "{{- " at offset at; *trim says which. 0: neither. */
size_t tmpl_left_delim(struct str text, size_t at, bool *trim);
/* Length of "}}" or " -}}" with any blanks before the minus. 0: neither. */
size_t tmpl_right_delim(struct str text, size_t at, bool *trim);
bool tmpl_is_space(char c);

/* The value of a TOK_STRING, TOK_RAW or TOK_CHAR word with its quotes. Appends to out. False: not
 * well-formed, or it holds a NUL. */
struct buf;
bool tmpl_unquote(struct str word, struct buf *out);
/* TOK_NUMBER: 1 whole, 2 floating, 0 neither. */
int tmpl_number(struct str word, int64_t *ret_int, double *ret_float);

#endif
