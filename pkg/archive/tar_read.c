#include "base/err.h"
#include "tar_header.h"

#include <string.h>

struct tar_reader {
	struct stream *from;
	tar_raw_fn *raw;
	void *raw_arg;
	struct tar_entry e;
	uint8_t raw_block[TAR_BLOCK];
	struct tar_block block; /* e points into it, into the buffers, and into pax */
	struct tar_pax pax;
	struct buf long_name, long_link;
	size_t meta;	 /* bytes of TAR_META_MAX used up before this entry */
	uint64_t data;	 /* not yet read of this entry's */
	unsigned pad;	 /* to the next block, behind the data */
	uint64_t blocks; /* headers read: tells "not a tar" from "damaged" */
	bool ended;
};

int tar_reader_new(struct stream *from, tar_raw_fn *raw, void *arg, struct tar_reader **ret,
		   struct err *err)
{
	struct tar_reader *t = calloc(1, sizeof(*t));

	if (!t)
		return err_nomem(err);
	t->from = from;
	t->raw = raw;
	t->raw_arg = arg;
	t->pax.text.max = t->long_name.max = t->long_link.max = TAR_META_MAX;
	*ret = t;
	return 0;
}

void tar_reader_free(struct tar_reader *t)
{
	if (!t)
		return;
	tar_pax_fini(&t->pax);
	buf_fini(&t->long_name);
	buf_fini(&t->long_link);
	free(t);
}

static int corrupt(const struct tar_reader *t, const char *what, struct err *err)
{
	if (t->blocks == 0)
		return err_set(err, ERR_CORRUPT, "this is not a tar archive (%s)", what);
	return err_set(err, ERR_CORRUPT, "tar archive: %s before byte %llu", what,
		       (unsigned long long)stream_consumed(t->from));
}

static int give_raw(struct tar_reader *t, const void *data, size_t n, struct err *err)
{
	return t->raw ? t->raw(t->raw_arg, data, n, err) : 0;
}

/* Up to n bytes, seen by raw; into dst (may be NULL). Returns how many there were. */
static int64_t take(struct tar_reader *t, void *dst, size_t n, struct err *err)
{
	const void *data;
	size_t have = 0, part;
	int r;

	while (have < n) {
		r = stream_peek(t->from, &data, &part, err);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		part = part < n - have ? part : n - have;
		stream_consume(t->from, part);
		if (dst)
			memcpy((char *)dst + have, data, part);
		have += part;
		r = give_raw(t, data, part, err);
		if (r < 0)
			return r;
	}
	return (int64_t)have;
}

/* 1, or 0 when the stream ends here. */
static int take_block(struct tar_reader *t, uint8_t *block, struct err *err)
{
	int64_t n = take(t, block, TAR_BLOCK, err);

	if (n < 0)
		return (int)n;
	if (n > 0 && n < TAR_BLOCK)
		return corrupt(t, "the archive is cut off", err);
	return n > 0;
}

static unsigned padding(uint64_t size)
{
	return (unsigned)(-size & (TAR_BLOCK - 1));
}

/* Data of a header that describes another (x, L, K) or all (g). */
static int take_meta(struct tar_reader *t, struct buf *out, struct err *err)
{
	uint64_t size = t->block.size;
	int64_t n;
	char *p;

	if (size > TAR_META_MAX - t->meta)
		return err_set(err, ERR_LIMIT,
			       "tar archive: headers of one entry need more than %d bytes",
			       TAR_META_MAX);
	t->meta += (size_t)size;
	buf_reset(out);
	p = buf_space(out, (size_t)size);
	if (!p)
		return err_nomem(err);
	n = take(t, p, (size_t)size, err);
	if (n < 0)
		return (int)n;
	buf_grew(out, (size_t)n);
	if ((uint64_t)n < size)
		return corrupt(t, "the archive is cut off", err);
	t->pad = padding(size);
	return 0;
}

static int take_padding(struct tar_reader *t, struct err *err)
{
	int64_t n = take(t, NULL, t->pad, err);

	t->pad = 0;
	return n < 0 ? (int)n : 0;
}

/* The next header block, parsed: 1, or 0 at the end. */
static int next_block(struct tar_reader *t, struct err *err)
{
	uint8_t *block = t->raw_block;
	const char *bad;
	int r;

	r = take_padding(t, err);
	if (r < 0)
		return r;
	r = take_block(t, block, err);
	if (r <= 0)
		return r;
	if (tar_block_is_zero(block)) {
		r = take_block(t, block, err);
		if (r > 0 && !tar_block_is_zero(block))
			return corrupt(t, "one block of zeros between entries", err);
		return r < 0 ? r : 0;
	}
	if (!tar_block_checksum_ok(block))
		return corrupt(t, "header with a wrong checksum", err);
	bad = tar_block_parse(block, &t->block);
	if (bad)
		return err_set(err, ERR_CORRUPT,
			       "tar archive: entry \"%.200s\" with a malformed %s", t->block.name,
			       bad);
	t->blocks++;
	return 1;
}

