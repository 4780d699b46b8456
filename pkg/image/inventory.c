#include "image/inventory.h"
#include "base/err.h"
#include "family.h"
#include "image/measure.h"

#include <stdlib.h>

/* Longer chains of parents are a circle. */
#define CHAIN_MAX 1000

void inventory_fini(struct inventory *inv)
{
	store_images_fini(&inv->images);
	store_layer_list_fini(&inv->layers);
	store_container_list_fini(&inv->containers);
	free(inv->users);
	free(inv->externals);
	free(inv->mounted);
	free(inv->data_bytes);
	free(inv->layer_bytes);
	free(inv->container_bytes);
	free(inv->sharers);
	free(inv->pairs);
	*inv = (struct inventory){0};
}

static struct store_layer_item *parent_of(const struct inventory *inv,
					  const struct store_layer_item *l)
{
	return store_layer_list_find(&inv->layers, l->layer.parent);
}

void inventory_count_chain(const struct inventory *inv, const char *top, size_t *counts)
{
	struct store_layer_item *l = store_layer_list_find(&inv->layers, top);
	int depth;

	for (depth = 0; l && depth < CHAIN_MAX; depth++) {
		counts[l - inv->layers.v]++;
		l = parent_of(inv, l);
	}
}

void inventory_count_image(const struct inventory *inv, const struct store_image *image,
			   size_t *counts)
{
	struct store_layer_item *l;
	size_t i;

	inventory_count_chain(inv, image->layer, counts);
	/* Copies of the top layer with other owners; what is below is the same. */
	for (i = 0; i < image->mapped_layers.n; i++) {
		l = store_layer_list_find(&inv->layers, image->mapped_layers.v[i]);
		if (l)
			counts[l - inv->layers.v]++;
	}
}

static void count_user(struct inventory *inv, size_t i, const struct store_container *c)
{
	inv->users[i]++;
	inv->externals[i] += c->external == STORE_EXTERNAL_FREE;
	inv->mounted[i] += c->external == STORE_EXTERNAL_MOUNTED;
}

static int count_users(struct inventory *inv, store_users_fn *users, void *arg, struct err *err)
{
	size_t i, k;
	int r = 0;

	for (i = 0; r == 0 && i < inv->images.n; i++) {
		AUTO_STRV struct strv own = STRV_INIT;
		const char *id = inv->images.v[i]->id;

		if (users)
			r = users(arg, id, &own, err);
		inv->users[i] = own.n;
		for (k = 0; k < inv->containers.n; k++)
			if (!inv->containers.v[k].holder && streq(inv->containers.v[k].image, id))
				count_user(inv, i, &inv->containers.v[k]);
	}
	return r;
}

/* ---- bytes ---- */

#define PATHS_OF_A_LAYER 3

/* An image that has a record in both of our roots is measured in both at once. */
static bool is_measured(const struct inventory *inv, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (streq(inv->images.v[k]->id, inv->images.v[i]->id))
			return false;
	return !inv->images.v[i]->read_only;
}

/* Whose data goes with the image: a holder, or a container that may go. */
static bool goes_along(const struct store_container *c)
{
	return c->holder || c->external == STORE_EXTERNAL_FREE;
}

static int add_paths(const struct inventory *inv, struct strv *paths, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < inv->layers.n; i++) {
		const char *id = inv->layers.v[i].layer.id;

		/* What is in another store is not on our disk. */
		if (inv->layers.v[i].layer.read_only)
			id = "-";
		r = strv_addf(paths, err, "overlay/%s", id);
		if (r == 0)
			r = strv_addf(paths, err, "overlay-layers/%s.tar-split.gz", id);
		if (r == 0)
			r = strv_addf(paths, err, "overlay-layers/%s", id);
	}
	for (i = 0; r == 0 && i < inv->images.n; i++)
		r = strv_addf(paths, err, "overlay-images/%s",
			      is_measured(inv, i) ? inv->images.v[i]->id : "-");
	for (i = 0; r == 0 && i < inv->containers.n; i++)
		r = strv_addf(paths, err, "overlay-containers/%s",
			      goes_along(&inv->containers.v[i]) ? inv->containers.v[i].id : "-");
	return r;
}

