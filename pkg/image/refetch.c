#include "refetch.h"
#include "downloads.h"
#include "remote.h"
#include "base/auto.h"
#include "base/err.h"
#include "config/registries.h"
#include "spec/image.h"
#include "store/repair.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct refetch {
	const struct image_ctx *ctx;
	const struct image_remote *remote;
	struct workers *workers;
	const struct descriptor *blob;
	const struct refetch_layer *layer;
};

static void download_discard_p(struct download *d)
{
	download_discard(d);
}

static int unpack_into_place(struct refetch *f, int blob, struct err *err)
{
	AUTO(store_layer_abort_p) struct store_layer_new *fresh = NULL;
	AUTO_UNPACK_ANSWER struct unpack_answer a = {0};
	struct worker *w = workers_idle(f->workers);
	struct store *s = f->ctx->store;
	struct unpack_order o = {.blob = blob, .alone = true};
	char got[SHA256_TEXT_MAX];
	int r;

	if (!w)
		return err_set(err, ERR_BUG, "no layer worker");
	if (lseek(blob, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewinding a download");
	r = store_rules(s, &o.rules, err);
	if (r == 0)
		r = store_layer_begin(s, &fresh, err);
	if (r < 0)
		return r;
	o.diff = store_layer_new_diff(fresh);
	o.tarsplit = store_layer_new_tarsplit(fresh);
	r = worker_unpack(w, &o, err);
	if (r == 0)
		r = worker_unpacked(w, &a, err);
	if (r < 0)
		return r;
	if (!streq(sha256_text(a.diff_id, got), f->layer->diff_id))
		return err_set(err, ERR_CORRUPT, "the registry's layer has digest %s, not %s", got,
			       f->layer->diff_id);
	return store_layer_replace(&fresh, f->layer->id, f->layer->parent, err);
}

static int fetch_from(struct refetch *f, const struct endpoint *e, const struct ref *logical,
		      struct err *err)
{
	AUTO(registry_close_p) struct registry_session *session = NULL;
	AUTO(download_discard_p) struct download d = DOWNLOAD_INIT;
	struct registry_blob blob = {.digest = f->blob->digest, .size = f->blob->size};
	int r;

	r = remote_open(f->ctx, &e->ref, logical, e->insecure, REGISTRY_PULL, f->remote, &session,
			err);
	if (r == 0)
		r = download_open(f->ctx->store, f->blob->digest, &d, err);
	if (r < 0)
		return r;
	blob.fd = d.fd;
	r = registry_blobs_get(session, &blob, 1, &(struct registry_blobs_options){0}, err);
	return r < 0 ? r : unpack_into_place(f, d.fd, err);
}

static int fetch_by_name(struct refetch *f, const char *name, struct err *err)
{
	AUTO_ENDPOINTS struct endpoints ends = {0};
	AUTO_REF struct ref ref = REF_INIT;
	size_t i;
	int r;

	r = ref_parse(name, &ref, err);
	if (r == 0)
		r = registries_pull_endpoints(f->ctx->registries, &ref, &ends, err);
	if (r < 0)
		return r;
	r = err_set(err, ERR_NOT_FOUND, "%s: no registry to ask", name);
	for (i = 0; r < 0 && i < ends.n; i++) {
		err_clear(err);
		r = fetch_from(f, &ends.v[i], &ref, err);
	}
	return r < 0 ? err_wrap(err, "%s", name) : 0;
}

int layer_refetch(const struct image_ctx *ctx, const struct store_image *image,
		  const struct refetch_layer *layer, const struct image_remote *remote,
		  struct workers *workers, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	AUTO_MANIFEST struct manifest m = {0};
	struct refetch f = {ctx, remote, workers, NULL, layer};
	size_t i;
	int r;

	r = store_image_data(ctx->store, image, "manifest", &text, err);
	if (r > 0)
		r = manifest_read(buf_str(&text), text.len, NULL, &m, err);
	if (r < 0)
		return r;
	if (layer->index >= m.n_layers)
		return err_set(err, ERR_CORRUPT, "image %.12s: its manifest lacks the layer",
			       image->id);
	f.blob = &m.layers[layer->index];
	r = err_set(err, ERR_NOT_FOUND, "image %.12s has no name to ask a registry for", image->id);
	for (i = 0; r < 0 && i < image->names.n; i++) {
		/* Made here: there is no registry of it. */
		if (str_starts(image->names.v[i], "localhost/"))
			continue;
		err_clear(err);
		r = fetch_by_name(&f, image->names.v[i], err);
	}
	return r;
}
