/*
 * tmpl.h - the template language of --format: Go's text/template
 * (https://pkg.go.dev/text/template) with the functions that podman and docker add.
 *
 * Understood: text, {{/ * comments * /}}, {{- trim markers -}}, pipelines, parentheses, fields and
 * map keys (.A.B), variables ($x := , $x =), if / else if / else, with, range (also $i, $v; else,
 * break, continue; over whole numbers), define, block and template; literals (strings, raw strings,
 * characters, whole and floating numbers, true, false, nil); functions: and or not eq ne lt le gt
 * ge len index slice print printf println html js urlquery json join split upper lower title trim
 * pad truncate. call is refused: no value here is a function.
 *
 * Values. A struct tmpl_value is passed by value; strings, lists, maps and objects in it are
 * borrowed and must live until tmpl_exec returns. What a callback has to make on the fly it puts
 * into the struct tmpl_mem of the execution (tmpl_keepf and so on), which frees it.
 *
 *	map	any key may be asked for; a missing one prints as <no value>
 *	object	has a fixed set of fields (a Go struct); asking for another is an error
 *
 * Errors are ERR_INVALID with Go's text:
 *	template: ps:1:2: executing "ps" at <.Nope>: can't evaluate field Nope in type psReporter
 * ERR_LIMIT when a limit named in pkg/text/tmpl_*.c, or the ceiling of the output, is met.
 */
#ifndef TEXT_TMPL_H
#define TEXT_TMPL_H

#include "base/auto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct strv;
struct tmpl;
struct tmpl_mem;
struct tmpl_ops;

enum tmpl_kind {
	TMPL_NIL,
	TMPL_BOOL,
	TMPL_INT,
	TMPL_FLOAT,
	TMPL_STRING,
	TMPL_LIST,
	TMPL_MAP,
	TMPL_OBJECT,
};

struct tmpl_value {
	enum tmpl_kind kind;
	bool header; /* a string of report.h's header line */
	union {
		bool b;
		int64_t i;
		double f;
		const char *s;
		struct { /* list, map, object */
			const struct tmpl_ops *ops;
			const void *obj;
		};
	};
};

/* How a list, map or object is looked into. */
struct tmpl_ops {
	/* Go's name of the type, for errors and %T ("[]string", "map[string]string"); NULL: a
	 * general one. index of a missing key gives "" in a map whose type ends with "]string". */
	const char *type;
	/* The same for ops that serve several types; used when type is NULL. */
	const char *(*type_of)(const void *obj);
	/* Number of elements, keys or fields. */
	size_t (*count)(const void *obj);
	/* The i-th element. Maps and objects: *ret_key gets its name; maps yield keys in order of
	 * their bytes, objects in order of declaration. Lists: ret_key is NULL. */
	int (*at)(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		  struct tmpl_value *ret, struct err *err);
	/* Maps and objects: the value of a key or field, or of a method that takes no arguments.
	 * 1 found, 0 none. NULL: found through at. */
	int (*field)(const void *obj, const char *name, struct tmpl_mem *mem,
		     struct tmpl_value *ret, struct err *err);
	/* Optional, objects and maps: a method with arguments, as in {{.Created.Format "2006"}}. 1,
	 * or 0 when there is no such method. */
	int (*call)(const void *obj, const char *name, const struct tmpl_value *args, size_t n_args,
		    struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err);
	/* Optional: how it prints (a Go Stringer); borrowed or kept in mem. */
	int (*text)(const void *obj, struct tmpl_mem *mem, const char **ret, struct err *err);
	/* Optional: appends its JSON, on one line. NULL: written from count and at. */
	int (*json)(const void *obj, struct buf *out, struct err *err);
};

static inline struct tmpl_value tmpl_nil(void)
{
	return (struct tmpl_value){.kind = TMPL_NIL};
}

/* A nil pointer to a struct: prints as <nil>, and asking for its fields is an error. */
static inline struct tmpl_value tmpl_nil_pointer(void)
{
	return (struct tmpl_value){.kind = TMPL_NIL, .b = true};
}

static inline struct tmpl_value tmpl_bool(bool b)
{
	return (struct tmpl_value){.kind = TMPL_BOOL, .b = b};
}

static inline struct tmpl_value tmpl_int(int64_t i)
{
	return (struct tmpl_value){.kind = TMPL_INT, .i = i};
}

static inline struct tmpl_value tmpl_float(double f)
{
	return (struct tmpl_value){.kind = TMPL_FLOAT, .f = f};
}

/* NULL counts as "". */
static inline struct tmpl_value tmpl_string(const char *s)
{
	return (struct tmpl_value){.kind = TMPL_STRING, .s = s ? s : ""};
}

static inline struct tmpl_value tmpl_list(const struct tmpl_ops *ops, const void *obj)
{
	return (struct tmpl_value){.kind = TMPL_LIST, .ops = ops, .obj = obj};
}

static inline struct tmpl_value tmpl_map(const struct tmpl_ops *ops, const void *obj)
{
	return (struct tmpl_value){.kind = TMPL_MAP, .ops = ops, .obj = obj};
}

static inline struct tmpl_value tmpl_object(const struct tmpl_ops *ops, const void *obj)
{
	return (struct tmpl_value){.kind = TMPL_OBJECT, .ops = ops, .obj = obj};
}

/* A point in time (ns since 1970; 0: Go's zero time), with the methods of Go's time.Time that show
 * something: .Format "2006-01-02", .Unix, .Year, .UTC and so on. local: in the local zone. */
int tmpl_time(struct tmpl_mem *mem, int64_t ns, bool local, struct tmpl_value *ret,
	      struct err *err);

/* Ready-made: a list of strings (borrowed), and "NAME=value" strings as a map (sorted here). */
struct tmpl_value tmpl_strv(const struct strv *list);
int tmpl_env(struct tmpl_mem *mem, const struct strv *list, struct tmpl_value *ret,
	     struct err *err);

/* Memory of an execution. Each sets *ret to a value that lives until tmpl_exec returns. */
int tmpl_keepf(struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A list from n values, which are copied (not what they point to). */
int tmpl_keep_list(struct tmpl_mem *mem, const struct tmpl_value *values, size_t n,
		   struct tmpl_value *ret, struct err *err);
/* n bytes set to zero, aligned for anything; NULL on failure (err is set). */
void *tmpl_alloc(struct tmpl_mem *mem, size_t n, struct err *err);

/* name stands in error messages: the verb ("ps"). */
int tmpl_parse(const char *name, const char *text, struct tmpl **ret, struct err *err);
void tmpl_free(struct tmpl *t);
DEFINE_AUTO(struct tmpl, tmpl_free)

/* Appends to out; on failure out is as before. */
int tmpl_exec(const struct tmpl *t, struct tmpl_value dot, struct buf *out, struct err *err);
/* tmpl_parse and tmpl_exec. */
int tmpl_render(const char *name, const char *text, struct tmpl_value dot, struct buf *out,
		struct err *err);

/* Appends v as JSON on one line, as {{json}} does. */
int tmpl_json(struct tmpl_value v, struct buf *out, struct err *err);

#endif
