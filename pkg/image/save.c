/*
 * Saving: layers are rebuilt byte by byte from tar-split by the workers. What is compressed goes to
 * a nameless file first, because its digest is its name; plain layers of a known length are written
 * where they belong.
 */
#include "archive_out.h"
#include "remote.h"
#include "worker.h"
#include "base/err.h"
#include "digest/digest.h"
#include "image/archive.h"
#include "spec/archive.h"
#include "spec/digest.h"
#include "spec/ref.h"
#include "store/layer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_MAX_ 96
#define DIR_VERSION "Directory Transport Version: 1.1\n"

struct save {
	const struct image_ctx *ctx;
	const struct image_save *o;
	struct archive_out out;
	struct workers workers;
	struct archive_index docker; /* manifest.json of docker's archive */
	struct buf index;	     /* entries of index.json, with commas */
};

struct outgoing {
	struct save *s;
	struct manifest m;
	struct image_config config;
	struct buf manifest, config_text;
	struct strv names;
	bool changed; /* the manifest must be written anew */
	struct layer_out *layers;
};

/* A layer that must be made. */
struct layer_out {
	char id[STORE_ID_LEN + 1];
	const char *diff_id;
	enum compression compression;
	struct worker *worker;
	int spool;
	bool done;
};

static void outgoing_fini(struct outgoing *g)
{
	size_t i;

	for (i = 0; g->layers && i < g->m.n_layers; i++)
		if (g->layers[i].spool >= 0)
			(void)close(g->layers[i].spool);
	free(g->layers);
	manifest_fini(&g->m);
	image_config_fini(&g->config);
	buf_fini(&g->manifest);
	buf_fini(&g->config_text);
	strv_fini(&g->names);
}

static bool is_docker_archive(const struct outgoing *g)
{
	return g->s->o->format == SAVE_DOCKER_ARCHIVE;
}

static bool is_oci(const struct outgoing *g)
{
	return g->s->o->format == SAVE_OCI_ARCHIVE || g->s->o->format == SAVE_OCI_DIR;
}

static const char *blob_name(const struct outgoing *g, const char *digest, char out[NAME_MAX_])
{
	(void)snprintf(out, NAME_MAX_, "%s%s%s", is_oci(g) ? "blobs/sha256/" : "",
		       digest_hex(digest), is_docker_archive(g) ? ".tar" : "");
	return out;
}

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
		r = worker_pack(w, tarsplit, diff, to, l->compression, err);
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

/* Straight into the tar. */
static int write_plain(struct outgoing *g, size_t i, uint64_t size, struct err *err)
{
	struct layer_out *l = &g->layers[i];
	struct archive_out *out = &g->s->out;
	struct pack_answer a;
	char name[NAME_MAX_];
	int r;

	r = archive_out_begin_member(out, blob_name(g, l->diff_id, name), size, err);
	if (r == 0)
		r = begin_pack(g, l, &g->s->workers.v[0], out->fd, err);
	if (r == 0)
		r = end_pack(l, &a, err);
	if (r == 0 && a.diff_size != size)
		return err_set(err, ERR_CORRUPT, "layer %.12s has %llu bytes, not %llu", l->id,
			       (unsigned long long)a.diff_size, (unsigned long long)size);
	return r < 0 ? r : archive_out_end_member(out, size, err);
}

