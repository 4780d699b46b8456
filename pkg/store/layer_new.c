#include "priv.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/strv.h"
#include "base/times.h"
#include "json/json.h"
#include "store/layer_new.h"
#include "store/repair.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARSPLIT_MODE 0600
#define LINK_MODE 0644
/* A new list of layers beside the old one, and small things. */
#define ROOM_MIN ((off_t)64 << 10)

struct store_claim {
	struct live live;
};

struct store_layer_new {
	struct store *store;
	char id[STORE_ID_LEN + 1];
	struct live live;
	int diff, tarsplit;
	bool registered;
};

void store_claim_close(struct store_claim *c)
{
	if (c)
		live_drop(&c->live);
	free(c);
}

int store_layer_claim(struct store *s, const char *layer_id, bool wait, struct store_claim **ret,
		      struct err *err)
{
	AUTO(store_claim_close_p) struct store_claim *c = NULL;
	char name[STORE_ID_LEN + 32];
	int r;

	r = id_check(layer_id, "layer ID", err);
	if (r < 0)
		return r;
	r = store_layer_exists(s, layer_id, err);
	if (r != 0)
		return r < 0 ? r : STORE_LAYER_PRESENT;
	c = malloc(sizeof(*c));
	if (!c)
		return err_nomem(err);
	c->live = (struct live)LIVE_INIT;
	(void)snprintf(name, sizeof(name), "claim-%s.lock", layer_id);
	r = live_take(s, name, wait, &c->live, err);
	if (r <= 0)
		return r < 0 ? r : STORE_LAYER_BUSY;
	/* The one we waited for may have made it. */
	r = store_layer_exists(s, layer_id, err);
	if (r != 0)
		return r < 0 ? r : STORE_LAYER_PRESENT;
	*ret = TAKE(c);
	return STORE_LAYER_CLAIMED;
}

static int add_staging_record(struct store *s, const char *id, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	size_t home = layer_home(s);
	struct index *ix;
	int r;

	r = store_index(s, home, IX_LAYERS, &ix, err);
	if (r == 0)
		r = json_new(&doc, err);
	if (r == 0)
		r = json_set_root(doc, json_object(doc), err);
	if (r == 0)
		r = rec_set_text(doc, "id", id, err);
	if (r == 0)
		r = json_set(doc, json_root(doc), "created", json_time(doc, time_now_ns()), err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_STAGING, json_bool(doc, true), err);
	if (r == 0)
		r = rec_store(ix, NULL, doc, err);
	return r < 0 ? r : store_save(s, home, IX_LAYERS, err);
}

static int open_staging_files(struct store *s, struct store_layer_new *n, struct err *err)
{
	char name[STORE_ID_LEN + 32];
	int dir, r;

	r = store_area_fd(s, 0, AREA_LAYERS, &dir, err);
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%s.tar-split.gz", n->id);
	n->tarsplit =
	    openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, TARSPLIT_MODE);
	if (n->tarsplit < 0)
		return err_sys(err, errno, "creating %s", name);
	(void)snprintf(name, sizeof(name), "%s/diff", n->id);
	n->diff = openat(image_root(s)->overlay_fd, name,
			 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (n->diff < 0)
		return err_sys(err, errno, "opening %s", name);
	return 0;
}

/* The directory comes before the record: no tool sees a layer without one, and what a crash between
 * the two leaves is named by our lock file. */
