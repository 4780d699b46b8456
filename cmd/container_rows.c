/* Which containers ps shows, and in which order. Declared in container_row.h. */
#include "container_row.h"
#include "external_list.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "spec/labels.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* ---- filters ---- */

/* podman's name filter is a regular expression; a bad one is an error. */
static int match_regex(const char *pattern, const char *text, struct err *err)
{
	regex_t re;
	int r;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return err_set(err, ERR_INVALID, "--filter: \"%s\" is not a regular expression",
			       pattern);
	r = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return r;
}

static int match_name(struct app *app, const struct container_row *row, const char *v,
		      struct err *err)
{
	AUTO_FREE char *pattern = calloc(1, strlen(v) + 1);
	char *to = pattern;

	(void)app;
	if (!pattern)
		return err_nomem(err);
	/* docker's names begin with a slash. */
	for (; *v; v++)
		if (*v != '/')
			*to++ = *v;
	return match_regex(pattern, row->c->def.name, err);
}

static int match_id(struct app *app, const struct container_row *row, const char *v,
		    struct err *err)
{
	(void)app;
	return str_starts(row->c->def.id, v) ? 1 : match_regex(v, row->c->def.id, err);
}

/* podman's other words for them. */
static bool is_also(const char *v, enum container_state state)
{
	return (streq(v, "stopped") && state == CONTAINER_EXITED) ||
	       (streq(v, "configured") && state == CONTAINER_CREATED);
}

static int match_status(struct app *app, const struct container_row *row, const char *v,
			struct err *err)
{
	static const char *const known[] = {"created", "configured", "initialized", "running",
					    "exited",  "stopped",    "stopping",    "paused",
					    "unknown", "removing"};
	size_t i;

	(void)app;
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (streq(v, known[i]))
			return streq(v, container_row_state(row)) ||
			       (!row->external && is_also(v, row->status.state));
	return err_set(err, ERR_INVALID, "%s is not a valid status", v);
}

static int match_exited(struct app *app, const struct container_row *row, const char *v,
			struct err *err)
{
	int64_t code;
	int r = parse_i64(v, "--filter exited", 0, 255, &code, err);

	(void)app;
	return r < 0 ? r : row->status.state == CONTAINER_EXITED && row->status.exit_code == code;
}

static int match_label(struct app *app, const struct container_row *row, const char *v,
		       struct err *err)
{
	(void)app;
	(void)err;
	return labels_match(&row->c->def.labels, v);
}

static int match_no_label(struct app *app, const struct container_row *row, const char *v,
			  struct err *err)
{
	(void)app;
	(void)err;
	return !labels_match(&row->c->def.labels, v);
}

/* An ID, a part of the name, or a regular expression for it. */
static int match_ancestor(struct app *app, const struct container_row *row, const char *v,
			  struct err *err)
{
	const struct container_image *image = &row->c->def.image;
	struct err no_regex = ERR_INIT;

	(void)app;
	(void)err;
	if (image->id && str_starts(image->id, v))
		return 1;
	if (!image->name)
		return 0;
	return strstr(image->name, v) != NULL || match_regex(v, image->name, &no_regex) > 0;
}

/* before=X and since=X compare creation times. */
static int match_time(struct app *app, const struct container_row *row, const char *v, bool before,
		      struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	int r = container_open(app->containers, v, &c, err);

	if (r < 0)
		return r;
	return before ? row->c->def.created_at < c->def.created_at
		      : row->c->def.created_at > c->def.created_at;
}

static int match_before(struct app *app, const struct container_row *row, const char *v,
			struct err *err)
{
	return match_time(app, row, v, true, err);
}

static int match_since(struct app *app, const struct container_row *row, const char *v,
		       struct err *err)
{
	return match_time(app, row, v, false, err);
}

static int match_network(struct app *app, const struct container_row *row, const char *v,
			 struct err *err)
{
	(void)app;
	(void)err;
	return streq(row->c->def.network, v);
}

/* SOURCE[:DESTINATION], or a destination alone. */
static int match_volume(struct app *app, const struct container_row *row, const char *v,
			struct err *err)
{
	const struct container_def *def = &row->c->def;
	size_t i, n = strcspn(v, ":");

