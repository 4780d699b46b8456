/* refetch.h - one layer again from the registry its image came from. */
#ifndef IMAGE_REFETCH_H
#define IMAGE_REFETCH_H

#include "image/image.h"
#include "worker.h"

/* Loads layer `index` (0 is the base) of the image anew and puts it in the place of layer_id.
 * ERR_NOT_FOUND when the image has no name to ask for. Workers as for a pull. */
int layer_refetch(const struct image_ctx *ctx, const struct store_image *image, size_t index,
		  const char *layer_id, const char *parent, const char *diff_id,
		  const struct image_remote *remote, struct workers *workers, struct err *err);

#endif
