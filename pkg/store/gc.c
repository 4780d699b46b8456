/* What dead owners left: found by the lock files they held. */
#include "priv.h"
#include "slice.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* More left-overs than this are work for the next time. */
#define GC_MAX 256

/* Names in a directory that may not be there. */
static int names_in(int dir, const char *path, struct strv *ret, struct err *err)
{
	if (faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return dir_list(dir, path, ret, err);
}

/* "<prefix><64 hex>.lock": adds the ID. */
static int add_id(const char *name, const char *prefix, struct strv *ids, struct err *err)
{
	const char *id = str_after(name, prefix);

	if (!id || strlen(id) != STORE_ID_LEN + 5 || !str_ends(id, ".lock") ||
	    !id_slice_is_good((struct str){id, STORE_ID_LEN}))
		return 0;
	return strv_addn(ids, (struct str){id, STORE_ID_LEN}, err);
}

/* Is this layer ours and unfinished? One without a record is only a directory. */
static int is_left_over(struct store *s, const struct index *containers, const char *id,
			struct err *err)
{
	struct layer_place place;
	struct rec *rec;
	int r = layer_find_own(s, str_of(id), &place, &rec, err);

	if (r < 0)
		return r;
	if (r == 0 || slice_get(rec->m[REC_FLAGS], FLAG_STAGING).ptr)
		return 1;
	return slice_get(rec->m[REC_FLAGS], FLAG_HOLDER).ptr &&
	       !containers_have_layer(containers, rec->m[REC_ID]);
}

static int drop_left_overs(struct store *s, const struct strv *dead, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO_STRV struct strv drop = STRV_INIT;
	struct index *containers;
	size_t i;
	int r;

	r = store_lock(s, LK_LAYERS | LK_CONTAINERS | LK_TRY, err);
	if (r < 0)
		return r;
	locked = s;
	r = store_index(s, 0, IX_CONTAINERS, &containers, err);
	for (i = 0; r == 0 && i < dead->n; i++) {
		r = is_left_over(s, containers, dead->v[i], err);
		if (r >= 0)
			r = r > 0 ? strv_add(&drop, dead->v[i], err)
				  : layer_dir_tidy(s, dead->v[i], err);
	}
	if (r < 0 || layers_drop(s, &drop, err) == 0)
		return r;
	for (i = 0; i < drop.n; i++)
		if (layer_empty(s, drop.v[i], err) < 0)
			break;
	return -(int)err->code;
}

/* Data of images that have no record; those that have one get back what it says. */
static int drop_image_data_of(struct store *s, size_t where, const struct strv *dead,
			      struct err *err)
{
	struct index *ix;
	struct rec *rec;
	size_t i;
	int area, r;

	r = store_index(s, where, IX_IMAGES, &ix, err);
	if (r == 0)
		r = store_area_fd(s, where, AREA_IMAGES, &area, err);
	for (i = 0; r == 0 && i < dead->n; i++) {
		rec = index_find_id(ix, dead->v[i]);
		r = rec ? image_data_restore(s, where, rec, err)
			: tree_remove(area, dead->v[i], err);
	}
	return r;
}

static int drop_image_data(struct store *s, const struct strv *dead, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	size_t where;
	int r;

	r = store_lock(s, LK_IMAGES | LK_TRY, err);
	if (r < 0)
		return r;
	locked = s;
	for (where = 0; r == 0 && where < s->n_own; where++)
		r = drop_image_data_of(s, where, dead, err);
	return r;
}

/* 1 another tool, or we, have a record of it. */
static int is_container(struct store *s, const char *id, struct err *err)
{
	struct index *a, *b, *c;
	int r;

	r = store_index(s, 0, IX_CONTAINERS, &a, err);
	if (r == 0)
		r = store_index(s, 0, IX_VOLATILE_CONTAINERS, &b, err);
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_CONTAINERS, &c, err);
	if (r != 0)
		return r;
	return index_find_id(a, id) || index_find_id(b, id) || index_find_id(c, id);
}

