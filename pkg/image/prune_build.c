/* Working containers that builds left behind. */
#include "base/err.h"
#include "base/strv.h"
#include "image/measure.h"
#include "image/prune.h"
#include "store/list.h"

#include <stdlib.h>

#define PATHS_OF_A_CONTAINER 2

static bool is_chosen(const struct store_container *c, const struct prune_filter *filter,
		      enum store_external state)
{
	static const struct strv no_labels = STRV_INIT;

	return c->external == state && prune_filter_matches(filter, c->created, &no_labels);
}

/* Bytes of each container's layer and data; 0 for those that stay. */
static int measure(struct store *s, const struct store_container_list *list,
		   const struct prune_filter *filter, uint64_t **ret, struct err *err)
{
	AUTO_STRV struct strv paths = STRV_INIT;
	uint64_t *bytes;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < list->n; i++) {
		const struct store_container *c = &list->v[i];
		bool goes = is_chosen(c, filter, STORE_EXTERNAL_FREE);

		r = strv_addf(&paths, err, "overlay/%s", goes && *c->layer ? c->layer : "-");
		if (r == 0)
			r = strv_addf(&paths, err, "overlay-containers/%s", goes ? c->id : "-");
	}
	if (r < 0)
		return r;
	bytes = calloc(paths.n + 1, sizeof(*bytes));
	if (!bytes)
		return err_nomem(err);
	*ret = bytes;
	return store_measure(s, &paths, bytes, err);
}

/* 1 it is gone, 0 it stays: somebody works in it, or was faster. */
static int remove_one(struct store *s, const struct store_container *c, struct image_pruned *ret,
		      struct err *err)
{
	struct err one = ERR_INIT;
	int r = store_external_remove(s, c->id, &one);

	if (r == -ERR_IN_USE)
		return strv_add(&ret->mounted, c->names.n ? c->names.v[0] : c->id, err);
	if (r < 0)
		*err = one;
	return r;
}

static int prune(struct store *s, const struct store_container_list *list,
		 const struct prune_filter *filter, const uint64_t *bytes, struct image_pruned *ret,
		 struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < list->n; i++, bytes += PATHS_OF_A_CONTAINER) {
		const struct store_container *c = &list->v[i];

		if (!is_chosen(c, filter, STORE_EXTERNAL_FREE) &&
		    !is_chosen(c, filter, STORE_EXTERNAL_MOUNTED))
			continue;
		r = remove_one(s, c, ret, err);
		if (r <= 0)
			continue;
		ret->bytes += bytes[0] + bytes[1];
		r = strv_add(&ret->ids, c->id, err);
	}
	return r < 0 ? r : 0;
}

int build_prune(const struct image_ctx *ctx, const struct prune_filter *filter,
		struct image_pruned *ret, struct err *err)
{
	AUTO_STORE_CONTAINER_LIST struct store_container_list list = {0};
	AUTO_IMAGE_PRUNED struct image_pruned done = {0};
	AUTO_FREE uint64_t *bytes = NULL;
	int r;

	r = store_container_list(ctx->store, &list, err);
	if (r == 0)
		r = measure(ctx->store, &list, filter, &bytes, err);
	if (r == 0)
		r = prune(ctx->store, &list, filter, bytes, &done, err);
	if (r < 0)
		return r;
	*ret = done;
	done = (struct image_pruned){0};
	return 0;
}
