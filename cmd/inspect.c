/* kist inspect */
#include "inspect_make.h"
#include "pick.h"
#include "tmpl_json.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"

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

/* Containers come first, as their names are short. 1 found, 0 there is nothing of that name. */
static int find_container(struct app *app, const struct inspect_args *a, const char *name,
			  struct json_doc *doc, struct json **ret, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	int r = container_open(app->containers, name, &c, err);

	if (r == -ERR_NOT_FOUND) {
		if (streq(a->type, "container"))
			return r;
		err_clear(err);
		return 0;
	}
	if (r == 0)
		r = inspect_container(app, c, a->size, doc, ret, err);
	return r < 0 ? r : 1;
}

static int find_image(struct app *app, const char *name, struct json_doc *doc, struct json **ret,
		      struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	int r = image_find(&ctx, name, &image, NULL, err);

	if (r > 0)
		r = inspect_image(app, image, doc, ret, err);
	else if (r == 0)
		return 0;
	return r < 0 ? r : 1;
}

static int inspect_one(struct app *app, const struct inspect_args *a, const char *name,
		       struct json_doc *doc, struct json **ret, struct err *err)
{
	int r = 0;

	if (!streq(a->type, "image"))
		r = find_container(app, a, name, doc, ret, err);
	if (r == 0 && !streq(a->type, "container"))
		r = find_image(app, name, doc, ret, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "inspecting object: no such object: \"%s\"",
			       name);
	return r < 0 ? r : 0;
}

static int inspect_latest(struct app *app, const struct inspect_args *a, struct json_doc *doc,
			  struct json *list, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	struct json *v = NULL;
	int r = container_open_latest(app->containers, &c, err);

	if (r == 0)
		r = inspect_container(app, c, a->size, doc, &v, err);
	return r < 0 ? r : json_append(list, v, err);
}

static int print(const char *format, const struct json *list, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	const struct json *v;
	int r = 0;

	if (!format || streq(format, "json")) {
		json_dump(list, JSON_INDENT4 | JSON_PLAIN, &out);
		buf_addc(&out, '\n');
		return out_buf(&out, err);
	}
	JSON_EACH(v, list)
	{
		if (r == 0)
			r = tmpl_render("inspect", format, tmpl_of_json(v), &out, err);
		buf_addc(&out, '\n');
	}
	return r < 0 ? r : out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct inspect_args *a = args;
	struct err first = ERR_INIT;
	struct json *list, *v = NULL;
	size_t i;
	int r, code = 0;

	if (!a->latest && rest->n == 0)
		return err_set(err, ERR_INVALID, "no names or ids specified");
	r = json_new(&doc, err);
	if (r < 0)
		return r;
	list = json_array(doc);
	if (a->latest)
		r = inspect_latest(app, a, doc, list, err);
	for (i = 0; r == 0 && i < rest->n; i++) {
		struct err one = ERR_INIT;

		if (inspect_one(app, a, rest->v[i], doc, &v, &one) < 0) {
			first = one;
			code = EXIT_ENGINE;
			if (one.code != ERR_NOT_FOUND)
				break;
			say_error(&one);
			continue;
		}
		r = json_append(list, v, err);
	}
	if (r == 0)
		r = print(a->format, list, err);
	if (r == 0 && code && first.code != ERR_NOT_FOUND) {
		*err = first;
		return -(int)first.code;
	}
	return r < 0 ? r : code;
}

const struct verb verb_inspect = {
    .path = "inspect",
    .aliases = "container inspect|image inspect",
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
