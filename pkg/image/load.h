/* load.h - images that are being loaded. */
#ifndef IMAGE_LOAD_H
#define IMAGE_LOAD_H

#include "archive_in.h"
#include "worker.h"
#include "base/buf.h"
#include "digest/digest.h"
#include "image/archive.h"
#include "spec/archive.h"

#define BLOB_PATH_MAX 96

struct load {
	const struct image_ctx *ctx;
	const char *what;
	struct archive *a;
	struct workers workers;
	struct strv *done;
	const struct image_pick *pick; /* NULL: all images */
	char id[STORE_ID_LEN + 1];     /* of the last one */
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

/* blobs: where they are in the archive. */
void incoming_init(struct incoming *in, struct load *l, const char *blobs);
void incoming_fini(struct incoming *in);
int incoming_digest(const struct buf *b, char out[SHA256_TEXT_MAX], struct err *err);
/* A name that an archive gives; a bad one is no reason to refuse the image. */
int incoming_name(struct incoming *in, const char *text, struct err *err);
/* Gets the layers and records the image; in->m and the configuration are there. complete: see
 * struct layer_source. */
int incoming_fetch(struct incoming *in, int (*complete)(void *arg, struct err *err),
		   struct err *err);

/* The path of what is named by digest. */
const char *incoming_blob(const struct incoming *in, const char *digest, char out[BLOB_PATH_MAX]);
/* in->own holds a manifest whose members are named by digest. */
int incoming_load(struct incoming *in, const char *media_type, struct err *err);

int load_oci(struct load *l, struct err *err);
/* Of docker's archive. */
int load_docker(struct load *l, struct err *err);

#endif