static int measure(struct store *s, struct inventory *inv, struct err *err)
{
	AUTO_STRV struct strv paths = STRV_INIT;
	AUTO_FREE uint64_t *bytes = NULL;
	const uint64_t *p;
	size_t i;
	int r;

	r = add_paths(inv, &paths, err);
	if (r < 0)
		return r;
	bytes = calloc(paths.n + 1, sizeof(*bytes));
	if (!bytes)
		return err_nomem(err);
	r = store_measure(s, &paths, bytes, err);
	if (r < 0)
		return r;
	p = bytes;
	for (i = 0; i < inv->layers.n; i++, p += PATHS_OF_A_LAYER)
		inv->layer_bytes[i] = p[0] + p[1] + p[2];
	for (i = 0; i < inv->images.n; i++)
		inv->data_bytes[i] = *p++;
	for (i = 0; i < inv->containers.n; i++)
		inv->container_bytes[i] = *p++;
	return 0;
}

static int fill(struct store *s, struct inventory *inv, struct err *err)
{
	int r;

	r = store_image_list(s, &inv->images, err);
	if (r == 0)
		r = store_layer_list(s, &inv->layers, err);
	if (r == 0)
		r = store_container_list(s, &inv->containers, err);
	if (r < 0)
		return r;
	inv->users = calloc(inv->images.n + 1, sizeof(*inv->users));
	inv->externals = calloc(inv->images.n + 1, sizeof(*inv->externals));
	inv->mounted = calloc(inv->images.n + 1, sizeof(*inv->mounted));
	inv->data_bytes = calloc(inv->images.n + 1, sizeof(*inv->data_bytes));
	inv->layer_bytes = calloc(inv->layers.n + 1, sizeof(*inv->layer_bytes));
	inv->sharers = calloc(inv->layers.n + 1, sizeof(*inv->sharers));
	inv->container_bytes = calloc(inv->containers.n + 1, sizeof(*inv->container_bytes));
	if (!inv->users || !inv->externals || !inv->mounted || !inv->data_bytes ||
	    !inv->layer_bytes || !inv->sharers || !inv->container_bytes)
		return err_nomem(err);
	return 0;
}

int inventory_load(const struct image_ctx *ctx, store_users_fn *users, void *arg, bool with_bytes,
		   struct inventory *ret, struct err *err)
{
	AUTO_INVENTORY struct inventory inv = {0};
	size_t i;
	int r;

	r = fill(ctx->store, &inv, err);
	if (r == 0)
		r = count_users(&inv, users, arg, err);
	if (r == 0)
		r = family_load(ctx, &inv, err);
	if (r == 0 && with_bytes)
		r = measure(ctx->store, &inv, err);
	if (r < 0)
		return r;
	for (i = 0; i < inv.images.n; i++)
		inventory_count_image(&inv, inv.images.v[i], inv.sharers);
	*ret = inv;
	inv = (struct inventory){0};
	return 0;
}

/* ---- sums ---- */

static uint64_t chain_bytes(const struct inventory *inv, size_t i, size_t max_sharers)
{
	struct store_layer_item *l = store_layer_list_find(&inv->layers, inv->images.v[i]->layer);
	const struct strv *mapped = &inv->images.v[i]->mapped_layers;
	uint64_t sum = inv->data_bytes[i];
	int depth;
	size_t k;

	for (k = 0; k < mapped->n; k++) {
		struct store_layer_item *m = store_layer_list_find(&inv->layers, mapped->v[k]);

		if (m && inv->sharers[m - inv->layers.v] <= max_sharers)
			sum += inv->layer_bytes[m - inv->layers.v];
	}
	for (depth = 0; l && depth < CHAIN_MAX; depth++) {
		if (inv->sharers[l - inv->layers.v] <= max_sharers)
			sum += inv->layer_bytes[l - inv->layers.v];
		l = parent_of(inv, l);
	}
	return sum;
}

