/* Which layers nobody needs any more, and removing those. */
#include "deletion.h"
#include "slice.h"
#include "base/err.h"
#include "store/layer_new.h"
#include "store/repair.h"

#define CHAIN_MAX 1000

int mounts_index(int runroot, struct index *ret, struct err *err)
{
	return index_load(ret, runroot, "overlay-layers/mountpoints.json", true, err);
}

void deletion_fini(struct deletion *d)
{
	index_reset(&d->mounts);
	strv_fini(&d->drop);
}

int deletion_init(struct deletion *d, struct store *s, struct err *err)
{
	struct layer_place p[LAYER_PLACES_MAX];
	struct err ignored = ERR_INIT;
	int fd, r = 0;
	size_t i;

	d->s = s;
	d->n_layers = layer_places(s, p);
	for (i = 0; r == 0 && i < d->n_layers; i++)
		r = store_index(s, p[i].where, p[i].kind, &d->layers[i], err);
	for (i = 0; r == 0 && i < s->n_own; i++)
		r = store_index(s, i, IX_IMAGES, &d->images[i], err);
	if (r == 0)
		r = store_index(s, 0, IX_CONTAINERS, &d->containers, err);
	if (r == 0)
		r = store_index(s, 0, IX_VOLATILE_CONTAINERS, &d->volatile_containers, err);
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_LAYERS, &d->transient_layers, err);
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_CONTAINERS, &d->transient_containers, err);
	/* No run root, no mounts. */
	if (r == 0 && store_runroot_fd(s, &fd, &ignored) == 0)
		r = mounts_index(fd, &d->mounts, err);
	return r;
}

int deletion_begin(struct deletion *d, struct store *s, unsigned try, struct store **locked,
		   struct err *err)
{
	int r = store_lock(s, LK_ALL | try, err);

	if (r < 0)
		return r;
	*locked = s;
	return deletion_init(d, s, err);
}

static bool is_image_layer(const struct index *ix, struct str id)
{
	struct slice_iter it;
	struct str item, text;
	size_t i;

	for (i = 0; i < ix->n; i++) {
		if (slice_same(ix->v[i].m[REC_LAYER], id))
			return true;
		if (!slice_open(ix->v[i].m[REC_MAPPED], '[', &it))
			continue;
		while (slice_item(&it, &item) > 0)
			if (slice_text(item, &text) && slice_same(text, id))
				return true;
	}
	return false;
}

static bool is_dropped(const struct strv *drop, struct str id)
{
	size_t i;

	for (i = 0; i < drop->n; i++)
		if (str_eq(id, drop->v[i]))
			return true;
	return false;
}

static bool has_child(const struct deletion *d, const struct index *ix, struct str id)
{
	size_t i;

	for (i = 0; i < ix->n; i++)
		if (slice_same(ix->v[i].m[REC_PARENT], id) &&
		    !is_dropped(&d->drop, ix->v[i].m[REC_ID]))
			return true;
	return false;
}

/* The image's own record is out of the index already. */
bool deletion_is_free(const struct deletion *d, struct str id)
{
	size_t i;

	if (containers_have_layer(d->containers, id) ||
	    containers_have_layer(d->volatile_containers, id) ||
	    containers_have_layer(d->transient_containers, id) ||
	    has_child(d, d->transient_layers, id))
		return false;
	for (i = 0; i < d->s->n_own; i++)
		if (is_image_layer(d->images[i], id))
			return false;
	for (i = 0; i < d->n_layers; i++)
		if (has_child(d, d->layers[i], id))
			return false;
	return true;
}

struct rec *deletion_find_layer(const struct deletion *d, struct str id)
{
	struct rec *rec = NULL;
	size_t i;

	for (i = 0; !rec && i < d->n_layers; i++)
		rec = index_find(d->layers[i], id);
	return rec;
}

/* Adds id and its parents as far as nobody else needs them. */
int deletion_drop_chain(struct deletion *d, struct str id, struct err *err)
{
	struct rec *rec;
	int depth, r = 0;

	for (depth = 0; r == 0 && depth < CHAIN_MAX; depth++) {
		rec = deletion_find_layer(d, id);
		if (!rec || !id_slice_is_good(id) || is_dropped(&d->drop, id) ||
		    !deletion_is_free(d, id))
			break;
		r = strv_addn(&d->drop, id, err);
		id = rec->m[REC_PARENT];
	}
	return r;
}

int store_layer_remove(struct store *s, const char *id, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(deletion_fini) struct deletion d = {0};
	int r;

	r = id_check(id, "layer ID", err);
	if (r == 0)
		r = deletion_begin(&d, s, 0, &locked, err);
	if (r == 0 && !deletion_is_free(&d, str_of(id)))
		r = err_set(err, ERR_IN_USE, "layer %.12s is in use", id);
	if (r == 0)
		r = strv_add(&d.drop, id, err);
	return r < 0 ? r : layers_drop(s, &d.drop, err);
}

int layers_drop_unneeded(struct store *s, unsigned try, const struct strv *ids, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(deletion_fini) struct deletion d = {0};
	size_t i;
	int r;

	r = deletion_begin(&d, s, try, &locked, err);
	for (i = 0; r == 0 && i < ids->n; i++)
		r = deletion_drop_chain(&d, str_of(ids->v[i]), err);
	return r < 0 ? r : layers_drop(s, &d.drop, err);
}

int store_layers_give_back(struct store *s, const struct strv *ids, struct err *err)
{
	return layers_drop_unneeded(s, 0, ids, err);
}
