/*
 * layers.h - getting the missing layers of an image: downloads in parallel, unpacking as soon as a
 * blob is complete, commits from the bottom up.
 */
#ifndef IMAGE_LAYERS_H
#define IMAGE_LAYERS_H

#include "image/image.h"
#include "registry/registry.h"
#include "worker.h"

struct image_config;
struct manifest;

/* *ret_top: the ID of the top layer ("" for an image without layers). Layers that were committed
 * before a failure stay: the next pull uses them. */
int layers_fetch(const struct image_ctx *ctx, struct registry_session *session,
		 struct workers *workers, const struct manifest *m,
		 const struct image_config *config, char ret_top[STORE_ID_LEN + 1],
		 struct err *err);

#endif
