/*
 * Staging layers become final ones: a chain of them with two saves of the list. The first says that
 * they are incomplete, so that whoever comes after a crash removes what was renamed already.
 */
#include "priv.h"
#include "base/err.h"
#include "base/strv.h"
#include "base/times.h"
#include "json/json.h"
#include "store/layer_new.h"

#include <stdio.h>
#include <string.h>

static int put_digest(struct json_doc *doc, const char *digest_name, const char *digest,
		      const char *size_name, int64_t size, struct err *err)
{
	int r = rec_set_text(doc, digest_name, digest, err);

	if (r == 0 && digest)
		r = json_set(doc, json_root(doc), size_name, json_i64(doc, size), err);
	return r;
}

static int put_ids(struct json_doc *doc, const char *name, const uint32_t *ids, size_t n,
		   struct err *err)
{
	struct json *arr = json_array(doc);
	size_t i;
	int r = 0;

	if (n == 0)
		return 0;
	for (i = 0; r == 0 && i < n; i++)
		r = json_append(arr, json_u64(doc, ids[i]), err);
	return r < 0 ? r : json_set(doc, json_root(doc), name, arr, err);
}

/* The finished record; it says incomplete until the files are in their place. */
static int make_record(const char *id, const struct store_layer_info *info, struct json_doc **ret,
		       struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	int r;

	r = rec_new(id, &doc, err);
	if (r == 0)
		r = rec_set_text(doc, "parent", info->parent, err);
	if (r == 0)
		r = json_set(doc, json_root(doc), "created", json_time(doc, time_now_ns()), err);
	if (r == 0)
		r = put_digest(doc, "compressed-diff-digest", info->compressed_digest,
			       "compressed-size", info->compressed_size, err);
	if (r == 0)
		r = put_digest(doc, "diff-digest", info->diff_digest, "diff-size", info->diff_size,
			       err);
	if (r == 0 && info->compression != COMPRESSION_NONE)
		r = json_set(doc, json_root(doc), "compression", json_i64(doc, info->compression),
			     err);
	if (r == 0)
		r = put_ids(doc, "uidset", info->uids, info->n_uids, err);
	if (r == 0)
		r = put_ids(doc, "gidset", info->gids, info->n_gids, err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_INCOMPLETE, json_bool(doc, true), err);
	if (r == 0)
		*ret = TAKE(doc);
	return r;
}

/* ---- under layers.lock: a chain v[0..n), from the bottom up ---- */

/* Is it there meanwhile? */
static int look(struct store *s, struct store_layer_done *d, struct err *err)
{
	struct rec *rec;
	size_t where;
	int r;

	r = layer_find_rec(s, str_of(d->id), &rec, &where, err);
	d->present = r > 0;
	return r < 0 ? r : 0;
}

/* Of the lowest one: the others have theirs from us. */
static int look_for_parent(struct store *s, const struct store_layer_done *d, struct err *err)
{
	struct rec *rec;
	size_t where;
	int r;

	if (!d->info.parent || d->present)
		return 0;
	r = layer_find_rec(s, str_of(d->info.parent), &rec, &where, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s: its parent %.12s is gone", d->id,
			       d->info.parent);
	return r < 0 ? r : 0;
}

static int announce(struct store *s, struct store_layer_done *d, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct index *ix = NULL;
	int r;

	r = make_record(d->id, &d->info, &doc, err);
	if (r == 0)
		r = store_index(s, layer_home(s), IX_LAYERS, &ix, err);
	return r < 0 ? r : rec_store(ix, NULL, doc, err);
}

static int move_into_place(struct store *s, struct store_layer_done *d, struct err *err)
{
	int r = 0;

	if (d->info.parent)
		r = layer_dir_set_parent(s, d->fresh->id, d->info.parent, err);
	return r < 0 ? r : layer_dir_rename(s, d->fresh->id, d->id, err);
}

static int put_on_disk(struct store *s, struct store_layer_done *d, struct err *err)
{
	return layer_dir_sync(s, d->id, err);
}

/* The staging record may be in the other root's index, where this is a save of its own. */
static int forget_staging(struct store *s, const char *id, struct err *err)
{
	struct layer_place place;
	struct rec *rec;
	int r;

	r = layer_find_own(s, str_of(id), &place, &rec, err);
	if (r <= 0)
		return r;
	index_remove(&s->roots[place.where].index[place.kind], rec);
	return place.where == layer_home(s) ? 0 : store_save(s, place.where, place.kind, err);
}

