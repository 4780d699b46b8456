#include "family.h"
#include "base/err.h"
#include "spec/image.h"

#include <stdlib.h>

static bool same_text(const char *a, const char *b)
{
	return streq(a ? a : "", b ? b : "");
}

static bool same_entry(const struct image_history *a, const struct image_history *b)
{
	return a->created == b->created && a->empty_layer == b->empty_layer &&
	       same_text(a->created_by, b->created_by) && same_text(a->author, b->author) &&
	       same_text(a->comment, b->comment);
}

bool family_is_parent(const struct image_config *parent, const struct image_config *child)
{
	size_t i;

	if (parent->diff_ids.n > child->diff_ids.n || parent->n_history + 1 != child->n_history)
		return false;
	for (i = 0; i < parent->diff_ids.n; i++)
		if (!streq(parent->diff_ids.v[i], child->diff_ids.v[i]))
			return false;
	for (i = 0; i < parent->n_history; i++)
		if (!same_entry(&parent->history[i], &child->history[i]))
			return false;
	return true;
}

/* One entry of history is one layer, or none. Cheap, before any document is read. */
static bool may_be_parent(const struct inventory *inv, size_t i, size_t k)
{
	const char *top = inv->images.v[i]->layer, *of_child = inv->images.v[k]->layer;
	struct store_layer_item *l;

	if (i == k || !of_child)
		return i != k && !top;
	if (!top || streq(top, of_child))
		return true;
	l = store_layer_list_find(&inv->layers, of_child);
	return l && l->layer.parent && streq(l->layer.parent, top);
}

static int add_pair(struct inventory *inv, size_t parent, size_t child, struct err *err)
{
	struct inventory_pair *pairs =
	    reallocarray(inv->pairs, inv->n_pairs + 1, sizeof(*inv->pairs));

	if (!pairs)
		return err_nomem(err);
	inv->pairs = pairs;
	pairs[inv->n_pairs++] = (struct inventory_pair){parent, child};
	return 0;
}

/* An image without a configuration (a list, or damaged) has no family. */
static bool is_child(const struct image_ctx *ctx, const struct image_config *parent,
		     const struct store_image *image)
{
	AUTO_IMAGE_CONFIG struct image_config child = {0};
	struct err ignored = ERR_INIT;

	return image_read_config(ctx, image, &child, &ignored) == 0 &&
	       family_is_parent(parent, &child);
}

static int add_children(const struct image_ctx *ctx, struct inventory *inv, size_t i,
			struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config parent = {0};
	struct err ignored = ERR_INIT;
	bool known = false;
	size_t k;
	int r = 0;

	for (k = 0; r == 0 && k < inv->images.n; k++) {
		if (!may_be_parent(inv, i, k))
			continue;
		if (!known && image_read_config(ctx, inv->images.v[i], &parent, &ignored) < 0)
			return 0;
		known = true;
		if (is_child(ctx, &parent, inv->images.v[k]))
			r = add_pair(inv, i, k, err);
	}
	return r;
}

int family_load(const struct image_ctx *ctx, struct inventory *inv, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < inv->images.n; i++)
		if (inv->images.v[i]->names.n == 0)
			r = add_children(ctx, inv, i, err);
	return r;
}

/* Those that share the top layer come first, as podman has it. */
static const struct store_image *parent_on(const struct image_ctx *ctx, const struct inventory *inv,
					   const struct store_image *child,
					   const struct image_config *config, const char *top)
{
	struct err ignored = ERR_INIT;
	size_t i;

	for (i = 0; i < inv->images.n; i++) {
		AUTO_IMAGE_CONFIG struct image_config parent = {0};
		const struct store_image *image = inv->images.v[i];

		if (!same_text(image->layer, top) || streq(image->id, child->id))
			continue;
		if (image_read_config(ctx, image, &parent, &ignored) == 0 &&
		    family_is_parent(&parent, config))
			return image;
	}
	return NULL;
}

const struct store_image *inventory_parent(const struct image_ctx *ctx, const struct inventory *inv,
					   const struct store_image *image)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	const struct store_image *parent;
	struct err ignored = ERR_INIT;
	struct store_layer_item *l;

	if (image_read_config(ctx, image, &config, &ignored) < 0)
		return NULL;
	parent = parent_on(ctx, inv, image, &config, image->layer);
	l = store_layer_list_find(&inv->layers, image->layer);
	if (!parent && l)
		parent = parent_on(ctx, inv, image, &config, l->layer.parent);
	return parent;
}
