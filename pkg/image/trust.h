/* trust.h - does policy.json accept an image from there? */
#ifndef IMAGE_TRUST_H
#define IMAGE_TRUST_H

#include "image/archive.h"

/* ERR_DENIED says which rule. A machine without any policy.json accepts all. */
int trust_ref(const struct image_ctx *ctx, const struct ref *ref, struct err *err);
/* fd: of the archive or directory. */
int trust_archive(const struct image_ctx *ctx, enum save_format format, int fd, struct err *err);

#endif
