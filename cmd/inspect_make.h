/* inspect_make.h - what inspect prints, as JSON values. */
#ifndef CMD_INSPECT_MAKE_H
#define CMD_INSPECT_MAKE_H

#include "app.h"
#include "container/container.h"
#include "json/json.h"

int inspect_container(struct app *app, struct container *c, bool size, struct json_doc *doc,
		      struct json **ret, struct err *err);
int inspect_image(struct app *app, const struct store_image *image, struct json_doc *doc,
		  struct json **ret, struct err *err);

/* Appends "DIR/diff:DIR/diff" of a layer (NULL: none) and all below it, topmost first. */
int inspect_lower_dirs(struct app *app, const char *top, struct buf *out, struct err *err);

#endif
