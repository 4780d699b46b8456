/* Loading: images of an archive go the way of pulled ones. */
#include "archive_in.h"
#include "record.h"
#include "remote.h"
#include "worker.h"
#include "base/err.h"
#include "digest/digest.h"
#include "image/archive.h"
#include "spec/archive.h"
#include "spec/digest.h"
#include "store/layer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#define BLOB_PATH_MAX 96

struct load {
	const struct image_ctx *ctx;
	const char *what;
	struct archive *a;
	struct workers workers;
	struct strv *done;
};

/* One image on its way. */
struct incoming {
	struct load *l;
	const char *blobs; /* "blobs/sha256/" or "" */
	const struct archive_image
	    *docker; /* names of its members; NULL: they are named by digest */
	struct manifest m;
	struct image_config config;
	struct buf own, list, config_text;
	char own_digest[SHA256_TEXT_MAX], list_digest[SHA256_TEXT_MAX];
	bool has_list;
	struct strv names;
};

static void incoming_init(struct incoming *in, struct load *l, const char *blobs)
{
	*in = (struct incoming){
	    .l = l,
	    .blobs = blobs,
	    .own = BUF_INIT(MANIFEST_SIZE_MAX),
	    .list = BUF_INIT(MANIFEST_SIZE_MAX),
	    .config_text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX),
	};
}

static void incoming_fini(struct incoming *in)
{
	manifest_fini(&in->m);
	image_config_fini(&in->config);
	buf_fini(&in->own);
	buf_fini(&in->list);
	buf_fini(&in->config_text);
	strv_fini(&in->names);
}

static const char *blob_path(const struct incoming *in, const char *digest, char out[BLOB_PATH_MAX])
{
	(void)snprintf(out, BLOB_PATH_MAX, "%s%s", in->blobs, digest_hex(digest));
	return out;
}

static int digest_of(const struct buf *b, char out[SHA256_TEXT_MAX], struct err *err)
{
	uint8_t raw[SHA256_LEN];
	int r = sha256_once(buf_str(b), b->len, raw, err);

	if (r == 0)
		(void)sha256_text(raw, out);
	return r;
}

