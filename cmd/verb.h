/*
 * verb.h - a verb of the program as data: see docs/HACKING.md for how to add one.
 *
 *	const struct verb verb_ps = {
 *		.path = "ps",
 *		.aliases = "container ls|container list|container ps",
 *		.summary = "List containers",
 *		.usage = "[options]",
 *		.opts = opts,
 *		.args_size = sizeof(struct ps_args),
 *		.defaults = &(const struct ps_args){.last = -1},
 *		.needs = NEED_STATE,
 *		.run = run,
 *	};
 */
#ifndef CMD_VERB_H
#define CMD_VERB_H

#include "opt.h"

struct app;
struct err;

enum {
	VERB_STOP_AT_OPERAND = 1 << 0, /* options end at the first operand: run, create, exec */
	VERB_HIDDEN = 1 << 1,	       /* not in help, manual or completion */
};

#define VERB_ANY_ARGS (-1)
#define VERB_GROUPS_MAX 8

struct verb {
	const char *path;     /* "run", "image ls" */
	const char *aliases;  /* further paths, "container run|docker-run"; NULL: none */
	const char *summary;  /* one line, a capital letter first, no full stop */
	const char *help;     /* further paragraphs, lines of at most 80; NULL: the summary */
	const char *usage;    /* what follows the path: "[options] IMAGE [COMMAND [ARG...]]" */
	const char *examples; /* one command a line, each begins with "kist "; NULL: none */

	const struct opt *opts;		/* the verb's own, at offset 0; NULL: none */
	const struct opt_group *groups; /* shared ones, ended by one without opts; NULL: none */
	size_t args_size;
	const void *defaults; /* args_size bytes; NULL: zeros. Lists in it must be empty */

	int min_args, max_args; /* operands; max VERB_ANY_ARGS: no limit */
	const char *missing;	/* error when there are fewer; NULL: podman's general one */
	const char *complete;	/* what operands are, as opt.complete; NULL: nothing */
	unsigned needs;		/* for main: what to open before run; see app.h */
	unsigned flags;
	/* The exit code (0 or positive), or negative with err: main prints it and ends with 125, or
	 * 126 and 127 for ERR_CMD_INVOKE and ERR_CMD_MISSING. args is of args_size, not NULL. */
	int (*run)(struct app *app, const void *args, const struct strv *rest, struct err *err);
};

/* A word that has verbs below it: "image", "system". */
struct verb_group {
	const char *path;
	const char *summary;
};

/* The whole program. */
struct program {
	const char *name; /* "kist", or "podman" or "docker" when called so */
	const char *version;
	const char *summary;
	const struct verb *const *verbs; /* NULL-terminated */
	const struct verb_group *groups; /* ended by one without path */
};

/* argv[0]'s last component when it is podman or docker, else "kist". */
const char *program_name(const char *argv0);

/* All of a verb's options, own first, as opt_parse wants them. */
void verb_opt_groups(const struct verb *v, struct opt_group out[VERB_GROUPS_MAX + 2]);

#endif
