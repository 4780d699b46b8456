#include "base/err.h"
#include "base/lib.h"
#include "codec.h"

#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 27 /* 128 MiB: what the zstd program allows, too */
#define LEVEL_DEFAULT 3
#define OUT_BUFFER ((size_t)128 * 1024)

static struct {
	__typeof__(ZSTD_createDCtx) *create_d;
	__typeof__(ZSTD_freeDCtx) *free_d;
	__typeof__(ZSTD_DCtx_setParameter) *set_d;
	__typeof__(ZSTD_decompressStream) *decompress;
	__typeof__(ZSTD_createCCtx) *create_c;
	__typeof__(ZSTD_freeCCtx) *free_c;
	__typeof__(ZSTD_CCtx_setParameter) *set_c;
	__typeof__(ZSTD_compressStream2) *compress;
	__typeof__(ZSTD_isError) *is_error;
	__typeof__(ZSTD_getErrorCode) *error_code;
	__typeof__(ZSTD_getErrorName) *error_name;
} zs;

static const struct lib_sym zs_syms[] = {
    {"ZSTD_createDCtx", &zs.create_d},	   {"ZSTD_freeDCtx", &zs.free_d},
    {"ZSTD_DCtx_setParameter", &zs.set_d}, {"ZSTD_decompressStream", &zs.decompress},
    {"ZSTD_createCCtx", &zs.create_c},	   {"ZSTD_freeCCtx", &zs.free_c},
    {"ZSTD_CCtx_setParameter", &zs.set_c}, {"ZSTD_compressStream2", &zs.compress},
    {"ZSTD_isError", &zs.is_error},	   {"ZSTD_getErrorCode", &zs.error_code},
    {"ZSTD_getErrorName", &zs.error_name}, {NULL, NULL},
};
LIB_NOTE("zstd", "layers in zstd form", "recommended", "libzstd.so.1");

static int load(struct err *err)
{
	return lib_load("libzstd.so.1", zs_syms, err);
}

struct unzstd {
	struct stream *from;
	ZSTD_DCtx *ctx;
	bool inside; /* a frame: input is owed */
};

static void unzstd_close(void *arg)
{
	struct unzstd *z = arg;

	(void)zs.free_d(z->ctx);
	free(z);
}

static int corrupt(size_t code, struct err *err)
{
	if (zs.error_code(code) == ZSTD_error_frameParameter_windowTooLarge)
		return err_set(err, ERR_LIMIT, "zstd: window larger than %d MiB",
			       1 << (WINDOW_LOG_MAX - 20));
	return err_set(err, ERR_CORRUPT, "zstd: %s", zs.error_name(code));
}

/* 1, or 0 at the end of the input between frames. */
static int step(struct unzstd *z, ZSTD_outBuffer *out, struct err *err)
{
	ZSTD_inBuffer in = {NULL, 0, 0};
	size_t before = out->pos, r;
	const void *data = NULL;
	size_t n = 0;
	int more;

	more = stream_peek(z->from, &data, &n, err);
	if (more < 0)
		return more;
	if (more == 0 && !z->inside)
		return 0;
	in.src = data;
	in.size = n;
	r = zs.decompress(z->ctx, out, &in);
	if (zs.is_error(r))
		return corrupt(r, err);
	stream_consume(z->from, in.pos);
	z->inside = r != 0;
	if (more == 0 && z->inside && out->pos == before)
		return err_set(err, ERR_CORRUPT, "zstd: the data are cut off");
	return 1;
}

static int64_t zstd_read(void *arg, void *dst, size_t n, struct err *err)
{
	ZSTD_outBuffer out = {dst, n, 0};
	int r = 1;

	while (out.pos < out.size && r > 0) {
		r = step(arg, &out, err);
		if (r < 0)
			return r;
	}
	return (int64_t)out.pos;
}

int zstd_open(struct stream *from, struct stream **ret, struct err *err)
{
	static const struct stream_ops ops = {.read = zstd_read, .close = unzstd_close};
	struct unzstd *z;
	int r;

	r = load(err);
	if (r < 0)
		return r;
	z = calloc(1, sizeof(*z));
	if (!z)
		return err_nomem(err);
	z->from = from;
	z->ctx = zs.create_d();
	if (!z->ctx || zs.is_error(zs.set_d(z->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		unzstd_close(z);
		return err_nomem(err);
	}
	return stream_new(&ops, z, 0, ret, err);
}

struct zstd_out {
	ZSTD_CCtx *ctx;
	char out[OUT_BUFFER];
};

static void zstd_out_close(void *arg)
{
	struct zstd_out *z = arg;

	if (z)
		(void)zs.free_c(z->ctx);
	free(z);
}

static int zstd_out_write(void *arg, const void *data, size_t n, bool last, const struct sink *to,
			  struct err *err)
{
	ZSTD_EndDirective mode = last ? ZSTD_e_end : ZSTD_e_continue;
	ZSTD_inBuffer in = {data, n, 0};
	struct zstd_out *z = arg;
	ZSTD_outBuffer out;
	size_t left;
	int r;

	do {
		out = (ZSTD_outBuffer){z->out, sizeof(z->out), 0};
		left = zs.compress(z->ctx, &out, &in, mode);
		if (zs.is_error(left))
			return err_set(err, ERR_BUG, "zstd: compressing failed: %s",
				       zs.error_name(left));
		r = sink_write(to, z->out, out.pos, err);
		if (r < 0)
			return r;
	} while (last ? left > 0 : in.pos < in.size);
	return 0;
}

const struct encoder zstd_encoder = {zstd_out_write, zstd_out_close};

int zstd_encoder_new(int level, void **ret, struct err *err)
{
	struct zstd_out *z;
	int r;

	if (level == COMPRESS_LEVEL_DEFAULT)
		level = LEVEL_DEFAULT;
	if (level < 1 || level > ZSTD_LEVEL_TOP)
		return err_set(err, ERR_INVALID, "zstd has no level %d (1 to %d)", level,
			       ZSTD_LEVEL_TOP);
	r = load(err);
	if (r < 0)
		return r;
	z = calloc(1, sizeof(*z));
	if (!z)
		return err_nomem(err);
	z->ctx = zs.create_c();
	if (!z->ctx || zs.is_error(zs.set_c(z->ctx, ZSTD_c_compressionLevel, level)) ||
	    zs.is_error(zs.set_c(z->ctx, ZSTD_c_checksumFlag, 1))) {
		zstd_out_close(z);
		return err_nomem(err);
	}
	*ret = z;
	return 0;
}