static int locate(void *arg, size_t index, struct blob_at *ret, struct err *err)
{
	const struct incoming *in = arg;
	const struct descriptor *d = &in->m.layers[index];
	char path[BLOB_PATH_MAX];
	const char *name;
	int r;

	name = in->docker ? in->docker->layers.v[index] : blob_path(in, d->digest, path);
	r = archive_find(in->l->a, name, ret, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: %s is missing", in->l->what, name);
	if (r < 0)
		return r;
	if (ret->size > 0 && (in->docker || ret->size == (uint64_t)d->size))
		return 0;
	(void)close(ret->fd);
	return err_set(err, ERR_CORRUPT, "%s: %s has %llu bytes", in->l->what, name,
		       (unsigned long long)ret->size);
}

static int add_result(struct incoming *in, struct err *err)
{
	size_t i;
	int r = 0;

	if (in->names.n == 0)
		return strv_add(in->l->done, in->m.config.digest, err);
	for (i = 0; r == 0 && i < in->names.n; i++)
		r = strv_add(in->l->done, in->names.v[i], err);
	return r;
}

static int make_manifest(void *arg, struct err *err);

static int fetch(struct incoming *in, struct err *err)
{
	struct layer_source from = {
	    .locate = locate,
	    .complete = in->docker ? make_manifest : NULL,
	    .arg = in,
	    .check_digest = !in->docker,
	    .plain_names = in->docker,
	};
	struct document list = {&in->list, in->list_digest};
	struct image_record rec = {
	    .m = &in->m,
	    .config = &in->config,
	    .config_text = &in->config_text,
	    .own = {&in->own, in->own_digest},
	    .list = in->has_list ? &list : NULL,
	    .names = &in->names,
	};
	int r;

	r = layers_fetch_image(in->l->ctx, &from, &in->l->workers, &rec, err);
	return r < 0 ? r : add_result(in, err);
}

/* A name that an archive gives; a bad one is no reason to refuse the image. */
static int add_name(struct incoming *in, const char *text, struct err *err)
{
	struct err ignored = ERR_INIT;
	char *full = NULL;

	if (image_local_name(text, &full, &ignored) < 0)
		return 0;
	return strv_take(&in->names, full, err);
}

/* ---- members named by digest: OCI layout, dir ---- */

/* in->own holds a manifest. */
static int load_by_digest(struct incoming *in, const char *media_type, struct err *err)
{
	char path[BLOB_PATH_MAX];
	int r;

	r = manifest_read(buf_str(&in->own), in->own.len, media_type, &in->m, err);
	if (r == 0)
		r = manifest_is_image(&in->m, err);
	if (r == 0)
		r = archive_get(in->l->a, blob_path(in, in->m.config.digest, path),
				in->m.config.digest, &in->config_text, err);
	if (r == 0)
		r = image_config_read(buf_str(&in->config_text), in->config_text.len, &in->config,
				      err);
	if (r == 0)
		r = image_config_fits(&in->config, &in->m, err);
	if (r == 0)
		r = fetch(in, err);
	return r;
}

static int choose(const struct index *x, const struct index_entry **ret, struct err *err)
{
	struct platform want;
	struct utsname u;

	(void)uname(&u);
	platform_host(u.machine, &want);
	return index_choose(x, &want, ret, err);
}

static int get_document(struct incoming *in, const struct index_entry *e, struct buf *out,
			char digest[SHA256_TEXT_MAX], enum manifest_kind *kind, struct err *err)
{
	char path[BLOB_PATH_MAX];
	int r;

	r = archive_get(in->l->a, blob_path(in, e->digest, path), e->digest, out, err);
	if (r == 0)
		r = manifest_kind_of(buf_str(out), out->len, e->media_type, kind, err);
	(void)snprintf(digest, SHA256_TEXT_MAX, "%s", e->digest);
	return r;
}

/* An entry of index.json: a manifest, or an index of manifests for several platforms. */
static int load_entry(struct incoming *in, const struct index_entry *e, struct err *err)
{
	AUTO_INDEX struct index inner = {0};
	enum manifest_kind kind;
	int r;

	r = get_document(in, e, &in->own, in->own_digest, &kind, err);
	if (r < 0 || !manifest_is_index(kind))
		return r < 0 ? r : load_by_digest(in, e->media_type, err);
	in->list = in->own;
	in->own = (struct buf)BUF_INIT(MANIFEST_SIZE_MAX);
	in->has_list = true;
	(void)snprintf(in->list_digest, sizeof(in->list_digest), "%s", in->own_digest);
	r = index_read(buf_str(&in->list), in->list.len, e->media_type, &inner, err);
	if (r == 0)
		r = choose(&inner, &e, err);
	if (r == 0)
		r = get_document(in, e, &in->own, in->own_digest, &kind, err);
	if (r == 0 && manifest_is_index(kind))
		return err_set(err, ERR_UNSUPPORTED,
			       "an image index that names another image index");
	return r < 0 ? r : load_by_digest(in, e->media_type, err);
}

/* The name of a directory's images: its own, when it can be one. */
static int name_of_path(struct incoming *in, struct err *err)
{
	AUTO_FREE char *path = strdup(in->l->what);
	char *p, *base;

	if (!path)
		return err_nomem(err);
	for (p = path; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	while (p > path + 1 && p[-1] == '/')
		*--p = '\0';
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	return *base && ref_is_short(base) ? add_name(in, base, err) : 0;
}

/* Entries of the same name are one image for several platforms. */
static bool same_image(const struct index_entry *a, const struct index_entry *b)
{
	const char *x = index_entry_name(a), *y = index_entry_name(b);

	if (!x || !y)
		return !x && !y && a->has_platform && b->has_platform;
	return streq(x, y);
}

static int load_group(struct load *l, const struct index *all, size_t first, struct err *err)
{
	AUTO_FREE struct index_entry *group = calloc(all->n_entries, sizeof(*group));
	const char *name = index_entry_name(&all->entries[first]);
	const struct index_entry *e = &all->entries[first];
	AUTO(incoming_fini) struct incoming in;
	struct index x = *all;
	size_t i;
	int r = 0;

	incoming_init(&in, l, "blobs/sha256/");
	if (!group)
		return err_nomem(err);
	x.entries = group;
	for (i = x.n_entries = 0; i < all->n_entries; i++)
		if (i == first || same_image(e, &all->entries[i]))
			group[x.n_entries++] = all->entries[i];
	if (x.n_entries > 1)
		r = choose(&x, &e, err);
	if (r == 0 && name)
		r = add_name(&in, name, err);
	else if (r == 0 && archive_is_dir(l->a) && all->n_entries == 1)
		r = name_of_path(&in, err);
	return r < 0 ? r : load_entry(&in, e, err);
}

static int load_oci(struct load *l, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX), layout = BUF_INIT(4096);
	AUTO_INDEX struct index x = {0};
	size_t i, k;
	int r;

	r = archive_get(l->a, "oci-layout", NULL, &layout, err);
	if (r == 0)
		r = oci_layout_check(buf_str(&layout), layout.len, err);
	if (r == 0)
		r = archive_get(l->a, "index.json", NULL, &text, err);
	if (r == 0)
		r = index_read(buf_str(&text), text.len, MEDIA_OCI_INDEX, &x, err);
	if (r == 0 && x.n_entries == 0)
		return err_set(err, ERR_INVALID, "index.json names no image");
	for (i = 0; r == 0 && i < x.n_entries; i++) {
		for (k = 0; k < i && !same_image(&x.entries[k], &x.entries[i]); k++)
			;
		if (k == i)
			r = load_group(l, &x, i, err);
	}
	return r;
}

static int load_dir(struct load *l, struct err *err)
{
	AUTO(incoming_fini) struct incoming in;
	int r;

	incoming_init(&in, l, "");
	r = archive_get(l->a, "manifest.json", NULL, &in.own, err);
	if (r == 0)
		r = digest_of(&in.own, in.own_digest, err);
	return r < 0 ? r : load_by_digest(&in, NULL, err);
}

/* ---- docker's archive ---- */

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
	return r < 0 ? r : digest_of(out, in->own_digest, err);
}

