/* making.h - an image in the making (make.c), and its new layer (make_layer.c). */
#ifndef PKG_IMAGE_MAKING_H
#define PKG_IMAGE_MAKING_H

#include "image/make.h"
#include "made.h"
#include "worker.h"
#include "base/buf.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "store/image.h"
#include "store/layer_new.h"

struct making {
	const struct image_ctx *ctx;
	const struct image_make *make;
	struct store_image *parent; /* or NULL */
	struct manifest m;
	struct buf config_text, manifest;
	struct image_config config;
	int64_t now;
	/* The new layer. fresh: unpacked, and not in the store yet, since it was there already. */
	char top[STORE_ID_LEN + 1], diff_id[SHA256_TEXT_MAX];
	struct store_layer_new *fresh;
	struct unpack_answer answer;
	bool lost; /* it was put into the store, and removed by somebody */
	struct made made;
};

/* Unpacks the tar that is read from fd. */
int making_unpack(struct making *k, struct worker *w, int fd, struct err *err);
/* Packs the changes in upper, a container's directory on top of the parent, or all there is
 * (make->whole), and unpacks that. */
int making_pack(struct making *k, struct worker *w, int upper, struct err *err);
/* The layer is in the store when this returns. ERR_NOT_FOUND: it is lost. */
int making_place(struct making *k, struct err *err);

#endif
