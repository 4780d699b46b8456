/* kist images */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "spec/image.h"
#include "store/store.h"
#include "text/report.h"

#include <fnmatch.h>
#include <stdlib.h>

#define SHORT_ID 12

struct images_args {
	bool all, quiet, no_trunc, no_heading, digests;
	const char *format, *sort;
	struct strv filters;
};

#define AT(member) offsetof(struct images_args, member)

static const struct opt opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "Show all images, also intermediate ones"},
    {0, "digests", OPT_FLAG, AT(digests), NULL, "Show digests"},
    {'f', "filter", OPT_STRINGS, AT(filters), "KEY=VALUE", "Show only what matches"},
    {0, "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, json, or table TEMPLATE"},
    {0, "no-trunc", OPT_FLAG, AT(no_trunc), NULL, "Do not shorten IDs"},
    {'n', "noheading", OPT_FLAG, AT(no_heading), NULL, "Leave out the header line"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print only IDs"},
    {0, "sort", OPT_CHOICE, AT(sort), "KEY", "Order of the list",
     .choices = "created|id|repository|size|tag"},
    {0},
};

/* One line: an image under one of its names. */
struct row {
	struct app *app;
	const struct store_image *image;
	char *repository, *tag; /* owned; "<none>" */
	int64_t size;		/* bytes */
	bool no_trunc;
};

static const struct row *row_of(const void *row)
{
	return row;
}

#define FIELD(fn)                                                                                  \
	static int fn(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret,               \
		      struct err *err)

FIELD(get_id)
{
	if (row_of(row)->no_trunc)
		return tmpl_keepf(mem, ret, err, "sha256:%s", row_of(row)->image->id);
	return tmpl_keepf(mem, ret, err, "%.*s", SHORT_ID, row_of(row)->image->id);
}

FIELD(get_whole_id)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(row_of(row)->image->id);
	return 0;
}

FIELD(get_repository)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(row_of(row)->repository);
	return 0;
}

FIELD(get_tag)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(row_of(row)->tag);
	return 0;
}

FIELD(get_digest)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(row_of(row)->image->digest ? row_of(row)->image->digest : "<none>");
	return 0;
}

FIELD(get_created_since)
{
	char words[TIME_WORDS_MAX];

	return tmpl_keepf(mem, ret, err, "%s ago",
			  time_words(time_now_ns() - row_of(row)->image->created, words));
}

FIELD(get_created_at)
{
	char text[RFC3339_MAX];

	(void)time_rfc3339(row_of(row)->image->created, text);
	text[10] = ' ';
	text[strlen(text) - 1] = '\0';
	return tmpl_keepf(mem, ret, err, "%s +0000 UTC", text);
}

FIELD(get_created)
{
	(void)mem;
	(void)err;
	*ret = tmpl_int(row_of(row)->image->created / NSEC_PER_SEC);
	return 0;
}

/* podman puts a blank between number and unit here. */
FIELD(get_size)
{
	char human[HUMAN_MAX];
	size_t digits;

	(void)human_size((uint64_t)row_of(row)->size, human);
	digits = strspn(human, "0123456789.");
	return tmpl_keepf(mem, ret, err, "%.*s %s", (int)digits, human, human + digits);
}

FIELD(get_bytes)
{
	(void)mem;
	(void)err;
	*ret = tmpl_int(row_of(row)->size);
	return 0;
}

FIELD(get_names)
{
	(void)mem;
	(void)err;
	*ret = tmpl_strv(&row_of(row)->image->names);
	return 0;
}

FIELD(get_history)
{
	(void)mem;
	(void)err;
	*ret = tmpl_strv(&row_of(row)->image->names_history);
	return 0;
}

FIELD(get_read_only)
{
	(void)mem;
	(void)err;
	*ret = tmpl_bool(row_of(row)->image->read_only);
	return 0;
}

