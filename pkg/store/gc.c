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

/* "<64 hex>.lock" */
static bool layer_of(const char *name, char id[STORE_ID_LEN + 1])
{
	if (strlen(name) != STORE_ID_LEN + 5 || !str_ends(name, ".lock") ||
	    !id_slice_is_good((struct str){name, STORE_ID_LEN}))
		return false;
	id_copy((struct str){name, STORE_ID_LEN}, id);
	return true;
}

static bool is_referred(const struct index *containers, struct str layer)
{
	size_t i;

	for (i = 0; i < containers->n; i++)
		if (slice_same(containers->v[i].m[REC_LAYER], layer))
			return true;
	return false;
}

/* Is this layer ours and unfinished? One without a record is only a directory. */
static bool is_left_over(struct index *layers, const struct index *containers, const char *id)
{
	const struct rec *rec = index_find_id(layers, id);

	if (!rec || slice_get(rec->m[REC_FLAGS], FLAG_STAGING).ptr)
		return true;
	return slice_get(rec->m[REC_FLAGS], FLAG_HOLDER).ptr &&
	       !is_referred(containers, rec->m[REC_ID]);
}

static int drop_left_overs(struct store *s, const struct strv *dead, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO_STRV struct strv drop = STRV_INIT;
	struct index *layers, *containers;
	size_t i;
	int r;

	r = store_lock(s, LK_LAYERS | LK_CONTAINERS, err);
	if (r < 0)
		return r;
	locked = s;
	r = store_index(s, 0, IX_LAYERS, &layers, err);
	if (r == 0)
		r = store_index(s, 0, IX_CONTAINERS, &containers, err);
	for (i = 0; r == 0 && i < dead->n; i++)
		if (is_left_over(layers, containers, dead->v[i]))
			r = strv_add(&drop, dead->v[i], err);
	return r < 0 ? r : layers_drop(s, &drop, err);
}

struct dead {
	struct live held[GC_MAX];
	size_t n;
	struct strv ids;
};

static void dead_fini(struct dead *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		live_drop(&d->held[i]);
	strv_fini(&d->ids);
}

static int gc_staging(struct store *s, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO(dead_fini) struct dead d = {0};
	char id[STORE_ID_LEN + 1];
	size_t i;
	int r;

	r = names_in(own(s)->fd, "kist/staging", &names, err);
	for (i = 0; r >= 0 && i < names.n && d.n < GC_MAX; i++) {
		d.held[d.n] = (struct live)LIVE_INIT;
		r = live_take(s, names.v[i], false, &d.held[d.n], err);
		if (r <= 0)
			continue; /* its owner lives */
		d.n++;
		r = layer_of(names.v[i], id) ? strv_add(&d.ids, id, err) : 0;
	}
	if (r >= 0 && d.ids.n > 0)
		r = drop_left_overs(s, &d.ids, err);
	if (r < 0) {
		/* The files stay: they name what is still to be done. */
		for (i = 0; i < d.n; i++)
			live_leave(&d.held[i]);
	}
	return r < 0 ? r : 0;
}

/* One tree of layers on their way out. */
static int gc_tempdir(struct store *s, int dir, const char *name, struct err *err)
{
	const char *suffix = str_after(name, "lock-");
	AUTO_FREE char *tree = suffix ? str_fmt("temp-dir-%s", suffix) : NULL;
	AUTO_CLOSE int lock = -1;
	int r;

	if (!tree)
		return 0;
	r = lock_try_open(dir, name, LOCK_EXCLUSIVE, &lock, err);
	if (r <= 0)
		return r;
	r = s->remove_tree ? s->remove_tree(s->remove_arg, dir, tree, err)
			   : tree_remove(dir, tree, err);
	if (r < 0)
		return r;
	(void)unlinkat(dir, name, 0);
	return 0;
}

static int gc_tempdirs(struct store *s, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_CLOSE int dir = -1;
	size_t i;
	int r;

	dir = openat(own(s)->overlay_fd, "tempdirs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	r = dir_list(dir, ".", &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		r = gc_tempdir(s, dir, names.v[i], err);
	/* Fails while others are in it. */
	(void)unlinkat(own(s)->overlay_fd, "tempdirs", AT_REMOVEDIR);
	return r;
}

int store_gc(struct store *s, struct err *err)
{
	int r = gc_staging(s, err);

	if (r == 0)
		r = gc_tempdirs(s, err);
	return r < 0 ? err_wrap(err, "cleaning the store %s", own(s)->path) : 0;
}
