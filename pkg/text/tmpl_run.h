/* tmpl_run.h - what the files that execute a template share. */
#ifndef PKG_TEXT_TMPL_RUN_H
#define PKG_TEXT_TMPL_RUN_H

#include "tmpl_ast.h"
#include "base/buf.h"

/* Values within values that printing and JSON follow. */
#define TMPL_VALUE_DEPTH_MAX 128

/* For "on failure out is as before". */
struct buf_mark {
	size_t len;
	bool failed;
};

static inline struct buf_mark buf_mark(const struct buf *b)
{
	return (struct buf_mark){b->len, b->failed};
}

static inline void buf_back_to(struct buf *b, struct buf_mark m)
{
	b->failed = m.failed;
	buf_truncate(b, m.len);
}

struct tmpl_mem;
struct tmpl_mem *tmpl_mem_new(struct err *err);
void tmpl_mem_free(struct tmpl_mem *m);
DEFINE_AUTO(struct tmpl_mem, tmpl_mem_free)
/* A string of n bytes as a value. */
int tmpl_keep(struct tmpl_mem *mem, const char *s, size_t n, struct tmpl_value *ret,
	      struct err *err);

/* A function being called. */
struct tmpl_call {
	const struct tmpl *t;
	struct tmpl_mem *mem;
	const struct tmpl_node *node; /* the command */
	const char *name;
	const struct tmpl_value *args;
	const struct tmpl_node *const *arg_nodes; /* NULL for the one that came through a pipe */
	int n;
};

/* template: NAME:LINE:COL: executing "NAME" at <SOURCE>: <text>; ERR_INVALID. */
int tmpl_error(const struct tmpl *t, const struct tmpl_node *n, struct err *err, const char *fmt,
	       ...) __attribute__((format(printf, 4, 5)));
/* "error calling NAME: <text>". */
int tmpl_call_error(const struct tmpl_call *c, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

const char *tmpl_type(struct tmpl_value v);
bool tmpl_truth(struct tmpl_value v);
size_t tmpl_count(struct tmpl_value v); /* list, map, object */
/* The i-th element, key or field. */
int tmpl_at(struct tmpl_value v, size_t i, struct tmpl_mem *mem, const char **ret_key,
	    struct tmpl_value *ret, struct err *err);
/* Map or object. 1 found, 0 none. */
int tmpl_field(struct tmpl_value v, const char *name, struct tmpl_mem *mem, struct tmpl_value *ret,
	       struct err *err);

/* As Go's %v. */
int tmpl_print(struct tmpl_value v, struct tmpl_mem *mem, struct buf *out, struct err *err);
/* printf: format and its arguments. */
int tmpl_printf(const char *format, const struct tmpl_value *args, size_t n, struct tmpl_mem *mem,
		struct buf *out, struct err *err);
int tmpl_print_json(struct tmpl_value v, struct tmpl_mem *mem, struct buf *out, struct err *err);
/* Go's shortest form of a float, as %v or as JSON has it. */
void tmpl_print_float(double f, bool json, struct buf *out);

/* tmpl_exec in the caller's memory. */
int tmpl_exec_in(const struct tmpl *t, struct tmpl_value dot, struct tmpl_mem *mem, struct buf *out,
		 struct err *err);

#endif
