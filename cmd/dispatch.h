/*
 * dispatch.h - from argv to a verb with its arguments filled in. Nothing is printed or run here:
 *
 *	struct invocation inv = {0};
 *
 *	r = dispatch(&program, argc, argv, &inv, &err);
 *	if (r < 0)
 *		"Error: <err.text>" on standard error, exit code 125
 *	if (inv.text)
 *		print it to standard output, exit code inv.code (help, version)
 *	else
 *		open what inv.verb->needs, then inv.verb->run(app, inv.args, &inv.rest, &err)
 *	invocation_fini(&inv);
 */
#ifndef CMD_DISPATCH_H
#define CMD_DISPATCH_H

#include "verb.h"

/* Options before the verb. Strings point into argv; NULL: not given. */
struct globals {
	const char *root, *runroot;
	const char *imagestore;
	const char *storage_driver;
	struct strv storage_opt;
	const char *log_level;
	const char *cgroup_manager;
	const char *tmpdir;
	bool version;
};

struct invocation {
	struct globals globals;
	const struct verb *verb;
	char *path;	   /* owned; the path or alias that was used */
	void *args;	   /* owned; the verb's args_size bytes */
	struct strv rest;  /* operands */
	struct strv words; /* everything behind the verb's path, for opt_given */
	char *text;	   /* owned; print this instead of running a verb */
	int code;	   /* with text */
};

/* The options of struct globals; also for help and completion. They may also follow the verb. */
extern const struct opt global_opts[];

int dispatch(const struct program *p, int argc, char *const *argv, struct invocation *inv,
	     struct err *err);
void invocation_fini(struct invocation *inv);
/* Was the verb's option given on the command line? */
bool invocation_given(const struct invocation *inv, const char *option);

/* The verb whose path or alias is exactly these words ("image ls"), or NULL. */
const struct verb *verb_find(const struct program *p, const char *path);

#endif
