/*
 * The layers of an image that is saved: rebuilt byte by byte from tar-split by the workers. What is
 * compressed goes to a nameless file first, because its digest is its name; plain layers of a known
 * length are written where they belong.
 */
#include "remote.h"
#include "save.h"
#include "base/err.h"
#include "spec/digest.h"
#include "store/layer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- one layer ---- */

static int begin_pack(struct outgoing *g, struct layer_out *l, struct worker *w, int to,
		      struct err *err)
{
	AUTO_CLOSE int tarsplit = -1, diff = -1;
	struct store *store = g->s->ctx->store;
	int r;

	r = store_layer_open_tarsplit(store, l->id, &tarsplit, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "layer %.12s has no tar-split: its archive cannot be rebuilt",
			       l->id);
	if (r > 0)
		r = store_layer_open_diff(store, l->id, &diff, err);
	if (r >= 0)
		r = worker_pack(w, tarsplit, diff, to, l->how, err);
	l->worker = w;
	return r < 0 ? r : 0;
}

static int end_pack(struct layer_out *l, struct pack_answer *a, struct err *err)
{
	char got[SHA256_TEXT_MAX];
	int r = worker_packed(l->worker, a, err);

	if (r < 0)
		return err_wrap(err, "rebuilding layer %.12s", l->id);
	if (!streq(sha256_text(a->diff_id, got), l->diff_id))
		return worker_altered(l->id, got, l->diff_id, err);
	return 0;
}

static int take_spool(struct outgoing *g, size_t i, struct err *err)
{
	struct layer_out *l = &g->layers[i];
	struct descriptor *d = &g->m.layers[i];
	char digest[SHA256_TEXT_MAX], name[SAVE_NAME_MAX];
	struct pack_answer a;
	int r;

	r = end_pack(l, &a, err);
	if (r < 0)
		return r;
	(void)sha256_text(a.digest, digest);
	g->changed = g->changed || !streq(digest, d->digest);
	d->size = (int64_t)a.size;
	r = str_set(&d->digest, digest, err);
	if (r == 0 && !archive_out_has(&g->s->out, save_blob_name(g, digest, name), a.size))
		r = archive_out_place(&g->s->out, name, l->spool, err);
	(void)close(l->spool);
	l->spool = -1;
	l->done = true;
	tell_blob(g->s->ctx, digest, a.size, (int64_t)a.size, true, false);
	return r;
}

static int wait_one(struct outgoing *g, struct err *err)
{
	struct workers *ws = &g->s->workers;
	struct pollfd p[WORKERS_MAX];
	size_t i, k;
	int r;

	for (i = 0; i < ws->n; i++)
		p[i] = (struct pollfd){.fd = ws->v[i].busy ? ws->v[i].sock : -1, .events = POLLIN};
	if (poll(p, ws->n, -1) < 0 && errno != EINTR)
		return err_sys(err, errno, "waiting for the layer workers");
	for (i = 0; i < ws->n; i++)
		for (k = 0; p[i].fd >= 0 && p[i].revents && k < g->m.n_layers; k++) {
			if (g->layers[k].worker != &ws->v[i] || g->layers[k].done)
				continue;
			r = take_spool(g, k, err);
			if (r < 0)
				return r;
			break;
		}
	return 0;
}

static bool any_busy(const struct workers *ws)
{
	size_t i;

	for (i = 0; i < ws->n; i++)
		if (ws->v[i].busy)
			return true;
	return false;
}

/* One that has nothing to do. */
static int take_worker(struct outgoing *g, struct worker **ret, struct err *err)
{
	int r = 0;

	while (r == 0 && !(*ret = workers_idle(&g->s->workers)))
		r = wait_one(g, err);
	return r;
}

/* Straight into the tar. */
static int write_plain(struct outgoing *g, size_t i, uint64_t size, struct err *err)
{
	struct layer_out *l = &g->layers[i];
	struct archive_out *out = &g->s->out;
	struct worker *w = NULL;
	struct pack_answer a;
	char name[SAVE_NAME_MAX];
	int r;

	r = take_worker(g, &w, err);
	if (r == 0)
		r = archive_out_begin_member(out, save_blob_name(g, l->diff_id, name), size, err);
	if (r == 0)
		r = begin_pack(g, l, w, out->fd, err);
	if (r == 0)
		r = end_pack(l, &a, err);
	if (r == 0 && a.diff_size != size)
		return err_set(err, ERR_CORRUPT, "layer %.12s has %llu bytes, not %llu", l->id,
			       (unsigned long long)a.diff_size, (unsigned long long)size);
	return r < 0 ? r : archive_out_end_member(out, size, err);
}