static int take_spool(struct outgoing *g, size_t i, struct err *err)
{
	struct layer_out *l = &g->layers[i];
	struct descriptor *d = &g->m.layers[i];
	char digest[SHA256_TEXT_MAX], name[NAME_MAX_];
	struct pack_answer a;
	int r;

	r = end_pack(l, &a, err);
	if (r < 0)
		return r;
	(void)sha256_text(a.digest, digest);
	g->changed = g->changed || !streq(digest, d->digest);
	d->size = (int64_t)a.size;
	r = str_set(&d->digest, digest, err);
	if (r == 0 && !archive_out_has(&g->s->out, blob_name(g, digest, name)))
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

static int start_spool(struct outgoing *g, struct layer_out *l, struct err *err)
{
	struct worker *w;
	int r = 0;

	while (r == 0 && !(w = workers_idle(&g->s->workers)))
		r = wait_one(g, err);
	if (r == 0)
		r = archive_out_spool(&g->s->out, &l->spool, err);
	return r < 0 ? r : begin_pack(g, l, w, l->spool, err);
}

/* ---- which form layers take ---- */

static enum compression wanted(const struct outgoing *g, const struct descriptor *d)
{
	const struct image_save *o = g->s->o;

	if (o->format == SAVE_DOCKER_ARCHIVE || (o->format == SAVE_DOCKER_DIR && !o->compress) ||
	    (is_oci(g) && o->uncompressed))
		return COMPRESSION_NONE;
	if (is_oci(g) && layer_compression_of(d->media_type) == LAYER_ZSTD)
		return COMPRESSION_ZSTD;
	return COMPRESSION_GZIP;
}

static int set_media_type(struct outgoing *g, struct descriptor *d, enum compression c,
			  struct err *err)
{
	const char *type = layer_media_type(g->m.kind, c == COMPRESSION_NONE   ? LAYER_PLAIN
						       : c == COMPRESSION_ZSTD ? LAYER_ZSTD
									       : LAYER_GZIP);

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

static int save_layer(struct outgoing *g, size_t i, struct err *err)
{
	AUTO_STORE_LAYER struct store_layer layer = {0};
	struct descriptor *d = &g->m.layers[i];
	struct layer_out *l = &g->layers[i];
	bool plain = l->compression == COMPRESSION_NONE;
	char name[NAME_MAX_];
	int r;

	r = store_layer_find(g->s->ctx->store, l->id, &layer, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", l->id);
	if (r > 0)
		r = set_media_type(g, d, l->compression, err);
	if (r >= 0 && plain && layer.diff_size >= 0)
		r = describe_plain(g, i, layer.diff_size, err);
	if (r < 0)
		return r;
	if (archive_out_has(&g->s->out, blob_name(g, d->digest, name))) {
		l->done = true;
		tell_blob(g->s->ctx, d->digest, (uint64_t)d->size, d->size, true, true);
		return 0;
	}
	if (!plain || g->s->out.is_dir || layer.diff_size < 0)
		return start_spool(g, l, err);
	r = write_plain(g, i, (uint64_t)layer.diff_size, err);
	l->done = true;
	tell_blob(g->s->ctx, d->digest, (uint64_t)d->size, d->size, true, false);
	return r;
}

static int save_layers(struct outgoing *g, struct err *err)
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
		g->layers[i].compression = wanted(g, &g->m.layers[i]);
		r = store_layer_id(parent, g->layers[i].diff_id, g->layers[i].id, err);
		if (r == 0)
			r = save_layer(g, i, err);
		parent = g->layers[i].id;
	}
	while (r == 0 && any_busy(&g->s->workers))
		r = wait_one(g, err);
	return r;
}

/* ---- documents ---- */

static int add_to_docker_index(struct outgoing *g, const char *config, struct err *err)
{
	struct archive_index *x = &g->s->docker;
	struct archive_image *more, *image;
	size_t i;
	int r;

	more = realloc(x->images, (x->n + 1) * sizeof(*more));
	if (!more)
		return err_nomem(err);
	x->images = more;
	image = &more[x->n++];
	*image = (struct archive_image){0};
	r = str_set(&image->config, config, err);
	if (r == 0)
		r = strv_copy(&image->repo_tags, &g->names, err);
	for (i = 0; r == 0 && i < g->m.n_layers; i++)
		r = strv_addf(&image->layers, err, "%s.tar", digest_hex(g->config.diff_ids.v[i]));
	return r;
}

static int save_docker_documents(struct outgoing *g, struct err *err)
{
	char name[NAME_MAX_];
	int r = 0;

	(void)snprintf(name, sizeof(name), "%s.json", digest_hex(g->m.config.digest));
	if (!archive_out_has(&g->s->out, name))
		r = archive_out_text(&g->s->out, name, buf_str(&g->config_text), g->config_text.len,
				     err);
	return r < 0 ? r : add_to_docker_index(g, name, err);
}

static void index_entry(struct outgoing *g, const struct buf *manifest, const char *digest,
			const char *name)
{
	struct buf *x = &g->s->index;

	buf_addf(x, "%s{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"%s\",\"size\":%zu",
		 x->len ? "," : "", digest, manifest->len);
	if (name)
		buf_addf(x, ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}",
			 name);
	buf_adds(x, "}");
}

