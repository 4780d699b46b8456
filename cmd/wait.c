/* kist wait */
#include "pick.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"

#include <stdio.h>
#include <time.h>

#define INTERVAL_DEFAULT "250ms"

struct wait_args {
	bool latest, ignore;
	const char *interval;
	struct strv conditions;
};

#define AT(member) offsetof(struct wait_args, member)

static const struct opt opts[] = {
    {0, "condition", OPT_CSV, AT(conditions), "STATE",
     "Wait for this: created, running, stopped, exited, removing"},
    {0, "ignore", OPT_FLAG, AT(ignore), NULL, "Containers that do not exist are no error"},
    {'i', "interval", OPT_STRING, AT(interval), "TIME",
     "Time between two looks at the state, for --condition (250ms)"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {0},
};

/* What a container here can be; REMOVED is what podman calls removing. */
enum { CREATED = 1, RUNNING = 2, ENDED = 4, REMOVED = 8 };

static const struct {
	const char *name;
	unsigned states; /* 0: never the case here */
} conditions[] = {
    {"configured", CREATED}, {"created", CREATED}, {"initialized", CREATED}, {"running", RUNNING},
    {"stopped", ENDED},	     {"stopping", ENDED},  {"exited", ENDED},	     {"removing", REMOVED},
    {"paused", 0},	     {"unknown", 0},	   {"healthy", 0},	     {"unhealthy", 0},
};

static int read_conditions(const struct strv *texts, unsigned *ret, struct err *err)
{
	size_t i, k;

	for (i = 0; i < texts->n; i++) {
		for (k = 0; k < ARRAY_LEN(conditions); k++)
			if (streq(texts->v[i], conditions[k].name))
				break;
		if (k == ARRAY_LEN(conditions))
			return err_set(err, ERR_INVALID, "unknown container state: %s",
				       texts->v[i]);
		if (!conditions[k].states)
			return err_set(err, ERR_UNSUPPORTED,
				       "--condition %s: there are no pauses and healthchecks yet, "
				       "it would never be true",
				       texts->v[i]);
		*ret |= conditions[k].states;
	}
	return 0;
}

struct waiting {
	struct app *app;
	unsigned states; /* 0: the end */
	int64_t interval;
};

static int print_code(int code, struct err *err)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", code);
	return out_line(text, err);
}

static void pause_ns(int64_t ns)
{
	struct timespec ts = {ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};

	(void)nanosleep(&ts, NULL);
}

/* 1 and the code to print, when one of the states is reached. */
static int look(const struct waiting *w, const char *id, int *code, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	struct container_status st = {0};
	unsigned state;
	int r;

	r = container_open(w->app->containers, id, &c, err);
	if (r == -ERR_NOT_FOUND && w->states & REMOVED) {
		err_clear(err);
		return 1;
	}
	if (r == 0)
		r = container_get_status(c, &st, err);
	if (r < 0)
		return r;
	state = st.state == CONTAINER_RUNNING  ? RUNNING
		: st.state == CONTAINER_EXITED ? ENDED
					       : CREATED;
	/* podman's code of what has not ended */
	*code = state == ENDED ? st.exit_code : -1;
	return (state & w->states) != 0;
}

static int wait_for_state(const struct waiting *w, const char *id, struct err *err)
{
	int code = 0, r;

	while ((r = look(w, id, &code, err)) == 0)
		pause_ns(w->interval);
	return r < 0 ? r : print_code(code, err);
}

static int wait_one(void *arg, struct container *c, const char *name, struct err *err)
{
	const struct waiting *w = arg;
	int code, r;

	(void)name;
	if (w->states)
		return wait_for_state(w, c->def.id, err);
	r = container_wait_code(c, &code, err);
	if (r == 0)
		r = container_reap(c, err);
	return r < 0 ? r : print_code(code, err);
}

/* As podman: a bare number counts milliseconds. */
static int read_interval(const char *text, int64_t *ret, struct err *err)
{
	uint64_t ms;
	struct err ignored = ERR_INIT;

	if (parse_u64(text, "--interval", 0, INT32_MAX, &ms, &ignored) == 0) {
		*ret = (int64_t)ms * (NSEC_PER_SEC / 1000);
		return 0;
	}
	return time_parse_duration(text, "--interval", ret, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct wait_args *a = args;
	struct pick p = {.latest = a->latest, .ignore = a->ignore};
	struct waiting w = {.app = app};
	int r;

	r = read_conditions(&a->conditions, &w.states, err);
	if (r == 0)
		r = read_interval(a->interval, &w.interval, err);
	return r < 0 ? r : pick_each(app, &p, rest, wait_one, &w, err);
}

const struct verb verb_wait = {
    .path = "wait",
    .aliases = "container wait",
    .summary = "Wait for containers to end and print their exit codes",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .examples = "kist wait web\nkist wait --condition running web",
    .opts = opts,
    .args_size = sizeof(struct wait_args),
    .defaults = &(const struct wait_args){.interval = INTERVAL_DEFAULT},
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run,
};
