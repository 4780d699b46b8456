/* kist commit */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/changes.h"
#include "container/container.h"
#include "image/make.h"
#include "spec/image.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>

struct commit_args {
	struct strv changes;
	const char *author, *message, *format, *iidfile;
	bool pause, quiet;
};

#define AT(member) offsetof(struct commit_args, member)

static const struct opt opts[] = {
    {'a', "author", OPT_STRING, AT(author), "NAME", "Author of the image"},
    {'c', "change", OPT_STRINGS, AT(changes), "INSTRUCTION",
     "Change the configuration, as in a Dockerfile: CMD, ENV, LABEL, USER"},
    {'f', "format", OPT_CHOICE, AT(format), "FORMAT", "Format of the manifest",
     .choices = "oci|docker"},
    {0, "iidfile", OPT_STRING, AT(iidfile), "FILE", "Write the image's ID to this file",
     .complete = "files"},
    {'m', "message", OPT_STRING, AT(message), "TEXT", "Comment (docker's format only)"},
    {'p', "pause", OPT_FLAG, AT(pause), NULL, "Pause the container meanwhile"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print the ID only, as without it"},
    {0},
};

/* Borrowed from the definition. */
static struct image_process process_of(const struct container_def *def)
{
	return (struct image_process){
	    .user = def->process.user,
	    .env = def->process.env,
	    .entrypoint = def->process.entrypoint,
	    .cmd = def->process.cmd,
	    .working_dir = def->process.cwd,
	    .labels = def->labels,
	    .stop_signal = def->process.stop_signal,
	};
}

static int check(const struct commit_args *a, struct err *err)
{
	if (a->message && !streq(a->format, "docker"))
		return err_set(err, ERR_INVALID,
			       "messages are only compatible with the docker image format "
			       "(-f docker)");
	if (a->pause)
		return err_set(err, ERR_UNSUPPORTED,
			       "--pause: pausing a container is not built; stop it first");
	return 0;
}

static int write_id(const char *path, const char *id, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, errno, "--iidfile %s", path);
	return fd_write_all(fd, id, strlen(id), path, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct commit_args *a = args;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	AUTO_CONTAINER struct container *c = NULL;
	AUTO_FREE char *from = NULL;
	struct image_process process;
	struct image_make make = {
	    .name = rest->n > 1 ? rest->v[1] : NULL,
	    .docker = streq(a->format, "docker"),
	    .author = a->author,
	    .created_by = "/bin/sh",
	    .changes = &a->changes,
	    .process = &process,
	};
	char id[STORE_ID_LEN + 1];
	AUTO_CLOSE int upper = -1;
	int r;

	r = check(a, err);
	if (r == 0)
		r = container_open(app->containers, rest->v[0], &c, err);
	if (r == 0)
		r = container_open_upper(c, &upper, err);
	if (r < 0)
		return r;
	from = str_fmt("FROM %s", c->def.image.name ? c->def.image.name : c->def.image.id);
	make.comment = a->message ? a->message : from;
	process = process_of(&c->def);
	make.parent = c->def.image.id;
	r = image_commit(&ctx, upper, &make, id, err);
	if (r < 0)
		return err_wrap(err, "committing container %s", c->def.name);
	r = write_id(a->iidfile, id, err);
	return r < 0 ? r : out_line(id, err);
}

const struct verb verb_commit = {
    .path = "commit",
    .aliases = "container commit",
    .summary = "Make an image of what a container changed",
    .usage = "[options] CONTAINER [IMAGE]",
    .examples = "kist commit -c 'CMD nginx' web mine:1",
    .opts = opts,
    .args_size = sizeof(struct commit_args),
    .defaults = &(const struct commit_args){.format = "oci"},
    .min_args = 1,
    .max_args = 2,
    .complete = "containers",
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .run = run,
};
