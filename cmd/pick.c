#include "pick.h"
#include "container_row.h"
#include "base/auto.h"
#include "base/err.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>

#define CIDFILE_MAX 4096

static int no_operands(struct err *err)
{
	return err_set(err, ERR_INVALID, "you must provide at least one name or id");
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
		return no_operands(err);
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

static int each_of_filtered(struct app *app, const struct pick *p, each_fn *fn, void *arg,
			    struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	const struct row_query q = {.filters = p->filters, .all = true};
	AUTO_FREE struct container_row *rows = NULL;
	size_t i, n = 0;
	int r, code = 0;

	r = containers_list(app->containers, &list, err);
	if (r == 0)
		r = container_rows(app, &list, &q, &rows, &n, err);
	for (i = 0; r == 0 && i < n; i++) {
		struct err one = ERR_INIT;

		if (fn(arg, rows[i].c, rows[i].c->def.id, &one) < 0)
			code = tell(p, &one);
	}
	return r < 0 ? r : code;
}

/* 1, or 0: the file is not there, which is no error. */
static int read_cidfile(const char *path, bool ignore, struct strv *to, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(CIDFILE_MAX);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT && ignore)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "reading CIDFile %s", path);
	r = fd_read_all(fd, path, &text, err);
	if (r < 0)
		return r;
	return strv_addn(to, (struct str){buf_str(&text), strcspn(buf_str(&text), "\r\n")}, err);
}

/* The IDs in the files behind the operands. */
static int read_cidfiles(const struct pick *p, struct strv *to, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && p->cidfiles && i < p->cidfiles->n; i++)
		r = read_cidfile(p->cidfiles->v[i], p->ignore, to, err);
	return r < 0 ? r : 0;
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

static int check(const struct pick *p, const struct strv *operands, struct err *err)
{
	bool filters = p->filters && p->filters->n > 0;

	if ((p->all || p->latest) && operands->n > 0)
		return err_set(err, ERR_INVALID,
			       "--all or --latest and containers cannot be used together");
	if (filters && (p->all || p->latest || operands->n > 0))
		return err_set(err, ERR_INVALID,
			       "--filter cannot be used with --all, --latest or containers");
	if (operands->n == 0 && !p->all && !p->latest && !filters && !p->ignore)
		return no_operands(err);
	return 0;
}

int pick_each(struct app *app, const struct pick *p, const struct strv *rest, each_fn *fn,
	      void *arg, struct err *err)
{
	AUTO_STRV struct strv operands = STRV_INIT;
	AUTO_CONTAINER struct container *c = NULL;
	int r, code = 0;
	size_t i;

	r = strv_copy(&operands, rest, err);
	if (r == 0)
		r = read_cidfiles(p, &operands, err);
	if (r == 0)
		r = check(p, &operands, err);
	if (r < 0)
		return r;
	if (p->all)
		return each_of_all(app, p, fn, arg, err);
	if (p->filters && p->filters->n > 0)
		return each_of_filtered(app, p, fn, arg, err);
	if (p->latest) {
		r = container_open_latest(app->containers, &c, err);
		return r < 0 ? r : fn(arg, c, c->def.id, err);
	}
	for (i = 0; i < operands.n; i++) {
		r = each_operand(app, p, operands.v[i], fn, arg);
		if (r > code)
			code = r;
	}
	return code;
}
