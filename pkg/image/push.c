/* Pushing: what the registry lacks is rebuilt from tar-split and sent. */
#include "remote.h"
#include "sources.h"
#include "worker.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "http/http.h"
#include "config/registries.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "store/layer.h"
#include "sys/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct push;

/* One layer that must be sent. */
struct outgoing {
	struct push *p;
	struct descriptor *d; /* of the manifest; changed when the bytes come out different */
	const char *layer_id, *diff_id;
	const char *mount_from; /* a repository that may have it just so, or NULL */
	struct pack_form how;
	struct worker *worker;
	int pipe; /* read end of the worker's output; the upload's wait_fd */
	int out;  /* its write end, until the worker has it */
	uint64_t sent;
	bool changed;
};

struct push {
	const struct image_ctx *ctx;
	const struct image_push *o;
	bool converted; /* the manifest is another kind than in the store */
	struct registry_session *session;
	struct workers workers;
	struct manifest m;
	struct image_config config;
	struct buf manifest, config_text;
	struct strv layers;  /* IDs, from the bottom up */
	struct strv sources; /* of each layer: sources.h */
	struct outgoing *out;
	size_t n_out;
};

static void push_fini(struct push *p)
{
	size_t i;

	workers_stop(&p->workers);
	for (i = 0; i < p->n_out; i++) {
		if (p->out[i].pipe >= 0)
			(void)close(p->out[i].pipe);
		if (p->out[i].out >= 0)
			(void)close(p->out[i].out);
	}
	free(p->out);
	strv_fini(&p->layers);
	strv_fini(&p->sources);
	registry_close(p->session);
	manifest_fini(&p->m);
	image_config_fini(&p->config);
	buf_fini(&p->manifest);
	buf_fini(&p->config_text);
}

static int load_documents(struct push *p, const struct store_image *image, struct err *err)
{
	char key[SHA256_TEXT];
	int r;

	r = store_image_data(p->ctx->store, image, "manifest", &p->manifest, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "image %.12s has no manifest in the store",
			       image->id);
	if (r > 0)
		r = manifest_read(buf_str(&p->manifest), p->manifest.len, NULL, &p->m, err);
	(void)snprintf(key, sizeof(key), "sha256:%s", image->id);
	if (r >= 0)
		r = store_image_data(p->ctx->store, image, key, &p->config_text, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "image %.12s has no configuration", image->id);
	if (r > 0)
		r = image_config_read(buf_str(&p->config_text), p->config_text.len, &p->config,
				      err);
	if (r >= 0)
		r = image_config_fits(&p->config, &p->m, err);
	return r < 0 ? err_wrap(err, "image %.12s", image->id) : 0;
}

/* Another kind of manifest for the same layers. */
static int convert(struct push *p, struct err *err)
{
	enum manifest_kind kind = p->o->format == PUSH_OCI ? MANIFEST_OCI : MANIFEST_DOCKER;
	enum layer_compression c;
	size_t i;
	int r;

	if (p->o->format == PUSH_AS_IT_IS || kind == p->m.kind)
		return 0;
	p->converted = true;
	p->m.kind = kind;
	r = str_set(&p->m.config.media_type,
		    kind == MANIFEST_OCI ? MEDIA_OCI_CONFIG : MEDIA_DOCKER_CONFIG, err);
	for (i = 0; r == 0 && i < p->m.n_layers; i++) {
		c = layer_compression_of(p->m.layers[i].media_type);
		/* docker has no zstd: such a layer gets its type when it is compressed anew. */
		if (layer_media_type(kind, c))
			r = str_set(&p->m.layers[i].media_type, layer_media_type(kind, c), err);
	}
	return r;
}

/* ---- one layer's bytes ---- */

static int begin_layer(struct outgoing *o, struct err *err)
{
	AUTO_CLOSE int tarsplit = -1, diff = -1;
	struct store *store = o->p->ctx->store;
	int r;

	o->worker = workers_idle(&o->p->workers);
	if (!o->worker)
		return err_set(err, ERR_BUG, "no worker for layer %s", o->d->digest);
	r = store_layer_open_tarsplit(store, o->layer_id, &tarsplit, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "layer %.12s has no tar-split: its archive cannot be rebuilt",
			       o->layer_id);
	if (r > 0)
		r = store_layer_open_diff(store, o->layer_id, &diff, err);
	if (r >= 0)
		r = worker_pack(o->worker, tarsplit, diff, o->out, o->how, err);
	(void)close(o->out);
	o->out = -1;
	return r < 0 ? r : 0;
}

static ssize_t pull_bytes(void *ctx, void *out, size_t n, struct err *err)
{
	struct outgoing *o = ctx;
	ssize_t got;

	if (!o->worker && begin_layer(o, err) < 0)
		return -(ssize_t)err->code;
	do
		got = read(o->pipe, out, n);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return HTTP_PULL_WAIT;
	return got < 0 ? err_sys(err, errno, "reading a rebuilt layer") : got;
}

