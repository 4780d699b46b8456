#include "base/err.h"
#include "tar_header.h"

#include <stdio.h>
#include <string.h>

#define OCTAL_7 07777777ULL	 /* seven digits: ids */
#define OCTAL_11 077777777777ULL /* eleven digits: size, mtime */

struct tar_writer {
	struct sink to;
	uint64_t data; /* owed by the caller */
	unsigned pad;
	struct buf pax;
};

int tar_writer_new(const struct sink *to, struct tar_writer **ret, struct err *err)
{
	struct tar_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err);
	w->to = *to;
	w->pax.max = TAR_META_MAX;
	*ret = w;
	return 0;
}

void tar_writer_free(struct tar_writer *w)
{
	if (w)
		buf_fini(&w->pax);
	free(w);
}

static void put_octal(uint8_t *field, size_t n, uint64_t v)
{
	size_t i;

	for (i = n - 1; i-- > 0; v >>= 3)
		field[i] = (uint8_t)('0' + (v & 7));
}

static void put_text(uint8_t *field, size_t n, const char *s)
{
	memcpy(field, s, strnlen(s, n));
}

/* Where to cut a name that needs the prefix field: at a slash. NULL: it does not fit. */
static const char *cut_name(const char *name, size_t len)
{
	const char *p = name + (len > TAR_NAME_LEN ? len - TAR_NAME_LEN - 1 : 0);

	if (len > TAR_PREFIX_LEN + 1 + TAR_NAME_LEN)
		return NULL;
	p = strchr(p, '/');
	if (!p || p == name || p - name > TAR_PREFIX_LEN || !p[1])
		return NULL;
	return p;
}

static bool put_name(uint8_t *block, const char *name)
{
	size_t len = strlen(name);
	const char *cut;

	if (len <= TAR_NAME_LEN) {
		memcpy(block + TAR_NAME, name, len);
		return true;
	}
	cut = cut_name(name, len);
	if (!cut) {
		put_text(block + TAR_NAME, TAR_NAME_LEN, name);
		return false;
	}
	memcpy(block + TAR_PREFIX, name, (size_t)(cut - name));
	put_text(block + TAR_NAME, TAR_NAME_LEN, cut + 1);
	return true;
}

/* The length of a record counts its own digits. */
static void pax_record(struct buf *b, const char *prefix, const char *key, const void *value,
		       size_t n)
{
	size_t rest = strlen(prefix) + strlen(key) + n + 3, len = rest + 1, digits = 1, ten = 10;

	while (len >= ten) {
		ten *= 10;
		len = rest + ++digits;
	}
	buf_addf(b, "%zu %s%s=", len, prefix, key);
	buf_add(b, value, n);
	buf_addc(b, '\n');
}

static void pax_text(struct buf *b, const char *key, const char *value)
{
	pax_record(b, "", key, value, strlen(value));
}

static void pax_number(struct buf *b, const char *key, uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	pax_text(b, key, text);
}

static void pax_time(struct buf *b, const char *key, struct timespec t)
{
	long long sec = t.tv_sec;
	long nsec = t.tv_nsec;
	char text[48];
	size_t n;

	if (sec < 0 && nsec > 0) {
		sec++;
		nsec = 1000000000L - nsec;
	}
	n = (size_t)snprintf(text, sizeof(text), "%s%lld.%09ld",
			     t.tv_sec < 0 && sec == 0 ? "-" : "", sec, nsec);
	while (text[n - 1] == '0')
		text[--n] = '\0';
	if (text[n - 1] == '.')
		text[--n] = '\0';
	pax_text(b, key, text);
}

static void put_number(struct tar_writer *w, uint8_t *field, size_t n, const char *key, uint64_t v,
		       uint64_t max)
{
	put_octal(field, n, v <= max ? v : 0);
	if (v > max)
		pax_number(&w->pax, key, v);
}

static void put_mtime(struct tar_writer *w, uint8_t *block, struct timespec t)
{
	bool fits = t.tv_sec >= 0 && (uint64_t)t.tv_sec <= OCTAL_11;

	put_octal(block + TAR_MTIME, 12, fits ? (uint64_t)t.tv_sec : 0);
	if (!fits || t.tv_nsec != 0)
		pax_time(&w->pax, "mtime", t);
}

static void put_string(struct tar_writer *w, uint8_t *field, size_t n, const char *key,
		       const char *value)
{
	put_text(field, n, value);
	if (strlen(value) > n)
		pax_text(&w->pax, key, value);
}

