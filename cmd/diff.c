/* kist diff, image diff, container diff */
#include "app.h"
#include "pick.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/changes.h"
#include "image/diff.h"
#include "json/json.h"

#include <stdlib.h>

struct diff_args {
	const char *format;
	bool latest;
};

#define AT(member) offsetof(struct diff_args, member)

static const struct opt opts[] = {
    {0, "format", OPT_CHOICE, AT(format), "FORMAT", "Another form of output", .choices = "json"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The container created last"},
    {0},
};

static const struct opt image_opts[] = {
    {0, "format", OPT_CHOICE, AT(format), "FORMAT", "Another form of output", .choices = "json"},
    {0},
};

/* What an engine puts into every container is no change of it. */
static bool is_ours(const char *path)
{
	static const char *const ours[] = {
	    "/dev",  "/etc/hostname", "/etc/hosts",	    "/etc/mtab",    "/etc/resolv.conf",
	    "/proc", "/run",	      "/run/.containerenv", "/run/secrets", "/sys",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ours); i++)
		if (streq(path, ours[i]))
			return true;
	return false;
}

static int add_list(struct json_doc *doc, struct json *root, const char *name, char letter,
		    const struct strv *lines, struct err *err)
{
	struct json *list = json_array(doc);
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < lines->n; i++)
		if (lines->v[i][0] == letter)
			r = json_append(list, json_string(doc, lines->v[i] + 2), err);
	if (r < 0 || json_count(list) == 0)
		return r;
	return json_set(doc, root, name, list, err);
}

static int print_json(const struct strv *lines, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *root;
	int r;

	r = json_new(&doc, err);
	if (r < 0)
		return r;
	root = json_object(doc);
	r = add_list(doc, root, "changed", 'C', lines, err);
	if (r == 0)
		r = add_list(doc, root, "added", 'A', lines, err);
	if (r == 0)
		r = add_list(doc, root, "deleted", 'D', lines, err);
	if (r < 0)
		return r;
	json_dump(root, JSON_INDENT4, &out);
	buf_addc(&out, '\n');
	return out_buf(&out, err);
}

static int print(const struct diff_args *a, struct strv *lines, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	size_t i;

	for (i = lines->n; i > 0; i--)
		if (is_ours(lines->v[i - 1] + 2))
			strv_remove(lines, i - 1);
	if (a->format)
		return print_json(lines, err);
	for (i = 0; i < lines->n; i++)
		buf_addf(&out, "%s\n", lines->v[i]);
	return out_buf(&out, err);
}

static int run_image(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	AUTO_STRV struct strv lines = STRV_INIT;
	int r = image_diff(&ctx, rest->v[0], &lines, err);

	return r < 0 ? r : print(args, &lines, err);
}

static int diff_container(struct app *app, const struct container *c, const struct diff_args *a,
			  struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	AUTO_STRV struct strv lines = STRV_INIT;
	AUTO_CLOSE int upper = -1;
	int r = container_open_upper((struct container *)c, &upper, err);

	if (r == 0)
		r = image_diff_upper(&ctx, upper, c->def.image.top_layer, &lines, err);
	return r < 0 ? r : print(a, &lines, err);
}

static int run_container(struct app *app, const void *args, const struct strv *rest,
			 struct err *err)
{
	const struct diff_args *a = args;
	AUTO_CONTAINER struct container *c = NULL;
	int r = pick_one(app, a->latest, rest, &c, err);

	return r < 0 ? r : diff_container(app, c, a, err);
}

/* A container of that name comes before an image. */
static int run_any(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct diff_args *a = args;
	AUTO_CONTAINER struct container *c = NULL;
	struct err unknown = ERR_INIT;
	int r;

	if (a->latest || rest->n == 0)
		return run_container(app, args, rest, err);
	r = container_open(app->containers, rest->v[0], &c, &unknown);
	if (r == 0)
		return diff_container(app, c, a, err);
	if (r != -ERR_NOT_FOUND) {
		*err = unknown;
		return r;
	}
	r = run_image(app, args, rest, err);
	return r == -ERR_NOT_FOUND
		   ? err_set(err, ERR_NOT_FOUND, "%s: no such container or image", rest->v[0])
		   : r;
}

const struct verb verb_diff = {
    .path = "diff",
    .summary = "Show what a container or an image's top layer changed",
    .usage = "[options] CONTAINER|IMAGE",
    .opts = opts,
    .args_size = sizeof(struct diff_args),
    .max_args = 1,
    .complete = "containers",
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .run = run_any,
};

const struct verb verb_container_diff = {
    .path = "container diff",
    .summary = "Show what a container changed",
    .usage = "[options] CONTAINER",
    .opts = opts,
    .args_size = sizeof(struct diff_args),
    .max_args = 1,
    .complete = "containers",
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .run = run_container,
};

const struct verb verb_image_diff = {
    .path = "image diff",
    .summary = "Show what an image's top layer changed",
    .usage = "[options] IMAGE",
    .opts = image_opts,
    .args_size = sizeof(struct diff_args),
    .min_args = 1,
    .max_args = 1,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_image,
};
