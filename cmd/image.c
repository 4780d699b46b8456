/* kist pull, push, tag, rmi */
#include "progress.h"
#include "pull_child.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/container.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct pull_args {
	const char *authfile, *cert_dir, *creds, *platform;
	bool quiet;
	int tls_verify;
};

#define PULL_AT(member) offsetof(struct pull_args, member)

static const struct opt pull_opts[] = {
    {0, "authfile", OPT_STRING, PULL_AT(authfile), "PATH", "File with credentials",
     .complete = "files"},
    {0, "cert-dir", OPT_STRING, PULL_AT(cert_dir), "DIR", "Certificates of the registry",
     .complete = "dirs"},
    {0, "creds", OPT_STRING, PULL_AT(creds), "USER[:PASSWORD]", "Credentials for the registry"},
    {0, "platform", OPT_STRING, PULL_AT(platform), "OS/ARCH[/VARIANT]", "Platform to pull"},
    {'q', "quiet", OPT_FLAG, PULL_AT(quiet), NULL, "Do not show progress"},
    {0, "tls-verify", OPT_TRISTATE, PULL_AT(tls_verify), NULL,
     "Require https and check certificates"},
    {0},
};

static int run_pull(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct pull_args *a = args;
	struct pull_request rq = {
	    .authfile = a->authfile,
	    .platform = a->platform,
	    .quiet = a->quiet,
	    .remote = {a->tls_verify, a->cert_dir, a->creds},
	};
	char id[STORE_ID_LEN + 1];
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < rest->n; i++) {
		rq.text = rest->v[i];
		r = pull_here(app, &rq, id, err);
		if (r == 0)
			r = out_line(id, err);
	}
	return r;
}

const struct verb verb_pull = {
    .path = "pull",
    .aliases = "image pull",
    .summary = "Pull images from a registry",
    .usage = "[options] IMAGE [IMAGE...]",
    .examples = "kist pull docker.io/library/busybox\n"
		"kist pull --tls-verify=false 127.0.0.1:5000/team/app:1.2",
    .opts = pull_opts,
    .args_size = sizeof(struct pull_args),
    .defaults = &(const struct pull_args){.tls_verify = -1},
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_pull,
};

struct push_args {
	const char *authfile, *cert_dir, *creds, *digestfile;
	bool quiet;
	int tls_verify;
};

#define PUSH_AT(member) offsetof(struct push_args, member)

static const struct opt push_opts[] = {
    {0, "authfile", OPT_STRING, PUSH_AT(authfile), "PATH", "File with credentials",
     .complete = "files"},
    {0, "cert-dir", OPT_STRING, PUSH_AT(cert_dir), "DIR", "Certificates of the registry",
     .complete = "dirs"},
    {0, "creds", OPT_STRING, PUSH_AT(creds), "USER[:PASSWORD]", "Credentials for the registry"},
    {0, "digestfile", OPT_STRING, PUSH_AT(digestfile), "FILE",
     "Write the digest of what was pushed to this file", .complete = "files"},
    {'q', "quiet", OPT_FLAG, PUSH_AT(quiet), NULL, "Do not show progress"},
    {0, "tls-verify", OPT_TRISTATE, PUSH_AT(tls_verify), NULL,
     "Require https and check certificates"},
    {0},
};

static int write_digest(const char *path, const char *digest, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, errno, "--digestfile %s", path);
	return fd_write_all(fd, digest, strlen(digest), path, err);
}

static int run_push(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_FREE struct progress *progress = malloc(sizeof(*progress));
	const struct push_args *a = args;
	struct image_push push = {.remote = {a->tls_verify, a->cert_dir, a->creds}};
	struct image_ctx ctx;
	char digest[80];
	int r;

	if (!progress)
		return err_nomem(err);
	progress_init(progress, a->quiet);
	ctx = app_image_ctx(app, a->authfile, &progress->events);
	r = image_push(&ctx, rest->v[0], rest->n > 1 ? rest->v[1] : NULL, &push, digest, err);
	return r < 0 ? r : write_digest(a->digestfile, digest, err);
}

const struct verb verb_push = {
    .path = "push",
    .aliases = "image push",
    .summary = "Push an image to a registry",
    .usage = "[options] IMAGE [DESTINATION]",
    .opts = push_opts,
    .args_size = sizeof(struct push_args),
    .defaults = &(const struct push_args){.tls_verify = -1},
    .min_args = 1,
    .max_args = 2,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_push,
};

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
	bool all, force, ignore;
};

static const struct opt rmi_opts[] = {
    {'a', "all", OPT_FLAG, offsetof(struct rmi_args, all), NULL, "All images"},
    {'f', "force", OPT_FLAG, offsetof(struct rmi_args, force), NULL,
     "Also images with several names, and the containers that use them"},
    {'i', "ignore", OPT_FLAG, offsetof(struct rmi_args, ignore), NULL,
     "Images that do not exist are no error"},
    {0},
};

/* rmi --force: kist's own containers of the image go with it. */
static int remove_users(struct app *app, const char *image_id, struct err *err)
{
	AUTO_STRV struct strv users = STRV_INIT;
	size_t i;
	int r;

	r = containers_of_image(app->containers, image_id, &users, err);
	for (i = 0; r == 0 && i < users.n; i++) {
		AUTO_CONTAINER struct container *c = NULL;

		r = container_open(app->containers, users.v[i], &c, err);
		if (r == 0)
			r = container_remove(c, true, err);
	}
	return r;
}

static int remove_one(struct app *app, const struct rmi_args *a, const char *text, struct err *err)
{
	struct image_removal rm = {
	    .force = a->force, .users = containers_of_image, .users_arg = app->containers};
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STRV struct strv lines = STRV_INIT;
	AUTO_FREE char *name = NULL;
	size_t i;
	int r;

	if (a->force) {
		r = image_get(&ctx, text, &image, &name, err);
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
	struct rmi_args a = *(const struct rmi_args *)args;
	int r, code = 0;
	size_t i;

	if (a.all && rest->n > 0)
		return err_set(err, ERR_INVALID,
			       "when using the --all switch, you may not pass any images");
	if (!a.all && rest->n == 0)
		return err_set(err, ERR_INVALID, "image name or ID must be specified");
	r = a.all ? all_images(app, &texts, err) : strv_copy(&texts, rest, err);
	if (r < 0)
		return r;
	for (i = 0; i < texts.n; i++) {
		struct err one = ERR_INIT;

		/* --all means whatever names they have. */
		r = remove_one(app, &(struct rmi_args){false, a.force || a.all, a.ignore},
			       texts.v[i], &one);
		if (r >= 0 || (r == -ERR_NOT_FOUND && (a.ignore || a.all)))
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
    .usage = "[options] IMAGE [IMAGE...]",
    .opts = rmi_opts,
    .args_size = sizeof(struct rmi_args),
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES | NEED_CONTAINERS,
    .run = run_rmi,
};
