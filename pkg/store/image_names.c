/* Names of images: a name belongs to one image of the store. */
#include "priv.h"
#include "slice.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "json/json.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* One piece of big data copied from an additional store. */
#define DATA_MAX ((size_t)64 << 20)

static int read_names(const struct json *arr, struct strv *ret, struct err *err)
{
	const struct json *it;
	int r = 0;

	JSON_EACH(it, arr)
	{
		if (r == 0 && json_text(it))
			r = strv_add(ret, json_text(it), err);
	}
	return r;
}

/* The member's names with `first` in front, none twice. */
static int prepend(struct json_doc *doc, const char *member, const struct strv *first,
		   struct err *err)
{
	AUTO_STRV struct strv old = STRV_INIT, all = STRV_INIT;
	size_t i;
	int r;

	r = read_names(json_get(json_root(doc), member), &old, err);
	for (i = 0; r == 0 && i < first->n; i++)
		if (strv_find(&all, first->v[i]) < 0)
			r = strv_add(&all, first->v[i], err);
	for (i = 0; r == 0 && i < old.n; i++)
		if (strv_find(&all, old.v[i]) < 0)
			r = strv_add(&all, old.v[i], err);
	return r < 0 ? r : rec_set_names(doc, member, &all, err);
}

int rec_add_names(struct json_doc *doc, const struct strv *names, struct err *err)
{
	int r = prepend(doc, "names", names, err);

	return r < 0 ? r : prepend(doc, "names-history", names, err);
}

/* The record without one name (NULL: without any). */
static int drop_name(struct index *ix, struct rec *rec, const char *name, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_JSON struct json_doc *doc = NULL;
	long at;
	int r;

	r = rec_edit(rec, &doc, err);
	if (r == 0 && name)
		r = read_names(json_get(json_root(doc), "names"), &names, err);
	if (r < 0)
		return r;
	while (name && (at = strv_find(&names, name)) >= 0)
		strv_remove(&names, (size_t)at);
	r = rec_set_names(doc, "names", &names, err);
	return r < 0 ? r : rec_store(ix, rec, doc, err);
}

static int take_names(struct index *ix, const char *id, const struct strv *names, struct err *err)
{
	size_t i, k;
	int r = 0;

	for (i = 0; i < ix->n; i++) {
		if (str_eq(ix->v[i].m[REC_ID], id))
			continue;
		for (k = 0; r == 0 && k < names->n; k++)
			if (slice_has(ix->v[i].m[REC_NAMES], names->v[k]))
				r = drop_name(ix, &ix->v[i], names->v[k], err);
	}
	return r;
}

int images_take_names(struct store *s, const char *id, const struct strv *names, struct err *err)
{
	struct index *ix;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < s->n_own; i++) {
		r = store_index(s, i, IX_IMAGES, &ix, err);
		if (r == 0)
			r = take_names(ix, id, names, err);
	}
	return r;
}

int images_save(struct store *s, struct err *err)
{
	int r = store_save(s, s->img, IX_IMAGES, err);
	size_t i;

	for (i = 0; r == 0 && i < s->n_own; i++)
		if (s->roots[i].index[IX_IMAGES].dirty)
			r = store_save(s, i, IX_IMAGES, err);
	return r;
}

