#include "pull_child.h"
#include "opts_remote.h"
#include "place.h"
#include "progress.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/transport.h"
#include "sys/fd.h"
#include "sys/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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
	const struct image_place *place; /* NULL: a registry */
	struct image_pull pull;
	struct strv *names;
	char *id;
};

static int attempt(void *arg, struct err *err)
{
	const struct attempt *a = arg;

	if (a->place)
		return place_pull(a->ctx, a->place, a->pull.platform, a->names, a->id, err);
	return image_pull(a->ctx, a->text, &a->pull, a->id, err);
}

static int pull(struct app *app, const struct pull_request *rq, const struct image_place *place,
		struct strv *names, char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO_FREE struct progress *progress = malloc(sizeof(*progress));
	struct attempt a = {
	    .text = rq->text,
	    .place = place,
	    .pull = {.remote = rq->remote},
	    .names = names,
	    .id = ret_id,
	};
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

static int pull_name(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
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
	r = pull(app, rq, NULL, NULL, ret_id, err);
	if (r < 0 && newer && find_here(app, rq, ret_id, &ignored) > 0) {
		say("%s: using the image that is here", err->text);
		err_clear(err);
		return 0;
	}
	return r;
}

int pull_here(struct app *app, const struct pull_request *rq, struct strv *ret_names,
	      char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO_PLACE struct image_place place = PLACE_INIT;
	AUTO_STRV struct strv names = STRV_INIT;
	int r = place_parse(rq->text, &place, err);

	if (r <= 0)
		return r < 0 ? r : pull_name(app, rq, ret_id, err);
	r = pull(app, rq, &place, ret_names ? ret_names : &names, ret_id, err);
	return r < 0 ? err_wrap(err, "pulling %s", rq->text) : 0;
}

struct child_pull {
	struct app *app;
	const struct pull_request *rq;
	int fd; /* where the ID goes */
};

static int child_main(void *arg, struct err *err)
{
	const struct child_pull *p = arg;
	char id[STORE_ID_LEN + 1];

	int r = pull_here(p->app, p->rq, NULL, id, err);

	return r < 0 ? r : fd_write_all(p->fd, id, STORE_ID_LEN, "the image's ID", err);
}

int pull_in_child(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
		  struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("kist-image-id", MFD_CLOEXEC);
	struct child_pull p = {app, rq, fd};
	struct spawn role = {
	    .name = "pull",
	    .flags = SPAWN_DEATHSIG | SPAWN_RESET_SIGNALS,
	    .main = child_main,
	    .arg = &p,
	};

	int r;

	if (fd < 0)
		return err_sys(err, errno, "making a memory file");
	r = spawn_run(&role, err);
	if (r == 0 && pread(fd, ret_id, STORE_ID_LEN, 0) != STORE_ID_LEN)
		return err_set(err, ERR_BUG, "the pull did not say what it pulled");
	ret_id[STORE_ID_LEN] = '\0';
	return r;
}
