/*
 * opt.h - options as data. A verb lists its options once; the parser, --help, the manual page and
 * shell completion read the same table.
 *
 * Values are stored at an offset in the verb's argument struct, which the dispatcher has filled
 * with the verb's defaults. Strings point into argv; lists (struct strv) are owned by the argument
 * struct and freed by opt_release. An option that was not given leaves its default.
 *
 * Forms: --name=value, --name value, -n value, -nvalue, -n=value, flags bundled (-dit), flags with
 * a value (--tls-verify=false), "--" ends the options.
 */
#ifndef CMD_OPT_H
#define CMD_OPT_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum opt_kind {
	OPT_FLAG,     /* bool */
	OPT_TRISTATE, /* int: 0 or 1 when given; the default is usually -1 */
	OPT_STRING,   /* const char * */
	OPT_STRINGS,  /* struct strv: one element each time the option is given */
	OPT_CSV,      /* struct strv: split at commas as well */
	OPT_INT,      /* int64_t */
	OPT_UINT,     /* uint64_t */
	OPT_SIZE,     /* uint64_t: bytes, with b k m g t */
	OPT_DURATION, /* int64_t: nanoseconds; a bare number is seconds */
	OPT_CHOICE,   /* const char *: one of `choices` */
	OPT_CUSTOM,   /* parse() does it; bare flags get "true" */
	OPT_NOTHING,  /* accepted for compatibility, without effect: help must say so */
};

enum {
	OPT_HIDDEN = 1 << 0,	 /* not in help, manual or completion */
	OPT_NO_VALUE = 1 << 1,	 /* OPT_CUSTOM, OPT_NOTHING: a flag */
	OPT_REQUIRED = 1 << 2,	 /* must be given */
	OPT_DEPRECATED = 1 << 3, /* an old spelling: works, hidden */
};

struct opt {
	char letter; /* 0 when there is only a long form */
	const char *name;
	enum opt_kind kind;
	size_t at;	  /* offset in the argument struct (plus the group's) */
	const char *meta; /* what the value is, in help: "NAME"; NULL: from the kind */
	const char *help; /* one line, a capital letter first, no full stop */
	/* OPT_CUSTOM. args is the struct that `at` counts from. */
	int (*parse)(void *args, const char *value, struct err *err);
	const char *choices;  /* OPT_CHOICE: "a|b|c" */
	const char *complete; /* "files", "dirs", "images", "containers", ...; NULL: nothing */
	unsigned flags;
	/* The value of "--name" without "=value"; the option then never takes the next word. */
	const char *bare;
};

/* Options that several verbs share, stored in a struct of their own within the verb's. */
struct opt_group {
	const struct opt *opts; /* ended by an option without name */
	size_t at;		/* where that struct is in the verb's arguments */
	const char *title;	/* heading in help; NULL: among the verb's own */
};

/* The options of one command line: groups, ended by one without opts. */
struct opt_scan {
	const struct opt_group *groups;
	void *args;
	const char *command; /* "kist run": for "See 'kist run --help'" */
	/* End at the first word that is no option: run, exec, create, and options before the verb.
	 */
	bool stop_at_operand;
	const char *not_yet; /* flags that are refused as not built (not_yet.h); NULL: none */
};

enum opt_outcome {
	OPT_DONE = 0,
	OPT_WANTS_HELP = 1, /* --help or -h (unless the verb has an -h of its own) */
};

/* Parses argv[0..argc) (options and operands only, no program or verb name). Operands are appended
 * to rest; *ret_used is how many words were consumed (argc unless stop_at_operand). Errors are
 * ERR_INVALID with podman's wording and the hint to --help. */
int opt_parse(const struct opt_scan *scan, int argc, char *const *argv, struct strv *rest,
	      int *ret_used, struct err *err);
/* Frees the lists within args and empties them. */
void opt_release(const struct opt_group *groups, void *args);
/* Was the option given? For rules such as "--a needs --b" where the default cannot tell: looks
 * through the words again as opt_parse would. */
bool opt_given(const struct opt_scan *scan, int argc, char *const *argv, const char *name);

/* "NAME" of a value in help texts; NULL when the option takes none. */
const char *opt_meta(const struct opt *o);
bool opt_takes_value(const struct opt *o);
/* true false 1 0 t f T F TRUE ...; ERR_INVALID otherwise. */
int opt_parse_bool(const char *value, bool *ret, struct err *err);

#endif