static void finish_block(uint8_t *block, int type)
{
	block[TAR_TYPE] = (uint8_t)type;
	memcpy(block + TAR_MAGIC, "ustar\00000", 8);
	put_octal(block + TAR_CHECKSUM, 7, tar_block_sum(block));
	block[TAR_CHECKSUM + 7] = ' ';
}

static void put_devices(uint8_t *block, const struct tar_entry *e)
{
	bool device = e->type == TAR_CHAR || e->type == TAR_BLOCK_DEV;

	put_octal(block + TAR_MAJOR, 8, device ? e->dev_major : 0);
	put_octal(block + TAR_MINOR, 8, device ? e->dev_minor : 0);
}

static const char *text_of(const char *s)
{
	return s ? s : "";
}

static void build(struct tar_writer *w, const struct tar_entry *e, uint8_t *block)
{
	size_t i;

	buf_reset(&w->pax);
	if (!put_name(block, text_of(e->name)))
		pax_text(&w->pax, "path", e->name);
	put_octal(block + TAR_MODE, 8, e->mode & 07777);
	put_number(w, block + TAR_UID, 8, "uid", e->uid, OCTAL_7);
	put_number(w, block + TAR_GID, 8, "gid", e->gid, OCTAL_7);
	put_number(w, block + TAR_SIZE, 12, "size", e->size, OCTAL_11);
	put_mtime(w, block, e->mtime);
	put_string(w, block + TAR_LINKNAME, TAR_NAME_LEN, "linkpath", text_of(e->link));
	put_string(w, block + TAR_UNAME, TAR_OWNER_LEN - 1, "uname", text_of(e->uname));
	put_string(w, block + TAR_GNAME, TAR_OWNER_LEN - 1, "gname", text_of(e->gname));
	put_devices(block, e);
	for (i = 0; i < e->n_xattrs; i++)
		pax_record(&w->pax, "SCHILY.xattr.", e->xattrs[i].name, e->xattrs[i].value,
			   e->xattrs[i].len);
	finish_block(block, e->type);
}

static int write_padding(struct tar_writer *w, struct err *err)
{
	static const uint8_t zero[TAR_BLOCK];
	unsigned n = w->pad;

	w->pad = 0;
	return n ? sink_write(&w->to, zero, n, err) : 0;
}

static int write_pax(struct tar_writer *w, const char *name, struct err *err)
{
	uint8_t block[TAR_BLOCK] = {0};
	const char *base = strrchr(name, '/');
	int r;

	base = base && base[1] ? base + 1 : name;
	(void)snprintf((char *)block, TAR_NAME_LEN, "PaxHeaders.0/%.80s", base);
	put_octal(block + TAR_MODE, 8, 0644);
	put_octal(block + TAR_UID, 8, 0);
	put_octal(block + TAR_GID, 8, 0);
	put_octal(block + TAR_SIZE, 12, w->pax.len);
	put_octal(block + TAR_MTIME, 12, 0);
	finish_block(block, 'x');
	r = sink_write(&w->to, block, sizeof(block), err);
	if (r == 0)
		r = sink_write(&w->to, buf_str(&w->pax), w->pax.len, err);
	w->pad = (unsigned)(-w->pax.len & (TAR_BLOCK - 1));
	return r < 0 ? r : write_padding(w, err);
}

int tar_write_entry(struct tar_writer *w, const struct tar_entry *e, struct err *err)
{
	uint8_t block[TAR_BLOCK] = {0};
	int r;

	if (w->data > 0 || e->sparse)
		return err_set(err, ERR_BUG, "tar: entry before the end of the one before");
	r = write_padding(w, err);
	if (r < 0)
		return r;
	build(w, e, block);
	r = buf_check(&w->pax, "pax header", err);
	if (r == 0 && w->pax.len > 0)
		r = write_pax(w, text_of(e->name), err);
	if (r == 0)
		r = sink_write(&w->to, block, sizeof(block), err);
	if (r < 0)
		return r;
	w->data = e->size;
	w->pad = (unsigned)(-e->size & (TAR_BLOCK - 1));
	return 0;
}

int tar_write_data(struct tar_writer *w, const void *data, size_t n, struct err *err)
{
	if (n > w->data)
		return err_set(err, ERR_BUG, "tar: more data than the entry has");
	w->data -= n;
	return sink_write(&w->to, data, n, err);
}

int tar_write_end(struct tar_writer *w, struct err *err)
{
	static const uint8_t zero[2 * TAR_BLOCK];
	int r;

	if (w->data > 0)
		return err_set(err, ERR_BUG, "tar: less data than the entry has");
	r = write_padding(w, err);
	return r < 0 ? r : sink_write(&w->to, zero, sizeof(zero), err);
}
