/* kist start, kist attach */
#include "pick.h"
#include "session.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"

struct start_args {
	bool attach, stdin_open, all, latest, sig_proxy;
	const char *detach_keys;
	struct strv filters;
};

#define AT(member) offsetof(struct start_args, member)

static const struct opt start_opts[] = {
    {0, "all", OPT_FLAG, AT(all), NULL, "Start all containers"},
    {'a', "attach", OPT_FLAG, AT(attach), NULL, "Attach to the container's output"},
    {0, "detach-keys", OPT_STRING, AT(detach_keys), "KEYS", "Keys that detach"},
    {'f', "filter", OPT_STRINGS, AT(filters), "KEY=VALUE",
     "Start containers that match, as ps --filter"},
    {'i', "interactive", OPT_FLAG, AT(stdin_open), NULL, "Attach standard input too"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {0, "sig-proxy", OPT_FLAG, AT(sig_proxy), NULL, "Pass signals on to the container"},
    {0},
};

static int start_attached(struct app *app, const struct start_args *a, const struct strv *rest,
			  struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	AUTO_CLOSE int sock = -1;
	struct session s = {
	    .want_stdin = a->stdin_open,
	    .want_stdout = true,
	    .want_stderr = true,
	    .sig_proxy = a->sig_proxy,
	    .detach_keys = a->detach_keys,
	};
	int r;

	if (rest->n > 1)
		return err_set(err, ERR_INVALID,
			       "you cannot start and attach multiple containers at once");
	r = pick_one(app, a->latest, rest, &c, err);
	if (r < 0)
		return r;
	s.c = c;
	r = session_start(app, &s, err);
	/* It runs already: what is left of the wish is to be attached. */
	if (r == -ERR_IN_USE) {
		err_clear(err);
		r = container_attach(c, &sock, err);
		s.sock = sock;
		return r < 0 ? r : session_run(app, &s, err);
	}
	return r;
}

static int start_one(void *arg, struct container *c, const char *name, struct err *err)
{
	int r = session_start_detached(arg, c, NULL, NULL, err);

	if (r == -ERR_IN_USE) {
		err_clear(err);
		r = 0; /* it runs, which is what was asked for */
	}
	return r < 0 ? err_wrap(err, "unable to start container \"%s\"", name)
		     : out_line(name, err);
}

static int run_start(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct start_args *a = args;
	struct pick p = {.all = a->all, .latest = a->latest, .filters = &a->filters};

	if ((a->attach || a->stdin_open) && (a->all || a->filters.n > 0))
		return err_set(err, ERR_INVALID,
			       "--attach and --interactive are for one container");
	if (a->attach || a->stdin_open)
		return start_attached(app, a, rest, err);
	return pick_each(app, &p, rest, start_one, app, err);
}

const struct verb verb_start = {
    .path = "start",
    .aliases = "container start",
    .summary = "Start containers that were created or have ended",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .opts = start_opts,
    .args_size = sizeof(struct start_args),
    .defaults = &(const struct start_args){.sig_proxy = true},
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_start,
};

struct attach_args {
	bool latest, no_stdin, sig_proxy;
	const char *detach_keys;
};

static const struct opt attach_opts[] = {
    {0, "detach-keys", OPT_STRING, offsetof(struct attach_args, detach_keys), "KEYS",
     "Keys that detach"},
    {'l', "latest", OPT_FLAG, offsetof(struct attach_args, latest), NULL, "The newest container"},
    {0, "no-stdin", OPT_FLAG, offsetof(struct attach_args, no_stdin), NULL,
     "Do not attach standard input"},
    {0, "sig-proxy", OPT_FLAG, offsetof(struct attach_args, sig_proxy), NULL,
     "Pass signals on to the container"},
    {0},
};

static int run_attach(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	const struct attach_args *a = args;
	AUTO_CLOSE int sock = -1;
	struct session s = {
	    .want_stdout = true,
	    .want_stderr = true,
	    .sig_proxy = a->sig_proxy,
	    .detach_keys = a->detach_keys,
	};
	int r;

	r = pick_one(app, a->latest, rest, &c, err);
	if (r == 0)
		r = container_attach(c, &sock, err);
	if (r < 0)
		return r;
	s.c = c;
	s.sock = sock;
	s.want_stdin = !a->no_stdin && c->def.process.stdin_open;
	return session_run(app, &s, err);
}

const struct verb verb_attach = {
    .path = "attach",
    .aliases = "container attach",
    .summary = "Attach to a running container",
    .usage = "[options] CONTAINER",
    .opts = attach_opts,
    .args_size = sizeof(struct attach_args),
    .defaults = &(const struct attach_args){.sig_proxy = true},
    .max_args = 1,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_attach,
};
