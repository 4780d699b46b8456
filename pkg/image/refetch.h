/* refetch.h - one layer again from the registry its image came from. */
#ifndef IMAGE_REFETCH_H
#define IMAGE_REFETCH_H

#include "image/image.h"
#include "worker.h"

/* A layer of an image: index 0 is the base. */
struct refetch_layer {
	size_t index;
	const char *id, *diff_id;
	const char *parent; /* NULL for the base */
};

/* Loads the layer of the image anew and puts it in the place of the one that is there.
 * ERR_NOT_FOUND when the image has no name to ask for. Workers as for a pull. */
int layer_refetch(const struct image_ctx *ctx, const struct store_image *image,
		  const struct refetch_layer *layer, const struct image_remote *remote,
		  struct workers *workers, struct err *err);

#endif