static const struct report_field fields[] = {
    {"Id", "IMAGE ID", get_whole_id},
    {"ID", "IMAGE ID", get_id, "-"},
    {"Repository", NULL, get_repository, "repository"},
    {"Tag", NULL, get_tag, "tag"},
    {"Digest", NULL, get_digest},
    {"Created", "CREATED", get_created_since, "CreatedSince"},
    {"CreatedSince", "CREATED", get_created_since, "-"},
    {"CreatedAt", NULL, get_created_at},
    {"CreatedTime", NULL, get_created_at, "-"},
    {"CreatedUnix", NULL, get_created, "Created"},
    {"Size", NULL, get_size, "-"},
    {"VirtualSize", NULL, get_size, "-"},
    {"Bytes", NULL, get_bytes, "Size"},
    {"Names", NULL, get_names},
    {"History", NULL, get_history},
    {"ReadOnly", "R/O", get_read_only},
    {0},
};

static const struct report_type type = {
    .name = "images",
    .type = "imageReporter",
    .fields = fields,
    .table = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Created}}\t{{.Size}}",
};
static const struct report_type type_digests = {
    .name = "images",
    .type = "imageReporter",
    .fields = fields,
    .table = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.Created}}\t{{.Size}}",
};

/* ---- which images ---- */

struct rows {
	struct row *v;
	size_t n, cap;
};

static void rows_fini(struct rows *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++) {
		free(rs->v[i].repository);
		free(rs->v[i].tag);
	}
	free(rs->v);
}

/* "host/repo:tag" in its two halves; a digest reference has no tag. */
static int split_name(const char *name, struct row *r, struct err *err)
{
	const char *at = strchr(name, '@'), *slash = strrchr(name, '/');
	const char *colon = at ? NULL : strchr(slash ? slash : name, ':');
	size_t len = at ? (size_t)(at - name) : colon ? (size_t)(colon - name) : strlen(name);

	r->repository = str_dup((struct str){name, len});
	r->tag = strdup(colon ? colon + 1 : "<none>");
	return r->repository && r->tag ? 0 : err_nomem(err);
}

static int add_row(struct rows *rs, const struct row *model, const char *name, struct err *err)
{
	struct row *v;
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
	return split_name(name, &rs->v[rs->n++], err);
}

/* podman images NAME: repository, repository:tag, or the last part of either. */
static bool name_matches(const char *name, const char *wanted)
{
	const char *part = name;
	size_t len = strlen(wanted);

	for (;;) {
		if (strncmp(part, wanted, len) == 0 &&
		    (part[len] == '\0' || part[len] == ':' || part[len] == '@'))
			return true;
		part = strchr(part, '/');
		if (!part)
			return false;
		part++;
	}
}

static bool wanted(const struct store_image *image, const char *name, const struct strv *rest)
{
	if (rest->n == 0)
		return true;
	return name_matches(name, rest->v[0]) || str_starts(image->id, rest->v[0]);
}

static int add_image(struct rows *rs, struct app *app, const struct images_args *a,
		     const struct store_image *image, const struct strv *rest, struct err *err)
{
	struct row model = {.app = app, .image = image, .no_trunc = a->no_trunc};
	size_t i;
	int r;

	r = store_image_size(app->store, image, &model.size, err);
	if (r == 0 && image->names.n == 0 && wanted(image, "", rest))
		r = add_row(rs, &model, "<none>", err);
	for (i = 0; r == 0 && i < image->names.n; i++)
		if (wanted(image, image->names.v[i], rest))
			r = add_row(rs, &model, image->names.v[i], err);
	return r;
}

static int image_time(struct app *app, const char *text, int64_t *ret, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	int r = image_get(&ctx, text, &image, NULL, err);

	if (r == 0)
		*ret = image->created;
	return r;
}

static int match_label(struct app *app, const struct store_image *image, const char *v,
		       struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	const char *eq = strchr(v, '='), *have;
	AUTO_FREE char *key = str_dup((struct str){v, eq ? (size_t)(eq - v) : strlen(v)});
	int r;

	if (!key)
		return err_nomem(err);
	r = image_read_config(&ctx, image, &config, err);
	if (r < 0)
		return r;
	have = strv_env_get(&config.config.labels, key);
	return have && (!eq || streq(have, eq + 1));
}