static int finish_layer(void *ctx, char ret_digest[REGISTRY_DIGEST_MAX], struct err *err)
{
	char diff[SHA256_TEXT_MAX], digest[SHA256_TEXT_MAX];
	struct outgoing *o = ctx;
	struct pack_answer a;
	int r;

	r = worker_packed(o->worker, &a, err);
	if (r < 0)
		return err_wrap(err, "rebuilding layer %.12s", o->layer_id);
	if (!streq(sha256_text(a.diff_id, diff), o->diff_id))
		return worker_altered(o->layer_id, diff, o->diff_id, err);
	(void)snprintf(ret_digest, REGISTRY_DIGEST_MAX, "%s", sha256_text(a.digest, digest));
	if (streq(digest, o->d->digest))
		return 0;
	o->changed = true;
	o->d->size = (int64_t)a.size;
	return str_set(&o->d->digest, digest, err);
}

static void upload_progress(void *ctx, uint64_t sent)
{
	struct outgoing *o = ctx;

	o->sent = sent;
	tell_blob(o->p->ctx, o->d->digest, sent, -1, false, false);
}

static int upload_done(void *ctx, enum registry_upload_result how, struct err *err)
{
	struct outgoing *o = ctx;

	(void)err;
	tell_blob(o->p->ctx, o->d->digest, o->sent, o->d->size, true, how != REGISTRY_UPLOADED);
	return 0;
}

/* ---- which layers ---- */

/* docker's manifests know no zstd. */
static enum layer_compression wanted_compression(const struct push *p, const struct descriptor *d)
{
	enum layer_compression has = layer_compression_of(d->media_type);

	if (p->o->compression != PUSH_COMPRESSED_AS_IT_IS)
		return p->o->compression == PUSH_ZSTD ? LAYER_ZSTD : LAYER_GZIP;
	return has == LAYER_ZSTD && p->m.kind != MANIFEST_OCI ? LAYER_GZIP
	       : has == LAYER_UNKNOWN			      ? LAYER_GZIP
							      : has;
}

/* What the registry has already is taken as it is, unless it cannot be or the user insists. */
static bool may_be_reused(const struct push *p, const struct descriptor *d)
{
	enum layer_compression has = layer_compression_of(d->media_type);

	if (has == LAYER_ZSTD && p->m.kind != MANIFEST_OCI)
		return false;
	return !p->o->force_compression || has == wanted_compression(p, d);
}

/* The descriptor gets the media type of what will be sent. */
static int choose_compression(struct push *p, struct descriptor *d, enum compression *ret,
			      struct err *err)
{
	static const enum compression of[] = {[LAYER_PLAIN] = COMPRESSION_NONE,
					      [LAYER_GZIP] = COMPRESSION_GZIP,
					      [LAYER_ZSTD] = COMPRESSION_ZSTD};
	enum layer_compression wanted = wanted_compression(p, d);

	*ret = of[wanted];
	if (wanted == layer_compression_of(d->media_type))
		return 0;
	return str_set(&d->media_type, layer_media_type(p->m.kind, wanted), err);
}

static int add_outgoing(struct push *p, size_t i, struct err *err)
{
	struct outgoing *o = &p->out[p->n_out];
	struct descriptor *d = &p->m.layers[i];
	bool as_it_is = layer_compression_of(d->media_type) == wanted_compression(p, d);
	int pipe[2] = {-1, -1}, r;

	*o = (struct outgoing){
	    .p = p,
	    .d = d,
	    .layer_id = p->layers.v[i],
	    .diff_id = p->config.diff_ids.v[i],
	    .mount_from = as_it_is && *p->sources.v[i] ? p->sources.v[i] : NULL,
	    .pipe = -1,
	    .out = -1,
	};
	o->how.level = p->o->level;
	r = choose_compression(p, o->d, &o->how.compression, err);
	if (r == 0)
		r = fd_pipe(pipe, err);
	if (r < 0)
		return r;
	o->pipe = pipe[0];
	o->out = pipe[1];
	p->n_out++;
	return fd_set_nonblock(o->pipe, true, err);
}

static int name_layers(struct push *p, struct err *err)
{
	char id[STORE_ID_LEN + 1];
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < p->m.n_layers; i++) {
		r = store_layer_id(i > 0 ? p->layers.v[i - 1] : NULL, p->config.diff_ids.v[i], id,
				   err);
		if (r == 0)
			r = strv_add(&p->layers, id, err);
	}
	return r;
}

/* Looks for each layer on the registry by the digest it was pulled with. */
static int find_missing(struct push *p, const struct ref *ref, struct err *err)
{
	int64_t size;
	size_t i;
	int r;

	p->out = calloc(p->m.n_layers + 1, sizeof(*p->out));
	if (!p->out)
		return err_nomem(err);
	r = name_layers(p, err);
	if (r == 0)
		r = sources_find(p->ctx, ref, &p->layers, &p->sources, err);
	for (i = 0; r >= 0 && i < p->m.n_layers; i++) {
		r = may_be_reused(p, &p->m.layers[i])
			? registry_blob_find(p->session, p->m.layers[i].digest, &size, err)
			: 0;
		if (r > 0)
			tell_blob(p->ctx, p->m.layers[i].digest, (uint64_t)p->m.layers[i].size,
				  p->m.layers[i].size, true, true);
		else if (r == 0)
			r = add_outgoing(p, i, err);
	}
	return r < 0 ? r : 0;
}

