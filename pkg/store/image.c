/* Looking at images: finding, listing, sizes. */
#include "priv.h"
#include "slice.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/table.h"

#include <stddef.h>
#include <stdlib.h>

/* A chain of layers longer than this is a loop. */
#define CHAIN_MAX 1000
#define AMBIGUOUS_NAMED 4

static const struct json_field image_fields[] = {
    JSON_F_STR(struct store_image, id, "id", JSON_REQUIRED),
    JSON_F_STR(struct store_image, digest, "digest", 0),
    JSON_F_STR(struct store_image, layer, "layer", 0),
    JSON_F_STR(struct store_image, metadata, "metadata", 0),
    JSON_F_STRV(struct store_image, names, "names", 0),
    JSON_F_STRV(struct store_image, names_history, "names-history", 0),
    JSON_F_STRV(struct store_image, data_names, "big-data-names", 0),
    JSON_F_STRV(struct store_image, mapped_layers, "mapped-layers", 0),
    JSON_F_TIME(struct store_image, created, "created", 0),
    {0},
};
const struct json_table image_table = {image_fields, sizeof(struct store_image)};

void store_image_free(struct store_image *image)
{
	if (!image)
		return;
	json_release(&image_table, image);
	strv_fini(&image->digests);
	free(image);
}

void store_images_fini(struct store_images *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		store_image_free(list->v[i]);
	free(list->v);
	*list = (struct store_images){0};
}

static int sum_sizes(struct str sizes, int64_t *ret)
{
	struct slice_iter it;
	struct str key, value;
	int64_t n, sum = 0;

	if (slice_open(sizes, '{', &it))
		while (slice_member(&it, &key, &value) > 0)
			if (slice_i64(value, &n) && n > 0 && __builtin_add_overflow(sum, n, &sum))
				return -1;
	*ret = sum;
	return 0;
}

/* The record's own digest first, then those of every manifest it was seen under. */
static int collect_digests(struct store_image *image, struct str digests, struct err *err)
{
	struct slice_iter it;
	struct str key, value, text;
	int r = 0;

	if (image->digest && *image->digest)
		r = strv_add(&image->digests, image->digest, err);
	if (r < 0 || !slice_open(digests, '{', &it))
		return r;
	while (r == 0 && slice_member(&it, &key, &value) > 0) {
		AUTO_FREE char *copy = NULL;

		if (key.len < 8 || memcmp(key.ptr, "manifest", 8) != 0 || !slice_text(value, &text))
			continue;
		copy = str_dup(text);
		if (!copy)
			return err_nomem(err);
		if (strv_find(&image->digests, copy) < 0)
			r = strv_take(&image->digests, TAKE(copy), err);
	}
	return r;
}

int image_from_rec(const struct store *s, const struct rec *rec, size_t where,
		   struct store_image **ret, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = calloc(1, sizeof(*image));
	int r;

	if (!image)
		return err_nomem(err);
	r = rec_read(rec, &image_table, "image record", image, err);
	if (r == 0)
		r = collect_digests(image, slice_get(rec->text, "big-data-digests"), err);
	if (r < 0)
		return r;
	if (sum_sizes(slice_get(rec->text, "big-data-sizes"), &image->data_size) < 0)
		return err_set(err, ERR_CORRUPT, "image %.12s: impossible sizes", image->id);
	image->where = (int)where;
	image->read_only = where >= s->n_own;
	*ret = TAKE(image);
	return 0;
}

struct found {
	struct rec *rec;
	size_t where;
};

static int find_name(struct store *s, const char *name, struct found *f, struct err *err)
{
	struct index *ix;
	size_t i;
	int r;

	for (i = 0; i < s->n_roots; i++) {
		f->where = image_place(s, i);
		r = store_index(s, f->where, IX_IMAGES, &ix, err);
		if (r < 0)
			return r;
		f->rec = index_find_name(ix, name);
		if (f->rec)
			return 1;
	}
	return 0;
}