static int match_filter(struct app *app, const struct store_image *image, const char *f,
			struct err *err)
{
	const char *v;
	int64_t t = 0;
	size_t i;
	int r;

	if ((v = str_after(f, "dangling=")))
		return (image->names.n == 0) == (streq(v, "true") || streq(v, "1"));
	if ((v = str_after(f, "label=")))
		return match_label(app, image, v, err);
	if ((v = str_after(f, "id=")))
		return str_starts(image->id, v);
	if ((v = str_after(f, "readonly=")))
		return image->read_only == streq(v, "true");
	if ((v = str_after(f, "reference="))) {
		for (i = 0; i < image->names.n; i++)
			if (name_matches(image->names.v[i], v) ||
			    fnmatch(v, image->names.v[i], 0) == 0)
				return 1;
		return 0;
	}
	if ((v = str_after(f, "before=")) || (v = str_after(f, "since="))) {
		r = image_time(app, v, &t, err);
		return r < 0			  ? r
		       : str_starts(f, "before=") ? image->created < t
						  : image->created > t;
	}
	return err_set(
	    err, ERR_INVALID,
	    "--filter %s: want dangling=, label=, id=, readonly=, reference=, before= or since=",
	    f);
}

static int matches(struct app *app, const struct images_args *a, const struct store_image *image,
		   struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < a->filters.n; i++) {
		r = match_filter(app, image, a->filters.v[i], err);
		if (r <= 0)
			return r;
	}
	return 1;
}

/* ---- order ---- */

static int by_created(const void *a, const void *b)
{
	int64_t x = row_of(a)->image->created, y = row_of(b)->image->created;

	return x > y ? -1 : x < y;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(row_of(a)->image->id, row_of(b)->image->id);
}

static int by_repository(const void *a, const void *b)
{
	return strcmp(row_of(a)->repository, row_of(b)->repository);
}

static int by_tag(const void *a, const void *b)
{
	return strcmp(row_of(a)->tag, row_of(b)->tag);
}

static int by_size(const void *a, const void *b)
{
	return row_of(a)->size < row_of(b)->size ? -1 : row_of(a)->size > row_of(b)->size;
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

static int print(const struct images_args *a, const struct rows *rs, struct err *err)
{
	AUTO_FREE const void **list = calloc(rs->n + 1, sizeof(*list));
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct report report = {
	    .type = a->digests ? &type_digests : &type,
	    .rows = list,
	    .format = a->quiet ? "{{.ID}}" : a->format,
	    .no_heading = a->no_heading,
	};
	size_t i;
	int r;

	if (!list)
		return err_nomem(err);
	for (i = 0; i < rs->n; i++)
		/* With --quiet an image of several names is one ID. */
		if (!a->quiet || i == 0 || rs->v[i].image != rs->v[i - 1].image)
			list[report.n_rows++] = &rs->v[i];
	r = report_write(&report, &out, err);
	return r < 0 ? r : out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	AUTO(rows_fini) struct rows rs = {0};
	const struct images_args *a = args;
	size_t i;
	int r;

	r = store_image_list(app->store, &list, err);
	for (i = 0; r >= 0 && i < list.n; i++) {
		r = matches(app, a, list.v[i], err);
		if (r > 0)
			r = add_image(&rs, app, a, list.v[i], rest, err);
	}
	if (r < 0)
		return r;
	sort_rows(&rs, a->sort);
	return print(a, &rs, err);
}

const struct verb verb_images = {
    .path = "images",
    .aliases = "image ls|image list",
    .summary = "List images of the store",
    .usage = "[options] [IMAGE]",
    .examples = "kist images --format \"{{.Repository}}:{{.Tag}} {{.Size}}\"",
    .opts = opts,
    .args_size = sizeof(struct images_args),
    .max_args = 1,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
