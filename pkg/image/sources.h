/*
 * sources.h - which repositories of a registry may have the layers of an image: those that the
 * names of images in the store lead to, now or before, which end in one of its layers.
 */
#ifndef PKG_IMAGE_SOURCES_H
#define PKG_IMAGE_SOURCES_H

#include "image/image.h"

#include <stddef.h>

struct ref;
struct strv;

/* layers: IDs of the image's n layers, from the bottom up. *ret gets n texts, "" where no
 * repository other than that of ref, on the same registry, is known. */
int sources_find(const struct image_ctx *ctx, const struct ref *ref, const struct strv *layers,
		 struct strv *ret, struct err *err);

#endif