static int load_docker_image(struct load *l, const struct archive_image *image, struct err *err)
{
	AUTO(incoming_fini) struct incoming in;
	char digest[SHA256_TEXT_MAX];
	size_t i;
	int r;

	incoming_init(&in, l, "");
	in.docker = image;
	for (i = r = 0; r == 0 && i < image->repo_tags.n; i++)
		r = add_name(&in, image->repo_tags.v[i], err);
	if (r == 0)
		r = archive_get(l->a, image->config, NULL, &in.config_text, err);
	if (r == 0)
		r = image_config_read(buf_str(&in.config_text), in.config_text.len, &in.config,
				      err);
	if (r == 0)
		r = digest_of(&in.config_text, digest, err);
	if (r == 0)
		r = str_set(&in.m.config.digest, digest, err);
	if (r == 0)
		r = make_descriptors(&in, err);
	if (r == 0)
		r = fetch(&in, err);
	return r;
}

static int load_docker(struct load *l, struct err *err)
{
	AUTO_ARCHIVE_INDEX struct archive_index x = {0};
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	size_t i;
	int r;

	r = archive_get(l->a, "manifest.json", NULL, &text, err);
	if (r == 0)
		r = archive_index_read(buf_str(&text), text.len, &x, err);
	for (i = 0; r == 0 && i < x.n; i++)
		r = load_docker_image(l, &x.images[i], err);
	return r;
}

static int load_what_it_is(struct load *l, struct err *err)
{
	if (archive_has(l->a, "oci-layout") && archive_has(l->a, "index.json"))
		return load_oci(l, err);
	if (!archive_has(l->a, "manifest.json"))
		return err_set(err, ERR_INVALID,
			       "neither a docker archive nor an OCI layout (a container's file "
			       "system is taken in by: kist import)");
	return archive_is_dir(l->a) ? load_dir(l, err) : load_docker(l, err);
}

int image_load(const struct image_ctx *ctx, int fd, const char *what, struct strv *ret_names,
	       struct err *err)
{
	AUTO(archive_close_p) struct archive *a = NULL;
	struct load l = {.ctx = ctx, .what = what, .done = ret_names};
	int r;

	r = archive_open(ctx->store, fd, what, &a, err);
	if (r < 0)
		return r;
	l.a = a;
	r = workers_start(&l.workers, WORKERS_MAX, ctx->store, true, err);
	if (r == 0)
		r = load_what_it_is(&l, err);
	workers_stop(&l.workers);
	return r < 0 ? err_wrap(err, "loading %s", what) : 0;
}