static int copy_data(struct store *s, const struct store_image *image, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < image->data_names.n; i++) {
		AUTO_BUF struct buf b = BUF_INIT(DATA_MAX);
		struct store_data data = {.key = image->data_names.v[i]};

		r = store_image_data(s, image, data.key, &b, err);
		if (r == 0)
			return err_set(err, ERR_CORRUPT, "image %.12s: %s is missing", image->id,
				       data.key);
		data.ptr = buf_str(&b);
		data.len = b.len;
		if (r > 0)
			r = image_write_data(s, image->id, &data, 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* An image of another root gets its record and data in ours; the layers stay there. */
static int adopt(struct store *s, const char *id, struct index *ix, struct rec **ret,
		 struct live *live, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_JSON struct json_doc *doc = NULL;
	struct rec *rec = NULL;
	struct index *other;
	size_t where = 0, i;
	int r;

	for (i = 1; i < s->n_roots && !rec; i++) {
		where = image_place(s, i);
		r = store_index(s, where, IX_IMAGES, &other, err);
		if (r < 0)
			return r;
		rec = index_find_id(other, id);
	}
	if (!rec)
		return err_set(err, ERR_NOT_FOUND, "image %.12s is not in the store", id);
	r = rec_edit(rec, &doc, err);
	if (r == 0)
		r = image_from_rec(s, rec, where, &image, err);
	if (r == 0)
		r = live_take_image(s, id, live, err);
	if (r == 0)
		r = copy_data(s, image, err);
	if (r < 0)
		return r;
	(void)json_remove(json_root(doc), "names");
	r = rec_store(ix, NULL, doc, err);
	if (r == 0)
		*ret = &ix->v[ix->n - 1];
	return r;
}

int store_image_tag(struct store *s, const char *image_id, const char *name, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	AUTO(live_drop) struct live live = LIVE_INIT;
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_JSON struct json_doc *doc = NULL;
	struct index *ix;
	struct rec *rec;
	int r;

	r = id_check(image_id, "image ID", err);
	if (r == 0)
		r = strv_add(&names, name, err);
	if (r == 0)
		r = store_lock(s, LK_IMAGES, err);
	if (r < 0)
		return r;
	locked = s;
	r = store_index(s, s->img, IX_IMAGES, &ix, err);
	if (r < 0)
		return r;
	rec = index_find_id(ix, image_id);
	if (!rec)
		r = adopt(s, image_id, ix, &rec, &live, err);
	if (r == 0)
		r = rec_edit(rec, &doc, err);
	if (r == 0)
		r = rec_add_names(doc, &names, err);
	if (r == 0)
		r = rec_store(ix, rec, doc, err);
	if (r == 0)
		r = images_take_names(s, image_id, &names, err);
	if (r == 0)
		r = images_save(s, err);
	if (r < 0)
		live_leave(&live);
	return r;
}

int image_check_names(const struct store_image *image, const struct strv *names, struct err *err)
{
	size_t i;
	bool same = image->names.n == names->n;

	for (i = 0; same && i < names->n; i++)
		same = streq(image->names.v[i], names->v[i]);
	return same ? 0
		    : err_set(err, ERR_CHANGED, "image %.12s has other names by now: try again",
			      image->id);
}

static int check_names(const struct store *s, const struct rec *rec, const struct store_image *seen,
		       struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	int r = image_from_rec(s, rec, (size_t)seen->where, &image, err);

	return r < 0 ? r : image_check_names(image, &seen->names, err);
}

/* Why there is no record of ours. */
static int no_record(struct store *s, const char *id, struct err *err)
{
	size_t where;
	int r = image_in_read_only(s, id, &where, err);

	if (r < 0)
		return r;
	if (r > 0)
		return err_set(err, ERR_DENIED,
			       "image %.12s is in the read-only store %s, and so are its names", id,
			       s->roots[where].path);
	return err_set(err, ERR_NOT_FOUND, "image %.12s is not in this store", id);
}

/* seen (or NULL): the record that must still have its names. */
static int untag(struct store *s, const char *image_id, const struct store_image *seen,
		 const char *name, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	struct index *ix;
	struct rec *rec;
	size_t i, found = 0, removed = 0;
	int r;

	r = store_lock(s, LK_IMAGES, err);
	if (r < 0)
		return r;
	locked = s;
	for (i = 0; r == 0 && i < s->n_own; i++) {
		r = store_index(s, i, IX_IMAGES, &ix, err);
		rec = r == 0 ? index_find_id(ix, image_id) : NULL;
		if (!rec)
			continue;
		found++;
		if (seen && seen->where == (int)i)
			r = check_names(s, rec, seen, err);
		if (r < 0)
			return r;
		if (name ? !slice_has(rec->m[REC_NAMES], name) : rec->m[REC_NAMES].len == 0)
			continue;
		removed++;
		r = drop_name(ix, rec, name, err);
		if (r == 0)
			r = store_save(s, i, IX_IMAGES, err);
	}
	if (r < 0)
		return r;
	return found ? removed > 0 : no_record(s, image_id, err);
}

int store_image_untag(struct store *s, const char *image_id, const char *name, struct err *err)
{
	return untag(s, image_id, NULL, name, err);
}

int store_image_untag_seen(struct store *s, const struct store_image *seen, const char *name,
			   struct err *err)
{
	return untag(s, seen->id, seen, name, err);
}
