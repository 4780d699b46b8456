/* kist tag, kist rmi */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/container.h"

static int run_tag(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	size_t i;
	int r = 0;

	(void)args;
	for (i = 1; r == 0 && i < rest->n; i++)
		r = image_tag(&ctx, rest->v[0], rest->v[i], err);
	return r;
}

const struct verb verb_tag = {
    .path = "tag",
    .aliases = "image tag",
    .summary = "Give an image further names",
    .usage = "IMAGE NAME [NAME...]",
    .min_args = 2,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_tag,
};

struct rmi_args {
	bool all, force, ignore, no_prune;
};

static const struct opt rmi_opts[] = {
    {'a', "all", OPT_FLAG, offsetof(struct rmi_args, all), NULL, "All images"},
    {'f', "force", OPT_FLAG, offsetof(struct rmi_args, force), NULL,
     "Also images with several names, and containers of kist and buildah that use them"},
    {'i', "ignore", OPT_FLAG, offsetof(struct rmi_args, ignore), NULL,
     "Images that do not exist are no error"},
    {0, "no-prune", OPT_FLAG, offsetof(struct rmi_args, no_prune), NULL,
     "Keep nameless images that it was made of"},
    {0},
};

/* rmi --force: kist's own containers of the image go with it, unless others keep it. */
static int remove_users(struct app *app, const char *image_id, struct err *err)
{
	AUTO_STRV struct strv users = STRV_INIT;
	size_t i;
	int r;

	r = store_image_refuse_used(app->store, image_id, STORE_DELETE_EXTERNALS, err);
	if (r == 0)
		r = containers_of_image(app->containers, image_id, &users, err);
	for (i = 0; r >= 0 && i < users.n; i++) {
		AUTO_CONTAINER struct container *c = NULL;

		r = container_open(app->containers, users.v[i], &c, err);
		if (r == 0)
			r = container_remove(c, true, err);
	}
	return r < 0 ? r : 0;
}

static int remove_one(struct app *app, const struct rmi_args *a, const char *text, struct err *err)
{
	/* --all means whatever names they have, but no containers. */
	struct image_removal rm = {.force = a->force || a->all,
				   .externals = a->force,
				   .no_prune = a->no_prune,
				   .users = containers_of_image,
				   .users_arg = app->containers};
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STRV struct strv lines = STRV_INIT;
	AUTO_FREE char *name = NULL;
	size_t i;
	int r;

	if (a->force) {
		r = image_get(&ctx, text, &image, &name, err);
		if (r == 0)
			r = image_refuse_read_only(&ctx, image, err);
		if (r == 0 && (!name || image->names.n <= 1))
			r = remove_users(app, image->id, err);
		if (r < 0)
			return r;
	}
	r = image_remove(&ctx, text, &rm, &lines, err);
	for (i = 0; r == 0 && i < lines.n; i++)
		r = out_line(lines.v[i], err);
	return r;
}

static int all_images(struct app *app, struct strv *ret, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	size_t i;
	int r;

	r = store_image_list(app->store, &list, err);
	for (i = 0; r == 0 && i < list.n; i++)
		if (!list.v[i]->read_only)
			r = strv_add(ret, list.v[i]->id, err);
	return r;
}

static int run_rmi(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_STRV struct strv texts = STRV_INIT;
	const struct rmi_args *a = args;
	int r, code = 0;
	size_t i;

	if (a->all && rest->n > 0)
		return err_set(err, ERR_INVALID,
			       "when using the --all switch, you may not pass any images names or "
			       "IDs");
	if (!a->all && rest->n == 0)
		return err_set(err, ERR_INVALID, "image name or ID must be specified");
	r = a->all ? all_images(app, &texts, err) : strv_copy(&texts, rest, err);
	if (r < 0)
		return r;
	for (i = 0; i < texts.n; i++) {
		struct err one = ERR_INIT;

		r = remove_one(app, a, texts.v[i], &one);
		/* As podman: rmi -f of something that is not there is no error; and another
		 * command may have been quicker. */
		if (r >= 0 || (r == -ERR_NOT_FOUND && (a->ignore || a->force || a->all)))
			continue;
		say_error(&one);
		r = r == -ERR_NOT_FOUND ? 1 : r == -ERR_IN_USE ? 2 : EXIT_ENGINE;
		code = r > code ? r : code;
	}
	return code;
}

const struct verb verb_rmi = {
    .path = "rmi",
    .aliases = "image rm|image remove",
    .summary = "Remove images",
    .help = "--force removes kist's containers and buildah's working containers that use the "
	    "image; one\n"
	    "that is mounted (buildah mount, or a step of a build that is being made) keeps it, "
	    "and so\n"
	    "do containers of podman and other tools.",
    .usage = "[options] IMAGE [IMAGE...]",
    .opts = rmi_opts,
    .args_size = sizeof(struct rmi_args),
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES | NEED_CONTAINERS,
    .run = run_rmi,
};
