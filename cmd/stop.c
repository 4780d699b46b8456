/* kist stop, kist kill, kist rm */
#include "pick.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/signals.h"

#include <signal.h>

struct stop_args {
	bool all, latest, ignore;
	int64_t timeout;
	struct strv filters, cidfiles;
};

#define STOP_AT(member) offsetof(struct stop_args, member)

#define CIDFILE_OPT(at)                                                                            \
	{                                                                                          \
		0, "cidfile", OPT_STRINGS, (at), "FILE", "The container whose ID is in this file", \
		    .complete = "files"                                                            \
	}
#define FILTER_HELP "Containers that match, as ps --filter"

static const struct opt stop_opts[] = {
    {'a', "all", OPT_FLAG, STOP_AT(all), NULL, "All running containers"},
    CIDFILE_OPT(STOP_AT(cidfiles)),
    {'f', "filter", OPT_STRINGS, STOP_AT(filters), "KEY=VALUE", FILTER_HELP},
    {'i', "ignore", OPT_FLAG, STOP_AT(ignore), NULL, "Containers that do not exist are no error"},
    {'l', "latest", OPT_FLAG, STOP_AT(latest), NULL, "The newest container"},
    {'t', "time", OPT_INT, STOP_AT(timeout), "SECONDS", "Seconds to wait before the kill"},
    {0},
};

static int stop_one(void *arg, struct container *c, const char *name, struct err *err)
{
	const struct stop_args *a = arg;
	int r = container_stop(c, a->timeout, err);

	if (r > 0)
		r = container_reap(c, err);
	return r < 0 ? r : out_line(name, err);
}

static int run_stop(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct stop_args *a = args;
	struct pick p = {.all = a->all,
			 .latest = a->latest,
			 .ignore = a->ignore,
			 .filters = &a->filters,
			 .cidfiles = &a->cidfiles};

	return pick_each(app, &p, rest, stop_one, (void *)a, err);
}

const struct verb verb_stop = {
    .path = "stop",
    .aliases = "container stop",
    .summary = "Stop containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .opts = stop_opts,
    .args_size = sizeof(struct stop_args),
    .defaults = &(const struct stop_args){.timeout = -1},
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_stop,
};

struct kill_args {
	bool all, latest;
	const char *signal;
	struct strv cidfiles;
};

static const struct opt kill_opts[] = {
    {'a', "all", OPT_FLAG, offsetof(struct kill_args, all), NULL, "All running containers"},
    CIDFILE_OPT(offsetof(struct kill_args, cidfiles)),
    {'l', "latest", OPT_FLAG, offsetof(struct kill_args, latest), NULL, "The newest container"},
    {'s', "signal", OPT_STRING, offsetof(struct kill_args, signal), "SIGNAL", "Signal to send"},
    {0},
};

struct killing {
	int sig;
	bool all;
};

static int kill_one(void *arg, struct container *c, const char *name, struct err *err)
{
	const struct killing *k = arg;
	struct container_status st = {0};
	int r = 0;

	if (k->all) {
		r = container_get_status(c, &st, err);
		if (r < 0 || st.state != CONTAINER_RUNNING)
			return r;
	}
	r = container_kill(c, k->sig, err);
	if (r == 0 && k->sig == SIGKILL)
		r = container_reap(c, err);
	return r < 0 ? r : out_line(name, err);
}

static int run_kill(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct kill_args *a = args;
	struct pick p = {.all = a->all, .latest = a->latest, .cidfiles = &a->cidfiles};
	struct killing k = {.all = a->all};
	int r = signal_parse(a->signal, &k.sig, err);

	return r < 0 ? r : pick_each(app, &p, rest, kill_one, &k, err);
}

const struct verb verb_kill = {
    .path = "kill",
    .aliases = "container kill",
    .summary = "Send a signal to running containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .opts = kill_opts,
    .args_size = sizeof(struct kill_args),
    .defaults = &(const struct kill_args){.signal = "KILL"},
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_kill,
};

struct rm_args {
	bool all, latest, ignore, force;
	int64_t timeout;
	struct strv filters, cidfiles;
};

#define RM_AT(member) offsetof(struct rm_args, member)

static const struct opt rm_opts[] = {
    {'a', "all", OPT_FLAG, RM_AT(all), NULL, "All containers"},
    CIDFILE_OPT(RM_AT(cidfiles)),
    {0, "depend", OPT_NOTHING, 0, NULL,
     "Remove containers that depend on them, too: has no effect, none does", .flags = OPT_NO_VALUE},
    {0, "filter", OPT_STRINGS, RM_AT(filters), "KEY=VALUE", FILTER_HELP},
    {'f', "force", OPT_FLAG, RM_AT(force), NULL, "Stop running ones first"},
    {'i', "ignore", OPT_FLAG, RM_AT(ignore), NULL, "Containers that do not exist are no error"},
    {'l', "latest", OPT_FLAG, RM_AT(latest), NULL, "The newest container"},
    {'t', "time", OPT_INT, RM_AT(timeout), "SECONDS", "With --force: seconds before the kill"},
    {'v', "volumes", OPT_NOTHING, 0, NULL,
     "Remove anonymous volumes: has no effect, there are none", .flags = OPT_NO_VALUE},
    {0},
};

static int rm_one(void *arg, struct container *c, const char *name, struct err *err)
{
	const struct rm_args *a = arg;
	int r, stopped = a->force ? container_stop(c, a->timeout, err) : 0;

	r = stopped < 0 ? stopped : container_remove(c, false, err);
	/* One that removes itself may have been faster. */
	if (r > 0 || (r == 0 && stopped > 0))
		return out_line(name, err);
	if (r == 0 && !a->force && !a->ignore && !a->all)
		r = container_not_found(name, err);
	return r;
}

static int run_rm(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct rm_args *a = args;
	/* As podman: rm -f of something that is not there is no error. */
	struct pick p = {a->all, a->latest, a->ignore || a->force, 1, 2, &a->filters, &a->cidfiles};
	int code, r;

	code = pick_each(app, &p, rest, rm_one, (void *)a, err);
	if (code < 0)
		return code;
	r = containers_release_images(app->containers, err);
	return r < 0 ? r : code;
}

const struct verb verb_rm = {
    .path = "rm",
    .aliases = "container rm",
    .summary = "Remove containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .opts = rm_opts,
    .args_size = sizeof(struct rm_args),
    .defaults = &(const struct rm_args){.timeout = -1},
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_rm,
};

/* Run by the monitor at the end of a --rm container that nobody is attached to. */
static int run_cleanup(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	int r;

	(void)args;
	r = container_open(app->containers, rest->v[0], &c, err);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r == 0)
		r = container_remove_ended(c, err);
	return r < 0 ? r : 0;
}

const struct verb verb_cleanup = {
    .path = "__cleanup",
    .summary = "Remove a container that has ended",
    .usage = "ID",
    .min_args = 1,
    .max_args = 1,
    .needs = NEED_CONTAINERS,
    .flags = VERB_HIDDEN,
    .run = run_cleanup,
};
