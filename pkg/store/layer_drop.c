/*
 * Removing layers. Their trees are renamed out of the way while the lock is held and removed
 * afterwards, so that nobody waits for large trees: overlay/tempdirs/temp-dir-<name>, as newer
 * versions of the other tools do it. Whoever finds lock-<name> free may finish the work.
 */
#include "priv.h"
#include "slice.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/strv.h"
#include "json/json.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TRASH_MODE 0700
#define TRASH_RANDOM 8

int store_remove_tree(struct store *s, int dir, const char *name, struct err *err)
{
	if (s->remove_tree)
		return s->remove_tree(s->remove_arg, dir, name, err);
	return tree_remove(dir, name, err);
}

static int trash_open(const struct root *root, struct trash *t, struct err *err)
{
	unsigned char raw[TRASH_RANDOM];
	char name[64];
	int r;

	rand_bytes(raw, sizeof(raw));
	hex_encode(raw, sizeof(raw), t->name);
	t->n = 0;
	r = dir_ensure(root->overlay_fd, "tempdirs", TRASH_MODE, &t->dir, err);
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "lock-%s", t->name);
	r = lock_open(t->dir, name, LOCK_EXCLUSIVE, &t->lock, err);
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "temp-dir-%s", t->name);
	return dir_make(t->dir, name, TRASH_MODE, err);
}

static void trash_forget(struct trash *t)
{
	if (t->lock >= 0)
		(void)close(t->lock);
	if (t->dir >= 0)
		(void)close(t->dir);
	t->dir = t->lock = -1;
}

/* Errors are not ours to report here: what stays is found by store_gc. */
static void trash_empty(struct store *s, const struct root *root, struct trash *t)
{
	struct err ignored = ERR_INIT;
	char name[64];

	if (t->dir < 0)
		return;
	(void)snprintf(name, sizeof(name), "temp-dir-%s", t->name);
	if (t->lock >= 0 && store_remove_tree(s, t->dir, name, &ignored) == 0) {
		(void)snprintf(name, sizeof(name), "lock-%s", t->name);
		(void)unlinkat(t->dir, name, 0);
		/* Fails while others are in it. */
		(void)unlinkat(root->overlay_fd, "tempdirs", AT_REMOVEDIR);
	}
	trash_forget(t);
}

void trash_finish(struct store *s)
{
	size_t i;

	for (i = 0; i < s->n_own; i++)
		trash_empty(s, &s->roots[i], &s->trash[i]);
}

/* Moves overlay/<id> of this root to its trash. */
static int trash_take(struct store *s, size_t where, const char *id, struct err *err)
{
	const struct root *root = &s->roots[where];
	struct trash *t = &s->trash[where];
	char to[STORE_ID_LEN + 64];
	int r;

	if (t->dir < 0) {
		r = trash_open(root, t, err);
		if (r < 0) {
			trash_forget(t);
			return r;
		}
	}
	(void)snprintf(to, sizeof(to), "temp-dir-%s/%u-%s", t->name, t->n++, id);
	if (renameat(root->overlay_fd, id, t->dir, to) < 0)
		return err_sys(err, errno, "moving layer %.12s away", id);
	store_step(s, "layer tree moved away");
	return 0;
}

/* While a damaged layer is replaced two directories have the same link. 1 it leads to the other. */
static int is_of_another(const struct root *root, const char *link, const char *id, struct err *err)
{
	char path[LINK_LEN + 3];

	(void)snprintf(path, sizeof(path), "l/%s", link);
	errno = 0;
	if (link_leads_to(root->overlay_fd, link, id))
		return 0;
	if (errno != 0 && errno != ENOENT && errno != EINVAL)
		return err_sys(err, errno, "reading %s", path);
	return faccessat(root->overlay_fd, path, F_OK, 0) == 0;
}

