/* diff.h - what a layer, or a container's directory, changes of the layers below. */
#ifndef IMAGE_DIFF_H
#define IMAGE_DIFF_H

#include "image/image.h"

struct strv;

/* Lines "A /path" as tree/changes.h says, sorted by path within each directory. upper: a
 * container's writable directory, on top of the layer below (NULL or "": none). */
int image_diff_upper(const struct image_ctx *ctx, int upper, const char *below, struct strv *ret,
		     struct err *err);
/* The image's top layer against those below it. */
int image_diff(const struct image_ctx *ctx, const char *image, struct strv *ret, struct err *err);

#endif
