#include "pick.h"
#include "base/auto.h"
#include "base/err.h"

static int no_operands(const struct app *app, struct err *err)
{
	return err_set(err, ERR_INVALID, "you must provide at least one name or id");
	(void)app;
}

int pick_one(struct app *app, bool latest, const struct strv *rest, struct container **ret,
	     struct err *err)
{
	if (latest && rest->n > 0)
		return err_set(err, ERR_INVALID,
			       "--latest and a container cannot be used together");
	if (latest)
		return container_open_latest(app->containers, ret, err);
	if (rest->n == 0)
		return no_operands(app, err);
	return container_open(app->containers, rest->v[0], ret, err);
}

typedef int each_fn(void *arg, struct container *c, const char *name, struct err *err);

/* Tells the error and chooses the exit code. */
static int tell(const struct pick *p, const struct err *err)
{
	say_error(err);
	if (err->code == ERR_NOT_FOUND && p->code_missing)
		return p->code_missing;
	if (err->code == ERR_IN_USE && p->code_in_use)
		return p->code_in_use;
	return EXIT_ENGINE;
}

static int each_of_all(struct app *app, const struct pick *p, each_fn *fn, void *arg,
		       struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	int r, code = 0;
	size_t i;

	r = containers_list(app->containers, &list, err);
	for (i = 0; r == 0 && i < list.n; i++) {
		struct err one = ERR_INIT;

		if (fn(arg, list.v[i], list.v[i]->def.id, &one) < 0)
			code = tell(p, &one);
	}
	return r < 0 ? r : code;
}

/* 0, or the exit code after the error was told. */
static int each_operand(struct app *app, const struct pick *p, const char *name, each_fn *fn,
			void *arg)
{
	AUTO_CONTAINER struct container *c = NULL;
	struct err err = ERR_INIT;
	int r;

	r = container_open(app->containers, name, &c, &err);
	if (r == -ERR_NOT_FOUND && p->ignore)
		return 0;
	if (r == 0)
		r = fn(arg, c, name, &err);
	return r < 0 ? tell(p, &err) : 0;
}

int pick_each(struct app *app, const struct pick *p, const struct strv *rest, each_fn *fn,
	      void *arg, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	int r, code = 0;
	size_t i;

	if ((p->all || p->latest) && rest->n > 0)
		return err_set(err, ERR_INVALID,
			       "--all or --latest and containers cannot be used together");
	if (p->all)
		return each_of_all(app, p, fn, arg, err);
	if (p->latest) {
		r = container_open_latest(app->containers, &c, err);
		return r < 0 ? r : fn(arg, c, c->def.id, err);
	}
	if (rest->n == 0 && !p->ignore)
		return no_operands(app, err);
	for (i = 0; i < rest->n; i++) {
		r = each_operand(app, p, rest->v[i], fn, arg);
		if (r > code)
			code = r;
	}
	return code;
}