static int unlink_link(const struct root *root, const char *link, struct err *err)
{
	char path[LINK_LEN + 3];

	(void)snprintf(path, sizeof(path), "l/%s", link);
	if (unlinkat(root->overlay_fd, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing %s", path);
	return 0;
}

/* By what they lead to: a damaged link file does not keep the layer from being removed. */
static int remove_links(const struct root *root, const char *id, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	size_t i;
	int r;

	if (faccessat(root->overlay_fd, "l", F_OK, 0) < 0)
		return 0;
	r = dir_list(root->overlay_fd, "l", &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		if (link_is_good(str_of(names.v[i])) &&
		    link_leads_to(root->overlay_fd, names.v[i], id))
			r = unlink_link(root, names.v[i], err);
	return r;
}

static int remove_link(const struct root *root, const char *id, struct err *err)
{
	struct err ignored = ERR_INIT;
	char link[LINK_LEN + 1];
	int r;

	if (link_read(root->overlay_fd, id, link, &ignored) <= 0)
		return remove_links(root, id, err);
	r = is_of_another(root, link, id, err);
	return r != 0 ? (r < 0 ? r : 0) : unlink_link(root, link, err);
}

static int remove_from(struct store *s, size_t where, const char *id, struct err *err)
{
	const struct root *root = &s->roots[where];
	struct err ignored = ERR_INIT;
	int r;

	if (faccessat(root->overlay_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	r = remove_link(root, id, err);
	if (r < 0 || trash_take(s, where, id, &ignored) == 0)
		return r;
	/* No room for the trash, or a mount below: then here and now. */
	return store_remove_tree(s, root->overlay_fd, id, err);
}

int store_remove_layer_tree(struct store *s, const char *layer_id, struct err *err)
{
	size_t i;
	int r;

	r = id_check(layer_id, "layer ID", err);
	for (i = 0; r == 0 && i < s->n_own; i++)
		r = remove_from(s, i, layer_id, err);
	return r;
}

int layer_empty(struct store *s, const char *id, struct err *err)
{
	int where = layer_dir_where(s, id);
	AUTO_CLOSE int dir = -1;

	if (where < 0)
		return 0;
	dir =
	    openat(s->roots[where].overlay_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening layer %.12s", id);
	return store_remove_tree(s, dir, "diff", err);
}

/* tar-split and big data beside the index: in the graphroot, but a root that was a graphroot once
 * and is an image store now has them, too. */
static int remove_files(struct store *s, const char *id, struct err *err)
{
	char name[STORE_ID_LEN + 32];
	size_t i;
	int dir, r = 0;

	(void)snprintf(name, sizeof(name), "%s.tar-split.gz", id);
	for (i = 0; r == 0 && i < s->n_own; i++) {
		r = store_area_fd(s, i, AREA_LAYERS, &dir, err);
		if (r == 0 && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
			r = err_sys(err, errno, "removing %s", name);
		if (r == 0)
			r = tree_remove(dir, id, err);
	}
	return r;
}

static int mark_incomplete(struct index *ix, struct rec *rec, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	int r;

	r = rec_edit(rec, &doc, err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_INCOMPLETE, json_bool(doc, true), err);
	return r < 0 ? r : rec_store(ix, rec, doc, err);
}

static int mark_all(struct store *s, struct layer_place p, const struct strv *ids, struct err *err)
{
	struct index *ix;
	struct rec *rec;
	bool changed = false;
	size_t i;
	int r;

	r = store_index(s, p.where, p.kind, &ix, err);
	for (i = 0; r == 0 && i < ids->n; i++) {
		rec = index_find_id(ix, ids->v[i]);
		if (!rec || rec->incomplete)
			continue;
		r = mark_incomplete(ix, rec, err);
		changed = true;
	}
	return r < 0 || !changed ? r : store_save(s, p.where, p.kind, err);
}

static int forget_all(struct store *s, struct layer_place p, const struct strv *ids,
		      struct err *err)
{
	struct index *ix;
	struct rec *rec;
	bool changed = false;
	size_t i;
	int r;

	r = store_index(s, p.where, p.kind, &ix, err);
	for (i = 0; r == 0 && i < ids->n; i++) {
		while ((rec = index_find_id(ix, ids->v[i]))) {
			index_remove(ix, rec);
			changed = true;
		}
	}
	return r < 0 || !changed ? r : store_save(s, p.where, p.kind, err);
}

static int drop_all(struct store *s, const struct strv *ids, struct err *err)
{
	struct layer_place places[LAYER_PLACES_MAX];
	size_t n = layer_places(s, places), i;
	int r = 0;

	/* From here on whoever comes next with the lock finishes what we began. */
	for (i = 0; r == 0 && i < n; i++)
		r = mark_all(s, places[i], ids, err);
	for (i = 0; r == 0 && i < ids->n; i++) {
		r = store_remove_layer_tree(s, ids->v[i], err);
		if (r == 0)
			r = remove_files(s, ids->v[i], err);
		store_step(s, "layer files removed");
	}
	for (i = 0; r == 0 && i < n; i++)
		r = forget_all(s, places[i], ids, err);
	return r;
}

int layers_drop(struct store *s, const struct strv *ids, struct err *err)
{
	AUTO(live_drop) struct live live = LIVE_INIT;
	int r;

	if (ids->n == 0)
		return 0;
	/* The next command does not take the lock without a reason. */
	r = live_take_drop(s, ids->v[0], &live, err);
	if (r == 0)
		r = drop_all(s, ids, err);
	if (r < 0)
		live_leave(&live);
	return r;
}

int layer_drop(struct store *s, const char *id, struct err *err)
{
	AUTO_STRV struct strv ids = STRV_INIT;
	int r = strv_add(&ids, id, err);

	return r < 0 ? r : layers_drop(s, &ids, err);
}

int layers_repair(struct store *s, struct err *err)
{
	struct layer_place places[LAYER_PLACES_MAX];
	AUTO_STRV struct strv ids = STRV_INIT;
	size_t n = layer_places(s, places), i, k;
	struct index *ix;
	int r = 0;

	for (k = 0; r == 0 && k < n; k++) {
		r = store_index(s, places[k].where, places[k].kind, &ix, err);
		for (i = 0; r == 0 && i < ix->n; i++) {
			/* IDs that are no file names of ours are left to their makers. */
			if (ix->v[i].incomplete && id_slice_is_good(ix->v[i].m[REC_ID]))
				r = strv_addn(&ids, ix->v[i].m[REC_ID], err);
		}
	}
	return r < 0 ? r : layers_drop(s, &ids, err);
}
