/* place.h - what pull and push do with places that are no registry: spec/transport.h. */
#ifndef CMD_PLACE_H
#define CMD_PLACE_H

#include "app.h"

struct image_place;
struct platform;

/* *ret_id is the image's ID; ret_names: what it is called now, a line for each name, one line when
 * it has none. */
int place_pull(const struct image_ctx *ctx, const struct image_place *from,
	       const struct platform *platform, struct strv *ret_names,
	       char ret_id[STORE_ID_LEN + 1], struct err *err);

/* compress: the layers of dir:. */
int place_push(const struct image_ctx *ctx, const char *image, const struct image_place *to,
	       const struct image_push *push, bool compress, char ret_digest[80], struct err *err);

#endif