static int complete(struct store *s, struct store_layer_done *d, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct index *ix = NULL;
	struct rec *rec;
	int r;

	r = forget_staging(s, d->fresh->id, err);
	if (r == 0)
		r = store_index(s, layer_home(s), IX_LAYERS, &ix, err);
	if (r < 0)
		return r;
	rec = index_find_id(ix, d->id);
	if (!rec)
		return err_set(err, ERR_BUG, "the record of layer %.12s is lost", d->id);
	r = rec_edit(rec, &doc, err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_INCOMPLETE, NULL, err);
	return r < 0 ? r : rec_store(ix, rec, doc, err);
}

typedef int one_fn(struct store *s, struct store_layer_done *d, struct err *err);

static int each_new(struct store *s, struct store_layer_done *v, size_t n, one_fn *one,
		    struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		if (!v[i].present)
			r = one(s, &v[i], err);
	return r < 0 ? err_wrap(err, "layer %.12s", v[i - 1].id) : 0;
}

static int finish(struct store *s, struct store_layer_done *v, size_t n, struct err *err)
{
	int r;

	r = each_new(s, v, n, announce, err);
	if (r == 0)
		r = store_save(s, layer_home(s), IX_LAYERS, err);
	if (r == 0)
		r = each_new(s, v, n, move_into_place, err);
	if (r == 0)
		r = each_new(s, v, n, put_on_disk, err);
	if (r == 0)
		r = layer_names_sync(s, s->img, err);
	if (r == 0)
		r = each_new(s, v, n, complete, err);
	return r < 0 ? r : store_save(s, layer_home(s), IX_LAYERS, err);
}

/* After a failure under the lock: nothing half-made stays where we can help it. */
static void undo(struct store *s, const struct store_layer_done *v, size_t n)
{
	AUTO_STRV struct strv ids = STRV_INIT;
	struct err ignored = ERR_INIT;
	struct layer_place place;
	struct rec *rec;
	size_t i;

	for (i = n; i-- > 0;)
		if (layer_find_own(s, str_of(v[i].id), &place, &rec, &ignored) > 0 &&
		    rec->incomplete)
			(void)strv_add(&ids, v[i].id, &ignored);
	(void)layers_drop(s, &ids, &ignored);
}

/* The staging layers of those that somebody else made meanwhile. */
static int drop_spare(struct store *s, const struct store_layer_done *v, size_t n, struct err *err)
{
	AUTO_STRV struct strv ids = STRV_INIT;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		if (v[i].present)
			r = strv_add(&ids, v[i].fresh->id, err);
	return r < 0 ? r : layers_drop(s, &ids, err);
}

static int commit_locked(struct store *s, struct store_layer_done *v, size_t n, struct err *err)
{
	size_t i, n_new = n;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++) {
		r = look(s, &v[i], err);
		n_new -= v[i].present;
	}
	if (r == 0)
		r = look_for_parent(s, &v[0], err);
	if (r == 0 && n_new < n)
		r = drop_spare(s, v, n, err);
	if (r < 0 || n_new == 0)
		return r;
	r = finish(s, v, n, err);
	if (r < 0)
		undo(s, v, n);
	return r;
}

static int name_all(struct store_layer_done *v, size_t n, struct err *err)
{
	size_t i;
	int r = 0;

	if (str_empty(v[0].info.parent))
		v[0].info.parent = NULL;
	for (i = 0; r == 0 && i < n; i++) {
		if (i > 0)
			v[i].info.parent = v[i - 1].id;
		r = store_layer_id(v[i].info.parent, v[i].info.diff_digest, v[i].id, err);
	}
	return r;
}

int store_layers_commit(struct store *s, struct store_layer_done *v, size_t n, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	size_t i;
	int r;

	if (n == 0)
		return 0;
	r = name_all(v, n, err);
	if (r == 0)
		r = store_lock(s, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = s;
	r = commit_locked(s, v, n, err);
	for (i = 0; r == 0 && i < n; i++)
		layer_new_free(TAKE(v[i].fresh));
	return r;
}

int store_layer_commit(struct store_layer_new **np, const struct store_layer_info *info,
		       char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	struct store_layer_done one = {.fresh = *np, .info = *info};
	struct store *s = one.fresh->store;
	int r;

	r = store_sync(s, err);
	if (r == 0)
		r = store_layers_commit(s, &one, 1, err);
	*np = one.fresh;
	if (r == 0)
		memcpy(ret_id, one.id, sizeof(one.id));
	return r;
}
