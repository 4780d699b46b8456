/* Asking again, with all locks held, before something counts as damage. */
#include "check_priv.h"
#include "base/auto.h"
#include "base/err.h"
#include "store/repair.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int still_there(struct check *c, const char *layer_id, struct err *err)
{
	AUTO_STORE_LAYER struct store_layer l = {0};

	return store_layer_find(c->ctx->store, layer_id, &l, err);
}

int confirm_dir(struct check *c, const struct store_layer *l, char **ret_problem, struct err *err)
{
	AUTO_STORE_STILL struct store *still = NULL;
	AUTO_FREE char *problem = NULL;
	int r;

	r = store_hold_still(c->ctx->store, err);
	if (r < 0)
		return r;
	still = c->ctx->store;
	r = still_there(c, l->id, err);
	if (r > 0)
		r = check_find_dir_problem(c, l, &problem, err);
	if (r < 0 || !problem)
		return r < 0 ? r : 0;
	free(*ret_problem);
	*ret_problem = TAKE(problem);
	return 1;
}

int confirm_content(struct check *c, const char *layer_id, int diff, struct err *err)
{
	AUTO_STORE_STILL struct store *still = NULL;
	AUTO_CLOSE int now = -1;
	struct stat a, b;
	int r;

	r = store_hold_still(c->ctx->store, err);
	if (r < 0)
		return r;
	still = c->ctx->store;
	r = still_there(c, layer_id, err);
	if (r > 0)
		r = store_layer_open_diff(c->ctx->store, layer_id, &now, err);
	if (r < 0 || now < 0)
		return r;
	if (fstat(diff, &a) < 0 || fstat(now, &b) < 0)
		return err_sys(err, errno, "layer %.12s", layer_id);
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino ? 1 : 2;
}

int confirm_image(struct check *c, const char *id, char **ret_problem, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct store_image_query query = {.id = id};
	AUTO_STORE_STILL struct store *still = NULL;
	AUTO_FREE char *problem = NULL;
	int r;

	r = store_hold_still(c->ctx->store, err);
	if (r < 0)
		return r;
	still = c->ctx->store;
	r = store_image_find(c->ctx->store, &query, &image, err);
	if (r > 0)
		r = check_find_image_problem(c, image, &problem, err);
	if (r < 0 || !problem)
		return r < 0 ? r : 0;
	free(*ret_problem);
	*ret_problem = TAKE(problem);
	return 1;
}

int confirm_container(struct check *c, const char *id, const char **ret_problem, struct err *err)
{
	AUTO_STORE_CONTAINER_LIST struct store_container_list list = {0};
	AUTO_STORE_STILL struct store *still = NULL;
	const char *problem = NULL;
	size_t i;
	int r;

	r = store_hold_still(c->ctx->store, err);
	if (r < 0)
		return r;
	still = c->ctx->store;
	r = store_container_list(c->ctx->store, &list, err);
	for (i = 0; r == 0 && i < list.n; i++)
		if (streq(list.v[i].id, id))
			r = check_find_container_problem(c, &list.v[i], &problem, err);
	if (r < 0 || !problem)
		return r;
	*ret_problem = problem;
	return 1;
}

int confirm_inventory(struct check *c, struct inventory *now, struct err *err)
{
	AUTO_STORE_STILL struct store *still = NULL;
	int r = store_hold_still(c->ctx->store, err);

	if (r < 0)
		return r;
	still = c->ctx->store;
	return inventory_load(c->ctx, NULL, NULL, false, now, err);
}
