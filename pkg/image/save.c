/* Saving: the documents of images, and the archive around them. Layers: save_layers.c, the
 * index of OCI's: save_layout.c. */
#include "image_dir.h"
#include "out_dir.h"
#include "remote.h"
#include "save.h"
#include "base/err.h"
#include "spec/digest.h"
#include "spec/ref.h"
#include "sys/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

const char *save_blob_name(const struct outgoing *g, const char *digest, char out[SAVE_NAME_MAX])
{
	(void)snprintf(out, SAVE_NAME_MAX, "%s%s%s", save_is_oci(g) ? "blobs/sha256/" : "",
		       digest_hex(digest), g->s->o->format == SAVE_DOCKER_ARCHIVE ? ".tar" : "");
	return out;
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
	char name[SAVE_NAME_MAX];
	int r = 0;

	(void)snprintf(name, sizeof(name), "%s.json", digest_hex(g->m.config.digest));
	if (!archive_out_wrote(&g->s->out, name))
		r = archive_out_text(&g->s->out, name, buf_str(&g->config_text), g->config_text.len,
				     err);
	return r < 0 ? r : add_to_docker_index(g, name, err);
}

static int place_manifest(struct outgoing *g, const struct buf *text, struct err *err)
{
	struct archive_out *out = &g->s->out;
	char name[SAVE_NAME_MAX];
	int r;

	if (!save_is_oci(g)) {
		r = archive_out_text(out, "manifest.json", buf_str(text), text->len, err);
		return r < 0 ? r : image_dir_sweep(out->fd, &g->m, err);
	}
	if (!archive_out_wrote(out, save_blob_name(g, g->digest, name))) {
		r = archive_out_text(out, name, buf_str(text), text->len, err);
		if (r < 0)
			return r;
	}
	return save_layout_note(g, text->len, err);
}

static int place_config(struct outgoing *g, struct err *err)
{
	char name[SAVE_NAME_MAX];

	if (archive_out_wrote(&g->s->out, save_blob_name(g, g->m.config.digest, name)))
		return 0;
	return archive_out_text(&g->s->out, name, buf_str(&g->config_text), g->config_text.len,
				err);
}

static int save_documents(struct outgoing *g, struct err *err)
{
	AUTO_BUF struct buf fresh = BUF_INIT(MANIFEST_SIZE_MAX);
	const struct buf *text = g->changed ? &fresh : &g->manifest;
	uint8_t raw[SHA256_LEN];
	int r = 0;

	tell_config(g->s->ctx, g->m.config.digest);
	tell_manifest(g->s->ctx);
	if (g->changed)
		r = manifest_write(&g->m, &fresh, err);
	if (r == 0)
		r = sha256_once(buf_str(text), text->len, raw, err);
	if (r < 0)
		return r;
	(void)sha256_text(raw, g->digest);
	if (g->s->o->format == SAVE_DOCKER_ARCHIVE)
		return save_docker_documents(g, err);
	r = place_config(g, err);
	return r < 0 ? r : place_manifest(g, text, err);
}

static enum manifest_kind wanted_kind(const struct outgoing *g)
{
	switch (g->s->o->manifest) {
	case PUSH_OCI:
		return MANIFEST_OCI;
	case PUSH_DOCKER:
		return MANIFEST_DOCKER;
	case PUSH_AS_IT_IS:
		break;
	}
	if (g->s->o->format == SAVE_DOCKER_ARCHIVE)
		return MANIFEST_DOCKER;
	return save_is_oci(g) ? MANIFEST_OCI : g->m.kind;
}

/* The manifest in the format's own dialect. */
static int translate(struct outgoing *g, struct err *err)
{
	enum manifest_kind kind = wanted_kind(g);

	if (g->m.kind == kind)
		return 0;
	g->changed = true;
	g->m.kind = kind;
	return str_set(&g->m.config.media_type,
		       kind == MANIFEST_OCI ? MEDIA_OCI_CONFIG : MEDIA_DOCKER_CONFIG, err);
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

/* What all saving of one image is, once its names are known. */
static int save_contents(struct outgoing *g, const struct store_image *image, struct err *err)
{
	int r = load_documents(g, image, err);

	if (r == 0)
		r = save_layers(g, err);
	return r < 0 ? r : save_documents(g, err);
}

#define OUTGOING_INIT(save)                                                                        \
	{                                                                                          \
		.s = (save), .manifest = BUF_INIT(MANIFEST_SIZE_MAX),                              \
		.config_text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX)                                     \
	}

