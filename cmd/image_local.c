/* kist image exists, kist container exists, kist untag */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/container.h"

static int run_exists(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	int r = image_find(&ctx, rest->v[0], &image, NULL, err);

	(void)args;
	return r < 0 ? r : r == 0;
}

const struct verb verb_image_exists = {
    .path = "image exists",
    .summary = "Tell by exit code 0 or 1 whether an image is in the store",
    .usage = "IMAGE",
    .min_args = 1,
    .max_args = 1,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_exists,
};

static int run_container_exists(struct app *app, const void *args, const struct strv *rest,
				struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	int r = container_open(app->containers, rest->v[0], &c, err);

	(void)args;
	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 1;
	}
	return r;
}

const struct verb verb_container_exists = {
    .path = "container exists",
    .summary = "Tell by exit code 0 or 1 whether there is a container",
    .usage = "CONTAINER",
    .min_args = 1,
    .max_args = 1,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_container_exists,
};

static int untag_one(struct app *app, const struct store_image *image, const char *text,
		     struct err *err)
{
	AUTO_FREE char *name = NULL;
	int r;

	/* A digest is part of a name here, as `images` shows it. */
	if (strv_find(&image->names, text) >= 0)
		return store_image_untag(app->store, image->id, text, err);
	r = image_local_name(text, &name, err);
	if (r == 0)
		r = store_image_untag(app->store, image->id, name, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: tag not known", name);
	return r;
}

static int run_untag(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	size_t i;
	int r;

	(void)args;
	r = image_get(&ctx, rest->v[0], &image, NULL, err);
	if (r == 0)
		r = image_refuse_read_only(&ctx, image, err);
	if (r == 0 && rest->n == 1)
		r = store_image_untag(app->store, image->id, NULL, err);
	for (i = 1; r >= 0 && i < rest->n; i++)
		r = untag_one(app, image, rest->v[i], err);
	return r < 0 ? r : 0;
}

const struct verb verb_untag = {
    .path = "untag",
    .aliases = "image untag",
    .summary = "Take names from an image",
    .help = "Takes the given names from an image, or all of its names when none is given.\n"
	    "The image stays in the store.",
    .usage = "IMAGE [NAME...]",
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_untag,
};
