/* Putting right what check.c found: what is here first, then the registry, removal last. */
#include "check_priv.h"
#include "refetch.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/image.h"
#include "store/repair.h"

#include <stdlib.h>

static int note(struct check_finding *f, enum check_state state, const char *text, struct err *err)
{
	f->state = state;
	return str_set(&f->note, text, err);
}

static struct check_finding *finding_of(struct check *c, const char *what, const char *id)
{
	size_t i;

	for (i = 0; i < c->report->n; i++)
		if (streq(c->report->v[i].what, what) && streq(c->report->v[i].id, id))
			return &c->report->v[i];
	return NULL;
}

int check_repair_dir(struct check *c, size_t i, struct err *err)
{
	struct check_finding *f = &c->report->v[c->report->n - 1];
	const struct store_layer *l = &c->inv.layers.v[i].layer;
	struct err e = ERR_INIT;
	int r;

	if (!c->o->repair) {
		/* Its files can be looked at all the same, unless there are none. */
		c->bad[i] = strstr(f->problem, "directory") ? BAD_CONTENT : BAD_NOT;
		return 0;
	}
	r = store_layer_repair_dir(c->ctx->store, l->id, check_dir_parent(c, l), &e);
	if (r == -ERR_NOT_FOUND)
		return note(f, CHECK_REMOVED, "by another program", err);
	if (r < 0) {
		c->bad[i] = BAD_CONTENT;
		return note(f, CHECK_DAMAGED, e.text, err);
	}
	f->state = CHECK_REPAIRED;
	return 0;
}

int check_repair_container(struct check *c, const struct store_container *k, struct err *err)
{
	struct check_finding *f = &c->report->v[c->report->n - 1];
	struct err e = ERR_INIT;

	if (!c->o->repair)
		return 0;
	if (!k->holder && !c->o->force)
		return note(f, CHECK_DAMAGED,
			    "it belongs to another tool: --force removes its record", err);
	if (store_container_forget(c->ctx->store, k->id, &e) < 0)
		return note(f, CHECK_DAMAGED, e.text, err);
	f->state = CHECK_REMOVED;
	return 0;
}

/* ---- layers ---- */

/* Which layer of the image it is: its place and DiffID. 1 found, 0 not one of this image. */
static int place_in_image(struct check *c, const struct store_image *image, const char *id,
			  size_t *ret_index, char **ret_diff_id, struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	char ids[2][STORE_ID_LEN + 1];
	const char *parent = NULL;
	size_t i;
	int r;

	r = image_read_config(c->ctx, image, &config, err);
	for (i = 0; r == 0 && i < config.diff_ids.n; i++) {
		r = store_layer_id(parent, config.diff_ids.v[i], ids[i % 2], err);
		if (r < 0)
			return r;
		parent = ids[i % 2];
		if (!streq(parent, id))
			continue;
		*ret_index = i;
		r = str_set(ret_diff_id, config.diff_ids.v[i], err);
		return r < 0 ? r : 1;
	}
	return r;
}

/* Any image that has the layer may say where to fetch it. */
static int refetch(struct check *c, const struct store_layer *l, struct err *err)
{
	struct refetch_layer layer = {.id = l->id,
				      .parent = str_empty(l->parent) ? NULL : l->parent};
	size_t i, index = 0;
	int r = err_set(err, ERR_NOT_FOUND, "no image has it"), found;

	for (i = 0; r < 0 && i < c->inv.images.n; i++) {
		const struct store_image *image = c->inv.images.v[i];
		AUTO_FREE char *diff_id = NULL;
		struct err e = ERR_INIT;

		if (c->bad_image[i] || image->read_only)
			continue;
		found = place_in_image(c, image, l->id, &index, &diff_id, &e);
		/* It may be the one that has it. */
		if (found < 0) {
			*err = e;
			r = found;
		}
		if (found <= 0)
			continue;
		err_clear(err);
		layer.index = index;
		layer.diff_id = diff_id;
		r = layer_refetch(c->ctx, image, &layer, &c->o->remote, &c->workers, err);
	}
	return r;
}

static int repair_layer(struct check *c, size_t i, struct err *err)
{
	const struct store_layer *l = &c->inv.layers.v[i].layer;
	struct check_finding *f = finding_of(c, "layer", l->id);
	struct err e = ERR_INIT;
	int r;

	if ((c->bad[i] != BAD_CONTENT && c->bad[i] != BAD_UNREADABLE) || !f)
		return 0;
	r = refetch(c, l, &e);
	if (r < 0 && (c->bad[i] == BAD_UNREADABLE || (r != -ERR_NOT_FOUND && !c->o->force)))
		c->bad[i] = BAD_KEPT;
	if (r < 0)
		return note(f, CHECK_DAMAGED, e.text, err);
	c->bad[i] = BAD_NOT;
	f->state = CHECK_FETCHED;
	return 0;
}

