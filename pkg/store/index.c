#include "index.h"
#include "slice.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* Largest index file; 100,000 layers are about 60 MB. */
#define INDEX_MAX ((size_t)256 << 20)
/* Below this many records a search by id just looks at all of them. */
#define SORT_FROM 16
#define INDEX_MODE 0600

#define MEMBER(text, is_string)                                                                    \
	{                                                                                          \
		text, sizeof(text) - 1, is_string                                                  \
	}

static const struct {
	const char *name;
	size_t len;
	bool string;
} members[REC_MEMBERS] = {
    [REC_ID] = MEMBER("id", true),
    [REC_NAMES] = MEMBER("names", false),
    [REC_PARENT] = MEMBER("parent", true),
    [REC_LAYER] = MEMBER("layer", true),
    [REC_IMAGE] = MEMBER("image", true),
    [REC_FLAGS] = MEMBER("flags", false),
    [REC_DIFF_SIZE] = MEMBER("diff-size", false),
    [REC_MAPPED] = MEMBER("mapped-layers", false),
};

void index_reset(struct index *ix)
{
	size_t i;

	for (i = 0; i < ix->n; i++)
		free(ix->v[i].owned);
	free(ix->v);
	free(ix->sorted);
	free(ix->file);
	*ix = (struct index){0};
}

static void forget_order(struct index *ix)
{
	free(ix->sorted);
	ix->sorted = NULL;
}

static void rec_take_member(struct rec *rec, struct str key, struct str value)
{
	struct str text;
	int i;

	for (i = 0; i < REC_MEMBERS; i++) {
		if (key.len != members[i].len || memcmp(key.ptr, members[i].name, key.len) != 0)
			continue;
		if (members[i].string)
			rec->m[i] = slice_text(value, &text) ? text : (struct str){NULL, 0};
		else
			rec->m[i] = value;
		return;
	}
}

/* Cuts the object at *p, in one pass over its text. False when it is broken or has no id. */
static bool rec_cut(const char **p, const char *end, struct rec *rec)
{
	struct slice_iter it;
	struct str key, value;
	int r;

	*rec = (struct rec){.text = {*p, 0}};
	if (!slice_open((struct str){*p, (size_t)(end - *p)}, '{', &it))
		return false;
	while ((r = slice_member(&it, &key, &value)) > 0)
		rec_take_member(rec, key, value);
	if (r < 0 || rec->m[REC_ID].len == 0)
		return false;
	*p = it.p + 1;
	rec->text.len = (size_t)(*p - rec->text.ptr);
	rec->incomplete =
	    rec->m[REC_FLAGS].len > 2 && str_eq(slice_get(rec->m[REC_FLAGS], "incomplete"), "true");
	return true;
}

static int add_rec(struct index *ix, const struct rec *rec, struct err *err)
{
	size_t cap = ix->cap ? ix->cap * 2 : 16;
	struct rec *v;

	if (ix->n == ix->cap) {
		v = realloc(ix->v, cap * sizeof(*v));
		if (!v)
			return err_nomem(err);
		ix->v = v;
		ix->cap = cap;
	}
	ix->v[ix->n++] = *rec;
	return 0;
}

static int broken(struct index *ix, const char *p, const char *name, struct err *err)
{
	size_t at = (size_t)(p - ix->file);

	index_reset(ix);
	return err_set(err, ERR_CORRUPT, "%s is damaged near byte %zu", name, at);
}

/* *p stands on the '[' and moves behind the ']'. */
static int cut_records(struct index *ix, const char **p, const char *end, const char *name,
		       struct err *err)
{
	struct slice_iter it;
	struct rec rec;
	int r;

	if (!slice_open((struct str){*p, (size_t)(end - *p)}, '[', &it))
		return broken(ix, *p, name, err);
	while ((r = slice_next(&it)) > 0) {
		slice_blanks(&it.p, end);
		if (!rec_cut(&it.p, end, &rec))
			return broken(ix, it.p, name, err);
		r = add_rec(ix, &rec, err);
		if (r < 0) {
			index_reset(ix);
			return r;
		}
	}
	if (r < 0)
		return broken(ix, it.p, name, err);
	*p = it.p + 1;
	return 0;
}

