#include "source.h"
#include "base/err.h"
#include "pipeline.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below this a second process costs more than it saves. */
#define PIPELINE_MIN (1024 * 1024)

struct source {
	struct pipeline *pipeline; /* NULL: all in this process */
	struct decoder decoder;
	struct sha256 *diff_hash;
	struct stream *plain;
};

void decoder_close(struct decoder *d)
{
	stream_close(d->plain);
	stream_close(d->blob);
	sha256_free(d->hash);
}

static void on_blob(void *arg, const void *data, size_t n)
{
	struct decoder *d = arg;

	if (d->hash)
		sha256_update(d->hash, data, n);
	if (d->o->progress)
		d->o->progress(d->o->progress_arg, stream_arrived(d->blob));
}

/* A blob that is a member of an archive ends before its file does. */
struct part {
	int fd;
	uint64_t left;
};

static int64_t part_read(void *arg, void *dst, size_t n, struct err *err)
{
	struct part *p = arg;
	ssize_t got;

	n = p->left < n ? (size_t)p->left : n;
	do
		got = read(p->fd, dst, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, errno, "reading the layer's blob");
	p->left -= (uint64_t)got;
	return got;
}

static int open_blob(int blob, uint64_t max, struct stream **ret, struct err *err)
{
	static const struct stream_ops ops = {.read = part_read, .close = free};
	struct part *p;

	if (max == 0)
		return stream_of_fd(blob, "the layer's blob", ret, err);
	p = malloc(sizeof(*p));
	if (!p)
		return err_nomem(err);
	*p = (struct part){blob, max};
	return stream_new(&ops, p, 0, ret, err);
}

int decoder_open(struct decoder *d, int blob, const struct tree_unpack_options *o, struct err *err)
{
	int r = 0;

	d->o = o;
	if (o->want_blob_digest)
		r = sha256_new(&d->hash, err);
	if (r == 0)
		r = open_blob(blob, o->blob_max, &d->blob, err);
	if (r < 0)
		return r;
	stream_tap(d->blob, on_blob, d);
	return decompress_open(d->blob, &d->plain, &d->kind, err);
}

int decoder_result(struct decoder *d, struct tree_layer *ret, struct err *err)
{
	ret->blob_size = stream_arrived(d->blob);
	ret->compression = d->kind;
	return d->hash ? sha256_final(d->hash, ret->blob_digest, err) : 0;
}

static bool worth_it(int blob, const struct tree_unpack_options *o)
{
	struct stat st;
	cpu_set_t cpus;

	if (o->one_process || sched_getaffinity(0, sizeof(cpus), &cpus) < 0 || CPU_COUNT(&cpus) < 2)
		return false;
	return fstat(blob, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size >= PIPELINE_MIN;
}

static int open_inline(struct source *s, int blob, const struct tree_unpack_options *o,
		       struct err *err)
{
	int r;

	r = sha256_new(&s->diff_hash, err);
	if (r == 0)
		r = decoder_open(&s->decoder, blob, o, err);
	if (r < 0)
		return r;
	stream_tap(s->decoder.plain, sha256_tap, s->diff_hash);
	s->plain = s->decoder.plain;
	return 0;
}

int source_open(int blob, const struct tree_unpack_options *o, struct source **ret, struct err *err)
{
	AUTO(source_close_p) struct source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	if (worth_it(blob, o))
		r = pipeline_open(blob, o, &s->pipeline, &s->plain, err);
	else
		r = open_inline(s, blob, o, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	if (s->pipeline)
		stream_close(s->plain);
	pipeline_close(s->pipeline);
	decoder_close(&s->decoder);
	sha256_free(s->diff_hash);
	free(s);
}

struct stream *source_stream(struct source *s)
{
	return s->plain;
}

uint64_t source_blob_bytes(const struct source *s)
{
	return s->pipeline ? pipeline_blob_bytes(s->pipeline) : stream_arrived(s->decoder.blob);
}

int source_result(struct source *s, struct tree_layer *ret, struct err *err)
{
	int r;

	if (s->pipeline)
		return pipeline_result(s->pipeline, ret, err);
	r = decoder_result(&s->decoder, ret, err);
	if (r < 0)
		return r;
	ret->diff_size = stream_arrived(s->plain);
	return sha256_final(s->diff_hash, ret->diff_id, err);
}
