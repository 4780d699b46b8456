/* tmpl_ast.h - the parsed form of a template, between tmpl_parse.c and tmpl_exec.c. */
#ifndef PKG_TEXT_TMPL_AST_H
#define PKG_TEXT_TMPL_AST_H

#include "base/strv.h"
#include "text/tmpl.h"

enum node_type {
	NODE_LIST,   /* kids: what to do in turn */
	NODE_TEXT,   /* s, len */
	NODE_ACTION, /* kids: the pipeline */
	NODE_IF,     /* kids: pipeline, list, optional list of else */
	NODE_WITH,   /* as NODE_IF */
	NODE_RANGE,  /* as NODE_IF */
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_TEMPLATE, /* s: name; kids: optional pipeline for its dot */
	NODE_PIPE,     /* kids: commands; names: variables it sets; b: with = instead of := */
	NODE_COMMAND,  /* kids: function or value, arguments */
	/* Operands from here on. */
	NODE_DOT,
	NODE_NIL,
	NODE_BOOL,     /* b */
	NODE_INT,      /* i */
	NODE_FLOAT,    /* f */
	NODE_STRING,   /* s */
	NODE_FIELD,    /* names */
	NODE_VARIABLE, /* s: "$x"; names: fields of it */
	NODE_IDENT,    /* s: a function */
	NODE_CHAIN,    /* kids: one operand; names: fields of it */
};

struct tmpl_node {
	enum node_type type;
	size_t pos;	 /* where errors about it point */
	size_t from, to; /* its source */
	struct tmpl_node **kids;
	size_t n_kids;
	struct strv names;
	char *s;
	size_t len;
	union {
		bool b;
		int64_t i;
		double f;
	};
};

/* {{define "name"}} or {{block "name" pipeline}} */
struct tmpl_named {
	const char *name;	/* of its node */
	struct tmpl_node *root; /* a list */
};

struct tmpl {
	char *name, *text;
	struct tmpl_node *root;
	struct tmpl_named *named; /* the last one of a name counts */
	size_t n_named;
	struct tmpl_node **nodes; /* all of them, owned */
	size_t n_nodes, cap_nodes;
};

/* Line (from 1) and column (bytes, from 0) of a place in the text. */
void tmpl_place(const struct tmpl *t, size_t pos, unsigned *line, size_t *col);

/* A function that a template can call. */
struct tmpl_call;
struct tmpl_builtin {
	const char *name;
	int min, max; /* arguments; max -1: any number */
	/* NULL for and, or: they are evaluated by tmpl_exec.c, since they stop early. */
	int (*run)(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
};
const struct tmpl_builtin *tmpl_builtin_find(const char *name);

#endif
