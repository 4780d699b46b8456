/* tmpl_func.h - functions of templates: the table is in tmpl_func.c. */
#ifndef PKG_TEXT_TMPL_FUNC_H
#define PKG_TEXT_TMPL_FUNC_H

#include "tmpl_run.h"

/* What one function may make. */
#define TMPL_RESULT_MAX (64U << 20)

/* The i-th argument as a string or int, or an error as Go words it. */
int tmpl_arg_string(const struct tmpl_call *c, int i, const char **ret, struct err *err);
int tmpl_arg_int(const struct tmpl_call *c, int i, int64_t *ret, struct err *err);
/* b's text as the result. */
int tmpl_result(const struct tmpl_call *c, struct buf *b, struct tmpl_value *ret, struct err *err);

/* tmpl_strfunc.c */
int tmpl_fn_html(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_js(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_urlquery(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_print(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_println(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_printf(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_json(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_join(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_split(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_upper(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_lower(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_title(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_trim(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_pad(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);
int tmpl_fn_truncate(struct tmpl_call *c, struct tmpl_value *ret, struct err *err);

#endif
