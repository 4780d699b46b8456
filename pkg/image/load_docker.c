/* Loading what docker save wrote: layers are known by their DiffIDs, and there is no manifest. */
#include "load.h"
#include "base/err.h"
#include "spec/digest.h"
#include "spec/ref.h"
#include "store/layer.h"

#include <stdlib.h>

/* The descriptors of a manifest that the archive does not have: layers are known by DiffID. */
static int make_descriptors(struct incoming *in, struct err *err)
{
	size_t i, n = in->docker->layers.n;
	int r;

	if (n != in->config.diff_ids.n)
		return err_set(err, ERR_CORRUPT, "%zu layers, but the configuration has %zu", n,
			       in->config.diff_ids.n);
	in->m.kind = MANIFEST_DOCKER;
	in->m.layers = calloc(n + 1, sizeof(*in->m.layers));
	if (!in->m.layers)
		return err_nomem(err);
	in->m.n_layers = n;
	r = str_set(&in->m.config.media_type, MEDIA_DOCKER_CONFIG, err);
	for (i = 0; r == 0 && i < n; i++) {
		r = str_set(&in->m.layers[i].media_type, MEDIA_DOCKER_LAYER_GZIP, err);
		if (r == 0)
			r = str_set(&in->m.layers[i].digest, in->config.diff_ids.v[i], err);
	}
	return r;
}

/* Byte by byte what podman makes of such an archive, so that both know it by one digest. */
static int make_manifest(void *arg, struct err *err)
{
	struct incoming *in = arg;
	struct buf *out = &in->own;
	char ids[2][STORE_ID_LEN + 1];
	const char *parent = NULL;
	size_t i;
	int r = 0;

	buf_reset(out);
	buf_addf(out,
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
		 "\",\"config\":{\"mediaType\":\"" MEDIA_DOCKER_CONFIG
		 "\",\"size\":%zu,\"digest\":\"%s\"},\"layers\":[",
		 in->config_text.len, in->m.config.digest);
	for (i = 0; r >= 0 && i < in->m.n_layers; i++) {
		AUTO_STORE_LAYER struct store_layer layer = {0};
		const char *diff_id = in->config.diff_ids.v[i];

		r = store_layer_id(parent, diff_id, ids[i % 2], err);
		if (r == 0)
			r = store_layer_find(in->l->ctx->store, ids[i % 2], &layer, err);
		if (r == 0)
			return err_set(err, ERR_NOT_FOUND, "layer %.12s vanished", ids[i % 2]);
		buf_addf(out,
			 "%s{\"mediaType\":\"" MEDIA_DOCKER_LAYER_GZIP
			 "\",\"size\":%lld,\"digest\":\"%s\"}",
			 i ? "," : "", (long long)layer.diff_size, diff_id);
		parent = ids[i % 2];
	}
	buf_adds(out, "]}");
	if (r >= 0)
		r = buf_check(out, "the manifest", err);
	return r < 0 ? r : incoming_digest(out, in->own_digest, err);
}

static int name_image(struct incoming *in, struct err *err)
{
	const struct image_pick *pick = in->l->pick;
	size_t i;
	int r = 0;

	if (pick && pick->name)
		return incoming_name(in, pick->name, err);
	for (i = 0; r == 0 && i < in->docker->repo_tags.n; i++)
		r = incoming_name(in, in->docker->repo_tags.v[i], err);
	return r;
}

static int load_docker_image(struct load *l, const struct archive_image *image, struct err *err)
{
	AUTO(incoming_fini) struct incoming in;
	char digest[SHA256_TEXT_MAX];
	int r;

	incoming_init(&in, l, "");
	in.docker = image;
	r = name_image(&in, err);
	if (r == 0)
		r = archive_get(l->a, image->config, NULL, &in.config_text, err);
	if (r == 0)
		r = image_config_read(buf_str(&in.config_text), in.config_text.len, &in.config,
				      err);
	if (r == 0)
		r = incoming_digest(&in.config_text, digest, err);
	if (r == 0)
		r = str_set(&in.m.config.digest, digest, err);
	if (r == 0)
		r = make_descriptors(&in, err);
	if (r == 0)
		r = incoming_fetch(&in, make_manifest, err);
	return r;
}

/* name: complete; what docker wrote may be short. */
static bool is_called(const struct archive_image *image, const char *name)
{
	struct err ignored = ERR_INIT;
	size_t i;

	for (i = 0; i < image->repo_tags.n; i++) {
		AUTO_REF struct ref ref = REF_INIT;
		AUTO_FREE char *full = NULL;

		if (ref_parse(image->repo_tags.v[i], &ref, &ignored) < 0 ||
		    ref_add_latest(&ref, &ignored) < 0)
			continue;
		full = ref_string(&ref);
		if (full && streq(full, name))
			return true;
	}
	return false;
}

static int load_picked(struct load *l, const struct archive_index *x, struct err *err)
{
	size_t n = l->pick->index < 0 ? 0 : (size_t)l->pick->index;

	if (l->pick->name) {
		while (n < x->n && !is_called(&x->images[n], l->pick->name))
			n++;
		if (n == x->n)
			return err_set(err, ERR_NOT_FOUND, "there is no image of the name %s",
				       l->pick->name);
	} else if (l->pick->index < 0 && x->n > 1) {
		return err_set(err, ERR_INVALID,
			       "more than one image: choose one by its name or place (:NAME, :@0)");
	}
	if (n >= x->n)
		return err_set(err, ERR_NOT_FOUND, "there is no image @%zu, only %zu of them", n,
			       x->n);
	return load_docker_image(l, &x->images[n], err);
}

int load_docker(struct load *l, struct err *err)
{
	AUTO_ARCHIVE_INDEX struct archive_index x = {0};
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	size_t i;
	int r;

	r = archive_get(l->a, "manifest.json", NULL, &text, err);
	if (r == 0)
		r = archive_index_read(buf_str(&text), text.len, &x, err);
	if (r == 0 && l->pick)
		return load_picked(l, &x, err);
	for (i = 0; r == 0 && i < x.n; i++)
		r = load_docker_image(l, &x.images[i], err);
	return r;
}