/* Is one of the names "repo:tag" or "repo@digest"? */
static bool has_repo(struct str names, const char *repo)
{
	size_t len = strlen(repo);
	struct slice_iter it;
	struct str item, name;

	if (!slice_open(names, '[', &it))
		return false;
	while (slice_item(&it, &item) > 0) {
		if (slice_text(item, &name) && name.len > len && memcmp(name.ptr, repo, len) == 0 &&
		    (name.ptr[len] == '@' ||
		     (name.ptr[len] == ':' && !memchr(name.ptr + len, '/', name.len - len))))
			return true;
	}
	return false;
}

static bool has_digest(const struct rec *rec, const char *digest)
{
	struct slice_iter it;
	struct str key, value, text;

	/* Most records do not hold these characters anywhere. */
	if (!memmem(rec->text.ptr, rec->text.len, digest, strlen(digest)))
		return false;
	if (slice_text(slice_get(rec->text, "digest"), &text) && str_eq(text, digest))
		return true;
	if (!slice_open(slice_get(rec->text, "big-data-digests"), '{', &it))
		return false;
	while (slice_member(&it, &key, &value) > 0)
		if (key.len >= 8 && memcmp(key.ptr, "manifest", 8) == 0 &&
		    slice_text(value, &text) && str_eq(text, digest))
			return true;
	return false;
}

static int find_digest(struct store *s, const struct store_image_query *q, struct found *f,
		       struct err *err)
{
	struct index *ix;
	size_t k, i;
	int r;

	for (k = 0; k < s->n_roots; k++) {
		f->where = image_place(s, k);
		r = store_index(s, f->where, IX_IMAGES, &ix, err);
		if (r < 0)
			return r;
		for (i = 0; i < ix->n; i++) {
			f->rec = &ix->v[i];
			if (has_digest(f->rec, q->digest) &&
			    (!q->repo || has_repo(f->rec->m[REC_NAMES], q->repo)))
				return 1;
		}
	}
	return 0;
}

static int ambiguous(struct store *s, const char *prefix, struct err *err)
{
	AUTO_STRV struct strv seen = STRV_INIT;
	AUTO_BUF struct buf list = BUF_INIT(256);
	struct index *ix;
	size_t where, i, len = strlen(prefix);
	int r = 0;

	for (where = 0; where < s->n_roots; where++) {
		r = store_index(s, where, IX_IMAGES, &ix, err);
		for (i = 0; r == 0 && i < ix->n && seen.n < AMBIGUOUS_NAMED; i++) {
			struct str id = ix->v[i].m[REC_ID];

			if (id.len >= len && memcmp(id.ptr, prefix, len) == 0)
				r = strv_addn(&seen,
					      (struct str){id.ptr, id.len < 16 ? id.len : 16}, err);
		}
		if (r < 0)
			return r;
	}
	for (i = 0; i < seen.n; i++)
		buf_addf(&list, "%s%s", i ? ", " : "", seen.v[i]);
	return err_set(err, ERR_INVALID, "image ID %s is ambiguous: %s", prefix, buf_str(&list));
}

static int find_id(struct store *s, const char *text, struct found *f, struct err *err)
{
	const char *prefix = str_after(text, "sha256:");
	struct index *ix;
	size_t where, k, i, len;
	int r;

	if (!prefix)
		prefix = text;
	len = strlen(prefix);
	if (len == 0 || len > STORE_ID_LEN || !str_is_hex(prefix, len))
		return 0;
	f->rec = NULL;
	for (k = 0; k < s->n_roots; k++) {
		where = image_place(s, k);
		r = store_index(s, where, IX_IMAGES, &ix, err);
		for (i = 0; r == 0 && i < ix->n; i++) {
			struct str id = ix->v[i].m[REC_ID];

			if (id.len < len || memcmp(id.ptr, prefix, len) != 0)
				continue;
			/* The same image in another store is no second one. */
			if (f->rec && !slice_same(f->rec->m[REC_ID], id))
				return ambiguous(s, prefix, err);
			if (!f->rec)
				*f = (struct found){&ix->v[i], where};
		}
		if (r < 0)
			return r;
	}
	return f->rec != NULL;
}

