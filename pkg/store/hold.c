#include "priv.h"
#include "slice.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/strv.h"
#include "base/times.h"
#include "json/json.h"
#include "store/hold.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MARK_MODE 0700
/* In overlay-containers/<holder>: to the ID of its layer (targets.c). */
#define TARGETS_LINK "kist-targets"
/* First digits of each holder's ID: no decimal number, and not what sha256 usually begins with. */
static const char prefix[] = "cafe";

int store_holder_id(const char *image_id, char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	static const char digits[] = "fedcba9876543210";
	size_t i;
	int r;

	r = id_check(image_id, "image ID", err);
	if (r < 0)
		return r;
	/* No hash: the library for it costs more than a container's start. The image's digits are
	 * turned round, so that no short form means both. */
	memcpy(ret_id, prefix, sizeof(prefix) - 1);
	for (i = sizeof(prefix) - 1; i < STORE_ID_LEN; i++) {
		char c = image_id[i];

		ret_id[i] = digits[c <= '9' ? c - '0' : c - 'a' + 10];
	}
	ret_id[STORE_ID_LEN] = '\0';
	return 0;
}

static bool is_marked(struct store *s, const char *holder)
{
	char path[STORE_ID_LEN + 32];

	/* The last thing that is made. */
	(void)snprintf(path, sizeof(path), "overlay-containers/%s/userdata", holder);
	return faccessat(own(s)->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A link to the holder's layer, where there is something in it that containers want to mount. */
static int point_to_targets(struct store *s, int dir, const char *layer, struct err *err)
{
	if (!layer || !targets_are_there(s, layer))
		return 0;
	if (unlinkat(dir, TARGETS_LINK, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing " TARGETS_LINK);
	if (symlinkat(layer, dir, TARGETS_LINK) < 0)
		return err_sys(err, errno, "making " TARGETS_LINK);
	return 0;
}

/* layer: the holder's, NULL when it is not known. */
static int mark(struct store *s, const char *holder, const char *layer, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	int area, r;

	r = store_area_fd(s, 0, AREA_CONTAINERS, &area, err);
	if (r == 0)
		r = dir_ensure(area, holder, MARK_MODE, &dir, err);
	if (r == 0)
		r = point_to_targets(s, dir, layer, err);
	return r < 0 ? r : dir_make(dir, "userdata", MARK_MODE, err);
}

static int unmark(struct store *s, const char *holder, struct err *err)
{
	int area, r;

	r = store_area_fd(s, 0, AREA_CONTAINERS, &area, err);
	return r < 0 ? r : tree_remove(area, holder, err);
}

/* A registered writable layer on top of the image; live already names it. */
static int make_layer(struct store *s, const char *id, const char *parent, const char *image_id,
		      struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct index *ix = NULL;
	int r;

	r = layer_dir_make(s, 0, id, parent, err);
	if (r == 0 && parent)
		r = targets_make(s, id, parent, err);
	store_step(s, "holder directory");
	if (r == 0)
		r = layer_dir_sync(s, id, err);
	if (r == 0)
		r = layer_names_sync(s, 0, err);
	if (r == 0)
		r = store_index(s, 0, IX_LAYERS, &ix, err);
	if (r == 0)
		r = rec_new(id, &doc, err);
	if (r == 0)
		r = rec_set_text(doc, "parent", parent, err);
	if (r == 0)
		r = json_set(doc, json_root(doc), "created", json_time(doc, time_now_ns()), err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_HOLDER, json_string(doc, image_id), err);
	if (r == 0)
		r = rec_store(ix, NULL, doc, err);
	return r < 0 ? r : store_save(s, 0, IX_LAYERS, err);
}

static int set_name(struct store *s, struct json_doc *doc, const char *image_id, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	struct index *a = NULL, *b = NULL;
	int r;

	r = strv_addf(&names, err, "kist-%.12s", image_id);
	if (r == 0)
		r = store_index(s, 0, IX_CONTAINERS, &a, err);
	if (r == 0)
		r = store_index(s, 0, IX_VOLATILE_CONTAINERS, &b, err);
	if (r < 0)
		return r;
	/* Somebody chose this very name: ours can do without. */
	if (index_find_name(a, names.v[0]) || index_find_name(b, names.v[0]))
		return 0;
	return rec_set_names(doc, "names", &names, err);
}

static int make_container(struct store *s, const char *holder, const char *layer,
			  const char *image_id, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct index *ix = NULL;
	int r;

	r = rec_new(holder, &doc, err);
	if (r == 0)
		r = set_name(s, doc, image_id, err);
	if (r == 0)
		r = rec_set_text(doc, "image", image_id, err);
	if (r == 0)
		r = rec_set_text(doc, "layer", layer, err);
	if (r == 0)
		r = json_set(doc, json_root(doc), "created", json_time(doc, time_now_ns()), err);
	if (r == 0)
		r = rec_set_flag(doc, "MountLabel", json_string(doc, ""), err);
	if (r == 0)
		r = rec_set_flag(doc, "ProcessLabel", json_string(doc, ""), err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_HOLDER, json_string(doc, image_id), err);
	if (r == 0)
		r = store_index(s, 0, IX_CONTAINERS, &ix, err);
	if (r == 0)
		r = rec_store(ix, NULL, doc, err);
	return r < 0 ? r : store_save(s, 0, IX_CONTAINERS, err);
}

/* The image's record in one of our roots: 1, 0 there is none. */
static int find_image(struct store *s, const char *image_id, struct rec **ret, struct err *err)
{
	struct index *ix = NULL;
	size_t i;
	int r = 0;

	*ret = NULL;
	for (i = 0; r == 0 && !*ret && i < s->n_own; i++) {
		r = store_index(s, image_place(s, i), IX_IMAGES, &ix, err);
		*ret = r == 0 ? index_find_id(ix, image_id) : NULL;
	}
	return r < 0 ? r : *ret != NULL;
}

/* The image's top layer ("" for none) after a check that it may be run. */
static int check_image(struct store *s, const char *image_id, char layer[STORE_ID_LEN + 1],
		       struct err *err)
{
	struct rec *rec;
	struct str id;
	size_t where;
	int r;

	r = find_image(s, image_id, &rec, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "it is not in the store any more");
	if (r < 0)
		return r;
	id = rec->m[REC_LAYER];
	layer[0] = '\0';
	if (id.len == 0)
		return 0;
	if (!id_slice_is_good(id))
		return err_set(err, ERR_CORRUPT, "its layer has a malformed ID");
	id_copy(id, layer);
	r = layer_find_rec(s, str_of(layer), &rec, &where, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "its layer %.12s is not in the store", layer);
	return r < 0 ? r : 0;
}

/* All locks are held. */
static int hold_locked(struct store *s, const char *image_id, const char *holder, struct live *live,
		       struct err *err)
{
	char parent[STORE_ID_LEN + 1], layer[STORE_ID_LEN + 1], name[STORE_ID_LEN + 32];
	struct index *containers = NULL, *layers = NULL;
	struct rec *rec;
	int r;

	r = check_image(s, image_id, parent, err);
	if (r == 0)
		r = store_index(s, 0, IX_CONTAINERS, &containers, err);
	if (r == 0)
		r = store_index(s, 0, IX_LAYERS, &layers, err);
	if (r < 0)
		return r;
	rec = index_find_id(containers, holder);
	if (rec && id_slice_is_good(rec->m[REC_LAYER]))
		id_copy(rec->m[REC_LAYER], layer);
	else
		rand_id(layer);
	if (rec && index_find_id(layers, layer))
		return mark(s, holder, layer, err); /* only the mark was missing */
	(void)snprintf(name, sizeof(name), "%s.lock", layer);
	/* Somebody else's lock is store_gc's, which waits for ours and then finds all in order. */
	r = live_take(s, name, false, live, err);
	if (r >= 0) {
		store_step(s, "holder lock");
		r = make_layer(s, layer, parent[0] ? parent : NULL, image_id, err);
	}
	if (r == 0 && !rec)
		r = make_container(s, holder, layer, image_id, err);
	return r < 0 ? r : mark(s, holder, layer, err);
}

/* 1 one of our roots has the image, 0 only an additional store. */
static int is_ours(struct store *s, const char *image_id, struct err *err)
{
	struct index *ix = NULL;
	struct rec *rec;
	size_t where;
	int r = find_image(s, image_id, &rec, err);

	for (where = s->n_own; r == 0 && where < s->n_roots; where++) {
		r = store_index(s, where, IX_IMAGES, &ix, err);
		if (r == 0 && index_find_id(ix, image_id))
			return 0;
	}
	if (r != 0)
		return r;
	return err_set(err, ERR_NOT_FOUND, "image %.12s is not in the store", image_id);
}

int store_hold_image(struct store *s, const char *image_id, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(live_drop) struct live live = LIVE_INIT;
	char holder[STORE_ID_LEN + 1];
	int r;

	r = store_holder_id(image_id, holder, err);
	if (r < 0 || is_marked(s, holder))
		return r;
	r = is_ours(s, image_id, err);
	if (r <= 0)
		return r;
	r = store_lock(s, LK_ALL, err);
	if (r < 0)
		return r;
	locked = s;
	r = hold_locked(s, image_id, holder, &live, err);
	if (r < 0) {
		live_leave(&live);
		return err_wrap(err, "registering the use of image %.12s", image_id);
	}
	return 0;
}

int store_holder_layer(struct store *s, const char *image_id, char ret_id[STORE_ID_LEN + 1],
		       struct err *err)
{
	char holder[STORE_ID_LEN + 1], path[STORE_ID_LEN + 64], layer[STORE_ID_LEN + 2];
	ssize_t n;
	int r = store_holder_id(image_id, holder, err);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "overlay-containers/%s/" TARGETS_LINK, holder);
	n = readlinkat(own(s)->fd, path, layer, sizeof(layer));
	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return err_sys(err, errno, "reading %s", path);
	if (n != STORE_ID_LEN || !id_slice_is_good((struct str){layer, STORE_ID_LEN}))
		return 0;
	id_copy((struct str){layer, STORE_ID_LEN}, ret_id);
	return 1;
}

/* Without the mark a new container waits for our locks; those that were there before are found by
 * the callback, or had found the mark and are visible. */
static int ask_users(struct store *s, const char *image_id, store_users_fn *users, void *arg,
		     struct strv *in_use, const struct rec *held, struct err *err)
{
	char layer[STORE_ID_LEN + 1] = "";
	char holder[STORE_ID_LEN + 1];
	struct err ignored = ERR_INIT;
	int r;

	if (held && id_slice_is_good(held->m[REC_LAYER]))
		id_copy(held->m[REC_LAYER], layer);
	r = store_holder_id(image_id, holder, err);
	if (r == 0)
		r = unmark(s, holder, err);
	if (r == 0 && users)
		r = users(arg, image_id, in_use, err);
	/* If this fails, the next container makes the mark. */
	if (held && (r < 0 || in_use->n > 0))
		(void)mark(s, holder, layer[0] ? layer : NULL, &ignored);
	return r;
}

int holder_take_out(struct store *s, const char *image_id, store_users_fn *users, void *arg,
		    struct strv *in_use, struct live *live, struct strv *layers, struct err *err)
{
	char holder[STORE_ID_LEN + 1], layer[STORE_ID_LEN + 1], name[STORE_ID_LEN + 32];
	struct index *ix = NULL;
	struct rec *rec;
	int r;

	r = store_holder_id(image_id, holder, err);
	if (r == 0)
		r = store_index(s, 0, IX_CONTAINERS, &ix, err);
	if (r < 0)
		return r;
	rec = index_find_id(ix, holder);
	r = ask_users(s, image_id, users, arg, in_use, rec, err);
	if (r < 0 || !rec || in_use->n > 0)
		return r;
	store_step(s, "holder unmarked");
	if (id_slice_is_good(rec->m[REC_LAYER])) {
		id_copy(rec->m[REC_LAYER], layer);
		(void)snprintf(name, sizeof(name), "%s.lock", layer);
		r = live_take(s, name, false, live, err);
		if (r >= 0)
			r = strv_add(layers, layer, err);
	}
	if (r < 0)
		return r;
	index_remove(ix, rec);
	r = store_save(s, 0, IX_CONTAINERS, err);
	return r < 0 ? r : 1;
}

int store_release_image(struct store *s, const char *image_id, store_users_fn *users, void *arg,
			struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(live_drop) struct live live = LIVE_INIT;
	AUTO_STRV struct strv in_use = STRV_INIT, layers = STRV_INIT;
	char holder[STORE_ID_LEN + 1];
	struct index *ix = NULL;
	int r;

	r = store_holder_id(image_id, holder, err);
	if (r == 0)
		r = store_index(s, 0, IX_CONTAINERS, &ix, err);
	if (r < 0 || !index_find_id(ix, holder))
		return r;
	r = store_lock(s, LK_LAYERS | LK_CONTAINERS, err);
	if (r < 0)
		return r;
	locked = s;
	r = holder_take_out(s, image_id, users, arg, &in_use, &live, &layers, err);
	if (r > 0 && layers_drop(s, &layers, err) < 0)
		r = -(int)err->code;
	if (r < 0) {
		live_leave(&live);
		return err_wrap(err, "releasing image %.12s", image_id);
	}
	return r;
}

int store_holder_list(struct store *s, struct strv *ret, struct err *err)
{
	struct index *ix = NULL;
	struct str image;
	size_t i;
	int r;

	r = store_index(s, 0, IX_CONTAINERS, &ix, err);
	for (i = 0; r == 0 && i < ix->n; i++)
		if (slice_text(slice_get(ix->v[i].m[REC_FLAGS], FLAG_HOLDER), &image))
			r = strv_addn(ret, image, err);
	return r;
}
