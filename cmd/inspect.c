/* kist inspect, kist container inspect, kist image inspect */
#include "inspect_make.h"
#include "inspect_shapes.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "text/report.h"

#include <stdlib.h>

struct inspect_args {
	const char *format, *type;
	bool size, latest;
};

#define AT(member) offsetof(struct inspect_args, member)

static const struct opt opts[] = {
    {'f', "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, or json"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {'s', "size", OPT_FLAG, AT(size), NULL, "Show sizes of containers"},
    {'t', "type", OPT_CHOICE, AT(type), "TYPE", "What the names are",
     .choices = "all|container|image"},
    {0},
};

/* A document that was found, and what it is of. */
struct found {
	struct json_doc *doc;
	struct json *list;
	struct shaped *v;
	size_t n;
};

static int add_found(struct found *f, const struct shape *shape, struct json *v, struct err *err)
{
	f->v[f->n++] = (struct shaped){shape, v};
	return json_append(f->list, v, err);
}

/* Containers come first, as their names are short. 1 found, 0 there is nothing of that name. */
static int find_container(struct app *app, const struct inspect_args *a, const char *name,
			  struct found *f, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	struct json *v = NULL;
	int r = container_open(app->containers, name, &c, err);

	if (r == -ERR_NOT_FOUND && !streq(a->type, "container")) {
		err_clear(err);
		return 0;
	}
	if (r == 0)
		r = inspect_container(app, c, a->size, f->doc, &v, err);
	if (r == 0)
		r = add_found(f, &inspect_container_shape, v, err);
	return r < 0 ? r : 1;
}

static int find_image(struct app *app, const struct inspect_args *a, const char *name,
		      struct found *f, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	struct json *v = NULL;
	int r = image_find(&ctx, name, &image, NULL, err);

	if (r == 0 && streq(a->type, "image"))
		return err_set(err, ERR_NOT_FOUND, "%s: image not known", name);
	if (r <= 0)
		return r;
	r = inspect_image(app, image, f->doc, &v, err);
	if (r == 0)
		r = add_found(f, &inspect_image_shape, v, err);
	return r < 0 ? r : 1;
}

static int inspect_one(struct app *app, const struct inspect_args *a, const char *name,
		       struct found *f, struct err *err)
{
	int r = 0;

	if (!streq(a->type, "image"))
		r = find_container(app, a, name, f, err);
	if (r == 0 && !streq(a->type, "container"))
		r = find_image(app, a, name, f, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "no such object: \"%s\"", name);
	return r < 0 ? r : 0;
}

static int inspect_latest(struct app *app, const struct inspect_args *a, struct found *f,
			  struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	struct json *v = NULL;
	int r = container_open_latest(app->containers, &c, err);

	if (r == 0)
		r = inspect_container(app, c, a->size, f->doc, &v, err);
	return r < 0 ? r : add_found(f, &inspect_container_shape, v, err);
}

static int print(const char *format, const struct found *f, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);

	if (!str_empty(format) && !report_is_json(format))
		return shape_print("inspect", f->v, f->n, false, format, err);
	json_dump(f->list, JSON_INDENT4 | JSON_PLAIN, &out);
	buf_addc(&out, '\n');
	return out_buf(&out, err);
}

static int check(const struct inspect_args *a, const struct strv *rest, struct err *err)
{
	if (!a->latest && rest->n == 0)
		return err_set(err, ERR_INVALID, "no names or ids specified");
	if (a->latest && rest->n > 0)
		return err_set(err, ERR_INVALID, "--latest and arguments cannot be used together");
	if (streq(a->type, "image") && (a->latest || a->size))
		return err_set(err, ERR_INVALID, "%s is not supported for type \"image\"",
			       a->latest ? "latest" : "size");
	return 0;
}

/* Those that were found are shown, whatever the others were; the first error is the last word. */
static int inspect(struct app *app, const struct inspect_args *a, const struct strv *rest,
		   struct found *f, struct err *err)
{
	struct err first = ERR_INIT;
	size_t i;
	int r = 0;

	if (a->latest)
		r = inspect_latest(app, a, f, err);
	for (i = 0; r == 0 && i < rest->n; i++) {
		struct err one = ERR_INIT;

		if (inspect_one(app, a, rest->v[i], f, &one) == 0)
			continue;
		if (one.code != ERR_NOT_FOUND) {
			*err = one;
			return -(int)one.code;
		}
		if (first.code == ERR_NONE)
			first = one;
		else
			say_error(&one);
	}
	if (r == 0)
		r = print(a->format, f, err);
	if (r == 0 && first.code != ERR_NONE) {
		*err = first;
		r = -(int)first.code;
	}
	return r;
}

static int inspect_args(struct app *app, const struct inspect_args *a, const struct strv *rest,
			struct err *err)
{
	AUTO_FREE struct shaped *v = calloc(rest->n + 1, sizeof(*v));
	AUTO_JSON struct json_doc *doc = NULL;
	struct found f = {.v = v};
	int r = check(a, rest, err);

	if (r == 0)
		r = json_new(&doc, err);
	if (r < 0)
		return r;
	f.doc = doc;
	f.list = json_array(doc);
	if (!v || !f.list)
		return err_nomem(err);
	return inspect(app, a, rest, &f, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	return inspect_args(app, args, rest, err);
}

const struct verb verb_inspect = {
    .path = "inspect",
    .summary = "Show all that is known of containers and images",
    .usage = "[options] NAME [NAME...]",
    .examples = "kist inspect --format \"{{.State.Status}}\" web",
    .opts = opts,
    .args_size = sizeof(struct inspect_args),
    .defaults = &(const struct inspect_args){.type = "all"},
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .run = run,
};

static const struct opt container_opts[] = {
    {'f', "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, or json"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {'s', "size", OPT_FLAG, AT(size), NULL, "Show sizes"},
    {0},
};

const struct verb verb_container_inspect = {
    .path = "container inspect",
    .summary = "Show all that is known of containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .opts = container_opts,
    .args_size = sizeof(struct inspect_args),
    .defaults = &(const struct inspect_args){.type = "container"},
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run,
};

static const struct opt image_opts[] = {
    {'f', "format", OPT_STRING, AT(format), "TEMPLATE", "Go template, or json"},
    {0},
};

const struct verb verb_image_inspect = {
    .path = "image inspect",
    .summary = "Show all that is known of images",
    .usage = "[options] IMAGE [IMAGE...]",
    .opts = image_opts,
    .args_size = sizeof(struct inspect_args),
    .defaults = &(const struct inspect_args){.type = "image"},
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
