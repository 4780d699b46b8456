/* record.h - an image whose layers are in the store becomes an image of the store. */
#ifndef IMAGE_RECORD_H
#define IMAGE_RECORD_H

#include "image/image.h"
#include "spec/image.h"

/* A document as it was received, and its digest. Borrowed, as everything here. */
struct document {
	const struct buf *bytes;
	const char *digest;
};

struct image_record {
	const struct manifest *m;
	const struct image_config *config;
	const struct buf *config_text;
	struct document own;	     /* the manifest */
	const struct document *list; /* the index it was found in, or NULL */
	const struct strv *names;    /* complete; may be empty */
	const char *top;	     /* the top layer; "": none */
};

int image_record(const struct image_ctx *ctx, const struct image_record *rec, struct err *err);

#endif
