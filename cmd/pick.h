/*
 * pick.h - which containers a verb works on: operands, --latest, --all, --filter, --cidfile; and
 * the loop over them.
 */
#ifndef CMD_PICK_H
#define CMD_PICK_H

#include "app.h"
#include "container/container.h"

struct pick {
	bool all, latest;
	bool ignore; /* those that do not exist are no error */
	/* Exit codes after such an error; 0: EXIT_ENGINE. */
	int code_missing, code_in_use;
	/* NULL: none. Filters are those of ps, whatever the state; files hold an ID in their first
	 * line, and count as operands. */
	const struct strv *filters, *cidfiles;
};

/* One container: the operand, or the newest with latest. */
int pick_one(struct app *app, bool latest, const struct strv *rest, struct container **ret,
	     struct err *err);

/* fn for each container picked: name is what the user typed (or the ID). An error of one is told
 * at once and the others go on; the result is then EXIT_ENGINE. Negative: nothing was done. */
int pick_each(struct app *app, const struct pick *p, const struct strv *rest,
	      int (*fn)(void *arg, struct container *c, const char *name, struct err *err),
	      void *arg, struct err *err);

#endif
