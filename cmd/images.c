/* kist images */
#include "app.h"
#include "image_filter.h"
#include "image_row.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/container.h"
#include "spec/image.h"
#include "store/store.h"
#include "text/report.h"

#include <stdlib.h>

#define TABLE_MAX 1024

struct images_args {
	bool all, quiet, no_trunc, no_heading, digests, history;
	const char *format, *sort;
	struct strv filters;
};

#define AT(member) offsetof(struct images_args, member)

static const struct opt opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "Also nameless images that others were made of"},
    {0, "digests", OPT_FLAG, AT(digests), NULL, "Show digests"},
    {'f', "filter", OPT_STRINGS, AT(filters), "KEY=VALUE", "Show only what matches"},
    {0, "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, json, or table TEMPLATE"},
    {0, "history", OPT_FLAG, AT(history), NULL, "Show the names that images had"},
    {0, "no-trunc", OPT_FLAG, AT(no_trunc), NULL, "Do not shorten IDs"},
    {'n', "noheading", OPT_FLAG, AT(no_heading), NULL, "Leave out the header line"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print only IDs"},
    {0, "sort", OPT_CHOICE, AT(sort), "KEY", "Order of the list",
     .choices = "created|id|repository|size|tag"},
    {0},
};

/* ---- which images ---- */

struct rows {
	struct image_row *v;
	size_t n, cap;
	struct store_images images; /* without inventory */
	struct inventory inv;
	bool has_inventory, any_read_only, several_stores;
	struct image_config *configs; /* by index of the images; NULL: not needed */
	size_t n_configs;
};

static void rows_fini(struct rows *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		image_row_fini(&rs->v[i]);
	free(rs->v);
	for (i = 0; i < rs->n_configs; i++)
		image_config_fini(&rs->configs[i]);
	free(rs->configs);
	store_images_fini(&rs->images);
	inventory_fini(&rs->inv);
}

static const struct store_images *all_images(const struct rows *rs)
{
	return rs->has_inventory ? &rs->inv.images : &rs->images;
}

/* Without --all, nameless images that others were made of are not shown: their configurations tell.
 */
static bool has_nameless(const struct store_images *images)
{
	size_t i;

	for (i = 0; i < images->n; i++)
		if (images->v[i]->names.n == 0)
			return true;
	return false;
}

static int load(struct app *app, const struct images_args *a, const struct image_filter *f,
		struct rows *rs, struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	bool inventory =
	    f->needs_inventory || (!a->quiet && (image_row_wants_containers(a->format) ||
						 image_row_wants_parent(a->format)));
	int r;

	r = store_image_list(app->store, &rs->images, err);
	if (r == 0 && (inventory || (!a->all && has_nameless(&rs->images)))) {
		r = app_need_containers(app, err);
		if (r == 0)
			r = inventory_load(&ctx, containers_of_image, app->containers, false,
					   &rs->inv, err);
		rs->has_inventory = r == 0;
	}
	if (r < 0 || a->quiet || !image_row_wants_config(a->format))
		return r;
	rs->n_configs = all_images(rs)->n;
	rs->configs = calloc(rs->n_configs + 1, sizeof(*rs->configs));
	return rs->configs ? 0 : err_nomem(err);
}

static int add_row(struct rows *rs, const struct image_row *model, const char *name,
		   struct err *err)
{
	struct image_row *v;
	size_t cap;

	if (rs->n == rs->cap) {
		cap = rs->cap ? rs->cap * 2 : 64;
		v = reallocarray(rs->v, cap, sizeof(*v));
		if (!v)
			return err_nomem(err);
		rs->v = v;
		rs->cap = cap;
	}
	rs->v[rs->n] = *model;
	rs->v[rs->n].at = rs->n;
	rs->n++;
	return image_split_name(name, &rs->v[rs->n - 1].repository, &rs->v[rs->n - 1].tag, err);
}

/* A line for each name with a tag; else one for the first name, or for none. */
static int add_names(struct rows *rs, const struct image_row *model, struct err *err)
{
	const struct strv *names = &model->image->names;
	bool tagged = false;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < names->n; i++)
		if (!strchr(names->v[i], '@')) {
			r = add_row(rs, model, names->v[i], err);
			tagged = true;
		}
	if (r < 0 || tagged)
		return r;
	return add_row(rs, model, names->n ? names->v[0] : "<none>", err);
}

static int add_image(struct rows *rs, struct app *app, const struct images_args *a, size_t i,
		     struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	struct image_row model = {.image = all_images(rs)->v[i], .no_trunc = a->no_trunc};
	struct err broken = ERR_INIT;
	int r;

	r = store_image_size(app->store, model.image, &model.size, &broken);
	if (r == -ERR_CORRUPT) {
		/* One broken image does not hide the others. */
		say("Warning: %s (see kist system check)", broken.text);
		err_clear(&broken);
	} else if (r < 0) {
		*err = broken;
		return r;
	}
	/* A manifest list has no configuration, and a damaged one is for `system check`. */
	if (rs->configs && image_read_config(&ctx, model.image, &rs->configs[i], &broken) == 0)
		model.config = &rs->configs[i];
	model.containers = rs->has_inventory ? rs->inv.users[i] : 0;
	if (!a->quiet && image_row_wants_parent(a->format))
		model.parent = inventory_parent(&ctx, &rs->inv, model.image);
	rs->any_read_only = rs->any_read_only || model.image->read_only;
	rs->several_stores = rs->several_stores || model.image->where > 0;
	return add_names(rs, &model, err);
}