static int start_spool(struct outgoing *g, struct layer_out *l, struct err *err)
{
	struct worker *w = NULL;
	int r = take_worker(g, &w, err);

	if (r == 0)
		r = archive_out_spool(&g->s->out, &l->spool, err);
	return r < 0 ? r : begin_pack(g, l, w, l->spool, err);
}

/* ---- which form layers take ---- */

static enum compression wanted(const struct outgoing *g, const struct descriptor *d)
{
	const struct image_save *o = g->s->o;

	if (o->format == SAVE_DOCKER_ARCHIVE || (o->format == SAVE_DOCKER_DIR && !o->compress) ||
	    (save_is_oci(g) && o->uncompressed))
		return COMPRESSION_NONE;
	/* docker's manifests know no zstd. */
	if (g->m.kind == MANIFEST_DOCKER || o->compression == PUSH_GZIP)
		return COMPRESSION_GZIP;
	if (o->compression == PUSH_ZSTD || layer_compression_of(d->media_type) == LAYER_ZSTD)
		return COMPRESSION_ZSTD;
	return COMPRESSION_GZIP;
}

static enum layer_compression compression_of(const struct layer_out *l)
{
	switch (l->how.compression) {
	case COMPRESSION_NONE:
		return LAYER_PLAIN;
	case COMPRESSION_ZSTD:
		return LAYER_ZSTD;
	default:
		return LAYER_GZIP;
	}
}

static int set_media_type(struct outgoing *g, struct descriptor *d, const struct layer_out *l,
			  struct err *err)
{
	const char *type = layer_media_type(g->m.kind, compression_of(l));

	if (streq(type, d->media_type))
		return 0;
	g->changed = true;
	return str_set(&d->media_type, type, err);
}

/* The descriptor of a plain layer is known before it is made. */
static int describe_plain(struct outgoing *g, size_t i, int64_t size, struct err *err)
{
	struct descriptor *d = &g->m.layers[i];

	g->changed = g->changed || !streq(d->digest, g->layers[i].diff_id) || d->size != size;
	d->size = size;
	return str_set(&d->digest, g->layers[i].diff_id, err);
}

/* Makes of the descriptor what is known before the layer is made. 1: all of it, because the layer
 * stays as it was or is plain; 0: digest and size are still those of another compression. */
static int describe(struct outgoing *g, size_t i, int64_t diff_size, struct err *err)
{
	struct descriptor *d = &g->m.layers[i];
	struct layer_out *l = &g->layers[i];
	bool known = layer_compression_of(d->media_type) == compression_of(l);
	int r = set_media_type(g, d, l, err);

	if (r == 0 && l->how.compression == COMPRESSION_NONE && diff_size >= 0) {
		r = describe_plain(g, i, diff_size, err);
		known = true;
	}
	return r < 0 ? r : known;
}

static int save_layer(struct outgoing *g, size_t i, struct err *err)
{
	AUTO_STORE_LAYER struct store_layer layer = {0};
	struct descriptor *d = &g->m.layers[i];
	struct layer_out *l = &g->layers[i];
	char name[SAVE_NAME_MAX];
	int r;

	r = store_layer_find(g->s->ctx->store, l->id, &layer, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", l->id);
	if (r > 0)
		r = describe(g, i, layer.diff_size, err);
	if (r < 0)
		return r;
	if (r > 0 &&
	    archive_out_has(&g->s->out, save_blob_name(g, d->digest, name), (uint64_t)d->size)) {
		l->done = true;
		tell_blob(g->s->ctx, d->digest, (uint64_t)d->size, d->size, true, true);
		return 0;
	}
	if (l->how.compression != COMPRESSION_NONE || g->s->out.is_dir || layer.diff_size < 0)
		return start_spool(g, l, err);
	r = write_plain(g, i, (uint64_t)layer.diff_size, err);
	l->done = true;
	tell_blob(g->s->ctx, d->digest, (uint64_t)d->size, d->size, true, false);
	return r;
}

int save_layers(struct outgoing *g, struct err *err)
{
	const char *parent = NULL;
	size_t i;
	int r = 0;

	g->layers = calloc(g->m.n_layers + 1, sizeof(*g->layers));
	if (!g->layers)
		return err_nomem(err);
	for (i = 0; i < g->m.n_layers; i++)
		g->layers[i].spool = -1;
	for (i = 0; r == 0 && i < g->m.n_layers; i++) {
		g->layers[i].diff_id = g->config.diff_ids.v[i];
		g->layers[i].how.compression = wanted(g, &g->m.layers[i]);
		g->layers[i].how.level = g->s->o->level;
		r = store_layer_id(parent, g->layers[i].diff_id, g->layers[i].id, err);
		if (r == 0)
			r = save_layer(g, i, err);
		parent = g->layers[i].id;
	}
	while (r == 0 && any_busy(&g->s->workers))
		r = wait_one(g, err);
	return r;
}