/* Data of working containers whose record is gone (external.c). */
static int drop_container_data(struct store *s, const struct strv *dead, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	size_t i;
	int r;

	r = store_lock(s, LK_CONTAINERS | LK_TRY, err);
	if (r < 0)
		return r;
	locked = s;
	for (i = 0; r >= 0 && i < dead->n; i++) {
		r = is_container(s, dead->v[i], err);
		if (r == 0)
			r = container_data_remove(s, dead->v[i], err);
	}
	return r < 0 ? r : 0;
}

struct dead {
	struct live held[GC_MAX];
	size_t n;
	struct strv layers, images, containers, drops;
};

static void dead_fini(struct dead *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		live_drop(&d->held[i]);
	strv_fini(&d->layers);
	strv_fini(&d->images);
	strv_fini(&d->containers);
	strv_fini(&d->drops);
}

static int gc_staging(struct store *s, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO(dead_fini) struct dead d = {0};
	size_t i;
	int r;

	r = names_in(own(s)->fd, "kist/staging", &names, err);
	for (i = 0; r >= 0 && i < names.n && d.n < GC_MAX; i++) {
		d.held[d.n] = (struct live)LIVE_INIT;
		r = live_take(s, names.v[i], false, &d.held[d.n], err);
		if (r <= 0)
			continue; /* its owner lives */
		d.n++;
		r = add_id(names.v[i], "", &d.layers, err);
		if (r == 0)
			r = add_id(names.v[i], "image-", &d.images, err);
		if (r == 0)
			r = add_id(names.v[i], "container-", &d.containers, err);
		if (r == 0)
			r = add_id(names.v[i], "drop-", &d.drops, err);
	}
	if (r >= 0 && d.layers.n > 0)
		r = drop_left_overs(s, &d.layers, err);
	if (r >= 0 && d.images.n > 0)
		r = drop_image_data(s, &d.images, err);
	if (r >= 0 && d.containers.n > 0)
		r = drop_container_data(s, &d.containers, err);
	if (r >= 0 && d.drops.n > 0)
		r = layers_drop_unneeded(s, LK_TRY, &d.drops, err);
	if (r < 0) {
		/* The files stay: they name what is still to be done. */
		for (i = 0; i < d.n; i++)
			live_leave(&d.held[i]);
	}
	/* Other tools hold locks for minutes. No command waits for them to clean up. */
	if (r == -ERR_IN_USE) {
		err_clear(err);
		r = 0;
	}
	return r < 0 ? r : 0;
}

/* One tree of layers on their way out. */
static int gc_tempdir(struct store *s, int dir, const char *name, struct err *err)
{
	const char *suffix = str_after(name, "lock-");
	AUTO_FREE char *tree = suffix ? str_fmt("temp-dir-%s", suffix) : NULL;
	AUTO_CLOSE int lock = -1;
	struct err e = ERR_INIT;
	int r;

	if (!tree)
		return 0;
	r = lock_try_open(dir, name, LOCK_EXCLUSIVE, &lock, &e);
	if (r < 0 && err_is_errno(&e, ENOENT))
		return 0; /* its owner finished, and was the last in the directory */
	if (r < 0)
		*err = e;
	if (r <= 0)
		return r;
	r = store_remove_tree(s, dir, tree, err);
	if (r < 0)
		return r;
	(void)unlinkat(dir, name, 0);
	return 0;
}

static int gc_tempdirs(struct store *s, const struct root *root, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_CLOSE int dir = -1;
	size_t i;
	int r;

	dir = openat(root->overlay_fd, "tempdirs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	r = dir_list(dir, ".", &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		r = gc_tempdir(s, dir, names.v[i], err);
	/* Fails while others are in it. */
	(void)unlinkat(root->overlay_fd, "tempdirs", AT_REMOVEDIR);
	return r;
}

int store_gc(struct store *s, struct err *err)
{
	int r = gc_staging(s, err);
	size_t i;

	for (i = 0; r == 0 && i < s->n_own; i++)
		r = gc_tempdirs(s, &s->roots[i], err);
	if (r == 0)
		r = store_drop_temporary(s, err);
	return r < 0 ? err_wrap(err, "cleaning the store %s", own(s)->path) : 0;
}