uint64_t inventory_image_bytes(const struct inventory *inv, size_t i)
{
	return chain_bytes(inv, i, SIZE_MAX);
}

uint64_t inventory_unique_bytes(const struct inventory *inv, size_t i)
{
	return chain_bytes(inv, i, 1);
}

uint64_t inventory_all_bytes(const struct inventory *inv)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < inv->layers.n; i++)
		sum += inv->sharers[i] || inv->layers.v[i].kind == STORE_LAYER_HOLDER
			   ? inv->layer_bytes[i]
			   : 0;
	for (i = 0; i < inv->images.n; i++)
		sum += inv->data_bytes[i];
	for (i = 0; i < inv->containers.n; i++)
		sum += inv->containers.v[i].holder ? inv->container_bytes[i] : 0;
	return sum;
}

static bool is_gone(const struct inventory *inv, const bool *gone, const char *image_id)
{
	size_t i;

	for (i = 0; i < inv->images.n; i++)
		if (gone[i] && streq(inv->images.v[i]->id, image_id))
			return true;
	return false;
}

static bool goes(const struct inventory *inv, const bool *gone, const struct store_container *c)
{
	return goes_along(c) && is_gone(inv, gone, c->image);
}

/* Counts the layers that are left by what goes, and returns the bytes of its data. */
static uint64_t count_hit(const struct inventory *inv, const bool *gone, size_t *hit)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < inv->images.n; i++) {
		if (!gone[i])
			continue;
		sum += inv->data_bytes[i];
		inventory_count_image(inv, inv->images.v[i], hit);
	}
	for (i = 0; i < inv->containers.n; i++) {
		if (!goes(inv, gone, &inv->containers.v[i]))
			continue;
		sum += inv->container_bytes[i];
		inventory_count_chain(inv, inv->containers.v[i].layer, hit);
	}
	return sum;
}

/* Counts what stays, and why: images, containers, and layers that nothing refers to, and never did.
 */
static void count_kept(const struct inventory *inv, const bool *gone, const size_t *hit,
		       size_t *kept)
{
	size_t i;

	for (i = 0; i < inv->images.n; i++)
		if (!gone[i] && !inv->images.v[i]->read_only)
			inventory_count_image(inv, inv->images.v[i], kept);
	for (i = 0; i < inv->containers.n; i++)
		if (!goes(inv, gone, &inv->containers.v[i]))
			inventory_count_chain(inv, inv->containers.v[i].layer, kept);
	for (i = 0; i < inv->layers.n; i++)
		if (inv->layers.v[i].kind == STORE_LAYER_ORDINARY && inv->sharers[i] == 0 &&
		    kept[i] == 0 && hit[i] == 0)
			inventory_count_chain(inv, inv->layers.v[i].layer.id, kept);
}

bool inventory_freed_bytes(const struct inventory *inv, const bool *gone, uint64_t *ret)
{
	AUTO_FREE size_t *kept = calloc(inv->layers.n + 1, sizeof(*kept));
	AUTO_FREE size_t *hit = calloc(inv->layers.n + 1, sizeof(*hit));
	uint64_t sum;
	size_t i;

	if (!kept || !hit)
		return false;
	sum = count_hit(inv, gone, hit);
	count_kept(inv, gone, hit, kept);
	for (i = 0; i < inv->layers.n; i++)
		sum += hit[i] > 0 && kept[i] == 0 ? inv->layer_bytes[i] : 0;
	*ret = sum;
	return true;
}

bool inventory_has_child(const struct inventory *inv, size_t i, const bool *gone)
{
	size_t k;

	for (k = 0; k < inv->n_pairs; k++)
		if (inv->pairs[k].parent == i && !(gone && gone[inv->pairs[k].child]))
			return true;
	return false;
}