	(void)app;
	(void)err;
	for (i = 0; i < def->n_mounts; i++) {
		const struct container_mount *m = &def->mounts[i];
		bool source = strlen(m->source) == n && strncmp(m->source, v, n) == 0;

		if (v[n] ? source && streq(m->destination, v + n + 1)
			 : source || streq(m->destination, v))
			return 1;
	}
	return 0;
}

static int match_until(struct app *app, const struct container_row *row, const char *v,
		       struct err *err)
{
	int64_t when = 0;
	int r = time_parse_when(v, "--filter until", &when, err);

	(void)app;
	return r < 0 ? r : row->c->def.created_at < when;
}

static int match_restart(struct app *app, const struct container_row *row, const char *v,
			 struct err *err)
{
	static const char *const known[] = {"always", "on-failure", "unless-stopped"};
	size_t i;

	(void)app;
	(void)row;
	if (streq(v, "no") || streq(v, "none"))
		return 1;
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (streq(v, known[i]))
			return 0;
	return err_set(err, ERR_INVALID, "%s invalid restart policy", v);
}

/* No container has a healthcheck or a pod. */
static int match_none(struct app *app, const struct container_row *row, const char *v,
		      struct err *err)
{
	(void)app;
	(void)row;
	(void)v;
	(void)err;
	return 0;
}

static const struct {
	const char *key;
	int (*match)(struct app *app, const struct container_row *row, const char *v,
		     struct err *err);
	bool all; /* several of them must all match */
} filters[] = {
    {"ancestor", match_ancestor},
    {"before", match_before, true},
    {"exited", match_exited},
    {"health", match_none},
    {"id", match_id},
    {"label", match_label, true},
    {"label!", match_no_label, true},
    {"name", match_name},
    {"network", match_network},
    {"pod", match_none},
    {"restart-policy", match_restart},
    {"since", match_since, true},
    {"status", match_status},
    {"until", match_until, true},
    {"volume", match_volume},
};

/* Index of the filter's key, or negative. */
static int find_filter(const char *filter, struct err *err)
{
	AUTO_BUF struct buf known = BUF_INIT(1024);
	const char *eq = strchr(filter, '=');
	size_t i;

	for (i = 0; eq && i < ARRAY_LEN(filters); i++)
		if (strlen(filters[i].key) == (size_t)(eq - filter) &&
		    str_starts(filter, filters[i].key))
			return (int)i;
	for (i = 0; i < ARRAY_LEN(filters); i++)
		if (!streq(filters[i].key, "label!"))
			buf_addf(&known, "%s%s", known.len ? ", " : "", filters[i].key);
	if (eq)
		return err_set(err, ERR_INVALID, "%.*s is an invalid filter (%s)",
			       (int)(eq - filter), filter, buf_str(&known));
	return err_set(err, ERR_INVALID, "invalid filter \"%s\": want KEY=VALUE (%s)", filter,
		       buf_str(&known));
}

static int match_one(struct app *app, const struct container_row *row, const char *filter,
		     struct err *err)
{
	int i = find_filter(filter, err);

	return i < 0 ? i : filters[i].match(app, row, strchr(filter, '=') + 1, err);
}

/* Values are checked with a container that there is not. */
int container_filters_check(struct app *app, const struct strv *list, struct err *err)
{
	static char empty[] = "";
	struct container c = {.def = {.id = empty,
				      .name = empty,
				      .network = empty,
				      .image = {.id = empty, .name = empty}}};
	const struct container_row row = {.c = &c, .status = {.state = CONTAINER_EXITED}};
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < list->n; i++)
		r = match_one(app, &row, list->v[i], err);
	return r < 0 ? r : 0;
}