int index_parse(struct index *ix, char *take_text, size_t len, const char *name, struct err *err)
{
	const char *p = take_text, *end = take_text + len;
	int r = 0;

	index_reset(ix);
	ix->file = take_text;
	slice_blanks(&p, end);
	if (end - p >= 4 && memcmp(p, "null", 4) == 0)
		p += 4;
	else if (p < end)
		r = cut_records(ix, &p, end, name, err);
	if (r < 0)
		return r;
	slice_blanks(&p, end);
	if (p < end)
		return broken(ix, p, name, err);
	ix->loaded = true;
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_file(int fd, const struct stat *st, const char *name, char **ret, size_t *ret_len,
		     struct err *err)
{
	size_t len = (size_t)st->st_size, got = 0;
	AUTO_FREE char *text = NULL;
	ssize_t n = 1;

	if (st->st_size < 0 || len > INDEX_MAX)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", name, INDEX_MAX);
	text = malloc(len + 1);
	if (!text)
		return err_nomem(err);
	while (got < len && n > 0) {
		n = read(fd, text + got, len - got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return err_sys(err, errno, "reading %s", name);
		else
			got += (size_t)n;
	}
	text[got] = '\0';
	*ret = TAKE(text);
	*ret_len = got;
	return 0;
}

int index_load(struct index *ix, int dir, const char *name, bool reread, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st = {0};
	char *text = NULL;
	size_t len = 0;
	int r;

	if (ix->loaded && !reread) {
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			st = (struct stat){0};
		if (same_file(&st, &ix->stat))
			return 0;
	}
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		index_reset(ix);
		ix->loaded = true;
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "opening %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CORRUPT, "%s is not a regular file", name);
	r = read_file(fd, &st, name, &text, &len, err);
	if (r == 0)
		r = index_parse(ix, text, len, name, err);
	if (r == 0)
		ix->stat = st;
	return r;
}

static int write_file(int fd, const struct buf *b, const char *name, bool sync, struct err *err)
{
	int r = fd_write_all(fd, b->ptr, b->len, name, err);

	if (r == 0 && fchmod(fd, INDEX_MODE) < 0)
		r = err_sys(err, errno, "setting the mode of %s", name);
	if (r == 0 && sync && fdatasync(fd) < 0)
		r = err_sys(err, errno, "syncing %s", name);
	return r;
}

/* The lock is held, so there is one writer: with a fixed name a killed one leaves one file at most,
 * which the next one writes over, or store_gc removes. */
int index_tmp_name(const char *name, char out[INDEX_TMP_MAX], struct err *err)
{
	if (snprintf(out, INDEX_TMP_MAX, ".tmp-%s-kist", name) >= INDEX_TMP_MAX)
		return err_set(err, ERR_BUG, "%s: name too long", name);
	return 0;
}

static int publish(int dir, const char *name, const struct buf *b, bool sync, struct err *err)
{
	struct err ignored = ERR_INIT;
	AUTO_CLOSE int fd = -1;
	char tmp[INDEX_TMP_MAX];
	int r;

	r = index_tmp_name(name, tmp, err);
	if (r < 0)
		return r;
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, INDEX_MODE);
	if (fd < 0)
		return err_sys(err, errno, "creating %s", tmp);
	r = write_file(fd, b, tmp, sync, err);
	if (r == 0 && renameat(dir, tmp, dir, name) < 0)
		r = err_sys(err, errno, "replacing %s", name);
	if (r < 0)
		(void)unlinkat(dir, tmp, 0); /* the error that counts is the earlier one */
	/* It counts from now on, whether a power failure could take it away or not. */
	if (r == 0 && sync)
		(void)dir_sync(dir, ".", &ignored);
	return r;
}

int index_save(struct index *ix, int dir, const char *name, bool sync, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(INDEX_MAX);
	size_t i;
	int r;

	buf_addc(&out, '[');
	for (i = 0; i < ix->n; i++) {
		if (i > 0)
			buf_addc(&out, ',');
		buf_add(&out, ix->v[i].text.ptr, ix->v[i].text.len);
	}
	buf_addc(&out, ']');
	r = buf_check(&out, name, err);
	if (r == 0)
		r = publish(dir, name, &out, sync, err);
	if (r < 0) {
		index_reset(ix);
		return r;
	}
	ix->dirty = false;
	/* Only the memory of it would be lost then: it is read again. */
	if (fstatat(dir, name, &ix->stat, AT_SYMLINK_NOFOLLOW) < 0)
		index_reset(ix);
	return 0;
}

static int cmp_id(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = memcmp(a.ptr, b.ptr, n);

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

static int cmp_recs(const void *a, const void *b, void *arg)
{
	const struct index *ix = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int r = cmp_id(ix->v[x].m[REC_ID], ix->v[y].m[REC_ID]);

	return r ? r : (x > y) - (x < y);
}

/* False when there is no memory: then all records are looked at. */
static bool sort_ids(struct index *ix)
{
	size_t i;

	if (ix->sorted)
		return true;
	if (ix->n < SORT_FROM)
		return false;
	ix->sorted = malloc(ix->n * sizeof(*ix->sorted));
	if (!ix->sorted)
		return false;
	for (i = 0; i < ix->n; i++)
		ix->sorted[i] = (uint32_t)i;
	qsort_r(ix->sorted, ix->n, sizeof(*ix->sorted), cmp_recs, ix);
	return true;
}

struct rec *index_find(struct index *ix, struct str id)
{
	size_t lo = 0, hi = ix->n, mid, i;

	if (id.len == 0)
		return NULL;
	if (!sort_ids(ix)) {
		for (i = 0; i < ix->n; i++)
			if (slice_same(ix->v[i].m[REC_ID], id))
				return &ix->v[i];
		return NULL;
	}
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (cmp_id(ix->v[ix->sorted[mid]].m[REC_ID], id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < ix->n && slice_same(ix->v[ix->sorted[lo]].m[REC_ID], id))
		return &ix->v[ix->sorted[lo]];
	return NULL;
}

struct rec *index_find_id(struct index *ix, const char *id)
{
	return index_find(ix, str_of(id));
}

struct rec *index_find_name(struct index *ix, const char *name)
{
	size_t i;

	for (i = 0; i < ix->n; i++)
		if (slice_has(ix->v[i].m[REC_NAMES], name))
			return &ix->v[i];
	return NULL;
}

int index_put(struct index *ix, struct rec *rec, char *take_text, struct err *err)
{
	const char *p = take_text;
	struct rec new;
	int r;

	if (!take_text)
		return err_nomem(err);
	if (!rec_cut(&p, p + strlen(p), &new)) {
		free(take_text);
		return err_set(err, ERR_BUG, "a record was made that cannot be read");
	}
	new.owned = take_text;
	ix->dirty = true;
	forget_order(ix);
	if (rec) {
		free(rec->owned);
		*rec = new;
		return 0;
	}
	r = add_rec(ix, &new, err);
	if (r < 0)
		free(take_text);
	return r;
}

void index_remove(struct index *ix, struct rec *rec)
{
	size_t i = (size_t)(rec - ix->v);

	ix->dirty = true;
	forget_order(ix);
	free(rec->owned);
	memmove(rec, rec + 1, (ix->n - i - 1) * sizeof(*rec));
	ix->n--;
}