static int place_manifest(struct outgoing *g, const struct buf *text, struct err *err)
{
	char digest[SHA256_TEXT_MAX], name[NAME_MAX_];
	uint8_t raw[SHA256_LEN];
	size_t i;
	int r;

	if (!is_oci(g))
		return archive_out_text(&g->s->out, "manifest.json", buf_str(text), text->len, err);
	r = sha256_once(buf_str(text), text->len, raw, err);
	if (r < 0)
		return r;
	(void)sha256_text(raw, digest);
	for (i = 0; i < g->names.n; i++)
		index_entry(g, text, digest, g->names.v[i]);
	if (g->names.n == 0)
		index_entry(g, text, digest, NULL);
	if (archive_out_has(&g->s->out, blob_name(g, digest, name)))
		return 0;
	return archive_out_text(&g->s->out, name, buf_str(text), text->len, err);
}

static int save_documents(struct outgoing *g, struct err *err)
{
	AUTO_BUF struct buf fresh = BUF_INIT(MANIFEST_SIZE_MAX);
	char name[NAME_MAX_];
	int r = 0;

	tell_config(g->s->ctx, g->m.config.digest);
	tell_manifest(g->s->ctx);
	if (is_docker_archive(g))
		return save_docker_documents(g, err);
	if (!archive_out_has(&g->s->out, blob_name(g, g->m.config.digest, name)))
		r = archive_out_text(&g->s->out, name, buf_str(&g->config_text), g->config_text.len,
				     err);
	if (r == 0 && g->changed)
		r = manifest_write(&g->m, &fresh, err);
	return r < 0 ? r : place_manifest(g, g->changed ? &fresh : &g->manifest, err);
}

/* The manifest in the format's own dialect. */
static int translate(struct outgoing *g, struct err *err)
{
	enum manifest_kind kind = is_oci(g) ? MANIFEST_OCI : MANIFEST_DOCKER;

	if (g->m.kind == kind)
		return 0;
	g->changed = true;
	g->m.kind = kind;
	return str_set(&g->m.config.media_type, is_oci(g) ? MEDIA_OCI_CONFIG : MEDIA_DOCKER_CONFIG,
		       err);
}

static int load_documents(struct outgoing *g, const struct store_image *image, struct err *err)
{
	const struct image_ctx *ctx = g->s->ctx;
	char key[SHA256_TEXT];
	int r;

	(void)snprintf(key, sizeof(key), "sha256:%s", image->id);
	r = store_image_data(ctx->store, image, "manifest", &g->manifest, err);
	if (r > 0)
		r = manifest_read(buf_str(&g->manifest), g->manifest.len, NULL, &g->m, err) < 0
			? -(int)err->code
			: store_image_data(ctx->store, image, key, &g->config_text, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "it has no manifest or no configuration");
	if (r > 0)
		r = image_config_read(buf_str(&g->config_text), g->config_text.len, &g->config,
				      err);
	if (r == 0)
		r = image_config_fits(&g->config, &g->m, err);
	return r < 0 ? r : translate(g, err);
}

