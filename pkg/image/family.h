/* family.h - which image was made directly of which. */
#ifndef IMAGE_FAMILY_H
#define IMAGE_FAMILY_H

#include "image/inventory.h"

struct image_config;

/* podman's rule: the child has the parent's layers at its base, and the parent's history with one
 * entry more. */
bool family_is_parent(const struct image_config *parent, const struct image_config *child);
/* Fills inv->pairs: only of nameless parents, the others are nobody's business. */
int family_load(const struct image_ctx *ctx, struct inventory *inv, struct err *err);

#endif
