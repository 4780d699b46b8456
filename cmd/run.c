/* kist run, kist create */
#include "opts_create.h"
#include "preserve.h"
#include "session.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"

#include <strings.h>

struct run_args {
	struct create_args create;
	struct strv attach; /* stdin, stdout, stderr; empty: all that are there */
	bool detach, sig_proxy;
	const char *detach_keys, *pidfile;
	struct preserve_args preserve;
};

static const struct opt run_opts[] = {
    {'a', "attach", OPT_CSV, offsetof(struct run_args, attach), "STREAM",
     "Attach only this: stdin, stdout, stderr"},
    {'d', "detach", OPT_FLAG, offsetof(struct run_args, detach), NULL,
     "Run in the background and print the container's ID"},
    {0, "detach-keys", OPT_STRING, offsetof(struct run_args, detach_keys), "KEYS",
     "Keys that detach, such as ctrl-p,ctrl-q"},
    {0, "pidfile", OPT_STRING, offsetof(struct run_args, pidfile), "FILE",
     "Write the ID of the container's process to this file", .complete = "files"},
    {0, "sig-proxy", OPT_FLAG, offsetof(struct run_args, sig_proxy), NULL,
     "Pass signals on to the container"},
    {0},
};

static const struct opt_group run_groups[] = {
    {create_opts, offsetof(struct run_args, create), NULL},
    {platform_opts, offsetof(struct run_args, create.platform), NULL},
    {retry_opts, offsetof(struct run_args, create.retry), NULL},
    {preserve_opts, offsetof(struct run_args, preserve), NULL},
    {0},
};

static bool wants(const struct run_args *a, const char *stream)
{
	size_t i;

	for (i = 0; i < a->attach.n; i++)
		if (strcasecmp(a->attach.v[i], stream) == 0)
			return true;
	return a->attach.n == 0;
}

static int check_attach(const struct run_args *a, struct err *err)
{
	size_t i;

	for (i = 0; i < a->attach.n; i++)
		if (strcasecmp(a->attach.v[i], "stdin") != 0 &&
		    strcasecmp(a->attach.v[i], "stdout") != 0 &&
		    strcasecmp(a->attach.v[i], "stderr") != 0)
			return err_set(err, ERR_INVALID,
				       "invalid stream %s for --attach - must be one of stdin, "
				       "stdout, or stderr",
				       a->attach.v[i]);
	if (a->detach && a->attach.n > 0)
		return err_set(err, ERR_INVALID, "--attach and --detach cannot be used together");
	return 0;
}

static int run_attached(struct app *app, const struct run_args *a, struct container *c,
			struct preserved *preserved, struct err *err)
{
	struct session s = {
	    .c = c,
	    .want_stdin = a->create.stdin_open && wants(a, "stdin"),
	    .want_stdout = wants(a, "stdout"),
	    .want_stderr = wants(a, "stderr"),
	    .sig_proxy = a->sig_proxy,
	    .detach_keys = a->detach_keys,
	    .pidfile = a->pidfile,
	    .preserved = preserved,
	};

	return session_start(app, &s, err);
}

static int run_run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	const struct run_args *a = args;
	struct preserved preserved;
	int r;

	r = check_attach(a, err);
	if (r == 0)
		r = preserve_fds(&a->preserve, &preserved, err);
	if (r < 0)
		return r;
	r = create_from_args(app, &a->create, rest, &c, err);
	if (r < 0)
		return r;
	if (!a->detach)
		return run_attached(app, a, c, &preserved, err);
	r = session_start_detached(app, c, &preserved, a->pidfile, err);
	return r < 0 ? r : out_line(c->def.id, err);
}

const struct verb verb_run = {
    .path = "run",
    .aliases = "container run",
    .summary = "Run a command in a new container",
    .usage = "[options] IMAGE [COMMAND [ARG...]]",
    .examples = "kist run --rm -it docker.io/library/debian bash\n"
		"kist run -d --name web --memory 256m docker.io/library/nginx",
    .opts = run_opts,
    .groups = run_groups,
    .args_size = sizeof(struct run_args),
    .defaults = &(const struct run_args){.create = CREATE_ARGS_INIT, .sig_proxy = true},
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .flags = VERB_STOP_AT_OPERAND,
    .run = run_run,
};

static const struct opt_group create_groups[] = {
    {create_opts, 0, NULL},
    {platform_opts, offsetof(struct create_args, platform), NULL},
    {retry_opts, offsetof(struct create_args, retry), NULL},
    {0},
};

static int run_create(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	int r;

	r = create_from_args(app, args, rest, &c, err);
	return r < 0 ? r : out_line(c->def.id, err);
}

const struct verb verb_create = {
    .path = "create",
    .aliases = "container create",
    .summary = "Create a container without starting it",
    .usage = "[options] IMAGE [COMMAND [ARG...]]",
    .groups = create_groups,
    .args_size = sizeof(struct create_args),
    .defaults = &(const struct create_args)CREATE_ARGS_INIT,
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .flags = VERB_STOP_AT_OPERAND,
    .run = run_create,
};
