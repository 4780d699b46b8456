#include "pull_child.h"
#include "progress.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/platform.h"
#include "sys/spawn.h"

#include <stdlib.h>
#include <sys/utsname.h>

int pull_here(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
	      struct err *err)
{
	AUTO_FREE struct progress *progress = malloc(sizeof(*progress));
	struct image_pull pull = {.remote = rq->remote};
	struct platform host, want;
	struct image_ctx ctx;
	struct utsname u;
	int r;

	if (!progress)
		return err_nomem(err);
	r = app_tell_single_id(app, err);
	if (r < 0)
		return r;
	progress_init(progress, rq->quiet);
	ctx = app_image_ctx(app, rq->authfile, &progress->events);
	if (rq->platform) {
		(void)uname(&u);
		platform_host(u.machine, &host);
		r = platform_parse(rq->platform, &host, &want, err);
		if (r < 0)
			return r;
		pull.platform = &want;
	}
	return image_pull(&ctx, rq->text, &pull, ret_id, err);
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
