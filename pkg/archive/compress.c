#include "archive/compress.h"
#include "base/err.h"
#include "codec.h"

#include <string.h>

/* What users may ask for: the last one is done as the one before. */
#define ZSTD_USER_LEVEL_MAX 20

const char *compression_name(enum compression c)
{
	static const char *const names[] = {"none", "bzip2", "gzip", "xz", "zstd"};

	return (size_t)c < ARRAY_LEN(names) ? names[c] : "unknown";
}

static bool begins(const void *data, size_t n, const char *magic, size_t len)
{
	return n >= len && memcmp(data, magic, len) == 0;
}

static bool is_zstd(const unsigned char *p, size_t n)
{
	if (begins(p, n, "\x28\xb5\x2f\xfd", 4))
		return true;
	/* a skippable frame in front */
	return n >= 4 && (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18;
}

enum compression compression_detect(const void *data, size_t n)
{
	if (begins(data, n, "\x1f\x8b\x08", 3))
		return COMPRESSION_GZIP;
	if (is_zstd(data, n))
		return COMPRESSION_ZSTD;
	if (begins(data, n, "BZh", 3))
		return COMPRESSION_BZIP2;
	if (begins(data, n,
		   "\xfd"
		   "7zXZ\0",
		   6))
		return COMPRESSION_XZ;
	return COMPRESSION_NONE;
}

/* First shows the bytes that were read to look at, then passes on. */
struct pass {
	struct stream *from;
	size_t given;
};

static int pass_borrow(void *arg, const void **ret_data, size_t *ret_n, struct err *err)
{
	struct pass *p = arg;
	int r;

	stream_consume(p->from, p->given);
	p->given = 0;
	r = stream_peek(p->from, ret_data, ret_n, err);
	if (r > 0)
		p->given = *ret_n;
	return r;
}

static int pass_open(struct stream *from, struct stream **ret, struct err *err)
{
	static const struct stream_ops ops = {.borrow = pass_borrow, .close = free};
	struct pass *p = calloc(1, sizeof(*p));

	if (!p)
		return err_nomem(err);
	p->from = from;
	return stream_new(&ops, p, 0, ret, err);
}

int decompress_open(struct stream *from, struct stream **ret, enum compression *ret_kind,
		    struct err *err)
{
	enum compression kind = COMPRESSION_NONE;
	char head[COMPRESSION_PEEK];
	int64_t n;
	int r;

	n = stream_look(from, head, sizeof(head), err);
	if (n < 0)
		return (int)n;
	kind = compression_detect(head, (size_t)n);
	switch (kind) {
	case COMPRESSION_GZIP:
		r = gzip_open(from, ret, err);
		break;
	case COMPRESSION_ZSTD:
		r = zstd_open(from, ret, err);
		break;
	case COMPRESSION_BZIP2:
	case COMPRESSION_XZ:
		r = libarchive_open(from, kind, ret, err);
		break;
	default:
		r = pass_open(from, ret, err);
	}
	if (r < 0)
		return r;
	if (ret_kind)
		*ret_kind = kind;
	return 0;
}

struct compressor {
	const struct encoder *encoder; /* NULL: bytes pass through */
	void *arg;
	struct sink to;
	bool finished;
};

int compression_level(enum compression kind, int64_t level, int *ret, struct err *err)
{
	/* gzip's 6 is what zlib does when nothing is said. */
	static const int gzip[] = {0, 0, 1, 1, 1, 2, 2, 2, 3, 3};
	int64_t max = kind == COMPRESSION_GZIP ? (int64_t)ARRAY_LEN(gzip) - 1 : ZSTD_USER_LEVEL_MAX;

	if (level == COMPRESS_LEVEL_DEFAULT || kind == COMPRESSION_NONE) {
		*ret = COMPRESS_LEVEL_DEFAULT;
		return 0;
	}
	if (level < 0 || level > max)
		return err_set(err, ERR_INVALID, "%s has no level %lld (0 to %lld)",
			       compression_name(kind), (long long)level, (long long)max);
	if (kind == COMPRESSION_GZIP)
		*ret = gzip[level];
	else
		*ret = level < 1 ? 1 : level > ZSTD_LEVEL_TOP ? ZSTD_LEVEL_TOP : (int)level;
	return 0;
}

int compressor_new(enum compression kind, int level, const struct sink *to, struct compressor **ret,
		   struct err *err)
{
	AUTO(compressor_free_p) struct compressor *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return err_nomem(err);
	c->to = *to;
	if (kind == COMPRESSION_GZIP)
		r = gzip_encoder_new(level, &c->arg, err);
	else if (kind == COMPRESSION_ZSTD)
		r = zstd_encoder_new(level, &c->arg, err);
	else if (kind != COMPRESSION_NONE)
		r = err_set(err, ERR_UNSUPPORTED, "writing %s is not supported (gzip, zstd)",
			    compression_name(kind));
	if (r < 0)
		return r;
	if (kind == COMPRESSION_GZIP)
		c->encoder = &gzip_encoder;
	else if (kind == COMPRESSION_ZSTD)
		c->encoder = &zstd_encoder;
	*ret = TAKE(c);
	return 0;
}

int compressor_write(struct compressor *c, const void *data, size_t n, struct err *err)
{
	if (c->finished)
		return err_set(err, ERR_BUG, "writing behind the end of a compressed stream");
	if (n == 0)
		return 0;
	if (!c->encoder)
		return sink_write(&c->to, data, n, err);
	return c->encoder->write(c->arg, data, n, false, &c->to, err);
}

int compressor_finish(struct compressor *c, struct err *err)
{
	if (c->finished)
		return 0;
	c->finished = true;
	if (!c->encoder)
		return 0;
	return c->encoder->write(c->arg, "", 0, true, &c->to, err);
}

void compressor_free(struct compressor *c)
{
	if (c && c->encoder)
		c->encoder->close(c->arg);
	free(c);
}

static int write_into(void *arg, const void *data, size_t n, struct err *err)
{
	return compressor_write(arg, data, n, err);
}

struct sink compressor_sink(struct compressor *c)
{
	return (struct sink){write_into, c};
}