static int send_layers(struct push *p, struct err *err)
{
	AUTO_FREE struct registry_upload *ups = calloc(p->n_out + 1, sizeof(*ups));
	size_t i;

	if (!ups)
		return err_nomem(err);
	for (i = 0; i < p->n_out; i++)
		ups[i] = (struct registry_upload){
		    .size = -1,
		    .fd = -1,
		    .mount_from = p->out[i].mount_from,
		    .mount = p->out[i].d->digest,
		    .pull = pull_bytes,
		    .wait_fd = p->out[i].pipe,
		    .finish = finish_layer,
		    .progress = upload_progress,
		    .done = upload_done,
		    .ctx = &p->out[i],
		};
	/* Never more at once than there are workers. */
	return p->n_out ? registry_blobs_put(p->session, ups, p->n_out, (unsigned)p->workers.n, err)
			: 0;
}

/* ---- documents ---- */

static int send_config(struct push *p, struct err *err)
{
	struct registry_upload up = {.digest = p->m.config.digest, .wait_fd = -1};
	AUTO_CLOSE int fd = memfd_create("kist-config", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "making a memory file");
	r = fd_write_all(fd, buf_str(&p->config_text), p->config_text.len, "the configuration",
			 err);
	if (r < 0)
		return r;
	up.fd = fd;
	up.size = (int64_t)p->config_text.len;
	tell_config(p->ctx, p->m.config.digest);
	return registry_blobs_put(p->session, &up, 1, 1, err);
}

/* The original bytes when every layer kept its digest: then the manifest keeps its own too. */
static int send_manifest(struct push *p, const struct ref *ref, char ret_digest[80],
			 struct err *err)
{
	AUTO_BUF struct buf fresh = BUF_INIT(MANIFEST_SIZE_MAX);
	const struct buf *text = &p->manifest;
	bool changed = p->converted;
	size_t i;
	int r = 0;

	for (i = 0; i < p->n_out; i++)
		changed = changed || p->out[i].changed;
	if (changed) {
		r = manifest_write(&p->m, &fresh, err);
		text = &fresh;
	}
	tell_manifest(p->ctx);
	return r < 0 ? r
		     : registry_manifest_put(p->session, ref->tag, manifest_media_type(p->m.kind),
					     buf_str(text), text->len, ret_digest, err);
}

static int push_to(struct push *p, const struct ref *ref, const struct image_push *push,
		   char ret_digest[80], struct err *err)
{
	AUTO_ENDPOINTS struct endpoints ends = {0};
	int r;

	r = registries_push_endpoint(p->ctx->registries, ref, &ends, err);
	if (r < 0)
		return r;
	/* Before the network is touched: see worker.h. */
	r = workers_start(&p->workers, WORKERS_MAX, p->ctx->store, false, err);
	if (r == 0)
		r = remote_open(p->ctx, ref, ref, ends.v[0].insecure, REGISTRY_PUSH, &push->remote,
				&p->session, err);
	if (r == 0)
		r = find_missing(p, ref, err);
	if (r == 0)
		r = send_layers(p, err);
	if (r == 0)
		r = send_config(p, err);
	return r < 0 ? r : send_manifest(p, ref, ret_digest, err);
}

static int choose_destination(const struct store_image *image, const char *name,
			      const char *destination, struct ref *ret, struct err *err)
{
	const char *text = destination ? destination : name;
	int r;

	if (!text && image->names.n > 0)
		text = image->names.v[0];
	if (!text)
		return err_set(err, ERR_INVALID,
			       "image %.12s has no name: say where to push it (IMAGE DESTINATION)",
			       image->id);
	r = ref_parse(text, ret, err);
	if (r == 0 && ret->digest)
		return err_set(err, ERR_INVALID, "%s: an image is pushed to a tag, not to a digest",
			       text);
	return r < 0 ? r : ref_add_latest(ret, err);
}

int image_push(const struct image_ctx *ctx, const char *text, const char *destination,
	       const struct image_push *push, char ret_digest[80], struct err *err)
{
	AUTO(push_fini)
	struct push p = {
	    .ctx = ctx,
	    .o = push,
	    .manifest = BUF_INIT(MANIFEST_SIZE_MAX),
	    .config_text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX),
	};
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_FREE char *name = NULL, *full = NULL;
	AUTO_REF struct ref ref = REF_INIT;
	int r;

	r = image_get(ctx, text, &image, &name, err);
	if (r == 0)
		r = choose_destination(image, name, destination, &ref, err);
	if (r == 0)
		r = load_documents(&p, image, err);
	if (r == 0)
		r = convert(&p, err);
	if (r < 0)
		return r;
	full = ref_string(&ref);
	r = push_to(&p, &ref, push, ret_digest, err);
	return r < 0 ? err_wrap(err, "pushing to %s", full ? full : text) : 0;
}
