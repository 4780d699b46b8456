#include "store/repair.h"
#include "priv.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0644
#define LOWER_MAX ((size_t)64 << 10)
#define TARGET_MAX (STORE_ID_LEN + 16)

/* ---- directory and links of one layer ---- */

static void target_of(const char *id, char out[TARGET_MAX])
{
	(void)snprintf(out, TARGET_MAX, "../%s/diff", id);
}

/* What the lower file has to say: "l/<parent's link>[:<parent's lower>]". */
static int expected_lower(struct store *s, const char *parent, struct buf *out, struct err *err)
{
	char link[LINK_LEN + 1], path[STORE_ID_LEN + 16];
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < s->n_roots; i++) {
		r = link_read(s->roots[i].overlay_fd, parent, link, err);
		if (r <= 0)
			continue;
		buf_addf(out, "l/%s:", link);
		(void)snprintf(path, sizeof(path), "%s/lower", parent);
		r = file_read_line(s->roots[i].overlay_fd, path, out, err);
		if (r == 0)
			buf_truncate(out, out->len - 1);
		return r < 0 ? r : 1;
	}
	return r;
}

static int check_lower(struct store *s, int overlay, const char *id, const char *parent,
		       bool *ret_good, struct err *err)
{
	AUTO_BUF struct buf want = BUF_INIT(LOWER_MAX), have = BUF_INIT(LOWER_MAX);
	char path[STORE_ID_LEN + 16];
	int r = 1;

	(void)snprintf(path, sizeof(path), "%s/lower", id);
	if (parent)
		r = expected_lower(s, parent, &want, err);
	if (r > 0)
		r = file_read_line(overlay, path, &have, err);
	if (r < 0)
		return r;
	*ret_good = streq(buf_str(&want), buf_str(&have));
	return 0;
}

static int problem(char **ret, const char *text, struct err *err)
{
	*ret = strdup(text);
	return *ret ? 0 : err_nomem(err);
}

int store_layer_check_dir(struct store *s, const char *id, const char *parent, char **ret_problem,
			  struct err *err)
{
	char link[LINK_LEN + 1], path[STORE_ID_LEN + 16];
	struct err e = ERR_INIT;
	int r, where, overlay;
	struct stat st;
	bool good = false;

