/* The hidden verb behind shell completion: names of what there is, one a line. */
#include "app.h"
#include "verbs.h"
#include "base/err.h"
#include "container/container.h"

static int print_containers(struct app *app, struct buf *out, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	size_t i;
	int r = containers_list(app->containers, &list, err);

	for (i = 0; r == 0 && i < list.n; i++)
		buf_addf(out, "%s\n", list.v[i]->def.name);
	return r;
}

static int print_images(struct app *app, struct buf *out, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	size_t i, j;
	int r = store_image_list(app->store, &list, err);

	for (i = 0; r == 0 && i < list.n; i++)
		for (j = 0; j < list.v[i]->names.n; j++)
			buf_addf(out, "%s\n", list.v[i]->names.v[j]);
	return r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	int r;

	(void)args;
	if (streq(rest->v[0], "containers"))
		r = print_containers(app, &out, err);
	else if (streq(rest->v[0], "images"))
		r = print_images(app, &out, err);
	else
		return err_set(err, ERR_INVALID, "want containers or images");
	return r < 0 ? r : out_buf(&out, err);
}

const struct verb verb_complete = {
    .path = "__complete",
    .summary = "Print names for shell completion",
    .usage = "containers|images",
    .min_args = 1,
    .max_args = 1,
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .flags = VERB_HIDDEN,
    .run = run,
};