/* Reads headers up to one that stands for an entry: 1, or 0 at the end. */
static int next_header(struct tar_reader *t, struct err *err)
{
	int r;

	while ((r = next_block(t, err)) > 0) {
		switch (t->block.type) {
		case 'x':
			tar_pax_reset(&t->pax);
			r = take_meta(t, &t->pax.text, err);
			if (r == 0)
				r = tar_pax_parse(&t->pax, err);
			break;
		case 'L':
			r = take_meta(t, &t->long_name, err);
			break;
		case 'K':
			r = take_meta(t, &t->long_link, err);
			break;
		default:
			return 1;
		}
		if (r < 0)
			return r;
	}
	if (r == 0 && t->meta > 0)
		return corrupt(t, "headers without an entry", err);
	return r;
}

static const char *pick(const struct buf *gnu, const char *pax, const char *plain)
{
	if (*buf_str(gnu))
		return buf_str(gnu); /* ends at its first NUL */
	return pax ? pax : plain;
}

static int type_of(const struct tar_reader *t, const char *name)
{
	size_t len = strlen(name);

	if (t->block.type == '\0')
		return len > 0 && name[len - 1] == '/' ? TAR_DIR : TAR_FILE;
	return t->block.type == '7' ? TAR_FILE : t->block.type;
}

static void fill_entry(struct tar_reader *t)
{
	const struct tar_block *b = &t->block;
	const struct tar_pax *p = &t->pax;

	t->e = (struct tar_entry){
	    .name = pick(&t->long_name, p->path, b->name),
	    .link = pick(&t->long_link, p->linkpath, b->link),
	    .uname = p->uname ? p->uname : b->uname,
	    .gname = p->gname ? p->gname : b->gname,
	    .mode = b->mode,
	    .uid = p->has_uid ? p->uid : b->uid,
	    .gid = p->has_gid ? p->gid : b->gid,
	    .mtime = p->has_mtime ? p->mtime : (struct timespec){.tv_sec = b->mtime},
	    .dev_major = b->dev_major,
	    .dev_minor = b->dev_minor,
	    .xattrs = p->xattrs,
	    .n_xattrs = p->n_xattrs,
	};
	t->e.atime = p->has_atime ? p->atime : t->e.mtime;
	t->e.type = type_of(t, t->e.name);
}

/* One more block of what describes a file. */
static int take_map_block(struct tar_reader *t, uint8_t *block, struct err *err)
{
	int r;

	if (t->meta > TAR_META_MAX - TAR_BLOCK)
		return err_set(err, ERR_LIMIT,
			       "tar archive: headers of one entry need more than %d bytes",
			       TAR_META_MAX);
	t->meta += TAR_BLOCK;
	r = take_block(t, block, err);
	return r == 0 ? corrupt(t, "the archive is cut off", err) : r;
}

/* One decimal number and its newline from the map in front of the data (format 1.0). *left: bytes
 * of the map's current block not yet looked at. */
static int front_number(struct tar_reader *t, uint8_t *block, size_t *left, uint64_t *ret,
			struct err *err)
{
	char digits[24];
	size_t n = 0;
	int r;

	for (;;) {
		if (*left == 0) {
			if (t->data < TAR_BLOCK)
				return corrupt(t, "sparse map longer than its file", err);
			r = take_map_block(t, block, err);
			if (r < 0)
				return r;
			t->data -= TAR_BLOCK;
			*left = TAR_BLOCK;
		}
		digits[n] = (char)block[TAR_BLOCK - (*left)--];
		if (digits[n] == '\n')
			break;
		if (++n == sizeof(digits))
			return corrupt(t, "malformed sparse map", err);
	}
	if (!tar_decimal(digits, digits + n, ret))
		return corrupt(t, "malformed sparse map", err);
	return 0;
}

