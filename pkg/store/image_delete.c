/* Deleting an image and the layers that nobody else needs (4.6 of the format). */
#include "external.h"
#include "slice.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <stdlib.h>

#define USERS_TEXT_MAX 512

void store_deleted_fini(struct store_deleted *d)
{
	strv_fini(&d->names);
	strv_fini(&d->layers);
}

static int in_use(const char *id, const struct strv *users, struct err *err)
{
	AUTO_BUF struct buf list = BUF_INIT(USERS_TEXT_MAX);
	size_t i;

	for (i = 0; i < users->n && list.len < USERS_TEXT_MAX - 128; i++)
		buf_addf(&list, "%s%.64s", i ? ", " : "", users->v[i]);
	return err_set(err, ERR_IN_USE, "image %.12s is in use by %s %s%s", id,
		       users->n == 1 ? "container" : "containers", buf_str(&list),
		       i < users->n ? ", ..." : "");
}

static int check_mounts(const struct deletion *d, const char *image_id, struct str layer,
			struct err *err)
{
	size_t i;

	for (i = 0; i < d->mounts.n; i++)
		if (layer.len > 0 && slice_same(d->mounts.v[i].m[REC_ID], layer))
			return err_set(err, ERR_IN_USE, "image %.12s is mounted: unmount it first",
				       image_id);
	return 0;
}

int image_in_read_only(struct store *s, const char *id, size_t *ret_where, struct err *err)
{
	struct index *ix;
	size_t where;
	int r;

	for (where = s->n_own; where < s->n_roots; where++) {
		r = store_index(s, where, IX_IMAGES, &ix, err);
		if (r < 0)
			return r;
		if (!index_find_id(ix, id))
			continue;
		*ret_where = where;
		return 1;
	}
	return 0;
}

static int not_ours(struct store *s, const char *id, struct err *err)
{
	size_t where;
	int r = image_in_read_only(s, id, &where, err);

	if (r < 0)
		return r;
	if (r > 0)
		return err_set(err, ERR_DENIED, "image %.12s is in the read-only store %s", id,
			       s->roots[where].path);
	return err_set(err, ERR_NOT_FOUND, "image %.12s is not in the store", id);
}

/* What one deletion takes with it, and what it may. */
struct company {
	struct live holder;	    /* names its layer until that is dropped */
	struct externals externals; /* working containers of buildah */
	bool externals_too;
};

static void company_fini(struct company *c)
{
	externals_fini(&c->externals);
	live_drop(&c->holder);
}

static void company_leave(struct company *c)
{
	externals_leave(&c->externals);
	live_leave(&c->holder);
}

/* Containers of other tools; those that go with the image are only noted. */
static int other_users(struct deletion *d, const char *id, struct company *c, struct strv *names,
		       struct err *err)
{
	int r;

	if (!c->externals_too)
		return store_image_users(d->s, id, names, err);
	r = externals_of_image(d->s, id, &c->externals, names, err);
	return r < 0 || names->n > 0 ? r
				     : externals_check_mounts(d->s, &c->externals, &d->mounts, err);
}

static int check_users(struct deletion *d, const char *id, store_users_fn *users, void *arg,
		       struct company *c, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	int r;

	r = other_users(d, id, c, &names, err);
	if (r == 0 && names.n == 0)
		r = holder_take_out(d->s, id, users, arg, &names, &c->holder, &d->drop, err);
	if (r >= 0 && names.n > 0)
		return in_use(id, &names, err);
	return r < 0 ? r : externals_take_out(d, &c->externals, err);
}

/* Takes the record out of a root's images.json and its data away. */
static int remove_image(struct deletion *d, size_t where, struct rec *rec, const char *id,
			struct err *err)
{
	AUTO(live_drop) struct live live = LIVE_INIT;
	int area, r;

	r = live_take_image(d->s, id, &live, err);
	if (r < 0)
		return r;
	index_remove(d->images[where], rec);
	r = store_save(d->s, where, IX_IMAGES, err);
	if (r == 0)
		r = store_area_fd(d->s, where, AREA_IMAGES, &area, err);
	if (r == 0)
		r = tree_remove(area, id, err);
	if (r < 0)
		live_leave(&live);
	store_step(d->s, "image data removed");
	return r;
}

static int choose_layers_of(struct deletion *d, const struct store_image *image, struct err *err)
{
	bool keep = false;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < image->mapped_layers.n; i++) {
		const char *id = image->mapped_layers.v[i];

		if (!id_is_good(id) || !deletion_find_layer(d, str_of(id)))
			continue;
		if (deletion_is_free(d, str_of(id)))
			r = strv_add(&d->drop, id, err);
		else
			keep = true; /* it is mounted on top of what it is a copy of */
	}
	return r < 0 || keep || !image->layer ? r
					      : deletion_drop_chain(d, str_of(image->layer), err);
}

/*
 * What was promised by lock files before the image's record went: drop-<layer> for the top of each
 * chain. Without them a command that dies between the two would leave layers that no image has.
 */
struct promise {
	struct live *v;
	size_t n;
};

static void promise_fini(struct promise *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		live_drop(&p->v[i]);
	free(p->v);
}

static void promise_leave(struct promise *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		live_leave(&p->v[i]);
}

