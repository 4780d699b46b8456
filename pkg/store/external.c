/*
 * Working containers of buildah. The record goes first: what buildah keeps of a container says that
 * it is buildah's, so that a record without it could never be removed again. Lock files name the
 * data and the layer meanwhile, for whoever comes after a command that was killed.
 */
#include "external.h"
#include "slice.h"
#include "base/err.h"
#include "store/image.h"
#include "sys/fd.h"
#include "sys/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static const enum index_kind both[] = {IX_CONTAINERS, IX_VOLATILE_CONTAINERS};

void externals_fini(struct externals *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		live_drop(&e->v[i].data);
		live_drop(&e->v[i].drop);
	}
	free(e->v);
	*e = (struct externals){0};
}

void externals_leave(struct externals *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		live_leave(&e->v[i].data);
		live_leave(&e->v[i].drop);
	}
}

int external_is_buildah(struct store *s, const char *id, struct err *err)
{
	char path[STORE_ID_LEN + 64];
	struct stat st;

	if (!id_is_good(id))
		return 0;
	(void)snprintf(path, sizeof(path), "overlay-containers/%s/userdata/buildah.json", id);
	if (fstatat(own(s)->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISREG(st.st_mode);
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_sys(err, errno, "looking for %s", path);
}

/* A user's buildah mounts in a namespace of its own: then only the count tells. */
enum store_external external_state(struct store *s, struct str layer, const struct index *mounts)
{
	char path[STORE_ID_LEN + 16];
	size_t i;

	if (!id_slice_is_good(layer))
		return STORE_EXTERNAL_FREE;
	for (i = 0; i < mounts->n; i++)
		if (slice_same(mounts->v[i].m[REC_ID], layer))
			return STORE_EXTERNAL_MOUNTED;
	(void)snprintf(path, sizeof(path), "%.64s/merged", layer.ptr);
	return mount_is_at(own(s)->overlay_fd, path) ? STORE_EXTERNAL_MOUNTED : STORE_EXTERNAL_FREE;
}

static int is_buildah(struct store *s, const struct rec *rec, struct err *err)
{
	char id[STORE_ID_LEN + 1];

	if (!id_slice_is_good(rec->m[REC_ID]) || slice_get(rec->m[REC_FLAGS], FLAG_HOLDER).ptr)
		return 0;
	id_copy(rec->m[REC_ID], id);
	return external_is_buildah(s, id, err);
}

static int add(struct externals *e, const struct rec *rec, struct err *err)
{
	struct str name = rec_name(rec);
	struct external *v = reallocarray(e->v, e->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(err);
	e->v = v;
	v = &e->v[e->n++];
	*v = (struct external){.data = LIVE_INIT, .drop = LIVE_INIT};
	(void)snprintf(v->name, sizeof(v->name), "%.*s", (int)name.len, name.ptr);
	id_copy(rec->m[REC_ID], v->id);
	if (id_slice_is_good(rec->m[REC_LAYER]))
		id_copy(rec->m[REC_LAYER], v->layer);
	return 0;
}

static int sort_out(struct store *s, const struct index *ix, const char *image_id, bool ours,
		    struct externals *e, struct strv *others, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ix->n; i++) {
		const struct rec *rec = &ix->v[i];

		if (!str_eq(rec->m[REC_IMAGE], image_id) ||
		    slice_get(rec->m[REC_FLAGS], FLAG_HOLDER).ptr)
			continue;
		r = ours ? is_buildah(s, rec, err) : 0;
		if (r > 0)
			r = add(e, rec, err);
		else if (r == 0)
			r = strv_addn(others, rec_name(rec), err);
	}
	return r;
}

int externals_of_image(struct store *s, const char *image_id, struct externals *e,
		       struct strv *others, struct err *err)
{
	struct index *ix;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ARRAY_LEN(both); i++) {
		r = store_index(s, 0, both[i], &ix, err);
		if (r == 0)
			r = sort_out(s, ix, image_id, true, e, others, err);
	}
	/* In the run root we only look. */
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_CONTAINERS, &ix, err);
	return r < 0 ? r : sort_out(s, ix, image_id, false, e, others, err);
}