/* Names with a digest say nothing to readers of archives. */
static int add_name(struct outgoing *g, const char *name, struct err *err)
{
	AUTO_REF struct ref ref = REF_INIT;
	struct err ignored = ERR_INIT;

	if (!name || strchr(name, '@') || strv_find(&g->names, name) >= 0)
		return 0;
	/* It is written between quotes: a record that somebody altered may hold anything. */
	if (ref_parse(name, &ref, &ignored) < 0)
		return 0;
	return strv_add(&g->names, name, err);
}

static int save_image(struct save *s, const char *text, const struct strv *more, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO(outgoing_fini)
	struct outgoing g = {
	    .s = s,
	    .manifest = BUF_INIT(MANIFEST_SIZE_MAX),
	    .config_text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX),
	};
	AUTO_FREE char *name = NULL;
	size_t i;
	int r;

	r = image_get(s->ctx, text, &image, &name, err);
	if (r < 0)
		return r;
	r = add_name(&g, name, err);
	for (i = 1; r == 0 && more && i < more->n; i++) {
		AUTO_FREE char *full = NULL;

		r = image_local_name(more->v[i], &full, err);
		if (r == 0)
			r = add_name(&g, full, err);
	}
	if (r == 0)
		r = load_documents(&g, image, err);
	if (r == 0)
		r = save_layers(&g, err);
	if (r == 0)
		r = save_documents(&g, err);
	return r < 0 ? err_wrap(err, "saving %s", text) : 0;
}

static int finish(struct save *s, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	int r;

	if (s->o->format == SAVE_DOCKER_DIR)
		return archive_out_text(&s->out, "version", DIR_VERSION, strlen(DIR_VERSION), err);
	if (s->o->format == SAVE_DOCKER_ARCHIVE) {
		r = archive_index_write(&s->docker, &text, err);
		if (r == 0)
			r = archive_out_text(&s->out, "manifest.json", buf_str(&text), text.len,
					     err);
		return r < 0 ? r : archive_out_finish(&s->out, err);
	}
	r = archive_out_text(&s->out, "oci-layout", OCI_LAYOUT, strlen(OCI_LAYOUT), err);
	buf_addf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", buf_str(&s->index));
	if (r == 0 && buf_ok(&s->index))
		r = buf_check(&text, "index.json", err);
	if (r == 0)
		r = archive_out_text(&s->out, "index.json", buf_str(&text), text.len, err);
	return r < 0 ? r : archive_out_finish(&s->out, err);
}

static int check(const struct strv *images, const struct image_save *o, struct err *err)
{
	if (images->n > 1 && o->format == SAVE_DOCKER_DIR)
		return err_set(err, ERR_INVALID,
			       "a directory of format docker-dir holds one image, without a name");
	if (o->compress && o->format != SAVE_DOCKER_DIR)
		return err_set(err, ERR_INVALID,
			       "--compress can only be set when --format is 'docker-dir'");
	if (o->multi && images->n > ARCHIVE_IMAGES_MAX)
		return err_set(err, ERR_LIMIT, "%zu images are more than %d", images->n,
			       ARCHIVE_IMAGES_MAX);
	return 0;
}

int image_save(const struct image_ctx *ctx, const struct strv *images, const struct image_save *o,
	       struct err *err)
{
	struct save s = {
	    .ctx = ctx,
	    .o = o,
	    .out = {.is_dir = save_is_dir(o->format), .fd = o->fd, .store = ctx->store},
	    .index = BUF_INIT(MANIFEST_SIZE_MAX / 2),
	};
	size_t i;
	int r;

	r = check(images, o, err);
	if (r == 0)
		r = workers_start(&s.workers, WORKERS_MAX, ctx->store, false, err);
	for (i = 0; r == 0 && i < (o->multi ? images->n : 1); i++)
		r = save_image(&s, images->v[i], o->multi ? NULL : images, err);
	if (r == 0)
		r = finish(&s, err);
	workers_stop(&s.workers);
	archive_out_fini(&s.out);
	archive_index_fini(&s.docker);
	buf_fini(&s.index);
	return r;
}