	r = id_check(id, "layer ID", err);
	if (r < 0)
		return r;
	where = layer_dir_where(s, id);
	overlay = s->roots[where < 0 ? 0 : where].overlay_fd;
	(void)snprintf(path, sizeof(path), "%s/diff", id);
	if (where < 0 || fstatat(overlay, path, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(err, errno, "looking for the files of layer %.12s", id);
		return problem(ret_problem, "its directory is missing", err);
	}
	if (!S_ISDIR(st.st_mode))
		return problem(ret_problem, "its directory is missing", err);
	r = link_read(overlay, id, link, &e);
	if (r < 0 && err_is_errno(&e, EIO)) {
		*err = e;
		return err_wrap(err, "layer %.12s", id);
	}
	if (r <= 0)
		return problem(ret_problem,
			       r == 0 ? "its link file is missing" : "its link file is malformed",
			       err);
	if (!link_leads_to(overlay, link, id))
		return problem(ret_problem, "its link is missing or leads elsewhere", err);
	r = check_lower(s, overlay, id, parent, &good, &e);
	if (r < 0 || !good)
		return problem(ret_problem, "its lower file does not name its parents", err);
	return 1;
}

/* The link that leads to the layer already, or a new name. */
static int choose_link(int overlay, const char *id, char link[LINK_LEN + 1], struct err *err)
{
	static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	AUTO_STRV struct strv names = STRV_INIT;
	unsigned char raw[LINK_LEN];
	size_t i;
	int r;

	r = dir_list(overlay, "l", &names, err);
	if (r < 0)
		return r;
	for (i = 0; i < names.n; i++) {
		if (!link_is_good(str_of(names.v[i])) || !link_leads_to(overlay, names.v[i], id))
			continue;
		memcpy(link, names.v[i], LINK_LEN + 1);
		return 0;
	}
	rand_bytes(raw, sizeof(raw));
	for (i = 0; i < LINK_LEN; i++)
		link[i] = base32[raw[i] % 32];
	link[LINK_LEN] = '\0';
	return 0;
}

static int repair_link(int overlay, int dir, const char *id, struct err *err)
{
	char link[LINK_LEN + 1], path[LINK_LEN + 3], target[TARGET_MAX];
	struct err ignored = ERR_INIT;
	int r;

	if (link_read(overlay, id, link, &ignored) <= 0) {
		r = choose_link(overlay, id, link, err);
		if (r == 0)
			r = file_replace(dir, "link", FILE_MODE, link, LINK_LEN, 0, err);
		if (r < 0)
			return r;
	}
	if (link_leads_to(overlay, link, id))
		return 0;
	(void)snprintf(path, sizeof(path), "l/%s", link);
	target_of(id, target);
	if ((unlinkat(overlay, path, 0) < 0 && errno != ENOENT) ||
	    symlinkat(target, overlay, path) < 0)
		return err_sys(err, errno, "making link %s", path);
	return 0;
}

static int repair_dir(struct store *s, const char *id, const char *parent, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	char path[STORE_ID_LEN + 16];
	struct layer_place place;
	struct rec *rec;
	int r, where, overlay;

	if (layer_find_own(s, str_of(id), &place, &rec, err) <= 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", id);
	where = layer_dir_where(s, id);
	overlay = s->roots[where < 0 ? 0 : where].overlay_fd;
	(void)snprintf(path, sizeof(path), "%s/diff", id);
	if (where >= 0 && faccessat(overlay, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		where = -1;
	if (where < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_sys(err, errno, "looking for the files of layer %.12s", id);
	if (where < 0)
		return err_set(err, ERR_CORRUPT, "layer %.12s: its directory is missing", id);
	r = dir_open(overlay, id, &dir, err);
	if (r == 0)
		r = dir_make(overlay, "l", 0755, err);
	if (r == 0)
		r = repair_link(overlay, dir, id, err);
	if (r == 0 && parent)
		r = layer_dir_set_parent(s, id, parent, err);
	if (r == 0 && !parent && unlinkat(dir, "lower", 0) < 0 && errno != ENOENT)
		r = err_sys(err, errno, "removing lower");
	if (r == 0)
		r = layer_dir_sync(s, id, err);
	return r < 0 ? err_wrap(err, "layer %.12s", id) : 0;
}

int store_layer_repair_dir(struct store *s, const char *id, const char *parent, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(live_drop) struct live live = LIVE_INIT;
	char name[STORE_ID_LEN + 32];
	int r;

	r = id_check(id, "layer ID", err);
	if (r == 0)
		r = store_lock(s, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = s;
	/* Names what store_gc has to tidy. */
	(void)snprintf(name, sizeof(name), "%s.lock", id);
	r = live_take(s, name, false, &live, err);
	if (r >= 0)
		r = repair_dir(s, id, parent, err);
	if (r < 0)
		live_leave(&live);
	return r;
}

/* ---- leftovers ---- */

struct sweep {
	struct store *s;
	size_t where; /* the root that is looked at */
	struct index *images, *containers, *volatile_containers;
	struct index *transient_layers, *transient_containers;
	bool remove;
	struct strv *found;
};

static bool knows_layer(struct sweep *w, const char *id)
{
	struct err ignored = ERR_INIT; /* the indexes are in memory */
	struct layer_place place;
	struct rec *rec;

	return layer_find_own(w->s, str_of(id), &place, &rec, &ignored) > 0 ||
	       index_find_id(w->transient_layers, id);
}

/* as_layer: what is in it may belong to others. */
static int found(struct sweep *w, const char *dir, const char *name, bool as_layer, struct err *err)
{
	const struct root *root = &w->s->roots[w->where];
	AUTO_FREE char *path = str_fmt("%s/%s", dir, name);
	int r;

	if (!path)
		return err_nomem(err);
	r = w->where == 0 ? strv_add(w->found, path, err)
			  : strv_addf(w->found, err, "%s/%s", root->path, path);
	if (r < 0 || !w->remove)
		return r;
	if (as_layer && id_is_good(name))
		return store_remove_layer_tree(w->s, name, err);
	return tree_remove(root->fd, path, err);
}

static bool starts_with_id(const char *name, char id[STORE_ID_LEN + 1])
{
	if (strlen(name) < STORE_ID_LEN)
		return false;
	memcpy(id, name, STORE_ID_LEN);
	id[STORE_ID_LEN] = '\0';
	return id_is_good(id);
}

/* A link whose layer is not there, or has another one. In an image store a layer that we do not
 * know may be another graphroot's. */
static bool is_stray_link(struct sweep *w, const char *name)
{
	char id[STORE_ID_LEN + 1], have[TARGET_MAX], link[LINK_LEN + 1], path[LINK_LEN + 3];
	int overlay = w->s->roots[w->where].overlay_fd;
	struct err ignored = ERR_INIT;
	ssize_t n;

	if (!link_is_good(str_of(name)))
		return false;
	(void)snprintf(path, sizeof(path), "l/%s", name);
	n = readlinkat(overlay, path, have, sizeof(have) - 1);
	if (n < 4)
		return false;
	have[n] = '\0';
	if (!starts_with_id(have + 3, id))
		return true;
	/* What cannot be looked at is left alone. */
	if (faccessat(overlay, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	if (!knows_layer(w, id))
		return w->where == 0;
	return link_read(overlay, id, link, &ignored) > 0 && !streq(link, name);
}

static bool is_stray(struct sweep *w, const char *dir, const char *name, bool *ret_layer)
{
	char id[STORE_ID_LEN + 1];

	*ret_layer = false;
	if (streq(dir, "overlay/l"))
		return is_stray_link(w, name);
	if (!starts_with_id(name, id))
		return false;
	if (streq(dir, "overlay")) {
		*ret_layer = true;
		return w->where == 0 && streq(name, id) && !knows_layer(w, id);
	}
	if (streq(dir, "overlay-layers"))
		return w->where == 0 &&
		       (streq(name, id) || streq(name + STORE_ID_LEN, ".tar-split.gz")) &&
		       !knows_layer(w, id);
	if (streq(dir, "overlay-images"))
		return streq(name, id) && !index_find_id(w->images, id);
	return streq(name, id) && !index_find_id(w->containers, id) &&
	       !index_find_id(w->volatile_containers, id) &&
	       !index_find_id(w->transient_containers, id);
}

static int sweep_dir(struct sweep *w, const char *dir, struct err *err)
{
	int root = w->s->roots[w->where].fd, r;
	AUTO_STRV struct strv names = STRV_INIT;
	bool layer;
	size_t i;

	if (faccessat(root, dir, F_OK, 0) < 0)
		return 0;
	r = dir_list(root, dir, &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		if (is_stray(w, dir, names.v[i], &layer))
			r = found(w, dir, names.v[i], layer, err);
	return r;
}

static int sweep_root(struct sweep *w, size_t where, struct err *err)
{
	/* Links first: they go with their layers, and are to be named all the same. */
	static const char *const dirs[] = {"overlay/l", "overlay", "overlay-layers",
					   "overlay-images", "overlay-containers"};
	size_t n = where == 0 ? ARRAY_LEN(dirs) : ARRAY_LEN(dirs) - 1, i;
	int r;

	w->where = where;
	r = store_index(w->s, where, IX_IMAGES, &w->images, err);
	for (i = 0; r == 0 && i < n; i++)
		r = sweep_dir(w, dirs[i], err);
	return r < 0 ? err_wrap(err, "store %s", w->s->roots[where].path) : 0;
}

int store_leftovers(struct store *s, bool remove, struct strv *ret, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	struct sweep w = {.s = s, .remove = remove, .found = ret};
	size_t i;
	int r;

	r = store_lock(s, LK_ALL, err);
	if (r < 0)
		return r;
	locked = s;
	r = store_index(s, 0, IX_CONTAINERS, &w.containers, err);
	if (r == 0)
		r = store_index(s, 0, IX_VOLATILE_CONTAINERS, &w.volatile_containers, err);
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_LAYERS, &w.transient_layers, err);
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_CONTAINERS, &w.transient_containers, err);
	for (i = 0; r == 0 && i < s->n_own; i++)
		r = sweep_root(&w, i, err);
	return r;
}

/* ---- records ---- */

int store_hold_still(struct store *s, struct err *err)
{
	return store_lock(s, LK_ALL, err);
}

void store_let_go(struct store *s)
{
	store_unlock(s);
}

static bool is_whole(struct store *s, const struct rec *rec, struct err *err)
{
	struct rec *layer;
	struct index *ix;
	size_t i, where;
	bool image = rec->m[REC_IMAGE].len == 0;

	for (i = 0; !image && i < s->n_roots; i++)
		image = store_index(s, i, IX_IMAGES, &ix, err) == 0 &&
			index_find(ix, rec->m[REC_IMAGE]);
	return image && (rec->m[REC_LAYER].len == 0 ||
			 layer_find_rec(s, rec->m[REC_LAYER], &layer, &where, err) > 0);
}

static int forget_in(struct store *s, enum index_kind kind, const char *id, struct strv *layers,
		     struct err *err)
{
	struct index *ix;
	struct rec *rec;
	int r;

	r = store_index(s, 0, kind, &ix, err);
	rec = r == 0 ? index_find_id(ix, id) : NULL;
	if (!rec)
		return r;
	if (is_whole(s, rec, err))
		return err_set(err, ERR_IN_USE, "container %.12s has its image and its layer", id);
	if (id_slice_is_good(rec->m[REC_LAYER]))
		r = strv_addn(layers, rec->m[REC_LAYER], err);
	if (r < 0)
		return r;
	index_remove(ix, rec);
	return store_save(s, 0, kind, err);
}

int store_container_forget(struct store *s, const char *id, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO_STRV struct strv layers = STRV_INIT;
	int area, r;

	r = id_check(id, "container ID", err);
	if (r == 0)
		r = store_lock(s, LK_LAYERS | LK_CONTAINERS, err);
	if (r < 0)
		return r;
	locked = s;
	r = forget_in(s, IX_CONTAINERS, id, &layers, err);
	if (r == 0)
		r = forget_in(s, IX_VOLATILE_CONTAINERS, id, &layers, err);
	if (r == 0)
		r = store_area_fd(s, 0, AREA_CONTAINERS, &area, err);
	if (r == 0)
		r = tree_remove(area, id, err);
	return r < 0 ? r : layers_drop(s, &layers, err);
}
