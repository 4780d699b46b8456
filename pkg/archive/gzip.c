#include "base/err.h"
#include "base/lib.h"
#include "codec.h"

#include <isa-l/igzip_lib.h>

#define STEP_MAX (1U << 30) /* ISA-L counts in 32 bits */
#define LEVEL_DEFAULT 2
#define OUT_BUFFER ((size_t)128 * 1024)

static struct {
	__typeof__(isal_inflate) *inflate;
	__typeof__(isal_inflate_init) *inflate_init;
	__typeof__(isal_inflate_reset) *inflate_reset;
	__typeof__(isal_deflate) *deflate;
	__typeof__(isal_deflate_init) *deflate_init;
} isal;

static const struct lib_sym isal_syms[] = {
    {"isal_inflate", &isal.inflate},
    {"isal_inflate_init", &isal.inflate_init},
    {"isal_inflate_reset", &isal.inflate_reset},
    {"isal_deflate", &isal.deflate},
    {"isal_deflate_init", &isal.deflate_init},
    {NULL, NULL},
};
LIB_NOTE("gzip", "layers in gzip form, tar-split", "required", "libisal.so.2");

static int load(struct err *err)
{
	return lib_load("libisal.so.2", isal_syms, err);
}

struct gunzip {
	struct stream *from;
	uint64_t members;
	bool inside; /* a member */
	struct inflate_state state;
};

static int corrupt(const struct gunzip *g, int code, struct err *err)
{
	if (code == ISAL_INVALID_WRAPPER && g->members > 0)
		return err_set(err, ERR_CORRUPT, "there is something else behind the gzip data");
	if (code == ISAL_INCORRECT_CHECKSUM)
		return err_set(err, ERR_CORRUPT, "gzip: checksum mismatch");
	if (code == ISAL_INVALID_WRAPPER || code == ISAL_UNSUPPORTED_METHOD)
		return err_set(err, ERR_CORRUPT, "gzip: invalid header");
	return err_set(err, ERR_CORRUPT, "gzip: damaged data");
}

static void begin_member(struct gunzip *g)
{
	isal.inflate_reset(&g->state);
	g->state.crc_flag = ISAL_GZIP;
	g->inside = true;
}

/* Goes on with the input at hand. 1, 0 when that cannot give more (end of input). */
static int step(struct gunzip *g, struct err *err)
{
	uint32_t room = g->state.avail_out;
	const void *data = NULL;
	size_t n = 0, used;
	int r, more;

	more = stream_peek(g->from, &data, &n, err);
	if (more < 0)
		return more;
	if (!g->inside && more == 0)
		return 0;
	if (!g->inside)
		begin_member(g);
	n = n < STEP_MAX ? n : STEP_MAX;
	g->state.next_in = (uint8_t *)data;
	g->state.avail_in = (uint32_t)n;
	r = isal.inflate(&g->state);
	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT && r != ISAL_OUT_OVERFLOW)
		return corrupt(g, r, err);
	used = n - g->state.avail_in;
	stream_consume(g->from, used);
	if (g->state.block_state == ISAL_BLOCK_FINISH) {
		g->inside = false;
		g->members++;
	} else if (more == 0 && g->state.avail_out == room) {
		return err_set(err, ERR_CORRUPT, "gzip: the data are cut off");
	}
	return 1;
}

static int64_t gzip_read(void *arg, void *dst, size_t n, struct err *err)
{
	struct gunzip *g = arg;
	uint32_t want = n < STEP_MAX ? (uint32_t)n : STEP_MAX;
	int r = 1;

	g->state.next_out = dst;
	g->state.avail_out = want;
	while (g->state.avail_out > 0 && r > 0) {
		r = step(g, err);
		if (r < 0)
			return r;
	}
	return want - g->state.avail_out;
}

int gzip_open(struct stream *from, struct stream **ret, struct err *err)
{
	static const struct stream_ops ops = {.read = gzip_read, .close = free};
	struct gunzip *g = NULL;
	int r;

	r = load(err);
	if (r < 0)
		return r;
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_nomem(err);
	g->from = from;
	isal.inflate_init(&g->state);
	return stream_new(&ops, g, 0, ret, err);
}

struct gzip_out {
	struct isal_zstream z;
	uint8_t *level_buf;
	uint8_t out[OUT_BUFFER];
};

static void gzip_out_close(void *arg)
{
	struct gzip_out *g = arg;

	if (g)
		free(g->level_buf);
	free(g);
}

static int gzip_out_write(void *arg, const void *data, size_t n, bool last, const struct sink *to,
			  struct err *err)
{
	struct gzip_out *g = arg;
	uint32_t part;
	int r;

	do {
		part = n < STEP_MAX ? (uint32_t)n : STEP_MAX;
		g->z.next_in = (uint8_t *)data;
		g->z.avail_in = part;
		g->z.end_of_stream = last && part == n;
		do {
			g->z.next_out = g->out;
			g->z.avail_out = sizeof(g->out);
			if (isal.deflate(&g->z) != COMP_OK)
				return err_set(err, ERR_BUG, "gzip: compressing failed");
			r = sink_write(to, g->out, sizeof(g->out) - g->z.avail_out, err);
			if (r < 0)
				return r;
		} while (g->z.avail_out == 0);
		data = (const char *)data + part;
		n -= part;
	} while (n > 0);
	return 0;
}

const struct encoder gzip_encoder = {gzip_out_write, gzip_out_close};

int gzip_encoder_new(int level, void **ret, struct err *err)
{
	static const uint32_t sizes[] = {ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT,
					 ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};
	struct gzip_out *g;
	int r;

	if (level == COMPRESS_LEVEL_DEFAULT)
		level = LEVEL_DEFAULT;
	if (level < 0 || level > ISAL_DEF_MAX_LEVEL)
		return err_set(err, ERR_INVALID, "gzip has no level %d (0 to 3)", level);
	r = load(err);
	if (r < 0)
		return r;
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_nomem(err);
	isal.deflate_init(&g->z);
	g->z.gzip_flag = IGZIP_GZIP;
	g->z.level = (uint32_t)level;
	g->z.level_buf_size = sizes[level];
	g->level_buf = malloc((size_t)sizes[level] + 1);
	if (!g->level_buf) {
		gzip_out_close(g);
		return err_nomem(err);
	}
	g->z.level_buf = g->level_buf;
	*ret = g;
	return 0;
}