int store_image_find(struct store *s, const struct store_image_query *q, struct store_image **ret,
		     struct err *err)
{
	struct found f = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && q->names && i < q->names->n; i++)
		r = find_name(s, q->names->v[i], &f, err);
	if (r == 0 && q->digest)
		r = find_digest(s, q, &f, err);
	if (r == 0 && q->id)
		r = find_id(s, q->id, &f, err);
	if (r > 0)
		r = image_from_rec(s, f.rec, f.where, ret, err);
	else
		return r;
	return r < 0 ? r : 1;
}

static int list_root(struct store *s, size_t where, struct store_images *list, struct err *err)
{
	struct store_image **v;
	struct index *ix;
	size_t i;
	int r;

	r = store_index(s, where, IX_IMAGES, &ix, err);
	if (r < 0 || ix->n == 0)
		return r;
	v = reallocarray(list->v, list->n + ix->n, sizeof(struct store_image *));
	if (!v)
		return err_nomem(err);
	list->v = v;
	for (i = 0; r == 0 && i < ix->n; i++) {
		r = image_from_rec(s, &ix->v[i], where, &list->v[list->n], err);
		if (r == 0)
			list->n++;
	}
	return r;
}

int store_image_list(struct store *s, struct store_images *ret, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < s->n_roots; i++)
		r = list_root(s, image_place(s, i), &list, err);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct store_images){0};
	return 0;
}

int store_image_size(struct store *s, const struct store_image *image, int64_t *ret,
		     struct err *err)
{
	struct str id = str_of(image->layer ? image->layer : "");
	AUTO_UNPIN struct store *pinned = NULL;
	int64_t sum = image->data_size, n;
	struct rec *rec;
	size_t where;
	int r, depth;

	r = store_pin_layers(s, err);
	if (r < 0)
		return r;
	pinned = s;
	for (depth = 0; id.len > 0; depth++) {
		if (depth == CHAIN_MAX)
			return err_set(err, ERR_CORRUPT, "image %.12s: its layers form a loop",
				       image->id);
		r = layer_find_rec(s, id, &rec, &where, err);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(err, ERR_CORRUPT, "image %.12s: layer %.12s is missing",
				       image->id, id.ptr);
		if (slice_i64(rec->m[REC_DIFF_SIZE], &n) && n > 0 &&
		    __builtin_add_overflow(sum, n, &sum))
			return err_set(err, ERR_CORRUPT, "image %.12s: impossible sizes",
				       image->id);
		id = rec->m[REC_PARENT];
	}
	*ret = sum;
	return 0;
}

static int add_users(const struct index *ix, const char *image_id, struct strv *ret,
		     struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ix->n; i++)
		if (str_eq(ix->v[i].m[REC_IMAGE], image_id) &&
		    !slice_get(ix->v[i].m[REC_FLAGS], FLAG_HOLDER).ptr)
			r = strv_addn(ret, rec_name(&ix->v[i]), err);
	return r;
}

int store_image_users(struct store *s, const char *image_id, struct strv *ret, struct err *err)
{
	static const enum index_kind both[] = {IX_CONTAINERS, IX_VOLATILE_CONTAINERS};
	struct index *ix;
	size_t k;
	int r = 0;

	for (k = 0; r == 0 && k < ARRAY_LEN(both); k++) {
		r = store_index(s, 0, both[k], &ix, err);
		if (r == 0)
			r = add_users(ix, image_id, ret, err);
	}
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_CONTAINERS, &ix, err);
	return r < 0 ? r : add_users(ix, image_id, ret, err);
}