static int add_images(struct rows *rs, struct app *app, const struct images_args *a,
		      const struct image_filter *f, struct err *err)
{
	const struct store_images *images = all_images(rs);
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < images->n; i++) {
		if (!a->all && images->v[i]->names.n == 0 && rs->has_inventory && f->n == 0 &&
		    inventory_has_child(&rs->inv, i, NULL))
			continue;
		r = image_filter_matches(app, f, images->v[i], &rs->inv, i, err);
		if (r > 0)
			r = add_image(rs, app, a, i, err);
	}
	return r < 0 ? r : 0;
}

/* ---- order ---- */

static int in_store(const struct image_row *x, const struct image_row *y)
{
	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_created(const void *a, const void *b)
{
	const struct image_row *x = a, *y = b;

	if (x->image->created != y->image->created)
		return x->image->created > y->image->created ? -1 : 1;
	return in_store(x, y);
}

static int by_id(const void *a, const void *b)
{
	const struct image_row *x = a, *y = b;
	int r = strcmp(x->image->id, y->image->id);

	return r ? r : in_store(x, y);
}

static int by_tag(const void *a, const void *b)
{
	const struct image_row *x = a, *y = b;
	int r = strcmp(x->tag, y->tag);

	return r ? r : in_store(x, y);
}

static int by_repository(const void *a, const void *b)
{
	const struct image_row *x = a, *y = b;
	int r = strcmp(x->repository, y->repository);

	return r ? r : by_tag(a, b);
}

static int by_size(const void *a, const void *b)
{
	const struct image_row *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return in_store(x, y);
}

static void sort_rows(struct rows *rs, const char *key)
{
	static const struct {
		const char *key;
		int (*cmp)(const void *a, const void *b);
	} orders[] = {{"created", by_created},
		      {"id", by_id},
		      {"repository", by_repository},
		      {"tag", by_tag},
		      {"size", by_size}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(orders); i++)
		if (rs->n > 0 && streq(key ? key : "created", orders[i].key))
			qsort(rs->v, rs->n, sizeof(*rs->v), orders[i].cmp);
}

/* ---- printing ---- */

static void add_columns(const struct images_args *a, const struct rows *rs, struct buf *table)
{
	buf_adds(table, "{{.Repository}}\t{{.Tag}}");
	if (a->digests)
		buf_adds(table, "\t{{.Digest}}");
	buf_adds(table, "\t{{.ID}}\t{{.Created}}\t{{.Size}}");
	if (a->history)
		buf_adds(table, "\t{{or .History \"<none>\"}}");
	if (rs->any_read_only)
		buf_adds(table, "\t{{.ReadOnly}}");
}

/* With --quiet an image is one ID, whatever names it has and in how many stores it is. */
static bool seen_before(const struct rows *rs, size_t i)
{
	size_t k = i;

	while (k-- > 0)
		if (rs->v[k].image == rs->v[i].image || by_id(&rs->v[k], &rs->v[i]) == 0)
			return true;
	return false;
}

static int print(const struct images_args *a, const struct rows *rs, struct err *err)
{
	AUTO_FREE const void **list = calloc(rs->n + 1, sizeof(*list));
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX), table = BUF_INIT(TABLE_MAX);
	struct report_type type = image_row_type;
	bool quiet = a->quiet && !report_is_json(a->format);
	struct report report = {
	    .type = &type,
	    .rows = list,
	    .format = quiet ? "{{.ID}}" : a->format,
	    .no_heading = a->no_heading,
	};
	size_t i;
	int r;

	if (!list)
		return err_nomem(err);
	for (i = 0; i < rs->n; i++)
		if (!quiet || (rs->v[i].image->names.n < 2 && !rs->several_stores) ||
		    !seen_before(rs, i))
			list[report.n_rows++] = &rs->v[i];
	add_columns(a, rs, &table);
	type.table = buf_str(&table);
	r = report_write(&report, &out, err);
	return r < 0 ? r : out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_IMAGE_FILTER struct image_filter filter = {0};
	AUTO_STRV struct strv filters = STRV_INIT;
	AUTO(rows_fini) struct rows rs = {0};
	const struct images_args *a = args;
	int r;

	if (rest->n > 0 && a->filters.n > 0)
		return err_set(err, ERR_INVALID, "cannot specify an image and a filter(s)");
	r = strv_copy(&filters, &a->filters, err);
	if (r == 0 && rest->n > 0)
		r = strv_addf(&filters, err, "reference=%s", rest->v[0]);
	if (r == 0)
		r = image_filter_read(app, &filters, &filter, err);
	if (r == 0)
		r = load(app, a, &filter, &rs, err);
	if (r == 0)
		r = add_images(&rs, app, a, &filter, err);
	if (r < 0)
		return r;
	sort_rows(&rs, a->sort);
	return print(a, &rs, err);
}

const struct verb verb_images = {
    .path = "images",
    .aliases = "image ls|image list",
    .summary = "List images of the store",
    .help = "Filters: reference=PATTERN, label=KEY[=VALUE], dangling=BOOL, containers=BOOL,\n"
	    "intermediate=BOOL, manifest=BOOL, readonly=BOOL, before=IMAGE, since=IMAGE,\n"
	    "after=IMAGE, until=TIME, id=ID, digest=sha256:...; each also with != instead of =.",
    .usage = "[options] [IMAGE]",
    .examples = "kist images --format \"{{.Repository}}:{{.Tag}} {{.Size}}\"\n"
		"kist images --filter dangling=true --quiet",
    .opts = opts,
    .args_size = sizeof(struct images_args),
    .max_args = 1,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
