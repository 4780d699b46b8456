#include "priv.h"
#include "slice.h"
#include "base/err.h"
#include "base/rand.h"
#include "digest/digest.h"
#include "json/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct json_field layer_fields[] = {
    JSON_F_STR(struct store_layer, id, "id", JSON_REQUIRED),
    JSON_F_STR(struct store_layer, parent, "parent", 0),
    JSON_F_STR(struct store_layer, diff_digest, "diff-digest", 0),
    JSON_F_STR(struct store_layer, compressed_digest, "compressed-diff-digest", 0),
    JSON_F_STR(struct store_layer, toc_digest, "toc-digest", 0),
    JSON_F_I64(struct store_layer, diff_size, "diff-size", 0),
    JSON_F_I64(struct store_layer, compressed_size, "compressed-size", 0),
    JSON_F_I64(struct store_layer, compression, "compression", 0),
    JSON_F_TIME(struct store_layer, created, "created", 0),
    JSON_F_STRV(struct store_layer, names, "names", 0),
    {0},
};
static const struct json_table layer_table = {layer_fields, sizeof(struct store_layer)};

void store_layer_fini(struct store_layer *l)
{
	json_release(&layer_table, l);
}

int store_layer_id(const char *parent, const char *diff_id, char ret_id[STORE_ID_LEN + 1],
		   struct err *err)
{
	uint8_t diff[SHA256_LEN], sum[SHA256_LEN];
	char text[2 * STORE_ID_LEN + 2];
	int r;

	r = sha256_parse(diff_id, diff, err);
	if (r < 0)
		return r;
	if (str_empty(parent)) {
		hex_encode(diff, sizeof(diff), ret_id);
		return 0;
	}
	r = id_check(parent, "layer ID", err);
	if (r < 0)
		return r;
	memcpy(text, parent, STORE_ID_LEN);
	text[STORE_ID_LEN] = '+';
	hex_encode(diff, sizeof(diff), text + STORE_ID_LEN + 1);
	r = sha256_once(text, sizeof(text) - 1, sum, err);
	if (r == 0)
		hex_encode(sum, sizeof(sum), ret_id);
	return r;
}

int layer_find_rec(struct store *s, struct str id, struct rec **ret, size_t *ret_where,
		   struct err *err)
{
	struct layer_place places[LAYER_PLACES_MAX], p;
	size_t n = layer_places(s, places), i;
	struct index *ix;
	struct rec *rec;
	int r;

	/* Those of our own roots, what is of this boot only, then one of each additional store. */
	for (i = 0; i < n + 1 + s->n_roots - s->n_own; i++) {
		p = i < n ? places[i] : (struct layer_place){0, IX_VOLATILE_LAYERS};
		if (i > n)
			p = (struct layer_place){s->n_own + i - n - 1, IX_LAYERS};
		r = i == n ? store_transient(s, p.kind, &ix, err)
			   : store_index(s, p.where, p.kind, &ix, err);
		if (r < 0)
			return r;
		rec = index_find(ix, id);
		if (!rec || rec->incomplete)
			continue;
		*ret = rec;
		*ret_where = p.where;
		return 1;
	}
	return 0;
}

bool rec_is_shifted(const struct rec *rec)
{
	static const char *const maps[] = {"uidmap", "gidmap"};
	struct slice_iter it;
	struct str item;
	size_t i;

	for (i = 0; i < ARRAY_LEN(maps); i++)
		if (slice_open(slice_get(rec->text, maps[i]), '[', &it) &&
		    slice_item(&it, &item) > 0)
			return true;
	return false;
}

int store_layer_find(struct store *s, const char *id, struct store_layer *ret, struct err *err)
{
	struct store_layer l = {0};
	size_t where = 0;
	struct rec *rec = NULL;
	int r;

	r = layer_find_rec(s, str_of(id), &rec, &where, err);
	if (r <= 0)
		return r;
	r = rec_read(rec, &layer_table, "layer record", &l, err);
	if (r < 0)
		return r;
	if (str_empty(l.diff_digest) && l.diff_size == 0)
		l.diff_size = -1;
	if (str_empty(l.compressed_digest) && l.compressed_size == 0)
		l.compressed_size = -1;
	l.shifted = rec_is_shifted(rec);
	l.where = (int)where;
	l.read_only = where >= s->n_own;
	*ret = l;
	return 1;
}

/* Opens <id>/<name> in the first store that has the layer's directory. */
static int open_in_layer(struct store *s, const char *id, const char *name, int flags, int *ret_fd,
			 int *ret_where, struct err *err)
{
	char path[STORE_ID_LEN + 64];
	size_t i;
	int fd;

	if (!id_is_good(id))
		return 0;
	(void)snprintf(path, sizeof(path), "%s/%s", id, name);
	for (i = 0; i < s->n_roots; i++) {
		fd = openat(s->roots[i].overlay_fd, path, flags | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(err, errno, "opening %s/%s", s->roots[i].overlay_path, path);
		*ret_fd = fd;
		*ret_where = (int)i;
		return 1;
	}
	return 0;
}

int store_layer_exists(struct store *s, const char *id, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct rec *rec = NULL;
	size_t where = 0;
	int r, found_in = 0;

	r = layer_find_rec(s, str_of(id), &rec, &where, err);
	if (r <= 0)
		return r;
	return open_in_layer(s, id, "diff", O_PATH, &fd, &found_in, err);
}

int store_layer_is_shifted(struct store *s, const char *id, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct rec *rec = NULL;
	size_t where = 0;
	int r, found_in = 0;
	struct stat st;

	r = open_in_layer(s, id, "diff", O_PATH, &fd, &found_in, err);
	if (r <= 0)
		return r;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid())
		return 0;
	r = layer_find_rec(s, str_of(id), &rec, &where, err);
	return r <= 0 ? r : rec_is_shifted(rec);
}

/* Files of composefs layers are stored by content: taking diff/ for the tree would be wrong. */
static int refuse_composefs(struct store *s, int where, const char *id, struct err *err)
{
	char path[STORE_ID_LEN + 64];

	(void)snprintf(path, sizeof(path), "%s/composefs-data/composefs.blob", id);
	if (faccessat(s->roots[where].overlay_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "layer %.12s is a composefs layer", id);
}

int store_layer_open_diff(struct store *s, const char *id, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r, where = 0;

	r = open_in_layer(s, id, "diff", O_RDONLY | O_DIRECTORY, &fd, &where, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", id);
	if (r > 0)
		r = refuse_composefs(s, where, id, err);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int store_layer_open_tarsplit(struct store *s, const char *id, int *ret_fd, struct err *err)
{
	char path[STORE_ID_LEN + 64];
	size_t i;

	if (!id_is_good(id))
		return 0;
	(void)snprintf(path, sizeof(path), "overlay-layers/%s.tar-split.gz", id);
	for (i = 0; i < s->n_roots; i++) {
		AUTO_CLOSE int fd =
		    openat(s->roots[i].fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		struct stat st;

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_sys(err, errno, "opening %s/%s", s->roots[i].path, path);
		if (!S_ISREG(st.st_mode))
			return err_set(err, ERR_CORRUPT, "%s/%s is no regular file",
				       s->roots[i].path, path);
		*ret_fd = TAKE_FD(fd);
		return 1;
	}
	return 0;
}
