#include "pull_child.h"
#include "opts_remote.h"
#include "progress.h"
#include "base/auto.h"
#include "base/err.h"
#include "sys/spawn.h"

#include <stdio.h>
#include <stdlib.h>

/* 1 and its ID: there is an image of that name here. */
static int find_here(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
		     struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, rq->authfile, NULL);
	int r = image_find(&ctx, rq->text, &image, NULL, err);

	if (r > 0)
		(void)snprintf(ret_id, STORE_ID_LEN + 1, "%s", image->id);
	return r;
}

struct attempt {
	const struct image_ctx *ctx;
	const char *text;
	struct image_pull pull;
	char *id;
};

static int attempt(void *arg, struct err *err)
{
	const struct attempt *a = arg;

	return image_pull(a->ctx, a->text, &a->pull, a->id, err);
}

static int pull(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
		struct err *err)
{
	AUTO_FREE struct progress *progress = malloc(sizeof(*progress));
	struct attempt a = {.text = rq->text, .pull = {.remote = rq->remote}, .id = ret_id};
	struct platform want;
	struct image_ctx ctx;
	int r;

	if (!progress)
		return err_nomem(err);
	r = app_tell_single_id(app, err);
	if (r == 0)
		r = platform_from_args(rq->platform, &want, err);
	if (r < 0)
		return r;
	if (r > 0)
		a.pull.platform = &want;
	progress_init(progress, rq->quiet);
	ctx = app_image_ctx(app, rq->authfile, &progress->events);
	a.ctx = &ctx;
	return retry_run(rq->retry, attempt, &a, err);
}

int pull_here(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
	      struct err *err)
{
	bool newer = streq(rq->policy, "newer");
	struct err ignored = ERR_INIT;
	int r = 0;

	if (streq(rq->policy, "missing") || streq(rq->policy, "never"))
		r = find_here(app, rq, ret_id, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (streq(rq->policy, "never"))
		return err_set(err, ERR_NOT_FOUND, "%s: image not known", rq->text);
	r = pull(app, rq, ret_id, err);
	if (r < 0 && newer && find_here(app, rq, ret_id, &ignored) > 0) {
		say("%s: using the image that is here", err->text);
		err_clear(err);
		return 0;
	}
	return r;
}

struct child_pull {
	struct app *app;
	const struct pull_request *rq;
};

static int child_main(void *arg, struct err *err)
{
	const struct child_pull *p = arg;
	char id[STORE_ID_LEN + 1];

	return pull_here(p->app, p->rq, id, err);
}

int pull_in_child(struct app *app, const struct pull_request *rq, struct err *err)
{
	struct child_pull p = {app, rq};
	struct spawn role = {
	    .name = "pull",
	    .flags = SPAWN_DEATHSIG | SPAWN_RESET_SIGNALS,
	    .main = child_main,
	    .arg = &p,
	};

	return spawn_run(&role, err);
}
