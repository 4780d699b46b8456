/* Adding an image, or more names and manifests to one: data files first, then the record. */
#include "priv.h"
#include "slice.h"
#include "base/err.h"
#include "base/strv.h"
#include "digest/digest.h"
#include "json/json.h"
#include "sys/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DATA_DIR_MODE 0700
#define DATA_MODE 0600

int image_write_data(struct store *s, const char *id, const struct store_data *data, size_t n,
		     struct err *err)
{
	AUTO_CLOSE int dir = -1;
	int area, r;
	size_t i;

	r = store_area_fd(s, s->img, AREA_IMAGES, &area, err);
	if (r == 0)
		r = dir_ensure(area, id, DATA_DIR_MODE, &dir, err);
	for (i = 0; r == 0 && i < n; i++) {
		AUTO_FREE char *name = data_file_name(data[i].key);

		if (!name)
			return err_set(err, ERR_INVALID, "'%s' cannot be a key of image data",
				       data[i].key);
		r = file_replace(dir, name, DATA_MODE, data[i].ptr, data[i].len, FILE_SYNC, err);
		store_step(s, "image data");
	}
	if (r == 0)
		r = dir_sync(dir, ".", err);
	return r < 0 ? err_wrap(err, "image %.12s", id) : 0;
}

static int digest_of(const struct store_data *data, char out[SHA256_TEXT_MAX], struct err *err)
{
	uint8_t sum[SHA256_LEN];
	int r;

	if (data->digest)
		r = sha256_parse(data->digest, sum, err);
	else
		r = sha256_once(data->ptr, data->len, sum, err);
	if (r == 0)
		(void)sha256_text(sum, out);
	return r;
}

/* obj[member] of the record, made when it is not there. */
static int member(struct json_doc *doc, const char *name, enum json_kind kind, struct json **ret,
		  struct err *err)
{
	struct json *v = json_get(json_root(doc), name);
	int r;

	if (json_kind(v) != kind) {
		v = kind == JSON_ARRAY ? json_array(doc) : json_object(doc);
		r = json_set(doc, json_root(doc), name, v, err);
		if (r < 0)
			return r;
	}
	*ret = v;
	return 0;
}

static bool has_item(const struct json *arr, const char *text)
{
	const struct json *it;

	JSON_EACH(it, arr)
	{
		if (json_text(it) && streq(json_text(it), text))
			return true;
	}
	return false;
}

static int add_data(struct json_doc *doc, const struct store_data *data, size_t n, struct err *err)
{
	struct json *names = NULL, *sizes = NULL, *digests = NULL;
	char digest[SHA256_TEXT_MAX];
	size_t i;
	int r;

	r = member(doc, "big-data-names", JSON_ARRAY, &names, err);
	if (r == 0)
		r = member(doc, "big-data-sizes", JSON_OBJECT, &sizes, err);
	if (r == 0)
		r = member(doc, "big-data-digests", JSON_OBJECT, &digests, err);
	for (i = 0; r == 0 && i < n; i++) {
		r = digest_of(&data[i], digest, err);
		if (r == 0 && !has_item(names, data[i].key))
			r = json_append(names, json_string(doc, data[i].key), err);
		if (r == 0)
			r = json_set(doc, sizes, data[i].key, json_i64(doc, (int64_t)data[i].len),
				     err);
		if (r == 0)
			r = json_set(doc, digests, data[i].key, json_string(doc, digest), err);
	}
	return r;
}

static int new_record(const struct store_image_put *put, struct json_doc **ret, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	int r;

	r = rec_new(put->id, &doc, err);
	if (r == 0)
		r = rec_set_text(doc, "digest", put->digest, err);
	if (r == 0)
		r = rec_set_text(doc, "layer", put->layer, err);
	if (r == 0)
		r = rec_set_text(doc, "metadata", put->metadata ? put->metadata : "{}", err);
	if (r == 0)
		r = json_set(doc, json_root(doc), "created", json_time(doc, put->created), err);
	if (r == 0)
		*ret = TAKE(doc);
	return r;
}

static int check_layer(struct store *s, const char *layer, struct err *err)
{
	struct rec *rec;
	size_t where;
	int r;

	if (str_empty(layer))
		return 0;
	r = layer_find_rec(s, str_of(layer), &rec, &where, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", layer);
	return r < 0 ? r : 0;
}

/* What a failed attempt wrote for an image that is not there. */
static int unwrite(struct store *s, const char *id, int failed)
{
	struct err ignored = ERR_INIT;
	int area;

	if (store_area_fd(s, s->img, AREA_IMAGES, &area, &ignored) == 0)
		(void)tree_remove(area, id, &ignored);
	return failed;
}

static int put_locked(struct store *s, const struct store_image_put *put, struct err *err)
{
	AUTO(live_drop) struct live live = LIVE_INIT;
	AUTO_JSON struct json_doc *doc = NULL;
	struct index *ix;
	struct rec *rec;
	int r;

	r = store_index(s, s->img, IX_IMAGES, &ix, err);
	if (r == 0)
		r = check_layer(s, put->layer, err);
	if (r < 0)
		return r;
	rec = index_find_id(ix, put->id);
	if (rec && !slice_same(rec->m[REC_LAYER], str_of(put->layer ? put->layer : "")))
		return err_set(err, ERR_EXISTS, "it is in the store with another top layer");
	r = live_take_image(s, put->id, &live, err);
	if (r == 0)
		r = image_write_data(s, put->id, put->data, put->n_data, err);
	if (r == 0)
		r = rec ? rec_edit(rec, &doc, err) : new_record(put, &doc, err);
	if (r == 0 && rec)
		r = rec_set_text(doc, "metadata", put->metadata, err);
	if (r == 0)
		r = add_data(doc, put->data, put->n_data, err);
	if (r == 0 && put->names)
		r = rec_add_names(doc, put->names, err);
	if (r == 0)
		r = rec_store(ix, rec, doc, err);
	if (r == 0 && put->names)
		r = images_take_names(s, put->id, put->names, err);
	if (r == 0)
		r = images_save(s, err);
	if (r < 0) {
		/* Of an image that is there store_gc restores the documents. */
		live_leave(&live);
		return rec ? r : unwrite(s, put->id, r);
	}
	return rec == NULL;
}

int store_image_put(struct store *s, const struct store_image_put *put, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	int r;

	r = id_check(put->id, "image ID", err);
	if (r == 0)
		r = store_lock(s, LK_LAYERS_READ | LK_IMAGES, err);
	if (r < 0)
		return r;
	locked = s;
	r = put_locked(s, put, err);
	return r < 0 ? err_wrap(err, "image %.12s", put->id) : r;
}
