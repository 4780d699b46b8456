/* kist ps */
#include "container_row.h"
#include "external_list.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "text/report.h"

#include <stdlib.h>
#include <unistd.h>

#define NOT_GIVEN (-1)
/* A day: nobody watches longer than that between two looks. */
#define WATCH_MAX 86400

struct ps_args {
	bool all, quiet, latest, no_trunc, no_heading, size, namespaces, pods, external;
	int64_t last;
	uint64_t watch;
	const char *format, *sort;
	struct strv filters;
};

#define AT(member) offsetof(struct ps_args, member)

static const struct opt opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "Show all containers, not only running ones"},
    {0, "external", OPT_FLAG, AT(external), NULL,
     "Show also containers of other tools, such as buildah's working containers"},
    {'f', "filter", OPT_STRINGS, AT(filters), "KEY=VALUE", "Show only what matches"},
    {0, "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, json, or table TEMPLATE"},
    {'n', "last", OPT_INT, AT(last), "N", "Show the N newest containers (all states)"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "Show the newest container (all states)"},
    {0, "no-trunc", OPT_FLAG, AT(no_trunc), NULL, "Do not shorten IDs and commands"},
    {0, "noheading", OPT_FLAG, AT(no_heading), NULL, "Leave out the header line"},
    {0, "namespace", OPT_FLAG, AT(namespaces), NULL, "Show the namespaces of containers"},
    {0, "ns", OPT_FLAG, AT(namespaces), NULL, "As --namespace", .flags = OPT_DEPRECATED},
    {'p', "pod", OPT_FLAG, AT(pods), NULL, "Show the pods of containers: kist has none"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print only IDs"},
    {'s', "size", OPT_FLAG, AT(size), NULL, "Show sizes"},
    {0, "sort", OPT_CHOICE, AT(sort), "KEY", "Order of the list",
     .choices = "command|created|id|image|names|runningfor|size|status"},
    {0, "storage", OPT_FLAG, AT(external), NULL, "As --external", .flags = OPT_DEPRECATED},
    {0, "sync", OPT_NOTHING, 0, NULL,
     "Ask for the state anew: has no effect, it is always asked of the kernel",
     .flags = OPT_NO_VALUE},
    {'w', "watch", OPT_UINT, AT(watch), "SECONDS", "Show the list again and again"},
    {0},
};

static int check(const struct ps_args *a, struct err *err)
{
	if (a->last >= 0 && a->latest)
		return err_set(err, ERR_INVALID, "last and latest are mutually exclusive");
	if (a->quiet && (a->size || a->namespaces))
		return err_set(err, ERR_INVALID, "quiet conflicts with size and namespace");
	if (a->size && a->namespaces)
		return err_set(err, ERR_INVALID, "size and namespace options conflict");
	if (a->watch && a->latest)
		return err_set(err, ERR_INVALID,
			       "the watch and latest flags cannot be used together");
	if (a->watch > WATCH_MAX)
		return err_set(err, ERR_INVALID, "--watch: at most %d seconds", WATCH_MAX);
	return 0;
}

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

/* Looks at every file, so only when somebody asks. */
static bool wants_sizes(const struct ps_args *a)
{
	if (a->size || (a->sort && streq(a->sort, "size")))
		return true;
	return a->format && !a->quiet && !report_is_json(a->format) &&
	       strstr(a->format, ".Size") != NULL;
}

static int add_sizes(struct app *app, struct container_row *rows, size_t n,
		     struct container_size **ret, struct err *err)
{
	AUTO_FREE struct container_size *sizes = calloc(n + 1, sizeof(*sizes));
	AUTO_FREE struct container **list = calloc(n + 1, sizeof(struct container *));
	size_t i, own = 0;
	int r;

	if (!sizes || !list)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		if (!rows[i].external)
			list[own++] = rows[i].c;
	r = container_sizes(app, list, own, sizes, err);
	if (r < 0)
		return r;
	for (own = i = 0; i < n; i++)
		if (!rows[i].external)
			rows[i].size = &sizes[own++];
	*ret = TAKE(sizes);
	return 0;
}

static const char *table_of(const struct ps_args *a)
{
	if (a->namespaces)
		return container_row_table_ns;
	if (a->pods)
		return a->size ? container_row_table_pods_sized : container_row_table_pods;
	return a->size ? container_row_table_sized : container_row_table;
}

static int print(const struct ps_args *a, const struct container_row *rows, size_t n,
		 struct buf *out, struct err *err)
{
	AUTO_FREE const void **list = calloc(n + 1, sizeof(*list));
	struct report_type type = container_row_type;
	struct report report = {
	    .type = &type,
	    .rows = list,
	    .n_rows = n,
	    .format = a->quiet && !a->format ? "{{.ID}}" : a->format,
	    .no_heading = a->no_heading,
	};
	size_t i;

	if (!list)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		list[i] = &rows[i];
	type.table = table_of(a);
	return report_write(&report, out, err);
}

static int show(struct app *app, const struct ps_args *a, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	AUTO_FREE struct container_row *rows = NULL;
	AUTO_FREE struct container_size *sizes = NULL;
	struct row_query q = {
	    .filters = &a->filters,
	    .all = shows_all(a),
	    .last = a->latest ? 1 : a->last,
	    .no_trunc = a->no_trunc,
	};
	size_t n = 0;
	int r;

	r = containers_list(app->containers, &list, err);
	if (r == 0 && a->external)
		r = external_list(app, &list, err);
	if (r == 0)
		r = container_rows(app, &list, &q, &rows, &n, err);
	if (r == 0 && wants_sizes(a))
		r = add_sizes(app, rows, n, &sizes, err);
	if (r < 0)
		return r;
	if (a->sort)
		container_rows_sort(rows, n, a->sort);
	r = print(a, rows, n, &out, err);
	return r < 0 ? r : out_buf(&out, err);
}

/* Clears the screen before each list, until a signal ends it or nobody reads any more. */
static int watch(struct app *app, const struct ps_args *a, struct err *err)
{
	static const char clear[] = "\033[2J\033[H";
	int r;

	for (;;) {
		r = out_text(clear, strlen(clear), err);
		if (r == 0)
			r = show(app, a, err);
		if (r < 0)
			return r;
		(void)sleep((unsigned)a->watch);
	}
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct ps_args *a = args;
	int r = check(a, err);

	(void)rest;
	if (r < 0)
		return r;
	return a->watch ? watch(app, a, err) : show(app, a, err);
}

const struct verb verb_ps = {
    .path = "ps",
    .aliases = "container ls|container list|container ps",
    .summary = "List containers",
    .help =
	"Filters: name=REGEX, id=ID, status=STATE, label=KEY[=VALUE], label!=KEY[=VALUE],\n"
	"ancestor=IMAGE, exited=CODE, before=CONTAINER, since=CONTAINER, until=TIME,\n"
	"volume=PATH, network=MODE, restart-policy=POLICY, health=STATUS, pod=POD.\n"
	"--external adds containers in the store that kist did not make, whatever their state, as "
	"far as\n"
	"filters let them; their COMMAND is \"buildah\", or \"storage\" for those of other tools.",
    .usage = "[options]",
    .examples = "kist ps -a\nkist ps --format \"{{.ID}} {{.Names}} {{.Status}}\"\n"
		"kist ps -aq --filter status=exited",
    .opts = opts,
    .args_size = sizeof(struct ps_args),
    .defaults = &(const struct ps_args){.last = NOT_GIVEN},
    .needs = NEED_CONTAINERS,
    .run = run,
};
