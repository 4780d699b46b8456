/* Which containers ps shows, and in which order. Declared in container_row.h. */
#include "container_row.h"
#include "base/auto.h"
#include "base/err.h"

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
	(void)app;
	return match_regex(v, row->c->def.name, err);
}

static int match_id(struct app *app, const struct container_row *row, const char *v,
		    struct err *err)
{
	(void)app;
	(void)err;
	return str_starts(row->c->def.id, v);
}

static int match_status(struct app *app, const struct container_row *row, const char *v,
			struct err *err)
{
	static const char *const known[] = {"created", "running", "exited",  "paused",
					    "stopped", "unknown", "removing"};
	size_t i;

	(void)app;
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (streq(v, known[i]))
			return streq(v, container_state_name(row->status.state)) ||
			       (streq(v, "stopped") && row->status.state == CONTAINER_EXITED);
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
	const char *eq = strchr(v, '='), *have;
	AUTO_FREE char *key = str_dup((struct str){v, eq ? (size_t)(eq - v) : strlen(v)});

	(void)app;
	if (!key)
		return err_nomem(err);
	have = strv_env_get(&row->c->def.labels, key);
	return have && (!eq || streq(have, eq + 1));
}

static int match_ancestor(struct app *app, const struct container_row *row, const char *v,
			  struct err *err)
{
	const struct container_image *image = &row->c->def.image;
	const char *name = image->name ? image->name : "";
	const char *slash = strrchr(name, '/');

	(void)app;
	(void)err;
	return str_starts(image->id ? image->id : "-", v) || streq(name, v) ||
	       (slash && (streq(slash + 1, v) ||
			  (str_starts(slash + 1, v) && slash[1 + strlen(v)] == ':'))) ||
	       (str_starts(name, v) && name[strlen(v)] == ':');
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

static const struct {
	const char *key;
	int (*match)(struct app *app, const struct container_row *row, const char *v,
		     struct err *err);
} filters[] = {
    {"name", match_name},     {"id", match_id},	      {"status", match_status},
    {"exited", match_exited}, {"label", match_label}, {"ancestor", match_ancestor},
    {"before", match_before}, {"since", match_since}, {"network", match_network},
};

static int match_one(struct app *app, const struct container_row *row, const char *filter,
		     struct err *err)
{
	const char *eq = strchr(filter, '=');
	size_t i;

	for (i = 0; eq && i < ARRAY_LEN(filters); i++)
		if (strlen(filters[i].key) == (size_t)(eq - filter) &&
		    str_starts(filter, filters[i].key))
			return filters[i].match(app, row, eq + 1, err);
	return err_set(
	    err, ERR_INVALID,
	    "--filter %s: %s (name, id, status, exited, label, ancestor, before, since, network)",
	    filter, eq ? "unknown key" : "want KEY=VALUE");
}

static bool same_key(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

/* Filters of one key are alternatives (labels: all must match); different keys must all match. */
static int matches(struct app *app, const struct container_row *row, const struct row_query *q,
		   struct err *err)
{
	size_t i, j;
	int any, r;

	if (!q->all && row->status.state != CONTAINER_RUNNING)
		return 0;
	for (i = 0; i < q->filters->n; i++) {
		const char *f = q->filters->v[i];

		any = 0;
		for (j = 0; j < q->filters->n && !any; j++) {
			if (str_starts(f, "label=") ? j != i : !same_key(f, q->filters->v[j]))
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

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct container_row *)a)->c->def.name,
		      ((const struct container_row *)b)->c->def.name);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct container_row *)a)->c->def.id,
		      ((const struct container_row *)b)->c->def.id);
}

static int by_image(const void *a, const void *b)
{
	const char *x = ((const struct container_row *)a)->c->def.image.name;
	const char *y = ((const struct container_row *)b)->c->def.image.name;

	return strcmp(x ? x : "", y ? y : "");
}

static int by_created(const void *a, const void *b)
{
	int64_t x = ((const struct container_row *)a)->c->def.created_at;
	int64_t y = ((const struct container_row *)b)->c->def.created_at;

	return x < y ? -1 : x > y;
}

static int by_started(const void *a, const void *b)
{
	int64_t x = ((const struct container_row *)a)->status.started_at;
	int64_t y = ((const struct container_row *)b)->status.started_at;

	return x < y ? -1 : x > y;
}

static int by_command(const void *a, const void *b)
{
	return strcmp(((const struct container_row *)a)->c->def.process.args.v[0],
		      ((const struct container_row *)b)->c->def.process.args.v[0]);
}

static int by_status(const void *a, const void *b)
{
	return (int)((const struct container_row *)a)->status.state -
	       (int)((const struct container_row *)b)->status.state;
}

static const struct {
	const char *key;
	int (*cmp)(const void *a, const void *b);
} orders[] = {
    {"names", by_name},		{"id", by_id},
    {"image", by_image},	{"created", by_created},
    {"runningfor", by_started}, {"command", by_command},
    {"status", by_status},
};

int container_rows(struct app *app, const struct container_list *list, const struct row_query *q,
		   struct container_row **ret, size_t *ret_n, struct err *err)
{
	AUTO_FREE struct container_row *rows = calloc(list->n + 1, sizeof(*rows));
	size_t i, n = 0, seen;
	int r;

	if (!rows)
		return err_nomem(err);
	for (i = seen = 0; i < list->n && (q->last <= 0 || seen < (size_t)q->last); i++) {
		rows[n] = (struct container_row){.c = list->v[i], .no_trunc = q->no_trunc};
		r = container_get_status(list->v[i], &rows[n].status, err);
		if (r == 0)
			r = matches(app, &rows[n], q, err);
		if (r < 0)
			return r;
		n += (size_t)r;
		seen++;
	}
	for (i = 0; q->sort && i < ARRAY_LEN(orders); i++)
		if (streq(q->sort, orders[i].key))
			qsort(rows, n, sizeof(*rows), orders[i].cmp);
	*ret = TAKE(rows);
	*ret_n = n;
	return 0;
}
