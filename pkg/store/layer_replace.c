/* A layer that was made anew takes the place of a damaged one. */
#include "priv.h"
#include "base/err.h"
#include "store/layer_new.h"
#include "store/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The staging layer gets what the children of the other one know it by. */
static int take_link(struct store *s, const struct store_layer_new *n, const char *id,
		     struct err *err)
{
	char link[LINK_LEN + 1], own_link[LINK_LEN + 1];
	int overlay = image_root(s)->overlay_fd, r;
	struct err ignored = ERR_INIT;

	/* A damaged layer may have none: then a repair of links makes it anew. */
	if (link_read(overlay, id, link, &ignored) <= 0)
		return 0;
	r = link_read(overlay, n->id, own_link, err);
	return r <= 0 ? r : link_exchange(overlay, n->id, own_link, link, err);
}

static int move_tarsplit(struct store *s, const struct store_layer_new *n, const char *id,
			 struct err *err)
{
	char from[STORE_ID_LEN + 32], to[STORE_ID_LEN + 32];
	int area, r;

	r = store_area_fd(s, 0, AREA_LAYERS, &area, err);
	if (r < 0)
		return r;
	(void)snprintf(from, sizeof(from), "%s.tar-split.gz", n->id);
	(void)snprintf(to, sizeof(to), "%s.tar-split.gz", id);
	if (renameat(area, from, area, to) < 0)
		return err_sys(err, errno, "renaming %s", from);
	return 0;
}

/* All that can be made ready is, so that one call makes the damaged layer whole: the tar-split of
 * the same content fits both. The directories go as wholes, since diff may be of a mode, or an
 * owner, that does not let us move it. */
static int replace_locked(struct store *s, const struct store_layer_new *n, const char *id,
			  const char *parent, struct err *err)
{
	int overlay = image_root(s)->overlay_fd, where = layer_dir_where(s, id), r = 0;

	if (where < 0 && errno != ENOENT)
		return err_sys(err, errno, "looking for its directory");
	/* One in the graphroot, from before there was an image store, moves there now. */
	if (where != (int)s->img)
		r = store_remove_layer_tree(s, id, err);
	if (r == 0 && layer_dir_where(s, id) < 0)
		r = layer_dir_make(s, s->img, id, parent, err);
	if (r == 0 && parent)
		r = layer_dir_set_parent(s, n->id, parent, err);
	if (r == 0)
		r = take_link(s, n, id, err);
	if (r == 0)
		r = layer_dir_sync(s, n->id, err);
	if (r == 0)
		r = move_tarsplit(s, n, id, err);
	if (r == 0 && renameat2(overlay, n->id, overlay, id, RENAME_EXCHANGE) < 0)
		r = err_sys(err, errno, "replacing overlay/%s", id);
	/* With the damaged files in it. */
	return r < 0 ? r : layer_drop(s, n->id, err);
}

int store_layer_replace(struct store_layer_new **np, const char *id, const char *parent,
			struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	struct store_layer_new *n = *np;
	struct rec *rec;
	size_t where;
	int r;

	r = id_check(id, "layer ID", err);
	if (r == 0)
		r = store_sync(n->store, err);
	if (r == 0)
		r = store_lock(n->store, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = n->store;
	r = layer_find_rec(n->store, str_of(id), &rec, &where, err);
	if (r == 0 || (r > 0 && where >= n->store->n_own))
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", id);
	if (r > 0)
		r = replace_locked(n->store, n, id, parent, err);
	if (r < 0)
		return err_wrap(err, "layer %.12s", id);
	layer_new_free(n);
	*np = NULL;
	return 0;
}
