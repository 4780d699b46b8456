/* kist system df */
#include "app.h"
#include "fields.h"
#include "image_row.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "container/container.h"
#include "image/inventory.h"
#include "image/measure.h"
#include "text/report.h"
#include "text/table.h"

#include <stdlib.h>

struct df_args {
	const char *format;
	bool verbose;
};

static const struct opt opts[] = {
    {0, "format", OPT_STRING, offsetof(struct df_args, format), "TEMPLATE",
     "Go template, json, or table TEMPLATE"},
    {'v', "verbose", OPT_FLAG, offsetof(struct df_args, verbose), NULL,
     "Show each image and container"},
    {0},
};

/* ---- the summary ---- */

struct df_row {
	const char *type;
	size_t total, active;
	uint64_t size, reclaimable; /* bytes */
};

static const struct df_row *row_of(const void *row)
{
	return row;
}

FIELD(get_type)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(row_of(row)->type);
	return 0;
}

PLAIN(get_total, tmpl_int((int64_t)row_of(row)->total))
PLAIN(get_active, tmpl_int((int64_t)row_of(row)->active))
PLAIN(get_raw_size, tmpl_int((int64_t)row_of(row)->size))
PLAIN(get_raw_reclaimable, tmpl_int((int64_t)row_of(row)->reclaimable))

FIELD(get_size)
{
	char human[HUMAN_MAX];

	return tmpl_keepf(mem, ret, err, "%s", human_size(row_of(row)->size, human));
}

FIELD(get_reclaimable)
{
	const struct df_row *r = row_of(row);
	int percent = r->size ? (int)(100.0 * (double)r->reclaimable / (double)r->size + 0.5) : 0;
	char human[HUMAN_MAX];

	return tmpl_keepf(mem, ret, err, "%s (%d%%)", human_size(r->reclaimable, human), percent);
}

static const struct report_field fields[] = {
    {"Type", NULL, get_type},
    {"Total", NULL, get_total},
    {"Active", NULL, get_active},
    {"RawSize", "RAW SIZE", get_raw_size},
    {"RawReclaimable", "RAW RECLAIMABLE", get_raw_reclaimable},
    {"TotalCount", "TOTAL COUNT", get_total},
    {"Size", NULL, get_size},
    {"Reclaimable", NULL, get_reclaimable},
    {0},
};

static const struct report_type type = {
    .name = "df",
    .type = "*system.dfSummary",
    .fields = fields,
    .table = "{{.Type}}\t{{.Total}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
};

/* ---- counting ---- */

struct usage {
	struct inventory inv;
	struct container_list list;
	struct container_status *status; /* by index of list */
	uint64_t *bytes;		 /* the same */
	uint64_t whole, downloads;	 /* of the graphroot, and in kist/downloads */
};

static void usage_fini(struct usage *u)
{
	inventory_fini(&u->inv);
	container_list_fini(&u->list);
	free(u->status);
	free(u->bytes);
}

static int measure_rest(struct app *app, struct usage *u, struct err *err)
{
	AUTO_STRV struct strv paths = STRV_INIT;
	AUTO_FREE uint64_t *bytes = calloc(u->list.n + 2, sizeof(*bytes));
	size_t i;
	int r = 0;

	if (!bytes)
		return err_nomem(err);
	for (i = 0; r == 0 && i < u->list.n; i++)
		r = strv_addf(&paths, err, "kist/containers/%s", u->list.v[i]->def.id);
	if (r == 0)
		r = strv_add(&paths, ".", err);
	if (r == 0)
		r = strv_add(&paths, "kist/downloads", err);
	if (r == 0)
		r = store_measure(app->store, &paths, bytes, err);
	if (r < 0)
		return r;
	u->whole = bytes[u->list.n];
	u->downloads = bytes[u->list.n + 1];
	u->bytes = TAKE(bytes);
	return 0;
}

static int usage_load(struct app *app, struct usage *u, struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	size_t i;
	int r;

	r = inventory_load(&ctx, containers_of_image, app->containers, true, &u->inv, err);
	if (r == 0)
		r = containers_list(app->containers, &u->list, err);
	if (r == 0)
		r = measure_rest(app, u, err);
	if (r < 0)
		return r;
	u->status = calloc(u->list.n + 1, sizeof(*u->status));
	if (!u->status)
		return err_nomem(err);
	for (i = 0; r == 0 && i < u->list.n; i++)
		r = container_get_status(u->list.v[i], &u->status[i], err);
	return r;
}

static int count_images(const struct usage *u, struct df_row *row, struct err *err)
{
	AUTO_FREE bool *gone = calloc(u->inv.images.n + 1, sizeof(*gone));
	size_t i;

	row->size = inventory_all_bytes(&u->inv);
	row->total = u->inv.images.n;
	for (i = 0; gone && i < u->inv.images.n; i++) {
		row->active += u->inv.users[i] > 0;
		gone[i] = u->inv.users[i] == 0 && !u->inv.images.v[i]->read_only;
	}
	if (!gone || !inventory_freed_bytes(&u->inv, gone, &row->reclaimable))
		return err_nomem(err);
	return 0;
}

static void count_containers(const struct usage *u, struct df_row *row)
{
	size_t i;

	row->total = u->list.n;
	for (i = 0; i < u->list.n; i++) {
		bool runs = u->status[i].state == CONTAINER_RUNNING;

		row->active += runs;
		row->size += u->bytes[i];
		row->reclaimable += runs ? 0 : u->bytes[i];
	}
}

/* Layers that no image has, what was downloaded of broken-off pulls, and the store's own files:
 * what is needed for the sum to be what du says. */
