/*
 * image.h - the documents of an image: manifest, index, configuration. OCI image spec 1.1 and
 * docker's schema 2; schema 1 is refused.
 *
 * What has a digest is kept by the caller as the bytes received; these values are read from it and
 * never written back, except that a push with changed layers makes a new manifest.
 */
#ifndef SPEC_IMAGE_H
#define SPEC_IMAGE_H

#include "base/strv.h"
#include "spec/platform.h"

struct buf;
struct err;

#define MANIFEST_SIZE_MAX ((size_t)4 << 20)
#define IMAGE_CONFIG_SIZE_MAX ((size_t)8 << 20)
#define IMAGE_LAYERS_MAX 500
#define INDEX_ENTRIES_MAX 1000

#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define MEDIA_DOCKER_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_LAYER_FOREIGN "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

/* The Accept header of a manifest request, schema 1 last (so that a refusal can name it). */
extern const char *const manifest_accept;

enum manifest_kind { MANIFEST_OCI, MANIFEST_DOCKER, MANIFEST_OCI_INDEX, MANIFEST_DOCKER_LIST };

static inline bool manifest_is_index(enum manifest_kind k)
{
	return k == MANIFEST_OCI_INDEX || k == MANIFEST_DOCKER_LIST;
}
const char *manifest_media_type(enum manifest_kind k);

/* What these bytes are: by their own mediaType, then content_type (may be NULL or ""), then shape.
 * ERR_UNSUPPORTED for schema 1 and for kinds not known. */
int manifest_kind_of(const char *text, size_t len, const char *content_type,
		     enum manifest_kind *ret, struct err *err);

struct descriptor {
	char *media_type;
	char *digest; /* checked sha256 */
	int64_t size; /* >= 0 */
	struct strv urls;
	struct strv annotations; /* "key=value" */
};

struct manifest {
	enum manifest_kind kind;
	struct descriptor config;
	struct descriptor *layers; /* base first */
	size_t n_layers;
	char *artifact_type;	 /* or NULL */
	struct strv annotations; /* "key=value" */
};

/* Checks media types, digests, sizes and limits. content_type as in manifest_kind_of. */
int manifest_read(const char *text, size_t len, const char *content_type, struct manifest *ret,
		  struct err *err);
/* ERR_UNSUPPORTED when it is an artifact and no image, or has layers kist cannot unpack. */
int manifest_is_image(const struct manifest *m, struct err *err);
void manifest_fini(struct manifest *m);
#define AUTO_MANIFEST __attribute__((cleanup(manifest_fini)))
/* Appends the manifest as text (kind OCI or docker; docker has no zstd layers: ERR_UNSUPPORTED). */
int manifest_write(const struct manifest *m, struct buf *out, struct err *err);

enum layer_compression {
	LAYER_PLAIN,
	LAYER_GZIP,
	LAYER_ZSTD,
	LAYER_UNKNOWN, /* not a layer's media type that kist knows */
};
/* By media type; content decides when unpacking. Foreign and non-distributable layers included. */
enum layer_compression layer_compression_of(const char *media_type);
/* NULL for docker with zstd. */
const char *layer_media_type(enum manifest_kind kind, enum layer_compression c);

struct index_entry {
	char *media_type;
	char *digest;
	int64_t size;
	struct platform platform; /* empty strings when the entry has none */
	bool has_platform;
	struct strv annotations;
};

struct index {
	enum manifest_kind kind;
	struct index_entry *entries;
	size_t n_entries;
	struct strv annotations;
};

int index_read(const char *text, size_t len, const char *content_type, struct index *ret,
	       struct err *err);
void index_fini(struct index *x);
#define AUTO_INDEX __attribute__((cleanup(index_fini)))
/* The best entry for want; borrowed. ERR_NOT_FOUND "no image found in image index for ...". */
int index_choose(const struct index *x, const struct platform *want, const struct index_entry **ret,
		 struct err *err);

struct image_history {
	int64_t created; /* 0: not given */
	char *created_by;
	char *author;
	char *comment;
	bool empty_layer;
};

/* The part of the configuration that a container inherits. */
struct image_process {
	char *user;
	struct strv exposed_ports; /* "80/tcp" */
	struct strv env;
	struct strv entrypoint;
	struct strv cmd;
	struct strv volumes;
	char *working_dir;
	struct strv labels; /* "key=value" */
	char *stop_signal;
	char *healthcheck; /* JSON text or NULL */
	struct strv shell;
	struct strv on_build;
};

struct image_config {
	char *architecture;
	char *os;
	char *variant;
	char *author;
	char *comment;	 /* docker's images only */
	int64_t created; /* 0: not given */
	struct image_process config;
	char *rootfs_type;
	struct strv diff_ids; /* checked sha256, base first */
	struct image_history *history;
	size_t n_history;
};

/* Checks limits, diff_ids, and that the history does not have more non-empty entries than there are
 * diff_ids (some builders write fewer). Member names are matched in any case, as docker does. */
int image_config_read(const char *text, size_t len, struct image_config *ret, struct err *err);
void image_config_fini(struct image_config *c);
#define AUTO_IMAGE_CONFIG __attribute__((cleanup(image_config_fini)))
/* ERR_CORRUPT when the number of layers and of diff_ids differ. */
int image_config_fits(const struct image_config *c, const struct manifest *m, struct err *err);

#endif