static int save_image(struct save *s, const char *text, const struct strv *more, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO(outgoing_fini) struct outgoing g = OUTGOING_INIT(s);
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
		r = save_contents(&g, image, err);
	return r < 0 ? err_wrap(err, "saving %s", text) : 0;
}

static int save_renamed(struct save *s, const char *text, const struct strv *names,
			char ret_digest[80], struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO(outgoing_fini) struct outgoing g = OUTGOING_INIT(s);
	AUTO_FREE char *name = NULL;
	int r;

	r = image_get(s->ctx, text, &image, &name, err);
	if (r < 0)
		return r;
	r = strv_copy(&g.names, names, err);
	if (r == 0 && s->o->format == SAVE_DOCKER_ARCHIVE)
		r = add_name(&g, name, err);
	if (r == 0)
		r = save_contents(&g, image, err);
	if (r < 0)
		return err_wrap(err, "saving %s", text);
	(void)snprintf(ret_digest, 80, "%s", g.digest);
	return 0;
}

/* ---- the archive around them ---- */

/* From here to the end no other kist changes the directory: each removes the layers that its own
 * image has not. */
static int begin_dir(struct save *s, struct err *err)
{
	int r = lock_dir(s->out.fd, err);

	s->alone = r > 0;
	if (r >= 0)
		r = image_dir_check(s->out.fd, err);
	/* First of all, so that what an end in the middle leaves is known for what it is. */
	return r < 0 ? r
		     : archive_out_text(&s->out, "version", IMAGE_DIR_VERSION,
					strlen(IMAGE_DIR_VERSION), err);
}

/* What is there already. */
static int begin(struct save *s, struct err *err)
{
	int r = 0;

	if (s->o->format == SAVE_DOCKER_DIR)
		r = begin_dir(s, err);
	else if (s->o->format != SAVE_DOCKER_ARCHIVE)
		r = save_layout_check(s, err);
	return r < 0 ? r : workers_start(&s->workers, WORKERS_MAX, s->ctx->store, false, err);
}

static int finish_docker(struct save *s, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	int r = archive_index_write(&s->docker, &text, err);

	if (r == 0)
		r = archive_out_text(&s->out, "manifest.json", buf_str(&text), text.len, err);
	return r;
}

static int finish(struct save *s, struct err *err)
{
	int r;

	if (s->o->format == SAVE_DOCKER_DIR)
		return out_dir_sweep(s->out.fd, "version", s->alone, err);
	r = s->o->format == SAVE_DOCKER_ARCHIVE ? finish_docker(s, err) : save_layout(s, err);
	return r < 0 ? r : archive_out_finish(&s->out, err);
}

static void save_fini(struct save *s)
{
	workers_stop(&s->workers);
	archive_out_fini(&s->out);
	archive_index_fini(&s->docker);
	save_layout_fini(s);
}

static struct save save_init(const struct image_ctx *ctx, const struct image_save *o)
{
	return (struct save){
	    .ctx = ctx,
	    .o = o,
	    .out = {.is_dir = save_is_dir(o->format), .fd = o->fd, .store = ctx->store},
	};
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
	AUTO(save_fini) struct save s = save_init(ctx, o);
	size_t i;
	int r;

	r = check(images, o, err);
	if (r == 0)
		r = begin(&s, err);
	for (i = 0; r == 0 && i < (o->multi ? images->n : 1); i++)
		r = save_image(&s, images->v[i], o->multi ? NULL : images, err);
	return r < 0 ? r : finish(&s, err);
}

int image_save_as(const struct image_ctx *ctx, const char *image, const struct strv *names,
		  const struct image_save *o, char ret_digest[80], struct err *err)
{
	AUTO(save_fini) struct save s = save_init(ctx, o);
	int r;

	r = begin(&s, err);
	if (r == 0)
		r = save_renamed(&s, image, names, ret_digest, err);
	return r < 0 ? r : finish(&s, err);
}
