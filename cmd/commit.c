/* kist commit */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "container/changes.h"
#include "container/container.h"
#include "container/pause.h"
#include "image/make.h"
#include "spec/image.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>

/* Of --config. */
#define CONFIG_MAX ((size_t)4 << 20)

struct commit_args {
	struct strv changes;
	const char *author, *message, *format, *iidfile, *config;
	bool pause, quiet, squash, include_volumes;
};

#define AT(member) offsetof(struct commit_args, member)

static const struct opt opts[] = {
    {'a', "author", OPT_STRING, AT(author), "NAME", "Author of the image"},
    {'c', "change", OPT_STRINGS, AT(changes), "INSTRUCTION",
     "Change the configuration, as in a Dockerfile: CMD, ENV, LABEL, USER"},
    {0, "config", OPT_STRING, AT(config), "FILE",
     "JSON file with configuration that is laid over the container's", .complete = "files"},
    {'f', "format", OPT_CHOICE, AT(format), "FORMAT", "Format of the manifest",
     .choices = "oci|docker"},
    {0, "iidfile", OPT_STRING, AT(iidfile), "FILE", "Write the image's ID to this file",
     .complete = "files"},
    {0, "include-volumes", OPT_FLAG, AT(include_volumes), NULL,
     "What is mounted into the container is a volume of the image"},
    {'m', "message", OPT_STRING, AT(message), "TEXT", "Comment (docker's format only)"},
    {'p', "pause", OPT_FLAG, AT(pause), NULL, "Pause the container meanwhile"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print the ID only, as without it"},
    {'s', "squash", OPT_FLAG, AT(squash), NULL, "One layer with all files, the image's included"},
    {0},
};

/* Borrowed from the definition, and from env. */
static struct image_process process_of(const struct container_def *def, const struct strv *env)
{
	return (struct image_process){
	    .user = def->process.user,
	    .env = *env,
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

static int read_config(const char *path, struct buf *out, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "--config %s", path);
	return fd_read_all(fd, path, out, err);
}

static int volumes_of(const struct container_def *def, struct strv *ret, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < def->n_mounts; i++)
		r = strv_add(ret, def->mounts[i].destination, err);
	return r;
}

static int export_whole(void *arg, int out, struct child *ret, struct err *err)
{
	return container_export_start(arg, out, ret, err);
}

static int commit(struct app *app, const struct commit_args *a, struct container *c,
		  struct image_make *make, char id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO(container_unpause_p) struct container_pause *pause = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	AUTO_CLOSE int upper = -1;
	int r = 0;

	if (a->squash) {
		make->whole = export_whole;
		make->whole_arg = c;
	} else {
		r = container_open_upper(c, &upper, err);
	}
	if (r == 0 && a->pause)
		r = container_pause(c, &pause, err);
	if (r == 0)
		r = image_commit(&ctx, upper, make, id, err);
	return r < 0 ? err_wrap(err, "committing container %s", c->def.name) : 0;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct commit_args *a = args;
	AUTO_CONTAINER struct container *c = NULL;
	AUTO_BUF struct buf config = BUF_INIT(CONFIG_MAX);
	AUTO_STRV struct strv volumes = STRV_INIT, env = STRV_INIT;
	AUTO_FREE char *from = NULL;
	struct image_process process;
	struct image_make make = {
	    .name = rest->n > 1 ? rest->v[1] : NULL,
	    .docker = streq(a->format, "docker"),
	    .author = a->author,
	    .message = a->message,
	    .created_by = "/bin/sh",
	    .changes = &a->changes,
	    .process = &process,
	    .volumes = &volumes,
	};
	char id[STORE_ID_LEN + 1];
	int r;

	r = check(a, err);
	if (r == 0)
		r = read_config(a->config, &config, err);
	if (r == 0)
		r = container_open(app->containers, rest->v[0], &c, err);
	if (r == 0)
		r = container_own_env(&c->def, &env, err);
	if (r == 0 && a->include_volumes)
		r = volumes_of(&c->def, &volumes, err);
	if (r != 0)
		return r;
	from = str_fmt("FROM %s", c->def.image.name ? c->def.image.name : c->def.image.id);
	make.comment = from;
	if (a->config)
		make.override = (struct str){buf_str(&config), config.len};
	process = process_of(&c->def, &env);
	make.parent = c->def.image.id;
	r = commit(app, a, c, &make, id, err);
	if (r == 0)
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