static void count_other(const struct usage *u, const struct df_row *images,
			const struct df_row *containers, struct df_row *row)
{
	uint64_t known = images->size + containers->size;
	size_t i;

	row->size = u->whole > known ? u->whole - known : 0;
	row->reclaimable = u->downloads;
	for (i = 0; i < u->inv.layers.n; i++) {
		if (u->inv.sharers[i] > 0 || u->inv.layers.v[i].kind != STORE_LAYER_ORDINARY)
			continue;
		row->total++;
	}
}

static int print_summary(const struct usage *u, const char *format, struct err *err)
{
	struct df_row rows[] = {{"Images"}, {"Containers"}, {"Local Volumes"}, {"Other"}};
	const void *list[] = {&rows[0], &rows[1], &rows[2], &rows[3]};
	struct report report = {
	    .type = &type, .rows = list, .n_rows = ARRAY_LEN(rows), .format = format};
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	int r;

	r = count_images(u, &rows[0], err);
	if (r < 0)
		return r;
	count_containers(u, &rows[1]);
	count_other(u, &rows[0], &rows[1], &rows[3]);
	r = report_write(&report, &out, err);
	return r < 0 ? r : out_buf(&out, err);
}

/* ---- every single one ---- */

static int add_image(struct buf *out, const struct usage *u, size_t i, const char *name,
		     struct err *err)
{
	const struct store_image *image = u->inv.images.v[i];
	AUTO_FREE char *repository = NULL, *tag = NULL;
	uint64_t all = inventory_image_bytes(&u->inv, i),
		 unique = inventory_unique_bytes(&u->inv, i);
	char words[TIME_WORDS_MAX], size[HUMAN_MAX], shared[HUMAN_MAX], own[HUMAN_MAX];
	int r = image_split_name(name, &repository, &tag, err);

	if (r < 0)
		return r;
	buf_addf(out, "%s\t%s\t%.12s\t%s\t%s\t%s\t%s\t%zu\n", repository, tag, image->id,
		 time_words(time_now_ns() - image->created, words), human_size(all, size),
		 human_size(all - unique, shared), human_size(unique, own), u->inv.users[i]);
	return 0;
}

static int add_images(struct buf *out, const struct usage *u, struct err *err)
{
	size_t i, k;
	int r = 0;

	buf_adds(out, "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\tSHARED SIZE\tUNIQUE SIZE\t"
		      "CONTAINERS\n");
	for (i = 0; r == 0 && i < u->inv.images.n; i++) {
		const struct strv *names = &u->inv.images.v[i]->names;

		if (names->n == 0)
			r = add_image(out, u, i, "<none>", err);
		for (k = 0; r == 0 && k < names->n; k++)
			r = add_image(out, u, i, names->v[k], err);
	}
	return r;
}

static int add_containers(struct buf *out, const struct usage *u, struct err *err)
{
	char words[TIME_WORDS_MAX], size[HUMAN_MAX];
	size_t i, k;

	(void)err;
	buf_adds(out,
		 "CONTAINER ID\tIMAGE\tCOMMAND\tLOCAL VOLUMES\tSIZE\tCREATED\tSTATUS\tNAMES\n");
	for (i = 0; i < u->list.n; i++) {
		const struct container_def *def = &u->list.v[i]->def;

		buf_addf(out, "%.12s\t%.12s\t", def->id, def->image.id ? def->image.id : "");
		for (k = 0; k < def->process.args.n; k++)
			buf_addf(out, "%s%s", k ? " " : "", def->process.args.v[k]);
		buf_addf(out, "\t0\t%s\t%s\t%s\t%s\n", human_size(u->bytes[i], size),
			 time_words(time_now_ns() - def->created_at, words),
			 container_state_name(u->status[i].state), def->name);
	}
	return 0;
}

static int add_table(struct buf *out, const char *title,
		     int (*add)(struct buf *, const struct usage *, struct err *),
		     const struct usage *u, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(OUT_MAX);
	int r = add(&text, u, err);

	if (r < 0)
		return r;
	buf_addf(out, "%s space usage:\n\n", title);
	return table_align((struct str){buf_str(&text), text.len}, out, err);
}

static int add_volumes(struct buf *out, const struct usage *u, struct err *err)
{
	(void)u;
	(void)err;
	buf_adds(out, "VOLUME NAME\tLINKS\tSIZE\n");
	return 0;
}

static int print_each(const struct usage *u, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	int r;

	r = add_table(&out, "Images", add_images, u, err);
	buf_addc(&out, '\n');
	if (r == 0)
		r = add_table(&out, "Containers", add_containers, u, err);
	buf_addc(&out, '\n');
	if (r == 0)
		r = add_table(&out, "Local Volumes", add_volumes, u, err);
	return r < 0 ? r : out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO(usage_fini) struct usage u = {0};
	const struct df_args *a = args;
	int r;

	(void)rest;
	if (a->verbose && a->format)
		return err_set(err, ERR_INVALID, "cannot combine --format and --verbose flags");
	r = usage_load(app, &u, err);
	if (r < 0)
		return r;
	return a->verbose ? print_each(&u, err) : print_summary(&u, a->format, err);
}

const struct verb verb_df = {
    .path = "system df",
    .summary = "Show what takes how much of the disk",
    .help = "Shows bytes on disk: the rows add up to what du says of the store. What is shared\n"
	    "is counted once. Other are layers that no image has (TOTAL counts them), parts of\n"
	    "images whose pull was broken off, other tools' containers, and the store's own files.",
    .usage = "[options]",
    .opts = opts,
    .args_size = sizeof(struct df_args),
    .needs = NEED_IMAGES | NEED_CONTAINERS,
    .run = run,
};
