/* kist ps */
#include "container_row.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "text/report.h"

#include <stdlib.h>

struct ps_args {
	bool all, quiet, latest, no_trunc, no_heading, size;
	int64_t last;
	const char *format, *sort;
	struct strv filters;
};

#define AT(member) offsetof(struct ps_args, member)

static const struct opt opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "Show all containers, not only running ones"},
    {'f', "filter", OPT_STRINGS, AT(filters), "KEY=VALUE", "Show only what matches"},
    {0, "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, json, or table TEMPLATE"},
    {'n', "last", OPT_INT, AT(last), "N", "Show the N newest containers (all states)"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "Show the newest container (all states)"},
    {0, "no-trunc", OPT_FLAG, AT(no_trunc), NULL, "Do not shorten IDs and commands"},
    {0, "noheading", OPT_FLAG, AT(no_heading), NULL, "Leave out the header line"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print only IDs"},
    {'s', "size", OPT_FLAG, AT(size), NULL, "Show sizes"},
    {0, "sort", OPT_CHOICE, AT(sort), "KEY", "Order of the list",
     .choices = "command|created|id|image|names|runningfor|status"},
    {0},
};

/* Without --all, running ones; a filter on the state means all states. */
static bool shows_all(const struct ps_args *a)
{
	size_t i;

	for (i = 0; i < a->filters.n; i++)
		if (str_starts(a->filters.v[i], "status=") ||
		    str_starts(a->filters.v[i], "exited="))
			return true;
	return a->all || a->latest || a->last > 0;
}

static int print(const struct ps_args *a, const struct container_row *rows, size_t n,
		 struct err *err)
{
	AUTO_FREE const void **list = calloc(n + 1, sizeof(*list));
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct report report = {
	    .type = a->size ? &container_row_type_sized : &container_row_type,
	    .rows = list,
	    .n_rows = n,
	    .format = a->quiet ? "{{.ID}}" : a->format,
	    .no_heading = a->no_heading,
	};
	size_t i;
	int r;

	if (!list)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		list[i] = &rows[i];
	r = report_write(&report, &out, err);
	return r < 0 ? r : out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	AUTO_FREE struct container_row *rows = NULL;
	const struct ps_args *a = args;
	struct row_query q = {
	    .filters = &a->filters,
	    .all = shows_all(a),
	    .last = a->latest ? 1 : a->last,
	    .sort = a->sort,
	    .no_trunc = a->no_trunc,
	};
	size_t n = 0;
	int r;

	(void)rest;
	r = containers_list(app->containers, &list, err);
	if (r == 0)
		r = container_rows(app, &list, &q, &rows, &n, err);
	return r < 0 ? r : print(a, rows, n, err);
}

const struct verb verb_ps = {
    .path = "ps",
    .aliases = "container ls|container list|container ps",
    .summary = "List containers",
    .usage = "[options]",
    .examples = "kist ps -a\nkist ps --format \"{{.ID}} {{.Names}} {{.Status}}\"",
    .opts = opts,
    .args_size = sizeof(struct ps_args),
    .needs = NEED_CONTAINERS,
    .run = run,
};
