/* kist export */
#include "app.h"
#include "outfile.h"
#include "verbs.h"
#include "base/err.h"
#include "container/changes.h"
#include "container/container.h"

struct export_args {
	const char *output;
};

static const struct opt opts[] = {
    {'o', "output", OPT_STRING, offsetof(struct export_args, output), "FILE",
     "Write to this file instead of standard output", .complete = "files"},
    {0},
};

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct export_args *a = args;
	AUTO_CONTAINER struct container *c = NULL;
	AUTO_OUTFILE struct outfile f = OUTFILE_INIT;
	int r;

	r = container_open(app->containers, rest->v[0], &c, err);
	if (r == 0)
		r = outfile_open(a->output, &f, err);
	if (r == 0)
		r = container_export(c, f.fd, err);
	return r < 0 ? r : outfile_commit(&f, err);
}

const struct verb verb_export = {
    .path = "export",
    .aliases = "container export",
    .summary = "Write a container's file system as a tar",
    .usage = "[options] CONTAINER",
    .opts = opts,
    .args_size = sizeof(struct export_args),
    .min_args = 1,
    .max_args = 1,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run,
};