/* ---- images whose layers could not be had again ---- */

static bool has_bad_layer(const struct check *c, const struct store_image *image)
{
	const struct store_layer_item *l = store_layer_list_find(&c->inv.layers, image->layer);
	size_t depth;

	for (depth = 0; l && depth <= c->inv.layers.n; depth++) {
		if (c->bad[l - c->inv.layers.v] == BAD_CONTENT ||
		    c->bad[l - c->inv.layers.v] == BAD_PARENT)
			return true;
		l = store_layer_list_find(&c->inv.layers, l->layer.parent);
	}
	return false;
}

static int remove_image(struct check *c, size_t i, struct err *err)
{
	const struct store_image *image = c->inv.images.v[i];
	struct check_finding *f = finding_of(c, "image", image->id);
	AUTO_FREE char *text = NULL;
	struct err e = ERR_INIT;
	int r;

	if (!f) {
		r = check_add(c->report, "image", image->id, "it has a damaged layer", err);
		if (r < 0)
			return r;
		f = &c->report->v[c->report->n - 1];
	}
	r = store_image_delete(c->ctx->store, image->id, c->o->users, c->o->users_arg, NULL, &e);
	if (r < 0)
		return note(f, CHECK_DAMAGED, e.text, err);
	text = str_fmt("pull %s again", image->names.n ? image->names.v[0] : "it");
	return note(f, CHECK_REMOVED, text, err);
}

/* ---- bad layers that no image needs any more ---- */

static bool has_child(const struct inventory *now, const char *id)
{
	size_t i;

	for (i = 0; i < now->layers.n; i++)
		if (now->layers.v[i].layer.parent && streq(now->layers.v[i].layer.parent, id))
			return true;
	return false;
}

static bool is_container_layer(const struct inventory *now, const char *id)
{
	size_t i;

	for (i = 0; i < now->containers.n; i++)
		if (streq(now->containers.v[i].layer, id))
			return true;
	return false;
}

/* 1 when it was removed here: its parent may go next. */
static int remove_layer(struct check *c, const struct inventory *now, size_t i, struct err *err)
{
	const struct store_layer *l = &c->inv.layers.v[i].layer;
	struct check_finding *f = finding_of(c, "layer", l->id);
	struct store_layer_item *left = store_layer_list_find(&now->layers, l->id);
	struct err e = ERR_INIT;
	int r;

	if (!f || c->bad[i] == BAD_NOT || c->bad[i] == BAD_KEPT || f->state == CHECK_REMOVED)
		return 0;
	if (!left) {
		f->state = CHECK_REMOVED; /* with its image */
		return 0;
	}
	if (now->sharers[left - now->layers.v] > 0 || has_child(now, l->id) ||
	    is_container_layer(now, l->id))
		return 0;
	r = store_layer_remove(c->ctx->store, l->id, &e);
	if (r == -ERR_IN_USE && c->bad[i] == BAD_UNUSED)
		return note(f, CHECK_REPAIRED, "it is in use again", err);
	if (r < 0)
		return note(f, CHECK_DAMAGED, e.text, err);
	f->state = CHECK_REMOVED;
	return 1;
}

static int remove_layers(struct check *c, struct err *err)
{
	bool again = true;
	size_t i;
	int r = 0;

	while (r >= 0 && again) {
		AUTO_INVENTORY struct inventory now = {0};

		again = false;
		r = inventory_load(c->ctx, NULL, NULL, false, &now, err);
		for (i = 0; r >= 0 && i < c->inv.layers.n; i++) {
			r = remove_layer(c, &now, i, err);
			again = again || r > 0;
		}
	}
	return r < 0 ? r : 0;
}

int check_repair_rest(struct check *c, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < c->inv.layers.n; i++)
		r = repair_layer(c, i, err);
	/* A directory that was made again has another link, which those above it must name. */
	if (r == 0)
		r = check_dirs(c, err);
	for (i = 0; r == 0 && i < c->inv.images.n; i++)
		if (!c->inv.images.v[i]->read_only &&
		    (c->bad_image[i] == BAD_CONTENT || has_bad_layer(c, c->inv.images.v[i])))
			r = remove_image(c, i, err);
	return r < 0 ? r : remove_layers(c, err);
}