int externals_check_mounts(struct store *s, const struct externals *e, const struct index *mounts,
			   struct err *err)
{
	const struct external *x;
	size_t i;
	int fd, r = e->n > 0 ? store_runroot_fd(s, &fd, err) : 0;

	/* Else nobody knows what is mounted. */
	if (r < 0)
		return r;
	for (i = 0; i < e->n; i++) {
		x = &e->v[i];
		if (external_state(s, str_of(x->layer), mounts) == STORE_EXTERNAL_MOUNTED)
			return err_set(
			    err, ERR_IN_USE,
			    "buildah's container %s is mounted: somebody may work in it; "
			    "\"buildah rm %s\" removes it all the same",
			    x->name, x->name);
	}
	return 0;
}

/* Before anything changes. */
static int promise(struct store *s, struct externals *e, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < e->n; i++) {
		r = live_take_container(s, e->v[i].id, &e->v[i].data, err);
		if (r == 0 && e->v[i].layer[0])
			r = live_take_drop(s, e->v[i].layer, &e->v[i].drop, err);
	}
	store_step(s, "containers promised");
	return r;
}

static int forget(struct store *s, const struct externals *e, enum index_kind kind, struct err *err)
{
	struct index *ix;
	struct rec *rec;
	bool changed = false;
	size_t i;
	int r;

	r = store_index(s, 0, kind, &ix, err);
	for (i = 0; r == 0 && i < e->n; i++) {
		while ((rec = index_find_id(ix, e->v[i].id))) {
			index_remove(ix, rec);
			changed = true;
		}
	}
	return r < 0 || !changed ? r : store_save(s, 0, kind, err);
}

int container_data_remove(struct store *s, const char *id, struct err *err)
{
	struct err ignored = ERR_INIT;
	char path[STORE_ID_LEN + 32];
	int fd, r;

	(void)snprintf(path, sizeof(path), "overlay-containers/%.64s", id);
	r = store_remove_tree(s, own(s)->fd, path, err);
	/* No run root, nothing of this boot. */
	if (r == 0 && store_runroot_fd(s, &fd, &ignored) == 0)
		r = store_remove_tree(s, fd, path, err);
	return r;
}

int externals_take_out(struct deletion *d, struct externals *e, struct err *err)
{
	size_t i;
	int r;

	if (e->n == 0)
		return 0;
	r = promise(d->s, e, err);
	for (i = 0; r == 0 && i < ARRAY_LEN(both); i++)
		r = forget(d->s, e, both[i], err);
	for (i = 0; r == 0 && i < e->n; i++) {
		r = container_data_remove(d->s, e->v[i].id, err);
		store_step(d->s, "container data removed");
	}
	for (i = 0; r == 0 && i < e->n; i++)
		r = deletion_drop_chain(d, str_of(e->v[i].layer), err);
	return r;
}

/* The one of this ID: 1, 0 there is none. */
static int find(struct store *s, const char *id, struct externals *e, struct err *err)
{
	struct rec *rec = NULL;
	struct index *ix;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && !rec && i < ARRAY_LEN(both); i++) {
		r = store_index(s, 0, both[i], &ix, err);
		rec = r == 0 ? index_find_id(ix, id) : NULL;
	}
	if (r < 0 || !rec)
		return r;
	r = is_buildah(s, rec, err);
	if (r == 0)
		return err_set(err, ERR_DENIED, "container %.12s is not buildah's", id);
	if (r > 0)
		r = add(e, rec, err);
	return r < 0 ? r : 1;
}

int store_external_remove(struct store *s, const char *id, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(deletion_fini) struct deletion d = {0};
	AUTO(externals_fini) struct externals e = {0};
	int r;

	r = id_check(id, "container ID", err);
	if (r == 0)
		r = store_lock(s, LK_ALL, err);
	if (r < 0)
		return r;
	locked = s;
	r = find(s, id, &e, err);
	if (r <= 0)
		return r;
	r = deletion_init(&d, s, err);
	if (r == 0)
		r = externals_check_mounts(s, &e, &d.mounts, err);
	if (r == 0)
		r = externals_take_out(&d, &e, err);
	if (r == 0)
		r = layers_drop(s, &d.drop, err);
	if (r < 0)
		externals_leave(&e);
	return r < 0 ? r : 1;
}
