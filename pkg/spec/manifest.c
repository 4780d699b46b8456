/* Manifests of one image. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "document.h"

#include <stdio.h>

#define WHAT "image manifest"

static const struct json_field manifest_fields[] = {
    JSON_F_STR(struct manifest, artifact_type, "artifactType", JSON_OMIT_EMPTY),
    JSON_F_OBJECT(struct manifest, config, "config", JSON_REQUIRED, &descriptor_table),
    JSON_F_LIST(struct manifest, layers, n_layers, "layers", JSON_REQUIRED, &descriptor_table),
    JSON_F_MAP(struct manifest, annotations, "annotations", JSON_OMIT_EMPTY),
    {0},
};
static const struct json_table manifest_table = {manifest_fields, sizeof(struct manifest)};

void manifest_fini(struct manifest *m)
{
	json_release(&manifest_table, m);
}

static int manifest_check(const struct manifest *m, struct err *err)
{
	char what[64];
	size_t i;
	int r;

	if (m->n_layers > IMAGE_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": %zu layers are more than %d", m->n_layers,
			       IMAGE_LAYERS_MAX);
	r = descriptor_check(m->config.digest, m->config.size, WHAT ": config", err);
	for (i = 0; r == 0 && i < m->n_layers; i++) {
		(void)snprintf(what, sizeof(what), WHAT ": layer %zu", i + 1);
		r = descriptor_check(m->layers[i].digest, m->layers[i].size, what, err);
	}
	return r;
}

int manifest_read(const char *text, size_t len, const char *content_type, struct manifest *ret,
		  struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct manifest m;
	enum manifest_kind kind;
	int r;

	r = document_parse(text, len, content_type, &doc, &kind, err);
	if (r < 0)
		return r;
	if (manifest_is_index(kind))
		return err_set(err, ERR_INVALID, WHAT ": is an index of several images");
	r = json_read(json_root(doc), &manifest_table, 0, WHAT, &m, err);
	if (r < 0)
		return r;
	m.kind = kind;
	r = manifest_check(&m, err);
	if (r < 0) {
		manifest_fini(&m);
		return r;
	}
	*ret = m;
	return 0;
}

int manifest_is_image(const struct manifest *m, struct err *err)
{
	const char *type = m->config.media_type;
	/* Some pushes of old dockers name it so. */
	bool old = m->kind == MANIFEST_DOCKER && streq(type, "application/octet-stream");
	size_t i;

	if (!streq(type, MEDIA_OCI_CONFIG) && !streq(type, MEDIA_DOCKER_CONFIG) && !old)
		return err_set(err, ERR_UNSUPPORTED,
			       WHAT ": an artifact and no image (config media type %.100s)", type);
	if (m->config.size > (int64_t)IMAGE_CONFIG_SIZE_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": config is larger than %zu bytes",
			       IMAGE_CONFIG_SIZE_MAX);
	for (i = 0; i < m->n_layers; i++)
		if (layer_compression_of(m->layers[i].media_type) == LAYER_UNKNOWN)
			return err_set(err, ERR_UNSUPPORTED,
				       WHAT ": layer %zu: media type %.100s is not known", i + 1,
				       m->layers[i].media_type);
	return 0;
}

/* docker's manifests know gzip and plain layers only, and no annotations. */
static int check_docker(const struct manifest *m, struct err *err)
{
	size_t i;

	for (i = 0; i < m->n_layers; i++)
		if (layer_compression_of(m->layers[i].media_type) == LAYER_ZSTD)
			return err_set(err, ERR_UNSUPPORTED,
				       WHAT ": layer %zu: docker's format has no zstd layers",
				       i + 1);
	return 0;
}

int manifest_write(const struct manifest *m, struct buf *out, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *root;
	int r;

	if (manifest_is_index(m->kind))
		return err_set(err, ERR_BUG, WHAT ": an index is not written as manifest");
	r = m->kind == MANIFEST_DOCKER ? check_docker(m, err) : 0;
	if (r < 0)
		return r;
	r = json_new(&doc, err);
	if (r < 0)
		return r;
	root = json_object(doc);
	r = json_set(doc, root, "schemaVersion", json_i64(doc, 2), err);
	if (r == 0)
		r = json_set(doc, root, "mediaType", json_string(doc, manifest_media_type(m->kind)),
			     err);
	if (r == 0)
		r = json_put(doc, root, &manifest_table, m, err);
	if (r < 0)
		return r;
	if (m->kind == MANIFEST_DOCKER)
		(void)json_remove(root, "annotations");
	json_dump(root, 0, out);
	return buf_check(out, WHAT, err);
}