static bool same_key(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

static bool must_all_match(const char *filter)
{
	struct err ignored = ERR_INIT;
	int i = find_filter(filter, &ignored);

	return i >= 0 && filters[i].all;
}

/* Filters of one key are alternatives (labels and times: all must match); different keys must all
 * match. */
static int matches(struct app *app, const struct container_row *row, const struct row_query *q,
		   struct err *err)
{
	size_t i, j;
	int any, r;

	if (!q->all && !row->external && row->status.state != CONTAINER_RUNNING)
		return 0;
	for (i = 0; i < q->filters->n; i++) {
		const char *f = q->filters->v[i];

		any = 0;
		for (j = 0; j < q->filters->n && !any; j++) {
			if (must_all_match(f) ? j != i : !same_key(f, q->filters->v[j]))
				continue;
			r = match_one(app, row, q->filters->v[j], err);
			if (r < 0)
				return r;
			any = r;
		}
		if (!any)
			return 0;
	}
	return 1;
}

/* ---- order ---- */

static const struct container_row *row_of(const void *row)
{
	return row;
}

static int compare(int64_t x, int64_t y)
{
	return x < y ? -1 : x > y;
}

/* Whatever else is the same: the older first. */
static int by_created(const void *a, const void *b)
{
	int r = compare(row_of(a)->c->def.created_at, row_of(b)->c->def.created_at);

	return r ? r : strcmp(row_of(a)->c->def.id, row_of(b)->c->def.id);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(row_of(a)->c->def.name, row_of(b)->c->def.name);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(row_of(a)->c->def.id, row_of(b)->c->def.id);
}

static int by_image(const void *a, const void *b)
{
	const char *x = row_of(a)->c->def.image.name, *y = row_of(b)->c->def.image.name;
	int r = strcmp(x ? x : "", y ? y : "");

	return r ? r : by_created(a, b);
}

static int by_started(const void *a, const void *b)
{
	int r = compare(row_of(a)->status.started_at, row_of(b)->status.started_at);

	return r ? r : by_created(a, b);
}

static int by_command(const void *a, const void *b)
{
	const struct strv *x = &row_of(a)->c->def.process.args;
	const struct strv *y = &row_of(b)->c->def.process.args;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < x->n && i < y->n; i++)
		r = strcmp(x->v[i], y->v[i]);
	if (r == 0)
		r = compare((int64_t)x->n, (int64_t)y->n);
	return r ? r : by_created(a, b);
}

static int by_status(const void *a, const void *b)
{
	int r = strcmp(container_row_state(a), container_row_state(b));

	return r ? r : by_created(a, b);
}

static int64_t whole_size(const struct container_row *row)
{
	return row->size ? (int64_t)(row->size->rw + row->size->image) : 0;
}

static int by_size(const void *a, const void *b)
{
	int r = compare(whole_size(a), whole_size(b));

	return r ? r : by_created(a, b);
}

void container_rows_sort(struct container_row *rows, size_t n, const char *key)
{
	static const struct {
		const char *key;
		int (*cmp)(const void *a, const void *b);
	} orders[] = {
	    {"names", by_name},	     {"id", by_id},	    {"image", by_image},
	    {"created", by_created}, {"size", by_size},	    {"runningfor", by_started},
	    {"command", by_command}, {"status", by_status},
	};
	size_t i;

	for (i = 0; n > 0 && i < ARRAY_LEN(orders); i++)
		if (streq(key, orders[i].key))
			qsort(rows, n, sizeof(*rows), orders[i].cmp);
}

int container_rows(struct app *app, const struct container_list *list, const struct row_query *q,
		   struct container_row **ret, size_t *ret_n, struct err *err)
{
	AUTO_FREE struct container_row *rows = calloc(list->n + 1, sizeof(*rows));
	size_t i, n = 0;
	int r;

	if (!rows)
		return err_nomem(err);
	r = container_filters_check(app, q->filters, err);
	if (r < 0)
		return r;
	for (i = 0; i < list->n && (q->last <= 0 || n < (size_t)q->last); i++) {
		rows[n] = (struct container_row){
		    .c = list->v[i], .no_trunc = q->no_trunc, .external = external_is(list->v[i])};
		r = rows[n].external ? 0 : container_get_status(list->v[i], &rows[n].status, err);
		if (r == 0)
			r = matches(app, &rows[n], q, err);
		if (r < 0)
			return r;
		n += (size_t)r;
	}
	container_rows_sort(rows, n, "created");
	*ret = TAKE(rows);
	*ret_n = n;
	return 0;
}