static int promise_layer(struct store *s, struct promise *p, const char *layer, struct err *err)
{
	struct live *v;

	if (!id_is_good(layer))
		return 0;
	v = reallocarray(p->v, p->n + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	p->v = v;
	v[p->n] = (struct live)LIVE_INIT;
	return live_take_drop(s, layer, &v[p->n++], err);
}

static int promise_layers(struct store *s, struct promise *p, const struct store_image *image,
			  struct err *err)
{
	size_t i;
	int r;

	r = promise_layer(s, p, image->layer, err);
	for (i = 0; r == 0 && i < image->mapped_layers.n; i++)
		r = promise_layer(s, p, image->mapped_layers.v[i], err);
	return r;
}

/* The image's record in each of our roots; normally there is one. */
struct records {
	struct store_image *v[OWN_MAX];
	struct rec *rec[OWN_MAX];
	size_t n;
};

static void records_fini(struct records *rs)
{
	size_t i;

	for (i = 0; i < OWN_MAX; i++)
		store_image_free(rs->v[i]);
}

static int find_records(struct deletion *d, const char *id, struct records *rs, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < d->s->n_own; i++) {
		rs->rec[i] = index_find_id(d->images[i], id);
		if (!rs->rec[i])
			continue;
		rs->n++;
		r = image_from_rec(d->s, rs->rec[i], i, &rs->v[i], err);
		if (r == 0 && d->seen && d->seen->where == (int)i)
			r = image_check_names(rs->v[i], &d->seen->names, err);
		if (r == 0)
			r = check_mounts(d, id, rs->rec[i]->m[REC_LAYER], err);
	}
	return r < 0 || rs->n > 0 ? r : not_ours(d->s, id, err);
}

static int take_names(struct records *rs, struct strv *ret, struct err *err)
{
	size_t i, k;
	int r = 0;

	for (i = 0; i < OWN_MAX; i++)
		for (k = 0; r == 0 && rs->v[i] && k < rs->v[i]->names.n; k++)
			r = strv_add(ret, rs->v[i]->names.v[k], err);
	return r;
}

static int delete_locked(struct deletion *d, const char *id, store_users_fn *users, void *arg,
			 struct company *c, struct store_deleted *ret, struct err *err)
{
	AUTO(records_fini) struct records rs = {0};
	AUTO(promise_fini) struct promise promise = {0};
	AUTO_STRV struct strv names = STRV_INIT;
	size_t others, i;
	int r;

	r = find_records(d, id, &rs, err);
	if (r == 0)
		r = take_names(&rs, &names, err);
	if (r == 0)
		r = check_users(d, id, users, arg, c, err);
	others = d->drop.n;
	for (i = 0; r == 0 && i < d->s->n_own; i++)
		if (rs.v[i])
			r = promise_layers(d->s, &promise, rs.v[i], err);
	for (i = 0; r == 0 && i < d->s->n_own; i++)
		if (rs.rec[i])
			r = remove_image(d, i, rs.rec[i], id, err);
	for (i = 0; r == 0 && i < d->s->n_own; i++)
		if (rs.v[i])
			r = choose_layers_of(d, rs.v[i], err);
	if (r == 0)
		r = layers_drop(d->s, &d->drop, err);
	if (r < 0)
		promise_leave(&promise);
	if (r < 0 || !ret)
		return r;
	for (; others > 0; others--)
		strv_remove(&d->drop, 0);
	ret->names = names;
	ret->layers = d->drop;
	names = d->drop = (struct strv)STRV_INIT;
	return 0;
}

static int delete (struct store *s, const char *image_id, const struct store_image *seen,
		   unsigned flags, store_users_fn *users, void *arg, struct store_deleted *ret,
		   struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(company_fini)
	struct company c = {.holder = LIVE_INIT, .externals_too = flags & STORE_DELETE_EXTERNALS};
	AUTO(deletion_fini) struct deletion d = {.seen = seen};
	int r;

	r = id_check(image_id, "image ID", err);
	if (r == 0)
		r = deletion_begin(&d, s, 0, &locked, err);
	if (r == 0)
		r = delete_locked(&d, image_id, users, arg, &c, ret, err);
	if (r < 0)
		company_leave(&c);
	return r;
}

int store_image_delete(struct store *s, const char *image_id, store_users_fn *users, void *arg,
		       struct store_deleted *ret, struct err *err)
{
	return delete (s, image_id, NULL, 0, users, arg, ret, err);
}

int store_image_delete_seen(struct store *s, const struct store_image *seen, unsigned flags,
			    store_users_fn *users, void *arg, struct store_deleted *ret,
			    struct err *err)
{
	return delete (s, seen->id, seen, flags, users, arg, ret, err);
}

int store_image_refuse_used(struct store *s, const char *image_id, unsigned flags, struct err *err)
{
	AUTO(company_fini)
	struct company c = {.holder = LIVE_INIT, .externals_too = flags & STORE_DELETE_EXTERNALS};
	AUTO(deletion_fini) struct deletion d = {0};
	AUTO(records_fini) struct records rs = {0};
	AUTO_STRV struct strv names = STRV_INIT;
	int r;

	r = deletion_init(&d, s, err);
	if (r == 0)
		r = find_records(&d, image_id, &rs, err);
	if (r == 0)
		r = other_users(&d, image_id, &c, &names, err);
	if (r == 0 && names.n > 0)
		return in_use(image_id, &names, err);
	return r < 0 ? r : 0;
}