static int register_staging(struct store *s, struct store_layer_new *n, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	int r;

	r = store_lock(s, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = s;
	/* From here on there may be something to take away. */
	n->registered = true;
	r = layer_dir_make(s, s->img, n->id, NULL, err);
	if (r < 0)
		return r;
	store_step(s, "staging directory");
	r = open_staging_files(s, n, err);
	return r < 0 ? r : add_staging_record(s, n->id, err);
}

int store_layer_begin(struct store *s, struct store_layer_new **ret, struct err *err)
{
	AUTO(store_layer_abort_p) struct store_layer_new *n = calloc(1, sizeof(*n));
	char name[STORE_ID_LEN + 32];
	int r;

	if (!n)
		return err_nomem(err);
	n->store = s;
	n->diff = n->tarsplit = -1;
	n->live = (struct live)LIVE_INIT;
	rand_id(n->id);
	(void)snprintf(name, sizeof(name), "%s.lock", n->id);
	r = live_take(s, name, true, &n->live, err);
	if (r > 0) {
		store_step(s, "staging lock");
		r = register_staging(s, n, err);
	}
	if (r < 0)
		return err_wrap(err, "staging a layer");
	*ret = TAKE(n);
	return 0;
}

int store_layer_new_diff(const struct store_layer_new *n)
{
	return n->diff;
}

int store_layer_new_tarsplit(const struct store_layer_new *n)
{
	return n->tarsplit;
}

static void new_free(struct store_layer_new *n)
{
	if (n->diff >= 0)
		(void)close(n->diff);
	if (n->tarsplit >= 0)
		(void)close(n->tarsplit);
	live_drop(&n->live);
	free(n);
}

static int drop_one(struct store *s, const char *id, struct err *err)
{
	AUTO_STRV struct strv ids = STRV_INIT;
	int r = strv_add(&ids, id, err);

	return r < 0 ? r : layers_drop(s, &ids, err);
}

static int drop_staged(struct store_layer_new *n, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	int r;

	(void)layer_empty(n->store, n->id, err);
	err_clear(err);
	r = store_lock(n->store, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = n->store;
	return drop_one(n->store, n->id, err);
}

void store_layer_abort(struct store_layer_new *n)
{
	struct err ignored = ERR_INIT;

	if (!n)
		return;
	/* The lock file then names what store_gc has to finish. */
	if (n->registered && drop_staged(n, &ignored) < 0)
		live_leave(&n->live);
	new_free(n);
}

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

	r = json_new(&doc, err);
	if (r == 0)
		r = json_set_root(doc, json_object(doc), err);
	if (r == 0)
		r = rec_set_text(doc, "id", id, err);
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

/* The staging record may be in the other root's index, where this is a save of its own. */
static int forget_staging(struct store *s, const char *id, size_t saved_anyway, struct err *err)
{
	struct layer_place place;
	struct rec *rec;
	int r;

	r = layer_find_own(s, str_of(id), &place, &rec, err);
	if (r <= 0)
		return r;
	index_remove(&s->roots[place.where].index[place.kind], rec);
	return place.where == saved_anyway ? 0 : store_save(s, place.where, place.kind, err);
}

/* layers.lock is held and the final layer is not there. */
static int move_into_place(struct store *s, const struct store_layer_new *n, const char *id,
			   const struct store_layer_info *info, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	size_t home = layer_home(s);
	struct index *ix;
	int r;

	r = make_record(id, info, &doc, err);
	if (r == 0)
		r = store_index(s, home, IX_LAYERS, &ix, err);
	if (r == 0)
		r = rec_store(ix, NULL, doc, err);
	if (r == 0)
		r = store_save(s, home, IX_LAYERS, err);
	if (r == 0 && info->parent)
		r = layer_dir_set_parent(s, n->id, info->parent, err);
	if (r == 0)
		r = layer_dir_rename(s, n->id, id, err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_INCOMPLETE, NULL, err);
	if (r == 0)
		r = forget_staging(s, n->id, home, err);
	if (r == 0)
		r = store_index(s, home, IX_LAYERS, &ix, err);
	if (r == 0)
		r = rec_store(ix, index_find_id(ix, id), doc, err);
	return r < 0 ? r : store_save(s, home, IX_LAYERS, err);
}

/* After a failure under the lock: nothing half-made stays where we can help it. */
static int undo(struct store *s, const char *id, int failed)
{
	struct err ignored = ERR_INIT;
	struct layer_place place;
	struct rec *rec;

	if (layer_find_own(s, str_of(id), &place, &rec, &ignored) > 0 && rec->incomplete)
		(void)drop_one(s, id, &ignored);
	return failed;
}

static int commit_locked(struct store *s, const struct store_layer_new *n, const char *id,
			 const struct store_layer_info *info, struct err *err)
{
	struct rec *rec;
	size_t where;
	int r;

	r = layer_find_rec(s, str_of(id), &rec, &where, err);
	if (r > 0)
		return drop_one(s, n->id, err);
	if (r == 0 && info->parent) {
		r = layer_find_rec(s, str_of(info->parent), &rec, &where, err);
		if (r == 0)
			return err_set(err, ERR_NOT_FOUND, "its parent %.12s is gone",
				       info->parent);
	}
	if (r < 0)
		return r;
	r = move_into_place(s, n, id, info, err);
	return r < 0 ? undo(s, id, r) : 0;
}

int store_layer_commit(struct store_layer_new **np, const struct store_layer_info *info,
		       char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	struct store_layer_info fixed = *info;
	struct store_layer_new *n = *np;
	AUTO_UNLOCK struct store *locked = NULL;
	char id[STORE_ID_LEN + 1];
	int r;

	if (str_empty(fixed.parent))
		fixed.parent = NULL;
	r = store_layer_id(fixed.parent, info->diff_digest, id, err);
	if (r == 0 && !info->synced)
		r = store_sync(n->store, err);
	if (r == 0)
		r = store_lock(n->store, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = n->store;
	r = commit_locked(n->store, n, id, &fixed, err);
	if (r < 0)
		return err_wrap(err, "layer %.12s", id);
	new_free(n);
	*np = NULL;
	memcpy(ret_id, id, sizeof(id));
	return 0;
}

/* ---- in the place of a damaged layer ---- */

/* The staging layer gets what the children of the other one know it by. */
static int take_link(struct store *s, const struct store_layer_new *n, const char *id,
		     struct err *err)
{
	char link[LINK_LEN + 1], own_link[LINK_LEN + 1], path[LINK_LEN + 3];
	int overlay = image_root(s)->overlay_fd, r;
	struct err ignored = ERR_INIT;
	AUTO_CLOSE int dir = -1;

	/* A damaged layer may have none: then a repair of links makes it anew. */
	if (link_read(overlay, id, link, &ignored) <= 0)
		return 0;
	r = link_read(overlay, n->id, own_link, err);
	if (r >= 0)
		r = dir_open(overlay, n->id, &dir, err);
	if (r == 0)
		r = file_replace(dir, "link", LINK_MODE, link, LINK_LEN, 0, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "l/%s", own_link);
	if (unlinkat(overlay, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing %s", path);
	return 0;
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
	int overlay = image_root(s)->overlay_fd, r = 0;

	/* One in the graphroot, from before there was an image store, moves there now. */
	if (layer_dir_where(s, id) != (int)s->img)
		r = store_remove_layer_tree(s, id, err);
	if (r == 0 && layer_dir_where(s, id) < 0)
		r = layer_dir_make(s, s->img, id, parent, err);
	if (r == 0 && parent)
		r = layer_dir_set_parent(s, n->id, parent, err);
	if (r == 0)
		r = take_link(s, n, id, err);
	if (r == 0)
		r = move_tarsplit(s, n, id, err);
	if (r == 0 && renameat2(overlay, n->id, overlay, id, RENAME_EXCHANGE) < 0)
		r = err_sys(err, errno, "replacing overlay/%s", id);
	/* With the damaged files in it. */
	return r < 0 ? r : drop_one(s, n->id, err);
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
	new_free(n);
	*np = NULL;
	return 0;
}

/* ---- room for the worst case ---- */

int store_reserve(struct store *s, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int fd = -1;
	struct stat st = {0};
	int r;

	*ret_fd = -1;
	r = store_private_dir(s, "staging", &dir, err);
	if (r < 0)
		return r;
	fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT ? err_sys(err, errno, "making room") : 0;
	if (fstatat(s->roots[layer_home(s)].fd, "overlay-layers/layers.json", &st,
		    AT_SYMLINK_NOFOLLOW) < 0)
		st.st_size = 0;
	if (fallocate(fd, 0, 0, st.st_size + ROOM_MIN) == 0)
		*ret_fd = TAKE_FD(fd);
	else if (errno == ENOSPC || errno == EDQUOT)
		return err_sys(err, errno, "making room in %s", own(s)->path);
	return 0;
}

void store_unreserve(int fd)
{
	if (fd < 0)
		return;
	/* At once, whoever else may have the descriptor; else when the last one closes it. */
	(void)!ftruncate(fd, 0);
	(void)close(fd);
}