static int read_front_map(struct tar_reader *t, struct err *err)
{
	uint8_t block[TAR_BLOCK];
	uint64_t n, at, len;
	size_t left = 0;
	int r;

	r = front_number(t, block, &left, &n, err);
	if (r < 0)
		return r;
	for (t->pax.n_extents = 0; n > 0; n--) {
		r = front_number(t, block, &left, &at, err);
		if (r == 0)
			r = front_number(t, block, &left, &len, err);
		if (r == 0)
			r = tar_pax_add_extent(&t->pax, at, len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool extents_fit(const struct tar_reader *t)
{
	uint64_t end = 0, sum = 0;
	size_t i;

	for (i = 0; i < t->e.n_extents; i++) {
		const struct tar_extent *x = &t->e.extents[i];

		if (x->at < end || x->len > t->e.real_size || x->at > t->e.real_size - x->len)
			return false;
		end = x->at + x->len;
		sum += x->len;
	}
	return sum == t->data;
}

static int finish_sparse(struct tar_reader *t, uint64_t real_size, struct err *err)
{
	t->e.sparse = true;
	t->e.real_size = real_size;
	t->e.extents = t->pax.extents;
	t->e.n_extents = t->pax.n_extents;
	if (!extents_fit(t))
		return corrupt(t, "sparse map that does not fit its file", err);
	t->e.size = t->data;
	return 0;
}

/* A list that ends before its place does ends with an empty field. */
static int old_extents(struct tar_reader *t, const uint8_t *p, size_t n, struct err *err)
{
	uint64_t at, len;
	int r = 0;

	for (; n > 0 && *p && r == 0; n--, p += TAR_SPARSE_LEN) {
		if (!tar_natural(p, TAR_SPARSE_LEN / 2, &at) ||
		    !tar_natural(p + TAR_SPARSE_LEN / 2, TAR_SPARSE_LEN / 2, &len))
			return corrupt(t, "malformed sparse map", err);
		r = tar_pax_add_extent(&t->pax, at, len, err);
	}
	return r;
}

/* Type S: the map begins in the header. */
static int read_old_sparse(struct tar_reader *t, struct err *err)
{
	uint8_t *b = t->raw_block;
	uint64_t real_size;
	bool more;
	int r;

	t->e.type = TAR_FILE;
	t->data = t->pax.has_size ? t->pax.size : t->block.size;
	t->pad = padding(t->data);
	if (!tar_natural(b + TAR_REAL_SIZE, 12, &real_size))
		return corrupt(t, "malformed size of a sparse file", err);
	t->pax.n_extents = 0;
	more = b[TAR_SPARSE_MORE];
	r = old_extents(t, b + TAR_SPARSE, TAR_SPARSE_N, err);
	while (r == 0 && more) {
		r = take_map_block(t, b, err);
		more = b[TAR_NEXT_SPARSE_MORE];
		if (r >= 0)
			r = old_extents(t, b, TAR_NEXT_SPARSE_N, err);
	}
	return r < 0 ? r : finish_sparse(t, real_size, err);
}

static int read_sparse(struct tar_reader *t, enum tar_sparse kind, struct err *err)
{
	int r = 0;

	if (t->pax.sparse_name)
		t->e.name = t->pax.sparse_name;
	if (!t->pax.has_real_size)
		return corrupt(t, "sparse file without a size", err);
	if (kind == TAR_SPARSE_FRONT)
		r = read_front_map(t, err);
	return r < 0 ? r : finish_sparse(t, t->pax.real_size, err);
}

static int read_file(struct tar_reader *t, struct err *err)
{
	enum tar_sparse kind = tar_pax_sparse(&t->pax);

	t->data = t->pax.has_size ? t->pax.size : t->block.size;
	t->pad = padding(t->data);
	if (kind != TAR_NOT_SPARSE)
		return read_sparse(t, kind, err);
	t->e.size = t->e.real_size = t->data;
	return 0;
}

static int read_entry(struct tar_reader *t, struct err *err)
{
	switch (t->e.type) {
	case TAR_FILE:
		return read_file(t, err);
	case TAR_LINK:
	case TAR_SYMLINK:
	case TAR_CHAR:
	case TAR_BLOCK_DEV:
	case TAR_DIR:
	case TAR_FIFO:
		return 0;
	case TAR_GLOBAL:
		t->e.name = t->block.name;
		return take_meta(t, &t->pax.text, err);
	case 'S':
		if (t->block.gnu)
			return read_old_sparse(t, err);
		/* fall through */
	default:
		return err_set(err, ERR_UNSUPPORTED, "\"%.200s\" has the unknown tar type 0x%02x",
			       t->e.name, (unsigned)t->e.type);
	}
}

static int skip_data(struct tar_reader *t, struct err *err)
{
	const void *data;
	size_t n;
	int r;

	while ((r = tar_data(t, &data, &n, err)) > 0)
		;
	return r;
}

int tar_next(struct tar_reader *t, const struct tar_entry **ret, struct err *err)
{
	int r;

	if (t->ended)
		return 0;
	r = skip_data(t, err);
	if (r < 0)
		return r;
	tar_pax_reset(&t->pax);
	buf_reset(&t->long_name);
	buf_reset(&t->long_link);
	t->meta = 0;
	r = next_header(t, err);
	if (r < 0)
		return r;
	if (r == 0) {
		t->ended = true;
		return 0;
	}
	fill_entry(t);
	r = read_entry(t, err);
	if (r < 0)
		return r;
	*ret = &t->e;
	return 1;
}

int tar_data(struct tar_reader *t, const void **ret_data, size_t *ret_n, struct err *err)
{
	const void *data;
	size_t n;
	int r;

	if (t->data == 0)
		return 0;
	r = stream_peek(t->from, &data, &n, err);
	if (r < 0)
		return r;
	if (r == 0)
		return corrupt(t, "the archive is cut off", err);
	n = n < t->data ? n : (size_t)t->data;
	stream_consume(t->from, n);
	t->data -= n;
	*ret_data = data;
	*ret_n = n;
	return 1;
}

int tar_finish(struct tar_reader *t, struct err *err)
{
	int64_t n;

	do
		n = take(t, NULL, TAR_META_MAX, err);
	while (n == TAR_META_MAX);
	return n < 0 ? (int)n : 0;
}
