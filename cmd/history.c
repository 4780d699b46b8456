/* kist history */
#include "app.h"
#include "fields.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "json/json.h"
#include "obj.h"
#include "spec/image.h"
#include "store/list.h"
#include "text/report.h"

#include <stdio.h>
#include <stdlib.h>

#define SHORT_ID 12
#define CREATED_BY_MAX 45

struct history_args {
	bool human, no_trunc, quiet;
	const char *format;
};

#define AT(member) offsetof(struct history_args, member)

static const struct opt opts[] = {
    {0, "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, json, or table TEMPLATE"},
    {'H', "human", OPT_FLAG, AT(human), NULL, "Sizes and dates for people (default)"},
    {0, "no-trunc", OPT_FLAG, AT(no_trunc), NULL, "Do not shorten IDs and commands"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print only IDs"},
    {0},
};

/* One step of the image's making. */
struct step {
	const struct history_args *args;
	const struct image_history *h;
	const char *id;		 /* of an image of the store, or "<missing>" */
	const struct strv *tags; /* of that image; NULL: none */
	int64_t size;
};

static const struct step *step_of(const void *row)
{
	return row;
}

FIELD(get_id)
{
	const struct step *s = step_of(row);

	return tmpl_keepf(mem, ret, err, "%.*s",
			  s->args->no_trunc || s->id[0] == '<' ? STORE_ID_LEN : SHORT_ID, s->id);
}

/* Whole seconds, as podman. */
FIELD(get_created_at)
{
	char text[RFC3339_MAX];
	int64_t at = step_of(row)->h->created;

	return tmpl_keepf(mem, ret, err, "%s", time_rfc3339(at - at % NSEC_PER_SEC, text));
}

FIELD(get_created_since)
{
	char words[TIME_WORDS_MAX];

	return tmpl_keepf(mem, ret, err, "%s ago",
			  time_words(time_now_ns() - step_of(row)->h->created, words));
}

FIELD(get_created)
{
	return step_of(row)->args->human ? get_created_since(row, mem, ret, err)
					 : get_created_at(row, mem, ret, err);
}

FIELD(get_created_by)
{
	const struct step *s = step_of(row);
	const char *by = s->h->created_by ? s->h->created_by : "";

	if (s->args->no_trunc || strlen(by) <= CREATED_BY_MAX)
		return tmpl_keepf(mem, ret, err, "%s", by);
	return tmpl_keepf(mem, ret, err, "%.*s...", CREATED_BY_MAX - 3, by);
}

FIELD(get_size)
{
	const struct step *s = step_of(row);
	char human[HUMAN_MAX];

	/* podman's manual says so, and docker does it. */
	if (!s->args->human)
		return tmpl_keepf(mem, ret, err, "%lld", (long long)s->size);
	return tmpl_keepf(mem, ret, err, "%s", human_size_short((uint64_t)s->size, "", human));
}

FIELD(get_comment)
{
	(void)mem;
	(void)err;
	*ret = tmpl_string(step_of(row)->h->comment);
	return 0;
}

FIELD(get_tags)
{
	static const struct strv none = STRV_INIT;

	(void)mem;
	(void)err;
	*ret = tmpl_strv(step_of(row)->tags ? step_of(row)->tags : &none);
	return 0;
}

/* In a list the time is there twice, as in podman's. */
static int put_json(const void *row, bool listed, struct buf *out, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct step *s = step_of(row);
	struct obj o;
	int r = json_new(&doc, err);

	if (r < 0)
		return r;
	o = obj_new(doc, err);
	obj_str(&o, "id", s->id);
	obj_time(&o, "created", s->h->created);
	obj_str(&o, "CreatedBy", s->h->created_by);
	if (s->tags && s->tags->n > 0)
		obj_list(&o, "tags", s->tags);
	obj_int(&o, "size", s->size);
	if (!str_empty(s->h->comment))
		obj_str(&o, "comment", s->h->comment);
	if (listed)
		obj_time(&o, "Created", s->h->created - s->h->created % NSEC_PER_SEC);
	if (o.r == 0)
		json_dump(o.v, JSON_PLAIN, out);
	return o.r;
}

static const struct report_field fields[] = {
    {"ID", "ID", get_id},
    {"Created", "CREATED", get_created},
    {"CreatedAt", "CREATED AT", get_created_at},
    {"CreatedBy", "CREATED BY", get_created_by},
    {"CreatedSince", "CREATED SINCE", get_created_since},
    {"Size", "SIZE", get_size},
    {"Comment", "COMMENT", get_comment},
    {"Tags", "TAGS", get_tags},
    {0},
};

static const struct report_type type = {
    .name = "history",
    .type = "images.historyReporter",
    .fields = fields,
    .table = "{{.ID}}\t{{.Created}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
    .json = put_json,
};

/* ---- which step made which layer ---- */

struct walk {
	const struct store_images *images;
	const struct store_layer_list *layers;
	const struct store_layer_item *at; /* layer of the step */
	bool *told;			   /* image i has a step already */
};

/* The image that ends with this layer, as long as no other step was given to it. */
static void name_step(struct walk *w, struct step *s)
{
	size_t i;

	for (i = 0; w->at && i < w->images->n; i++) {
		const struct store_image *image = w->images->v[i];

		if (w->told[i] || !image->layer || !streq(image->layer, w->at->layer.id))
			continue;
		w->told[i] = true;
		s->id = image->id;
		s->tags = &image->names;
		return;
	}
}

static void fill_steps(struct walk *w, const struct store_image *self,
		       const struct image_config *config, const struct history_args *a,
		       struct step *steps)
{
	size_t i, n = config->n_history;

	for (i = 0; i < w->images->n; i++)
		w->told[i] = streq(w->images->v[i]->id, self->id);
	w->at = store_layer_list_find(w->layers, self->layer);
	for (i = 0; i < n; i++) {
		struct step *s = &steps[i];

		*s = (struct step){.args = a, .h = &config->history[n - 1 - i], .id = "<missing>"};
		if (i == 0) {
			s->id = self->id;
			s->tags = &self->names;
		} else {
			name_step(w, s);
		}
		if (s->h->empty_layer || !w->at)
			continue;
		s->size = w->at->layer.diff_size > 0 ? w->at->layer.diff_size : 0;
		w->at = store_layer_list_find(w->layers, w->at->layer.parent);
	}
}

static int print(const struct history_args *a, const struct step *steps, size_t n, struct err *err)
{
	AUTO_FREE const void **list = calloc(n + 1, sizeof(*list));
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct report report = {
	    .type = &type, .rows = list, .n_rows = n, .format = a->quiet ? "{{.ID}}" : a->format};
	size_t i;
	int r;

	if (!list)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		list[i] = &steps[i];
	r = report_write(&report, &out, err);
	return r < 0 ? r : out_buf(&out, err);
}

static int show(struct app *app, const struct history_args *a, const struct store_image *self,
		const struct image_config *config, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images images = {0};
	AUTO_STORE_LAYER_LIST struct store_layer_list layers = {0};
	AUTO_FREE struct step *steps = calloc(config->n_history + 1, sizeof(*steps));
	AUTO_FREE bool *told = NULL;
	int r;

	r = store_image_list(app->store, &images, err);
	if (r == 0)
		r = store_layer_list(app->store, &layers, err);
	if (r < 0)
		return r;
	told = calloc(images.n + 1, sizeof(*told));
	if (!steps || !told)
		return err_nomem(err);
	fill_steps(&(struct walk){.images = &images, .layers = &layers, .told = told}, self, config,
		   a, steps);
	return print(a, steps, config->n_history, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	int r;

	r = image_get(&ctx, rest->v[0], &image, NULL, err);
	if (r == 0)
		r = image_read_config(&ctx, image, &config, err);
	return r < 0 ? r : show(app, args, image, &config, err);
}

const struct verb verb_history = {
    .path = "history",
    .aliases = "image history",
    .summary = "Show how an image was made",
    .usage = "[options] IMAGE",
    .examples = "kist history --no-trunc --format \"{{.CreatedBy}}\" app",
    .opts = opts,
    .args_size = sizeof(struct history_args),
    .defaults = &(const struct history_args){.human = true},
    .min_args = 1,
    .max_args = 1,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
