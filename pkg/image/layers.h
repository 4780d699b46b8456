/*
 * layers.h - getting the missing layers of an image, from a registry or an archive: downloads in
 * parallel, unpacking as soon as a blob is complete, commits from the bottom up.
 */
#ifndef IMAGE_LAYERS_H
#define IMAGE_LAYERS_H

#include "image/image.h"
#include "record.h"
#include "registry/registry.h"
#include "worker.h"

/* A blob within an open file. */
struct blob_at {
	int fd; /* its position is nobody else's; the caller closes */
	uint64_t at, size;
};

/* Where layers come from. */
struct layer_source {
	struct registry_session *session; /* NULL: not a registry, and: */
	/* Where the blob of layer `index` is. */
	int (*locate)(void *arg, size_t index, struct blob_at *ret, struct err *err);
	/* All layers are in the store: makes what the record lacks. NULL: nothing. ERR_NOT_FOUND:
	 * a layer was removed again. */
	int (*complete)(void *arg, struct err *err);
	void *arg;
	bool check_digest; /* of the blobs: nobody has done it yet */
	bool plain_names;  /* a descriptor names the decompressed layer, whatever the blob is */
};

/*
 * Gets the layers that are not in the store and records the image (rec->top is filled in here).
 * Layers that were committed before a failure stay, for the next pull, unless the disk is full.
 * What other programs remove meanwhile is got again.
 */
int layers_fetch_image(const struct image_ctx *ctx, const struct layer_source *from,
		       struct workers *workers, struct image_record *rec, struct err *err);

#endif
